"""POLICY001: when it is given, what it says, and that it shows wherever a workflow does."""

from __future__ import annotations

import json
from collections.abc import Callable

from comfyfixersmart.core.actions.policy import policy_findings
from comfyfixersmart.core.library import find
from comfyfixersmart.core.readiness.types import INFO
from comfyfixersmart.core.record import entry
from comfyfixersmart.core.reports.data import report_json
from comfyfixersmart.core.reports.markdown import workflow_md
from comfyfixersmart.core.reports.panel import workflow_body
from comfyfixersmart.core.reports.types import Entry
from comfyfixersmart.core.resolution.types import UNCERTAIN

from .scene import Scene, civitai, hub

NAME = "portrait.safetensors"


def entries(scene: Scene) -> list[Entry]:
    app = scene.app()
    return [entry(one, None, app.resolutions(one, scene.store)) for one in app.check(find([str(scene.flows)]))]


def given(scene: Scene) -> list[tuple[str, str]]:
    (one,) = entries(scene)
    return [(finding.code, finding.message) for finding in one.readiness.findings if finding.code == "POLICY001"]


def test_golden(scene: Scene, golden_file: Callable[[str, str], None]) -> None:
    scene.flow("a.json", loras=NAME)
    scene.found(civitai(NAME, 41, flags=("poi",)))
    (one,) = entries(scene)
    (finding,) = [finding for finding in one.readiness.findings if finding.code == "POLICY001"]
    body = finding._asdict()
    for key in ("nodes", "evidence", "fixes"):
        body[key] = [each._asdict() for each in body[key]]
    golden_file("findings/POLICY001.json", json.dumps(body, indent=2, ensure_ascii=False) + "\n")


def test_it_informs_and_changes_no_status_and_no_place(scene: Scene) -> None:
    scene.flow("a.json", loras=NAME, vae="heron_vae.safetensors")
    (plain,) = entries(scene)
    scene.found(civitai(NAME, 41, flags=("minor", "nsfw")))
    scene.found(hub("heron_vae.safetensors"))
    (told,) = entries(scene)
    assert told.readiness.findings[: len(plain.readiness.findings)] == plain.readiness.findings
    extra = told.readiness.findings[len(plain.readiness.findings) :]
    assert [(one.code, one.weight, one.name) for one in extra] == [("POLICY001", INFO, NAME)]
    assert (told.readiness.status, told.readiness.distance) == (plain.readiness.status, plain.readiness.distance)
    assert {told.readiness.findings[at].name for at in told.resolutions} == {NAME, "heron_vae.safetensors"}
    assert [need for need in scene.needs() if need.finding.code == "POLICY001"] == []


def test_it_shows_in_panel_and_reports(scene: Scene) -> None:
    scene.flow("a.json", loras=NAME)
    scene.found(civitai(NAME, 41, flags=("poi",)))
    (one,) = entries(scene)
    shown = [finding for finding in workflow_body(one, "a", None, None)["findings"] if finding["code"] == "POLICY001"]
    assert len(shown) == 1 and shown[0]["title"] == "Content policy" and shown[0]["group"] == 5
    assert "likeness-claim-request" in workflow_md(one)
    app = scene.app()
    library = app.library(app.check(find([str(scene.flows)])), found=scene.store)
    found = [finding for flow in report_json(library)["workflows"] for finding in flow["findings"]]
    assert [finding["code"] for finding in found] == ["MODEL001", "POLICY001"]


def test_what_is_said(scene: Scene) -> None:
    scene.flow("a.json", loras=NAME)
    assert given(scene) == [], "nothing is known yet"
    scene.found(hub(NAME))
    assert given(scene) == []
    scene.found(civitai(NAME, 41, flags=("nsfw",)))
    assert given(scene) == [], "adult content is no matter of this finding"
    scene.found(civitai(NAME, 41, flags=("poi",)))
    ((_, text),) = given(scene)
    assert text.startswith("A model of a real person, says Civitai.") and text.endswith("modelVersionId=41")
    scene.found(civitai(NAME, 41, flags=("minor", "nsfw")))
    ((_, text),) = given(scene)
    assert text.startswith("Refused: sexual content with minors.") and "inhope.org" in text and "models/41" not in text


def test_a_candidate_that_nobody_chose_says_nothing_of_the_workflow(scene: Scene) -> None:
    scene.flow("a.json", loras=NAME)
    scene.found(civitai(NAME, 41, flags=("poi",)), hub(NAME, b"other"), state=UNCERTAIN)
    assert given(scene) == []


def test_a_name_can_be_enough(scene: Scene) -> None:
    scene.flow("a.json", loras="lolicon_v3.safetensors")
    ((_, text),) = given(scene)
    assert "Its name says so." in text


def test_other_findings_are_passed_over() -> None:
    assert policy_findings((), {}) == ()
