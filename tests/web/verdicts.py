"""A workflow whose missing things were looked up, with every kind of verdict and every thing to mind. Invented names."""

from __future__ import annotations

import sys
from dataclasses import replace

from comfyfixersmart.core.readiness.types import BLOCKED, Distance, Readiness
from comfyfixersmart.core.reports.types import Entry
from comfyfixersmart.core.resolution.types import (
    CLASS_LOOKUP,
    EXACT_NAME,
    PACK,
    RESOLVED,
    UNCERTAIN,
    Judged,
    Resolution,
    Silence,
)
from comfyfixersmart.core.sources.types import PICKLE

samples = sys.modules["panel_samples"]  # scenarios.py has loaded it
made = samples.verdicts
LONG = "client_nordhavn_harbour_at_dusk_final_really_final_v14_detail_tweaker_lora_rank128_bf16_ema_pruned.safetensors"


def gated() -> Resolution:
    """A file with a long name, behind early access, with everything that its service marks."""
    one = made.uncertain().candidates[2].candidate
    name = LONG
    best = replace(
        one,
        id="civitai:221/7",
        file=name,
        repo="Harbour at Dusk, a detail tweaker for night scenes (with a very long title of its own)",
        path=f"files/{name}",
        folder="loras",
        kind="LORA",
        base_model="SDXL 1.0",
        size=228_000_000,
        gate="early_access",
        gate_text="Early access until 3 Dec 2026",
        flags=("poi", "nsfw", "minor", "pickle_warning", "virus_warning"),
        format=PICKLE,
        licence="",
    )
    against = (
        "Early access until 3 Dec 2026",
        "It shows a real person",
        "It is marked as adult content",
        "It does not fit the disk: 228 MB of 120 MB free on that disk",
    )
    return Resolution(
        "aa" * 10,
        "file",
        name,
        RESOLVED,
        "Of all that was asked, one file carries this name, at Civitai, and it fits the node.",
        EXACT_NAME,
        "loras",
        (Judged(best, ("It carries the very name",), against),),
        steps=made.resolved().steps,
        when=samples.NOW - 720,
    )


def half_silent() -> Resolution:
    """One candidate, while two places did not answer."""
    name = "harrier_v11p_sd15_pose.pth"
    silent = (
        Silence("civitai", "it asked to wait until 17:31"),
        Silence("modelscope", "it took longer than 15 seconds"),
    )
    one = replace(
        made.uncertain(),
        key="bb" * 10,
        name=name,
        why="One file of this name was found, but Civitai and ModelScope did not answer and may have another.",
        candidates=made.uncertain().candidates[:1],
        silent=silent,
        folder="controlnet",
    )
    return replace(one, settle=("Ask Civitai and ModelScope again later", *one.settle))


def crowded() -> Resolution:
    """More candidates than stand beside each other."""
    name = "heron2.2_i2v_quickstep_4steps_lora_v1_high_noise.safetensors"
    offers = tuple(
        Judged(
            made.at_hub(f"mirror-{at}/quickstep", f"loras/{name}", 1_227_000_000 + at),
            ("It carries the very name", "It is a file for loras"),
        )
        for at in range(8)
    )
    return replace(
        made.uncertain(),
        key="cc" * 10,
        name=name,
        why="8 different files carry this name.",
        candidates=offers,
        folder="loras",
    )


def flagged_pack() -> Resolution:
    """A pack that the registry warns of, and that is on this disk already."""
    pack = replace(
        made.found_pack().candidates[0].candidate,
        id="registry:gridlab-plus",
        registry_id="gridlab-plus",
        title="Gridlab Plus",
        author="",
        version="0.3.1",
        status="Flagged",
        licence="",
        stars=None,
    )
    against = (
        "The registry marks it as flagged",
        "It is installed already as gridlab-plus, and fails to import: No module named 'cv2'",
    )
    return Resolution(
        "dd" * 10,
        PACK,
        "GridlabSheetPlus",
        RESOLVED,
        "Exactly one pack lists this node type, says Comfy Registry.",
        CLASS_LOOKUP,
        "",
        (Judged(pack, ("It lists this node type",), against),),
        steps=made.found_pack().steps,
        when=samples.NOW - 86_400,
    )


def silent_pack() -> Resolution:
    """The registry does not answer."""
    return Resolution(
        "ee" * 10,
        PACK,
        "KiteSegment",
        UNCERTAIN,
        "Comfy Registry did not answer, so which pack brings this node type is not known.",
        settle=("Ask the Comfy Registry again later",),
        silent=(Silence("registry", "it could not be reached"),),
        steps=(
            made.looked("manager", "Looked for the class “KiteSegment” in the Manager's map", "no pack"),
            made.looked("registry", "Asked which packs list “KiteSegment”", "no answer: it could not be reached"),
        ),
        when=samples.NOW - 60,
    )


def found() -> dict[str, Resolution]:
    """Every verdict, by the name it is about."""
    other = replace(made.chosen(), name="4x-FineGrain_old.pth")
    all_ = (
        made.resolved(),
        gated(),
        made.uncertain(),
        crowded(),
        half_silent(),
        made.silent(),
        made.not_found(),
        other,
        made.found_pack(),
        made.unsure_pack(),
        flagged_pack(),
        silent_pack(),
    )
    return {one.name: one for one in all_}


def missing() -> Entry:
    """The workflow that lacks all of it."""
    file, node = samples.missing, samples.no_node
    findings = (
        file(0, 0),
        file(0, 31)._replace(name=LONG, folders=("loras",), size=None, urls=()),
        file(5, 141),
        file(2, 17),
        file(7, 61),
        file(9, 23)._replace(size=None),
        file(4, 5),
        file(5, 143)._replace(name="4x-FineGrain_old.pth"),
        node("RS_VideoCombine", 137),
        node("MaskWorksBlur", 12, "")._replace(pack=None, evidence=(), fixes=()),
        node("GridlabSheetPlus", 13, "")._replace(pack=None, evidence=(), fixes=()),
        node("KiteSegment", 14, "")._replace(pack=None, evidence=(), fixes=()),
        samples.misplaced(1, 1),
        samples.own_file(97),
    )
    ready = Readiness(
        "video/heron/much is missing.json", BLOCKED, findings, Distance(8, 32_802_868_855, 2, 4, 1, 0, 1), 52, 9
    )
    return Entry(
        ready.workflow,
        ready,
        samples.graph(samples.random.Random(11), 5, 26),
        None,
        samples.NOW - 7_200,
        "/srv/comfy/y.json",
    )


def many(count: int) -> Entry:
    """A workflow with more missing files than anybody reads, each with its candidates."""
    findings = tuple(samples.missing(5, at)._replace(name=f"part_{at:04d}.pth") for at in range(count))
    ready = Readiness("many parts.json", BLOCKED, findings, Distance(count, count * 67_000_000), count, count)
    one = made.uncertain()
    resolutions = {at: replace(one, key=f"{at:020x}", name=finding.name) for at, finding in enumerate(findings)}
    return Entry(ready.workflow, ready, None, None, samples.NOW, "/srv/comfy/z.json", (), resolutions)
