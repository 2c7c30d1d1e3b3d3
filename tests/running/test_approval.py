"""The yes to a plan: by digest, once, for a while, and only with everything confirmed that the plan asks for."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.running.approval import SKEW, Approvals
from comfyfixersmart.core.actions.types import Plan, Risk, digest
from comfyfixersmart.core.errors import ComfyFixerError

from .conftest import NOW, act, plan_of

RISKS = (Risk("pickle", "It can run code.", "I trust it."), Risk("adult", "Adult content."))


class Desk:
    """Approvals of one plan, at a time of the test's own."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.now = NOW
        self.folder, self.plan, self.digest = folder, plan, digest(plan)
        self.approvals = Approvals(folder, now=lambda: self.now)

    def approve(self, consents: Any = None, minutes: float = 15) -> Any:
        return self.approvals.approve(self.plan, self.digest, consents or {}, by="panel", minutes=minutes)

    def take(self) -> Any:
        return self.approvals.take(self.plan, self.digest)

    def code(self, call: Any, *given: Any) -> str:
        with pytest.raises(ComfyFixerError) as raised:
            call(*given)
        assert raised.value.hint
        return raised.value.code


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "approvals", plan_of([act("file")]))


@pytest.fixture
def risky(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "approvals", plan_of([act("file", risks=RISKS), act("other")]))


def test_approved_once_and_used_once(desk: Desk) -> None:
    assert desk.code(desk.take) == "not_approved"
    given = desk.approve()
    assert (given.plan, given.by, given.made, given.expires) == (desk.digest, "panel", NOW, NOW + 900)
    assert (desk.folder / f"{desk.digest}.json").stat().st_mode & 0o777 == 0o600
    assert desk.code(desk.approve) == "already_approved"
    assert desk.take() == given
    assert desk.code(desk.take) == "approval_used"
    assert desk.code(desk.approve) == "already_approved", "nor does it begin anew"


def test_it_does_not_fit_another_plan(desk: Desk) -> None:
    desk.approve()
    other = plan_of([act("another")])
    with pytest.raises(ComfyFixerError) as raised:
        desk.approvals.take(other, digest(other))
    assert raised.value.code == "not_approved"
    text = (desk.folder / f"{desk.digest}.json").read_text()
    (desk.folder / f"{digest(other)}.json").write_text(text)
    with pytest.raises(ComfyFixerError) as raised:
        desk.approvals.take(other, digest(other))
    assert raised.value.code == "not_approved"


@pytest.mark.parametrize(
    ("later", "minutes", "expected"),
    [(899, 15, None), (900, 15, "approval_expired"), (3599, 600, None), (3600, 600, "approval_expired")],
)
def test_it_expires_and_never_outlives_the_plan(desk: Desk, later: float, minutes: float, expected: str | None) -> None:
    desk.approve(minutes=minutes)
    desk.now = NOW + later
    if expected is None:
        assert desk.take().by == "panel"
    else:
        assert desk.code(desk.take) == expected


def test_a_plan_expires_too(desk: Desk) -> None:
    desk.now = NOW + 3600
    assert desk.code(desk.approve) == "plan_expired"
    desk.now = NOW - SKEW - 1
    assert desk.code(desk.approve) == "plan_expired", "the clock was set back: nobody knows its age"
    desk.now = NOW - SKEW + 1
    desk.approve()
    desk.now -= SKEW + 86400
    assert desk.code(desk.take) == "approval_expired"


@pytest.mark.parametrize(
    "consents",
    [{}, {"file": []}, {"file": ["adult"]}, {"other": ["pickle"]}, {"file": ["PICKLE"]}, {"": ["pickle"]}],
)
def test_a_missing_word_is_named(risky: Desk, consents: Any) -> None:
    with pytest.raises(ComfyFixerError) as raised:
        risky.approve(consents)
    assert raised.value.code == "consent_missing"
    assert "file.safetensors" in raised.value.message and "(file)" in raised.value.message
    assert "I trust it." in raised.value.message
    assert not risky.folder.exists()


def test_what_was_confirmed_is_kept_and_nothing_else(risky: Desk) -> None:
    given = risky.approve({"file": ["pickle", "adult", "x"], "nothing": ["pickle"], "other": ["pickle"]})
    assert given.consents == {"file": ("pickle",)}
    assert risky.take().consents == {"file": ("pickle",)}


def test_an_approval_that_was_changed_is_none(risky: Desk) -> None:
    risky.approve({"file": ["pickle"]})
    path = risky.folder / f"{risky.digest}.json"
    whole = path.read_text()
    body = json.loads(whole)
    for name in body:
        path.write_text(json.dumps({**body, name: None}))
        assert risky.code(risky.take) == "not_approved", name
    path.write_text(json.dumps({**body, "consents": {"file": ["adult"]}}))
    assert risky.code(risky.take) == "consent_missing"
    path.write_text(json.dumps({**body, "consents": {"file": "pickle"}}))
    assert risky.code(risky.take) == "not_approved"
    chance = random.Random(1)
    for _ in range(200):
        path.write_text(whole[: chance.randrange(len(whole))])
        assert risky.code(risky.take) == "not_approved"
    path.unlink()
    path.mkdir()
    assert risky.code(risky.take) == "not_approved"


def test_of_many_who_start_at_once_one_does(desk: Desk) -> None:
    desk.approve()
    ready, won, lost = threading.Barrier(16), [], []

    def start() -> None:
        ready.wait(10)
        try:
            won.append(Approvals(desk.folder, now=lambda: NOW).take(desk.plan, desk.digest))
        except ComfyFixerError as error:
            lost.append(error.code)

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(won) == 1 and lost == ["approval_used"] * 15


def test_a_full_disk_leaves_no_approval(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            desk.approve()
    assert desk.code(desk.take) == "not_approved"
    desk.approve()
    desk.approvals.withdraw(desk.digest)
    assert desk.code(desk.take) == "not_approved"
