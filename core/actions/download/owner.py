"""One writer for one part, among all threads and processes of all computers that share its folder.

An owner file says who: it is made so that only one can make it, and is looked at again for every piece that is written and read again
before what was written is relied on. There is no lock in this: on some network shares a lock is given to everybody who
asks. An owner counts no more when its process is gone; where that cannot be told, when it gave no sign of life.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Mapping

from ...http import Clock
from ..process import began, this_process
from .place import Place

SCHEMA = 1
BEAT = 5.0  # seconds between two signs of life
SILENT = 60.0  # seconds without one after which an owner that cannot be asked counts no more
LOOK = 10.0  # seconds that it is watched before that, as clocks of two computers differ
_MOST = 4096  # bytes of an owner file

_live: set[str] = set()  # nonces of this process's owners
_lock = threading.Lock()

Sign = tuple[bytes, int, int]  # what an owner file says, its number, its mtime in nanoseconds


class Lost(Exception):
    """Another one owns the part by now. Nothing more may be written."""


class Owner:
    """Our hold on one part: `take` it, look with `check` and `confirm`, `release` it. Raises OSError.

    `doubtful`: it was taken from one that may live. `here`: the one who has it is in this process.
    """

    def __init__(self, place: Place, name: str, clock: Clock) -> None:
        self._place = place
        self._name = name
        self._clock = clock
        self._nonce = secrets.token_hex(8)
        self._raw = b""
        self._fd = -1
        self._own: tuple[int, int] | None = None
        self._seen: tuple[Sign, float] | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.doubtful = False
        self.here = False

    def take(self) -> bool:
        """Whether it is ours now. Ask again after a while where it is not."""
        if self._place.status(self._name) is not None and not self._look():
            return False
        self._raw = json.dumps({"schema": SCHEMA, **this_process()._asdict(), "nonce": self._nonce}).encode("ascii")
        with _lock:
            _live.add(self._nonce)
        try:
            self._make()
            status = os.fstat(self._fd)
            self._own = (status.st_dev, status.st_ino)
            self._ended.clear()
            self._thread = threading.Thread(target=self._beat, name="comfyfixersmart-owner", daemon=True)
            self._thread.start()
            self.confirm()
        except (FileExistsError, Lost):
            self.release()
            self._look()
            return False
        except BaseException:
            self.release()
            raise
        return True

    def _make(self) -> None:
        """Make the file, where possible with all it says from its first moment on. Raises FileExistsError."""
        whole = f"{self._name}.{secrets.token_hex(4)}"
        if self._place.relative and self._write(whole):  # Windows takes no name of an open file away
            try:
                if self._place.link(whole, self._name):
                    return
            finally:
                self._place.unlink(whole)
            os.close(self._fd)
            self._fd = -1
        self._write(self._name)  # for a moment it says nothing

    def _write(self, name: str) -> bool:
        self._fd = self._place.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        return os.write(self._fd, self._raw) == len(self._raw)

    def check(self) -> None:
        """Raise Lost where it is not ours any more. Costs a look at the name."""
        status = self._place.status(self._name)
        if status is None or (status.st_dev, status.st_ino) != self._own:
            self.confirm()  # some file systems number a file anew now and then

    def confirm(self) -> None:
        """The same by what the file says."""
        if self._place.read(self._name, _MOST) != self._raw:
            raise Lost

    def release(self) -> None:
        """Let others have it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            with contextlib.suppress(OSError, Lost):
                self.confirm()
                self._place.unlink(self._name)
        with _lock:
            _live.discard(self._nonce)

    def _beat(self) -> None:
        """Signs of life, on our own file even where another one has its name by now."""
        while not self._ended.wait(BEAT):
            with contextlib.suppress(OSError):
                os.utime(self._fd if os.utime in os.supports_fd else self._place.path(self._name))

    # ---- another one's ---------------------------------------------------------------------------------

    def _look(self) -> bool:
        """See whether the owner is gone, and take its file away if so. Whether there is none now."""
        sign = self._sign()
        if sign is None:
            return True
        now = self._clock.steady()
        if self._seen is None or self._seen[0] != sign:
            self._seen = (sign, now)
        gone = self._is_gone(sign, now - self._seen[1])
        if gone is None:
            return False
        self.doubtful = self.doubtful or not gone
        self._take_away(sign)
        return True

    def _sign(self) -> Sign | None:
        status = self._place.status(self._name)
        raw = self._place.read(self._name, _MOST)
        return None if status is None or raw is None else (raw, status.st_ino, status.st_mtime_ns)

    def _is_gone(self, sign: Sign, watched: float) -> bool | None:
        """True: its process is gone. False: it gives no sign of life. None: it lives, as far as can be told."""
        try:
            told = json.loads(sign[0])
            told = told if isinstance(told, Mapping) else {}
        except (ValueError, RecursionError):
            told = {}
        me = this_process()
        self.here = False
        if not told.get("nonce"):  # it is written at this moment, or its maker died in between
            return False if watched >= LOOK else None
        if [told.get(name) for name in ("host", "boot", "space")] == [me.host, me.boot, me.space]:
            pid = told.get("pid")
            if (pid, told.get("began")) == (me.pid, me.began):
                with _lock:
                    self.here = str(told["nonce"]) in _live
                return None if self.here else True
            return None if isinstance(pid, int) and began(pid) == told.get("began") != "" else True
        age = self._clock.now() - sign[2] / 1e9
        silent = watched >= SILENT or (watched >= LOOK and age > SILENT)
        return False if silent else None

    def _take_away(self, sign: Sign) -> None:
        """Rename it first: of two who take it only one can, and a new owner's file is seen by what it says, and given back."""
        gone = f"{self._name}.{secrets.token_hex(4)}"
        try:
            self._place.replace(self._name, gone)
        except FileNotFoundError:
            return  # somebody else did
        status, raw = self._place.status(gone), self._place.read(gone, _MOST)
        if status is not None and (raw, status.st_ino) != sign[:2]:
            with contextlib.suppress(FileExistsError):  # there is another one already: that one has it
                if not self._place.link(gone, self._name):
                    self._place.rename(gone, self._name)
        self._place.unlink(gone)
