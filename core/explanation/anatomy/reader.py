"""What the parts of the anatomy ask of a node: what it does, and its values by what they mean. Pure.

What a type does stands in `knowledge/roles.json`. A type without a line is understood by its sockets where they leave
no choice (a MODEL goes in and a MODEL comes out), and not at all otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...knowledge import document
from ...requirements.types import Requirements
from ...workflow.types import Node
from ..graph import Given, View
from .sockets import by_sockets

PICTURES = frozenset({"IMAGE", "VIDEO", "MASK", "AUDIO", "STRING", "INT", "FLOAT", "BOOLEAN", "COMBO"})


class Reader:
    """One view with the table of roles; answers are kept per node."""

    def __init__(self, view: View, needs: Requirements) -> None:
        self.view = view
        self.needs = needs
        table = document("roles")
        self.names: Mapping[str, list[str]] = table["names"]
        self.text_names: Mapping[str, str] = table["texts"]
        self.text_tools = frozenset(table["text_tools"])
        self.vocabulary: Mapping[str, Mapping[str, Any]] = table["does"]
        self._partners = frozenset(needs.api_types)
        self._does: dict[str, str] = {}

    def does(self, node: Node) -> str:
        """What the node does, a key of "does" in the table; "process" where only its sockets are known, "" where
        nothing is."""
        found = self._does.get(node.id)
        if found is None:
            found = str(self.view.role(node).get("does", ""))
            if not found:
                known = self.view.known(node)
                partner = node.class_type in self._partners or (known is not None and known.api)
                found = "partner" if partner else by_sockets(self.view, node)
            self._does[node.id] = found
        return found

    def samples(self, node: Node) -> bool:
        """Whether the node is a sampling pass."""
        does = self.does(node)
        return does == "sample" or bool(self.vocabulary.get(does, {}).get("sample"))

    def spellings(self, node: Node, key: str) -> list[str]:
        """The inputs of the node that can mean `key` ("steps"): its own line first, then the common spellings."""
        own = self.view.role(node).get("values", {}).get(key)
        if own is not None:
            return [own] if isinstance(own, str) else list(own)
        return list(self.names.get(key, ()))

    def given(self, node: Node, key: str) -> Given | None:
        """The value that means `key` at this node, followed to where it stands; None where the node has none."""
        return next(self.all_given(node, key), None)

    def all_given(self, node: Node, key: str) -> Iterator[Given]:
        """Every value of the node that means `key`."""
        for name in self.spellings(node, key):
            found = self.view.value(node, name)
            if found is not None:
                yield found
