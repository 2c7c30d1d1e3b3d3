"""ComfyUI's modules, as they lie in `sys.modules` of the process it runs in. Nothing of it is ever imported here."""

from __future__ import annotations

import sys
from typing import Any


def module(name: str) -> Any:
    """ComfyUI's module of this name, None when this ComfyUI has not loaded it.

    It is not imported: our own packages have some of the same names, and a module that ComfyUI did not load
    is not in use.
    """
    return sys.modules.get(name)


def argument(name: str, default: Any = None) -> Any:
    """A command-line argument of ComfyUI by its `argparse` name (`comfy.cli_args.args`)."""
    return getattr(getattr(module("comfy.cli_args"), "args", None), name, default)


def version() -> str:
    """ComfyUI's version, "" when it does not say."""
    return text(getattr(module("comfyui_version"), "__version__", ""))


def text(value: Any) -> str:
    """`value` if it is a text, else ""."""
    return value if isinstance(value, str) else ""
