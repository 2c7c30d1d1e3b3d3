"""Makes plans for the people of this ComfyUI. Nothing is changed; a plan is kept so that it can be approved."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import ComfyFixerError
from .checks import split
from .host.quiet import quietly_for_long

if TYPE_CHECKING:
    from ..core.app import App
    from ..core.record import Checked
    from .host import User
    from .service import Service
    from .shelf import Shelf

EVENT = "comfyfixersmart.plan"
TELL = 0.25  # seconds between two events
Json = dict[str, Any]


class Asked(NamedTuple):
    """What a plan is wanted for: one listed workflow, the graph on the canvas, or (neither) the whole library."""

    slug: str | None = None
    workflow: Json | None = None
    name: str = ""
    leave_out: Sequence[str] = ()
    prefer: Mapping[str, str] = {}  # shared by all, so never changed


class Ticket:
    """One plan that somebody waits for."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.cancelled = False


class Planning:
    """All but `ticket` and `cancel_plan` may take minutes: a file of the same size is read to its end to know it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tickets: dict[str, Ticket] = {}

    def ticket(self, user: User) -> Ticket:
        """Ask for a plan. The one that this person asked for before is given up."""
        self.cancel_plan(user)
        ticket = self._tickets[user.id] = Ticket(user)
        return ticket

    def cancel_plan(self, user: User) -> Json:
        """Give up the plan that is being made for this person."""
        ticket = self._tickets.get(user.id)
        if ticket is not None:
            ticket.cancelled = True
        return {}

    def plan(self, ticket: Ticket, asked: Asked) -> Json:
        """A plan, which is kept. Raises ComfyFixerError `cancelled`, `unknown_workflow`, and what reading settings raises."""
        from ..core.actions.types import as_json

        user = ticket.user
        shelf = self._service.shelf(user)
        told = 0.0

        def progress(done: int, total: int, name: str) -> None:
            nonlocal told
            if time.monotonic() - told >= TELL:
                told = time.monotonic()
                note = "" if self._service.host.multi_user() else name
                self._service.host.send(EVENT, {"plan": {"done": done, "total": total, "note": note}})

        with quietly_for_long() as breathe:

            def cancel() -> bool:
                breathe()
                return ticket.cancelled

            if cancel():
                raise ComfyFixerError("cancelled", "Planning was cancelled.", "Ask for the plan again.")
            app = self._service.app()
            checked, rest = self._checked(app, shelf, asked, cancel)
            everyone = [*rest, *self._of_others(user, cancel)]
            with closing(self._service.acting.open(user, shelf)) as session:
                plan = session.plan(
                    checked,
                    leave_out=asked.leave_out,
                    prefer=asked.prefer,
                    everyone=everyone,
                    progress=progress,
                    cancel=cancel,
                )
        return {"plan": as_json(plan)}

    def _checked(
        self, app: App, shelf: Shelf, asked: Asked, cancel: Callable[[], bool]
    ) -> tuple[Sequence[Checked], Sequence[Checked]]:
        """What the plan is for, looked at now, and everything else."""
        if asked.slug is None and asked.workflow is None:
            return split(self._service.checks.check(shelf, cancel))
        if asked.slug is not None:
            one = app.look_at(*shelf.find(asked.slug))[0]
        else:
            one = app.look_at_graph(asked.workflow, asked.name or "the open graph")[0]
        last = shelf.last
        return [one], last.checked if last is not None else self._service.checks.check(shelf, cancel)

    def _of_others(self, user: User, cancel: Callable[[], bool]) -> list[Checked]:
        """Workflows of everybody else here: model folders are shared, and what theirs use is not moved away."""
        found: list[Checked] = []
        for one in self._service.host.users():
            if one.id != user.id:
                shelf = self._service.shelf(one)
                last = shelf.last
                found += last.checked if last is not None else self._service.checks.check(shelf, cancel)
        return found

    def kept_plan(self, user: User, digest: str) -> Json:
        """A plan that was made before. Raises ComfyFixerError `unknown_plan`, `plan_changed`."""
        from ..core.actions.types import as_json

        return {"plan": as_json(self._service.acting.kept(user).plans.load(digest))}
