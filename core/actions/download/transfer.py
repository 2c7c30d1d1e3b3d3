"""The bytes of one answer into the part: judged before they are kept, hashed while they come, never beyond the end."""

from __future__ import annotations

import hashlib

from ...http import Clock, NoAnswer, Stream
from ...knowledge import document
from ..types import Action, Control, Offer
from .announce import Head, head_of
from .failures import OfferFailed, changed, no_room, not_a_model, too_large, unusable
from .owner import Owner
from .part import Kept, Part, plain_url
from .verify import START, refused_kind, refused_start, tells_its_end

PIECE = 1 << 20  # bytes that are read at once, and the most that a kill costs
COMMIT = 64 << 20  # bytes between two that are surely on the disk
SPARE = 64 << 20  # bytes that stay free on the disk
SPAN = 60.0  # seconds of waiting in which at least LEAST bytes must come: a source that drips is as good as silent
LEAST = 60 << 10
OFTEN = 0.1  # seconds between two words on how far it is
CHECKING = "checking what is here"
_SLACK = 1024  # bytes by which a size may be off where the hash is known: Civitai counts in parts of a kilobyte


class Again(Exception):
    """What is here cannot be gone on with: begin at 0. `changed`: the source has another file by now."""

    def __init__(self, why: str, *, changed: bool = False) -> None:
        super().__init__(why)
        self.changed = changed


class Meter:
    """Tells a control how far it is, not too often, and lets it stop us."""

    def __init__(self, control: Control, clock: Clock, total: int | None) -> None:
        self._control = control
        self._clock = clock
        self._last = (float("-inf"), "")
        self.total = total

    def now(self) -> float:
        """Seconds that only go forward."""
        return self._clock.steady()

    def at(self, done: int, note: str = "") -> None:
        """Raises Stopped."""
        now = self._clock.steady()
        if now - self._last[0] >= OFTEN or note != self._last[1] or done == self.total:
            self._last = (now, note)
            self._control.tell(done, self.total, note)
        self._control.check()


