"""Libraries to test and to look at: invented names, lifelike sizes. Everything comes from a seed."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

from comfyfixersmart.core.readiness.types import (
    BLOCKED,
    INFO,
    NEEDS_INPUT,
    RUNNABLE,
    UNKNOWN,
    UNREADABLE,
    Distance,
    Evidence,
    Finding,
    Fix,
    Need,
    Readiness,
    UnlockStep,
    UnusedModel,
)
from comfyfixersmart.core.reports.types import Change, Entry, Library, Place, Point
from comfyfixersmart.core.requirements.types import NodeRef
from comfyfixersmart.core.workflow.map import Box, GraphMap


def _beside(name: str) -> ModuleType:
    """A helper module of this folder: this file itself is loaded by its path, under a name of the caller's."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


verdicts = _beside("verdict_samples")
NOW: float = verdicts.NOW
DAY: float = verdicts.DAY
FILES: tuple[tuple[str, str, int], ...] = verdicts.FILES

TYPES = (
    ("CLIPLoader", "Load CLIP"),
    ("VAELoader", "Load VAE"),
    ("UNETLoader", "Load Diffusion Model"),
    ("CLIPTextEncode", "CLIP Text Encode (Prompt)"),
    ("KSampler", "KSampler"),
    ("VAEDecode", "VAE Decode"),
    ("SaveImage", "Save Image"),
    ("LoadImage", "Load Image"),
    ("LoraLoaderModelOnly", "LoraLoaderModelOnly"),
    ("ModelSamplingSD3", "ModelSamplingSD3"),
)
PACKS = ("ComfyUI-ReelSuite", "comfy-maskworks", "ComfyUI-Gridlab")
FOLDERS = ("image/kite", "image/osprey", "video/heron", "video/old", "audio", "3d", "clients/nordhavn/2026-11", "")
NAMES = ("i2v", "t2v", "inpaint", "upscale", "controlnet pose", "portrait", "edit", "style transfer", "turntable")


def graph(rng: random.Random, marked: int = 0, nodes: int | None = None, title: str = "") -> GraphMap:
    """A layered graph that looks like a hand-made one."""
    count = nodes or rng.choice((6, 9, 14, 20, 27, 38, 60))
    columns = max(2, round(count**0.55))
    boxes: list[Box] = []
    for column in range(columns):
        y = rng.randrange(0, 60)
        rows = count // columns + (column < count % columns)
        for _ in range(rows):
            kind = rng.choices(("node", "group", "note", "off"), (88, 3, 5, 4))[0]
            height = rng.choice((18, 26, 40, 70, 120))
            _, label = rng.choice(TYPES)
            boxes.append(Box(column * 130 + rng.randrange(24), y, 84 + rng.randrange(20), height, "", label, kind))
            y += height + 14 + rng.randrange(12)
    boxes = [box._replace(id=f"129:{at}" if title else str(at)) for at, box in enumerate(boxes)]
    links = []
    for at in range(1, len(boxes)):
        for _ in range(rng.choice((1, 1, 2))):
            left = [i for i in range(len(boxes)) if boxes[i].x < boxes[at].x - 60]
            if left:
                links.append((rng.choice(left[-12:]), at))
    width, height = max(b.x + b.w for b in boxes), max(b.y + b.h for b in boxes)
    return GraphMap(title, width, height, tuple(boxes), tuple(links), frozenset(range(min(marked, len(boxes)))))


def ref(at: int, kind: int, *, inside: bool = False, input: str | None = None) -> NodeRef:
    class_type, title = TYPES[kind % len(TYPES)]
    return NodeRef(f"129:{at}" if inside else str(at), class_type, title, input)


def missing(which: int, at: int = 0, **more: bool) -> Finding:
    name, folder, size = FILES[which % len(FILES)]
    return Finding(
        "MODEL001",
        BLOCKED,
        name,
        f"Missing. The node reads {folder}.",
        (ref(at, which, **more),),
        (folder,),
        (),
        (Fix("download", f"Put the file into {folder}.", folder),),
        size,
        None,
        ("https://huggingface.co/example/heron/resolve/main/" + name,) if which % 2 == 0 else (),
    )


