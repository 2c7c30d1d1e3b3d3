"""Sets of changes that go together: the best quality, the fastest, the safest that a size of memory allows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..types import QUALITY, SAFETY, SPEED, UNSURE, Change, Estimate, Variant
from .trial import State, Trials
from .words import faster, fitting, instead, over, room, saved, size, stage_saved

LOSS = {"same": 0.0, "better": 0.0, "slightly lower": 1.0, "unknown": 2.0, "lower": 4.0}
LEAST = 50_000_000  # bytes: a change that saves less is none
_MOST = 12  # changes of one variant
_WORTH = {0.0: 0.0, 1.0: 0.04, 2.0: 0.04, 4.0: 0.1}  # loss → the share of the peak that it has to save
_NOT_FAST = ("encoder.cpu",)  # saves memory and costs time


class Measured(NamedTuple):
    """A change and what it does alone. `peak`: bytes less at the peak; `over`: bytes less above the target, all stages
    together; `stage`: bytes less in the stage that falls most."""

    change: Change
    peak: int
    over: int
    stage: int
    time: float | None

    @property
    def loss(self) -> float:
        """What it costs in quality, as a number to sort by."""
        return LOSS.get(self.change.quality, 2.0)


def lower(before: Estimate, after: Estimate) -> bool:
    """Whether an estimate is lower: less at the peak; or, with the same peak, less in a stage or less to compute."""
    if saved(before, after) >= LEAST:
        return True
    less = stage_saved(before, after)[1] >= LEAST or faster(before, after) is not None
    return after.peak.likely <= before.peak.likely and less


_Picked = tuple[State, list[Change]]
_Enough = Callable[[Estimate], bool]


class Picker:
    """Makes the variants of one workflow. `found`: changes that can be made, each with what it does alone."""

    def __init__(self, trials: Trials, found: Sequence[Measured], target: int) -> None:
        self._trials, self._found, self._target = trials, found, target

    def variants(self) -> tuple[Variant, ...]:
        """Up to three, each with a lower estimate than before."""
        found: list[Variant] = []
        for key, pick in ((QUALITY, self._quality), (SPEED, self._speed), (SAFETY, self._safety)):
            self._add(found, key, *pick())
        if not found:  # however little: the person asked for it
            state, taken = self._lowered()
            good = all(LOSS.get(one.quality, 2.0) <= LOSS["slightly lower"] for one in taken)
            self._add(found, QUALITY if good else SAFETY, state, taken)
        return tuple(found)

    def _add(self, found: list[Variant], key: str, state: State, taken: list[Change]) -> None:
        start = self._trials.start.estimate
        ids = tuple(one.id for one in taken)
        if not taken or not lower(start, state.estimate):
            return
        if key == SPEED and faster(start, state.estimate) is None and saved(start, state.estimate) < LEAST:
            return  # nothing in it is faster
        twin = next((one for one in found if set(one.changes) == set(ids)), None)
        if twin is not None:
            why = f"The same changes as for {twin.title.lower()}. {twin.why}"
            found.append(twin._replace(key=key, title=_TITLES[key], why=why))
            return
        whole = self._trials.whole(taken)
        if whole is not None:
            found.append(
                Variant(key, _TITLES[key], _why(start, whole.estimate, self._target, taken), ids, whole.estimate)
            )

    # ---- the three ways to choose ---------------------------------------------------------------------------

    def _quality(self) -> _Picked:
        """The least loss first, until it most likely fits."""
        return self._take(self._sorted(self._found), self._fits, most_loss=LOSS["slightly lower"])

    def _safety(self) -> _Picked:
        """The same, until the high end of the estimate fits, with any loss, and with whatever saves a little."""
        return self._take(self._sorted(self._found), self._surely_fits, most_loss=LOSS["lower"], every=True)

    def _speed(self) -> _Picked:
        """What saves time without a large loss, then what it takes to fit."""
        fast = [one for one in self._found if one.time is not None and one.loss <= LOSS["slightly lower"]]
        begun = self._take(sorted(fast, key=lambda one: one.time or 1), lambda _: False, most_loss=1, for_time=True)
        rest = [one for one in self._found if one.change.id not in _NOT_FAST]
        return self._take(self._sorted(rest), self._fits, most_loss=LOSS["slightly lower"], begun=begun)

    def _sorted(self, found: Sequence[Measured]) -> list[Measured]:
        def rank(one: Measured) -> tuple[float, ...]:
            fetched = one.change.needs is not None and not one.change.needs.here
            return (one.loss, -round(one.peak, -8), -round(one.over, -8), fetched, -one.stage)

        return sorted(found, key=rank)

    def _fits(self, found: Estimate) -> bool:
        return found.peak.likely <= self._target

    def _surely_fits(self, found: Estimate) -> bool:
        return found.peak.high <= self._target

    # ---- taking one after the other -------------------------------------------------------------------------

    def _take(
        self, order: Sequence[Measured], enough: _Enough, *, most_loss: float, for_time: bool = False,
        every: bool = False, begun: _Picked | None = None,
    ) -> _Picked:  # fmt: skip
        """Takes changes while each gains something, until it is enough. What gains nothing at first may do so later:
        the stage that was largest is not the same any more. `every`: also what saves too little to be worth a loss."""
        state, taken = begun or (self._trials.start, [])
        waiting = [one for one in order if one.loss <= most_loss and one.change not in taken]
        going = True
        while going:
            going = False
            for one in list(waiting):
                if len(taken) == _MOST or enough(state.estimate):
                    return state, taken
                if _excluded(one.change, taken):
                    waiting.remove(one)
                    continue
                new = self._trials.after(state, [one.change], taken)
                if new is None:
                    waiting.remove(one)
                elif self._gains(state.estimate, new.estimate, one, for_time, every):
                    state, taken, going = new, [*taken, one.change], True
                    waiting.remove(one)
                    break
        return state, taken

    def _gains(self, before: Estimate, after: Estimate, one: Measured, for_time: bool, every: bool) -> bool:
        if for_time:
            return faster(before, after) is not None or one.change.time is not None
        worth = 0 if every and one.loss <= LOSS["slightly lower"] else _WORTH.get(one.loss, 0.1)
        least = max(LEAST, round(before.peak.likely * worth))
        less_over = over(before, self._target) - over(after, self._target)
        return saved(before, after) >= least or (one.loss <= 1 and less_over >= max(least, 200_000_000))

    def _lowered(self) -> _Picked:
        """The one change of the least loss that lowers the peak."""
        for one in sorted(self._found, key=lambda one: (one.loss, -one.peak)):
            new = self._trials.after(self._trials.start, [one.change]) if one.peak >= LEAST else None
            if new is not None:
                return new, [one.change]
        return self._trials.start, []


def _excluded(change: Change, taken: Sequence[Change]) -> bool:
    return any(change.id in other.excludes or other.id in change.excludes for other in taken)


# ---- words --------------------------------------------------------------------------------------------------

_TITLES = {QUALITY: "Best quality", SPEED: "Fastest", SAFETY: "Safest"}


def _why(before: Estimate, after: Estimate, target: int, taken: Sequence[Change]) -> str:
    said = [_memory(before, after, target)]
    time = faster(before, after)
    if time is not None and not any(one.id.startswith("batch") for one in taken):  # fewer pictures: no fair comparison
        said.append(f"Sampling takes about {round(time * 100)} % of the time.")
    return " ".join(said)


def _memory(before: Estimate, after: Estimate, target: int) -> str:
    less = saved(before, after)
    wanted = f"About {size(less)} less GPU memory at the peak{instead(before, after)}" if less >= LEAST else ""
    if before.peak.high <= target:
        return f"It fits into {room(target)} as it is" + (
            f"; this gives more room: {wanted[0].lower()}{wanted[1:]}." if wanted else "."
        )
    if not wanted:
        wanted = f"It still wants about {size(after.peak.likely)} at the peak"
    if after.fit == UNSURE:
        return (
            f"{wanted}. Not all sizes of its files are known, so whether that fits into {room(target)} cannot be told."
        )
    if after.peak.high <= target:
        return f"{wanted}, which is below {room(target)} even at the high end of the estimate."
    if after.peak.likely <= target:
        return f"{wanted}, which most likely fits into {room(target)}."
    end = f"{wanted}. That is more than {room(target)}, so ComfyUI keeps a part of the weights in RAM, which is slower."
    now, gone = fitting(before, after, target)
    if now:
        end += f" {_listed(now).capitalize()} then {'fit' if now[1:] else 'fits'} into {room(target)}."
    if gone:
        end += f" {_listed(gone).capitalize()} then {'take' if gone[1:] else 'takes'} no GPU memory."
    return end


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + (" and " if words[:-1] else "") + "".join(words[-1:])
