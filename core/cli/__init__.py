"""The `comfyfixersmart` command.

Exit codes: 0 fine, 1 findings (blocked or unreadable workflows, things that could not be settled), 2 the command could
not do its work.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

from ..errors import ComfyFixerError
from ..files import to_json
from .arguments import parser as _parser
from .shared import CANNOT, FINDINGS, FINE

__all__ = ["CANNOT", "FINDINGS", "FINE", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code. Errors are one line on standard error, with the remedy."""
    _settle_streams()
    options = argparse.Namespace(json="--json" in (sys.argv[1:] if argv is None else argv))
    try:
        options = _parser().parse_args(argv)
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of our output has gone: nobody is left to tell
        _silence()
        return CANNOT
    except ComfyFixerError as error:
        return _fail(options, error.as_json())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(
            options,
            {
                "code": "os_error",
                "message": f"{where}{error.strerror or error}",
                "hint": "Check the path and its permissions.",
            },
        )
    except KeyboardInterrupt:
        return _cancelled()
    except RuntimeError as error:  # so Python before 3.12 wraps a Ctrl-C that comes while a class is made
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        return _cancelled()


def _cancelled() -> int:
    print("Cancelled. What was written before is whole.", file=sys.stderr)
    return CANNOT


def _settle_streams() -> None:
    """A name with a lone surrogate must not end the program, nor a stream that was closed before it began.

    What is opened in place of a closed one takes its number, which no file of ours must get.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # as long as the program runs
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _fail(options: argparse.Namespace, error: dict[str, str]) -> int:
    """Say what went wrong, where it was asked for; where nothing can be printed any more, the exit code says it."""
    from ..reports.words import visible

    hint = f" {error['hint']}" if error.get("hint") else ""
    line = f"comfyfixersmart: {visible(error['message'].rstrip('.'))}.{hint}"
    try:
        if getattr(options, "json", False):
            print(to_json({"error": error}, indent=None), flush=True)
        else:
            print(line, file=sys.stderr, flush=True)
    except OSError:
        _silence()
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)
    return CANNOT


def _silence() -> None:
    """Let what is still buffered for a closed or full output go, so that the interpreter's end is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
