"""The look-up of what is missing as the fake server plays it: services, keys, one job at a time, choices.

It keeps to the shapes of the real routes. Each look at a running job brings one more verdict, unless it is `held`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from comfyfixersmart.core.resolution.types import CHOSEN, RESOLVED, Choice, Resolution, to_json
from comfyfixersmart.core.sources.roster import NEVER_SENT, ROSTER

Json = dict[str, Any]
STATES = ("RESOLVED", "UNCERTAIN", "NOT_FOUND")


class Refused(Exception):
    """An answer that is an error: HTTP status and {code, message, hint}."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status, self.error = status, {"code": code, "message": message, "hint": hint}


NOT_LOCAL = Refused(
    403,
    "not_local",
    "This is taken only from the computer that runs ComfyUI, and this request came from 192.168.7.20.",
    "Open ComfyUI there as http://127.0.0.1:8188.",
)


class Lookup:
    """`found`: the verdicts that a job brings, by the name they are about. `shown`: keys that the reports already have."""

    def __init__(
        self,
        found: Mapping[str, Resolution],
        *,
        now: float,
        consent: list[str] | None = None,
        keys: Mapping[str, str] | None = None,
        fixed: str | None = None,
        local: bool = True,
        looked: bool = False,
    ) -> None:
        self.found = dict(found)
        self.now = now
        self.consent, self.keys, self.fixed, self.local = consent, dict(keys or {}), fixed, local
        self.discovery = False
        self.shown = {one.key for one in self.found.values()} if looked else set()
        self.job: Json | None = None
        self.wanted: list[Resolution] = []
        self.held = False
        self.fails: Json | None = None  # how the next job ends
        self.busy = False
        self.late = False  # whether a job tells its results at its end only; the reports have them at once

    # ---- services --------------------------------------------------------------------------------------

    def sources(self) -> Json:
        allowed = self.consent or []
        return {
            "consent": None if self.consent is None else {"sources": self.consent},
            "sources": [self._source(one, allowed) for one in ROSTER],
            "never": list(NEVER_SENT),
            "discovery": self.discovery,
            "fixed": self.fixed,
        }

    def _source(self, one: Any, allowed: list[str]) -> Json:
        own = [{"name": name, "from": self.keys.get(name)} for name in one.keys]
        return {
            "name": one.name,
            "label": one.label,
            "purpose": one.purpose,
            "sends": one.sends,
            "host": one.host,
            "enabled": one.name in allowed,
            "needs": one.needs,
            "configured": not one.needs or any(key["from"] for key in own),
            "suggested": one.suggested,
            "key": next((key["from"] for key in own if key["from"]), None),
            "can_key": bool(own),
            "keys": own,
        }

    def change_consent(self, body: Json) -> Json:
        if not self.local:
            raise NOT_LOCAL
        self.consent = list(body["sources"])
        if body["discovery"] is not None:
            self.discovery = body["discovery"]
        return self.sources()

    def change_key(self, body: Json) -> Json:
        if not self.local:
            raise NOT_LOCAL
        if body["key"] is None:
            self.keys.pop(body["source"], None)
        elif len(body["key"]) < 8:
            message = f"What was given for {body['source']} is no key: a key is 8 to 512 letters, digits and signs"
            raise Refused(400, "bad_key", message, "Copy it once more.")
        else:
            self.keys[body["source"]] = "file"
        return self.sources()

    # ---- the job ---------------------------------------------------------------------------------------

    def begin(self, body: Json) -> Json:
        if self.consent is None:
            raise Refused(409, "no_consent", "You have not said yet which services may be asked.", "Choose them.")
        if self.busy or (self.job and self.job["state"] == "running"):
            raise Refused(409, "busy", "A search is running already.", "Wait for its end, or cancel it.")
        scope = "workflow" if body["slug"] else "open" if body["workflow"] else "library"
        self.wanted = list(self.found.values())
        self.job = {
            "id": (self.job or {"id": 0})["id"] + 1,
            "state": "running",
            "scope": scope,
            "slug": body["slug"],
            "done": 0,
            "total": len(self.wanted),
            "now": {"name": self.wanted[0].name, "did": "Looked for it in the catalogues on this disk"}
            if self.wanted
            else None,
            "counts": dict.fromkeys(STATES, 0),
            "silent": [],
            "error": None,
            "results": {},
        }
        return {"job": {**self.job, "results": {}}}

    def look(self) -> Json:
        if self.job and self.job["state"] == "running" and not self.held:
            self._advance(self.job)
        return {"job": self.job}

    def _advance(self, job: Json) -> None:
        if self.fails:
            job.update(state="failed", error=self.fails, now=None)
            return
        if job["done"] < job["total"]:
            one = self.wanted[job["done"]]
            job["done"] += 1
            job["counts"][one.state] += 1
            job["silent"] = sorted({*job["silent"], *(each.source for each in one.silent)})
            self.shown.add(one.key)
            if job["scope"] != "library" and not self.late:
                job["results"][one.key] = to_json(one)
        if job["done"] == job["total"]:
            job.update(state="done", now=None)
        else:
            after = self.wanted[job["done"]]
            job["now"] = {"name": after.name, "did": f"Asked for repositories named “{after.name[:12]}”"}

    def cancel(self) -> Json:
        if self.job and self.job["state"] == "running":
            self.job.update(state="cancelled", now=None)
        return {"job": self.job and {**self.job, "results": {}}}

    def choose(self, body: Json) -> Json:
        for name, one in self.found.items():
            if one.key == body["key"]:
                self.found[name] = made = self._chosen(one, body["candidate"], body["reason"])
                return {"resolution": to_json(made)}
        raise Refused(404, "unknown_question", "Nothing was looked up under this key.", "Look it up first.")

    def _chosen(self, one: Resolution, candidate: str | None, reason: str) -> Resolution:
        if candidate is None:
            return replace(one, state="UNCERTAIN", rung="", why="2 different files carry this name.", choice=None)
        first = next(each for each in one.candidates if each.candidate.id == candidate)
        rest = tuple(each for each in one.candidates if each is not first)
        why = f"You chose it: {reason}" if reason else "You chose it."
        choice = Choice(candidate, reason, self.now)
        return replace(one, state=RESOLVED, rung=CHOSEN, why=why, candidates=(first, *rest), choice=choice, settle=())

    def verdict(self, name: str) -> Resolution | None:
        """What the report has of this name."""
        one = self.found.get(name)
        return one if one is not None and one.key in self.shown else None
