"""Attributes and items: reading them, and the changes that fill a mapping."""

from __future__ import annotations

from ..library.schema import canonical, schema_member
from . import imports
from .machine import NOTHING, Machine
from .values import (
    Bound,
    Class,
    Dict,
    Entry,
    External,
    Func,
    HostModule,
    HostRef,
    Instance,
    Made,
    Member,
    Method,
    Module,
    Names,
    PackRaised,
    PathText,
    SchemaType,
    Seq,
    Super,
    Unknown,
    Value,
    as_key,
)

FOLDER_CALLS = frozenset(
    {
        "get_filename_list",
        "get_filename_list_",
        "filter_files_content_types",
        "get_input_subfolders",
        "recursive_search",
    }
)


def resolve(m: Machine, value: Value) -> Value:
    """A value with a late name of ComfyUI looked up."""
    for _ in range(8):
        if not isinstance(value, HostRef):
            return value
        value = host_member(m, value.module, value.name)
    return NOTHING


def host_member(m: Machine, module: str, name: str) -> Value:
    """`module.name` for a module of ComfyUI."""
    dotted = canonical(f"{module}.{name}")
    if dotted.startswith("io3"):
        return schema_member(m, dotted)
    if dotted == _ARGUMENTS:
        return External(dotted)
    if module == "folder_paths":
        if name in FOLDER_CALLS:
            return External(dotted)
        return imports.folder_paths(m).names.get(name, NOTHING)
    found = m.host.load(module) if m.host is not None else None
    if found is None:
        return External(dotted)
    if name in found.names:
        value = found.names[name]
        if isinstance(value, HostModule) and value.name == "io3":
            return External("io3")
        return resolve(m, value)
    if m.host is not None and m.host.locate(dotted) is not None:
        return HostModule(dotted)
    return NOTHING


def get(m: Machine, holder: Value, name: str) -> Value:
    """`holder.name`; an Unknown without a reason when it cannot be told."""
    if isinstance(holder, External):
        return _of_external(m, holder, name)
    if isinstance(holder, HostModule):
        return host_member(m, holder.name, name)
    if isinstance(holder, Module):
        return _of_module(m, holder, name)
    if isinstance(holder, Class):
        return of_class(m, holder, name, holder)
    if isinstance(holder, Instance):
        return _of_instance(m, holder, name)
    if isinstance(holder, Super):
        return _of_super(m, holder, name)
    if isinstance(holder, Member):
        return {"value": holder.value, "name": holder.name}.get(name, Method(holder.value, name))
    if isinstance(holder, SchemaType):
        return schema_member(m, f"io3.{holder.name}.{name}", holder)
    if isinstance(holder, Made):
        return holder.kwargs.get(name, NOTHING)
    if isinstance(holder, Names) and name in {"name", "path", "parent", "stem"}:
        return holder if name in {"name", "path"} else Names(holder.folder, holder.media, exact=False)
    if isinstance(holder, PathText) and name in _PATH_PARTS:
        return _path_part(holder, name)
    if isinstance(holder, Seq) and holder.kind == "spec":
        return Made(name, [], {})
    if isinstance(holder, (str, Seq, Dict, Names)):
        return Method(holder, name)
    if isinstance(holder, (Func, Bound)) and name == "__name__":
        return holder.name if isinstance(holder, Func) else holder.func.name
    return NOTHING


_PATH_PARTS = frozenset({"parent", "name", "stem", "suffix", "parts"})


def _path_part(path: str, name: str) -> Value:
    head, _, last = path.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if not stem:
        stem, dot, suffix = last, "", ""
    if name == "parts":
        return Seq(path.split("/"), "tuple")
    return {"parent": PathText(head), "name": last, "stem": stem, "suffix": dot + suffix}[name]


# The command line is not at hand; the base directory is told to us instead, so paths are relative to it.
_ARGUMENTS = "comfy.cli_args.args"
_CONSTANTS: dict[str, Value] = {
    "os.sep": "/",
    "os.path.sep": "/",
    "sys.maxsize": (1 << 63) - 1,
    _ARGUMENTS + ".base_directory": None,
}


