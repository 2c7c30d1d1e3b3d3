"""Verdicts on missing things to test and to look at, each kind once. Invented names; no I/O."""

from __future__ import annotations

from dataclasses import replace

from comfyfixersmart.core.resolution.types import (
    AUTHOR_LINK,
    CHOSEN,
    FILE,
    NOT_FOUND,
    PACK,
    RESOLVED,
    UNCERTAIN,
    WORKFLOW_PACK,
    Choice,
    Judged,
    Resolution,
    Silence,
)
from comfyfixersmart.core.sources.types import GATED, PICKLE, SAFETENSORS, Candidate, PackCandidate, Step

NOW = 1_795_365_600.0  # Sun 22 Nov 2026, 16:40 in UTC
DAY = 86_400.0
FILES = (
    ("heron_xxl_fp8_e4m3fn_scaled.safetensors", "text_encoders", 6_735_906_897),
    ("heron_2.1_vae.safetensors", "vae", 253_815_318),
    ("heron2.2_i2v_quickstep_4steps_lora_v1_high_noise.safetensors", "loras", 1_227_000_000),
    ("heron2.2_i2v_quickstep_4steps_lora_v1_low_noise.safetensors", "loras", 1_227_000_000),
    ("osprey_xl_refiner_1.0.safetensors", "checkpoints", 6_075_981_930),
    ("4x-FineGrain.pth", "upscale_models", 66_961_958),
    ("kite_image_vae.safetensors", "vae", 253_806_246),
    ("harrier_v11p_sd15_pose.pth", "controlnet", 1_445_157_124),
    ("merlin_i1_dev_fp8.safetensors", "diffusion_models", 17_100_000_000),
    ("快照_风格.safetensors", "loras", 151_000_000),
)


def at_hub(repo: str, path: str, size: int, **more: object) -> Candidate:
    """A confirmed file in a repository of the hub."""
    return Candidate(
        f"huggingface:{repo}@{path}",
        "huggingface",
        path.rpartition("/")[2],
        f"https://huggingface.co/{repo}/resolve/main/{path}",
        page=f"https://huggingface.co/{repo}/blob/main/{path}",
        repo=repo,
        path=path,
        revision="main",
        author=repo.partition("/")[0],
        size=size,
        sha256=f"{size:064x}",
        format=SAFETENSORS if path.endswith("safetensors") else PICKLE,
        confirmed=True,
        asked=NOW - 3600,
        **more,  # type: ignore[arg-type]
    )


def looked(source: str, did: str, outcome: str, age: float | None = None) -> Step:
    return Step(source, did, outcome, age, outcome.startswith("no answer"))


def resolved() -> Resolution:
    """The author's own link, confirmed; one mirror with the same content; its terms have to be accepted."""
    name, folder, size = FILES[0]
    best = at_hub(
        "heron-lab/Heron_2.2_Repackaged", f"split_files/{folder}/{name}", size, licence="apache-2.0", gate=GATED
    )
    mirror = replace(
        best,
        id="modelscope:heron-lab/Heron_2.2@" + name,
        source="modelscope",
        repo="heron-lab/Heron_2.2",
        gate="",
        path=name,
    )
    return Resolution(
        "a1" * 10,
        FILE,
        name,
        RESOLVED,
        "The workflow itself points to it, and Hugging Face confirms that it is there.",
        AUTHOR_LINK,
        folder,
        (
            Judged(
                best,
                ("It carries the very name", "The workflow points to it", "6.7 GB of 212.4 GB free on that disk"),
                ("Its terms have to be accepted at Hugging Face first, with an account",),
            ),
            Judged(mirror, ("It carries the very name",)),
        ),
        1,
        steps=(
            looked("workflow", "Read the workflow's own links", "1 address"),
            looked(
                "huggingface", f"Asked whether heron-lab/Heron_2.2_Repackaged has “{name}”", f"1 file, {size:,} bytes"
            ),
            looked("modelscope", "Asked for files of this hash", "1 file", 7_300.0),
        ),
        when=NOW - 3600,
    )


