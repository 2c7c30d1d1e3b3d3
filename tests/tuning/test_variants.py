"""What variants are called, and how many changes are tried."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.explanation.types import Anatomy
from comfyfixersmart.core.tuning.advice import trial
from comfyfixersmart.core.tuning.advice.tune import tune
from comfyfixersmart.core.tuning.types import GB, Estimate, FileFacts, Range, Stage
from comfyfixersmart.core.workflow.read import read_value

from .test_tune import by_id, measure, picture, tuned, understood
from .tune_graphs import view_of


def _sure(size: int) -> Range:
    return Range(size, size, size)


@pytest.mark.parametrize("target", [4 * GB, 8 * GB, 12 * GB])
@pytest.mark.parametrize("side", [1024, 2048])
def test_the_safest_wants_no_more_than_the_others(target: int, side: int) -> None:
    found = {one.key: one.estimate.peak for one in tuned(picture(side=side), target).variants}
    if "safety" in found and found["safety"].high > target:
        assert found["safety"].likely == min(one.likely for one in found.values())


def test_what_only_a_loss_lowers_is_not_called_the_best_quality() -> None:
    def by_length(found: Anatomy, files: Any) -> Estimate:
        size = found.sizes[0].width
        share = 3 if size is not None and size.value < 800 else 4
        return Estimate(
            peak=Range(share * GB, share * GB, share * GB), stages=(Stage("sample", "", _sure(share * GB), _sure(0)),)
        )

    found = tuned(picture("lake_fp8.safetensors"), 2 * GB, measure=by_length)
    assert [one.key for one in found.variants] == ["safety"]
    assert {by_id(found)[id].quality for id in found.variants[0].changes} == {"lower"}


def test_of_a_large_workflow_not_everything_is_tried_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any("so large" in sentence for sentence, _ in tuned(picture()).advice)
    monkeypatch.setattr(trial, "_MOST_NODES", 0)
    monkeypatch.setattr(trial, "_FEWEST", 2)
    found = tuned(picture())
    assert len(found.changes) <= 2 and "so large" in found.advice[-1][0]


@pytest.mark.parametrize(("size", "slow"), [(5, False), (20, True)])
def test_a_large_text_encoder_on_the_cpu_is_said_to_take_long(size: int, slow: bool) -> None:
    (workflow,) = read_value(picture().value(), "lake.json").workflows

    def files(name: str, folders: tuple[str, ...]) -> FileFacts | None:
        return FileFacts(size * GB, {"text_encoder": size * GB}, {"text_encoder": 16}) if "umt5" in name else None

    found = tune(
        understood(workflow), view_of(workflow), target=4 * GB, files=files, reread=understood, measure=measure
    )
    reason = by_id(found)["encoder.cpu"].reason
    assert reason.endswith("20 GB of text encoders that can take minutes, and it wants as much RAM.") == slow
    assert "{" not in reason
