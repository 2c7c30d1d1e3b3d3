"""One offer until all of it is here: tries, pauses between them, and what is tried again at all."""

from __future__ import annotations

import random
from urllib.parse import urlsplit

from ...http import Clock, Http, NoAnswer
from ..types import Action, ActionFailed, Control, Offer
from .announce import accepted, linked
from .failures import OfferFailed, changed, no_answer, passes, unusable
from .transfer import Again, Meter, Transfer

TRIES = 5  # without a byte more than ever before
ENOUGH = 1 << 20  # bytes of a try that got somewhere
CRUMBS = 50  # tries in a row that brought less than that: with 1 byte each time there would be no end
WAITED = 5  # how many of those one counts for whose time was over
_HASTE = 5  # of those, for each doubling of the pause
LONGEST = 300.0  # seconds that we wait for a source that asks for rest
_SLICE = 0.25  # seconds between two looks at whether the person stopped it
_PORTS = {"https": 443, "http": 80}


class Patience:
    """Waits, in slices."""

    def __init__(self, control: Control, clock: Clock, meter: Meter) -> None:
        self.control = control
        self.clock = clock
        self._meter = meter

    def wait(self, seconds: float, done: int, note: str) -> None:
        """Raises Stopped."""
        end = self.clock.steady() + seconds
        while (left := end - self.clock.steady()) > 0:
            self._meter.at(done, note)
            self.clock.sleep(min(left, _SLICE))
        self.control.check()


class _Tries:
    """How many there were in a row: without a byte more than ever before, and with hardly any."""

    def __init__(self) -> None:
        self.failures = self.crumbs = 0

    def count(self, gained: int, failed: NoAnswer | None) -> None:
        """One more, and how many bytes it brought."""
        self.failures = 0 if gained else self.failures + 1
        more = WAITED if failed is not None and failed.code == "timeout" else 1
        self.crumbs = 0 if gained >= ENOUGH else self.crumbs + more

    @property
    def over(self) -> bool:
        return self.failures >= TRIES or self.crumbs >= CRUMBS

    def pause(self, error: NoAnswer, clock: Clock) -> float:
        """Seconds: at least 1, longer each time, spread so that not all come back at once, and as long as the source asks for."""
        doublings = max(self.failures - 1, self.crumbs // _HASTE - 1, 0)
        usual = float(min(30.0, 2.0**doublings) * random.uniform(1.0, 1.5))
        return usual if error.until is None else max(usual, error.until - clock.now())


def recheck(offer: Offer, action: Action, http: Http, control: Control) -> None:
    """Ask the sources that tell a hash at once whether it is still the one that was planned. Raises OfferFailed, Stopped.

    No answer is none: the transfer itself will say what is wrong.
    """
    try:
        told = linked(offer, http)
    except NoAnswer:
        control.check()
        return
    if action.sha256 and told.sha256 and told.sha256 != action.sha256:
        raise OfferFailed(changed(offer, "a file with another hash"))


def bring(transfer: Transfer, offer: Offer, http: Http, patience: Patience) -> None:
    """All bytes, from this offer. Each try begins at its own address: where that leads to is signed, and ends some time.

    Raises OfferFailed, ActionFailed, Stopped, Lost, OSError.
    """
    tries, restarts, absent = _Tries(), 0, 0
    while not transfer.complete:
        highest = transfer.highest
        try:
            _once(transfer, offer, http, patience.control)
            failed = None
        except NoAnswer as error:
            patience.control.check()
            if error.code == "cancelled":
                raise
            failed = error
        except Again as again:
            transfer.restart()
            restarts += 1
            transfer.by_hash_alone = bool(transfer.action.sha256) and again.changed
            if restarts > 1:
                what = changed(offer, "it is another file each time") if again.changed else unusable(offer, str(again))
                raise OfferFailed(what) from None
            continue
        tries.count(transfer.highest - highest, failed)
        if failed is None and not tries.failures and not tries.over:
            continue  # it gave a part, as some do; there is more
        failed = failed or NoAnswer("cut_off", "the connection ended before the end of the file")
        if _absent(failed) and absent < 1:
            absent += 1  # Civitai says so now and then of files that it has
        elif not (passes(failed) or _elsewhere(failed, offer)):
            raise OfferFailed(no_answer(failed, offer))
        if failed.code == "unexpected_shape" and tries.failures == 2 and transfer.part.length and not restarts:
            transfer.restart()  # it may be the range that it cannot answer
            restarts += 1
        pause = tries.pause(failed, patience.clock)
        if tries.over or pause > LONGEST:
            raise OfferFailed(_given_up(failed, offer))
        patience.wait(pause, transfer.part.length, f"waiting for {offer.by}")


def _once(transfer: Transfer, offer: Offer, http: Http, control: Control) -> None:
    start = transfer.start()
    try:
        if_range = transfer.if_range if start else ""
        with http.fetch(
            offer.url, start=start, if_range=if_range, accept=accepted(offer), on_open=control.on_stop
        ) as stream:
            transfer.receive(stream, offer)
    except NoAnswer as error:
        if start and error.code == "unexpected_shape" and error.status is not None:
            raise Again(error.message) from None  # several parts, or lengths that contradict each other
        raise
    finally:
        control.on_stop(None)


def _absent(error: NoAnswer) -> bool:
    return error.code == "unexpected_status" and error.status == 404


def _elsewhere(error: NoAnswer, offer: Offer) -> bool:
    """Whether the storage that we were sent on to refused it: its address has ended, or it is out of order."""
    try:
        parts = urlsplit(offer.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        own = {host, f"{host}:{parts.port or _PORTS.get(parts.scheme)}"}
    except ValueError:
        return False
    return error.code == "unexpected_status" and error.status in (400, 403) and error.host not in own


def _given_up(error: NoAnswer, offer: Offer) -> ActionFailed:
    if passes(error):
        return no_answer(error, offer)
    text = f"{offer.by} sent us on to a storage that refused the file: {error.message}."
    return ActionFailed("server_error", text, "What is here is kept. Resume later.", pauses=True)
