"""Bytes of a saved workflow → what it says of model files. A plain walk over the file's own graphs: nothing is unfolded,
so a subgraph that is used ten times, or not at all, is read once.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

from ... import jsontext
from ...errors import UnreadableFile
from ...files import open_plain, read_small
from ...knowledge import document
from ...requirements.notes import addresses, note_texts, note_types
from ...workflow.locate import locate
from ...workflow.raw import Json
from ..links import Link, read_link
from ..names import suffix
from .said import MOST_SAID, Said, said

MAX_GRAPH_BYTES = 8 << 20  # a larger graph is refused everywhere; the largest real one seen is 1.3 MB
MAX_LEVELS = 2000  # graphs, subgraphs and group nodes of one file
MAX_NODES = 100_000
MAX_MODELS = 500  # entries of one list
_LABELLED = re.compile(r"\[([^\[\]\n]{1,200})\]\((https?://[^\s()<>\"]{1,2000})")


def harvest_file(path: str) -> list[Said] | None:
    """What the workflow in a JSON or media file says, each thing once; None when the file cannot be read now."""
    try:
        data = read_small(path, MAX_GRAPH_BYTES)
        if data is not None and _is_json(data):
            return harvest(data)
        with open_plain(path) as (stream, status):
            return _of_media(stream, status.st_size)
    except (OSError, UnreadableFile):
        return None


def harvest(data: bytes | str) -> list[Said]:
    """The same for JSON that is in memory already."""
    if not _may_tell(data):
        return []
    try:
        value = jsontext.loads(data)
    except (ValueError, RecursionError):
        return []
    found: dict[Said, None] = {}
    for one in locate(value):
        if one.format == "ui":
            for thing in _graph(one.graph):
                found[thing] = None
                if len(found) >= MOST_SAID:
                    return list(found)
    return list(found)


def _is_json(data: bytes) -> bool:
    """As for all workflows: what does not begin like JSON and is no media file is tried as JSON too (UTF-16, a BOM)."""
    if data[:1] in (b"{", b"["):
        return True
    from ...workflow.media import HEAD, sniff

    return sniff(data[:HEAD]) is None


def _may_tell(data: bytes | str) -> bool:
    """A search over the bytes spares the parsing of files that name no address and no hash. UTF-16 is let through."""
    if isinstance(data, str):
        return "http" in data or '"hash' in data
    return b"http" in data or b'"hash' in data or b"\0" in data[:4]


def _of_media(stream: BinaryIO, size: int) -> list[Said]:
    from ...workflow.media import carriers

    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    try:
        carried = carriers(buffered, size)[1]
    finally:
        if isinstance(stream, io.RawIOBase) and isinstance(buffered, io.BufferedReader):
            buffered.detach()
    found: dict[Said, None] = {}
    for one in carried:
        text = one.text.strip("\ufeff\0 \t\r\n")
        if text[:1] in ("{", "[") and len(text) <= MAX_GRAPH_BYTES:
            found.update(dict.fromkeys(harvest(text)))
    return list(found)[:MOST_SAID]


def _graph(root: dict[str, Json]) -> Iterator[Said]:
    """What a graph, its subgraph definitions and its group nodes say."""
    pending: list[Json] = [root]
    levels = nodes = 0
    while pending and levels < MAX_LEVELS:
        level = pending.pop()
        if not isinstance(level, dict):
            continue
        levels += 1
        yield from _models(level.get("models"))
        listed = level.get("nodes")
        for node in listed[: MAX_NODES - nodes] if isinstance(listed, list) else ():
            nodes += 1
            if isinstance(node, dict):
                yield from _node(node)
        pending += _below(level.get("definitions"), "subgraphs") + _below(level.get("extra"), "groupNodes")


def _below(holder: Json, key: str) -> list[Json]:
    listed = holder.get(key) if isinstance(holder, dict) else None
    found = list(listed.values()) if isinstance(listed, dict) else listed if isinstance(listed, list) else []
    return found[MAX_LEVELS::-1]  # the last one is looked at first


def _node(node: dict[str, Json]) -> Iterator[Said]:
    properties = node.get("properties")
    if isinstance(properties, dict) and "models" in properties:
        yield from _models(properties["models"])
    kind = node.get("type")
    if isinstance(kind, str) and kind in note_types():
        for text in note_texts(node):
            yield from _note(text)


def _models(raw: Json) -> Iterator[Said]:
    """The entries of a `models` list. A hash of another kind than SHA-256 is left out."""
    for item in raw[:MAX_MODELS] if isinstance(raw, list) else ():
        if isinstance(item, dict):
            kind = item.get("hash_type")
            plain = kind is None or (isinstance(kind, str) and kind.lower().replace("-", "") in ("sha256", ""))
            digest = item.get("hash") if plain else None
            one = said(item.get("name"), item.get("url"), item.get("directory"), digest, item.get("size"))
            if one is not None:
                yield one


def _note(text: str) -> Iterator[Said]:
    """The files that a note's addresses on known hosts name: by the end of the path, or by the words of the link."""
    for address in addresses(text):
        link = read_link(address)
        if link is not None and suffix(link.base) and (one := said(link.base, address, note=True)) is not None:
            yield one
    for label, rest in _LABELLED.findall(text[:200_000]):
        words = label.strip("*`_ ")
        if not suffix(words) or " " in words:
            continue
        address = next(iter(addresses(rest)), "")
        link = read_link(address) if address else None
        if link is not None and _unnamed(link) and (one := said(words, address, note=True)) is not None:
            yield one


def _unnamed(link: Link) -> bool:
    """Whether the address leads to one file but does not tell its name: a Civitai version, or `…/model.safetensors`."""
    return bool(link.version) or link.base.lower() in _generic()


@cache
def _generic() -> frozenset[str]:
    return frozenset(document("references")["generic_names"])
