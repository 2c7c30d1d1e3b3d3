"""Does it fit? What ComfyUI does with the memory there is, and the words for it. Pure.

ComfyUI loads what a stage needs whole where it fits beside the working memory it reckons; else it keeps a part of the
weights outside and brings them in layer by layer; a VAE that runs out of memory is run in tiles (comfy/model_management.py:
load_models_gpu; comfy/sd.py: VAE.decode).
"""

from __future__ import annotations

from .types import CPU, GB, NOT, PARTS, TIGHT, UNSURE, WHOLE, Profile, Range

_LINES = {
    WHOLE: "Fits: {wanted} wanted, {place} {has}",
    PARTS: "Fits with offloading: {wanted} wanted, {place} {has}",
    TIGHT: "Very tight: {wanted} wanted, {place} {has}",
    NOT: "Does not fit: at least {least} wanted, {place} {has}",
    CPU: "Runs on the CPU: {ram} of RAM wanted{ram_has}",
    UNSURE: "Not sure: about {wanted} wanted, {place} {has}",
    "": "{wanted} wanted",
}
_NOTES = {
    WHOLE: "Each step keeps its models whole on the GPU.",
    PARTS: "ComfyUI keeps a part of the weights in RAM and brings it in while it runs: slower, with the same result.",
    TIGHT: "ComfyUI has to keep nearly all weights in RAM and decode in tiles. Other programs on the GPU can stop it.",
    NOT: "The memory to compute in is alone more than there is. A smaller size, fewer frames or tiles would help.",
    CPU: "There is no GPU that ComfyUI uses, so everything is computed in RAM, which takes many times longer.",
    UNSURE: "Too little is known of its files to say more.",
    "": "The size of the GPU is not known.",
}


def fit(peak: Range, floor: Range, profile: Profile | None, *, known: bool) -> str:
    """WHOLE … UNSURE; "" where the memory is not known. `known`: whether the largest weights are."""
    if profile is not None and profile.assumed is None and profile.device is not None and profile.device.kind == "cpu":
        return CPU
    against = profile.memory if profile is not None else None
    if against is None:
        return ""
    if peak.high <= against:
        return WHOLE
    if floor.low > against:
        return NOT
    if not known:
        return UNSURE
    if peak.likely <= against and peak.high <= against * 1.1:
        return WHOLE
    return PARTS if floor.high <= against else TIGHT


def line(mode: str, peak: Range, floor: Range, ram: Range, profile: Profile | None) -> str:
    """One line: "Fits with offloading: 13.0 to 16.2 GB wanted, your GPU has 16 GB"."""
    against = profile.memory if profile is not None else None
    asked = profile is not None and profile.assumed is not None
    total = profile.ram_total if profile is not None else None
    return _LINES[mode].format(
        wanted=span(peak),
        least=gigabytes(floor.low),
        place="asked for" if asked else "your GPU has",
        has=gigabytes(against, whole=True) if against is not None else "",
        ram=span(ram),
        ram_has=f", this computer has {gigabytes(total, whole=True)}" if total else "",
    )


def note(mode: str) -> str:
    """What that means for the run, in one or two sentences."""
    return _NOTES[mode]


def span(found: Range) -> str:
    """A range in words: "13.0 to 16.2 GB", "about 2.1 GB" where both ends read the same."""
    low, high = f"{found.low / GB:.1f}", f"{found.high / GB:.1f}"
    return f"about {high} GB" if low == high else f"{low} to {high} GB"


def gigabytes(size: int, *, whole: bool = False) -> str:
    """ "6.7 GB"; with `whole` a size that cards and modules are sold in: "16 GB"."""
    if whole and abs(size / GB - round(size / GB)) < 0.05:
        return f"{round(size / GB)} GB"
    return f"{size / GB:.1f} GB"
