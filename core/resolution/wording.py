"""Small words that all verdicts share. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..sources.roster import label as source_label

__all__ = ["bytes_text", "listed", "source_label"]


def bytes_text(count: int) -> str:
    """Bytes in decimal units: "6.7 GB", "254 MB"."""
    value = float(max(count, 0))
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        decimals = 0 if unit in ("bytes", "kB", "MB") else 1
        if round(value, decimals) < 1000 or unit == "PB":
            return f"{value:.{decimals}f} {unit}"
        value /= 1000
    return ""


def listed(parts: Sequence[str], word: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return "".join(parts) if len(parts) < 2 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"
