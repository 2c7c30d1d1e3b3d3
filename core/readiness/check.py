"""Requirements × Inventory → Readiness: findings with stable codes, the status, the distance. Pure.

A finding's weight is the status it alone would give the workflow; the workflow's status is the heaviest
weight by the order of precedence. INFO findings (HW, LIC, API, POLICY, MODEL005, files a node fetches
itself) never change it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..requirements.types import EMBEDDING, INPUT_MEDIA, LORA_TAG, MODEL, NODE_TYPE, NodeRef, Requirement, Requirements
from ..workflow.types import Problem
from .index import Index
from .models import Probe, Verdict, check_model
from .packs import check_type
from .types import (
    BLOCKED,
    INFO,
    NEEDS_INPUT,
    RUNNABLE,
    STATUSES,
    UNKNOWN,
    UNREADABLE,
    Distance,
    Finding,
    Fix,
    Readiness,
)

MOST_KEPT = 50_000  # verdicts of each kind that are remembered; a library of a thousand workflows needs a tenth
MAX_LISTED = 300  # findings, and warnings, of one workflow: the largest real one has under a hundred

_ORDER = {weight: place for place, weight in enumerate((*STATUSES, INFO))}
_KINDS = {"NODE": 0, "MODE": 1, "VALU": 2, "LINK": 3, "INPU": 4}


class Checker:
    """Checks workflows against one inventory. Verdicts on things that many workflows ask for are made once."""

    def __init__(self, index: Index, probe: Probe, generic: Iterable[str] = ()) -> None:
        self._index = index
        self._probe = probe
        self._generic = frozenset(name.lower() for name in generic)
        self._models: dict[tuple[object, ...], Verdict | None] = {}
        self._types: dict[tuple[object, ...], tuple[Verdict, str | None] | None] = {}

    def check(self, requirements: Requirements) -> Readiness:
        """The verdict on one workflow."""
        findings: list[Finding] = []
        ignored = models = 0
        here = self._index.types
        for need in requirements.items:
            if need.kind == NODE_TYPE and need.name in here:
                continue
            if not need.active:
                ignored += need.kind != NODE_TYPE
                continue
            models += need.kind == MODEL
            found = self._one(need)
            if found is not None:
                findings.append(found)
        if requirements.api_types:
            findings.append(_partner(requirements))
        findings += [_violation(one.code, one.node, one.value, one.allowed) for one in requirements.violations]
        findings.sort(key=_rank)
        status, away = _status(findings), distance(findings)
        warnings = requirements.warnings[:MAX_LISTED]
        if len(findings) > MAX_LISTED:
            warnings = (*warnings, f"{len(findings) - MAX_LISTED:,} more findings are counted but not listed.")
        return Readiness(
            requirements.workflow,
            status,
            tuple(findings[:MAX_LISTED]),
            away,
            requirements.nodes,
            models,
            ignored,
            warnings,
        )

    def _one(self, need: Requirement) -> Finding | None:
        if need.kind == NODE_TYPE:
            return self._node_type(need)
        if need.kind == INPUT_MEDIA:
            return self._media(need)
        key = (
            need.kind,
            need.name,
            need.folders,
            need.optional,
            need.sha256,
            need.size,
            not need.folders and need.nodes,
        )
        try:
            verdict = self._models[key]
        except KeyError:
            if len(self._models) >= MOST_KEPT:  # graphs that are only sent to be checked can name anything
                self._models.clear()
            verdict = self._models[key] = check_model(need, self._index, self._probe, self._generic)
        if verdict is None:
            return None
        message = f"{_KIND_WORDS[need.kind]}{verdict.message}"
        return _finding(need, verdict, message)

    def _node_type(self, need: Requirement) -> Finding | None:
        key = (need.name, need.pack, need.owner)
        try:
            found = self._types[key]
        except KeyError:
            if len(self._types) >= MOST_KEPT:
                self._types.clear()
            found = self._types[key] = check_type(need, self._index)
        return None if found is None else _finding(need, found[0], found[0].message, found[1])

    def _media(self, need: Requirement) -> Finding | None:
        inventory = self._index.inventory
        if not need.name:
            node = need.nodes[0]
            what = f"No {need.media if need.media in ('image', 'video', 'audio') else 'file'} is chosen."
            fix = Fix("choose", f"Choose one in {node.title} {node.id}.", node.id)
            return _finding(
                need._replace(name=node.input or ""), Verdict("INPUT001", NEEDS_INPUT, what, fixes=(fix,)), what
            )
        name = need.name.replace("\\", "/")
        if name in inventory.inputs:
            return None
        there = self._probe.media(need.name)
        if there:
            return None
        elsewhere = next((folder for folder in ("output", "temp") if name.endswith(f" [{folder}]")), "")
        if there is None and (elsewhere or not inventory.inputs_known):
            text = f"Whether it is in the {elsewhere or 'input'} folder cannot be told."
            verdict = Verdict("INPUT001", UNKNOWN, text)
        else:
            what = f"Your {need.media}" if need.media in ("image", "video", "audio") else "Your file"
            first = need.nodes[0] if need.nodes else None
            where = f" {first.title} {first.id}" if first else " the node"
            fixes = (Fix("choose", f"Choose one of your own in{where}.", first.id if first else ""),)
            verdict = Verdict("INPUT001", NEEDS_INPUT, f"{what}: not in the input folder.", fixes=fixes)
        return _finding(need, verdict, verdict.message)


_KIND_WORDS = {MODEL: "", EMBEDDING: "Embedding named in a prompt. ", LORA_TAG: "LoRA tag in a prompt. "}


def _finding(need: Requirement, verdict: Verdict, message: str, pack: str | None = None) -> Finding:
    return Finding(
        verdict.code,
        verdict.weight,
        need.name,
        message,
        need.nodes,
        verdict.folders,
        verdict.evidence,
        verdict.fixes,
        verdict.size,
        need.sha256,
        need.urls,
        pack,
    )


def _violation(code: str, node: NodeRef, value: object, allowed: str) -> Finding:
    if code == "LINK002":
        return Finding(code, BLOCKED, "no output node", "Nothing is saved or shown, so ComfyUI refuses to run it.")
    if code == "LINK001":
        name = node.input or ""
        message = f"Required, and nothing is connected to it.{allowed and f' {allowed}'}"
        return Finding(code, BLOCKED, name, message, (node,), fixes=(Fix("connect", f"Connect {name}.", node.id),))
    if code == "LINK003":
        name = node.input or "a circle of nodes"
        text = f"Connect {name} to an output of the right type." if node.input else "Remove one of these links."
        return Finding(code, BLOCKED, name, allowed, (node,), fixes=(Fix("connect", text, node.id),))
    shown = str(value)
    shown = "nothing" if not shown else shown if len(shown) <= 80 else f"{shown[:77]}…"
    text = f"Choose another {node.input}."
    if code == "VALUE001" and value:
        text = (
            f"A newer ComfyUI, or a newer version of the node's pack, may offer it; else choose another {node.input}."
        )
    fix = Fix("choose", text, node.id)
    message = f"{node.input} does not take {shown}. The installed version takes {allowed}."
    return Finding(code, BLOCKED, shown, message, (node,), fixes=(fix,))


def _partner(requirements: Requirements) -> Finding:
    types = requirements.api_types
    nodes = tuple(ref for need in requirements.of(NODE_TYPE) if need.name in types for ref in need.nodes)
    text = "Paid partner nodes: they run on the provider's server, need an account and cost credits."
    return Finding("API001", INFO, ", ".join(types), text, nodes)


def _rank(finding: Finding) -> tuple[int, int, str, str]:
    return (_ORDER[finding.weight], _KINDS.get(finding.code[:4], 5), finding.code, finding.name)


def _status(findings: list[Finding]) -> str:
    heaviest = min((_ORDER[one.weight] for one in findings), default=_ORDER[INFO])
    return RUNNABLE if heaviest == _ORDER[INFO] else STATUSES[heaviest]


def distance(findings: Iterable[Finding]) -> Distance:
    """How far these findings keep a workflow from running. One file asked for by two findings counts once."""
    files: dict[tuple[str, tuple[str, ...]], int | None] = {}
    packs: set[str] = set()
    types: set[str] = set()
    local: set[tuple[str, str]] = set()
    other = inputs = 0
    for one in findings:
        if one.weight == NEEDS_INPUT:
            inputs += 1
        elif one.weight != BLOCKED:
            continue
        elif one.code in ("MODEL001", "MODEL004"):
            files[one.name, one.folders] = one.size
        elif one.code in ("NODE001", "NODE002", "NODE003"):
            (packs if one.pack else types).add((one.pack or one.name).lower())
        elif one.code in ("MODEL002", "MODEL003"):
            local.add((one.code, one.name))
        else:
            other += 1
    known = [size for size in files.values() if size is not None]
    return Distance(len(files), sum(known), len(files) - len(known), len(packs), len(local), other, inputs, len(types))


def unreadable(problem: Problem) -> Readiness:
    """The verdict on a file that cannot be read."""
    fixes = (Fix("restore", problem.hint),) if problem.hint else ()
    finding = Finding("FILE001", UNREADABLE, problem.name, problem.message, fixes=fixes)
    return Readiness(problem.name, UNREADABLE, (finding,))
