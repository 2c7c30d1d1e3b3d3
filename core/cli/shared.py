"""What all commands share: exit codes, where to look, progress."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import UsageError

FINE, FINDINGS, CANNOT = 0, 1, 2
ACTOR = "command line"  # who acts, for the journal


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


def at_installation(options: argparse.Namespace) -> tuple[Any, Path]:
    """The `Place` to change something in, and where its state lies. Raises UsageError where no disk is named.

    `--url` says where ComfyUI-Manager runs, and nothing of the files: where those go, only the disk tells.
    """
    place = place_of(argparse.Namespace(**{**vars(options), "url": None}))
    state = Path(options.state) if options.state else place.state
    if not place.base or state is None:
        raise UsageError("no_state", "It is not said which installation is meant", "Add --comfyui DIR.")
    return place, state


def again(options: argparse.Namespace, *words: str) -> str:
    """A command for the same installation, to be pasted into a terminal."""
    told = [(f"--{name}", _absolute(getattr(options, name))) for name in ("comfyui", "code", "state", "snapshot")]
    told += [("--extra-model-paths", _absolute(one)) for one in options.extra_model_paths]
    told += [("--python", _absolute(options.python)), ("--url", options.url or "")]
    given = [word for pair in told if pair[1] for word in pair]
    return " ".join(map(_word, ["comfyfixersmart", *words, *given, *(["--from-source"] * options.from_source)]))


def _word(text: str) -> str:
    """One word for a shell. What a terminal would act upon or hide is written as its bytes, which bash and zsh read."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(one if one.isprintable() and one not in "\\'" else _bytes(one) for one in text) + "'"


def _bytes(sign: str) -> str:
    return "".join(f"\\x{one:02x}" for one in os.fsencode(sign))


def _absolute(path: str | None) -> str:
    """It may be pasted in another folder."""
    return os.path.abspath(os.path.expanduser(path)) if path else ""


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


@contextmanager
def polite(on_first: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Whether the person wants to end: the first Ctrl-C calls `on_first` and is remembered, the second ends at once."""
    pressed = False

    def on_interrupt(_number: int, _frame: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        on_first()

    try:
        before = signal.signal(signal.SIGINT, on_interrupt)
    except ValueError:  # only the main thread may; elsewhere nobody presses Ctrl-C
        yield lambda: False
        return
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def at_terminal() -> bool:
    """Whether somebody can read a question and answer it."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def said_yes(question: str) -> bool:
    """The person's answer to a question that ends in [y/N]; anything but a yes is a no."""
    print(question, end=" ", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except UnicodeError:  # keys of another alphabet in a terminal of another encoding
        return False
