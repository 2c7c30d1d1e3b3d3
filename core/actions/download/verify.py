"""Whether bytes are a model at all: by the first ones, before anything is kept, and by the header, once all are there."""

from __future__ import annotations

import io
import os

from ...weights.headers import facts_in, format_of
from ...weights.safetensors import MAX_HEADER
from ...weights.types import HeaderFacts
from .part import Part

START = 512  # bytes that are looked at first
_TEXTS = (".json", ".yaml", ".yml", ".txt", ".md", ".csv")
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_PAGES = ("text/html", "application/xhtml+xml")
_ANSWERS = ("application/json", "application/problem+json", "application/xml", "text/xml")
_STRUCTURED = ("safetensors", "gguf")  # formats whose header tells where the file ends


def refused_kind(content_type: str, name: str) -> str:
    """Why an answer of this content type is no such file; "" if it may be one."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _PAGES:
        return "a web page"
    return f"an answer in {kind.rpartition('/')[2]}" if kind in _ANSWERS and not _is_text(name) else ""


def refused_start(start: bytes, size: int | None, name: str, *, hashed: bool) -> str:
    """Why a file that begins so is none of the format that its name says; "" if it may be one.

    `hashed`: its SHA-256 is known and will decide. Where it is not, what cannot be told apart from rubbish is refused.
    """
    form, end = format_of(name), os.path.splitext(name)[1].lower()
    facts = facts_in(io.BytesIO(start), len(start), form)
    if facts.format in ("html", "lfs-pointer") or (facts.format == "json" and not _is_text(name)):
        return {"html": "a web page", "json": "a JSON text"}.get(facts.format, "a Git LFS pointer, not the file")
    packed = next((what for magic, what in _PACKED.items() if start.startswith(magic)), "")
    if packed and form != "unknown":
        return f"packed with {packed}"
    if form == "safetensors":
        return _no_safetensors(start, size)
    if form == "gguf" and not start.startswith(b"GGUF"):
        return "no GGUF file"
    if hashed or form not in ("pickle", "onnx") or end == ".bin":  # a .bin may be anything
        return ""
    if form == "onnx":
        return "" if start[:1] == b"\x08" else "no ONNX file"
    pickled = start.startswith(b"PK\x03\x04") or (start[:1] == b"\x80" and start[1:2] in b"\x01\x02\x03\x04\x05")
    return "" if pickled or start[257:262] == b"ustar" else f"no {end} file"


def _no_safetensors(start: bytes, size: int | None) -> str:
    length = int.from_bytes(start[:8], "little")
    fits = 2 <= length <= MAX_HEADER and (size is None or 8 + length <= size)
    return "" if len(start) > 8 and fits and start[8:9] == b"{" else "no safetensors file"


def _is_text(name: str) -> bool:
    return name.lower().endswith(_TEXTS)


def facts_of(part: Part, name: str) -> HeaderFacts:
    """What the header says of a part, under the format of its final name. Never unpickles. Raises OSError."""
    with open(part.copy_fd(), "rb") as file:
        return facts_in(file, part.length, format_of(name))


def tells_its_end(name: str) -> bool:
    """Whether the header of such a file says how long it is."""
    return format_of(name) in _STRUCTURED