def misplaced(which: int, at: int = 1, **more: bool) -> Finding:
    name, folder, _ = FILES[which % len(FILES)]
    return Finding(
        "MODEL002",
        BLOCKED,
        name,
        f"In the wrong folder. The node reads {folder}.",
        (ref(at, which, **more),),
        (folder,),
        (
            Evidence(
                "wrong_folder",
                f"A file of this name is in checkpoints: {name}.",
                f"/srv/comfy/models/checkpoints/{name}",
            ),
        ),
        (Fix("move", f"Move or link it from checkpoints to {folder}.", folder),),
        0,
    )


def other_folder(which: int, at: int = 2, **more: bool) -> Finding:
    name, folder, _ = FILES[which % len(FILES)]
    found = f"heron22/{name}"
    return Finding(
        "MODEL003",
        BLOCKED,
        name,
        f"Not listed under this name in {folder}.",
        (ref(at, which, **more),),
        (folder,),
        (
            Evidence(
                "sub_folder",
                f"A file of this name lies in another sub-folder: {found}, in {folder}.",
                f"/srv/comfy/models/{folder}/{found}",
            ),
        ),
        (Fix("relink", f"Choose {found} in the node.", found),),
        0,
    )


def no_node(class_type: str, at: int, pack: str = PACKS[0]) -> Finding:
    return Finding(
        "NODE001",
        BLOCKED,
        class_type,
        "Not installed.",
        (NodeRef(str(at), class_type, class_type.replace("_", " ")),),
        evidence=(Evidence("pack_hint", f"The workflow names its pack: {pack}."),),
        fixes=(Fix("install_pack", f"Install the pack {pack}.", pack),),
        pack=pack,
    )


def own_file(at: int = 4, name: str = "harbour_dusk_0412.png") -> Finding:
    return Finding(
        "INPUT001",
        NEEDS_INPUT,
        name,
        "Your image: not in the input folder.",
        (ref(at, 7, input="image"),),
        fixes=(Fix("choose", f"Choose one of your own in Load Image {at}.", str(at)),),
    )


def info(code: str, name: str, message: str) -> Finding:
    return Finding(code, INFO, name, message)


def looked_up() -> Entry:
    """A workflow whose missing things were looked up: each verdict once."""
    findings = (
        missing(0, 0),
        missing(5, 141),
        missing(9, 23)._replace(size=None),
        missing(4, 5),
        missing(5, 143)._replace(name="4x-FineGrain_old.pth"),
        no_node("RS_VideoCombine", 137),
        no_node("RS_LoadVideo", 138),
        no_node("MaskWorksBlur", 12, "")._replace(pack=None, evidence=(), fixes=()),
        missing(6, 7),
        own_file(97),
    )
    made = verdicts
    found = (
        *(made.resolved(), made.uncertain(), made.silent(), made.not_found(), made.chosen(), made.found_pack()),
        *(None, made.unsure_pack()),
    )
    ready = Readiness(
        "video/heron/looked up.json", BLOCKED, findings, Distance(6, 22_802_868_855, 1, 1, 0, 0, 1, 1), 37, 9
    )
    return Entry(
        ready.workflow,
        ready,
        graph(random.Random(11), 5, 26),
        source="/srv/comfy/user/default/workflows/y.json",
        resolutions={at: one for at, one in enumerate(found) if one is not None},
    )


