"""Plans, runs and the journal as the fake server plays them, with the shapes and refusals of the real routes.

Nothing happens by itself: a test says how far a run is (`go`), and the page is told by an event or asks.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from comfyfixersmart.core.actions.types import CANCELLED, DONE, LINK, PAUSED, RUNNING, WAITS, LeftOut, Plan, as_json

plans, runs = sys.modules["panel_plans"], sys.modules["panel_runs"]  # scenarios.py has loaded them
Refused = sys.modules["panel_lookups"].Refused
Json = dict[str, Any]


class Acting:
    """`plan`: what is planned; `run`: the last run; `lines`: the journal, newest first; `fails`: by route, (status, error)."""

    def __init__(
        self,
        plan: Plan | None = None,
        *,
        run: Json | None = None,
        lines: list[Json] | None = None,
        damage: tuple[int, ...] = (),
    ) -> None:
        self.plan = plan or plans.plan()
        self.made: Plan | None = None
        self.run = run
        self.lines = lines or []
        self.damage = damage
        self.fails: dict[str, tuple[int, str, str, str]] = {}

    def answer(self, name: str, query: dict[str, list[str]], body: Any) -> Json:
        if name in self.fails and body is not None:
            raise Refused(*self.fails[name])
        if body is None:
            return {"plan": self.kept, "run": self.look, "journal": lambda: self.journal(query)}[name]()
        acts = {
            "plan": self.make,
            "plan/cancel": lambda _: {},
            "approve": self.approve,
            "run": self.steer,
            "undo": self.undo,
        }
        return acts[name](body)  # fmt: skip

    # ---- plans -----------------------------------------------------------------------------------------

    def make(self, body: Json) -> Json:
        gone = [one for one in self.plan.actions if one.id in body["leave_out"]]
        left = tuple(
            LeftOut(one.title, "file", "MODEL001", "You left it out.", "Tick it again if you want it after all.")
            for one in gone
        )
        actions = tuple(
            replace(one, kind=LINK, link="hard") if body["prefer"].get(one.id) == "link" else one
            for one in self.plan.actions
            if one not in gone
        )
        count = int(self.made.nonce, 16) + 1 if self.made else 0
        self.made = replace(self.plan, actions=actions, left_out=(*left, *self.plan.left_out), nonce=f"{count:016x}")
        return {"plan": as_json(self.made)}

    def kept(self) -> Json:
        """The plan of the run."""
        return {"plan": as_json(self.made or self.plan)}

    def approve(self, body: Json) -> Json:
        assert self.made is not None and body["digest"] == as_json(self.made)["digest"]
        for action in self.made.actions:
            for risk in action.risks:
                if risk.consent and risk.code not in body["consents"].get(action.id, ()):
                    raise Refused(400, "consent_missing", f"{action.title} needs your word first.", "Confirm it.")
        self.run = runs.run_of(self.made)
        return {"run": self.run}

    # ---- runs ------------------------------------------------------------------------------------------

    def look(self) -> Json:
        return {"run": self.run}

    def go(self, id: str, state: str, **more: Any) -> Json:
        """One action is as far as this now; the event that tells of it."""
        self.run = runs.at(self.run, id, state, **more)
        return {"run": self.run}

    def steer(self, body: Json) -> Json:
        assert self.run is not None
        before, after = {
            "pause": ((WAITS, RUNNING), PAUSED),
            "resume": ((PAUSED, "failed"), RUNNING),
            "cancel": ((WAITS, RUNNING, PAUSED), CANCELLED),
        }[body["do"]]
        for one in self.run["actions"]:
            if one["state"] in before and body["action"] in (None, one["id"]):
                self.run = runs.at(self.run, one["id"], after, speed=None, left=None, error=None)
        open_ = [one["state"] for one in self.run["actions"] if one["state"] in (WAITS, RUNNING, PAUSED)]
        state = {"pause": PAUSED, "resume": RUNNING}.get(body["do"], self.run["state"])
        if not open_:
            state = CANCELLED if body["do"] == "cancel" else DONE
        if body["action"] is None or not open_:
            self.run = {
                **self.run,
                "state": state,
                "can_resume": state == PAUSED,
                "ended": None if open_ else plans.NOW,
            }
        return {"run": self.run}

    # ---- the journal -----------------------------------------------------------------------------------

    def journal(self, query: dict[str, list[str]]) -> Json:
        before, limit = query.get("before", [""])[0], int(query.get("limit", ["200"])[0])
        begin = next((at + 1 for at, one in enumerate(self.lines) if one["id"] == before), 0)
        shown = self.lines[begin : begin + limit]
        folder = f"{plans.BASE}/user/__comfyfixersmart/journal"
        more = begin + limit < len(self.lines)
        return {"entries": shown, "more": more, "damage": list(self.damage), "folder": folder}

    def undo(self, body: Json) -> Json:
        wanted = [one for one in self.lines if one["id"] in (body["entries"] or ()) or one["run"] == body.get("run")]
        told = []
        for one in wanted:
            if one["action"]["title"].startswith("changed"):
                error = runs.error("changed_since", f"{one['action']['title']} was changed since.", "Look at it first.")
                told.append({"entry": one["id"], "ok": False, "text": "", "error": error})
                continue
            one["can_undo"] = False
            told.append({"entry": one["id"], "ok": True, "text": "Moved", "error": None})
            about = {"action": one["action"], "run": one["run"], "plan": one["plan"], "undoes": one["id"]}
            fresh = runs.entry(
                "undone", id=f"u-{one['id']}", text=f"Moved to {plans.BASE}/.comfyfixersmart-undo/x.undone"
            )
            self.lines.insert(0, {**fresh, **about})
        return {"undone": told}
