"""Plans with invented names, made from core's own types."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from comfyfixersmart.core.actions.types import (
    COMMAND,
    DOWNLOAD,
    ENABLE_PACK,
    HARD,
    INSTALL_PACK,
    LINK,
    MANAGER_V4,
    MOVE,
    RELINK,
    Action,
    Edit,
    LeftOut,
    Offer,
    PackTask,
    Plan,
    Risk,
    Volume,
)

Json = dict[str, Any]
NOW: float = sys.modules["panel_samples"].NOW  # scenarios.py has loaded it
BASE = "/srv/comfy"
MODELS = f"{BASE}/models"
WORKFLOW = "video/heron/much is missing.json"
FILE = f"{BASE}/user/default/workflows/video/heron/much is missing"
HUB = "https://huggingface.co"
PICKLE = Risk(
    "pickle",
    "A pickle file by grain-works. Loading one can run any program that is hidden in it, with all your rights, and no scan can rule that out.",
    "I trust grain-works and want this pickle file.",
)
REAL_PERSON = Risk(
    "real_person",
    "A model of a real person, says Civitai. It may not be used to deceive, to harass, for sexual or degrading pictures of that person, or to pass off a picture as real. Whoever is shown can have it taken down at the addresses given.",
    "I have the consent of the person shown, or another lawful reason, and keep to it.",
    ("https://civitai.com/content/likeness-claim-request", "https://civitai.com/models/221"),
)
PROGRAM = Risk("runs_code", "A node pack by reel-lab is a program. ComfyUI runs it with all your rights at each start.")


def offer(repo: str, path: str, *, licence: str = "apache-2.0", by: str = "Hugging Face", author: str = "") -> Offer:
    return Offer(
        f"huggingface:{repo}@{path}",
        "huggingface",
        by,
        f"{HUB}/{repo}/resolve/main/{path}",
        f"{HUB}/{repo}/blob/main/{path}",
        repo,
        "main",
        author or repo.partition("/")[0],
        licence,
    )


def download(
    name: str, size: int | None, folder: str, *offers: Offer, id: str = "", sha256: str | None = "5e" * 32, **more: Any
) -> Action:
    destination = f"{MODELS}/{folder}/{name}"
    given = {"format": "safetensors", "workflows": (WORKFLOW,), "why": "The workflow itself points to it.", **more}
    return Action(
        id or f"{abs(hash(destination)):010x}"[:10],
        DOWNLOAD,
        name,
        destination,
        f"{MODELS}/{folder}",
        folder,
        size,
        sha256,
        offers,
        **given,
    )


def moved() -> Action:
    name = "heron_2.1_vae.safetensors"
    return Action(
        "aa00000001",
        MOVE,
        name,
        f"{MODELS}/vae/{name}",
        f"{MODELS}/vae",
        "vae",
        0,
        origin=f"{MODELS}/checkpoints/{name}",
        origin_size=253_815_318,
        origin_mtime_ns=1,
        workflows=(WORKFLOW,),
        why="A file of this name is in checkpoints. No workflow uses it there.",
    )


def relinked() -> Action:
    new = "heron22/heron2.2_i2v_high_noise_14B_fp8_scaled.safetensors"
    edit = Edit("/nodes/4/widgets_values/0", "heron2.2_i2v_high_noise_14B_fp8_scaled.safetensors", new)
    return Action(
        "aa00000002",
        RELINK,
        "much is missing.v2.json",
        f"{FILE}.v2.json",
        f"{BASE}/user/default/workflows/video/heron",
        size=48_000,
        sha256="7a" * 32,
        origin=f"{FILE}.json",
        edits=(edit,),
        workflows=(WORKFLOW,),
        why=f"A new version that names {new}. The workflow itself stays as it is.",
    )


def text_encoder() -> Action:
    name, path = "heron_xxl_fp8_e4m3fn_scaled.safetensors", "split_files/text_encoders"
    return download(
        name,
        6_735_906_897,
        "text_encoders",
        offer("heron-lab/Heron_2.2_Repackaged", f"{path}/{name}"),
        offer("heron-lab/Heron_2.2", name, by="ModelScope"),
        id="aa00000003",
    )


def upscaler(**more: Any) -> Action:
    name = "4x-FineGrain_old.pth"
    made = download(name, 67_000_000, "upscale_models", offer("grain-works/FineGrain", name), id="aa00000004")
    return replace(made, **{"format": "pickle", "chosen": True, "risks": (PICKLE,), "why": "You chose it.", **more})


def pack(through: str = MANAGER_V4) -> Action:
    command = "git clone -- https://github.com/reel-lab/ComfyUI-ReelSuite /srv/comfy/custom_nodes/ComfyUI-ReelSuite\n/srv/comfy/venv/bin/python -m pip install -r /srv/comfy/custom_nodes/ComfyUI-ReelSuite/requirements.txt"
    repo = "https://github.com/reel-lab/ComfyUI-ReelSuite"
    return Action(
        "aa00000005",
        INSTALL_PACK,
        "ComfyUI-ReelSuite",
        pack=PackTask("comfyui-reelsuite", repo, "1.7.9", "Active", through, command),
        workflows=(WORKFLOW,),
        why="It brings RS_VideoCombine. The workflow names this pack.",
        risks=(PROGRAM,),
    )


def enabled() -> Action:
    folder = f"{BASE}/custom_nodes/ComfyUI-Gridlab.disabled"
    command = f"mv -n -- {folder} {BASE}/custom_nodes/ComfyUI-Gridlab"
    task = PackTask("comfyui-gridlab", "", "2.0.1", "", COMMAND, command, folder)
    why = "It brings GridlabSheet. It is on this disk, switched off."
    return Action("aa00000006", ENABLE_PACK, "ComfyUI-Gridlab", pack=task, workflows=(WORKFLOW,), why=why)


def linked(action: Action | None = None) -> Action:
    return replace(action or moved(), kind=LINK, link=HARD, why="It stays there as well.")


def left_out(key: str = "", one: str = "4x-FineGrain.pth") -> tuple[LeftOut, ...]:
    names = (WORKFLOW,)
    return (
        LeftOut(
            one, "file", "MODEL001", "3 different files carry this name.", "Choose one of the 3 candidates.", key, names
        ),
        LeftOut(
            "KiteSegment",
            "pack",
            "NODE001",
            "Comfy Registry did not answer, so which pack brings this node type is not known.",
            "Ask the Comfy Registry again later.",
            "ee" * 10,
            names,
        ),
        LeftOut(
            "harbour_dusk_0412.png", "other", "INPUT001", "Your image: not in the input folder.", "Choose one of your own in Load Image 97.", "", names,
        ),
    )  # fmt: skip


DISK = Volume(MODELS, 1_000_000_000_000, 212_400_000_000, 6_802_906_897)


def plan(*actions: Action, **more: Any) -> Plan:
    made = actions or (moved(), relinked(), text_encoder(), upscaler(), pack())
    given: Json = {
        "made": NOW,
        "expires": NOW + 3600,
        "place": BASE,
        "workflows": (WORKFLOW,),
        "actions": made,
        "left_out": left_out(),
        "volumes": (DISK,),
        "nonce": "0011223344556677",
    }
    return Plan(**{**given, **more})


def many(count: int = 200) -> Plan:
    """More actions than anybody reads, each tenth of them with a box to tick, for many workflows."""
    made = []
    for at in range(count):
        name = f"heron_part_{at:04d}_of_{count}_with_a_rather_long_name_fp8_e4m3fn.safetensors"
        risks = (PICKLE,) if at % 10 == 0 else ()
        names = tuple(f"clients/nordhavn/take {at + each}.json" for each in range(at % 4 + 1))
        one = download(name, 10_000_000 + at, "loras", offer(f"owner-{at}/repo", name), id=f"ab{at:08d}")
        made.append(replace(one, risks=risks, workflows=names))
    return plan(*made, workflows=tuple(f"clients/nordhavn/take {at}.json" for at in range(count)))


def hostile(payloads: tuple[str, ...]) -> Plan:
    """Every text of every action tries to become markup."""
    made = []
    for at, evil in enumerate(payloads):
        bad = Offer(evil, evil, evil, evil, evil, evil, evil, evil, evil, evil, evil)
        risk = Risk("pickle", evil, evil, (evil, "javascript:window.pwned=1"))
        common = {"workflows": (evil, f"{evil}2"), "why": evil, "risks": (risk,), "destination": f"/a/{evil}/{evil}"}
        made += [
            replace(download(evil, 5, "loras", bad, bad, id=f"c{at:09d}"), aside=evil, format=evil, **common),
            replace(relinked(), id=f"d{at:09d}", title=evil, edits=(Edit(evil, evil, evil),), origin=evil, **common),
            replace(
                pack(COMMAND), id=f"e{at:09d}", title=evil, pack=PackTask(*[evil] * 4, COMMAND, evil, evil), **common
            ),
        ]
    gone = tuple(LeftOut(evil, "file", evil, evil, evil, evil, (evil,), (evil,)) for evil in payloads)
    return plan(*made, left_out=gone, volumes=(Volume(payloads[0], 10, 5, 1),), workflows=(payloads[0], payloads[1]))
