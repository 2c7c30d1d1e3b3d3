"""Proposals that save time: fewer steps, a LoRA that makes few steps enough, switches that the author built in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...explanation.facts import practice
from ...explanation.graph import Given
from ...explanation.types import CHECKPOINT, DIFFUSION_MODEL, LORA, Sampling
from ...knowledge import document
from ...workflow.raw import Json
from ..types import MEMORY, SAFETY, SPEED, Change, Edit, NeedsFile
from .builds import same_words
from .table import Case, proposal, usual

_FEW = 12  # steps: a model that is run with so few is distilled already
_LOADERS = {"UNETLoader", "CheckpointLoaderSimple", "UnetLoaderGGUF"}
_LORA_LOADER = "LoraLoaderModelOnly"


def speed_changes(case: Case) -> Iterator[Change]:
    """All of them."""
    yield from _switches(case)
    yield from _distilled(case)
    yield from _steps(case)


def _steps_of(sampling: Sampling) -> int | None:
    value = sampling.steps.value if sampling.steps is not None and sampling.steps.input else None
    return value if type(value) is int and 0 < value <= 1_000 else None


def _is_distilled(case: Case) -> bool:
    """Whether a model or LoRA in use needs few steps only."""
    models = case.anatomy.models
    named = [one for one in models if one.role in (DIFFUSION_MODEL, CHECKPOINT)]
    said = [practice.profile(one.family, one.name) for one in named]
    return any(one is not None and one.distilled == "steps" for one in said) or any(
        practice.accelerator(one.name) is not None for one in models if one.role in (DIFFUSION_MODEL, LORA)
    )


# ---- fewer steps --------------------------------------------------------------------------------------------


def _steps(case: Case) -> Iterator[Change]:
    """One change for all passes, where each goes all the way; to the lower end of what is usual."""
    own = usual(case.anatomy)
    found: dict[Given, int] = {}
    for sampling in case.anatomy.samplings:
        steps = _steps_of(sampling)
        if steps is None or sampling.steps is None or sampling.first_step or sampling.last_step:
            return
        if own.steps is not None and steps > max(own.steps[0], _FEW) and sampling.steps.input:
            found[sampling.steps] = steps
    if own.steps is None or not found or own.few or _is_distilled(case):
        return
    low, high = own.steps
    after = max(low, _FEW)
    edits = tuple(Edit("value", given.node, given.input, before, after) for given, before in found.items())
    source, url = own.source("steps")
    words = {
        "before": max(found.values()),
        "after": after,
        "low": low,
        "high": high,
        "model": own.label,
        "source": source,
    }
    yield proposal("steps", "steps", edits, (SPEED,), words, url=url)


# ---- a distilled LoRA ---------------------------------------------------------------------------------------


def _distilled(case: Case) -> Iterator[Change]:
    """For one model and one pass over all steps."""
    samplings = case.anatomy.samplings
    if not samplings or _is_distilled(case) or any(one.first_step or one.last_step for one in samplings):
        return
    parts = [one for one in case.anatomy.models if one.role in (DIFFUSION_MODEL, CHECKPOINT) and one.samplers]
    if len({part.node for part in parts}) != 1 or parts[0].class_type not in _LOADERS:
        return
    row = next((one for one in document("tuning")["distilled"] if _meant(one, parts[0].name)), None)
    if row is None or case.view.catalogue.get(_LORA_LOADER) is None:
        return
    edits: list[Edit] = []
    steps = 0
    for sampling in samplings:
        own = _settings(sampling, row)
        if own is None:
            return
        edits += own
        steps = max(steps, _steps_of(sampling) or 0)
    needs = _file(case, row)
    values = (("lora_name", needs.name), ("strength_model", 1.0))
    edits.append(Edit("insert", parts[0].node, "model", parts[0].class_type, _LORA_LOADER, values))
    words = {"lora": needs.name, "before": steps, "after": row["steps"], "source": row["source"]}
    yield proposal("distilled", f"distilled.{needs.name}", tuple(dict.fromkeys(edits)), (SPEED,), words, needs=needs,
                   url=row["page"])  # fmt: skip


def _meant(row: Mapping[str, Any], name: str) -> bool:
    own = _plain(name)
    return own.startswith(_plain(row["model"])) and not any(_plain(word) in own for word in row.get("not", ()))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "_", text.replace("\\", "/").rpartition("/")[2].lower())


def _settings(sampling: Sampling, row: Mapping[str, Any]) -> list[Edit] | None:
    """The values that the LoRA wants; None where one of them cannot be set."""
    steps = _steps_of(sampling)
    if steps is None or steps <= row["steps"] or steps <= _FEW:
        return None
    wanted: list[tuple[Given | None, Json]] = [(sampling.steps, row["steps"]), (sampling.cfg, row["cfg"])]
    wanted += [(getattr(sampling, key), row[key]) for key in ("sampler", "scheduler") if key in row]
    edits = []
    for given, value in wanted:
        if given is None or given.value is None or not given.input:  # worked out: no single input holds it
            return None
        if given.value != value:
            edits.append(Edit("value", given.node, given.input, given.value, value))
    return edits


def _file(case: Case, row: Mapping[str, Any]) -> NeedsFile:
    """The LoRA as it lies here, under whatever name of it; else where it can be had."""
    words = same_words(row["lora"])
    for name, size in case.here(row["lora"], "loras"):
        if same_words(name) == words:
            return NeedsFile(name, "loras", True, size)
    return NeedsFile(row["lora"], "loras", False, None, row["url"], row["source"])


# ---- the author's switches ----------------------------------------------------------------------------------


def _switches(case: Case) -> Iterator[Change]:
    """Switches whose title says what they are for, where the other way saves. Whether it does is measured."""
    seen: set[tuple[str, str]] = set()
    for switch in case.anatomy.switches:
        given = switch.given
        if given is None or not given.input or type(given.value) is not bool or (given.node, given.input) in seen:
            continue
        seen.add((given.node, given.input))
        node = case.view.by_id.get(given.node)
        title = " ".join((switch.title, node.title if node is not None else "")).lower()
        line = next(
            (one for one in document("tuning")["switches"] if any(word in title for word in one["words"])), None
        )
        if line is None or given.value is line["turn"]:
            continue
        words = {
            "before": _quoted(node.title if node is not None else switch.title),
            "after": "on" if line["turn"] else "off",
            "why": line["why"],
        }
        edit = Edit("value", given.node, given.input, given.value, line["turn"])
        yield proposal(
            "switch", f"switch.{given.node}", (edit,), (SPEED, MEMORY, SAFETY), words, quality=line["quality"]
        )


def _quoted(title: str) -> str:
    return f'"{title}"'
