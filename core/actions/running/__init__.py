"""Approvals, and the runs of approved plans."""
