"""What rules look at: passes, models, sizes, pairs of passes, inputs, licences, the workflow as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..types import Sampling, Text
from . import say
from .ground import MAIN, Ground, Usual, number, starts_from
from .practice import Figure, profile
from .records_parts import licences, models, size
from .rules import Record, plain
from .words import Term, of_given, of_label, of_name, of_range

_READERS = ("scene_maps", "segmentation", "pose")  # kinds that read something off a picture: one step can be right
_PROMPTS = ("text", "prompt", "text_g", "text_l", "clip_l", "t5xxl")


def records(ground: Ground) -> Iterator[Record]:
    """All of them."""
    varied = any("CFG" in node.class_type.upper() and node.class_type != "CFGGuider" for node in ground.view.nodes)
    yield from (_sampling(ground, one, varied) for one in ground.anatomy.samplings)
    yield from models(ground)
    yield from (size(ground, one, place) for place, one in enumerate(ground.anatomy.sizes))
    yield from _pairs(ground)
    yield from _inputs(ground)
    yield from licences(ground)
    yield _workflow(ground)


# ---- passes ----------------------------------------------------------------------------------------------------


def _sampling(ground: Ground, one: Sampling, varied: bool) -> Record:
    """One pass. `varied`: a node changes cfg while it samples, so that its value alone says little."""
    usual = ground.usual(one)
    fields = {
        **_settings(usual, one),
        **_beginning(ground, one),
        **_negatives(ground, one),
        "few": plain(usual.few),
        "guided": plain(usual.known is not None and usual.known.distilled == "guidance"),
        "quick": _quick(usual),
        "base_label": of_label(usual.known),
        "varied_cfg": plain(varied),
        "generates": plain(not ground.anatomy.kinds or ground.anatomy.kinds[0] not in _READERS),
        "common": plain(one.class_type.startswith(("KSampler", "SamplerCustom"))),
    }
    return Record("sampling", one.node, (one.node,), fields)


def _settings(usual: Usual, one: Sampling) -> dict[str, Term | None]:
    """The numbers of a pass, and what is usual for them."""
    steps, cfg, guidance = (usual.figure(name) for name in ("steps", "cfg", "guidance"))
    first, last, total = number(one.first_step), number(one.last_step), number(one.steps)
    return {
        "steps": of_given(one.steps) if total is not None else None,
        "steps_said": _steps_said(one),
        "steps_usual": _steps_usual(usual, steps),
        "steps_low": plain(steps.low) if steps else None,
        "steps_high": plain(_steps_high(usual, steps)),
        "cfg": of_given(one.cfg) if number(one.cfg) is not None else None,
        "cfg_usual": of_range(cfg),
        "cfg_low": plain(cfg.low) if cfg else None,
        "cfg_high": plain(cfg.high) if cfg else None,
        "guidance": of_given(one.guidance) if number(one.guidance) is not None else None,
        "guidance_usual": of_range(guidance),
        "guidance_low": plain(guidance.low) if guidance else None,
        "guidance_high": plain(guidance.high) if guidance else None,
        "denoise": of_given(one.denoise) if number(one.denoise) is not None else plain(1.0),
        "partial": plain(bool(first) or (last is not None and total is not None and last < total)),
    }


def _beginning(ground: Ground, one: Sampling) -> dict[str, Term | None]:
    """What a pass starts from, and which words it reads."""
    start = starts_from(ground, one)
    positive = _texts(ground, one.positive)
    return {
        "masked": plain(one.masked),
        "from_picture": plain(bool(start)),
        "start_thing": Term(start, ground.thing(start)) if start else None,
        "reads_picture": plain(ground.reads_picture(one)),
        "prompt_empty": plain(not positive and _blank(ground, one)),
    }


def _negatives(ground: Ground, one: Sampling) -> dict[str, Term | None]:
    """The negative texts of a pass, and whether anything comes of them."""
    said = [
        text for text in _texts(ground, one.negative) if isinstance(text.given.value, str) and text.given.value.strip()
    ]
    cfg_node = one.cfg.node if one.cfg is not None else ""
    return {
        "negative_said": plain(bool(said)),
        "negative_works": plain(any(text.effect for text in said)),
        "zeroed": plain(any(text.why and text.why != cfg_node for text in said)),
    }


def _texts(ground: Ground, places: tuple[int, ...]) -> list[Text]:
    texts = ground.anatomy.texts
    return [texts[place] for place in places if place < len(texts)]


def _blank(ground: Ground, one: Sampling) -> bool:
    """Whether the text encoders on the positive side all hold nothing but blanks."""
    view = ground.view
    row, seen, blank = [view.by_id[one.node]] if one.node in view.by_id else [], {one.node}, False
    while row:
        node = row.pop()
        for name, feed in view.feeds(node).items():
            if view.kind(node, name) not in ("CONDITIONING", "GUIDER") or "negative" in name.lower():
                continue
            if feed.node.id not in seen:
                seen.add(feed.node.id)
                row.append(feed.node)
                if view.role(feed.node).get("does") == "text":
                    values = [view.value(feed.node, own) for own in _PROMPTS if own in view.values(feed.node)]
                    if any(
                        given is None or not isinstance(given.value, str) or given.value.strip() for given in values
                    ):
                        return False
                    blank = blank or bool(values)
    return blank


def _steps_said(one: Sampling) -> Term | None:
    """ "20 steps are", "1 step is"."""
    term = of_given(one.steps) if number(one.steps) is not None else None
    return (
        term._replace(text=f"{term.text} step is" if term.text == "1" else f"{term.text} steps are") if term else None
    )


def _steps_usual(usual: Usual, figure: Figure | None) -> Term | None:
    quick = usual.quick
    if quick is not None and quick.steps is not None and usual.quick_part is not None:
        name = usual.quick_part.name
        return Term(quick.steps, str(quick.steps), worked=((quick.steps, "named", (name,)),))
    return of_range(figure)


def _steps_high(usual: Usual, figure: Figure | None) -> float | None:
    if usual.quick is not None and usual.quick.steps is not None:
        return float(max(usual.quick.steps, 4))
    return figure.high if figure else None


def _quick(usual: Usual) -> Term | None:
    """What makes few steps enough: the LoRA's file, or the model."""
    if usual.quick_part is not None:
        return of_name(usual.quick_part.name)
    return of_label(usual.known) if usual.few else None


