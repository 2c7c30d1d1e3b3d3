"""What rules look at: passes, models, sizes, pairs of passes, inputs, licences, the workflow as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..types import LORA, VAE, ModelPart, Sampling, Size
from . import say
from .ground import MAIN, Ground, Usual, number, starts_from, switched_off
from .practice import Figure, Profile, accelerator, family_label, of_family, profile, vae_label, vae_of
from .rules import Record, plain
from .words import Term, of_given, of_label, of_name, of_range

_FAMILY = "knowledge/families.json#families.{}"
_SMALL = 64  # pixels: below it a width is no size of a picture


def records(ground: Ground) -> Iterator[Record]:
    """All of them."""
    yield from map(_sampling(ground), ground.anatomy.samplings)
    yield from _models(ground)
    yield from (_size(ground, one, place) for place, one in enumerate(ground.anatomy.sizes))
    yield from _pairs(ground)
    yield from _inputs(ground)
    yield from _licences(ground)
    yield _workflow(ground)


# ---- passes ----------------------------------------------------------------------------------------------------


def _sampling(ground: Ground):  # type: ignore[no-untyped-def]
    varied = any("CFG" in node.class_type.upper() and node.class_type not in ("CFGGuider",) for node in ground.view.nodes)

    def record(one: Sampling) -> Record:
        start = starts_from(ground, one)
        usual = ground.usual(one)
        texts = ground.anatomy.texts
        negative = [texts[place] for place in one.negative if place < len(texts)]
        positive = [texts[place] for place in one.positive if place < len(texts)]
        cfg_node = one.cfg.node if one.cfg is not None else ""
        steps, cfg, guidance = usual.figure("steps"), usual.figure("cfg"), usual.figure("guidance")
        first, last = number(one.first_step), number(one.last_step)
        total = number(one.steps)
        partial = bool(first) or (last is not None and total is not None and last < total)
        said = [text for text in negative if isinstance(text.given.value, str) and text.given.value.strip()]
        fields: dict[str, Term | None] = {
            "steps": of_given(one.steps) if total is not None else None,
            "steps_usual": _steps_usual(usual, steps),
            "steps_low": plain(steps.low) if steps else None,
            "steps_high": plain(_steps_high(usual, steps)),
            "cfg": of_given(one.cfg) if number(one.cfg) is not None else None,
            "cfg_usual": of_range(cfg), "cfg_low": plain(cfg.low) if cfg else None,
            "cfg_high": plain(cfg.high) if cfg else None,
            "guidance": of_given(one.guidance) if number(one.guidance) is not None else None,
            "guidance_usual": of_range(guidance),
            "guidance_low": plain(guidance.low) if guidance else None,
            "guidance_high": plain(guidance.high) if guidance else None,
            "denoise": of_given(one.denoise) if number(one.denoise) is not None else plain(1.0),
            "few": plain(usual.few),
            "guided": plain(usual.known is not None and usual.known.distilled == "guidance"),
            "quick": _quick(usual), "base_label": of_label(usual.known),
            "partial": plain(partial), "varied_cfg": plain(varied),
            "common": plain(one.class_type.startswith(("KSampler", "SamplerCustom"))),
            "masked": plain(one.masked), "from_picture": plain(bool(start)),
            "start_thing": Term(start, ground.thing(start)) if start else None,
            "reads_picture": plain(ground.reads_picture(one)),
            "negative_said": plain(bool(said)),
            "negative_works": plain(any(text.effect for text in said)),
            "zeroed": plain(any(text.why and text.why != cfg_node for text in said)),
            "prompt_read": plain(bool(positive)),
            "prompt_empty": plain(not any(_written(text.given.value) for text in positive)),
        }  # fmt: skip
        return Record("sampling", one.node, (one.node, *(text.given.node for text in said if text.given.node in ground.view.by_id)), fields)

    return record


def _written(text: object) -> bool:
    """Whether a prompt says anything; one that is worked out while the graph runs does."""
    return text is None or (isinstance(text, str) and bool(text.strip()))


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


# ---- models ----------------------------------------------------------------------------------------------------


def _models(ground: Ground) -> Iterator[Record]:
    done: set[tuple[str, str, object]] = set()
    for part in ground.anatomy.models:
        strengths = [value for one in part.strengths if (value := number(one)) is not None]
        key = (part.name, part.role, tuple(strengths))
        if key in done:
            continue
        done.add(key)
        base = _base(ground, part)
        known = profile(base.family, base.name) if base is not None else None
        top = max(strengths, key=abs) if strengths else None
        strong = next((one for one in part.strengths if number(one) == top), None)
        vae = vae_of(part.name) if part.role == VAE else ("", "")
        wants = known["vae"] if known is not None else None
        family = part.family if part.family_from in ("file name", "header") else ""
        base_family = base.family if base is not None else ""
        fields: dict[str, Term | None] = {
            "role": plain(part.role), "name": of_name(part.name),
            "family": plain(family), "base_family": plain(base_family),
            "fits": plain(of_family(family) == of_family(base_family)),
            "family_label": _family_term(family),
            "base_label": of_label(known) or _family_term(base_family),
            "strength_top": plain(abs(top)) if top is not None else None, "strength": of_given(strong),
            "quick_lora": plain(accelerator(part.name) is not None),
            "vae": plain(vae[0]), "vae_label": Term(vae[0], vae[1], known=(vae[1],), source=f"knowledge/practice_families.json#vaes.{vae[0]}") if vae[0] else None,
            "wants_vae": plain(str(wants.values[0])) if wants is not None else None,
            "wants_vae_label": _vae_term(str(wants.values[0])) if wants is not None else None,
        }  # fmt: skip
        yield Record("model", f"{part.node}.{part.input}", (part.node,), fields)


def _base(ground: Ground, part: ModelPart) -> ModelPart | None:
    """The main model that a part works with: of its sampling passes, where all of them agree."""
    models = ground.anatomy.models
    found = {
        models[place].name: models[place]
        for one in ground.anatomy.samplings
        if one.node in part.samplers
        for place in one.models
        if place < len(models) and models[place].role in MAIN
    }
    families = {of_family(one.family) for one in found.values()}
    return next(iter(found.values())) if found and len(families) == 1 else None


def _family_term(family: str) -> Term | None:
    label = family_label(family)
    return Term(label, label, known=(label,), source=_FAMILY.format(family)) if label else None


def _vae_term(key: str) -> Term:
    label = vae_label(key)
    return Term(key, label, known=(label,), source=f"knowledge/practice_families.json#vaes.{key}")


# ---- sizes -----------------------------------------------------------------------------------------------------


def _size(ground: Ground, size: Size, place: int) -> Record:
    sampling = ground.sampling_of(place)
    usual = ground.usual(sampling) if sampling is not None else None
    known = usual.known if usual is not None else None
    wide, high, frames, fps = (number(one) for one in (size.width, size.height, size.frames, size.fps))
    real = wide is not None and high is not None and wide >= _SMALL and high >= _SMALL
    does = {one.does for one in ground.anatomy.steps}
    multiple, made = (known[name] if known is not None else None for name in ("multiple", "pixels"))
    rule, rate = (known[name] if known is not None else None for name in ("frames", "fps"))
    fields: dict[str, Term | None] = {
        "of": plain(size.of), "width": of_given(size.width) if real else None,
        "height": of_given(size.height) if real else None, "base_label": of_label(known),
        "pixels": plain(wide * high) if real and wide and high else None,
        "multiple": _first(multiple), "rest": plain(_rest(wide, high, multiple)) if real else None,
        "usual_pixels": Term(made.values[0], "", url=made.url) if made is not None else None,
        "usual_size": _square(made), "fresh": plain(sampling is not None and sampling.start == "noise"),
        "frames": of_given(size.frames) if frames is not None else None,
        "frames_rest": plain(_frames_rest(frames, rule)),
        "frames_step": _nth(rule, 0), "frames_more": _nth(rule, 1), "frames_near": _near(size, rule),
        "fps": of_given(size.fps) if fps is not None else None, "fps_usual": of_range(rate),
        "fps_low": plain(rate.low) if rate else None, "fps_high": plain(rate.high) if rate else None,
        "smoothed": plain("interpolate" in does), "tiled": plain("decode_tiled" in does),
        "decoded": plain("decode" in does),
    }  # fmt: skip
    return Record("size", f"{size.node}.{place}", (size.node,), fields)


def _rest(wide: float | None, high: float | None, multiple: Figure | None) -> float | None:
    if multiple is None or wide is None or high is None:
        return None
    return wide % multiple.values[0] + high % multiple.values[0]


def _frames_rest(frames: float | None, rule: Figure | None) -> float | None:
    if frames is None or rule is None or frames <= 1:
        return None
    step, more = rule.values[0], rule.values[1]
    return (frames - more) % step if frames > more else 0.0


def _near(size: Size, rule: Figure | None) -> Term | None:
    frames = number(size.frames)
    if frames is None or rule is None or size.frames is None:
        return None
    step, more = rule.values[0], rule.values[1]
    near = int(round((frames - more) / step) * step + more)
    return Term(near, str(near), worked=((near, "near", (size.frames.value, step, more)),), known=(step, more), source=rule.source)


def _first(figure: Figure | None) -> Term | None:
    return _nth(figure, 0)


def _nth(figure: Figure | None, place: int) -> Term | None:
    if figure is None:
        return None
    value = figure.values[place]
    return Term(value, say.number(value), known=(value,), source=figure.source, url=figure.url)


def _square(figure: Figure | None) -> Term | None:
    """A number of pixels as a square, which people can picture."""
    if figure is None:
        return None
    pixels = figure.values[0]
    side = round(pixels**0.5)
    worked = ((side, "root", (pixels,)),)
    return Term(pixels, f"{side} × {side}", known=(pixels,), worked=worked, source=figure.source, url=figure.url)


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


def _licences(ground: Ground) -> Iterator[Record]:
    """The licence of each main model, and of LoRAs for few steps none: who made a LoRA is not told by its name."""
    done: set[str] = set()
    for part in ground.anatomy.models:
        known: Profile | None = profile(part.family, part.name) if part.role in MAIN else None
        licence = known["licence"] if known is not None else None
        if known is None or licence is None or known.path in done:
            continue
        done.add(known.path)
        name = str(licence.values[0])
        fields: dict[str, Term | None] = {
            "terms": plain(str(licence.values[1])), "label": of_label(known),
            "licence": Term(name, name, known=(name,), source=licence.source, url=licence.url),
        }  # fmt: skip
        nodes = tuple(one.node for one in ground.anatomy.models if one.role in MAIN and one.name == part.name)
        yield Record("licence", known.path, nodes, fields)


def _workflow(ground: Ground) -> Record:
    anatomy = ground.anatomy
    clip = next((node for node in ground.view.nodes if node.class_type == "CLIPSetLastLayer"), None)
    layer = ground.view.value(clip, "stop_at_clip_layer") if clip is not None else None
    main = next((one for one in anatomy.models if one.role in MAIN and one.samplers), None)
    known = profile(main.family, main.name) if main is not None else None
    skip = known["clip_skip"] if known is not None else None
    wanted = skip.values[0] if skip is not None else None
    partners = len(anatomy.partners)
    shown = say.shortly(say.unique(kind for _, kind in anatomy.partners), 2)
    fields: dict[str, Term | None] = {
        "outputs": plain(len(anatomy.outputs)), "ends": plain(_ends(ground)), "kept": plain(sum(not one.preview for one in anatomy.outputs)),
        "nodes": plain(anatomy.counts.active), "opaque": plain(len(anatomy.opaque)),
        "partners": plain(partners),
        "partners_said": Term(
            partners, f"{shown[0]} {'uses' if partners == 1 else 'use'}",
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


def loras_off(ground: Ground) -> list[ModelPart]:
    """LoRAs whose strengths are all zero."""
    return [one for one in ground.anatomy.models if one.role == LORA and switched_off(one)]
