"""Workflows, the files they name, and the cases made of them. Pure.

A case is one workflow with one thing changed in the installation. Cases share a state of the installation as long as
no workflow meets more than one change of it, so that a thousand cases need some dozens of states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ABSENT, WRONG_FOLDER, SUB_FOLDER, SECOND_ROOT, COPY = (
    "file removed",
    "file in a wrong folder",
    "file in a wrong sub-folder",
    "file in the folder's second root",
    "a copy in a wrong folder beside the file",
)
NO_MEDIA, NO_TYPE, COMPLETE = "input media absent", "node type removed", "all files present"
INPUT = ""  # the folder of input media
TYPES_EACH = 2  # node types taken from each workflow, one at a time


class File(NamedTuple):
    """A file as a prompt names it: in a folder of `folder_paths`, or in the input folder."""

    folder: str
    name: str


@dataclass
class Subject:
    """One workflow: as saved, and as the page sends it."""

    name: str
    data: bytes
    prompt: dict[str, Any]
    files: frozenset[File] = frozenset()
    loose: frozenset[str] = frozenset()  # names that ComfyUI does not check, see `loose_names`


class Change(NamedTuple):
    """One thing that is otherwise than it should be: a file, or for NO_TYPE a node type."""

    kind: str
    file: File = File("", "")
    type: str = ""


class Case(NamedTuple):
    subject: Subject
    kind: str
    what: str


@dataclass
class State:
    """What is changed at once, and the cases that meet it."""

    changes: list[Change] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


class Rules(NamedTuple):
    """What the host says of its node types: which inputs read files, and which types are outputs."""

    readers: dict[str, dict[str, dict[str, Any]]]
    outputs: frozenset[str]


def subject(name: str, data: bytes, prompt: dict[str, Any], rules: Rules) -> Subject:
    """A workflow with the files that its prompt names, by the host's own lists."""
    named = list(_named(prompt, rules))
    files = frozenset(file for _, file, _ in named if _can_be_placed(file))
    return Subject(name, data, prompt, files, loose_names(prompt, rules))


def loose_names(prompt: dict[str, Any], rules: Rules) -> frozenset[str]:
    """The files whose absence ComfyUI does not mind: no node that names one is both checked and feeds an output.

    It looks at nothing that feeds no output, and does not compare the lists of some loaders at all.
    """
    fed = feeding_outputs(prompt, rules.outputs)
    named = list(_named(prompt, rules))
    minded = {file.name for node_id, file, checked in named if node_id in fed and (checked or file.folder == INPUT)}
    return frozenset(file.name for _, file, _ in named) - minded


def feeding_outputs(prompt: dict[str, Any], outputs: frozenset[str]) -> set[str]:
    """The nodes on a way to an output node, those included."""
    queue = [node_id for node_id, node in prompt.items() if node.get("class_type") in outputs]
    seen = set(queue)
    while queue:
        for value in prompt[queue.pop()]["inputs"].values():
            if isinstance(value, list) and value and str(value[0]) in prompt and str(value[0]) not in seen:
                seen.add(str(value[0]))
                queue.append(str(value[0]))
    return seen


def _named(prompt: dict[str, Any], rules: Rules) -> Iterator[tuple[str, File, bool]]:
    """Node id, file, and whether the server compares its name with a list."""
    for node_id, node in prompt.items():
        for name, reader in rules.readers.get(node.get("class_type", ""), {}).items():
            value = node["inputs"].get(name)
            if isinstance(value, str) and value and value not in reader["extras"]:
                folder = INPUT if reader["media"] else reader["folders"][0]
                yield node_id, File(folder, value.removesuffix(" [input]")), reader["checked"]


def _can_be_placed(file: File) -> bool:
    parts = file.name.split("/")
    return not file.name.startswith("/") and ".." not in parts and "\0" not in file.name and len(file.name) < 200


def states(subjects: list[Subject], second_root: frozenset[str]) -> list[State]:
    """All changes of files, spread over as few states as a greedy choice finds. `second_root`: folders that have one."""
    users: dict[Change, list[Subject]] = {}
    for one in subjects:
        for file in sorted(one.files):
            for kind in _kinds(file, second_root):
                users.setdefault(Change(kind, file), []).append(one)
    return _spread((change, some, some) for change, some in users.items())


def hiding_states(subjects: list[Subject]) -> list[State]:
    """Node types taken away: for each workflow a few, evenly chosen among its own."""
    users: dict[str, list[Subject]] = {}
    chosen: dict[str, list[Subject]] = {}
    for one in subjects:
        types = sorted({node["class_type"] for node in one.prompt.values()})
        for name in types:
            users.setdefault(name, []).append(one)
        for name in types[:: max(1, len(types) // TYPES_EACH)][:TYPES_EACH]:
            chosen.setdefault(name, []).append(one)
    return _spread((Change(NO_TYPE, type=name), some, users[name]) for name, some in chosen.items())


def _kinds(file: File, second_root: frozenset[str]) -> tuple[str, ...]:
    if file.folder == INPUT:
        return (NO_MEDIA,)
    more = (SECOND_ROOT,) if file.folder in second_root else ()
    return (ABSENT, WRONG_FOLDER, SUB_FOLDER, COPY, *more)


def _spread(wanted: Iterable[tuple[Change, list[Subject], list[Subject]]]) -> list[State]:
    """Change, the workflows it makes cases of, and all that would notice it."""
    found: list[State] = []
    for change, subjects, users in sorted(wanted, key=lambda one: (-len(one[2]), str(one[0]))):
        names = {one.name for one in users}
        state = next((one for one in found if not one.touched & names), None)
        if state is None:
            found.append(state := State())
        state.changes.append(change)
        state.touched |= names
        state.cases += [Case(one, change.kind, change.type or change.file.name) for one in subjects]
    return found