def uncertain() -> Resolution:
    """Several files carry the name."""
    name, folder, size = FILES[5]
    offers = (
        Judged(
            at_hub("grain-works/FineGrain", name, size, licence="cc-by-nc-sa-4.0", downloads=81_204),
            ("It carries the very name", "It is a file for upscale_models"),
            ("It is a pickle file, which can run code when it is loaded",),
        ),
        Judged(
            at_hub("some-mirror/upscalers", f"4x/{name}", size + 512),
            ("It carries the very name",),
            ("It is a pickle file, which can run code when it is loaded",),
        ),
        Judged(
            Candidate(
                "civitai:118877/90412",
                "civitai",
                "4xFineGrain_v2.safetensors",
                "https://civitai.red/api/download/models/118877",
                page="https://civitai.red/models/99001?modelVersionId=118877",
                repo="FineGrain upscaler",
                revision="v2",
                author="grainworks",
                size=77_900_000,
                sha256="c" * 64,
                folder="upscale_models",
                base_model="Other",
                kind="Upscaler",
                format=SAFETENSORS,
                gate="login",
                gate_text="The service wants you to log in",
                flags=("nsfw",),
                confirmed=True,
                asked=NOW - 3600,
            ),
            ("It is a file for upscale_models",),
            (
                "It is another build: v2 instead of plain",
                "The service wants you to log in",
                "It is marked as adult content",
            ),
        ),
        Judged(
            replace(
                at_hub("old-hub/mix", name, size),
                confirmed=False,
                sha256=None,
                size=None,
                said_by="image/kite/edit.json",
            ),
            ("Other workflows name it for this file",),
            ("Its source has not confirmed it",),
        ),
    )
    return Resolution(
        "b2" * 10,
        FILE,
        name,
        UNCERTAIN,
        "2 different files carry this name.",
        "",
        folder,
        offers,
        settle=(
            "The file's SHA-256, or a link to it in the workflow's notes, would settle it",
            "Choose one yourself: the choice is remembered",
        ),
        steps=(
            looked("disk", f"Looked for “{name}” in the catalogues on this disk", "1 address"),
            looked("huggingface", "Asked for repositories named “FineGrain”", "2 files of this name"),
            looked("civitai", "Asked for models named “FineGrain”", "1 file of a near name"),
        ),
        when=NOW - 3600,
    )


def silent() -> Resolution:
    """One source did not answer, so nothing can be said."""
    name, folder, _ = FILES[9]
    return Resolution(
        "c3" * 10,
        FILE,
        name,
        UNCERTAIN,
        "Civitai did not answer, so whether the file is there is not known.",
        "",
        folder,
        settle=("Ask Civitai again later",),
        silent=(Silence("civitai", "it took longer than 15 seconds"),),
        steps=(
            looked("disk", f"Looked for “{name}” in the catalogues on this disk", "nothing"),
            looked("huggingface", "Asked for repositories named “快照”", "nothing"),
            looked("civitai", "Asked for models named “快照”", "no answer: it took longer than 15 seconds"),
        ),
        when=NOW - 3600,
    )


def not_found() -> Resolution:
    """Everybody answered, and nobody has it."""
    name, folder, _ = FILES[4]
    places = ("disk", "earlier", "huggingface", "civitai", "modelscope")
    return Resolution(
        "d4" * 10,
        FILE,
        name,
        NOT_FOUND,
        "Nobody who was asked has a file of this name.",
        "",
        folder,
        settle=("The file's SHA-256, or a link to it in the workflow's notes, would settle it",),
        steps=tuple(looked(place, f"Looked for “{name}”", "nothing") for place in places),
        when=NOW - 3600,
    )


def chosen() -> Resolution:
    """A person chose the second of several."""
    first, second, *rest = uncertain().candidates
    return replace(
        uncertain(),
        key="e5" * 10,
        state=RESOLVED,
        why="You chose it: the one the author of the workflow told me",
        rung=CHOSEN,
        candidates=(second, first, *rest),
        settle=(),
        choice=Choice(second.candidate.id, "the one the author of the workflow told me", NOW - DAY),
    )


