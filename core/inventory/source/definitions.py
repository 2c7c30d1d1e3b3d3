"""From a node class, in either of ComfyUI's two ways to write one, to a NodeType."""

from __future__ import annotations

from dataclasses import replace

from ...catalogue.types import Input, NodeType
from .interpreter import attributes, calls
from .interpreter.machine import NOTHING, Machine
from .interpreter.operators import truth
from .interpreter.values import (
    Bound,
    Class,
    Dict,
    Func,
    Instance,
    Made,
    PackRaised,
    SchemaType,
    Seq,
    Unknown,
    Value,
    as_text,
)
from .links import given, output_types, plain_entries, schema_outputs, validates_types
from .widgets import make_input, settings_of

_DYNAMIC = ("Autogrow", "AutogrowDynamic", "DynamicCombo", "DynamicSlot", "ComboDynamic")
_POSITIONS = {  # what the first positional arguments of an input mean, by type
    "Combo": ("id", "options"),
    "MultiCombo": ("id", "options"),
    "MultiType": ("id", "types"),
    "DynamicCombo": ("id", "options"),
    "Autogrow": ("id", "template"),
    "AutogrowDynamic": ("id", "template_input"),
    "MatchType": ("id", "template"),
}


def from_mapping(m: Machine, name: str, cls: Value, pack: str) -> NodeType:
    """The definition behind one entry of NODE_CLASS_MAPPINGS."""
    cls = attributes.resolve(m, cls)
    if isinstance(cls, Instance):
        cls = cls.cls
    if not isinstance(cls, Class):
        return NodeType(name, pack=pack, source="source")
    schema = schema_of(m, cls)
    if schema is not None and attributes.has_attribute(m, cls, "INPUT_TYPES") is not True:
        return replace(from_schema(m, schema, pack, cls), class_type=name)
    inputs, dynamic, plain = _v1_inputs(m, cls)
    outputs, exact = output_types(attributes.get(m, cls, "RETURN_TYPES") if given(m, cls, "RETURN_TYPES") else None)
    return NodeType(
        name,
        inputs,
        _flag(m, cls, "OUTPUT_NODE"),
        api=_flag(m, cls, "API_NODE") is True,
        pack=pack,
        source="source",
        dynamic=dynamic,
        outputs=outputs,
        exact=exact and plain and not validates_types(m, cls, "VALIDATE_INPUTS"),
    )


def _flag(m: Machine, cls: Class, name: str) -> bool | None:
    has = attributes.has_attribute(m, cls, name)
    if has is not True:
        return False if has is False or not _may_inherit(cls) else None
    value = attributes.get(m, cls, name)
    return truth(value)


def _may_inherit(cls: Class) -> bool:
    """An unknown base may set flags; bases of other libraries do not know ComfyUI."""
    return any(isinstance(base, Unknown) for one in cls.mro() for base in one.bases)


def _v1_inputs(m: Machine, cls: Class) -> tuple[tuple[Input, ...] | None, bool, bool]:
    """The inputs, whether there may be others, and whether their types are all plain texts."""
    declared = attributes.get(m, cls, "INPUT_TYPES")
    if isinstance(declared, (Func, Bound)):
        args = [] if isinstance(declared, Bound) or not _takes_one(declared) else [cls]
        try:
            declared = calls.call(m, declared, args, {}, "")
        except PackRaised:
            return None, False, False
    if not isinstance(declared, Dict) or declared.more:
        return None, False, False
    found: list[Input] = []
    dynamic, plain = False, True
    for section in ("required", "optional"):
        entries = declared.get(section, Dict())
        if isinstance(entries, Instance):  # a dictionary that claims to hold any name
            dynamic = True
            entries = entries.data if entries.data is not None else Dict()
        if not isinstance(entries, Dict) or entries.more:
            return None, dynamic, False
        plain = plain and plain_entries(entries)
        for name, entry in entries.entries.items():
            if isinstance(name, str):
                found.append(_v1_input(name, entry.value, section == "required"))
    return tuple(_unchecked(m, cls, found)), dynamic, plain


def _unchecked(m: Machine, cls: Class, inputs: list[Input]) -> list[Input]:
    """VALIDATE_INPUTS takes the checks of the inputs it names, or of all by **kwargs, into the pack's own hands:
    ComfyUI then compares neither choices nor ranges (execution.py of 0.3.75)."""
    own = attributes.get(m, cls, "VALIDATE_INPUTS")
    own = own.func if isinstance(own, Bound) else own
    if not isinstance(own, Func):
        return inputs
    args = own.node.args
    named = {one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs)}
    return [
        one._replace(options=None, minimum=None, maximum=None) if args.kwarg is not None or one.name in named else one
        for one in inputs
    ]


def _takes_one(func: Func) -> bool:
    return bool(func.node.args.args or func.node.args.posonlyargs)


