"""What a person said yes to: one plan by its digest, once, for a while, with everything confirmed that it asks for.

Two files stand for an approval. `<digest>.json` is made by the yes and `<digest>.used` by the start. Each can be made
only once, by whoever comes first, and neither is ever removed: a plan is approved once and run once.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import ComfyFixerError, UnreadableFile
from ...files import read_json, read_small
from ..types import Json, Plan

SCHEMA = 1
OWNER_ONLY = 0o600
MOST = 1 << 20  # bytes of one approval
SKEW = 300.0  # seconds; a plan from further in the future means that the clock was set back

Consents = Mapping[str, Sequence[str]]  # action id → codes of the risks that were confirmed


class Approval(NamedTuple):
    """One person's yes. Times are seconds since the epoch."""

    plan: str  # digest
    by: str
    made: float
    expires: float
    consents: dict[str, tuple[str, ...]]
    nonce: str

    def as_json(self) -> Json:
        """As it is kept."""
        return {**self._asdict(), "consents": {id: list(codes) for id, codes in self.consents.items()}}


class Approvals:
    """Kept in `folder`, which must exist for nobody but its owner. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def approve(self, plan: Plan, digest: str, consents: Consents, *, by: str, minutes: float) -> Approval:
        """Keep the yes to this plan; good for `minutes`, and no longer than the plan.

        Raises ComfyFixerError `plan_expired`, `consent_missing`, `already_approved`; OSError.
        """
        now = self._now()
        if not _stands(now, plan.made, plan.expires):
            text = "The plan is too old to be approved, or the clock was set back."
            raise ComfyFixerError("plan_expired", text, "Make a new plan.")
        found = Approval(
            digest, by, now, min(now + minutes * 60, plan.expires), _confirmed(plan, consents), secrets.token_hex(8)
        )
        if not self._make(f"{digest}.json", {"schema": SCHEMA, **found.as_json()}):
            raise ComfyFixerError(
                "already_approved", "This plan was approved before; each is approved once.", "Make a new plan."
            )
        return found

    def withdraw(self, digest: str) -> None:
        """Take back a yes that could not be journalled, so was never told to anybody."""
        with contextlib.suppress(OSError):
            os.unlink(self._folder / f"{digest}.json")

    def take(self, plan: Plan, digest: str) -> Approval:
        """Use the yes to this plan up. Of all who try, one gets it.

        Raises ComfyFixerError `not_approved`, `approval_used`, `approval_expired`, `consent_missing`; OSError.
        """
        found = self._read(digest)
        now = self._now()
        if os.path.lexists(self._folder / f"{digest}.used"):
            raise _used()
        if not _stands(now, found.made, found.expires) or not _stands(now, plan.made, plan.expires):
            text = "The approval is too old to be used, or the clock was set back."
            raise ComfyFixerError("approval_expired", text, "Make a new plan.")
        _confirmed(plan, found.consents)
        if not self._make(f"{digest}.used", {"schema": SCHEMA, "by": found.by, "when": now, "nonce": found.nonce}):
            raise _used()
        return found

    def _make(self, name: str, body: Json) -> bool:
        """Write a file that was not there; False where it was. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / name
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        except FileExistsError:
            return False
        try:
            with open(fd, "wb") as file:
                file.write(json.dumps(body).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(path)
            if isinstance(error, OSError):
                error.filename = str(path)
            raise
        return True

    def _read(self, digest: str) -> Approval:
        path = self._folder / f"{digest}.json"
        try:
            read_small(path, MOST)  # never a FIFO or a device in its place
            body: Any = read_json(path, SCHEMA)
        except UnreadableFile:
            body = None
        found = approval_from(body)
        if found is None or found.plan != digest:
            raise ComfyFixerError("not_approved", "Nobody approved this plan.", "Read it, then approve it.")
        return found


def approval_from(body: Any) -> Approval | None:
    """The approval that `as_json` wrote; None for anything else."""
    if not isinstance(body, dict):
        return None
    texts = [body.get(name) for name in ("plan", "by", "nonce")]
    times = [body.get(name) for name in ("made", "expires")]
    consents = body.get("consents")
    sound = (
        all(isinstance(one, str) for one in texts)
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in times)
        and isinstance(consents, dict)
        and all(isinstance(one, list) and all(isinstance(code, str) for code in one) for one in consents.values())
    )
    if not sound or not isinstance(consents, dict):
        return None
    return Approval(
        body["plan"],
        body["by"],
        body["made"],
        body["expires"],
        {k: tuple(v) for k, v in consents.items()},
        body["nonce"],
    )


def _stands(now: float, made: float, expires: float) -> bool:
    """Whether it holds now. What comes from the future does not: the clock was set back, and nobody knows its age."""
    return made - SKEW <= now < expires


def _confirmed(plan: Plan, consents: Consents) -> dict[str, tuple[str, ...]]:
    """Of what was confirmed, what the plan asks for. Raises ComfyFixerError `consent_missing` unless that is all."""
    found: dict[str, tuple[str, ...]] = {}
    for action in plan.actions:
        given = frozenset(consents.get(action.id, ()))
        asked = [risk for risk in action.risks if risk.consent]
        for risk in asked:
            if risk.code not in given:
                raise ComfyFixerError(
                    "consent_missing",
                    f"{action.title} ({action.id}) needs your word first: {risk.consent}",
                    "Confirm it, or leave this action out of the plan.",
                )
        if asked:
            found[action.id] = tuple(risk.code for risk in asked)
    return found


def _used() -> ComfyFixerError:
    return ComfyFixerError(
        "approval_used", "This approval was used already; each is good for one run.", "Make a new plan."
    )
