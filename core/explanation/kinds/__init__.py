"""Tells what kind of workflow a graph is."""
