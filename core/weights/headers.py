"""What a model file tells of itself: format, true size, whether it is all there, types of its tensors.

Only safetensors and GGUF are read. Formats that would have to be unpickled are not opened beyond
their first bytes, in which a web page or a Git LFS pointer saved under a model's name shows.
"""

from __future__ import annotations

import os
import re
import stat
from typing import BinaryIO

from .gguf import gguf_facts
from .safetensors import safetensors_facts
from .types import HeaderFacts

_FORMATS = {
    ".safetensors": "safetensors",
    ".sft": "safetensors",
    ".gguf": "gguf",
    ".ckpt": "pickle",
    ".pt": "pickle",
    ".pt2": "pickle",
    ".pth": "pickle",
    ".bin": "pickle",
    ".pkl": "pickle",
    ".onnx": "onnx",
}
# What programs add to a file's name until it is whole; our own parts and refused files have twelve digits before it.
_PARTIAL = re.compile(
    r"(\.[0-9a-f]{12}(-\d+)?)?\.(part|partial|incomplete|crdownload|download|downloading|tmp|temp|filepart|mismatch)$",
    re.I,
)
_POINTER = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"\s*<(!doctype|html|head|\?xml|error)", re.I)
_ANSWER = re.compile(rb"\s*[\[{]\s*\"\w{3}")  # a JSON answer saved under a model's name; no header length reads so


def header_facts(path: str | os.PathLike[str]) -> HeaderFacts:
    """Read the header of the file at `path`. Never unpickles; memory and time are bounded.

    Raises OSError when the file cannot be opened or is not a plain file.
    """
    # Opening a FIFO would wait for a writer for ever.
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{os.fspath(path)!r} is not a plain file")
        return facts_in(file, status.st_size, format_of(path))


def format_of(path: str | os.PathLike[str]) -> str:
    """The format that a file's name announces; the suffix of a half-downloaded file is looked through."""
    name = _PARTIAL.sub("", os.path.basename(os.fspath(path)))
    return _FORMATS.get(os.path.splitext(name)[1].lower(), "unknown")


def facts_in(file: BinaryIO, size: int, form: str) -> HeaderFacts:
    """The same of an open file of `size` bytes, at its beginning, that should be of the format `form`. Raises OSError."""
    if size == 0:
        return HeaderFacts(form, 0, complete=False, problem="empty, 0 bytes")
    start = file.read(512)
    if start.startswith(_POINTER):
        return _pointer(start, size)
    if _PAGE.match(start):
        return HeaderFacts("html", size, complete=False, problem=f"a web page, {size} bytes")
    if form in ("safetensors", "gguf", "pickle", "onnx") and _ANSWER.match(start):
        return HeaderFacts("json", size, complete=False, problem=f"a JSON text, {size} bytes")
    file.seek(0)
    if start.startswith(b"GGUF"):  # told by its bytes, whatever it is called
        return gguf_facts(file, size)
    if form == "safetensors":
        return safetensors_facts(file, size)
    if form == "gguf":
        return HeaderFacts(form, size, complete=False, problem="no GGUF header")
    return HeaderFacts(form, size)


def _pointer(text: bytes, size: int) -> HeaderFacts:
    """A Git LFS pointer: `oid sha256:…` and `size …` name the file that was meant."""
    oid = re.search(rb"^oid sha256:([0-9a-f]{64})\s*$", text, re.M)
    length = re.search(rb"^size (\d{1,18})\s*$", text, re.M)
    return HeaderFacts(
        "lfs-pointer",
        size,
        true_size=int(length[1]) if length else None,
        complete=False,
        problem=f"an LFS pointer, {size} bytes",
        sha256=oid[1].decode() if oid else "",
    )
