"""Answers of sources, kept on disk: one small JSON file per question, so that none is asked twice within its time.

Everything here can be asked again. A damaged file is no answer; one of a newer version is left alone.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import jsontext
from ..errors import NewerSchema
from ..files import read_json, refuse_newer, sweep, write_atomic
from .types import Heard

SCHEMA = 1
MOST_FILES, MOST_BYTES = 20_000, 200 << 20
IN_MEMORY = 32 << 20  # characters of the answers that are kept in memory as well, the latest used
EVERY = 500  # answers written between two looks at how much there is
_PLAIN = re.compile(r"[a-z0-9_-]{1,40}")
_NAMED = re.compile(r"[0-9a-f]{40}\.json")

_log = logging.getLogger("comfyfixersmart.answers")


class Answers:
    """What sources answered. Safe to use from several threads, and by several processes on one folder.

    `folder` None: in memory only. `now` gives seconds since the epoch.
    """

    def __init__(self, folder: Path | None, *, now: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.now = now
        self._lock = threading.Lock()
        self._recent: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()  # → when, the value as JSON
        self._asking: dict[tuple[str, str], threading.Event] = {}
        self._weight = 0  # characters in `_recent`
        self._until_check = 0

    def get(self, source: str, question: str, ttl: float, absent_ttl: float) -> Heard | None:
        """The answer that is still good: for `ttl` seconds, or `absent_ttl` when it was "there is no such thing"."""
        for look in (self._remembered, self._read):  # another process may have asked since we did
            found = look(source, question)
            if found is None:
                continue
            when, text = found
            if 0 <= self.now() - when < (absent_ttl if text == "null" else ttl):
                return Heard(jsontext.loads(text), when, True)  # one from the future: the clock has gone back
        return None

    def put(self, source: str, question: str, value: Any) -> Heard:
        """Keep an answer, plain JSON; None for "there is no such thing". A disk that is full or read-only loses only time."""
        when, text = self.now(), jsontext.dumps(value)
        self._remember(source, question, when, text)
        self._write(source, question, when, text)
        return Heard(jsontext.loads(text), when, False)

    @contextmanager
    def asking(self, source: str, question: str, wait: Callable[[], bool]) -> Iterator[None]:
        """One thread asks a question, the others wait for its answer: `wait` is called twice a second, False to go on."""
        key = (source, question)
        mine = threading.Event()
        while (other := self._claimed(key, mine)) is not None:
            if not other.wait(0.5) and not wait():
                break
        try:
            yield
        finally:
            with self._lock:
                if self._asking.get(key) is mine:
                    del self._asking[key]
            mine.set()

    def _claimed(self, key: tuple[str, str], mine: threading.Event) -> threading.Event | None:
        with self._lock:
            other = self._asking.setdefault(key, mine)
            return None if other is mine else other

    def _remembered(self, source: str, question: str) -> tuple[float, str] | None:
        with self._lock:
            found = self._recent.get((source, question))
            if found is not None:
                self._recent.move_to_end((source, question))
            return found

    def _remember(self, source: str, question: str, when: float, text: str) -> None:
        with self._lock:
            _when, before = self._recent.pop((source, question), (0.0, ""))
            self._recent[source, question] = (when, text)
            self._weight += len(text) - len(before)
            while self._weight > IN_MEMORY:
                _key, (_when, dropped) = self._recent.popitem(last=False)
                self._weight -= len(dropped)

    def _path(self, source: str, question: str) -> Path | None:
        if self.folder is None or not _PLAIN.fullmatch(source):
            return None
        name = hashlib.sha256(question.encode("utf-8", "surrogatepass")).hexdigest()[:40]
        return self.folder / source / f"{name}.json"

    def _read(self, source: str, question: str) -> tuple[float, str] | None:
        path = self._path(source, question)
        if path is None:
            return None
        try:
            body = read_json(path, SCHEMA)
        except NewerSchema:
            return None
        if body is None or body.get("question") != _shown(question) or "value" not in body:
            return None
        when = _time(body.get("when"))
        if when is None:
            return None
        text = jsontext.dumps(body["value"])
        if body.get("sum") != _sum(text):  # one flipped bit in a hash would be another file
            return None
        self._remember(source, question, when, text)
        return when, text

    def _write(self, source: str, question: str, when: float, text: str) -> None:
        path = self._path(source, question)
        if path is None:
            return
        told = jsontext.dumps({"question": _shown(question), "when": when, "asked": _readable(when), "sum": _sum(text)})
        try:
            refuse_newer(path, SCHEMA)
            write_atomic(path, f'{{"schema": {SCHEMA}, {told[1:-1]}, "value": {text}}}\n', sync=False)
        except (OSError, NewerSchema) as error:
            _log.debug("an answer could not be kept: %s", error)
            return
        with self._lock:
            self._until_check -= 1
            due, self._until_check = self._until_check < 0, EVERY if self._until_check < 0 else self._until_check
        if due:
            self.trim()

    def trim(self, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> None:
        """Remove the oldest answers until a tenth below what is allowed, if there are too many."""
        if self.folder is None:
            return
        files = sorted(_files(self.folder))
        count, size = len(files), sum(one[1] for one in files)
        if count <= most_files and size <= most_bytes:
            return
        for _when, bytes_, path in files:
            if count <= most_files * 0.9 and size <= most_bytes * 0.9:
                return
            try:
                os.unlink(path)
            except OSError:
                continue
            count, size = count - 1, size - bytes_


def _files(folder: Path) -> Iterator[tuple[float, int, str]]:
    """Time, size and path of each answer; leaves out what is not ours."""
    try:
        sources = [one.path for one in os.scandir(folder) if one.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for source in sources:
        sweep(Path(source))
        try:
            with os.scandir(source) as entries:
                for entry in entries:
                    if _NAMED.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        yield status.st_mtime, status.st_size, entry.path
        except OSError:
            continue


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _shown(question: str) -> str:
    """The question as a file can hold it."""
    return question.encode("utf-8", "replace").decode("utf-8")


def _time(value: Any) -> float | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11
    return float(value) if sound else None


def _readable(when: float) -> str:
    """A moment for people who open the file."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(when))
    except (OverflowError, ValueError, OSError):
        return ""
