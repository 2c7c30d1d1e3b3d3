"""What rules look at of models, licences and sizes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..types import VAE, ModelPart, Size
from . import say
from .ground import MAIN, Ground, number
from .practice import Figure, Profile, accelerator, family_label, of_family, profile, vae_label, vae_of
from .rules import Record, plain
from .words import Term, of_given, of_label, of_name, of_range

_FAMILY = "knowledge/families.json#families.{}"
_SMALL = 64  # pixels: below it a width is no size of a picture


def models(ground: Ground) -> Iterator[Record]:
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
        wants = known.figure("vae") if known is not None else None
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
    found = {main.name: main for sampler in part.samplers for main in ground.mains.get(sampler, ())}
    families = {of_family(one.family) for one in found.values()}
    return next(iter(found.values())) if found and len(families) == 1 else None


def _family_term(family: str) -> Term | None:
    label = family_label(family)
    return Term(label, label, known=(label,), source=_FAMILY.format(family)) if label else None


def _vae_term(key: str) -> Term:
    label = vae_label(key)
    return Term(key, label, known=(label,), source=f"knowledge/practice_families.json#vaes.{key}")


# ---- sizes -----------------------------------------------------------------------------------------------------


def size(ground: Ground, size: Size, place: int) -> Record:
    sampling = ground.sampling_of(place)
    usual = ground.usual(sampling) if sampling is not None else None
    known = usual.known if usual is not None else None
    wide, high, frames, fps = (number(one) for one in (size.width, size.height, size.frames, ground.rate(size)))
    real = wide is not None and high is not None and wide >= _SMALL and high >= _SMALL
    does = {one.does for one in ground.anatomy.steps}
    multiple, made = (known.figure(name) if known is not None else None for name in ("multiple", "pixels"))
    rule, rate = (known.figure(name) if known is not None else None for name in ("frames", "fps"))
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
        "fps": of_given(ground.rate(size)) if fps is not None else None, "fps_usual": of_range(rate),
        "fps_low": plain(rate.low) if rate else None, "fps_high": plain(rate.high) if rate else None,
        "smoothed": plain("interpolate" in does or any(one.medium == "audio" for one in ground.anatomy.inputs)), "tiled": plain("decode_tiled" in does),
        "decoded": plain("decode" in does),
    }  # fmt: skip
    return Record("size", f"{size.node}.{place}", (size.node,), fields)


def _rest(wide: float | None, high: float | None, multiple: Figure | None) -> float | None:
    if multiple is None or wide is None or high is None:
        return None
    return float(wide % multiple.values[0] + high % multiple.values[0])


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
    return Term(
        near,
        str(near),
        worked=((near, "near", (size.frames.value, step, more)),),
        known=(step, more),
        source=rule.source,
    )


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


# ---- licences ----------------------------------------------------------------------------------------------


def licences(ground: Ground) -> Iterator[Record]:
    """The licence of each main model, and of LoRAs for few steps none: who made a LoRA is not told by its name."""
    done: set[str] = set()
    for part in ground.anatomy.models:
        known: Profile | None = profile(part.family, part.name) if part.role in MAIN else None
        licence = known.figure("licence") if known is not None else None
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
