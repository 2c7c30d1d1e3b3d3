"""What lies under the final name, and how a finished part gets it: without overwriting, and the same after any kill."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import NamedTuple

from ...weights.headers import facts_in, format_of
from ..types import SIZE_ONLY, VERIFIED, Action, ActionFailed, Output
from .failures import taken
from .part import Part
from .place import Place
from .transfer import CHECKING, PIECE, Meter

_SLACK = 1024  # bytes by which the planned size may be off where the hash decides


class Found(NamedTuple):
    """The right file lies there. `check`: VERIFIED or SIZE_ONLY."""

    check: str
    size: int
    sha256: str


class Destination:
    """The final name of one file. Raises ActionFailed, Stopped, OSError."""

    def __init__(self, place: Place, action: Action, meter: Meter) -> None:
        self._place = place
        self._action = action
        self._meter = meter
        self._hashed: tuple[tuple[int, int, int], str] | None = None
        self._aside = _plain_name(action)

    def look(self) -> Found | None:
        """The right file, if that lies there; None where nothing does, or what may be moved aside.

        Raises ActionFailed `destination_taken` where something else lies there.
        """
        lies = self._place.status(self._place.name)
        if lies is None:
            return None
        status = self._place.status(self._place.name, follow=True)  # a link to the right file is as good
        if status is not None and stat.S_ISREG(status.st_mode):
            found = self._right(status)
            if found is not None:
                return found
        if not self._may_go(lies):
            raise taken(self._place.path(self._place.name))
        return None

    def _right(self, status: os.stat_result) -> Found | None:
        action, size = self._action, status.st_size
        if action.sha256:
            if action.size is not None and abs(size - action.size) > _SLACK:
                return None
            right = self._hash(status) == action.sha256
            return Found(VERIFIED, size, action.sha256) if right else None
        if action.size is None or size != action.size or self._damaged(size):
            return None
        return Found(SIZE_ONLY, size, self._hash(status))

    def _hash(self, status: os.stat_result) -> str:
        key = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._hashed is not None and self._hashed[0] == key:
            return self._hashed[1]
        digest, view, done = hashlib.sha256(), memoryview(bytearray(PIECE)), 0
        with open(self._place.open(self._place.name, os.O_RDONLY, follow=True), "rb", buffering=0) as file:
            while got := file.readinto(view):
                digest.update(view[:got])
                done += got
                self._meter.at(done, CHECKING)
        self._hashed = (key, digest.hexdigest())
        return self._hashed[1]

    def _damaged(self, size: int) -> bool:
        with open(self._place.open(self._place.name, os.O_RDONLY, follow=True), "rb") as file:
            return facts_in(file, size, format_of(self._place.name)).complete is False

    def _may_go(self, lies: os.stat_result) -> bool:
        """Whether it is the damaged file that the plan moves aside, unchanged since."""
        planned = (self._action.origin_size, self._action.origin_mtime_ns)
        return bool(self._aside) and planned in ((None, None), (lies.st_size, lies.st_mtime_ns))

    def publish(self, part: Part) -> Found | None:
        """Give the part the final name. The right file, where somebody else was first; ours is not needed then."""
        sealed = part.seal()
        self._place.check()
        for _ in range(2):
            found = self.look()
            if found is not None:
                return found
            self._move_aside()
            try:
                self._place.rename(part.names.part, self._place.name)
            except FileExistsError:
                continue  # something came there this very moment
            self._place.sync()
            self._confirm(part, sealed)
            return None
        raise taken(self._place.path(self._place.name))

    def _move_aside(self) -> None:
        """What may go gives way, once the new one is complete."""
        if self._place.status(self._place.name) is None:
            return
        try:
            self._place.rename(self._place.name, self._aside)
        except FileExistsError:
            raise taken(self._place.path(self._aside)) from None

    def _confirm(self, part: Part, sealed: os.stat_result) -> None:
        """See that what has the final name is what was hashed: the name of the part could have been given to another."""
        lies = self._place.status(self._place.name)
        if lies is not None and os.path.samestat(lies, sealed):
            return
        kept = set_aside(self._place, self._place.name, part.names.mismatch)
        text = f"{self._place.path(part.names.part)} was replaced by another file meanwhile."
        raise ActionFailed("place_changed", text, f"What came instead is {kept}. See who did that, then try again.")

    def moved_aside(self) -> tuple[Output, ...]:
        """The damaged file at its new place, if it lies there."""
        status = self._place.status(self._aside) if self._aside else None
        return () if status is None else (Output(self._action.aside, False, True, status.st_size),)


def _plain_name(action: Action) -> str:
    """The name that a damaged file is moved to, which must be one beside it."""
    folder, name = os.path.split(action.aside)
    if action.aside and (folder != os.path.dirname(action.destination) or name in ("", ".", "..")):
        raise ActionFailed("unsafe_name", f"{action.aside!r} does not lie beside the file.", "Make a new plan.")
    return name


def set_aside(place: Place, name: str, stem: str) -> str:
    """Move a file that is not what it should be to a name of its own, `<stem>.mismatch`. It is never deleted. Its path."""
    for number in range(1, 1000):
        other = f"{stem}.mismatch" if number == 1 else f"{stem}-{number}.mismatch"
        try:
            place.rename(name, other)
        except FileExistsError:
            continue
        place.sync()
        return place.path(other)
    raise taken(place.path(f"{stem}.mismatch"))
