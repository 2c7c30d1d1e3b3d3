"""Fetches one file: a part beside its destination, one owner, resumed after anything, verified before it gets its name."""
