"""Watches for drift: what broke a workflow, and what is not as the practice notes advise."""
