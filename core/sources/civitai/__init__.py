"""Civitai: model files by hash, by id and by model name. Its search knows models, never file names."""

from .naming import download_name
from .source import Civitai

__all__ = ["Civitai", "download_name"]
