"""The adapter to ComfyUI: the only place that touches its modules. Everything it gives are plain values.

ComfyUI's modules are looked up when they are asked for, never at import, so this package loads anywhere. What a
version lacks, or what fails, becomes a gap in words.
"""

from __future__ import annotations

from .adapter import Host
from .machine import Memory
from .users import User

__all__ = ["Host", "Memory", "User"]
