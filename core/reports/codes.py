"""The registry of finding codes: title, weight and one paragraph each, from `knowledge/findings.json`."""

from __future__ import annotations

from typing import NamedTuple

from ..knowledge import document
from ..readiness.types import INFO, Finding


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


def ordered(findings: tuple[Finding, ...]) -> list[Finding]:
    """Findings by heading, then fixes with what is here before downloads, else in the order given."""
    return sorted(findings, key=lambda f: (group(f), _LOCAL_FIRST.get(f.code, 3)))


def merged(findings: tuple[Finding, ...]) -> list[tuple[Finding, tuple[str, ...]]]:
    """Ordered findings with the names they are about. Node types of one pack are one thing to do, so one item."""
    found: dict[object, tuple[Finding, tuple[str, ...]]] = {}
    for finding in ordered(findings):
        by_pack = finding.pack and finding.code.startswith("NODE")
        key = (finding.code, finding.weight, finding.pack) if by_pack else len(found)
        if key in found:
            first, names = found[key]
            found[key] = first._replace(nodes=first.nodes + finding.nodes), (*names, finding.name)
        else:
            found[key] = finding, (finding.name,)
    return list(found.values())


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
