"""Every error this package raises on purpose.

    ComfyFixerError             code, message (what happened, to which file), hint (what to do now)
    ├── UnreadableFile          a workflow or media file that cannot be read: becomes finding FILE001
    ├── NewerSchema             a persisted file written by a newer version: refused, left untouched
    ├── InventoryError          the installation, server or snapshot asked for cannot be read at all
    └── UsageError              the command line was called in a way it cannot serve

Codes are short lower-case words; they are stable and appear in JSON output.
"""

from __future__ import annotations


class ComfyFixerError(Exception):
    """Base of all errors raised on purpose. `str()` is one line fit for a person."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def as_json(self) -> dict[str, str]:
        """The error as plain JSON: code, message and, when there is one, the hint."""
        out = {"code": self.code, "message": self.message}
        if self.hint:
            out["hint"] = self.hint
        return out


class UnreadableFile(ComfyFixerError):
    """A workflow or media file that cannot be read as one."""


class NewerSchema(ComfyFixerError):
    """A persisted file carries a schema number newer than this version knows."""


class InventoryError(ComfyFixerError):
    """The named installation, server or snapshot cannot be read at all."""


class UsageError(ComfyFixerError):
    """The command line was called in a way it cannot serve."""
