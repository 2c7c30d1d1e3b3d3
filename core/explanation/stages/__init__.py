"""Tells the way from inputs to outputs, and draws it."""
