"""Where the scripts keep what they make: environments, the real ComfyUI, the sample installation. Never the repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_root() -> Path:
    """The user's cache folder for this project, as XDG_CACHE_HOME or else the platform says."""
    if configured := os.environ.get("XDG_CACHE_HOME"):
        base = Path(configured)
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path.home() / ".cache"
    return base / "comfyfixersmart"
