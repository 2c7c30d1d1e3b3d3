"""Follows Python's syntax trees on values that may be known in part: what a module binds, without running it."""