def _v1_input(name: str, spec: Value, required: bool) -> Input:
    parts = spec.items if isinstance(spec, Seq) else [NOTHING]
    settings = settings_of(parts[1]) if len(parts) > 1 else {}
    return make_input(name, parts[0] if parts else NOTHING, settings, required)


def schema_of(m: Machine, cls: Class) -> Made | None:
    """The io.Schema(…) that a class's define_schema returns; None when it has none that can be read."""
    define = attributes.get(m, cls, "define_schema")
    if not isinstance(define, (Func, Bound)):
        return None
    try:
        made = calls.call(m, define, [] if isinstance(define, Bound) else [cls], {}, "")
    except PackRaised:
        return None
    return made if isinstance(made, Made) and made.name == "Schema" else None


def node_id(schema: Made) -> str | None:
    """The class_type that a schema defines."""
    return as_text(schema.kwargs.get("node_id", schema.args[0] if schema.args else None))


def from_schema(m: Machine, schema: Made, pack: str, cls: Class) -> NodeType:
    """The definition behind an io.Schema(…), which `cls` returns."""
    listed = schema.kwargs.get("inputs", None if not schema.unsure else NOTHING)
    listed = Seq() if listed is None else listed
    output, api = (schema.kwargs.get(key, False) for key in ("is_output_node", "is_api_node"))
    dynamic = schema.kwargs.get("accept_all_inputs") is True
    inputs: list[Input] | None = []
    if not isinstance(listed, Seq) or listed.more is not None or schema.unsure:
        inputs, listed = None, Seq()
    for one in listed.items:
        if not isinstance(one, Made) or one.type is None:
            inputs = None  # an input whose very name is not known: the order of the others is lost
            break
        dynamic = dynamic or one.type.name.startswith(_DYNAMIC)
        read = _v3_input(m, one)
        if read is None or inputs is None:
            inputs = None
            break
        inputs.append(read)
    # ComfyUI answers with the required ones first, and the browser takes them in that order.
    done = None
    if inputs is not None:
        done = tuple(one._replace(v3=True) for one in sorted(inputs, key=lambda one: not one.required))
    return NodeType(
        node_id(schema) or "",
        done,
        truth(output),
        api=truth(api) is True,
        pack=pack,
        source="source",
        dynamic=dynamic,
        outputs=schema_outputs(schema),
        exact=not validates_types(m, cls, "validate_inputs"),
    )


def _v3_input(m: Machine, made: Made) -> Input | None:
    kind = made.type.name.partition(".")[0] if made.type is not None else ""
    given = dict(zip(_POSITIONS.get(kind, ("id", "display_name", "optional")), made.args, strict=False)) | made.kwargs
    inner = given.get("id")
    if kind == "MultiType":
        return _multi_input(m, inner, given)
    name = as_text(inner)
    if name is None:
        return None
    required = given.get("optional", False) is not True
    return make_input(name, _text(made.type), _v1_settings(given), required, _choices(kind, given))


def _text(kind: SchemaType | None) -> Value:
    return kind.type if kind is not None and kind.type else NOTHING


def _v1_settings(given: dict[str, Value]) -> dict[str, Value]:
    """The settings as V1 names them."""
    settings = {key: value for key, value in given.items() if key not in {"id", "options"} and value is not None}
    settings["forceInput"] = given.get("force_input") is True
    upload = as_text(given.get("upload"))
    if upload is not None:
        settings[upload] = True
    extra = given.get("extra_dict")
    return {**settings, **settings_of(extra)}


def _choices(kind: str, given: dict[str, Value]) -> Value:
    options = given.get("options")
    if kind not in {"Combo", "MultiCombo"} or ("remote" in given and given["remote"] is not None):
        return NOTHING
    if isinstance(options, Class):
        from .interpreter.values import Member

        return Seq([one for one in options.names.values() if isinstance(one, Member)])
    return options if options is not None else NOTHING


def _multi_input(m: Machine, inner: Value, given: dict[str, Value]) -> Input | None:
    """An input of several types: drawn like the widget it overrides, if there is one."""
    types = given.get("types")
    texts = [_text(one) for one in types.items if isinstance(one, SchemaType)] if isinstance(types, Seq) else []
    base = _v3_input(m, inner) if isinstance(inner, Made) else None
    required = given.get("optional", False) is not True
    if base is not None:
        whole = dict.fromkeys([base.type, *(t for t in texts if isinstance(t, str))])
        return base._replace(type=",".join(whole), required=base.required and required)
    name = as_text(inner)
    if name is None:
        return None
    text = ",".join(dict.fromkeys(t for t in texts if isinstance(t, str)))
    return make_input(name, text or NOTHING, _v1_settings(given), required)._replace(widget=False)
