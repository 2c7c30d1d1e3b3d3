"""Health in the reports: what broke and why, what a workflow is, practice notes; and nothing of it becomes markup."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

from comfyfixersmart.core.health.types import Broke, Cause, Health, Practice
from comfyfixersmart.core.reports import health
from comfyfixersmart.core.reports.dashboard import render
from comfyfixersmart.core.reports.data import index_json, workflow_json
from comfyfixersmart.core.reports.markdown import index_md, workflow_md
from comfyfixersmart.core.reports.schema import Index, WorkflowReport
from comfyfixersmart.core.reports.slugs import slugs
from comfyfixersmart.core.reports.types import Entry, Library

sys.path.insert(0, str(Path(__file__).resolve().parent))
from report_samples import NOW, library

DAY = 86_400.0
CAUSE = Cause(
    "file_gone", "The file moss.safetensors is gone.", "MODEL001: it lay at /m/moss", "Look it up.", "resolve"
)
NOTE = Practice(
    "risk.1", "3 steps are few.", ("5", "12:3"), "knowledge/practice.json#few", "https://example.org/few", 2
)
EVIL = "<script>alert(1)</script> ](x) **"


def broke(when: float = NOW - DAY, last: float = NOW - 3 * DAY, *causes: Cause, differences: int = 0) -> Broke:
    return Broke(when, last, causes or (CAUSE,), differences)


def with_health(*given: Health | None) -> Library:
    """A library whose first workflows have this health."""
    made = library(2, 2, 0, 0, 0)
    pairs = zip(made.entries, (*given, *[None] * len(made.entries)), strict=False)
    return replace(made, entries=tuple(replace(entry, health=one) for entry, one in pairs))


def first(given: Health) -> tuple[Entry, Library]:
    made = with_health(given)
    return made.entries[0], made


def test_one_line_for_all_that_broke() -> None:
    assert health.summary(with_health().entries) == "" == health.count(with_health(Health()).entries)
    found = with_health(Health(broke()), Health(broke(NOW)))
    assert re.fullmatch(
        r"2 workflows broke since \w{3} \d+ \w{3}: The file moss.safetensors is gone\.", health.summary(found.entries)
    )
    assert health.count(found.entries) == "2 workflows that ran here do not any more."
    assert health.count(with_health(Health(broke())).entries) == "1 workflow that ran here does not any more."


def test_both_moments_on_one_day_are_told_by_the_clock() -> None:
    assert re.fullmatch(r"Broke on \w+ \d+ \w+ \d{4}; it last ran on \w+ \d+ \w+ \d{4}\.", health.story(broke()))
    assert re.fullmatch(
        r"Broke on \w+ \d+ \w+ \d{4}, \d\d:\d\d; it last ran at \d\d:\d\d\.", health.story(broke(NOW, NOW - 60))
    )
    assert re.fullmatch(r"Broke on \w+ \d+ \w+ \d{4}\.", health.story(broke(NOW, NOW)))


def test_the_newest_comes_first() -> None:
    found = with_health(Health(broke(NOW - 9 * DAY)), Health(broke(NOW)))
    assert [one.when for _, one in health.broken(found.entries)] == [NOW, NOW - 9 * DAY]


def test_in_markdown() -> None:
    entry, made = first(
        Health(broke(differences=3), (NOTE,), "Fits: 4 to 6 GB wanted", line="Picture from a sentence", text="It is.")
    )
    text = workflow_md(entry)
    assert "Picture from a sentence. It is." in text
    assert "## What broke it" in text and "When did it break?" not in text
    assert "- The file moss.safetensors is gone." in text and "    - To do: Look it up." in text
    assert "3 differences from the version that ran" in text
    assert "- 3 steps are few. \\(nodes 5 and 12:3\\) Source: `https://example.org/few`" in text
    assert "- Memory: Fits: 4 to 6 GB wanted" in text
    assert "1 workflow broke since" in index_md(made, slugs(one.name for one in made.entries))


def test_in_json_of_the_published_shape() -> None:
    entry, made = first(Health(broke(), (NOTE,), "Fits", line="Picture", text="It is."))
    body = workflow_json(entry, "a")
    WorkflowReport.model_validate(body)
    assert body["workflow"]["about"] == {"line": "Picture", "text": "It is."}
    assert body["workflow"]["health"]["practice"][0]["nodes"] == ["5", "12:3"]
    assert json.loads(json.dumps(body)) == body
    index = index_json(made, slugs(one.name for one in made.entries))
    Index.model_validate(index)
    lines = {one["name"]: one.get("broke") for one in index["workflows"]}
    assert lines.pop(entry.name) == {
        "when": NOW - DAY,
        "last_good": NOW - 3 * DAY,
        "cause": "file_gone",
        "text": "The file moss.safetensors is gone.",
    }
    assert set(lines.values()) == {None}


def test_in_the_dashboard() -> None:
    page = render(with_health(Health(broke(), (NOTE,), "Fits")))
    assert ">What broke<" in page and "<p>The file moss.safetensors is gone.</p>" in page
    assert 'href="#w=' in page.split(">What broke<")[1]
    assert ">What broke<" not in render(with_health())


def test_many_are_counted_and_not_all_listed() -> None:
    made = library(20, 0, 0, 0, 0)
    made = replace(made, entries=tuple(replace(one, health=Health(broke())) for one in made.entries))
    page = render(made)
    assert page.count("<p>The file moss.safetensors is gone.</p>") == health.MOST
    assert re.search(r"and \d+ more, each with its reasons", page)


def test_nothing_of_it_becomes_markup() -> None:
    evil = Health(
        broke(NOW, NOW, Cause("unknown", EVIL, EVIL, EVIL, EVIL)),
        (Practice(EVIL, EVIL, (EVIL,), EVIL, "javascript:alert(1)", 2),),
        EVIL,
        line=EVIL,
        text=EVIL,
    )
    entry, made = first(evil)
    page = render(made)
    assert EVIL.split()[0] not in page
    assert "<script>alert" not in workflow_md(entry)
    assert "](x)" not in workflow_md(entry)