def _of_external(m: Machine, holder: External, name: str) -> Value:
    dotted = canonical(f"{holder.name}.{name}")
    if dotted.startswith("io3."):
        return schema_member(m, dotted)
    return _CONSTANTS[dotted] if dotted in _CONSTANTS else External(dotted)


def _of_module(m: Machine, module: Module, name: str) -> Value:
    if module.name == "folder_paths" and name in FOLDER_CALLS:
        return External(f"folder_paths.{name}")
    if name in module.names:
        return resolve(m, module.names[name])
    if name == "__dict__":
        return namespace(module)
    child = m.modules.get(f"{module.name}.{name}")
    if child is None and m.trying and not module.wild and not module.host:
        raise PackRaised(f"{m.tree.relative(module.path)} binds no {name}")
    return NOTHING if child is None else child


def namespace(module: Module) -> Dict:
    """The names of a module as a dictionary (a copy)."""
    return Dict({name: Entry(value) for name, value in module.names.items()})


def of_class(m: Machine, cls: Class, name: str, receiver: Value) -> Value:
    """`cls.name`, with methods bound to `receiver`."""
    for one in cls.mro():
        if name in one.names:
            return _bind(m, resolve(m, one.names[name]), cls, receiver)
    if name in {"__name__", "__qualname__"}:
        return cls.name
    if name == "__doc__":
        return cls.doc
    if name == "__module__":
        return cls.module.name
    if name == "__dict__":
        return Dict({key: Entry(value) for key, value in cls.names.items()})
    if name in {"__mro__", "__bases__"}:
        line = list(cls.mro()) if name == "__mro__" else cls.bases
        return Seq(line, "tuple", Unknown(cls.name) if cls.open else None)
    if name == "__members__":
        return Dict({k: Entry(v) for k, v in cls.names.items() if isinstance(v, Member)})
    return NOTHING


def has_attribute(m: Machine, holder: Value, name: str) -> bool | None:
    """`hasattr`, or None when it cannot be told."""
    if isinstance(holder, Class):
        found = any(name in one.names for one in holder.mro())
        return True if found else None if holder.open else False
    if isinstance(holder, Module) and not holder.host:
        return True if name in holder.names else None if holder.wild else False
    return None


def _bind(m: Machine, value: Value, cls: Class, receiver: Value) -> Value:
    if not isinstance(value, Func):
        return value
    if value.kind == "class":
        return Bound(value, receiver.cls if isinstance(receiver, Instance) else receiver)
    if isinstance(receiver, Class) or value.kind == "static":
        return value
    if value.kind == "property":
        from .calls import call

        return call(m, Bound(value, receiver), [], {}, "")
    return Bound(value, receiver)


def _of_instance(m: Machine, holder: Instance, name: str) -> Value:
    if name in holder.names:
        return holder.names[name]
    if name == "__class__":
        return holder.cls
    found = of_class(m, holder.cls, name, holder)
    if found is NOTHING:
        backing = holder.data if holder.data is not None else holder.text
        return NOTHING if backing is None else Method(backing, name)
    return found


def _of_super(m: Machine, holder: Super, name: str) -> Value:
    for base in holder.cls.bases:
        if isinstance(base, Class):
            found = of_class(m, base, name, holder.receiver)
            if found is not NOTHING:
                return found
    data = holder.receiver.data if isinstance(holder.receiver, Instance) else None
    if data is not None:
        return Method(data, "update" if name == "__init__" else name)
    return External(f"builtins.super.{name}")


def set_attribute(m: Machine, holder: Value, name: str, value: Value) -> None:
    """`holder.name = value`. Changing ComfyUI's own things is noted, not done."""
    if isinstance(holder, Instance):
        holder.names[name] = value
    elif isinstance(holder, Made):
        holder.kwargs[name] = value
    elif isinstance(holder, (Class, Module)):
        if isinstance(holder, Class) and holder.module.host and not m.reading:
            m.patches.add(f"{holder.module.name}.{holder.name}.{name}")
        elif isinstance(holder, Module) and holder.host and not m.reading and holder is not m.folders:
            m.patches.add(f"{holder.name}.{name}")
        else:
            holder.names[name] = value
    elif isinstance(holder, HostModule):
        m.patches.add(f"{holder.name}.{name}")


