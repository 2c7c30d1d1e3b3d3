"""Wires explanation, tuning and comparison together for one installation."""
