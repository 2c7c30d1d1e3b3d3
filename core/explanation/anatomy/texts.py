"""The texts that people wrote, and what becomes of them: prompts, lyrics, instructions, speech. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from ...workflow.types import Node
from ..graph import Feed, Given
from ..types import Text
from .reader import Reader
from .trail import trail

_MOST = 60  # nodes looked at behind one input
_JOINS = frozenset(
    {"compute", "choose", "show", "pass", "hold", "process", ""}
)  # a text that comes of these is a text of theirs
_BRACKETS = re.compile(r"\([^)]*\)")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{6}")  # scripts without spaces
_SENTENCE = 5  # words; a choice of a list has fewer
_SIDES = ("positive", "negative")


class Texts:
    """Gathers the texts of a workflow; each place counts once per use."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._at: dict[tuple[str, str, str], int] = {}
        self.found: list[Text] = []

    def behind(
        self, feed: Feed, side: str, sampler: str, silent: str = "", *, kind: str = "CONDITIONING",
        unless: Collection[tuple[str, str]] = (),
    ) -> list[int]:  # fmt: skip
        """The places of the texts behind a conditioning. `side`: "positive" or "negative". `silent`: the node that
        takes the effect of that side away, if one does. `unless`: texts that do not count here when they are zeroed out:
        the positive ones, which stand in for a negative text."""
        reader, zeroed = self._reader, ""
        places: list[int] = []
        for one in trail(reader, feed, kind, side, reader.samples):
            if reader.does(one.node) == "zero":
                zeroed = zeroed or one.node.id
            for use, given in self.of(one.node, side):
                if not zeroed or (given.node, given.input) not in unless:
                    places.append(self.add(use, given, sampler, silent or zeroed))
        return list(dict.fromkeys(places))

    def of(self, node: Node, side: str) -> Iterator[tuple[str, Given]]:
        """(use, where it stands) of the texts that a node itself takes for one side of the guidance."""
        for name, use in self._inputs(node).items():
            if use not in _SIDES or use == side:
                for given in self.leaves(node, name):
                    yield use or side, given

    def _inputs(self, node: Node) -> Mapping[str, str]:
        """Input → use ("" as the wiring says) of the inputs that hold a prompt."""
        view = self._reader.view
        own = view.role(node).get("texts")
        if own is not None:
            return dict(own)
        does = self._reader.does(node)
        encodes = does in ("text", "sample", "detail") or any(
            view.kind(node, name) == "CLIP" for name in view.feeds(node)
        )
        return self._named(node) if encodes and does not in ("lora", "patch", "load", "generate_text") else {}

    def _named(self, node: Node) -> dict[str, str]:
        view = self._reader.view
        linked = [name for name in view.feeds(node) if view.kind(node, name) in ("STRING", "")]
        known = self._reader.text_names
        present = dict.fromkeys((*view.values(node), *linked))
        return {name: known[last] for name in present if (last := name.rpartition(".")[2]) in known}

    def leaves(self, node: Node, name: str) -> Iterator[Given]:
        """Where the text of an input was written: its own value, or those that other nodes join to it.

        A text that a language model or the like makes is a Given without value, at that node.
        """
        view = self._reader.view
        start = view.value(node, name)
        row = [start] if start is not None else []
        seen: set[tuple[str, str]] = set()
        while row and len(seen) < _MOST:
            given = row.pop(0)
            if (given.node, given.input) in seen:
                continue
            seen.add((given.node, given.input))
            if given.input:
                if isinstance(given.value, str) and given.value.strip():
                    yield given
                continue
            maker = view.by_id.get(given.node)
            if maker is None:
                continue
            if self._reader.does(maker) not in _JOINS:
                yield Given(None, maker.id, "")
                continue
            row += self._parts(maker)

    def _parts(self, node: Node) -> Iterator[Given]:
        view = self._reader.view
        tools = self._reader.view.role(node).get("tools", self._reader.text_tools)
        for name in {**view.values(node), **view.feeds(node)}:
            if name in tools or view.kind(node, name) not in ("STRING", "STRING_PROMPT", ""):
                continue
            given = view.value(node, name)
            if given is not None and (given.value is None or isinstance(given.value, str)):
                yield given

    def add(self, use: str, given: Given, sampler: str, silent: str) -> int:
        """The place of this text; what has an effect anywhere has one."""
        key = (given.node, given.input or str(given.value)[:200], use)
        place = self._at.get(key)
        if place is None:
            place = self._at[key] = len(self.found)
            self.found.append(Text(given.node, use, given, (sampler,) if sampler else (), not silent, silent))
            return place
        old = self.found[place]
        samplers = tuple(dict.fromkeys((*old.samplers, sampler))) if sampler else old.samplers
        effect = old.effect or not silent
        self.found[place] = old._replace(samplers=samplers, effect=effect, why="" if effect else old.why)
        return place

    def rest(self, unused: Mapping[str, str]) -> None:
        """Adds what no sampling pass takes: instructions, speech, lyrics, prompts of partner nodes.

        `unused`: node → the switch that leaves it out, or "" where nothing that goes out depends on it.
        """
        taken = {(text.given.node, text.given.input) for text in self.found}
        reader = self._reader
        for node in reader.view.order():
            use = reader.vocabulary.get(reader.does(node), {}).get("text", "")
            own = reader.view.role(node).get("texts")
            names = dict(own) if own is not None else self._named(node) if use else {}
            for name, said in names.items():
                if node.id in unused and not unused[node.id]:
                    continue
                for given in self.leaves(node, name):
                    if (given.node, given.input) not in taken and given.value is not None:
                        self.add(said or use or "text", given, "", unused.get(node.id, ""))
            if reader.does(node) == "partner" and not names and node.id not in unused:
                for at, given in enumerate(self._prose(node)):
                    self.add("positive" if at == 0 else "text", given, "", "")

    def _prose(self, node: Node) -> Iterator[Given]:
        """Stored values whose input cannot be named, but which are sentences: nothing but a person's text is."""
        for item in self._reader.view.stored(node).items:
            if item.name is None and isinstance(item.value, str) and _prose(item.value):
                yield Given(item.value, node.id, "")


def _prose(text: str) -> bool:
    """Whether a stored text is a person's: a choice of a list has few words beside its numbers and what is in brackets."""
    words = _BRACKETS.sub(" ", text).split()
    return sum(any(sign.isalpha() for sign in word) for word in words) >= _SENTENCE or _WIDE.search(text) is not None
