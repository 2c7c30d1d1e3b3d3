"""The registry of finding codes: title, weight and one paragraph each, from `knowledge/findings.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..knowledge import document
from ..readiness.types import INFO, Finding
from ..resolution.types import RESOLVED, Resolution


class Code(NamedTuple):
    """One finding code as it is documented. `weight` is the status it gives unless the finding says otherwise."""

    title: str
    weight: str
    text: str


# Headings in the order people see them; the families that each holds.
GROUPS = ("Models", "Node packs", "Values and links", "Your own files", "The file", "Good to know")
_FAMILY = {"MODEL": 0, "NODE": 1, "VALUE": 2, "LINK": 2, "INPUT": 3, "FILE": 4}
# What is already here comes before what has to be fetched.
_LOCAL_FIRST = {"MODEL002": 0, "MODEL003": 1, "MODEL004": 2, "NODE003": 0, "NODE002": 1}


def codes() -> dict[str, Code]:
    """Every documented code, in the order of the registry."""
    entries = document("findings")["codes"]
    return {code: Code(entry["title"], entry["weight"], entry["text"]) for code, entry in entries.items()}


def group(finding: Finding) -> int:
    """Which heading of GROUPS a finding stands under; everything that only informs is "Good to know"."""
    if finding.weight == INFO:
        return len(GROUPS) - 1
    return _FAMILY.get(finding.code.rstrip("0123456789"), 2)


class Item(NamedTuple):
    """One finding as people see it. `names`: all that it is about; `resolution`: where it can be had, once looked up."""

    finding: Finding
    names: tuple[str, ...]
    resolution: Resolution | None = None


def ordered(findings: Sequence[Finding]) -> list[int]:
    """The places of findings by heading, then fixes with what is here before downloads, else in the order given."""
    return sorted(range(len(findings)), key=lambda at: (group(findings[at]), _LOCAL_FIRST.get(findings[at].code, 3)))


def merged(findings: Sequence[Finding], resolutions: Mapping[int, Resolution] | None = None) -> list[Item]:
    """Ordered findings as items. Node types of one pack are one thing to do, so one item, with the least settled of their
    verdicts: the pack is only as sure as all of them."""
    found: dict[object, Item] = {}
    for at in ordered(findings):
        finding, resolution = findings[at], (resolutions or {}).get(at)
        by_pack = finding.pack and finding.code.startswith("NODE")
        key = (finding.code, finding.weight, finding.pack) if by_pack else at
        if key in found:
            first, names, before = found[key]
            found[key] = Item(
                first._replace(nodes=first.nodes + finding.nodes),
                (*names, finding.name),
                _least_settled(before, resolution),
            )
        else:
            found[key] = Item(finding, (finding.name,), resolution)
    return list(found.values())


def _least_settled(one: Resolution | None, other: Resolution | None) -> Resolution | None:
    if one is None or other is None:
        return one or other
    return other if one.state == RESOLVED != other.state else one


# At most one word per evidence box. What only the workflow claims is never shown as found.
HERE, CLAIMED = "ON THIS DISK", "IN THE WORKFLOW"
_CLAIMS = frozenset({"url", "pack_hint", "hash_hint", "hint", "directory"})
_UNSURE = frozenset({"same_name"})  # a file of a common name may be quite another one
_HERE = frozenset(
    {"on_disk", "wrong_folder", "sub_folder", "case", "slash", "same_hash", "renamed", "part_file", "truncated"}
)


def evidence_word(kind: str, path: str) -> str:
    """The word over a piece of evidence, "" for one that is neither on this disk nor in the workflow."""
    if kind in _CLAIMS:
        return CLAIMED
    return HERE if kind in _HERE or (path and kind not in _UNSURE) else ""