def every_code() -> tuple[Finding, ...]:
    """One finding of each code of the registry, as the check words it or as a later part will."""
    return (
        missing(0),
        misplaced(1),
        other_folder(2),
        Finding(
            "MODEL004",
            BLOCKED,
            FILES[4][0],
            "The file is here but not whole: ends at 1.2 of 6.1 GB.",
            (ref(5, 2),),
            ("checkpoints",),
            (Evidence("truncated", "ends at 1.2 of 6.1 GB", f"/srv/comfy/models/checkpoints/{FILES[4][0]}"),),
            (Fix("download", "Get the file again; this copy cannot be loaded."),),
            FILES[4][2],
        ),
        info("MODEL005", FILES[6][0], "Here, but which folder this node reads is not known."),
        no_node("RS_VideoCombine", 137),
        no_node("RS_LoadVideo", 138),
        Finding(
            "NODE002",
            BLOCKED,
            "MaskWorksGrow",
            "Its pack comfy-maskworks is here but fails to import.",
            (NodeRef("12", "MaskWorksGrow", "Grow mask"),),
            evidence=(
                Evidence(
                    "import_failed",
                    "ModuleNotFoundError: No module named 'cv2'.",
                    "/srv/comfy/custom_nodes/comfy-maskworks",
                ),
            ),
            fixes=(Fix("repair_pack", "Repair or update the pack comfy-maskworks.", "comfy-maskworks"),),
            pack="comfy-maskworks",
        ),
        Finding(
            "NODE003",
            BLOCKED,
            "GridlabSheet",
            "Its pack ComfyUI-Gridlab is here but disabled.",
            (NodeRef("14", "GridlabSheet", "Contact sheet"),),
            evidence=(
                Evidence(
                    "pack_disabled",
                    "ComfyUI passes over disabled packs.",
                    "/srv/comfy/custom_nodes/.disabled/ComfyUI-Gridlab",
                ),
            ),
            fixes=(Fix("enable_pack", "Enable the pack ComfyUI-Gridlab and restart ComfyUI.", "ComfyUI-Gridlab"),),
            size=0,
            pack="ComfyUI-Gridlab",
        ),
        Finding(
            "VALUE001",
            BLOCKED,
            "res_multistep_x",
            "sampler_name does not take res_multistep_x. The installed version takes euler, heun and 38 more.",
            (ref(3, 4, input="sampler_name"),),
            fixes=(Fix("choose", "Choose another sampler_name.", "3"),),
        ),
        Finding(
            "VALUE002",
            BLOCKED,
            "0",
            "steps does not take 0. The installed version takes 1 to 10000.",
            (ref(3, 4, input="steps"),),
            fixes=(Fix("choose", "Choose another steps.", "3"),),
        ),
        Finding(
            "LINK001",
            BLOCKED,
            "positive",
            "Required, and nothing is connected to it.",
            (ref(3, 4, input="positive"),),
            fixes=(Fix("connect", "Connect positive.", "3"),),
        ),
        Finding("LINK002", BLOCKED, "no output node", "Nothing is saved or shown, so ComfyUI refuses to run it."),
        Finding(
            "LINK003",
            BLOCKED,
            "samples",
            "It takes LATENT, and Load Image 7 gives IMAGE.",
            (ref(3, 4, input="samples"),),
            fixes=(Fix("connect", "Connect samples to an output of the right type.", "3"),),
        ),
        own_file(),
        info(
            "API001",
            "PartnerVideoNode",
            "Paid partner nodes: they run on the provider's server, need an account and cost credits.",
        ),
        info("HW001", "13 to 16 GB", "Fits with offloading: 13 to 16 GB wanted, your GPU has 16 GB."),
        info("LIC001", FILES[5][0], "For non-commercial use."),
        info("POLICY001", "face swap", "Impersonation of real people without their consent is not helped with."),
        Finding(
            "FILE001",
            UNREADABLE,
            "old.json",
            "The file ends early, at byte 4,096.",
            fixes=(Fix("restore", "Restore it from a copy, or save it again from ComfyUI."),),
        ),
    )


