"""What a scan asks of a node's definition again and again, worked out once per type. Pure.

A workflow has thousands of nodes and a few dozen types. With these tables, a node whose values and links
are plainly in order costs a few comparisons; only the others are looked at input by input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..catalogue.types import Input, NodeType
from ..workflow.raw import Json

NOWHERE = "\0"  # in place of a type: the output is not there
_MOST_SEEN = 2_000  # ways to be linked that are remembered per type
_PRIMITIVES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})


class Limit:
    """The values one input takes: one of its options, or a number in its range. Compares as ComfyUI does."""

    __slots__ = ("_choices", "_high", "_low", "spec")

    def __init__(self, spec: Input) -> None:
        self.spec = spec
        self._choices: frozenset[Any] | tuple[Any, ...] | None = None
        if spec.options is not None:
            try:
                self._choices = frozenset(spec.options)
            except TypeError:  # an option that is a list
                self._choices = spec.options
        self._low = spec.minimum if spec.minimum is not None else float("-inf")
        self._high = spec.maximum if spec.maximum is not None else float("inf")

    def takes(self, value: Json) -> bool:
        """Whether ComfyUI would accept `value`. Lists and objects are left to the node."""
        if self._choices is not None:
            return isinstance(value, (list, dict)) or value in self._choices
        if type(value) is int and self._low <= value <= self._high:
            return True  # nearly all are
        return self._in_range(value)

    def _in_range(self, value: Json) -> bool:
        """ComfyUI converts first: INT by int(), which cuts a fraction, FLOAT by float(). NaN passes every comparison."""
        try:
            number = int(value) if self.spec.type == "INT" else float(value)
        except (TypeError, ValueError, OverflowError):
            return False
        return not (number < self._low or number > self._high)


class Shape:
    """One type's widgets and sockets.

    `layout`: the input behind each entry of widgets_values, None for a control_after_generate. `forced`: the same as
    older pages stored it, with a place (None) for every `forceInput` socket of a plain type too.
    `limits`: place in `layout` and limit of every input that has one. `sockets`: required inputs without widget;
    `required`: with those that have one (`drawn`), which an API graph must bring too.
    """

    __slots__ = (
        "_fine", "by_name", "drawn", "forced", "known", "layout", "limits", "names", "required", "sockets",
    )  # fmt: skip

    def __init__(self, known: NodeType) -> None:
        layout: list[str | None] = []
        forced: list[str | None] = []
        limits: list[tuple[int, Limit]] = []
        for one in known.inputs or ():
            if not one.widget:
                forced += [None] if one.type in _PRIMITIVES else []
                continue
            if _limited(one):
                limits.append((len(layout), Limit(one)))
            entry: list[str | None] = [one.name, None] if one.control else [one.name]
            layout += entry
            forced += entry
        self.known = known
        self.layout = tuple(layout)
        self.forced = tuple(forced)
        self.limits = tuple(limits)
        self.names = frozenset(name for name in layout if name)
        self.by_name: Mapping[str, Input] = {one.name: one for one in known.inputs or ()}
        needed = [one for one in known.inputs or () if one.required and one.name and not known.dynamic]
        self.required = tuple(one.name for one in needed)
        self.sockets = tuple(one.name for one in needed if not one.widget and one.type)
        self.drawn = frozenset(one.name for one in needed if one.widget)
        self._fine: set[tuple[tuple[str, str | None], ...]] = set()

    def linked(self, links: tuple[tuple[str, str | None], ...]) -> bool:
        """Whether links of these inputs from outputs of these types are plainly in order, and none is absent.

        None stands for a link that is no direct one. Most nodes of a type are linked the same way.
        """
        if links in self._fine:
            return True
        direct = {name for name, kind in links if kind is not None}
        fine = direct.issuperset(self.sockets) and all(self.fits(name, kind) for name, kind in links)
        if fine and len(self._fine) < _MOST_SEEN:
            self._fine.add(links)
        return fine

    def fits(self, name: str, kind: str | None) -> bool:
        """Whether an output of this type may be linked to this input, as far as is known."""
        if not kind or name not in self.by_name:
            return True
        wanted = self.by_name[name].type
        return kind != NOWHERE and (not self.known.exact or is_any(wanted) or fits(kind, wanted))


def fits(kind: str, wanted: str) -> bool:
    """Whether ComfyUI takes an output of type `kind` for an input of type `wanted`: equal, or with a common part."""
    return kind == wanted or not _parts(kind).isdisjoint(_parts(wanted))


def is_any(kind: str) -> bool:
    """Whether nothing can be said of what fits: an unknown type, `*`, and the types that V3 nodes settle in the page."""
    return not kind or "*" in kind or kind.startswith("COMFY_")


def _parts(kind: str) -> frozenset[str]:
    return frozenset(part.strip() for part in kind.split(","))


class Outputs(dict[int, str]):
    """The types that come out of a node by slot, "" for one that may be anything, NOWHERE for a slot it does not have.

    Empty, with "" for every slot, when they are not certain.
    """

    __slots__ = ("_else",)

    def __init__(self, known: NodeType | None) -> None:
        sure = known is not None and known.exact and known.outputs is not None
        self._else = NOWHERE if sure else ""
        if sure and known:
            super().__init__((slot, "" if is_any(one) else one) for slot, one in enumerate(known.outputs or ()))

    def __missing__(self, slot: int) -> str:
        return self._else


class Kind:
    """What a scan asks of a class_type for every node: one look-up instead of six.

    `silent`: installed and free, so nothing will be said of the type itself. `looks`: how far its values are
    looked at: not at all (a display), only where one could be a name, or always (a reader of files). `outs`: its output
    types.
    """

    __slots__ = ("api", "dynamic", "installed", "known", "looks", "output", "outs", "shape", "silent", "virtual")

    def __init__(
        self, known: NodeType | None, *, installed: bool = False, virtual: bool = False, display: bool = False,
        reader: bool = False,
    ) -> None:  # fmt: skip
        self.known = known
        self.virtual = virtual
        self.installed = installed
        self.api = known is not None and known.api
        self.silent = installed and not self.api
        self.output = known.output if known is not None else None
        self.shape = Shape(known) if known is not None and known.inputs else None
        self.dynamic = known is not None and known.dynamic
        self.outs = Outputs(known if installed else None)
        self.looks = NEVER if display else ALWAYS if reader else MAYBE


NEVER, MAYBE, ALWAYS = 0, 1, 2


def _limited(one: Input) -> bool:
    if one.folders or one.media:
        return False
    return one.options is not None or (
        one.type in ("INT", "FLOAT") and (one.minimum is not None or one.maximum is not None)
    )
