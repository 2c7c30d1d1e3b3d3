"""Fit to 8 GB: is there a variant for the official templates, does ComfyUI accept it, and is its estimate lower?

For every template with local models whose running node types the real ComfyUI has. Variants are written, opened in
ComfyUI's own page, and what that would send goes through the server's own validation. Model files are dummies, so sizes
come from names, as for a person who has not downloaded anything yet.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comfyfixersmart.core.app import App
from comfyfixersmart.core.catalogue.types import NodeCatalogue
from comfyfixersmart.core.explanation.anatomy.build import anatomy, view_of
from comfyfixersmart.core.inventory.server import read_server
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.requirements.references import Vocabulary
from comfyfixersmart.core.requirements.scan import Scanner
from comfyfixersmart.core.tuning.advice.trial import with_sizes
from comfyfixersmart.core.tuning.advice.tune import tune
from comfyfixersmart.core.tuning.edit.edited import NotEdited, edited
from comfyfixersmart.core.tuning.estimate import estimate
from comfyfixersmart.core.tuning.types import Change, Estimate, NeedsFile, Tuning
from comfyfixersmart.core.workflow.read import read_bytes
from comfyfixersmart.core.workflow.types import Workflow
from host_accuracy import _server_module as server_module
from oracle_cases import subject
from oracle_host import PACKS, Host
from oracle_page import Page, Sent, absent, open_page
from scan_accuracy import template_files
from table import Row

TARGET = 8_000_000_000
SHARE = 0.8  # of the templates a variant is asked for


@dataclass
class Written:
    """One variant: its changes, its bytes (`fault`: why there are none), what the page sends, what the server says.

    `estimate`: of the file that was written, read anew."""

    key: str
    changes: list[Change]
    estimate: Estimate
    data: bytes = b""
    fault: str = ""
    sent: Sent | None = None
    accepted: bool = False
    said: str = ""


@dataclass
class Case:
    """One template, its tuning, its variants."""

    name: str
    data: bytes
    tuning: Tuning
    sent: Sent | None = None
    accepted: bool = False
    variants: list[Written] = field(default_factory=list)


def rows(verbose: bool = False) -> list[Row]:
    """The figures; one row that says why where there is no ComfyUI or no page."""
    server = server_module()
    why = server if isinstance(server, str) else absent()
    if why:
        return [Row("variants for 8 GB, judged by a real ComfyUI", f"not run: {why}")]
    with (
        tempfile.TemporaryDirectory(prefix="cfs-tuning-") as folder,
        server.running(Path(folder) / "base", packs=PACKS, api_nodes=True) as running,
    ):
        host = Host(running)
        cases = list(_cases(App(read_server(running.url)).catalogue, host))
        with open_page(running.url) as page:
            for case in cases:
                _send(page, case)
        _judge(host, cases)
    return list(_rows(cases))


# ---- making the cases ---------------------------------------------------------------------------------------


def _cases(catalogue: NodeCatalogue, host: Host) -> Iterator[Case]:
    links, scanner = _links(), Scanner(catalogue, Vocabulary.from_document(document("references")))
    for path in template_files():
        data = path.read_bytes()
        workflow = next(iter(read_bytes(data, path.name).workflows), None)
        if workflow is None or workflow.format != "ui":
            continue
        found = _tuned(scanner, catalogue, workflow, links, host.info.keys())
        if found is not None:
            yield _written(scanner, catalogue, Case(path.name, data, found))


def _tuned(
    scanner: Scanner, catalogue: NodeCatalogue, workflow: Workflow, links: dict[str, list[NeedsFile]], types: Any
) -> Tuning | None:
    """None for what is not to be judged: no local model, or a type that this ComfyUI does not have."""
    view = view_of(workflow, catalogue)
    if not view.nodes or any(node.class_type not in types for node in view.nodes):
        return None

    def understood(one: Workflow) -> Any:
        return anatomy(one, scanner.scan(one), catalogue)

    own = understood(workflow)
    if not own.models:
        return None
    return tune(
        own, view, target=TARGET, files=lambda name, folders: None, reread=understood,
        known=lambda name, folder: links.get(folder, ()),
    )  # fmt: skip


def _links() -> dict[str, list[NeedsFile]]:
    """Folder → the files that the templates themselves name with an address."""
    found: dict[tuple[str, str], NeedsFile] = {}
    for path in template_files():
        for workflow in read_bytes(path.read_bytes(), path.name).workflows:
            for node in workflow.nodes:
                for one in node.properties.get("models") or ():
                    if isinstance(one, dict) and one.get("url") and one.get("directory") and one.get("name"):
                        needs = NeedsFile(
                            one["name"], one["directory"], False, None, one["url"], "an official template"
                        )
                        found.setdefault((one["directory"], one["name"]), needs)
    folders: dict[str, list[NeedsFile]] = {}
    for (folder, _), needs in found.items():
        folders.setdefault(folder, []).append(needs)
    return folders


def _written(scanner: Scanner, catalogue: NodeCatalogue, case: Case) -> Case:
    by_id = {change.id: change for change in case.tuning.changes}
    for variant in case.tuning.variants:
        one = Written(variant.key, [by_id[id] for id in variant.changes], variant.estimate)
        try:
            one.data = edited(case.data, one.changes, lambda workflow: view_of(workflow, catalogue))
            (workflow,) = read_bytes(one.data, case.name).workflows
            own = anatomy(workflow, scanner.scan(workflow), catalogue)
            one.estimate = estimate(own, files=with_sizes(lambda name, folders: None, one.changes))
        except NotEdited as error:
            one.fault = error.message
        case.variants.append(one)
    return case


# ---- asking ComfyUI -----------------------------------------------------------------------------------------


def _send(page: Page, case: Case) -> None:
    for one in (case, *case.variants):
        try:
            one.sent = page.sent(one.data) if one.data else None
        except Exception as error:  # the page's own faults
            one.sent = Sent({}, [], str(error).splitlines()[0])


def _judge(host: Host, cases: Sequence[Case]) -> None:
    """The server's word on every prompt, with all files in place."""
    every = [one for case in cases for one in (case, *case.variants) if one.sent and not one.sent.fault]
    subjects = [subject("", b"", one.sent.prompt, host.rules) for one in every if one.sent]
    host.place(file for one in subjects for file in one.files)
    answers = host.validate([one.sent.prompt for one in every if one.sent])
    for one, answer in zip(every, answers, strict=True):
        one.accepted = bool(answer["accepted"] and not answer["node_errors"])
        if isinstance(one, Written):
            one.said = json.dumps(answer)[:400]
            one.accepted = one.accepted and not (lost := _lost(one))
            one.said = f"not sent as changed: {lost}" if lost else one.said