# ---- the rest --------------------------------------------------------------------------------------------------


def _pairs(ground: Ground) -> Iterator[Record]:
    by_node = {one.node: one for one in ground.anatomy.samplings}
    for one in ground.anatomy.samplings:
        before = by_node.get(one.after)
        if before is None or one.first_step is None or before.last_step is None:
            continue
        last, first, steps = number(before.last_step), number(one.first_step), number(before.steps)
        if last is None or first is None or steps is None or last > steps:
            continue
        fields: dict[str, Term | None] = {
            "last": of_given(before.last_step), "first": of_given(one.first_step),
            "same_steps": plain(number(one.steps) == steps),
        }  # fmt: skip
        yield Record("pair", f"{before.node}.{one.node}", (before.node, one.node), fields)


def _inputs(ground: Ground) -> Iterator[Record]:
    done: set[str] = set()
    for one in ground.anatomy.inputs:
        if one.node not in done:
            done.add(one.node)
            name = one.name or one.title
            sure = not _seen_by_unknown(ground, one.node)
            fields: dict[str, Term | None] = {"used": plain(one.used), "sure": plain(sure), "title": of_name(name)}
            yield Record("input", one.node, (one.node,), fields)


def _seen_by_unknown(ground: Ground, start: str) -> bool:
    """Whether a node that nothing is known of reads it: that one may bring something out."""
    opaque = {node for node, _ in ground.anatomy.opaque}
    row, seen = [start], {start}
    while row:
        node = ground.view.by_id.get(row.pop())
        for user, _, _ in ground.view.users(node) if node is not None else ():
            does = ground.view.role(user).get("does")
            if user.id in opaque or does in ("show", "preview", "save"):
                return True
            if does is None and ground.view.known(user) is None:
                return True
            if user.id not in seen:
                seen.add(user.id)
                row.append(user.id)
    return False


def _workflow(ground: Ground) -> Record:
    anatomy = ground.anatomy
    clip = next((node for node in ground.view.nodes if node.class_type == "CLIPSetLastLayer"), None)
    layer = ground.view.value(clip, "stop_at_clip_layer") if clip is not None else None
    main = next((one for one in anatomy.models if one.role in MAIN and one.samplers), None)
    known = profile(main.family, main.name) if main is not None else None
    skip = known.figure("clip_skip") if known is not None else None
    wanted = skip.values[0] if skip is not None else None
    partners = len(anatomy.partners)
    services = say.unique(kind for _, kind in anatomy.partners)
    shown = say.shortly(services, 2)
    fields: dict[str, Term | None] = {
        "medium": plain(ground.medium),
        "outputs": plain(len(anatomy.outputs)), "ends": plain(_ends(ground)), "kept": plain(sum(not one.preview for one in anatomy.outputs)),
        "nodes": plain(anatomy.counts.active), "opaque": plain(len(anatomy.opaque)),
        "partners": plain(partners),
        "partners_said": Term(
            partners, f"{shown[0]} {'uses' if len(services) == 1 else 'use'}",
            graph=tuple(kind for _, kind in anatomy.partners), counted=(shown[1],),
        ),
        "base_label": of_label(known),
        "clip_skip_wanted": Term(wanted, str(wanted), known=(wanted,), source=skip.source, url=skip.url) if skip else None,
        "clip_layer": Term(wanted, f"-{wanted}", worked=((-wanted, "minus", (wanted,)),)) if wanted else None,
        "clip_skip_set": plain(clip is not None), "clip_skip": Term("", "", url=skip.url) if skip else None,
        "clip_layer_now": of_given(layer) if number(layer) is not None else None,
    }  # fmt: skip
    nodes = tuple(one for one, _ in anatomy.partners) or ((main.node,) if main is not None and wanted else ())
    return Record("workflow", "", nodes if clip is None else (*nodes, clip.id), fields)


def _ends(ground: Ground) -> int:
    """How many nodes make ComfyUI run something, as far as anything tells."""
    shows = sum(ground.view.role(node).get("does") in ("save", "preview", "show") for node in ground.view.nodes)
    known = sum((known := ground.view.known(node)) is not None and known.output is True for node in ground.view.nodes)
    return shows + known
