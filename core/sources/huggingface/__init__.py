"""Hugging Face, or a mirror of it."""

from .source import HuggingFace

__all__ = ["HuggingFace"]
