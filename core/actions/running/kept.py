"""What one person's folder keeps of plans and runs. Needs no installation: only files are looked at."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ComfyFixerError
from ...http import Clock
from ..types import INTERRUPTED, PAUSED, RUNNING, Json, Plan
from .approval import SKEW, Approval, Approvals
from .claims import Claims
from .plans import Plans
from .records import Records

if TYPE_CHECKING:
    from ..journal import Journal

RESUME = 7 * 86400.0  # seconds after the approval during which a run may go on


class Kept:
    """`state`: the person's folder. Nothing is made in it before something is kept."""

    def __init__(self, state: Path, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._journal = state / "journal"
        now = self._clock.now
        self.plans = Plans(state / "plans", now=now)
        self.approvals = Approvals(state / "approvals", now=now)
        self.records = Records(state / "runs", now=now)
        self.claims = Claims(state / "runs")

    @property
    def journal(self) -> Journal:
        """What was done here."""
        from ..journal import Journal

        return Journal(self._journal, now=self._clock.now)

    def may_resume(self, approval: Approval) -> Plan:
        """The plan of a run that may go on. Raises ComfyFixerError `unknown_plan`, `plan_changed`, `resume_too_late`."""
        plan = self.plans.load(approval.plan)
        now = self._clock.now()
        if now < approval.made - SKEW:
            raise ComfyFixerError(
                "resume_too_late", "The clock was set back since it was approved.", "Make a new plan."
            )
        if now >= approval.made + RESUME:
            raise ComfyFixerError("resume_too_late", "The approval is more than a week old.", "Make a new plan.")
        return plan

    def last(self) -> Json | None:
        """The run that was begun last, as it stands: `interrupted` where its process ended meanwhile."""
        record = self.records.last()
        if record is None:
            return None
        run = {**record.run, "speed": None, "left": None, "can_resume": False}
        if run["state"] not in (RUNNING, PAUSED) or self.claims.held(run["id"]):
            return run
        if run["state"] == RUNNING:
            run["state"] = INTERRUPTED
            run["actions"] = [_interrupted(one) for one in run["actions"]]
        with contextlib.suppress(ComfyFixerError):
            self.may_resume(record.approval)
            run["can_resume"] = True
        return run

    def tidy(self) -> None:
        """Remove plans that nobody will need, and what killed writers left."""
        with contextlib.suppress(OSError):
            self.plans.tidy(self.records.plans())
            self.records.tidy()


def _interrupted(one: Json) -> Json:
    if one.get("state") != RUNNING:
        return one
    return {**one, "state": PAUSED, "speed": None, "left": None, "note": "It was at this when ComfyUI ended."}
