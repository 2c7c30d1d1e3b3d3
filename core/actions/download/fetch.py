"""One file from its offers into its place: owned by one writer, resumed after anything, verified before it has its name."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace

from ...http import Clock, Http
from ..types import MISMATCH, SIZE_ONLY, UNVERIFIABLE, VERIFIED, Action, ActionFailed, Control, Done, Offer, Output
from .destination import Destination, Found, set_aside
from .failures import OfferFailed, in_all, of_system
from .offers import Patience, bring, recheck
from .owner import Lost, Owner
from .part import Part, names_of, plain_url
from .place import Place, opened
from .transfer import Meter, Transfer
from .verify import facts_of

_LOSSES = 20  # times that another one may take the part from us
_HERE, _ELSEWHERE = "it is being fetched already", "another ComfyUI is fetching it"


def fetch_file(action: Action, http: Http, control: Control, *, clock: Clock | None = None) -> Done:
    """Bring the file of a download to its destination, or find it there. What came before, in any process, is gone on with.

    `clock`: another one for pauses and owners. Raises ActionFailed (`pauses`: the same call can go on later; `voids`: a
    source serves something else), Stopped, and NoAnswer `cancelled` where the client itself was.
    """
    if action.sha256:
        action = replace(action, sha256=action.sha256.lower())
    try:
        with opened(action.root, action.destination) as place:
            return _Fetch(action, place, http, control, clock or Clock()).run()
    except OSError as error:
        raise of_system(error, action) from error


class _Fetch:
    """One call."""

    def __init__(self, action: Action, place: Place, http: Http, control: Control, clock: Clock) -> None:
        self._action = action
        self._place = place
        self._http = http
        self._clock = clock
        self._names = names_of(action, place.name)
        self._meter = Meter(control, clock, action.size)
        self._patience = Patience(control, clock, self._meter)
        self._here = Destination(place, action, self._meter)
        self._refused: list[Output] = []  # files that were not what they should be

    def run(self) -> Done:
        found = self._here.look()
        if found is not None and not self._place.names(self._names.part):
            return self._was_here(found)
        for _ in range(_LOSSES):
            owner = Owner(self._place, self._names.owner, self._clock)
            try:
                self._wait_for(owner)
                return self._owned(owner)
            except Lost:
                continue
            finally:
                owner.release()
        text = f"Another program takes {self._place.path(self._names.part)} from us again and again."
        raise ActionFailed("not_alone", text, "See that only one ComfyUI fetches it, then resume.", pauses=True)

    def _wait_for(self, owner: Owner) -> None:
        while not owner.take():
            status = self._place.status(self._names.part)
            self._meter.at(status.st_size if status else 0, _HERE if owner.here else _ELSEWHERE)
            self._clock.sleep(0.05 if owner.here else 0.2)

    def _owned(self, owner: Owner) -> Done:
        part = Part(self._place, self._names)
        found = self._here.look()
        if found is not None:
            return self._finished(part, found, ours=self._was_killed(part))
        transfer = None
        try:
            part.open(hashed=bool(self._action.sha256))
            transfer = Transfer(self._action, part, owner, self._meter)
            offer, check = self._brought(transfer, owner)
            owner.confirm()
            transfer.commit(ready=True)
            first = self._here.publish(part)
            if first is not None:
                return self._finished(part, first, ours=False)
            part.remove()
            self._sweep()
            size, sha256 = transfer.part.length, transfer.sha256
            return Done(self._outputs(size, sha256), check, f"Now in {self._shown()}", offer=offer.id)
        except Lost:
            raise
        except BaseException:
            with contextlib.suppress(OSError, Lost):
                owner.check()
                _leave(transfer, part)
            raise
        finally:
            part.close()

    # ---- where from --------------------------------------------------------------------------------------

    def _brought(self, transfer: Transfer, owner: Owner) -> tuple[Offer, str]:
        """The offer that gave it, and what is known of it. All of it is in the part."""
        failures: list[ActionFailed] = []
        if not transfer.complete:
            transfer.make_room()
        for offer in self._in_order(transfer):
            transfer.turn_to(offer)
            try:
                return offer, self._from(offer, transfer, owner)
            except OfferFailed as failed:
                failures.append(failed.why)
        if not failures:
            raise ActionFailed("no_source", "The plan names no source for it.", "Make a new plan.")
        raise in_all(failures, self._refused)

    def _in_order(self, transfer: Transfer) -> tuple[Offer, ...]:
        """As planned; but a part that is all there belongs to the one that gave it."""
        offers = self._action.offers
        gave = [one for one in offers if transfer.complete and plain_url(one.url) == transfer.url]
        return (*gave, *(one for one in offers if one not in gave))

    def _from(self, offer: Offer, transfer: Transfer, owner: Owner) -> str:
        """What is known of the file that this offer gives. Raises OfferFailed."""
        if not transfer.part.length:
            recheck(offer, self._action, self._http, self._patience.control)
        once_more = True
        while True:
            bring(transfer, offer, self._http, self._patience)
            touched = self._touched(transfer, owner)
            problem = touched or self._problem(transfer)
            if not problem:
                break
            if not once_more and touched:
                raise ActionFailed("place_changed", touched, "See which program does that, then resume.", pauses=True)
            if not (touched or (transfer.mixed and once_more)):
                raise OfferFailed(self._mismatch(transfer, offer, problem))
            once_more = False  # pieces of two contents, or what a power cut left: from 0, in one go
            transfer.restart()
        if self._action.sha256:
            return VERIFIED
        return SIZE_ONLY if transfer.announced else UNVERIFIABLE

    def _touched(self, transfer: Transfer, owner: Owner) -> str:
        """What to say where another one wrote into the part, so that it holds something else than what came; else ""."""
        part = transfer.part
        part.check(named=True)
        if not (part.touched or owner.doubtful):  # doubtful: whoever had it before may have written, and knew no better
            return ""
        came = transfer.sha256
        transfer.rehash()
        path = self._place.path(self._names.part)
        return "" if transfer.sha256 == came else f"Another program writes into {path} while the file comes."

    def _problem(self, transfer: Transfer) -> str:
        """Why it is not the file that was planned; "" if it is."""
        if self._action.sha256:
            return "" if transfer.sha256 == self._action.sha256 else "its hash (SHA-256) is another one"
        facts = facts_of(transfer.part, self._place.name)
        return facts.problem or "it is damaged" if facts.complete is False else ""

    def _mismatch(self, transfer: Transfer, offer: Offer, problem: str) -> ActionFailed:
        """It is kept aside, and the part begins anew."""
        part, size, sha256 = transfer.part, transfer.part.length, transfer.sha256
        part.seal()
        path = set_aside(self._place, part.names.part, part.names.mismatch)
        self._refused.append(Output(path, False, True, size, sha256))
        part.remove()
        part.open(hashed=False)
        transfer.restart()
        text = (
            f"What {offer.by} sent is not the file that was planned: {problem}. It is kept as {os.path.basename(path)}."
        )
        return ActionFailed(
            "mismatch", text, "Do not use it. Look the file up again, or tell its author.", check=MISMATCH
        )

    # ---- the end -----------------------------------------------------------------------------------------

    def _finished(self, part: Part, found: Found, *, ours: bool) -> Done:
        """It lies there, and what is left of its download is not needed any more. `ours`: we put it there, and were killed."""
        part.close()
        part.remove()
        self._sweep()
        if not ours:
            return self._was_here(found)
        return Done(self._outputs(found.size, found.sha256), found.check, f"Now in {self._shown()}")

    def _was_killed(self, part: Part) -> bool:
        """Whether it was this part that got the final name, and only what comes after was not done any more."""
        gone = self._place.status(part.names.part) is None or self._place.same(part.names.part, self._place.name)
        return gone and part.kept is not None and part.kept.ready

    def _was_here(self, found: Found) -> Done:
        path = self._action.destination
        return Done((Output(path, True, True, found.size, found.sha256),), found.check, "Was here already")

    def _outputs(self, size: int, sha256: str) -> tuple[Output, ...]:
        aside = self._here.moved_aside()
        return (Output(self._action.destination, bool(aside), True, size, sha256), *aside, *self._refused)

    def _sweep(self) -> None:
        """Take away what owners left that were killed while they took over."""
        for name in self._place.names(f"{self._names.owner}."):
            self._place.unlink(name)
        self._place.sync()

    def _shown(self) -> str:
        """ "models/vae"."""
        return "/".join(os.path.dirname(self._action.destination).replace("\\", "/").split("/")[-2:])


def _leave(transfer: Transfer | None, part: Part) -> None:
    """Keep what is here for another time, as well as that is still possible; what is worth nothing is taken away."""
    if part.fileno() < 0 or (transfer is None and os.fstat(part.fileno()).st_size):
        return
    counts = part.still_counts()
    # Without a hash nothing would ever find out what somebody else wrote into it.
    if transfer is not None and counts and (transfer.action.sha256 or not part.touched):
        transfer.commit()
    else:
        part.forget()