def showcase() -> Entry:
    """The workflow of the mockup: several kinds of trouble at once."""
    rng = random.Random(7)
    findings = (
        missing(0, 0, inside=True),
        misplaced(1, 1, inside=True),
        other_folder(2, 2, inside=True),
        Finding(
            "MODEL001",
            BLOCKED,
            FILES[5][0],
            "Missing. The node reads upscale_models.",
            (ref(141, 2),),
            ("upscale_models",),
            (
                Evidence(
                    "same_name",
                    "A file with this common name is in loras; it may be another one.",
                    "/srv/comfy/models/loras/old/4x-FineGrain.pth",
                ),
            ),
            (Fix("download", "Put the file into upscale_models.", "upscale_models"),),
            FILES[5][2],
        ),
        no_node("RS_VideoCombine", 137),
        no_node("RS_LoadVideo", 138),
        own_file(97),
        info("HW001", "13 to 16 GB", "Fits with offloading: 13 to 16 GB wanted, your GPU has 16 GB."),
        info("LIC001", FILES[5][0], "For non-commercial use."),
    )
    ready = Readiness(
        "video/heron/video_heron2_2_14B_i2v.json",
        BLOCKED,
        findings,
        Distance(2, 6_802_868_855, 0, 1, 2, 0, 1),
        37,
        6,
        2,
        ("Link 412 leads nowhere; it was left out.",),
    )
    graph_map = graph(rng, 3, 26, "Image to Video (Heron 2.2)")._replace(outside=3)
    change = Change(
        NOW - 5 * DAY, RUNNABLE, BLOCKED, f"{FILES[0][0]} missing; pack ComfyUI-ReelSuite not installed", NOW - 8 * DAY
    )
    return Entry(
        ready.workflow,
        ready,
        graph_map,
        change,
        NOW - 9 * DAY,
        "/srv/comfy/user/default/workflows/x.json",
        ("VAELoader", FILES[0][0]),
    )


def entry(rng: random.Random, number: int, status: str, folder: str | None = None) -> Entry:
    """One lifelike workflow of this status."""
    folder = rng.choice(FOLDERS) if folder is None else folder
    stem = f"{rng.choice(NAMES)} {rng.choice(('heron', 'kite', 'osprey', 'merlin'))}_{number}"
    name = f"{folder}/{stem}.json" if folder else f"{stem}.json"
    findings: tuple[Finding, ...] = ()
    away = Distance()
    change = None
    if status == BLOCKED:
        roll = rng.random()
        if roll < 0.2:
            findings, away = (misplaced(rng.randrange(8)),), Distance(local=1)
        else:
            chosen = rng.sample(range(len(FILES)), rng.choice((1, 1, 2, 3)))
            findings = tuple(missing(which, at) for at, which in enumerate(chosen))
            unsized = int(rng.random() < 0.1)
            total = sum(FILES[which][2] for which in chosen[unsized:])
            packs = int(rng.random() < 0.3)
            if packs:
                findings += (
                    no_node("RS_VideoCombine", 30, rng.choice(PACKS)),
                    no_node("RS_LoadVideo", 31, rng.choice(PACKS)),
                )
            away = Distance(len(chosen), total, unsized, packs)
        if rng.random() < 0.25:
            change = Change(
                NOW - rng.randrange(1, 40) * DAY, RUNNABLE, BLOCKED, f"{findings[0].name} missing", NOW - 41 * DAY
            )
    elif status == NEEDS_INPUT:
        count = rng.choice((1, 1, 4))
        findings, away = tuple(own_file(at, f"photo_{number}_{at}.png") for at in range(count)), Distance(inputs=count)
    elif status == UNKNOWN:
        text = "The pack ComfyUI-Gridlab is here, but whether it brings this type cannot be told: its node types are computed when it runs."
        findings = (
            Finding("NODE001", UNKNOWN, "GridlabSheet", text, (NodeRef("9", "GridlabSheet", "Contact sheet"),)),
        )
    elif status == UNREADABLE:
        fix = Fix("restore", "Restore it from a copy, or save it again from ComfyUI.")
        findings = (Finding("FILE001", UNREADABLE, name, "The file ends early, at byte 4,096.", fixes=(fix,)),)
    elif rng.random() < 0.05:
        change = Change(NOW - 2 * DAY, BLOCKED, RUNNABLE, "", NOW - 20 * DAY)
    readable = status != UNREADABLE
    drawn = graph(rng, len(findings) if status == BLOCKED else 0) if readable else None
    uses = tuple(kind for kind, _ in rng.sample(TYPES, 5)) + tuple(
        FILES[i][0] for i in rng.sample(range(len(FILES)), 3)
    )
    ready = Readiness(name, status, findings, away, len(drawn.boxes) if drawn else 0, 3 if readable else 0, 0)
    return Entry(
        name, ready, drawn, change, NOW - rng.randrange(90) * DAY, f"/srv/workflows/{name}", uses if readable else ()
    )


