"""Node packs and ComfyUI itself, read from their Python source without running any of it."""

from __future__ import annotations

from .core import read_core
from .folders import ANY, SourceFolder, SourceTable, read_folder_table
from .host import Host
from .read import SourcePack, read_pack

__all__ = ["ANY", "Host", "SourceFolder", "SourcePack", "SourceTable", "read_core", "read_folder_table", "read_pack"]
