"""Graphs in which anything may have any type never end a scan, and every answer keeps its promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.app import App
from comfyfixersmart.core.workflow.read import read_bytes
from hypothesis import HealthCheck, given, settings

from .chain import installation, look
from .strategies import API, FILES, UI

REGRESSIONS = Path(__file__).with_name("regressions")
FAST = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def app() -> App:
    return installation()


@FAST
@given(UI)
def test_ui_graphs(app: App, body: Any) -> None:
    look(app, json.dumps(body).encode())


@FAST
@given(API)
def test_api_graphs(app: App, body: Any) -> None:
    look(app, json.dumps(body).encode())


@FAST
@given(FILES)
def test_files_of_every_shape(app: App, body: Any) -> None:
    look(app, json.dumps(body).encode())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(UI)
def test_reading_twice_gives_the_same(app: App, body: Any) -> None:
    data = json.dumps(body).encode()
    answers = [[app.check_workflow(one).readiness for one in read_bytes(data, "fuzz.json").workflows] for _ in range(2)]
    assert repr(answers[0]) == repr(answers[1])


@pytest.mark.parametrize("path", sorted(REGRESSIONS.glob("*")), ids=lambda path: path.name)
def test_what_once_failed(app: App, path: Path) -> None:
    look(app, path.read_bytes())
