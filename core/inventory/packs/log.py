"""Why packs failed to import, from what ComfyUI prints at its start. Pure.

The wording is that of nodes.py in 0.3.64 to 0.38; a traceback stands before "Cannot import".
"""

from __future__ import annotations

import re

MAX_REASON = 300
_LINE = re.compile(
    r"^(?:Cannot import (?P<path>.+) module for custom nodes: (?P<why>.*)"
    r"|Error while calling comfy_entrypoint in (?P<called>.+?): (?P<raised>.*)"
    r"|comfy_entrypoint in (?P<odd>.+) (?P<what>is not callable|did not return .+), skipping\.)$"
)
_BUILT_IN = re.compile(r"^IMPORT FAILED: (?P<file>[\w.-]+\.py)$", re.M)
_TRACE = "Traceback (most recent call last):"


def import_failures(log: str) -> dict[str, str]:
    """Path of a pack as ComfyUI names it → the reason on one line, with the kind of the error where a traceback tells it."""
    found: dict[str, str] = {}
    trace: list[str] = []
    for line in log.splitlines():
        if line.startswith(_TRACE):
            trace = []
        match = _LINE.match(line)
        if match is None:
            trace.append(line)
            continue
        if match["path"] is not None:
            found[match["path"]] = _reason(match["why"], trace)
        elif match["called"] is not None:
            found[match["called"]] = _reason(f"comfy_entrypoint raised {match['raised']}", [])
        else:
            found[match["odd"]] = _reason(f"comfy_entrypoint {match['what']}", [])
        trace = []
    return found


def built_in_failures(log: str) -> tuple[str, ...]:
    """The files of ComfyUI's own extra nodes that it says it could not import."""
    return tuple(dict.fromkeys(match["file"] for match in _BUILT_IN.finditer(log)))


def reason_of(message: str, trace: str) -> str:
    """One line for an error's text and its traceback: "ModuleNotFoundError: No module named 'x'"."""
    return _reason(message.split("\n", 1)[0], trace.splitlines())


def _reason(message: str, trace: list[str]) -> str:
    """The line of the traceback that names the error; `message` alone where there is none. An exception without a
    text leaves `message` empty: then it is the last line."""
    named = (line for line in reversed(trace) if line.strip() and not line[0].isspace() and line.endswith(message))
    text = next(named, message)
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_REASON].strip()
