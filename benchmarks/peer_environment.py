"""Environments of their own for the tools that we are compared with: in the user's cache, made on first use."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path


def installed(name: str, *packages: str) -> Path | str:
    """The Python of an environment with these packages, the first of them pinned; a text says why there is none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "comfyfixersmart"
    version = packages[0].partition("==")[2]
    folder = cache / f"{name}-{version}-py{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if ready.exists():
        return python
    try:
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", *packages],
            check=True,
            capture_output=True,
            text=True,
            timeout=600,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        return f"{packages[0]} could not be installed: {said[-1][:120]}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{packages[0]} could not be installed: {error}"
    ready.touch()
    return python