def _lost(one: Written) -> list[str]:
    """Values that the page does not send as they were changed."""
    prompt = one.sent.prompt if one.sent else {}
    found = []
    for edit in (edit for change in one.changes for edit in change.edits):
        node = prompt.get(edit.node, {})
        if edit.kind == "type":
            wanted = {name: node.get("inputs", {}).get(name) == value for name, value in edit.values}
            if node.get("class_type") != edit.after or not all(wanted.values()):
                found.append(f"{edit.node} {edit.after}")
        elif edit.kind == "value" and node and edit.input in node["inputs"]:
            sent = node["inputs"][edit.input]
            if sent != edit.after and not isinstance(sent, list):
                found.append(f"{edit.node} {edit.input} {sent!r} for {edit.after!r}")
    return found


# ---- the table ----------------------------------------------------------------------------------------------


def _rows(cases: Sequence[Case]) -> Iterator[Row]:
    some = [case for case in cases if case.variants]
    without = [case for case in cases if not case.variants]
    share = len(some) / max(1, len(cases))
    reasons = [f"{case.name}: {case.tuning.none or 'NO REASON'}" for case in without]
    yield Row("templates with a variant for 8 GB", f"{len(some)} of {len(cases)} ({share:.1%})", f">= {SHARE:.0%}",
              share >= SHARE, reasons)  # fmt: skip
    unsaid = [line for case, line in zip(without, reasons, strict=True) if not case.tuning.none]
    yield Row("without a variant and without a reason", str(len(unsaid)), "0", not unsaid, unsaid)
    variants = [(case, one) for case in some for one in case.variants]
    judged = [(case, one) for case, one in variants if case.accepted]
    bad = [f"{case.name} {one.key}: {_fault(one)}" for case, one in judged if not one.accepted]
    passed = f"{len(judged) - len(bad)} of {len(judged)}"
    yield Row(
        "variants that pass ComfyUI's validation where the original does", passed, "all", bool(judged) and not bad, bad
    )
    higher = [f"{case.name} {one.key}" for case, one in variants if not _lower(case.tuning.before, one.estimate)]
    yield Row(
        "variants with a lower estimate", f"{len(variants) - len(higher)} of {len(variants)}", "all",
        bool(variants) and not higher, higher,
    )  # fmt: skip
    at_peak = [case for case in some if any(_peak_lower(case.tuning.before, one.estimate) for one in case.variants)]
    yield Row("templates with a variant that is lower at the peak", f"{len(at_peak)} of {len(cases)}")
    yield from _details(cases)


def _fault(one: Written) -> str:
    return one.fault or (one.sent.fault if one.sent else "") or one.said


def _peak_lower(before: Estimate, after: Estimate) -> bool:
    return after.peak.likely < before.peak.likely


def _lower(before: Estimate, after: Estimate) -> bool:
    """Less at the peak; or the same there, and less in its stages or to compute."""
    if _peak_lower(before, after):
        return True
    stages = sum(stage.total.likely for stage in before.stages) - sum(stage.total.likely for stage in after.stages)
    work = bool(before.compute and after.compute and after.compute < before.compute)
    return after.peak.likely == before.peak.likely and (stages > 0 or work)


def _details(cases: Sequence[Case]) -> Iterator[Row]:
    refused = [case.name for case in cases if case.variants and not case.accepted]
    yield Row("originals that this ComfyUI refuses", str(len(refused)), details=refused)
    fits = [one for case in cases for one in case.variants if one.estimate.peak.likely <= TARGET]
    yield Row("variants that most likely fit whole", f"{len(fits)} of {sum(len(case.variants) for case in cases)}")
