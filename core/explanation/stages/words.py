"""What the steps are called: by what they are, what feeds them, and what single nodes in them do. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

from ...knowledge import document
from ..graph import View
from ..types import Anatomy, Text
from .graph import Group

_NUMBERING = re.compile(r"^(step\s*)?\d+\s*[-–.:)]+\s*", re.I)  # our own numbers stand in the dots
_OWN = frozenset({"picture", "video_in", "sound_in"})
_PASSES = ("Sampling", "Second pass", "Third pass", "Fourth pass", "Fifth pass", "Sixth pass", "A later pass")


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """ "stages" of `knowledge/tasks.json`: key → title, label, and what it is called otherwise."""
    return document("tasks")["stages"]  # type: ignore[no-any-return]


class Words:
    """Titles and labels for the steps of one workflow."""

    def __init__(self, anatomy: Anatomy, view: View) -> None:
        self.view = view
        self.kind = anatomy.kinds[0] if anatomy.kinds else ""
        self.uses: dict[str, str] = {one.node: _use(one) for one in anatomy.texts}

    def of(self, group: Group) -> tuple[str, str]:
        """The title in plain words, and one word for the drawing."""
        if group.name:
            return group.name, _NUMBERING.sub("", group.name) or group.name
        line = table()[group.key]
        title, label = line["title"], line["label"]
        if group.key == "sample":
            return _pass(group)
        if "many" in line and len(group.ids) > 1:
            return line["many"], label
        if group.key == "save" and "decode" in group.took:
            return "Decode and save", label
        for other in (
            self._by(group, line),
            self._from(group, line),
            self._medium(group, line),
            self._use(group, line),
        ):
            if other is not None:
                return other[0], other[1]
        return title, label

    def _by(self, group: Group, line: Mapping[str, Any]) -> list[str] | None:
        """By what its nodes do, where all do the same."""
        if "by" not in line:
            return None
        does = Counter(str(self.view.role(self.view.by_id[node]).get("does", "")) for node in group.ids)
        return line["by"].get(next(iter(does))) if len(does) == 1 else None

    def _from(self, group: Group, line: Mapping[str, Any]) -> list[str] | None:
        """By what a person puts in that reaches it, and what for."""
        above = group.above()
        if self.kind in line.get("kind", {}) and above.keys() & _OWN:
            return line["kind"][self.kind]  # type: ignore[no-any-return]
        return next((words for key, words in line.get("from", {}).items() if key in above), None)

    def _medium(self, group: Group, line: Mapping[str, Any]) -> list[str] | None:
        """By what comes out of it, or what it is made into at once."""
        kinds = {kind for _, kind in group.after.values()}
        kinds.update(kind for node in group.ids for kind in self.view.outputs(self.view.by_id[node])[:1])
        if "video" in group.took:
            kinds.add("VIDEO")
        return next((words for kind, words in line.get("medium", {}).items() if kind in kinds), None)

    def _use(self, group: Group, line: Mapping[str, Any]) -> list[str] | None:
        """By what its texts are for."""
        uses = {self.uses[node] for node in group.ids if node in self.uses}
        if not uses and "made" in line:
            return line["made"]  # type: ignore[no-any-return]
        named: Mapping[str, list[str]] = line.get("use", {})
        if "positive" in uses:
            return named.get("positive")
        return next((words for use, words in named.items() if use in uses), None)

    def settle(self, group: Group) -> None:
        """A node that would take a reference, and has none, is where the text goes in, or the canvas."""
        if group.key == "reference" and self._from(group, table()[group.key]) is None:
            group.key = "text" if any(node in self.uses for node in group.ids) else "canvas"


def _use(text: Text) -> str:
    """What a text is for; a text called prompt is one, whatever node takes it."""
    return "positive" if text.use == "text" and text.given.input.endswith("prompt") else text.use


def _pass(group: Group) -> tuple[str, str]:
    """Which sampling pass on its way it is; where passes before it were left out, a later one."""
    above = group.all_above()
    if any(one.key == "sample" for each in (group, *above) for one in each.dropped):
        return _PASSES[-1], "later"
    number = 1 + sum(one.key == "sample" for one in above)
    return _PASSES[min(number, len(_PASSES)) - 1], "sample" if number == 1 else f"pass {number}"
