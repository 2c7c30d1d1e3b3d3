"""Reading and writing the files we persist: atomic, with a schema number, inside one folder."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from . import jsontext
from .errors import ComfyFixerError, NewerSchema, UnreadableFile


def write_atomic(path: Path, data: bytes | str, *, sync: bool = True, mode: int = 0o666) -> None:
    """Replace `path` by `data` in one step: a reader sees the old file or the new one, never a part.

    The temporary file lies in the same folder (a rename across volumes is not atomic) and is removed
    when anything fails. Text is written as UTF-8; lone surrogates, which file names on POSIX and JSON
    can both bring, are written as `?`. `sync=False` spares the wait for the disk where thousands of files
    that can be made again are written. `mode` is narrowed by the umask, as always. Raises OSError.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(fd, "wb") as file:
            file.write(raw)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            error.filename = str(path)  # the temporary name means nothing to a person
        raise


_LEFT_OVER = re.compile(r"\.[^/\\]{1,80}\.[0-9a-f]{12}\.tmp")


def sweep(folder: Path) -> None:
    """Remove temporary files that a killed run of ours left in `folder` more than an hour ago."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _LEFT_OVER.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > 3600:
                        os.unlink(entry.path)


def write_json(path: Path, schema: int, body: dict[str, Any], *, indent: int | None = None, mode: int = 0o666) -> None:
    """Write `body` with its `schema` number atomically, unless `path` holds a newer schema (NewerSchema)."""
    refuse_newer(path, schema)
    write_atomic(path, jsontext.dumps({"schema": schema, **body}, indent=indent) + "\n", mode=mode)


def to_json(body: Any, *, indent: int | None = 1) -> str:
    """`body` as ASCII JSON that every strict reader takes: half a surrogate pair, which names can hold, becomes "?"."""
    return jsontext.dumps(body, indent=indent, repair=True)


def read_json(path: Path, schema: int) -> dict[str, Any] | None:
    """The body of a file written by `write_json`, or None when it is absent, damaged or of an older schema.

    None means "make it again": everything read this way can be rebuilt. A file of a newer schema
    raises NewerSchema, so that an old version never destroys what a new one wrote.
    """
    try:
        body = jsontext.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    found = body.get("schema")
    if isinstance(found, int) and not isinstance(found, bool) and found > schema:
        raise NewerSchema(
            "newer_schema",
            f"{path} was written by a newer version (schema {found}, this version knows {schema})",
            "Update ComfyFixerSmart, or move that file away.",
        )
    return body if found == schema else None


_OURS = re.compile(rb'\{\s*"schema": (\d{1,9})[,}\s]')


def refuse_newer(path: Path, schema: int) -> None:
    """Raise NewerSchema where `path` holds one. What `write_json` wrote tells by its first bytes; the rest is read whole."""
    try:
        with open(path, "rb") as file:
            head = _OURS.match(file.read(64))
    except OSError:
        return
    if head is None or int(head[1]) > schema:
        read_json(path, schema)


def safe_join(root: Path, name: str) -> Path:
    """`root / name` for one plain file name; raises ComfyFixerError for anything that could leave `root`.

    Refused under POSIX and Windows rules alike: separators, `..`, drives and streams (`:`), control
    characters, reserved device names, a trailing dot or space, names over 255 bytes.
    """
    stem = name.split(".")[0].rstrip(" ").upper()
    bad = (
        not name
        or name in {".", ".."}
        or any(c in '/\\:*?"<>|' or ord(c) < 32 or ord(c) == 127 for c in name)
        or name[-1] in ". "
        or stem in _DEVICES
        or len(name.encode("utf-8", "surrogatepass")) > 255
    )
    if bad:
        raise ComfyFixerError("unsafe_name", f"{name!r} is not a plain file name", "Rename the file.")
    return root / name


_DEVICES = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"} | {
    f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³"
}


# Characters that turn text around or hide in it: they make one file name look like another.
_HIDDEN = {"\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\ufeff", "\uffa0"}
_UNSEEN_KINDS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def visible(text: str) -> str:
    """`text` with every character that cannot be seen or turns text around written as its code: "\\u202e"."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(c) for c in text)


def _shown(char: str) -> str:
    code = ord(char)
    if char not in _HIDDEN and (unicodedata.category(char) not in _UNSEEN_KINDS or code in (0x200C, 0x200D)):
        return char  # the joiners are part of emoji and of several scripts' spelling
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or (
        f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


@contextlib.contextmanager
def open_plain(path: str | os.PathLike[str]) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Open a regular file for reading, unbuffered, with its status. Raises UnreadableFile with what is wrong and what to do.

    A FIFO, socket or device is refused before it could block; a file that vanishes is an error of its own.
    """
    fd, status = _open_regular(path)
    try:
        with open(fd, "rb", buffering=0, closefd=False) as file:
            yield file, status
    except OSError as error:
        raise _not_opened(path, error) from None
    finally:
        os.close(fd)


def read_small(path: str | os.PathLike[str], most: int) -> bytes | None:
    """All bytes of a regular file of at most `most` bytes; None for a larger one. Raises UnreadableFile."""
    fd, status = _open_regular(path)
    try:
        if status.st_size > most:
            return None
        data = os.read(fd, status.st_size + 1)
        while 0 < len(data) < status.st_size and (more := os.read(fd, status.st_size - len(data))):
            data += more
        return data
    except OSError as error:
        raise _not_opened(path, error) from None
    finally:
        os.close(fd)


_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def _open_regular(path: str | os.PathLike[str]) -> tuple[int, os.stat_result]:
    try:
        fd = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise _not_opened(path, error) from None
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise UnreadableFile(
            "not_a_file", "Not a regular file, so it was not opened.", "Give a workflow or media file."
        )
    return fd, status


def _not_opened(path: str | os.PathLike[str], error: Exception) -> UnreadableFile:
    if isinstance(error, FileNotFoundError):
        return UnreadableFile("vanished", "The file is not there.", "Check the path.")
    if isinstance(error, PermissionError):
        return UnreadableFile(
            "no_permission", "The file may not be read.", "Give read permission to the user who runs this."
        )
    if isinstance(error, IsADirectoryError):
        return UnreadableFile("not_a_file", "This is a folder.", "Give a workflow or media file.")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UnreadableFile("read_error", f"The file cannot be read: {reason}.", "Try again; check the disk if it stays.")
