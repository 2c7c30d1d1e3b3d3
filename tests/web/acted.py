"""States of the panel in which a plan was made, runs, or has run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from comfyfixersmart.core.actions.types import COMMAND
from comfyfixersmart.core.readiness.types import BLOCKED, RUNNABLE, Distance
from comfyfixersmart.core.reports.types import Change, Entry

base = sys.modules["panel_scenarios"]  # it loads this file
samples, verdicts, plans, runs, acting = base.samples, base.verdicts, base.plans, base.runs, base.acting
NOW: float = samples.NOW
MISSING = plans.WORKFLOW
SLUG = "video-heron-much-is-missing"


def scenario(acts: Any = None, *entries: Entry, **more: Any) -> Any:
    """The library with the workflow that lacks much, looked up already."""
    given = {"lookup": {**base.ASKED, "looked": True}, **more}
    return base.Scenario(base._with_missing(*(entries or (verdicts.missing(),))), acts=acts, **given)


def key_of(name: str) -> str:
    return str(verdicts.found()[name].key)


def planned(*actions: Any, **more: Any) -> Any:
    """The usual plan; what it leaves out leads to the open question of the page, and the choice has its candidates."""
    chosen = verdicts.found()["4x-FineGrain_old.pth"].candidates[0].candidate
    first = plans.upscaler()
    ours = replace(first, offers=(first.offers[0]._replace(id=chosen.id),))
    usual = (plans.moved(), plans.relinked(), plans.text_encoder(), ours, plans.pack())
    return scenario(
        acting.Acting(plans.plan(*(actions or usual), left_out=plans.left_out(key_of("4x-FineGrain.pth")), **more))
    )


def local_only() -> Any:
    """Everything that is missing lies on this disk in a wrong folder: no look-up is needed."""
    one = verdicts.missing()
    ready = one.readiness._replace(findings=(samples.misplaced(1, 1),), distance=Distance(local=1))
    acts = acting.Acting(plans.plan(plans.moved(), left_out=(), volumes=()))
    return base.Scenario(base._with_missing(replace(one, readiness=ready)), acts=acts)


def unsettled() -> Any:
    """Nothing that was looked up is certain, and nothing is here."""
    one = verdicts.missing()
    keep = ("4x-FineGrain.pth", "heron2.2_i2v_quickstep_4steps_lora_v1_high_noise.safetensors")
    findings = tuple(each for each in one.readiness.findings if each.name in keep)
    entry = replace(one, readiness=one.readiness._replace(findings=findings, distance=Distance(2, 100, 2)))
    return scenario(None, entry)


def runnable(name: str = MISSING) -> Entry:
    """The workflow after the run."""
    one = verdicts.missing()
    ready = one.readiness._replace(workflow=name, status=RUNNABLE, findings=(), distance=Distance())
    change = Change(NOW - 300, BLOCKED, RUNNABLE, "", None)
    graph = samples.graph(samples.random.Random(11), 0, 26)
    return replace(one, name=name, readiness=ready, change=change, graph=graph)


def after(**more: Any) -> Any:
    """A run is over, the workflows were checked again, and four others run since."""
    library = base.changed()
    turned, rest = [], []
    for one in library.entries:
        if one.readiness.status == BLOCKED and len(turned) < 4:
            ready = one.readiness._replace(status=RUNNABLE, findings=(), distance=Distance())
            turned.append(replace(one, readiness=ready, change=Change(NOW - 300, BLOCKED, RUNNABLE, "", None)))
        else:
            rest.append(one)
    run = runs.finished(**{"started": NOW - 700, "ended": NOW - 500, "needs_restart": False, **more})
    acts = acting.Acting(run=run, lines=runs.journal())
    new = runnable(MISSING.replace(".json", ".v2.json"))
    found = (new, verdicts.missing(), *turned, *rest)
    whole = base.Library(library.when, library.place, found, library.unlock)
    return base.Scenario(whole, acts=acts, lookup={**base.ASKED, "looked": True})


def with_run(run: Any) -> Callable[[], Any]:
    return lambda: scenario(acting.Acting(run=run()))


def hidden(run: dict[str, Any]) -> dict[str, Any]:
    """Another person's run: how far it is, and no name of anything."""
    return {**run, "digest": "", "actor": "", "workflows": [], "actions": [], "can_resume": False}


MAKE: dict[str, Callable[[], Any]] = {
    "planned": planned,
    "planned-local": local_only,
    "unsettled": unsettled,
    "planned-none": lambda: scenario(acting.Acting(replace(plans.plan(), actions=(), volumes=()))),
    "planned-by-hand": lambda: planned(plans.pack(COMMAND), plans.enabled(), volumes=()),
    "planned-mixed": lambda: planned(
        plans.moved(),
        replace(plans.text_encoder(), size=None, sha256=None),
        plans.upscaler(risks=(plans.PICKLE, plans.REAL_PERSON)),
        plans.pack(COMMAND),
        volumes=(plans.DISK, plans.Volume("/mnt/large", 4_000_000_000_000, 90_000_000_000, 40_000_000_000)),
    ),
    "planned-many": lambda: planned(
        *plans.many().actions, workflows=plans.many().workflows, volumes=plans.many().volumes
    ),
    "planned-hostile": lambda: scenario(acting.Acting(plans.hostile(samples.HOSTILE))),
    "run-half": with_run(runs.halfway),
    "run-troubled": lambda: scenario(acting.Acting(runs.troubled_plan(), run=runs.troubled())),
    "run-interrupted": with_run(runs.interrupted),
    "run-restart": with_run(lambda: runs.finished(started=NOW - 60, ended=NOW)),
    "run-foreign": with_run(lambda: hidden(runs.halfway())),
    "run-many": with_run(lambda: runs.run_of(plans.many())),
    "run-hostile": with_run(lambda: runs.hostile_run(samples.HOSTILE)),
    "after": after,
    "journal": lambda: scenario(acting.Acting(lines=runs.journal())),
    "journal-none": lambda: scenario(acting.Acting()),
    "journal-damaged": lambda: scenario(acting.Acting(lines=runs.journal(), damage=(12, 40, 41))),
    "journal-long": lambda: scenario(acting.Acting(lines=runs.long_journal())),
    "journal-hostile": lambda: scenario(acting.Acting(lines=runs.hostile_journal(samples.HOSTILE))),
}
