"""Everything one person needs to change something here: plans, approvals, runs, journal, undo.

actions = Actions(app, state=…, values=settings, keys=keys.read(), actor="cli")
plan = actions.plan(checked)
actions.approve(digest(plan), {})
actions.start(digest(plan), print).wait()
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...errors import ComfyFixerError
from ...http import Clock, Http
from ...sources.roster import download_client
from ..planning.variant import with_version
from ..policy import Policy
from ..types import Action, Json, Plan
from .approval import Approval
from .executors import EXECUTORS
from .kept import RESUME, Kept
from .outcomes import Executor, Tools
from .run import Means, OnChange, Run

if TYPE_CHECKING:
    from ...settings import Values
    from ..journal import Journal
    from ..packs.manager import Manager
    from ..planning.make import Progress
    from ..undo import Undone
    from .preparing import Installed

CLOSE = 10.0  # seconds that ending waits for what runs; nothing is lost if it takes longer
Cancel = Callable[[], bool]


class Actions:
    """One person's plans and runs, over one installation. Close it.

    `state`: where they are kept (None: plans are made and nothing is kept, approved or run); `shared`: where hashes of
    model files are remembered, by default the same folder. `actor`: who acts, for the journal. `manager_url`: the address
    of the ComfyUI in which ComfyUI-Manager may run. `executors`: what does each kind of action.
    """

    def __init__(
        self,
        app: Installed,
        *,
        state: Path | None,
        values: Values,
        keys: Mapping[str, str],
        actor: str,
        shared: Path | None = None,
        manager_url: str = "",
        clock: Clock | None = None,
        executors: Mapping[str, Executor] = EXECUTORS,
    ) -> None:
        self.policy = Policy.load(values)
        self._app, self._values, self._keys, self._actor = app, values, dict(keys), actor
        self._state, self._shared = state, shared or state
        self._manager_url = manager_url
        self._clock, self._given_clock = clock or Clock(), clock
        self._executors = executors
        self._runs: list[Run] = []

    def close(self) -> None:
        """Pause what runs. Every connection ends with what it was made for."""
        for run in self._runs:
            run.pause()
        for run in self._runs:
            run.wait(CLOSE)

    # ---- planning --------------------------------------------------------------------------------------

    def plan(
        self,
        checked: Sequence[Any],
        *,
        leave_out: Sequence[str] = (),
        prefer: Mapping[str, str] | None = None,
        everyone: Sequence[Any] = (),
        progress: Progress | None = None,
        cancel: Cancel = lambda: False,
        version: Action | None = None,
    ) -> Plan:
        """What would make these checked workflows run here; kept, so that it can be approved. Nothing is done.

        `version`: a new version of a workflow that is to be written as well, once all of that is here. `everyone`: all workflows of the library, so that names in use elsewhere are known. `leave_out`, `prefer`: see
        `make_plan`. Raises ComfyFixerError `cancelled`; OSError where it cannot be kept.
        """
        from .preparing import prepare

        plan = prepare(
            self._app,
            checked,
            everyone,
            policy=self.policy,
            asked=self._values.sources or (),
            keys=self._keys,
            state=self._state,
            shared=self._shared,
            now=self._clock.now(),
            leave_out=leave_out,
            prefer=prefer,
            client=self._client,
            manager=self._manager,
            progress=progress,
            cancel=cancel,
        )
        if version is not None:
            plan = with_version(plan, version)
        if self._state is not None:
            self.kept.plans.keep(plan)
            self.kept.tidy()
        return plan

    def load(self, name: str) -> Plan:
        """A plan that was made before, by its digest. Raises ComfyFixerError `unknown_plan`, `plan_changed`, `no_state`."""
        return self.kept.plans.load(name)

    # ---- approving and running -------------------------------------------------------------------------

    def approve(self, name: str, consents: Mapping[str, Sequence[str]], *, by: str = "") -> Approval:
        """The person's yes to the plan of this digest; `consents`: action id → codes of the risks they confirmed.

        Raises ComfyFixerError `unknown_plan`, `plan_changed`, `plan_expired`, `consent_missing`, `already_approved`; OSError.
        """
        plan, minutes = self.load(name), self.policy.approval_minutes
        given = self.kept.approvals.approve(plan, name, consents, by=by or self._actor, minutes=minutes)
        try:
            words = _confirmed(plan, given)
            self.journal.write("approved", actor=given.by, plan=name, consents=words, text=_summary(plan))
        except BaseException:
            self.kept.approvals.withdraw(name)
            raise
        return given

    def start(self, name: str, on_change: OnChange) -> Run:
        """Run the approved plan of this digest; its approval is used up by that.

        Raises ComfyFixerError `unknown_plan`, `plan_changed`, `not_approved`, `approval_used`, `approval_expired`; OSError.
        """
        plan = self.load(name)
        approval = self.kept.approvals.take(plan, name)
        run = self._run(plan, approval, self.kept.records.new(), on_change)
        run.begin(self.kept.claims.take(run.id))
        return run

    def resume(self, id: str, on_change: OnChange, action: str | None = None) -> Run:
        """Let a run go on that was paused or interrupted, or one of its actions.

        Raises ComfyFixerError `unknown_run`, `unknown_plan`, `plan_changed`, `resume_too_late`, `cannot_resume`, `run_in_hand`.
        """
        run = self.take(id, on_change)
        run.resume(action)
        return run

    def take(self, id: str, on_change: OnChange) -> Run:
        """A run as it stands, without letting it go on. Raises ComfyFixerError `unknown_run`, `unknown_plan`, `plan_changed`."""
        record = self.kept.records.read(id)
        return self._run(self.load(record.approval.plan), record.approval, id, on_change, record.run)

    def last(self) -> Json | None:
        """The run that was begun last, as it stands: `interrupted` where its process ended meanwhile."""
        return self.kept.last() if self._state is not None else None

    def _run(self, plan: Plan, approval: Approval, id: str, on_change: OnChange, before: Json | None = None) -> Run:
        kept, tools = self.kept, Tools(self._client, self._manager)
        means = Means(kept.records, kept.claims, self.journal, self._executors, tools, self._clock, self._actor)
        run = Run(
            plan,
            approval,
            id,
            means,
            on_change,
            again=lambda: kept.may_resume(approval),
            until=approval.made + RESUME,
            before=before,
        )
        self._runs.append(run)
        return run

    def undo(self, entries: Sequence[str] | str, *, roots: Collection[str] = ()) -> list[Undone]:
        """Take back entries of the journal (ids), or all of one run (its id). `roots`: folders of workflows, beside the
        user folder. What cannot be taken back is said and stays. Raises UnreadableFile, ComfyFixerError `no_state`."""
        from ..undo import undo

        inventory = self._app.inventory
        known = {path for folder in inventory.folders.values() for path in folder.paths}
        known |= {inventory.directories[name] for name in ("user", "input", "output") if name in inventory.directories}
        return undo(self.journal, entries, actor=self._actor, known_roots=known | set(roots))

    # ---- what it is made of ----------------------------------------------------------------------------

    @cached_property
    def kept(self) -> Kept:
        """The person's folder. Raises ComfyFixerError `no_state`."""
        if self._state is None:
            raise ComfyFixerError(
                "no_state", "There is no folder to keep plans in.", "Name the installation's folder with --comfyui."
            )
        return Kept(self._state, self._clock)

    @cached_property
    def journal(self) -> Journal:
        """What was done here. Raises ComfyFixerError `no_state`."""
        return self.kept.journal

    def _client(self, cancel: Cancel) -> Http:
        """A client for one download or one plan, to be closed."""
        endpoints = {str(name): str(one) for name, one in self._values.endpoints.items()}
        return download_client(endpoints, self._keys, clock=self._given_clock, cancel=cancel)

    @contextlib.contextmanager
    def _manager(self, cancel: Cancel) -> Iterator[Manager | None]:
        """The ComfyUI-Manager that answers, None without one."""
        from ..packs.manager import find_manager

        if not self._manager_url:
            yield None
            return
        host = urlsplit(self._manager_url).netloc
        user = self._app.inventory.directories.get("user", "")
        with closing(Http(trusted=(host,), cancel=cancel, clock=self._given_clock)) as http:
            yield find_manager(http, self._manager_url, user=user)


def _confirmed(plan: Plan, approval: Approval) -> list[Json]:
    """What the person confirmed, in the words they read."""
    return [
        {"action": action.id, "title": action.title, "code": risk.code, "text": risk.consent}
        for action in plan.actions
        for risk in action.risks
        if risk.consent and risk.code in approval.consents.get(action.id, ())
    ]


def _summary(plan: Plan) -> str:
    return f"{len(plan.actions)} actions, {plan.bytes:,} bytes to download, for {', '.join(plan.workflows)}"[:500]
