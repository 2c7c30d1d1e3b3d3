"""The node classes that ComfyUI has loaded, described as its own `/object_info` describes them.

Asking a class for its inputs runs the pack's code, which ComfyUI does on every load of its page.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .modules import module

if TYPE_CHECKING:
    from ...core.inventory.host import TypeFacts

_ANY = "an input that no definition names"


def classes() -> dict[str, Any]:
    """class_type → class, as it is now."""
    found = getattr(module("nodes"), "NODE_CLASS_MAPPINGS", None)
    return {name: cls for name, cls in list(found.items()) if isinstance(name, str)} if isinstance(found, dict) else {}


def read_classes(step: Callable[[int, int, str], None]) -> dict[str, TypeFacts]:
    """The facts of every class. `step(done, in all, class_type)` is called before each; it may raise to cancel."""
    found = classes()
    facts: dict[str, TypeFacts] = {}
    for done, (class_type, cls) in enumerate(found.items()):
        step(done, len(found), class_type)
        facts[class_type] = _facts(cls)
    return facts


def module_of(cls: Any) -> str:
    """ComfyUI's `python_module`: "custom_nodes.<folder>" for a pack's class."""
    try:
        found = getattr(cls, "RELATIVE_PYTHON_MODULE", "nodes")
    except Exception:  # a metaclass may answer as it likes
        return "nodes"
    return found if isinstance(found, str) else "nodes"


def _facts(cls: Any) -> TypeFacts:
    from ...core.inventory.host import TypeFacts

    try:
        info = _v3(cls) if hasattr(cls, "GET_NODE_INFO_V1") else _v1(cls)
        error = ""
    except (
        BaseException
    ) as failed:  # /object_info leaves such a class out; even SystemExit is only a pack's mistake here
        info, error = {}, _said(failed)
    info = {"python_module": module_of(cls), **info}
    return TypeFacts(info, _unchecked(cls), _takes_any(cls, info), error)


def _said(error: BaseException) -> str:
    """The error on a line; its text alone may fail as well."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


def _v1(cls: Any) -> dict[str, Any]:
    return {
        "input": cls.INPUT_TYPES(),
        "output": getattr(cls, "RETURN_TYPES", None),
        "output_node": getattr(cls, "OUTPUT_NODE", False) in (True,),  # as ComfyUI compares
        "api_node": getattr(cls, "API_NODE", False),
    }


def _v3(cls: Any) -> dict[str, Any]:
    return dict(cls.GET_NODE_INFO_V1())


def _takes_any(cls: Any, info: dict[str, Any]) -> bool:
    """Whether inputs beyond the listed ones are taken: V3's `accept_all_inputs`, or a dictionary that claims any name."""
    try:
        if hasattr(cls, "GET_SCHEMA"):
            return getattr(cls.GET_SCHEMA(), "accept_all_inputs", False) is True
        sections = info.get("input")
        entries = sections.values() if isinstance(sections, dict) else ()
        return any(type(one) is not dict and isinstance(one, dict) and _ANY in one for one in entries)
    except Exception:
        return False


def _unchecked(cls: Any) -> frozenset[str] | None:
    """The inputs whose checks the class does itself; None for all. ComfyUI compares neither their choices nor ranges
    (execution.py of 0.3.75: the arguments of VALIDATE_INPUTS, of an own `validate_inputs` for V3)."""
    try:
        check = _own_check(cls)
        if check is None:
            return frozenset()
        arguments = inspect.getfullargspec(check)
    except Exception:
        return frozenset()
    return None if arguments.varkw is not None else frozenset(arguments.args)


def _own_check(cls: Any) -> Any:
    if not hasattr(cls, "GET_NODE_INFO_V1"):
        return getattr(cls, "VALIDATE_INPUTS", None)
    base = cls.GET_BASE_CLASS()
    above: Iterable[Any] = cls.__mro__[: cls.__mro__.index(base)] if base in cls.__mro__ else ()
    return next((cls.validate_inputs for one in above if "validate_inputs" in vars(one)), None)
