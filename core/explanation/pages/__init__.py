"""Writes facts for people."""
