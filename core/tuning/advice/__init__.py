"""Proposes concrete changes."""
