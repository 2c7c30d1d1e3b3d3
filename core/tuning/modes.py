"""Does it fit? What ComfyUI does with the memory there is, and the words for it. Pure.

ComfyUI loads what a stage needs whole where it fits beside the working memory it reckons; else it keeps a part of the
weights outside and brings them in layer by layer; a VAE that runs out of memory is run in tiles (comfy/model_management.py:
load_models_gpu; comfy/sd.py: VAE.decode).
"""

from __future__ import annotations

from collections.abc import Iterable

from .load import DEVICE, peak
from .stages import least_of
from .types import CPU, GB, NOT, PARTS, TIGHT, UNSURE, WHOLE, Profile, Range, Stage

_LINES = {
    WHOLE: "Fits: {wanted} wanted, {has}",
    PARTS: "Fits with offloading: {wanted} wanted, {has}",
    TIGHT: "Very tight: {wanted} wanted, {has}",
    NOT: "Does not fit: at least {least} wanted, {has}",
    CPU: "Runs on the CPU: {ram} of RAM wanted{ram_has}",
    UNSURE: "Not sure, since not all sizes are known: {wanted} wanted, {has}",
    "": "{wanted} of GPU memory wanted",
}
_NOTES = {
    WHOLE: "Each stage keeps its models whole on the GPU.",
    PARTS: "ComfyUI keeps a part of the weights in RAM and brings it in while it runs: slower, with the same result.",
    TIGHT: "ComfyUI has to keep nearly all weights in RAM. Other programs on the GPU can be what makes it fail.",
    NOT: "What it computes in is alone more than there is. A smaller size, fewer frames or tiles would help.",
    CPU: "There is no GPU that ComfyUI uses: everything is computed in RAM, which takes many times longer.",
    UNSURE: "Once its files are here their headers tell more.",
    "": "The memory of the GPU is not known.",
}
_MAYBE = (
    "It may fit whole. Where it does not, ComfyUI keeps a part of the weights in RAM: slower, with the same result."
)
_SHARED = "The GPU uses the RAM of the computer. What does not fit into it goes to the disk, which is very slow."
_LEAVE = "The text encoders ({size}) leave the GPU before it samples."
_RAM = " RAM is short: at least {low} of it is wanted, and this computer has {has}."
_STAY = " It was told to leave all models on the GPU, so they are counted together."
_TILES = " Decoding does not fit in one piece: ComfyUI then decodes in tiles by itself."
_IN_ALL = " So {wanted} are wanted in all."
_GIB = 1 << 30


def usable(profile: Profile | None) -> int | None:
    """Bytes of GPU memory to plan for. A card of 16 GiB counts as 16 GB: screen and driver take what is above. What ComfyUI
    was told to reserve is taken off."""
    memory = profile.memory if profile is not None else None
    if memory is None or profile is None or profile.assumed is not None:
        return memory
    sold = round(memory / _GIB)
    whole = sold * GB if sold and abs(memory / _GIB - sold) < 0.03 * sold else memory
    told = next(
        (one.removeprefix("--reserve-vram ") for one in profile.flags if one.startswith("--reserve-vram ")), "0"
    )
    return max(0, whole - round(float(told) * _GIB)) if told.replace(".", "", 1).isdecimal() else whole


def stays(profile: Profile | None) -> bool:
    """Whether ComfyUI was told to leave all models on the GPU."""
    return profile is not None and profile.assumed is None and bool({"--gpu-only", "--highvram"} & {*profile.flags})


def shares(profile: Profile | None) -> bool:
    """Whether the memory of the GPU is the RAM: nothing can be kept outside of it."""
    return profile is not None and profile.assumed is None and profile.device is not None and profile.device.shared


def fit(
    wanted: Range, least: Range, roomy: int, profile: Profile | None, *, known: bool, complete: bool = True
) -> str:  # fmt: skip
    """WHOLE … UNSURE; "" where the memory is not known. `roomy`: bytes with which it still runs well. `known`: whether the sizes of the large weights are; `complete`:
    whether every model is named."""
    own = profile is not None and profile.assumed is None
    if own and profile is not None and profile.device is not None and profile.device.kind == "cpu":
        return CPU
    has = usable(profile)
    if has is None:
        return ""
    if least.low > has:
        return NOT
    if not complete:
        return UNSURE
    if wanted.high <= has:
        return PARTS if own and profile is not None and "--novram" in profile.flags else WHOLE
    if not known:
        return UNSURE
    if shares(profile):
        return PARTS if wanted.likely <= has else TIGHT
    return PARTS if roomy <= has else TIGHT


def line(mode: str, wanted: Range, least: Range, ram: Range, profile: Profile | None) -> str:
    """One line: "Fits with offloading: 13.0 to 16.2 GB wanted, your GPU has 16 GB"."""
    memory = usable(profile)
    total = profile.ram_total if profile is not None else None
    has = ""
    if memory is not None and profile is not None:
        own = "your GPU shares {} of RAM" if shares(profile) else "your GPU has {}"
        place = "{} asked for" if profile.assumed is not None else own
        has = place.format(plain(memory))
    return _LINES[mode].format(
        wanted=span(wanted),
        least=gigabytes(least.low),
        has=has,
        ram=span(ram),
        ram_has=f", this computer has {plain(total)}" if total else "",
    )


def note(mode: str, wanted: Range, ram: Range, stages: Iterable[Stage], profile: Profile | None) -> str:
    """What that means for the run, in one to three sentences."""
    total = profile.ram_total if profile is not None else None
    short = total is not None and ram.low > total and mode != NOT
    return f"{_sense(mode, wanted, list(stages), profile)}{_RAM.format(low=gigabytes(ram.low), has=plain(total or 0)) if short else ''}"


def _sense(mode: str, wanted: Range, stages: list[Stage], profile: Profile | None) -> str:
    has = usable(profile)
    if has is None:
        return _NOTES[mode]
    if shares(profile) and mode in (PARTS, TIGHT):
        return _SHARED
    text = _MAYBE if mode == PARTS and wanted.likely <= has else _NOTES[mode]
    if mode in (PARTS, TIGHT) and any(one.key == "decode" and one.total.low > has for one in stages):
        tiled = peak((least_of(one) if one.key == "decode" else one for one in stages), DEVICE)
        text += _TILES + (_IN_ALL.format(wanted=span(tiled)) if tiled.high < wanted.high else "")
    if stays(profile):
        return f"{text}{_STAY}"
    encoders = sum(one.weights.likely for one in stages if one.key == "text")
    if mode == WHOLE and encoders and wanted.high + encoders > has:
        text = _LEAVE.format(size=gigabytes(encoders))
    return text


def span(found: Range) -> str:
    """A range in words: "13.0 to 16.2 GB", "about 2.1 GB" where both ends read the same."""
    low, high = f"{found.low / GB:.1f}", f"{found.high / GB:.1f}"
    return f"about {high} GB" if low == high else f"{low} to {high} GB"


def gigabytes(size: int) -> str:
    """Decimal, with one decimal: "6.7 GB"."""
    return f"{size / GB:.1f} GB"


def plain(size: int) -> str:
    """A size that memory is sold in, without decimals where it has none: "16 GB"."""
    return f"{round(size / GB)} GB" if abs(size / GB - round(size / GB)) < 0.05 else gigabytes(size)
