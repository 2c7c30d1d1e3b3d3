"""Bytes → Workflows. The one entry of this stage: told apart by content, never by suffix. Pure (reads a stream).

JSON in UTF-8, with a BOM, or UTF-16; NaN is accepted because ComfyUI writes it. Everything else is a media
file whose metadata may carry a graph. Each graph of a file becomes one Workflow; where the UI graph and the
prompt of the same run stand together, the UI graph is the workflow.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import BinaryIO

from .. import jsontext
from .api import read_api
from .locate import Found, kind, locate
from .raw import Json
from .types import Problem, Workflow
from .ui import Impossible, read_ui

MAX_GRAPH_BYTES = 8 << 20  # the largest real graph seen is 1.3 MB
ONE_READ = 1 << 20  # files up to this size are read at once; of larger ones, first the head

_CARRIER_ORDER = {"workflow": 0, "prompt": 1}


@dataclass(slots=True)
class Reading:
    """What one file holds. `prompts` are API copies that stand beside a UI graph of the same run."""

    container: str = "json"
    workflows: list[Workflow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    prompts: list[Workflow] = field(default_factory=list)


def read(stream: BinaryIO, size: int, name: str) -> Reading:
    """Read one file of `size` bytes. Never raises for bad content (that becomes a Problem); OSError passes."""
    head = _exactly(stream, 4096)
    if head[:1] not in (b"{", b"["):
        from .media import sniff  # media readers are only loaded once a file needs them

        if sniff(head) is not None:
            stream.seek(0)
            return _read_media(stream, size, name)
    return read_json(head + _exactly(stream, MAX_GRAPH_BYTES + 1 - len(head)), name)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    """`count` bytes, or all that are left: an unbuffered file on a network may give fewer at a time."""
    data = stream.read(count)
    while len(data) < count and (more := stream.read(count - len(data))):
        data += more
    return data


def read_bytes(data: bytes, name: str) -> Reading:
    """The same for a file already in memory."""
    if data[:1] in (b"{", b"["):
        return read_json(data, name)
    return read(io.BytesIO(data), len(data), name)


def read_json(data: bytes, name: str) -> Reading:
    """Read the bytes of a JSON file."""
    if len(data) > MAX_GRAPH_BYTES:
        return Reading(problems=[_too_large(name)])
    if not data.strip():
        return Reading(problems=[Problem(name, "empty", "The file is empty.", "Save the workflow again.")])
    try:
        value = jsontext.loads(data)
    except RecursionError:
        return Reading(problems=[Problem(name, "too_deep", "The JSON is nested too deeply to be a workflow.")])
    except UnicodeDecodeError:
        return Reading(problems=[Problem(name, "not_json", "The file is neither JSON text nor a media file we know.")])
    except ValueError as error:
        return Reading(problems=[_broken(data, name, error)])
    if kind(value) is None and (not isinstance(value, (dict, list, str)) or not _may_hold_graph(data)):
        return _no_graph("json", name)
    return read_value(value, name)


def read_value(value: Json, name: str) -> Reading:
    """The same for JSON already parsed, such as the graph on the canvas."""
    return _assemble(locate(value), "json", name)


def _may_hold_graph(data: bytes) -> bool:
    """A search over the bytes spares the walk through large JSON files of other kinds. UTF-16 is let through."""
    return b'nodes"' in data or b"class_type" in data or b"nodes\\" in data or b"\0" in data[:4]


def _broken(data: bytes, name: str, error: ValueError) -> Problem:
    """JSON that does not parse: cut off, or wrong at a place we can name."""
    if not isinstance(error, json.JSONDecodeError):  # an integer of thousands of digits
        return Problem(name, "not_json", f"The JSON cannot be read: {str(error)[:120]}.")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"[", b'"') and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return Problem(name, "not_json", "The file is neither JSON nor a media file we know.")
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
        return Problem(
            name, "truncated", "The file ends early: part of the JSON is missing.", "Restore it or save it again."
        )
    if error.msg == "Extra data":
        return Problem(
            name, "trailing_data", f"Something follows the JSON at line {error.lineno}.", "Remove what follows."
        )
    return Problem(name, "not_json", f"Not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}.")


def _read_media(stream: BinaryIO, size: int, name: str) -> Reading:
    """A media file: its UI graphs; its API graphs only where there is no UI graph."""
    from .media import carriers

    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    try:
        container, carried = carriers(buffered, size)
    finally:
        if isinstance(stream, io.RawIOBase) and isinstance(buffered, io.BufferedReader):
            buffered.detach()
    found: list[Found] = []
    problems: list[Problem] = []
    for carrier in sorted(carried, key=lambda one: _CARRIER_ORDER.get(one.key, 2)):
        text = carrier.text.strip("\ufeff\0 \t\r\n")
        if len(text) > MAX_GRAPH_BYTES and (carrier.key in _CARRIER_ORDER or text[:1] in ("{", "[")):
            problems.append(_too_large(name))
            continue
        if text[:1] not in ("{", "["):
            continue
        try:
            value = jsontext.loads(text)
        except (ValueError, RecursionError):
            if carrier.key in _CARRIER_ORDER:
                problems.append(
                    Problem(
                        name, "not_json", f"The {carrier.key} inside the file ({carrier.where}) is cut off or damaged."
                    )
                )
            continue
        found += [one._replace(place=carrier.where + one.place) for one in locate(value)]
    if any(one.format == "ui" for one in found):
        found = [one._replace(companion=one.companion or one.format == "api") for one in found]
    if not found:
        return Reading(container, problems=problems[:1]) if problems else _no_graph(container, name)
    return _assemble(_distinct(found), container, name)


def _distinct(found: list[Found]) -> list[Found]:
    """The same graph is often carried twice (two EXIF tags, two comment frames)."""
    kept: list[Found] = []
    for one in found:
        if not any(one.graph == other.graph for other in kept):
            kept.append(one)
    return kept


def _assemble(found: list[Found], container: str, name: str) -> Reading:
    reading = Reading(container)
    if not found:
        return _no_graph(container, name)
    for one in found:
        number = len(reading.workflows) + len(reading.problems) + 1
        own = name if one.companion or number == 1 else f"{name}#{number}"
        carrier = one.place if container != "json" else f"json:{one.place}" if one.place else "json"
        try:
            workflow = _build(one.format, one.graph, own, carrier)
        except Impossible as error:
            hint = "ComfyUI cannot load it either; restore an earlier version."
            reading.problems.append(Problem(own, error.code, str(error), hint))
            continue
        (reading.prompts if one.companion else reading.workflows).append(workflow)
    return reading


def _build(form: str, graph: dict[str, Json], name: str, carrier: str) -> Workflow:
    return read_ui(graph, name, carrier) if form == "ui" else read_api(graph, name, carrier)


def _no_graph(container: str, name: str) -> Reading:
    what = (
        "This JSON holds no ComfyUI workflow."
        if container == "json"
        else f"This {container.upper()} file carries no workflow."
    )
    hint = "" if container == "json" else "Pictures lose their workflow when another program saves them again."
    return Reading(container, problems=[Problem(name, "no_workflow", what, hint)])


def _too_large(name: str) -> Problem:
    return Problem(
        name,
        "too_large",
        "The workflow is larger than 8 MiB and was refused.",
        "No real workflow is that large; look what fills it.",
    )