def get_item(m: Machine, holder: Value, key: Value) -> Value:
    """`holder[key]`."""
    if isinstance(holder, Instance) and holder.data is not None:
        holder = holder.data
    if isinstance(holder, Dict):
        ok, plain = as_key(key)
        return holder.get(plain, NOTHING) if ok else NOTHING
    if isinstance(holder, str) and isinstance(key, int):
        return holder[key] if -len(holder) <= key < len(holder) else NOTHING
    if isinstance(holder, Seq) and isinstance(key, int):
        if all(isinstance(one, Names) for one in holder.items):
            return holder.items[0] if holder.items else NOTHING
        fits = holder.plain and -len(holder.items) <= key < len(holder.items)
        return holder.items[key] if fits else NOTHING
    if isinstance(holder, Class) and isinstance(key, str):
        return next((v for v in [holder.names.get(key)] if isinstance(v, Member)), NOTHING)
    if isinstance(holder, External) and holder.name == "sys.modules" and isinstance(key, str):
        return m.modules.get(key, NOTHING)
    return holder if isinstance(holder, (External, Class)) else NOTHING  # list[str], Generic[T]


def set_item(m: Machine, holder: Value, key: Value, value: Value, where: str) -> None:
    """`holder[key] = value`."""
    if isinstance(holder, Instance):
        holder = holder.data
    if isinstance(holder, Dict):
        target = _writable(m, holder)
        ok, plain = as_key(key)
        if target is None:
            return
        if ok:
            before = target.entries.get(plain)
            guards = m.condition() if before is None or before.guards else ()
            target.entries[plain] = Entry(value, guards)
        else:
            target.doubt(key.why if isinstance(key, Unknown) and key.why else where)
    elif isinstance(holder, Seq) and m.may_change(holder):
        if isinstance(key, int) and -len(holder.items) <= key < len(holder.items) and not m.maybe():
            holder.items[key] = value
        else:
            holder.more = holder.more or Unknown(where)


def delete_item(m: Machine, holder: Value, key: Value, where: str) -> None:
    """`del holder[key]`, `holder.pop(key)`."""
    ok, plain = as_key(key)
    if isinstance(holder, Dict) and m.may_change(holder):
        if ok and m.maybe() and plain in holder.entries:
            holder.entries[plain] = Entry(holder.entries[plain].value, m.condition())
        elif ok:
            holder.entries.pop(plain, None)
        else:
            for name, entry in holder.entries.items():
                holder.entries[name] = Entry(entry.value, (*entry.guards, *m.condition()))
            holder.doubt(where)
    elif isinstance(holder, Seq) and m.may_change(holder):
        if isinstance(key, int) and -len(holder.items) <= key < len(holder.items) and holder.plain and not m.maybe():
            del holder.items[key]
        else:
            holder.items.clear()  # which are left is not known
            holder.more = Unknown(where)


def update(m: Machine, target: Dict, source: Value, where: str) -> None:
    """`target.update(source)`, also for lists of pairs."""
    if isinstance(source, Instance) and source.data is not None:
        source = source.data
    writable = _writable(m, target)
    if writable is None or source is None:
        return
    if isinstance(source, Dict):
        here = m.condition()
        for key, entry in list(source.entries.items()):
            guards = tuple(dict.fromkeys((*entry.guards, *here)))
            before = writable.entries.get(key)
            writable.entries[key] = Entry(entry.value, guards if before is None or before.guards else ())
        for why in source.more:
            writable.doubt(why)
    elif isinstance(source, Seq):
        for pair in source.items:
            if isinstance(pair, Seq) and len(pair.items) == 2:
                set_item(m, writable, pair.items[0], pair.items[1], where)
            else:
                writable.doubt(where)
        if source.more is not None:
            writable.doubt(source.more.why or where)
    else:
        writable.doubt(source.why if isinstance(source, Unknown) and source.why else where)


def _writable(m: Machine, target: Dict) -> Dict | None:
    if target.frozen == "nodes.NODE_CLASS_MAPPINGS" and not m.reading:
        return m.added
    return target if m.may_change(target) else None
