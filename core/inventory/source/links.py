"""What a node class says of its links: the types it gives, and whether ComfyUI compares them as they stand."""

from __future__ import annotations

from .interpreter import attributes
from .interpreter.machine import Machine
from .interpreter.values import Bound, Class, Dict, Func, Instance, Made, Seq, Unknown, Value, as_text


def given(m: Machine, cls: Class, name: str) -> bool:
    """Whether the class has this attribute, or may have it from a base that cannot be read."""
    has = attributes.has_attribute(m, cls, name)
    return has is True or (has is None and any(isinstance(base, Unknown) for one in cls.mro() for base in one.bases))


def output_types(made: Value) -> tuple[tuple[str, ...] | None, bool]:
    """The types of RETURN_TYPES by slot, "" for one that cannot be told, and whether they are plain texts."""
    if not isinstance(made, Seq) or made.more is not None:
        return None, False  # also objects that give a type for any slot
    return tuple(_type(one) for one in made.items), all(_plain(one) for one in made.items)


def plain_entries(entries: Dict) -> bool:
    """Whether the types of these inputs are plain texts, lists of choices, or unknown."""
    specs = [entry.value for entry in entries.entries.values()]
    return all(_plain(spec.items[0]) for spec in specs if isinstance(spec, Seq) and spec.items)


def validates_types(m: Machine, cls: Class, name: str) -> bool:
    """Whether the class may take `input_types` in its own validation `name`: ComfyUI then compares no types at all."""
    if not given(m, cls, name):
        return False
    own = attributes.get(m, cls, name)
    own = own.func if isinstance(own, Bound) else own
    if not isinstance(own, Func):
        return True
    args = own.node.args
    return any(one.arg == "input_types" for one in (*args.posonlyargs, *args.args, *args.kwonlyargs))


def schema_outputs(schema: Made) -> tuple[str, ...] | None:
    """The types of an io.Schema's outputs by slot."""
    made = schema.kwargs.get("outputs", Seq())
    made = Seq() if made is None else made
    if schema.unsure or not isinstance(made, Seq) or made.more is not None:
        return None
    return tuple(_schema_type(one) for one in made.items)


def _schema_type(one: Value) -> str:
    return one.type.type if isinstance(one, Made) and one.type is not None else ""


def _type(one: Value) -> str:
    return "COMBO" if isinstance(one, Seq) else as_text(one) or ""


def _plain(one: Value) -> bool:
    """Objects of a text class may equal what they do not spell; nothing is concluded from "*" anyway."""
    return not isinstance(one, Instance) or as_text(one) in ("*", None)
