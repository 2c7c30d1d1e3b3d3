"""What an expression of a node pack is worth, as far as its source tells. No I/O.

Strings, numbers, booleans and None are themselves. Everything else is one of the classes here, and what
cannot be told is `Unknown`, which swallows whatever is done to it. Nothing is ever guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Value = Any  # str, int, float, bool, None, bytes, Ellipsis, or an instance of a class below

Args = list[Value]
Words = dict[str, Value]

SCALARS = (str, int, float, bool, bytes, type(None), type(Ellipsis))


class Guard:
    """A condition under which something happens: `modules` must import, or (None) nobody can tell."""

    __slots__ = ("modules", "place")

    def __init__(self, place: str, modules: set[str] | None = None) -> None:
        self.place = place
        self.modules = modules


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """A value that cannot be read. `why` names the place, as text or as something that makes the text
    when it is wanted; `guard` is set when only a try decides."""

    why: object = ""
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """An element of a list that stands for any number of file names.

    `folder` is a folder_paths name, or None for files of ComfyUI's input folder, whose kind `media` is.
    Not `exact`: made from file names (cut, prefixed), but no longer equal to them.
    """

    folder: str | None
    media: str = ""
    exact: bool = True


class PathText(str):
    """A pathlib path; as a string it is the virtual path."""

    __slots__ = ()


class Seq:
    """A list, tuple or set. `more` is set when it may hold further elements that are not known."""

    __slots__ = ("frozen", "items", "kind", "more")

    def __init__(self, items: Iterable[Value] = (), kind: str = "list", more: Unknown | None = None) -> None:
        self.items = list(items)
        self.kind = kind
        self.more = more
        self.frozen = ""

    @property
    def plain(self) -> bool:
        """Every element is known and stands for itself alone."""
        return self.more is None and not any(isinstance(one, (Names, Unknown)) for one in self.items)


class Entry(NamedTuple):
    """A value of a Dict and the conditions under which it is there."""

    value: Value
    guards: tuple[Guard, ...] = ()


class Dict:
    """A dictionary. `more` lists why it may hold further keys that are not known."""

    __slots__ = ("entries", "frozen", "more")

    def __init__(self, entries: dict[Any, Entry] | None = None) -> None:
        self.entries: dict[Any, Entry] = entries if entries is not None else {}
        self.more: list[str] = []
        self.frozen = ""

    def get(self, key: Any, default: Value = None) -> Value:
        """The value of a key that is surely known, else `default`."""
        found = self.entries.get(key)
        return default if found is None else found.value

    def doubt(self, why: object) -> None:
        """Note that there may be keys that cannot be read."""
        if len(self.more) < 8 and str(why) not in self.more:
            self.more.append(str(why))

    def copy(self) -> Dict:
        """A shallow copy, not frozen."""
        twin = Dict(dict(self.entries))
        twin.more = list(self.more)
        return twin


@dataclass(slots=True, eq=False)
class Scope:
    """Names bound in a module, class body or function call, and where to look next."""

    names: dict[str, Value]
    module: Module
    parent: Scope | None = None
    outer: frozenset[str] = frozenset()  # declared global
    body_of_class: bool = False
    yields: list[Value] | None = None
    returns: list[Value] = field(default_factory=list)  # of branches that may have been taken


@dataclass(slots=True, eq=False)
class Module:
    """A module that was read. `wild` when it may bind names that cannot be seen."""

    name: str
    path: str  # virtual path of the file; "" for a namespace package
    package: str  # the dotted package that relative imports start from
    names: dict[str, Value] = field(default_factory=dict)
    wild: bool = False
    folder: str = ""  # virtual folder, for packages
    host: bool = False


@dataclass(slots=True, eq=False)
class HostModule:
    """A module of ComfyUI itself, read only when something of it is looked at."""

    name: str


@dataclass(slots=True, eq=False)
class HostRef:
    """A name imported from a module of ComfyUI, looked up on use."""

    module: str
    name: str


@dataclass(slots=True, eq=False)
class External:
    """A thing outside the pack and ComfyUI, known by its dotted name only."""

    name: str
    module: bool = False  # surely a module: an import statement named it


@dataclass(slots=True, eq=False)
class Func:
    """A function or lambda with the scope it was made in."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    name: str
    defaults: list[Value]
    kw_defaults: list[Value]
    kind: str = ""  # "static", "class", "property" or ""
    owner: Class | None = None


@dataclass(slots=True, eq=False)
class Bound:
    """A function with its first argument."""

    func: Func
    receiver: Value


