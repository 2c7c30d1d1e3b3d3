""" "Fit this to 8 GB": ranked changes with their effect, sets of them, or the reason why there are none. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...explanation.graph import View
from ...explanation.types import DIFFUSION_MODEL, Anatomy
from ...knowledge import document
from ...workflow.types import Workflow
from ..edit.edited import ViewOf
from ..types import MEMORY, SPEED, UNSURE, Change, Edit, Estimate, Files, NeedsFile, Profile, Tuning
from .builds import Here, Known, tabled
from .models import model_changes
from .pick import LEAST, LOSS, Measured, Picker
from .shapes import shape_changes
from .speed import speed_changes
from .table import Case
from .trial import Measure, Reread, Trials
from .words import effect, faster, over, room, saved, size, stage_saved

_SPENT = ("The workflow is so large that not every change was tried. Tune the new version again to try more.", "")


def _none_here(name: str, folder: str) -> Sequence[tuple[str, int | None]]:
    return ()


def _none_known(name: str, folder: str) -> Sequence[NeedsFile]:
    return ()


def tune(
    anatomy: Anatomy,
    view: View,
    *,
    target: int,
    files: Files,
    reread: Reread,
    profile: Profile | None = None,
    here: Here = _none_here,
    known: Known = _none_known,
    measure: Measure | None = None,
) -> Tuning:
    """What would make the workflow fit `target` bytes of GPU memory, run faster, or both.

    `anatomy`, `view`: of the workflow as it is. `files`: what is known of its files, as for `estimate`.
    `reread`: the anatomy of a Workflow that was read anew (scan and anatomy, with the same catalogue and families);
    every change is really made and estimated. `here(name, folder)`: all files of that folder on this disk as (name,
    bytes); it is judged here which of them are builds of `name`. `known(name, folder)`: files of that folder that
    templates, workflows or look-ups name, as `NeedsFile` with `url` and `said_by`; sizes only where they are known.
    `profile`: the machine, for RAM and kind of GPU; its memory is taken to be `target`. `measure`: for tests.
    """
    against = replace(profile or Profile(), assumed=target)
    trials = Trials(view, anatomy, _reader(view), reread, measure or _measure(against), files)
    before = trials.start.estimate
    case = Case(anatomy, view, files, here, known)
    found: list[Measured] = []
    for change in _excluding([*model_changes(case), *shape_changes(case), *speed_changes(case)]):
        state = trials.after(trials.start, [change])
        if state is not None and (one := _measured(change, before, state.estimate, target)) is not None:
            found.append(one)
    sets = Picker(trials, found, target).variants()
    packs = tuple(_gguf(case, target))
    used = {id for one in sets for id in one.changes}
    found = sorted((one for one in found if one.change.id in used or _worth(one)), key=_rank)
    return Tuning(
        target=target,
        before=before,
        changes=tuple(one.change for one in found),
        variants=sets,
        none="" if sets else _none(anatomy, before, trials, target, packs=bool(packs)),
        advice=(*packs, *_advice(before, target, against), *((_SPENT,) if trials.spent else ())),
    )


def _measure(profile: Profile) -> Measure:
    from ..estimate import estimate

    def measure(anatomy: Anatomy, files: Files) -> Estimate:
        return estimate(anatomy, files=files, profile=profile)

    return measure


def _reader(view: View) -> ViewOf:
    from ...explanation.anatomy.build import view_of

    def read(workflow: Workflow) -> View:
        return view_of(workflow, view.catalogue)

    return read


def _excluding(found: list[Change]) -> list[Change]:
    """Changes that want the same place to become two things exclude each other."""
    places = {one.id: {_place(edit) for edit in one.edits} for one in found}
    return [
        one._replace(
            excludes=tuple(other.id for other in found if other is not one and places[one.id] & places[other.id])
        )
        for one in found
    ]


def _place(edit: Edit) -> tuple[str, str]:
    """What an edit is about. A model's file and how it is loaded are one: it is loaded once."""
    if edit.kind in ("insert", "mode"):
        return edit.node, edit.kind
    return edit.node, "" if edit.kind == "type" or edit.input in ("unet_name", "weight_dtype") else edit.input