class Transfer:
    """How far a part is, and what is known of it. `size`: of the whole, as far as it is known.

    `mixed`: it was put together from answers that nothing proves to be of one content. `highest`: how far it ever was.
    `announced`: the size comes from the source or the plan.
    """

    def __init__(self, action: Action, part: Part, owner: Owner, meter: Meter) -> None:
        self.action = action
        self.part = part
        self.mixed = part.length > 0
        self.highest = part.length
        kept = part.kept or Kept()
        self.size = kept.size if part.length and part.known else action.size
        self.etag = kept.etag if part.length else ""
        self.url = kept.url
        self.by_hash_alone = False
        self._owner = owner
        self._meter = meter
        self._ended = False
        self._digest = hashlib.sha256()
        self._buffer = memoryview(bytearray(PIECE))
        self._waited, self._came = 0.0, 0
        self.rehash()

    @property
    def complete(self) -> bool:
        """Whether all bytes are here."""
        return self._ended or (self.size is not None and self.part.length == self.size)

    @property
    def sha256(self) -> str:
        """Of what is here."""
        return self._digest.hexdigest()

    @property
    def announced(self) -> bool:
        return self.size is not None and not self._ended

    def rehash(self) -> None:
        """Hash what is here again, from the disk."""
        self._digest = hashlib.sha256()
        self._meter.total = self.size
        self.part.look()
        self.part.touched = False
        at, most = 0, self.size
        if most is not None and self.part.length > most:
            self.part.cut(0)  # it is not what it should be
        while at < self.part.length:
            got = self.part.read(self._buffer[: min(PIECE, self.part.length - at)], at)
            if not got:  # it shrank
                self.part.cut(at)
            self._digest.update(self._buffer[:got])
            at += got
            self._meter.at(at, CHECKING)

    def turn_to(self, offer: Offer) -> None:
        """Go on with this offer. What is here stays only where the hash can prove that it belongs to it."""
        url = plain_url(offer.url)
        if url != self.url and self.part.length:
            self.etag = ""
            if not self.action.sha256:
                self.restart()
        self.url = url

    def restart(self) -> None:
        """Forget what is here."""
        self.part.cut(0)
        self._digest = hashlib.sha256()
        self.size, self.etag = self.action.size, ""
        self.mixed = self._ended = False

    def start(self) -> int:
        """Where to go on: at 0 where nothing could prove that what comes belongs to what is here."""
        if self.part.length and not (self.action.sha256 or self.etag):
            self.restart()
        return self.part.length

    @property
    def if_range(self) -> str:
        return "" if self.by_hash_alone else self.etag

    def commit(self, *, ready: bool = False) -> None:
        """Put what is here on the disk, and say so."""
        self.part.commit(self._kept(ready))

    def _kept(self, ready: bool = False) -> Kept:
        return Kept(self.url, self.etag, self.size, self.action.sha256, self.part.length, ready=ready)

    # ---- one answer ------------------------------------------------------------------------------------

    def receive(self, stream: Stream, offer: Offer) -> None:
        """Take what this answer brings. Raises Again, OfferFailed, ActionFailed, NoAnswer, Stopped, Lost, OSError."""
        head = head_of(stream.status, stream.headers)
        self._waited, self._came = 0.0, 0
        if stream.status == 416:
            return self._past_the_end(head)
        what = refused_kind(stream.headers.get("content-type", ""), self.part.place.name)
        if what:
            raise OfferFailed(not_a_model(what, offer))
        self._agree(head, offer)
        self._fit(head)
        start = b""
        if not self.part.length:
            self._begin(head, offer)
            start = self._start(stream, offer)
        self.make_room()
        try:
            self._copy(stream, offer, start)
        finally:
            self.highest = max(self.highest, self.part.length)
        return None

    def _past_the_end(self, head: Head) -> None:
        """416: there is nothing behind what is here. That is well where it is all of it."""
        length, action = self.part.length, self.action
        whole = length > 0 and head.total in (None, length)
        size = head.total if action.size is None else action.size
        right = self.sha256 == action.sha256 if action.sha256 else length == size
        if not (whole and right):
            raise Again("it says that there is nothing more, and what is here is not all")
        self.size = length

    def _fit(self, head: Head) -> None:
        """See that the answer goes on where we are, with the same content; what begins at 0 is begun with."""
        at = self.part.length
        if not head.sound or (head.ranged and head.start not in (0, at)):
            raise Again("it sent another part of the file than the one that was asked for")
        other = bool(self.etag and head.etag and head.etag != self.etag) and not self.by_hash_alone
        if at and head.start == 0:
            if other and not self.action.sha256:
                raise Again("it has another file by now", changed=True)
            return self.restart()
        if at:
            if other or (None not in (self.size, head.total) and head.total != self.size):
                raise Again("it has another file by now", changed=True)
            self.mixed = self.mixed or not (self.etag and head.etag == self.etag)
            self.size = head.total if self.size is None else self.size
        return None

    def _agree(self, head: Head, offer: Offer) -> None:
        """What an answer announces must be what was planned. What is here may belong to another offer, and stays."""
        total, planned = head.total, self.action.size
        if not head.sound or total is None or planned is None:
            return
        if abs(total - planned) > (_SLACK if self.action.sha256 else 0):
            raise OfferFailed(changed(offer, f"a file of {total:,} bytes, not of {planned:,}"))

    def _begin(self, head: Head, offer: Offer) -> None:
        """What a first answer announces holds from now on."""
        action, total = self.action, head.total
        if total is None:
            if action.size is None and not action.sha256 and not tells_its_end(self.part.place.name):
                raise OfferFailed(unusable(offer, "it does not say how long the file is, and nothing else could tell"))
            total = action.size
        if not action.sha256 and offer.etag and head.etag and offer.etag != head.etag:
            raise OfferFailed(changed(offer, "its mark (ETag) is another one"))
        self.size, self.etag = total, head.etag
        self._meter.total = total

    def _start(self, stream: Stream, offer: Offer) -> bytes:
        """The first bytes, which tell whether it is a model at all. Nothing is kept until then."""
        got = 0
        while got < START and (more := self._read(stream, self._buffer[got:])):
            got += more
        start = bytes(self._buffer[:got])
        if self.size is not None and got > self.size:
            raise OfferFailed(too_large(offer, self.size))
        what = refused_start(start[:START], self.size, self.part.place.name, hashed=bool(self.action.sha256))
        if what:
            raise OfferFailed(not_a_model(what, offer))
        self.part.note(self._kept())
        return start

    def make_room(self) -> None:
        """Raise ActionFailed `disk_full` where what is still to come, as far as that is known, would fill the disk."""
        place = self.part.place
        needed = SPARE + (self.size - self.part.length if self.size is not None else 0)
        free = place.free()
        if free < needed:
            raise no_room(place.folder, needed, free)

    def _copy(self, stream: Stream, offer: Offer, start: bytes) -> None:
        if start:
            self._keep(memoryview(start))
        committed, most = self.part.length, self.size
        ceiling = most if most is not None else round(document("policy")["max_file_gb"] * 1e9)
        while True:
            view = self._buffer[: min(PIECE, ceiling + 1 - self.part.length)]
            try:
                got = self._read(stream, view)
            except NoAnswer as error:
                if self.complete and error.code != "cancelled":
                    return  # all is here; how the connection ended does not matter
                raise
            if not got:
                self._ended = most is None
                return
            if self.part.length + got > ceiling:
                self.restart()
                raise OfferFailed(too_large(offer, ceiling))
            self._keep(view[:got])
            if self.part.length - committed >= COMMIT:
                self._owner.confirm()
                self.part.check(named=True)
                self.part.place.check()
                self.commit()
                committed = self.part.length
                if most is None:
                    self.make_room()

    def _read(self, stream: Stream, view: memoryview) -> int:
        """As the stream's own; raises NoAnswer `timeout` where it only drips."""
        before = self._meter.now()
        got = stream.readinto(view)
        self._waited += self._meter.now() - before
        self._came += got
        if self._waited < SPAN:
            return got
        slow, self._waited, self._came = self._came < LEAST, 0.0, 0
        if slow and got:
            raise NoAnswer("timeout", "less than 1 kB a second came", "Try again later.", status=stream.status)
        return got

    def _keep(self, data: memoryview) -> None:
        self._owner.check()
        self.part.append(data)
        self._digest.update(data)
        self._meter.at(self.part.length)
