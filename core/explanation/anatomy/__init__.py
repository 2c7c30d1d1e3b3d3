"""Reads a graph into its anatomy."""
