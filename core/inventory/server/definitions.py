"""Node definitions from a running ComfyUI's `/object_info`. Pure.

The server does not say which folder a file list comes from, so each list of choices is compared with
the file lists of all folders. File lists themselves are never kept.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, NamedTuple

from ...catalogue.types import Input, NodeType
from ..encode import plain
from ..widgets import UPLOADS, is_drawn, is_seed
from .decide import Claim, Claims, decide, is_open
from .lists import FileLists

MAX_OPTIONS = 2000
_CORE = ("nodes", "comfy_extras", "comfy_api_nodes", "comfy_api")


def read_types(
    object_info: Mapping[str, Any], lists: FileLists, exact: Container[str] = (), claims: Claims | None = None
) -> tuple[dict[str, NodeType], set[str]]:
    """The definitions of an `/object_info` answer, and the input files that its choices name.

    Entries of a wrong shape still give the type, with `inputs` None. `exact`: class_types of packs that
    are known to be `exact`; JSON does not tell, so without it only ComfyUI's own nodes are. `claims` says which
    folders an input is said to read; without it the lists decide alone.
    """
    types: dict[str, NodeType] = {}
    files: set[str] = set()
    for class_type, info in object_info.items():
        known = info if isinstance(info, dict) else {}
        pack, api = pack_of(known.get("python_module")), known.get("api_node") is True
        types[class_type] = NodeType(
            class_type,
            _inputs(known, _Reader(lists, files, claims, class_type, pack)),
            bool(known.get("output_node", False)),
            api=api,
            pack=pack,
            source="server",
            dynamic=_dynamic(known),
            outputs=_outputs(known.get("output")),
            exact=(pack == "comfy-core" and not api) or class_type in exact,  # some partner nodes take input_types
        )
    return types, files


class _Reader(NamedTuple):
    """What reading one type needs: the file lists, the input files found so far, and who says what of its folders."""

    lists: FileLists
    files: set[str]
    claims: Claims | None
    class_type: str
    pack: str | None

    def media(self, name: str) -> str | None:
        """The kind of media that the input `name` is known to take from the input folder."""
        return self.claims.media(self.class_type, name) if self.claims is not None else None

    def settle(self, name: str, choices: list[Any]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """The folders behind the choices of the input `name`, and the choices beside their files."""
        if self.claims is None:
            return self.lists.settle(choices)
        known, source = self.claims.known(self.class_type, name), Claim()
        if is_open(self.lists, choices, known.folders):
            source = self.claims.source(self.class_type, self.pack, name)
        folders = decide(self.lists, choices, known.folders, source.folders)
        if folders is None:
            return None, ()
        said = known if folders == known.folders else source if folders == source.folders else Claim()
        files = self.lists.files_of(folders)
        beside = (one for one in choices if isinstance(one, str) and one not in files)
        extras = (one for one in beside if not self.lists.looks_like_file(one))
        return folders, tuple(dict.fromkeys((*said.extras, *extras)))


def pack_of(module: Any) -> str | None:
    """The pack's folder name from `python_module`; the core's own modules give "comfy-core"."""
    if not isinstance(module, str) or not module:
        return None
    if module.startswith("custom_nodes."):
        return module[len("custom_nodes.") :]
    return "comfy-core" if module.split(".")[0] in _CORE else module


def plain_links(info: Mapping[str, Any]) -> bool:
    """Whether all link types of a live description (Python's own objects, not JSON) are plain texts.

    A text class with its own `!=` may equal what it does not spell, unless it is ComfyUI's own.
    """
    sections, made = info.get("input"), info.get("output")
    if not isinstance(sections, dict) or not isinstance(made, tuple | list) or type(made) not in (tuple, list):
        return False  # an own sequence class may give an output for any slot
    taken = [section for key, section in sections.items() if key in ("required", "optional")]
    entries = [entry for section in taken if isinstance(section, dict) for entry in section.values()]
    return all(map(_plain_text, [*(one[0] for one in entries if isinstance(one, tuple | list) and one), *made]))


def _plain_text(kind: Any) -> bool:
    """Also true of "*" of any class: nothing is ever concluded from it."""
    if not isinstance(kind, str) or str.__eq__(kind, "*"):
        return True
    return type(kind).__ne__ is str.__ne__ or type(kind).__module__.startswith(("comfy.", "comfy_api."))


def _outputs(made: Any) -> tuple[str, ...] | None:
    """Types by slot. A list of choices stands for COMBO, which fits the same inputs."""
    if not isinstance(made, list | tuple):
        return None
    return tuple(
        "COMBO" if isinstance(one, list | tuple) else plain(one) if isinstance(one, str) else "" for one in made
    )


def _inputs(info: dict[str, Any], reader: _Reader) -> tuple[Input, ...] | None:
    sections = info.get("input")
    if not isinstance(sections, dict):
        return None
    found: list[Input] = []
    for section in ("required", "optional"):
        entries = sections.get(section)
        if isinstance(entries, dict):
            for name in _order(info, section, entries):
                found.append(_input(name, entries[name], section == "required", reader))
    return tuple(found)


def _order(info: dict[str, Any], section: str, entries: dict[str, Any]) -> list[str]:
    """The order of the inputs: `input_order`, then whatever it leaves out."""
    order = info.get("input_order")
    listed = order.get(section) if isinstance(order, dict) else None
    names = [n for n in listed if isinstance(n, str) and n in entries] if isinstance(listed, list) else []
    return list(dict.fromkeys((*names, *(name for name in entries if isinstance(name, str)))))


def _input(name: str, entry: Any, required: bool, reader: _Reader) -> Input:
    parts = entry if isinstance(entry, list | tuple) and entry else [""]
    settings = parts[1] if len(parts) > 1 and isinstance(parts[1], dict) else {}
    kind, choices = parts[0], None
    v3 = kind == "COMBO"
    if isinstance(kind, list | tuple):  # a tuple in the class is a list in JSON
        kind, choices = "COMBO", kind
    elif v3:
        choices = settings.get("options")
    kind = plain(kind) if isinstance(kind, str) else ""
    one = Input(
        name,
        kind,
        widget=_is_widget(kind, settings),
        required=required,
        minimum=_number(settings.get("min")),
        maximum=_number(settings.get("max")),
        control=_control(name, kind, settings),
        v3=v3,
    )
    if kind != "COMBO":
        return one._replace(default=_simple(settings.get("default")))
    if not isinstance(choices, list | tuple):  # fetched by the browser ("remote"), or absent
        return one
    bare = all(type(choice) is str for choice in choices)
    return _combo(one, list(choices if bare else map(plain, choices)), settings, reader)


def _combo(one: Input, choices: list[Any], settings: dict[str, Any], reader: _Reader) -> Input:
    """Tell plain choices from the files of a model folder and from those of the input folder."""
    lists, files = reader.lists, reader.files
    media = next((kind for key, kind in UPLOADS.items() if settings.get(key)), None)
    said = reader.media(one.name) if media is None else None
    if said is not None:  # their suffix may be one of their own: LoadLatent's
        return one._replace(media=said)
    from_input = settings.get("image_folder", "input") == "input"
    if media is None:
        folders, extras = reader.settle(one.name, choices)
        if folders is not None:
            return one._replace(folders=folders, extras=extras)
        media = lists.media_kind(choices)
    if media is not None:
        names = [name for name in choices if isinstance(name, str)]
        if not from_input:
            return one
        files.update(name.replace("\\", "/") for name in names if lists.looks_like_file(name))
        extras = tuple(name for name in names if not lists.looks_like_file(name))
        return one._replace(media=media, extras=extras)
    if any(lists.looks_like_file(choice) for choice in choices):
        return one  # files of a place that no folder name stands for
    if all(lists.is_placeholder(choice) for choice in choices):
        return one._replace(extras=tuple(choices))  # a list that would hold files if there were any
    if len(choices) > MAX_OPTIONS:
        return one
    return one._replace(options=tuple(_simple(choice) for choice in choices), default=_simple(settings.get("default")))


def _simple(value: Any) -> Any:
    found = plain(value)
    return tuple(map(_simple, found)) if isinstance(found, list) else found


def _number(value: Any) -> float | None:
    return plain(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_widget(kind: str, settings: dict[str, Any]) -> bool:
    if settings.get("forceInput") or settings.get("rawLink"):
        return False
    return is_drawn(kind) or isinstance(settings.get("widgetType"), str)


def _control(name: str, kind: str, settings: dict[str, Any]) -> bool:
    asked = settings.get("control_after_generate")
    if asked is None:
        return is_seed(name, kind) and not settings.get("forceInput")
    return bool(asked)


def _dynamic(info: dict[str, Any]) -> bool:
    """Whether inputs may come that the definition does not list."""
    sections = info.get("input")
    entries = (
        [e for s in sections.values() if isinstance(s, dict) for e in s.values()] if isinstance(sections, dict) else []
    )
    kinds = [entry[0] for entry in entries if isinstance(entry, list | tuple) and entry and isinstance(entry[0], str)]
    return any(kind.startswith(("COMFY_DYNAMIC", "COMFY_AUTOGROW")) for kind in kinds)
