"""What all commands share: exit codes, where to look, progress."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..errors import UsageError

FINE, FINDINGS, CANNOT = 0, 1, 2


def place_of(options: argparse.Namespace) -> Any:
    """The `Place` that the options name."""
    from ..place import Place

    return Place.from_options(
        comfyui=options.comfyui or os.environ.get("COMFYFIXERSMART_COMFYUI"),
        code=options.code,
        url=options.url,
        snapshot=options.snapshot,
        extra_configs=options.extra_model_paths,
        python=options.python,
        from_source=options.from_source,
    )


def roots_of(options: argparse.Namespace, place: Any) -> list[str]:
    """The files and folders given, else the saved workflows of the place. Raises UsageError where there are none."""
    roots: list[str] = options.paths or list(place.workflow_folders)
    if not roots:
        raise UsageError(
            "no_workflows",
            f"There are no saved workflows in {place.base or 'the given place'}",
            "Name a folder of workflows.",
        )
    missing = [root for root in roots if not os.path.exists(root)]
    if missing:
        raise UsageError("not_found", f"{missing[0]} does not exist", "Check the path.")
    return roots


def progress_of(options: argparse.Namespace) -> Any:
    """The progress bar, shown unless the options forbid it."""
    from ..reports.console import Progress

    return Progress(shown=not options.json and not options.quiet)
