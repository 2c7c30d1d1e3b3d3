"""The sentences about effects, of numbers that were estimated. Pure."""

from __future__ import annotations

from ..types import GB, SPEED, Change, Estimate, NeedsFile
from .trial import largest

_LEAST_SAID = 50_000_000  # bytes: less is not worth a word


def size(bytes_: int) -> str:
    """ "6.7 GB", "350 MB"."""
    return f"{bytes_ / GB:.1f} GB" if bytes_ >= 0.95 * GB else f"{round(bytes_ / 1e7) * 10} MB"


def room(bytes_: int) -> str:
    """A size that somebody asked for: "8 GB", "7.5 GB"."""
    return f"{bytes_ / GB:g} GB" if round(bytes_ / GB, 1) == bytes_ / GB else size(bytes_)


def effect(before: Estimate, after: Estimate, change: Change, target: int) -> str:
    """What the change alone does, in one or two sentences."""
    said = [one for one in (_memory(before, after, target), _time(before, after, change), _file(change.needs)) if one]
    return " ".join(said)


def saved(before: Estimate, after: Estimate) -> int:
    """Bytes less at the peak, as is most likely; 0 where it does not fall."""
    return max(0, before.peak.likely - after.peak.likely)


def stage_saved(before: Estimate, after: Estimate) -> tuple[str, int]:
    """The stage that falls most, and by how many bytes."""
    old, new = _largest_by_key(before), _largest_by_key(after)
    key = max(old, key=lambda one: old[one] - new.get(one, 0), default="")
    return (key, max(0, old[key] - new.get(key, 0))) if key else ("", 0)


def over(found: Estimate, target: int) -> int:
    """How far the stages stand above the target, all of them together, in bytes: what ComfyUI has to keep outside."""
    beside = found.peak.likely - largest(found.stages).likely
    return sum(max(0, stage.total.likely + beside - target) for stage in found.stages)


def faster(before: Estimate, after: Estimate) -> float | None:
    """The factor on the time of sampling; None where it is not known or does not change."""
    if not before.compute or not after.compute:
        return None
    factor = after.compute / before.compute
    return factor if factor < 0.99 else None


def instead(before: Estimate, after: Estimate) -> str:
    """ ": 13.4 GB instead of 25.3 GB", or " of 6.1 GB" where both read the same."""
    old, new = size(before.peak.likely), size(after.peak.likely)
    return f": {new} instead of {old}" if old != new else f" of {old}"


def fitting(before: Estimate, after: Estimate, target: int) -> tuple[list[str], list[str]]:
    """The stages that want more than the target now, in words: those that no longer do, and those that are gone."""
    old, new = _largest_by_key(before), _largest_by_key(after)
    beside = before.peak.likely - largest(before.stages).likely
    over_ = [key for key, most in old.items() if most + beside > target]
    fits = [_DOING.get(key, "another step") for key in over_ if key in new and new[key] + beside <= target]
    return fits, [_DOING.get(key, "another step") for key in over_ if key not in new]


def _largest_by_key(found: Estimate) -> dict[str, int]:
    return {key: largest([one for one in found.stages if one.key == key]).likely for key in _keys(found)}


_DOING = {
    "text": "reading the text",
    "sample": "sampling",
    "encode": "encoding",
    "decode": "decoding",
    "upscale": "upscaling",
}


def _keys(found: Estimate) -> list[str]:
    return list(dict.fromkeys(stage.key for stage in found.stages))


_STAGES = {
    "text": "while the text is read",
    "sample": "while sampling",
    "encode": "while encoding",
    "decode": "while decoding",
    "upscale": "while upscaling",
    "other": "in another step",
}


def _memory(before: Estimate, after: Estimate, target: int) -> str:
    less, (key, part) = saved(before, after), stage_saved(before, after)
    where = _STAGES.get(key, "in one step")
    if less >= _LEAST_SAID and part > 2 * less:
        return f"About {size(part)} less GPU memory {where}, and {size(less)} less at the peak{instead(before, after)}."
    if less >= _LEAST_SAID:
        return f"About {size(less)} less GPU memory at the peak{instead(before, after)}."
    if part >= _LEAST_SAID:
        return f"About {size(part)} less GPU memory {where}; another step wants more, so the peak stays."
    return "The memory stays as it is." if faster(before, after) is not None else ""


def _time(before: Estimate, after: Estimate, change: Change) -> str:
    factor = change.time if change.time is not None else faster(before, after)
    if factor is None or SPEED not in change.goals:
        return ""
    return f"Sampling takes about {round(factor * 100)} % of the time."


def _file(needs: NeedsFile | None) -> str:
    if needs is None:
        return ""
    known = f" ({size(needs.size)})" if needs.size else ""
    return f"The file is here{known}." if needs.here else f"A file has to be downloaded{known}."
