"""The inventory of a running ComfyUI, asked over its HTTP API."""

from __future__ import annotations

from .read import FAILED_UNSEEN, INPUT_SUBFOLDERS, read_server

__all__ = ["FAILED_UNSEEN", "INPUT_SUBFOLDERS", "read_server"]
