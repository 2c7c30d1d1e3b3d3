"""Where missing things can be had, as the reports say it: one verdict of each kind, and the words around them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from comfyfixersmart.core.readiness.types import BLOCKED, Distance, Finding, Fix, Readiness
from comfyfixersmart.core.reports import panel, schema, schema_resolution, verdicts, words
from comfyfixersmart.core.reports.codes import merged
from comfyfixersmart.core.reports.console import Progress, print_checked, print_library
from comfyfixersmart.core.reports.console_verdicts import print_found
from comfyfixersmart.core.reports.dashboard import render
from comfyfixersmart.core.reports.data import index_json, workflow_json
from comfyfixersmart.core.reports.markdown import index_md, workflow_md
from comfyfixersmart.core.reports.slugs import slugs
from comfyfixersmart.core.reports.types import Entry, Library
from comfyfixersmart.core.resolution.types import NOT_FOUND, RESOLVED, UNCERTAIN, Resolution, from_json, to_json
from report_samples import HOSTILE, empty, hostile, library, looked_up, no_node, ref
from report_samples import verdicts as made

KINDS: dict[str, Callable[[], Resolution]] = {
    "resolved": made.resolved,
    "uncertain": made.uncertain,
    "silent": made.silent,
    "not-found": made.not_found,
    "chosen": made.chosen,
    "flagged": made.flagged,
    "pack": made.found_pack,
    "packs": made.unsure_pack,
}


URL = "https://huggingface.co/example/heron/resolve/main/heron.safetensors"


def lacking(one: Resolution, *, url: str = "", pack: str = "") -> Entry:
    """A workflow that lacks just this. `url`, `pack`: what it says of it itself."""
    name, folder = one.name, one.folder
    if one.kind == "pack":
        found = no_node(name, 12, pack) if pack else Finding("NODE001", BLOCKED, name, "Not installed.", (ref(12, 0),))
    else:
        fix = Fix("download", f"Put the file into {folder}.", folder)
        said = f"Missing. The node reads {folder}."
        found = Finding(
            "MODEL001", BLOCKED, name, said, (ref(3, 0),), (folder,), fixes=(fix,), urls=(url,) if url else ()
        )
    away = Distance(packs=1) if pack else Distance(types=1) if one.kind == "pack" else Distance(1, unsized=1)
    ready = Readiness("one.json", BLOCKED, (found,), away)
    return Entry("one.json", ready, resolutions={0: one})


def scan(*entries: Entry) -> Library:
    return replace(empty(), entries=entries)


# ---- golden files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_golden(golden_file: Callable[[str, str], None], kind: str) -> None:
    entry = lacking(KINDS[kind](), pack="ComfyUI-ReelSuite" if kind == "pack" else "")
    golden_file(f"resolution/{kind}.md", workflow_md(entry, alone=True))
    body = workflow_json(entry, "one")
    schema.WorkflowReport.model_validate(body)
    resolution = body["workflow"]["findings"][0]["resolution"]
    golden_file(f"resolution/{kind}.json", json.dumps(resolution, indent=1) + "\n")
    assert from_json(json.loads(json.dumps(resolution))) == KINDS[kind]()


def test_golden_library(golden_file: Callable[[str, str], None]) -> None:
    small = scan(looked_up())
    golden_file("resolution/index.md", index_md(small, slugs(one.name for one in small.entries)))
    golden_file("resolution/looked up.md", workflow_md(looked_up()))


# ---- the words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_verdict_has_its_word_its_reason_and_its_makers(kind: str) -> None:
    one, told = KINDS[kind](), verdicts.said(KINDS[kind]())
    assert told.word == {"RESOLVED": "RESOLVED", "UNCERTAIN": "UNCERTAIN", "NOT_FOUND": "NOT FOUND"}[one.state]
    assert told.why.endswith(".") and not told.why[:1].islower()
    assert told.looked == "Looked up Sun 22 Nov 2026, 15:40."
    for offer, judged in zip(told.offers, one.candidates, strict=False):
        assert f"By {judged.candidate.author}." in offer.about
        if judged.candidate.confirmed:
            assert "icence" in offer.about


def test_a_silent_source_is_named_and_said_once() -> None:
    told = verdicts.said(made.silent())
    assert (
        told.why == "Civitai did not answer: it took longer than 15 seconds, so we cannot say whether it has this file."
    )
    assert told.silent == ()
    beside = replace(made.uncertain(), silent=made.silent().silent)
    assert verdicts.said(beside).silent == (told.why,)
    pack = replace(made.unsure_pack(), silent=made.silent().silent)
    assert "whether it has a pack with this node" in verdicts.said(pack).silent[0]


def test_whom_was_asked_and_what_each_had() -> None:
    assert verdicts.said(made.silent()).places[-1] == ("Civitai", "no answer")
    assert dict(verdicts.said(made.not_found()).places)["This disk"] == "nothing"
    assert verdicts.said(made.not_found()).aside == "5 places asked"
    assert verdicts.said(made.uncertain()).places[1] == ("Hugging Face", "2 files of this name")
    steps = verdicts.said(made.resolved()).steps
    assert steps[2] == ("ModelScope", "Asked for files of this hash", "1 file (answer 2 h old)", False)


def test_a_choice_says_whose_it_was_and_when() -> None:
    told = verdicts.said(made.chosen())
    assert (told.chosen, told.aside) == ("Chosen by you on Sat 21 Nov 2026.", "67 MB")
    assert "the author of the workflow told me" in told.why
    assert told.mirrors == () and len(told.offers) == 1


def test_one_line_says_the_most() -> None:
    assert verdicts.line(made.resolved()) == "Hugging Face, heron-lab/Heron_2.2_Repackaged, 6.7 GB"
    assert verdicts.line(made.found_pack()) == "Comfy Registry, ComfyUI-ReelSuite, version 1.7.9"
    assert verdicts.line(made.uncertain()) == "4 candidates: 2 different files carry this name."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        *((low, "less than a minute") for low in (0, -5, float("nan"))),
        *((61, "1 min"), (7300, "2 h"), (3 * 86_400, "3 days"), (1e300, "11,574,074,074 days")),
    ],
)
def test_lengths_of_time(seconds: float, said: str) -> None:
    assert words.span(seconds) == said


# ---- counts ------------------------------------------------------------------------------------------------


def test_counts_are_of_things_not_of_mentions() -> None:
    twice = (lacking(made.resolved()), replace(lacking(made.resolved()), name="two.json"))
    assert verdicts.counts(verdicts.every(twice)) == {RESOLVED: 1, UNCERTAIN: 0, NOT_FOUND: 0}
    assert verdicts.summary(twice) == ["Of 1 missing file: 1 found."]


def test_the_summary_says_what_was_not_looked_up_and_is_silent_when_nothing_was() -> None:
    assert verdicts.summary(library().entries) == []
    assert verdicts.summary((looked_up(),)) == [
        "Of 6 missing files: 2 found, 2 uncertain, 1 not found, 1 not looked up yet.",
        "Of 3 missing node types: 1 found, 1 uncertain, 1 not looked up yet.",
    ]


def test_index_and_panel_carry_the_counts_and_the_page_the_verdicts() -> None:
    entry = looked_up()
    slug = {entry.name: "x"}
    body = index_json(scan(entry), slug)
    counts = {RESOLVED: 3, UNCERTAIN: 3, NOT_FOUND: 1}
    assert body["resolutions"] == body["workflows"][0]["resolutions"] == counts
    (line,) = panel.library_body(scan(entry), slug, {})["workflows"]
    assert line["resolutions"] == counts and "findings" not in line
    page = panel.workflow_body(entry, "x", None, None)
    found = {one["name"]: one["resolution"] for one in page["findings"]}
    assert found["4x-FineGrain.pth"] == to_json(made.uncertain())
    assert found["kite_image_vae.safetensors"] is None
    assert found["RS_VideoCombine"]["state"] == RESOLVED, "one item for both types of the pack"
    assert panel.digest(entry) != panel.digest(replace(entry, resolutions={}))


def test_node_types_of_one_pack_take_the_first_verdict_there_is() -> None:
    findings = (no_node("RS_LoadVideo", 1), no_node("RS_VideoCombine", 2))
    (item,) = merged(findings, {1: made.found_pack()})
    assert item.names == ("RS_LoadVideo", "RS_VideoCombine") and item.resolution == made.found_pack()


# ---- what the workflow only claims -------------------------------------------------------------------------


def test_a_link_that_was_checked_is_not_called_unchecked() -> None:
    assert "not checked" not in workflow_md(lacking(made.resolved(), url=URL))
    assert "not checked" in workflow_md(lacking(made.not_found(), url=URL))
    assert "IN THE WORKFLOW" not in workflow_md(lacking(made.found_pack(), pack="ComfyUI-ReelSuite"))
    assert "IN THE WORKFLOW" in workflow_md(lacking(made.unsure_pack(), pack="ComfyUI-ReelSuite"))


# ---- the dashboard's data ----------------------------------------------------------------------------------


def page_data(of: Library) -> Any:
    found = re.search(r'id="data">(.*?)</script>', render(of), re.S)
    assert found
    return json.loads(found[1])


def test_a_verdict_stands_once_in_the_page_however_many_miss_the_thing() -> None:
    body = page_data(scan(*(replace(lacking(made.resolved()), name=f"{at}.json") for at in range(40))))
    assert len(body["verdicts"]) == 2 and body["verdicts"][0] == []
    assert {row[10][0][13] for row in body["rows"]} == {1}


def test_a_search_of_many_steps_is_cut_in_the_page_and_whole_in_the_json() -> None:
    long = replace(made.not_found(), steps=made.not_found().steps * 20)
    assert page_data(scan(lacking(long)))["verdicts"][1][-1] == 40
    assert len(workflow_json(lacking(long), "x")["workflow"]["findings"][0]["resolution"]["steps"]) == 100


def test_a_library_of_verdicts_stays_small() -> None:
    keyed = [replace(made.uncertain(), key=f"{at:020x}", name=f"file-{at}.safetensors") for at in range(500)]
    of = scan(*(replace(lacking(one), name=f"{one.name}.json") for one in keyed))
    assert len(render(of).encode()) < 1_000_000


# ---- the terminal ------------------------------------------------------------------------------------------


def test_a_terminal_says_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    entry = looked_up()
    print_checked((entry,), empty().place, None)
    said = capsys.readouterr().out
    assert "RESOLVED  Hugging Face, heron-lab/Heron_2.2_Repackaged, 6.7 GB" in said
    assert "NOT FOUND  5 places asked: Nobody who was asked has a file of this name." in said
    print_library(scan(entry), tmp_path)
    assert "Of 6 missing files: 2 found, 2 uncertain" in capsys.readouterr().out
    print_found((entry,), {entry.name: 9}, steps=True, requests={"huggingface.co": 1}, kept=True)
    said = capsys.readouterr().out
    for text in (
        "RESOLVED   heron_xxl_fp8_e4m3fn_scaled.safetensors  6.7 GB  key a1a1a1a1",
        "Mind: Its terms have to be accepted at Hugging Face first, with an account.",
        "The very same file: ModelScope, heron-lab/Heron_2.2",
        "3. Civitai, FineGrain upscaler, v2: 4xFineGrain_v2.safetensors, 78 MB.",
        "and 1 more: --json lists them",
        "RESOLVED   ComfyUI-ReelSuite  version 1.7.9",
        "2 things not looked up yet.",
        "Asked huggingface.co 1 time.",
    ):
        assert text in said, text


def test_hostile_texts_are_harmless_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    entries = hostile().entries
    print_checked(entries, empty().place, None)
    print_found(entries, {}, steps=True, requests=dict.fromkeys(HOSTILE, 1), kept=True)
    said = capsys.readouterr().out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\u2028]", said)
    assert "<svg/onload=window.pwned=1>" in said, "nothing is lost"


def test_the_progress_bar_names_file_and_step_and_takes_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    with Progress() as progress:
        progress.count(1, 3, "[red]thorn.safetensors\x1b[31m", "Asked for repositories named “[bold]thorn”")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue())
    assert "[red]thorn.safetensors\\u001b[31m: Asked for repositories named “[bold]thorn”" in text and "1/3" in text


def test_the_published_shape_knows_both_kinds() -> None:
    for one in (made.resolved(), made.unsure_pack()):
        assert schema_resolution.Resolution.model_validate(to_json(one)).key == one.key