def place() -> Place:
    return Place(
        "disk",
        "/srv/comfy",
        "0.3.75",
        31,
        (("comfy-maskworks", "ModuleNotFoundError: No module named 'cv2'"),),
        2,
        (("ComfyUI-Gridlab", "its node types are computed when it runs"),),
        1284,
        731_000_000_000,
        212_400_000_000,
        1_000_000_000_000,
        "NVIDIA GeForce RTX 4070 Ti SUPER",
        16_000_000_000,
        64_000_000_000,
        ("What ComfyUI-Gridlab brings is known only to a running ComfyUI.",),
    )


def history() -> tuple[Point, ...]:
    line = (84, 84, 86, 86, 89, 90, 82, 83, 92, 95, 95, 97, 98, 104, 106, 104, 97)
    points = []
    for at, runnable in enumerate(line):
        when = NOW - (len(line) - 1 - at) * 3.5 * DAY
        points.append(Point(when, 121 + at * 25 // 16, runnable))
    points[6] = points[6]._replace(
        broke=13, why="res_multistep_x no longer offered (9) and pack comfy-maskworks failed to import (4)"
    )
    points[15] = points[15]._replace(
        broke=7, why=f"{FILES[0][0]} missing (5) and pack ComfyUI-ReelSuite not installed (2)"
    )
    points[-1] = points[-1]._replace(total=146)
    return tuple(points)


def library(
    blocked: int = 32, runnable: int = 97, needs: int = 8, unknown: int = 5, unreadable: int = 2, seed: int = 1
) -> Library:
    """The library of the mockup: 146 workflows."""
    rng = random.Random(seed)
    statuses = (
        [BLOCKED] * blocked
        + [RUNNABLE] * runnable
        + [NEEDS_INPUT] * needs
        + [UNKNOWN] * unknown
        + [UNREADABLE] * unreadable
    )
    entries = [entry(rng, at, status) for at, status in enumerate(statuses)]
    entries.append(showcase())
    long = "clients/nordhavn/2026-11/Client Nordhavn, harbour at dusk, take 14 (final, really final) inpaint + upscale.json"
    entries.append(Entry(long, Readiness(long, RUNNABLE, (), Distance(), 41, 5), graph(rng, 0, 41)))
    rng.shuffle(entries)
    names = [one.name for one in entries if one.readiness.status == BLOCKED]
    unlock = (
        UnlockStep(tuple(Need("file", *FILES[at]) for at in (0, 2, 3)), tuple(names[:12])),
        UnlockStep((Need("local", FILES[6][0], "vae"), Need("local", FILES[7][0], "controlnet")), tuple(names[12:15])),
        UnlockStep((Need("file", *FILES[4]),), tuple(names[15:19])),
        UnlockStep((Need("pack", PACKS[1]), Need("file", FILES[8][0], "diffusion_models")), tuple(names[19:22])),
        UnlockStep((Need("pack", PACKS[2]),), tuple(names[22:24])),
    )
    sizes = (25.6, 23.8, 20.1, 9.8, 4.3, *(3.9 - 0.1 * at for at in range(36)))
    unused = tuple(
        UnusedModel(
            f"{('plover_video_t2v_720p_bf16', 'sandpiper1-dev', 'dunlin_preview_bf16', 'ruff_xxl_fp16', 'v1-5-godwit-pruned')[at % 5]}{f'_{at}' if at > 4 else ''}.safetensors",
            ("diffusion_models", "text_encoders", "checkpoints")[at % 3],
            int(size * 1e9),
        )
        for at, size in enumerate(sizes)
    )
    return Library(NOW, place(), tuple(entries), unlock, unused, history())


def large(count: int = 1000) -> Library:
    """A thousand workflows with the mix that a long-used installation has."""
    share = count - 2
    return library(
        share * 3 // 10,
        share * 5 // 10,
        share // 10,
        share // 20,
        share - share * 3 // 10 - share * 5 // 10 - share // 10 - share // 20,
    )


def empty() -> Library:
    return Library(NOW, place(), ())


def all_fine() -> Library:
    rng = random.Random(3)
    return Library(NOW, place(), tuple(entry(rng, at, RUNNABLE) for at in range(24)), history=history()[:1])


def no_installation() -> Library:
    rng = random.Random(4)
    made = [entry(rng, at, UNKNOWN) for at in range(9)] + [entry(rng, 9, RUNNABLE), entry(rng, 10, NEEDS_INPUT)]
    return Library(NOW, Place("none", "", gaps=("No ComfyUI folder, server or snapshot was given.",)), tuple(made))


HOSTILE = (
    "</script><script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "<svg/onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "{{7*7}}{% raw %}${7*7}",
    "<!--<script>",
    "\u2028window.pwned=1//\u2029",
    "gpj.\u202egnp.exe",
    "a\x00b\x1b[31mred\x07",
    "lone \ud800 surrogate",
    "a|b`c`\n# heading\n- [x](javascript:window.pwned=1)",
    "![img](http://127.0.0.1:9/x.png)",
    "<style>*{display:none}</style>",
    "&lt;b&gt;&amp;",
    "]]><x>",
    "' onmouseover='window.pwned=1",
    "../../etc/passwd",
    "C:\\con\\aux.json",
    "CON",
    "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
    "\U0001f469\u200d\U0001f680 \u4f60\u597d",
    "x" * 400,
    " ",
    "",
)


def hostile() -> Library:
    """Every text that comes from a file is a payload."""
    entries = []
    for at, evil in enumerate(HOSTILE):
        node = NodeRef(evil, evil, evil, evil)
        finding = Finding(
            "MODEL001",
            BLOCKED,
            evil,
            evil,
            (node,),
            (evil,),
            (Evidence(evil, evil, evil), Evidence("url", evil)),
            (Fix(evil, evil, evil),),
            5,
            evil,
            (evil, "javascript:window.pwned=1", "https://example.invalid/" + evil),
            evil,
        )
        again = [
            Finding(code, weight, evil, evil, (node,), pack=evil)
            for code, weight in (("NODE001", BLOCKED), ("NODE001", BLOCKED), ("LIC001", INFO), ("<b>", BLOCKED))
        ]
        drawn = GraphMap(
            evil,
            100,
            50,
            (Box(0, 0, 40, 20, evil, evil, evil), Box(50, 10, 40, 20, "1", evil, "node")),
            ((0, 1), (0, 99)),
            frozenset({0, 7}),
        )
        name = f"{evil}/{at}{evil}.json"
        ready = Readiness(name, BLOCKED, (finding, *again), Distance(1, 5), 2, 1, 1, (evil,))
        change = Change(NOW - DAY, RUNNABLE, BLOCKED, evil, NOW - 2 * DAY)
        entries.append(Entry(name, ready, drawn, change, NOW, evil, (evil,), verdicts.hostile(evil, at)))
    names = tuple(one.name for one in entries)
    unlock = tuple(UnlockStep((Need("file", evil, evil, 5), Need(evil, evil)), names[:3]) for evil in HOSTILE[:6])
    points = tuple(Point(NOW - (9 - at) * DAY, 24, 24 - at, 1, evil) for at, evil in enumerate(HOSTILE[:10]))
    evil = HOSTILE[1]
    where = Place(evil, evil, evil, 1, ((evil, evil),), 1, ((evil, evil),), 1, 1, 1, 2, evil, 1, 1, HOSTILE)
    unused = tuple(UnusedModel(evil, evil, at) for at, evil in enumerate(HOSTILE))
    return Library(NOW, where, tuple(entries), unlock, unused, points, evil)