def _measured(change: Change, before: Estimate, after: Estimate, target: int) -> Measured | None:
    """The change with its effect in words; None where it lowers nothing at all."""
    time = change.time if change.time is not None else faster(before, after)
    if SPEED not in change.goals:
        time = None
    peak, stage = saved(before, after), stage_saved(before, after)[1]
    if max(peak, stage) < LEAST and time is None:
        return None
    goals = tuple(goal for goal in change.goals if time is not None if goal == SPEED) + tuple(
        goal for goal in change.goals if goal != SPEED and max(peak, stage) >= LEAST
    )
    told = change._replace(
        effect=effect(before, after, change, target), saves=peak or None, time=time, goals=goals or (MEMORY,)
    )
    return Measured(told, peak, over(before, target) - over(after, target), stage, time)


def _worth(one: Measured) -> bool:
    """Whether it is worth proposing alone: lower at the peak, less above the target, or faster."""
    return max(one.peak, one.over) >= LEAST or one.time is not None


def _rank(one: Measured) -> tuple[float, float]:
    """Bytes at the peak, or time, per loss of quality; the best first."""
    cost = 1 + one.loss
    gain = max(one.peak, one.over * 0.5, one.stage * 0.1) / 1e9 + (2 * (1 - one.time) if one.time is not None else 0)
    here = 1.0 if one.change.needs is None or one.change.needs.here else 1.3
    return (-gain / cost / here, LOSS.get(one.change.quality, 2))


# ---- where nothing is offered ---------------------------------------------------------------------------------


def _none(anatomy: Anatomy, before: Estimate, trials: Trials, target: int, *, packs: bool) -> str:
    """In plain words, why there is no variant."""
    if not anatomy.models and before.fit != UNSURE:
        if anatomy.partners:
            return "A paid partner service computes everything: no GPU memory of this machine is wanted."
        return "It loads no model file, so hardly any GPU memory is wanted."
    if before.peak.likely <= 0:
        return before.line or "How much memory it wants is not known, so no change can be judged."
    if not anatomy.models:
        return "Which model it uses is not known, and nothing else in it lowers what it wants."
    if before.fit == UNSURE:
        return "The sizes of its models are not known, and nothing else in it lowers what it wants."
    start = f"It already fits into {room(target)}. " if before.peak.high <= target else ""
    if trials.refused:
        return start + "What would help cannot be changed safely in this file: " + next(iter(trials.refused.values()))
    most = max(before.stages, key=lambda stage: stage.total.likely, default=None)
    weights = f" ({size(most.weights.likely)})" if most is not None else ""
    smaller = (
        "a smaller build of them needs another pack (see the advice)" if packs else "no smaller build of them is known"
    )
    return f"{start}Most of the memory is taken by its models{weights}; {smaller}, and nothing else in it lowers that."


def _gguf(case: Case, target: int) -> Iterator[tuple[str, str]]:
    """The largest GGUF build of the diffusion model that fits, where the nodes that load one are not installed."""
    loaders = document("tuning")["gguf_loaders"]
    for part in case.anatomy.models:
        loader = loaders.get(part.class_type, {}).get("type")
        if part.role != DIFFUSION_MODEL or loader is None or loader in case.view.catalogue.installed:
            continue
        some = [one for folder in part.folders[:1] for one in tabled(part.name, folder) if one.name.endswith(".gguf")]
        fits = [one for one in some if one.size and one.size <= target * 0.9]
        best = max(fits, key=_bytes, default=None) or min(some, key=_bytes, default=None)
        if best is not None and best.size:
            text = f"{best.name} ({size(best.size)}) is the same model as {part.name}, packed smaller."
            yield f"{text} It needs the pack ComfyUI-GGUF. Install it, then tune again.", f"{best.said_by}: {best.url}"


def _bytes(one: NeedsFile) -> int:
    return one.size or 0


def _advice(before: Estimate, target: int, profile: Profile) -> tuple[tuple[str, str], ...]:
    """Flags of ComfyUI that would help; no change of the workflow."""
    when = {
        "offload": before.peak.high > target,
        "tight": before.floor.high > target * 0.8,
        "ram": profile.ram_total is not None and before.ram.likely > profile.ram_total * 0.9,
        "speed": before.compute is not None and (profile.device is None or profile.device.kind == "cuda"),
    }
    return tuple(
        (one["text"], f"{one['source']}: {one['url']}") for one in document("tuning")["advice"] if when.get(one["when"])
    )
