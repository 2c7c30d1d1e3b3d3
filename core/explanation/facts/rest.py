"""Facts of what else a reader should know: switches, notes, parts that are off, what is unknown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...knowledge import document
from ...workflow.types import BYPASSED, Scope
from ..outline import Note
from ..types import Fact, Switch
from . import say
from .ground import Ground
from .say import unmarked
from .words import Words

MOST = 40  # rows of each kind
MOST_OFF = 6  # parts that are off and told one by one
_CORE = "comfy-core"


def switches(ground: Ground) -> Iterator[Fact]:
    """Choices that the author built in, by the value that decides: one value often sets several switches."""
    groups: dict[tuple[str, str], list[Switch]] = {}
    for one in ground.anatomy.switches:
        decided = one.given is not None and one.given.value is not None
        key = (one.given.node, one.given.input) if decided and one.given is not None else (one.node, "")
        groups.setdefault(key, []).append(one)
    for (node, _), rows in list(groups.items())[:MOST]:
        yield _switch(ground, node, rows)


def _switch(ground: Ground, node: str, rows: list[Switch]) -> Fact:
    given = rows[0].given
    known = node in ground.view.by_id
    words = Words((node, *(one.node for one in rows)) if known else tuple(one.node for one in rows))
    title = words.name(ground.title(node) if known else rows[0].title)
    now = words.value(given) if given is not None and given.value is not None else ""
    others = say.unique(words.name(one.title) for one in rows if one.node != node)
    shown, more = say.shortly(others)
    words.counted += [more] if more else []
    decides = f"Decides for {shown}." if shown else ""
    takes, own = rows[0].takes, ground.view.by_id.get(rows[0].node)
    if not decides and own is not None and any(slot.name == takes for slot in own.slots):
        decides = f"Takes {words.name(takes)}."
    text = f"{title} is {now}. {decides}" if now else f"{title}: what it takes is decided while it runs. {decides}"
    row = decides or ("" if now else "What it takes is decided while it runs.")
    named = bool(now) and (bool(others) or title != _class_type(ground, node))
    id = f"switch.{rows[0].node}"
    return words.fact(id, "switch", text.strip(), brief=(title, now, row), weight=int(named))


def _class_type(ground: Ground, node_id: str) -> str:
    node = ground.view.by_id.get(node_id)
    return node.class_type if node is not None else ""


def notes(ground: Ground) -> Iterator[Fact]:
    """The first line of each note of the author that says something; that it holds links, where nothing else does."""
    for note in ground.anatomy.notes[:MOST]:
        first = _telling(note)
        words = Words((note.id,))
        title = words.name(note.title) if note.title else ""
        said = words.quote(first) if first else "Holds links." if "://" in note.text else ""
        if not said:
            continue
        head = f"A note of the author ({title})" if title else "A note of the author"
        yield words.fact(f"note.{note.id}", "note", say.stop(f"{head}: {said}"), brief=(title or "Note", "", said))


_TREE = re.compile("[│├└📂]|^\\|")  # drawings of folders, rows of tables


def _telling(note: Note) -> str:
    """The first line of a note that says something: no mere heading, no link, not the title again; "" where none does."""
    lines = [unmarked(line).strip("#*->•_ ").strip() for line in note.text.splitlines()]
    lines = [line for line in lines if line and not _TREE.search(line) and "](" not in line and "://" not in line]
    title = note.title.casefold()
    plain = [line for line in lines if (len(line.split()) > 3 or len(line) > 25) and line.casefold() not in title]
    return next(iter(plain), "")


def off(ground: Ground) -> Iterator[Fact]:
    """Parts that are muted or bypassed, and what they would do; whole subgraphs as one, plain values only counted."""
    told: dict[str | tuple[str, str, str], list[str]] = {}
    small: list[str] = []
    rows: list[Fact] = []
    hosts = _hosts(ground)
    for id, class_type, title in ground.anatomy.off:
        host = next((prefix for prefix in hosts if id.startswith(prefix)), "")
        role = _off_role(class_type)
        if host:
            told.setdefault(host, []).append(id)
        elif not role and class_type in document("roles")["types"]:
            small.append(id)
        else:
            told.setdefault((title, class_type, _state(ground, id)), []).append(id)
    for key, ids in told.items():
        rows.append(_subgraph(ground, hosts[key], ids) if isinstance(key, str) else _alone(ground, key, ids))
    yield from rows[:MOST_OFF]
    rest = small + [node for fact in rows[MOST_OFF:] for node in fact.nodes]
    if rest:
        words = Words(tuple(rest))
        verb = "is" if len(rest) == 1 else "are"
        more = "more node" if rows else "node"
        yield words.fact("off.more", "off", f"{words.count(len(rest), more).capitalize()} {verb} muted or bypassed.")


def _hosts(ground: Ground) -> dict[str, Scope]:
    """The outermost subgraphs that are off as a whole, by the beginning of the ids inside."""
    scopes = ground.view.workflow.scopes
    return {
        one.prefix: one
        for one in scopes
        if one.prefix and not one.active and (one.parent < 0 or scopes[one.parent].active)
    }


def _state(ground: Ground, node_id: str) -> str:
    node = ground.view.workflow.by_id(node_id)
    return "bypassed" if node is not None and node.mode == BYPASSED else "muted"


def _subgraph(ground: Ground, scope: Scope, ids: list[str]) -> Fact:
    words = Words(tuple(ids))
    raw = scope.host.get("title")
    title = words.name(raw if isinstance(raw, str) and raw.strip() else scope.name)
    state = "bypassed" if scope.mode == BYPASSED else "muted"
    inside = words.count(len(ids), "node")
    text = f"{title} is {state}, with the {inside} inside. Switched on, it would run as well."
    return words.fact(f"off.{ids[0]}", "off", text, brief=(title, state, f"With the {inside} inside."))


def _alone(ground: Ground, key: tuple[str, str, str], ids: list[str]) -> Fact:
    title, class_type, state = key
    words = Words(tuple(ids))
    name = words.name(title)
    kind = f" ({words.name(class_type)})" if title != class_type and class_type.lower() not in title.lower() else ""
    role = _off_role(class_type)
    one = len(ids) == 1
    count = "" if one else f"{words.count(len(ids), 'node').capitalize()} "
    text = f"{count}{name}{kind} {'is' if one else 'are'} {state}"
    more = f"Switched on, {'it' if one else 'they'} would {role}." if role else ""
    return words.fact(f"off.{ids[0]}", "off", f"{say.stop(text)} {more}".strip(), brief=(name, state, more))


_ROLE = {
    "load_image": "bring in a picture", "load_video": "bring in a video", "load_audio": "bring in sound",
    "load_3d": "bring in a 3D model", "lora": "add a LoRA", "control": "add a guide", "reference": "add a reference",
    "sample": "add a sampling pass", "upscale_model": "enlarge the result with a model",
    "upscale_latent": "enlarge the latent", "interpolate": "add frames in between", "save": "save a result",
    "preview": "show a result", "remove_background": "cut out the background", "detail": "rework details",
    "encode": "take a picture as the beginning", "load": "load another model", "depth": "estimate depth",
    "pose": "read a pose", "edges": "trace outlines", "generate_text": "let a language model write the prompt",
    "caption": "describe a picture in words", "model_sampling": "set the shift", "upscale": "scale a picture",
    "crop": "crop a picture", "compose": "put pictures together", "edit": "adjust a picture", "mask": "make a mask",
    "detect": "find things in a picture", "decode": "turn a latent into a picture", "text": "take another text",
    "video": "make a video of frames", "speech": "speak a text", "listen": "write down what is said",
    "latent": "begin with an empty latent", "partner": "ask a paid service", "hint": "draw a guide", "patch": "change how the model works",
}  # fmt: skip


def _off_role(class_type: str) -> str:
    """What a type that is off would do, in plain words; "" where that is not known, or of no interest alone."""
    return _ROLE.get(str(document("roles")["types"].get(class_type, {}).get("does", "")), "")


def documentation(ground: Ground) -> Iterator[Fact]:
    """What the installed documentation says of paid services: what they do cannot be seen in the graph."""
    groups: dict[str, list[str]] = {}
    for id, class_type in ground.anatomy.partners:
        groups.setdefault(class_type, []).append(id)
    for class_type, ids in list(groups.items())[:MOST]:
        found = ground.docs(class_type)
        if found is not None:
            words = Words(tuple(ids))
            name = words.name(class_type)
            words.known.append(found[0])
            brief = (name, "", found[0])
            yield words.fact(f"doc.{ids[0]}", "doc", f"{name}: {found[0]}", brief=brief, source=found[1])


def unknown(ground: Ground) -> Iterator[Fact]:
    """Nodes that nothing here knows: their type, their pack where it is known, and no more."""
    groups: dict[str, list[str]] = {}
    for id, class_type in ground.anatomy.opaque:
        groups.setdefault(class_type, []).append(id)
    for place, (class_type, ids) in enumerate(groups.items()):
        if place >= MOST:
            break
        words = Words(tuple(ids))
        name = words.name(class_type)
        pack = _pack(ground, ids[0])
        docs = ground.docs(class_type)
        if docs is not None:
            text, source = docs
            words.known.append(text)
            yield words.fact(f"unknown.{ids[0]}", "unknown", f"{name}: {text}", brief=(name, "", text), source=source)
            continue
        sockets = _sockets(ground, ids[0])
        words.graph += sockets[1]
        where = f", from the pack {words.name(pack)}" if pack else ""
        text = f"What {name} does is not known here{where}."
        row = f"{'From the pack ' + pack + '. ' if pack else ''}{sockets[0]}".strip()
        yield words.fact(
            f"unknown.{ids[0]}",
            "unknown",
            f"{text} {sockets[0]}".strip(),
            brief=(name, "", f"What it does is not known here. {row}".strip()),
        )


def _pack(ground: Ground, node_id: str) -> str:
    node = ground.view.by_id.get(node_id)
    hint = node.pack if node is not None else None
    if hint is not None:
        pack = hint.cnr_id or hint.aux_id or ""
        return "" if pack == _CORE else pack
    return ""


def _sockets(ground: Ground, node_id: str) -> tuple[str, tuple[str, ...]]:
    """What goes in and comes out by the link types of the file, as far as they say anything."""
    node = ground.view.by_id.get(node_id)
    raw = node.raw.get("outputs") if node is not None else None
    if node is None or not isinstance(raw, list):
        return "", ()
    ins = say.unique(slot.type for slot in node.slots if slot.link is not None and slot.type not in ("", "*"))
    outs = say.unique(
        str(one.get("type", "")) for one in raw if isinstance(one, dict) and one.get("type") not in (None, "", "*")
    )
    ins, outs = ins[:4], outs[:4]
    if not ins and not outs:
        return "", ()
    takes = f"takes {say.listed(ins)}" if ins else ""
    gives = f"gives {say.listed(outs)}" if outs else ""
    return say.sentence(f"it {say.listed([one for one in (takes, gives) if one])}"), (*ins, *outs)
