"""Versions of a workflow are one row wherever rows are shown, and one line each in the index."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.readiness.types import BLOCKED, RUNNABLE, UNREADABLE, Distance, Readiness
from comfyfixersmart.core.reports.console import print_library
from comfyfixersmart.core.reports.dashboard import render
from comfyfixersmart.core.reports.data import index_json, report_json
from comfyfixersmart.core.reports.history import History
from comfyfixersmart.core.reports.markdown import index_md
from comfyfixersmart.core.reports.panel import library_body, workflow_body
from comfyfixersmart.core.reports.rows import newest, rows, version, versions
from comfyfixersmart.core.reports.schema import Index, Report
from comfyfixersmart.core.reports.slugs import slugs
from comfyfixersmart.core.reports.types import Entry, Library
from report_samples import NOW, empty


def entry(name: str, status: str = RUNNABLE) -> Entry:
    return Entry(name, Readiness(name, status, (), Distance(local=int(status == BLOCKED)), 3, 1), source=f"/w/{name}")


def versioned() -> Library:
    """Three rows: one of three versions, of which only the newest runs; two of one."""
    entries = (
        entry("sub/heron.json", BLOCKED),
        entry("sub/heron.v10.json"),
        entry("sub/heron.v2.json", BLOCKED),
        entry("heron.v2.json", BLOCKED),
        entry("wren.json"),
    )
    return replace(empty(), entries=entries)


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["x.json", "x.v2.json", "x.v10.json"], [["x.v10.json", "x.v2.json", "x.json"]]),
        (["x.v2.json", "y.json", "x.json"], [["x.v2.json", "x.json"], ["y.json"]]),
        (["a/x.json", "b/x.v2.json", "x.v3.json"], [["a/x.json"], ["b/x.v2.json"], ["x.v3.json"]]),
        (["x.json", "x.json#2", "x.v2.json", "x.v2.json#2"], [["x.v2.json", "x.json"], ["x.v2.json#2", "x.json#2"]]),
        (["x.v1.json", "x.json"], [["x.v1.json", "x.json"]]),
        (["x.png", "x.v2.png", "x.v2.json"], [["x.png"], ["x.v2.png"], ["x.v2.json"]]),
        (["X.json", "x.v2.json"], [["X.json"], ["x.v2.json"]]),
        (["x.v1.5.json", "x.v2.0.json"], [["x.v1.5.json"], ["x.v2.0.json"]]),
        (["x.v2.JSON", "x.json", "x.json"], [["x.v2.JSON", "x.json"]]),
        (["#2", "a#b.v2.json", "a#b.json", ""], [["#2"], ["a#b.v2.json", "a#b.json"], [""]]),
    ],
)
def test_what_belongs_together(names: list[str], wanted: list[list[str]]) -> None:
    assert list(versions(names).values()) == wanted
    assert newest(names) == [group[0] for group in wanted]


def test_the_number_of_a_version() -> None:
    assert [version(name) for name in ("sub/x.json", "sub/x.v3.json", "x.v12.json#2")] == [1, 3, 12]


def test_a_row_is_its_newest_version() -> None:
    first, *others = rows(versioned().entries)
    assert [one.name for one in first.versions] == ["sub/heron.v10.json", "sub/heron.v2.json", "sub/heron.json"]
    assert [row.entry.name for row in others] == ["heron.v2.json", "wren.json"] and not others[0].older


def test_the_panel_lists_and_counts_rows() -> None:
    scan = versioned()
    slug = slugs(one.name for one in scan.entries)
    paths: dict[str, str | None] = {one.name: f"workflows/{one.name}" for one in scan.entries}
    body = library_body(scan, slug, paths)
    assert {status: count for status, count in body["counts"].items() if count} == {RUNNABLE: 2, BLOCKED: 1}
    lines = {line["name"]: line for line in body["workflows"]}
    assert set(lines) == {"sub/heron.v10.json", "heron.v2.json", "wren.json"}
    heron = lines["sub/heron.v10.json"]
    assert heron["version"] == 10 and heron["status"] == RUNNABLE
    assert heron["versions"] == [
        {
            "slug": slug[name],
            "name": name,
            "path": f"workflows/{name}",
            "version": number,
            "status": RUNNABLE if number == 10 else BLOCKED,
        }
        for name, number in (("sub/heron.v10.json", 10), ("sub/heron.v2.json", 2), ("sub/heron.json", 1))
    ]
    for name in ("heron.v2.json", "wren.json"):
        assert not {"version", "versions"} & set(lines[name])
    page = workflow_body(scan.entries[0], "x", None, None, heron["versions"])
    assert (page["version"], page["versions"]) == (1, heron["versions"])
    assert "versions" not in workflow_body(scan.entries[4], "x", None, None)


def test_the_index_has_every_file_and_says_what_is_a_version_of_what() -> None:
    scan = versioned()
    index = index_json(scan, slugs(one.name for one in scan.entries))
    Index.model_validate(index)
    Report.model_validate(report_json(scan))
    for body in (index, report_json(scan)):
        told = {line["name"]: line.get("version_of") for line in body["workflows"]}
        assert told == {
            "sub/heron.json": None,
            "sub/heron.v2.json": "sub/heron.json",
            "sub/heron.v10.json": "sub/heron.json",
            "heron.v2.json": None,
            "wren.json": None,
        }
        assert sum(body["counts"].values()) == len(body["workflows"]) == 5


def test_the_markdown_index_counts_rows_and_lists_files() -> None:
    scan = versioned()
    said = index_md(scan, slugs(one.name for one in scan.entries))
    assert "3 workflows, checked" in said and "**2 of 3 run here.**" in said
    assert len(re.findall(r"^\| \[", said, re.M)) == 5
    assert said.count(", an older version of heron.v10 |") == 2


def test_the_dashboard_shows_rows() -> None:
    page = render(versioned())
    assert "2 of 3 run here" in page
    found = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert found
    body = json.loads(found[1])
    texts = body["texts"]
    shown = [texts[row[1]] for row in body["rows"]]
    assert sorted(shown) == ["heron.v10", "heron.v2", "wren"]
    older = body["rows"][shown.index("heron.v10")][13]
    assert [texts[place] for place in older[1::3]] == ["heron.v2", "heron"]
    assert [body["order"][place] for place in older[2::3]] == [BLOCKED, BLOCKED]
    assert [row[13] for row in body["rows"] if row[1] != texts.index("heron.v10")] == [[], []]


def test_the_command_line_counts_as_the_dashboard_does(capsys: pytest.CaptureFixture[str]) -> None:
    print_library(versioned(), Path("dashboard.html"))
    assert "2 of 3 run here" in capsys.readouterr().out


def test_the_history_counts_rows(tmp_path: Path) -> None:
    history = History(tmp_path / "history.json")
    fine: dict[str, Any] = {"x.json": (RUNNABLE, ()), "x.v2.json": (RUNNABLE, ())}
    history.record(NOW, fine)
    history.record(NOW + 1, {**fine, "x.json": (UNREADABLE, ("heron is gone",))})
    history.record(NOW + 2, {"x.json": (UNREADABLE, ()), "x.v2.json": (BLOCKED, ("wren is gone",))})
    assert [(one.total, one.runnable, one.broke) for one in history.points()] == [(1, 1, 0), (1, 1, 0), (1, 0, 1)]
    change = history.change("x.json")
    assert change is not None and change.after == UNREADABLE
