"""Writes changes into the bytes of a workflow."""
