"""Runs and journals with invented names, in the very shapes that the real routes give."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from comfyfixersmart.core.actions.entries import Entry
from comfyfixersmart.core.actions.running.board import Board
from comfyfixersmart.core.actions.types import (
    COMMAND,
    DONE,
    DOWNLOAD,
    FAILED,
    PAUSED,
    RUNNING,
    VERIFIED,
    WAITS,
    Action,
    Output,
    Plan,
    as_json,
)

plans = sys.modules["panel_plans"]  # scenarios.py has loaded it
moved, relinked, text_encoder, upscaler, pack = (
    *(plans.moved, plans.relinked, plans.text_encoder, plans.upscaler, plans.pack),
)
NOW, MODELS, WORKFLOW, PICKLE = plans.NOW, plans.MODELS, plans.WORKFLOW, plans.PICKLE
Json = dict[str, Any]


def run_of(made: Plan, **more: Any) -> Json:
    """The run of a plan as it begins, in the very shape that the board gives."""
    body = Board(made, lambda: 0.0).as_json()
    given: Json = {
        "id": "20261117-174900-00112233",
        "digest": as_json(made)["digest"],
        "actor": "panel",
        "started": NOW - 60,
        "ended": None,
        "workflows": list(made.workflows),
        "can_resume": False,
    }
    return {**given, **body, "state": RUNNING, **more}


def at(run: Json, id: str, state: str, **more: Any) -> Json:
    """The run with one action as it stands now; its counts follow."""
    actions = [{**one, "state": state, **more} if one["id"] == id else one for one in run["actions"]]
    downloads = [one for one in actions if one["kind"] == DOWNLOAD]
    return {
        **run,
        "actions": actions,
        "done": sum(one["state"] == DONE for one in actions),
        "failed": sum(one["state"] == FAILED for one in actions),
        "bytes": sum(one["bytes"] for one in downloads),
    }


def halfway() -> Json:
    """As in the picture that the panel is to beat: three of five are done, a large file is on its way."""
    run = at(run_of(plans.plan()), "aa00000001", DONE, text="Now in models/vae")
    run = at(run, "aa00000002", DONE, text="Written beside the original")
    run = at(run, "aa00000004", DONE, check=VERIFIED, bytes=67_000_000)
    run = at(run, "aa00000003", RUNNING, bytes=4_243_621_345, speed=48e6, left=52.0)
    return {**run, "speed": 48e6, "left": 52.0}


def finished(**more: Any) -> Json:
    """All of it done, a restart needed."""
    run = at(halfway(), "aa00000003", DONE, check=VERIFIED, bytes=6_735_906_897, speed=None, left=None)
    run = at(run, "aa00000005", DONE, text="Installed by ComfyUI-Manager 4.3")
    return {
        **run,
        "state": DONE,
        "ended": NOW,
        "speed": None,
        "left": None,
        "needs_restart": True,
        **more,
    }


def error(code: str, message: str, hint: str = "") -> Json:
    return {"code": code, "message": message, "hint": hint}


def troubled_plan() -> Plan:
    names = ("gated", "gone", "mismatch", "sized", "unsized", "paused")
    made = (
        replace(text_encoder(), id=f"bb0000000{at}", title=f"osprey_{name}.safetensors")
        for at, name in enumerate(names)
    )
    return plans.plan(*made, pack(COMMAND))  # type: ignore[no-any-return]


def troubled() -> Json:
    """Whatever can go wrong, each with its way on."""
    made = troubled_plan()
    run = run_of(made)
    key = error(
        "gated", "Hugging Face gives it only to people who accepted its terms.", "Accept the terms on its page, then enter your key for Hugging Face."
    )  # fmt: skip
    gone = error("not_found", "Hugging Face does not have it under this address any more.", "Look it up again.")
    other = error("mismatch", "What Hugging Face sent is not the file that was planned.", "It is kept aside.")
    full = error("disk_full", "/srv/comfy/models: the disk is full, or your share of it.", "Free some space, then resume. What is here is kept.")  # fmt: skip
    run = at(run, "bb00000000", FAILED, error=key)
    run = at(run, "bb00000001", FAILED, error=gone)
    run = at(run, "bb00000002", FAILED, error=other, check="mismatch")
    run = at(run, "bb00000003", DONE, check="size_only", bytes=6_735_906_897)
    run = at(run, "bb00000004", DONE, check="unverifiable", bytes=6_735_906_897)
    run = at(run, "bb00000005", PAUSED, error=full, bytes=900_000_000)
    run = at(run, "aa00000005", FAILED, error=error("by_hand", "To be done by hand", made.actions[-1].pack.command))  # type: ignore[union-attr]
    return {**run, "state": PAUSED, "can_resume": True}


def interrupted() -> Json:
    run = at(halfway(), "aa00000003", PAUSED, speed=None, left=None, note="It was at this when ComfyUI ended.")
    return {**run, "state": "interrupted", "can_resume": True, "speed": None, "left": None}


def hostile_run(payloads: tuple[str, ...]) -> Json:
    run = run_of(plans.hostile(payloads))
    for place, one in enumerate(run["actions"]):
        evil = payloads[place % len(payloads)]
        one.update(
            state=(FAILED, DONE, WAITS)[place % 3], text=evil, note=evil, check=evil, error=error(evil, evil, evil)
        )
    return {**run, "error": error(payloads[0], payloads[1], payloads[2]), "actor": f"panel:{payloads[1]}"}


# ---- the journal --------------------------------------------------------------------------------------------


def entry(event: str, action: Action | None = None, *, at: float = 0.0, id: str = "", **more: Any) -> Json:
    """One line as the route gives it. `at`: seconds before now."""
    about = None
    if action is not None:
        names = ("id", "kind", "title", "folder", "root", "destination", "origin", "aside", "link")
        about = {name: getattr(action, name) for name in names if getattr(action, name)}
    from_ = action.offers[0] if action is not None and action.offers else None
    said = from_ and {
        "author": from_.author,
        "source": from_.by,
        "licence": from_.licence,
        "page": from_.page,
        "url": from_.url,
    }
    given: Json = {"run": "20261117-174900-00112233", "plan": "7f3ac91e" * 8, **more}
    can_undo = given.pop("can_undo", False)
    made = Entry(id or f"{event}-{at:.0f}", NOW - at, "panel", event, action=about, attribution=said, **given)
    return {**made.as_json(), "can_undo": can_undo}


def journal() -> list[Json]:
    """Newest first: a run with all that can stand in it, and an older one."""
    brought = (Output(text_encoder().destination, False, True, 6_735_906_897, "5e" * 32),)
    there = moved()
    went = (Output(there.origin, True, False), Output(there.destination, False, True, 253_815_318))
    written = (Output(relinked().destination, False, True, 48_000, "7a" * 32),)
    word = {"action": "aa00000004", "title": "4x-FineGrain_old.pth", "code": "pickle", "text": PICKLE.consent}
    failure = error("not_found", "Hugging Face does not have it under this address any more.", "Look it up again.")
    older: Json = {"run": "20261110-090000-aabbccdd", "plan": "0badcafe" * 8}
    return [
        entry("ended", at=10, text="failed: 4 of 5 done, 1 failed"),
        entry("begun", pack(), at=11),
        entry("failed", upscaler(), at=12, error=failure),
        entry("begun", upscaler(), at=13),
        entry("done", text_encoder(), at=14, outputs=brought, check=VERIFIED, can_undo=True),
        entry("begun", text_encoder(), at=74),
        entry("done", relinked(), at=75, outputs=written, text="Written beside the original", can_undo=True),
        entry("done", there, at=76, outputs=went, text="Now in models/vae", can_undo=True),
        entry("begun", there, at=77),
        entry("approved", at=80, run="", consents=(word,), text=f"5 actions, 6,802,906,897 bytes to download, for {WORKFLOW}"),
        entry("undone", there, at=600_000, undoes="x", outputs=(Output(there.origin, False, True),), text=f"Back at {there.origin}", **older),
        entry("torn", at=600_005, run="", plan="", text="The line before this one was not written to its end."),
        entry("done", there, at=600_010, outputs=went, **older),
        entry("approved", at=600_020, **{**older, "run": ""}, text="1 action, 0 bytes to download"),
    ]  # fmt: skip


def long_journal(count: int = 1000) -> list[Json]:
    """Runs of ten actions each, all of which can be taken back."""
    lines = []
    for place in range(count):
        one = replace(upscaler(risks=()), id=f"dd{place:08d}", title=f"4x-FineGrain_{place:04d}.pth")
        lies = (Output(f"{MODELS}/upscale_models/{one.title}", False, True, 67_000_000, "5e" * 32),)
        group = {"run": f"run-{place // 10}", "plan": f"{place // 10:064x}"}
        lines.append(
            entry("done", one, at=place * 60.0, id=f"e{place}", outputs=lies, check=VERIFIED, can_undo=True, **group)
        )
    return lines


def hostile_journal(payloads: tuple[str, ...]) -> list[Json]:
    lines = []
    for place, one in enumerate(plans.hostile(payloads).actions):
        evil = payloads[place % len(payloads)]
        lies = (Output(evil, False, True), Output(f"/a/{evil}", True, False))
        event = ("done", "failed", "undone", "approved")[place % 4]
        word = {"action": evil, "title": evil, "code": evil, "text": evil}
        lines.append(
            entry(event, one, at=place, id=f"h{place}", outputs=lies, check=evil, text=evil, consents=(word,),
                  error=error(evil, evil, evil) if place % 2 else None, run=evil, plan=f"{place // 5:064x}", can_undo=place % 4 == 0)
        )  # fmt: skip
    return lines
