from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.knowledge import FOLDER
from comfyfixersmart.core.readiness.types import BLOCKED, Distance, Readiness
from comfyfixersmart.core.reports import schema
from comfyfixersmart.core.reports.data import index_json, report_json, workflow_json
from comfyfixersmart.core.reports.slugs import slugs
from comfyfixersmart.core.reports.types import Entry, Library
from report_samples import NOW, empty, every_code, hostile, library, no_installation, showcase


def small() -> Library:
    """Few workflows that show much: every code, the mockup's, one that runs."""
    ready = Readiness(
        "all/every code.json", BLOCKED, every_code(), Distance(2, 12_811_888_827, 0, 2, 3, 4, 1), 60, 7, 1
    )
    entries = (Entry(ready.workflow, ready), showcase(), library(0, 1, 0, 0, 0).entries[0])
    return replace(library(), entries=entries, unlock=library().unlock[:2], unused=library().unused[:3])


@pytest.mark.parametrize("name", sorted(schema.PUBLISHED))
def test_the_published_schema_is_the_models(name: str, request: pytest.FixtureRequest) -> None:
    path = FOLDER / "schemas" / f"{name}.json"
    text = json.dumps(schema.published()[name], indent=1) + "\n"
    if request.config.getoption("--update-golden", default=False):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text), "run with --update-golden"


@pytest.mark.parametrize("made", [library, small, empty, no_installation, hostile])
def test_every_output_is_of_the_published_shape(made: Callable[[], Library]) -> None:
    scan = made()
    slug = slugs(entry.name for entry in scan.entries)
    schema.Report.model_validate(report_json(scan))
    schema.Index.model_validate(index_json(scan, slug))
    for entry in scan.entries:
        schema.WorkflowReport.model_validate(workflow_json(entry, slug[entry.name]))


@pytest.mark.parametrize("made", [small, hostile])
def test_what_is_returned_is_plain_json(made: Callable[[], Library]) -> None:
    body = report_json(made())
    assert json.loads(json.dumps(body)) == body


def test_names_stand_as_they_are() -> None:
    names = {line["name"] for line in report_json(hostile())["workflows"]}
    assert names == {entry.name for entry in hostile().entries}


def test_a_workflow_report_does_not_change_with_time() -> None:
    entry = showcase()
    assert workflow_json(entry, "x") == workflow_json(entry, "x")
    assert "when" not in workflow_json(entry, "x")
    assert report_json(small())["when"] == NOW


def test_golden(golden: Callable[[str, str], None]) -> None:
    scan = small()
    slug = slugs(entry.name for entry in scan.entries)

    def text(body: Any) -> str:
        return json.dumps(body, indent=1) + "\n"

    golden("index.json", text(index_json(scan, slug)))
    for entry in scan.entries[:2]:
        golden(f"{slug[entry.name]}.json", text(workflow_json(entry, slug[entry.name])))


def test_the_schemas_are_part_of_the_package() -> None:
    assert {path.stem for path in Path(FOLDER, "schemas").glob("*.json")} >= set(schema.PUBLISHED)