def flagged() -> Resolution:
    """What a service says of a file's content and of its scans is part of it."""
    one = Candidate(
        "civitai:44021/38110",
        "civitai",
        "tern_portrait.pt",
        "https://civitai.red/api/download/models/44021?type=Model&format=PickleTensor",
        page="https://civitai.red/models/39001?modelVersionId=44021",
        repo="Tern portrait",
        revision="v1.1",
        author="ternworks",
        size=144_000_000,
        hashes={"AutoV2": "9F0C2D11AB"},
        folder="embeddings",
        base_model="SD 1.5",
        kind="TextualInversion",
        format=PICKLE,
        gate="early_access",
        gate_text="Early access until 30 Nov 2026",
        flags=("poi", "virus_warning"),
        nsfw_level=1,
        confirmed=True,
        asked=NOW - 3600,
    )
    against = (
        "It is a pickle file, which can run code when it is loaded",
        "Early access until 30 Nov 2026",
        "It shows a real person",
        "Its service's virus scan did not pass",
    )
    return Resolution(
        "e9" * 10,
        FILE,
        "tern_portrait",
        UNCERTAIN,
        "A file of this name exists, but its source does not show its hash, so it cannot be compared.",
        "",
        "embeddings",
        (Judged(one, ("It carries the very name", "It is a file for embeddings"), against),),
        settle=("A key of yours for that service lets it show the hash",),
        steps=(looked("civitai", "Asked for models named “tern portrait”", "1 file of this name"),),
        when=NOW - 3600,
    )


def found_pack() -> Resolution:
    """The pack that the workflow names, known to the registry."""
    pack = PackCandidate(
        "registry:comfyui-reelsuite",
        "registry",
        "comfyui-reelsuite",
        "https://github.com/reel-studio/ComfyUI-ReelSuite",
        "ComfyUI-ReelSuite",
        "reel-studio",
        "1.7.9",
        "Active",
        "GPL-3.0",
        "https://registry.comfy.org/nodes/comfyui-reelsuite",
        120_000,
        910,
        True,
        True,
        NOW - 3600,
    )
    return Resolution(
        "f6" * 10,
        PACK,
        "RS_VideoCombine",
        RESOLVED,
        "The workflow names this pack, and Comfy Registry has it.",
        WORKFLOW_PACK,
        "",
        (Judged(pack, ("The workflow names it", "It lists this node type")),),
        steps=(looked("registry", "Asked for the pack “comfyui-reelsuite”", "version 1.7.9", 86_400.0 * 3),),
        when=NOW - 3600,
    )


def unsure_pack() -> Resolution:
    """Two packs claim the node type."""
    claims = tuple(
        PackCandidate(
            f"git:{repo}",
            "manager",
            "",
            f"https://github.com/{repo}",
            repo.partition("/")[2],
            repo.partition("/")[0],
            has_class=True,
            status=status,
            page=f"https://github.com/{repo}",
        )
        for repo, status in (("mask-works/comfy-maskworks", ""), ("fork-house/maskworks-plus", ""))
    )
    return Resolution(
        "07" * 10,
        PACK,
        "MaskWorksBlur",
        UNCERTAIN,
        "2 packs claim this node type.",
        candidates=tuple(Judged(one, ("It lists this node type",)) for one in claims),
        settle=("Choose one yourself: the choice is remembered",),
        steps=(looked("manager", "Looked for the class “MaskWorksBlur” in the Manager's map", "2 packs"),),
        when=NOW - 3600,
    )


def hostile(evil: str, at: int) -> dict[int, Resolution]:
    """What services say is as little to be trusted as what files say."""
    pages = (
        evil,
        "javascript:window.pwned=1",
        "https://huggingface.co@example.invalid/x",
        "https://example.invalid/" + evil,
    )
    files = tuple(
        Judged(
            Candidate(evil, evil, evil, page, page, evil, evil, evil, evil, 5, evil, {evil: evil}, evil, evil, evil, evil,
                      evil, evil, evil, evil, (evil,), 1, 1, False, NOW, evil),
            (evil,),
            (evil,),
        )
        for page in pages
    )  # fmt: skip
    pack = PackCandidate(
        evil, evil, evil, evil, evil, evil, evil, evil, evil, pages[at % 4], 1, 1, None, False, NOW, evil
    )
    more = {"settle": (evil,), "silent": (Silence(evil, evil),), "steps": (Step(evil, evil, evil, 1e300, True),)}
    state = (RESOLVED, UNCERTAIN, NOT_FOUND)[at % 3]
    return {
        0: Resolution(f"{at}f", FILE, evil, state, evil, evil, evil, files, 2, when=NOW, **more),  # type: ignore[arg-type]
        1: Resolution(
            f"{at}p", PACK, evil, RESOLVED, evil, CHOSEN, evil, (Judged(pack, (evil,), (evil,)),), when=1e300,
            choice=Choice(evil, evil, 1e300), **more,  # type: ignore[arg-type]
        ),
    }  # fmt: skip