@dataclass(slots=True, eq=False)
class Method:
    """A method of a built-in value: `"x".join`, `[].append`, `{}.update`."""

    receiver: Value
    name: str


@dataclass(slots=True, eq=False)
class Class:
    """A class of the pack or of ComfyUI."""

    name: str
    bases: list[Value]
    names: dict[str, Value]
    module: Module
    fields: tuple[str, ...] = ()  # annotated names in order, as a dataclass takes them
    doc: str | None = None

    def mro(self, depth: int = 0) -> Iterator[Class]:
        """The class and its known bases, nearest first (depth first; bounded against cycles)."""
        yield self
        if depth < 20:
            for base in self.bases:
                if isinstance(base, Class):
                    yield from base.mro(depth + 1)

    @property
    def open(self) -> bool:
        """Some base is not known, so there may be attributes that cannot be seen."""
        return any(not isinstance(b, Class) and not _plain_base(b) for c in self.mro() for b in c.bases)

    def derives(self, *names: str) -> bool:
        """Whether an external base with one of these dotted names is among the ancestors."""
        return any(isinstance(b, External) and b.name in names for c in self.mro() for b in c.bases)


def _plain_base(base: Value) -> bool:
    return isinstance(base, External) and base.name.startswith(("builtins.", "abc.", "enum.", "typing.", "io3."))


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a known class. `data` backs those that derive from dict, `text` those from str."""

    cls: Class
    names: dict[str, Value] = field(default_factory=dict)
    data: Dict | None = None
    text: Value = None


@dataclass(frozen=True, slots=True)
class Super:
    """What `super()` gives: attributes of the bases of `cls`, bound to `receiver`."""

    cls: Class
    receiver: Value


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an Enum; it equals its value, as `(str, Enum)` members do."""

    enum: str
    name: str
    value: Value


@dataclass(slots=True, eq=False)
class SchemaType:
    """A type of ComfyUI's schema API, `io.Image` or `io.Custom("X")`; `type` is "" when not known."""

    name: str
    type: str = ""


@dataclass(slots=True, eq=False)
class Made:
    """An object of ComfyUI's schema API as it was called: `io.Int.Input("steps", min=1)`, `io.Schema(…)`."""

    name: str  # "Int.Input", "Schema", "Autogrow.TemplatePrefix"
    args: list[Value]
    kwargs: dict[str, Value]
    type: SchemaType | None = None
    unsure: bool = False  # called with * or ** that cannot be read


class PackRaised(Exception):
    """The pack's own code would raise here for sure. `str()` says what and where."""


class OutOfBudget(Exception):
    """Reading takes more steps than any real pack needs."""


def same(a: Value, b: Value) -> bool:
    """Whether two values are surely equal."""
    if a is b:
        return True
    if isinstance(a, SCALARS) and isinstance(b, SCALARS):
        return type(a) is type(b) and a == b
    if isinstance(a, Seq) and isinstance(b, Seq):
        return a.plain and b.plain and len(a.items) == len(b.items) and all(map(same, a.items, b.items))
    return isinstance(a, Names) and a == b


def join(a: Value, b: Value, why: str) -> Value:
    """The value after one of two ways was taken and nobody can tell which."""
    if same(a, b):
        return a
    if isinstance(a, Dict) and isinstance(b, Dict):
        both = Dict({**b.entries, **a.entries})
        both.more = list(dict.fromkeys(a.more + b.more))[:8]
        return both
    if isinstance(a, Seq) and isinstance(b, Seq) and any(isinstance(i, Names) for i in a.items + b.items):
        extra = [one for one in b.items if not any(same(one, other) for other in a.items)]
        return Seq(a.items + extra, a.kind, a.more or b.more)
    return Unknown(why)


def as_text(value: Value) -> str | None:
    """The string a value is, also for members of string enums and objects of string classes."""
    if isinstance(value, Member):
        value = value.value
    if isinstance(value, Instance):
        value = value.text
    return str(value) if isinstance(value, str) else None


def as_key(value: Value) -> tuple[bool, Any]:
    """(True, the key) when the value can be the key of a Dict, else (False, None)."""
    if isinstance(value, (Member, Instance)):
        value = value.value if isinstance(value, Member) else value.text
        if value is None:
            return False, None
    if isinstance(value, Seq) and value.kind == "tuple" and value.plain:
        parts = [as_key(one) for one in value.items]
        return all(ok for ok, _ in parts), tuple(key for _, key in parts)
    return isinstance(value, SCALARS), value if isinstance(value, SCALARS) else None
