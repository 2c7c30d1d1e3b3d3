"""Reads the documents in `knowledge/` once per process. They are plain JSON, each with source and date."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "knowledge"


@cache
def document(name: str) -> dict[str, Any]:
    """The document `knowledge/{name}.json`. A missing or broken one is a broken install: the error is raised."""
    body = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    if not isinstance(body, dict):
        raise TypeError(f"knowledge/{name}.json is not an object")
    return body
