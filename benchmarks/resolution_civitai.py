"""The invented part of the world that Civitai holds: models, versions, files, and the names it gives to downloads.

Names follow services.md, section 2.2. LoRA and LoCon files, and files of type VAE, keep the name of the upload; what
authors call their uploads is spread as `_uploaded` says, and a part of it shares no word with the model's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from resolution_words import ADJECTIVES, NOUNS, STYLES, phrase

if TYPE_CHECKING:
    from resolution_world import World

TYPES = (
    ("LORA", 52), ("Checkpoint", 26), ("LoCon", 5), ("TextualInversion", 6), ("VAE", 1), ("Upscaler", 2), ("Controlnet",
    3),
    ("Workflows", 3), ("Hypernetwork", 1), ("DoRA", 1),
)  # fmt: skip
BASES = (
    ("SD 1.5", 22), ("SDXL 1.0", 20), ("Pony", 14), ("Illustrious", 16), ("Flux.1 D", 12), ("Wan Video 14B t2v", 4),
    ("Qwen", 3), ("ZImageTurbo", 3), ("NoobAI", 3), ("SD 2.1", 1), ("SD 3.5", 1), ("Hunyuan Video", 1),
)  # fmt: skip
MARKS = {"SDXL 1.0": "XL", "Pony": "Pony", "Illustrious": "IL", "Flux.1 D": "Flux", "SD 1.5": "SD15", "Wan Video 14B t2v": "Wan", "Qwen": "Qwen"}  # fmt: skip
FOLDERS = {
    "Checkpoint": "checkpoints", "LORA": "loras", "LoCon": "loras", "DoRA": "loras", "TextualInversion": "embeddings",
    "VAE": "vae", "Upscaler": "upscale_models", "Controlnet": "controlnet", "Hypernetwork": "hypernetworks",
    "Workflows": "",
}  # fmt: skip
KEEPS_NAME = frozenset({"LORA", "LoCon"})
RIVALS = 1_900_000  # ids from here on: models with a file that another model has a namesake of
BUNDLED_VAES = ("vae-ft-mse-840000-ema-pruned.safetensors", "sdxl_vae.safetensors")
# Versions that the Manager's list links to by their real ids, with their real names.
LINKED = (
    (60938, 56519, "negative_hand Negative Embedding", "TextualInversion", "negative_hand-neg.pt", "SD 1.5"),
    (60095, 55700, "badprompt Negative Embedding", "TextualInversion", "bad_prompt_version2-neg.pt", "SD 1.5"),
    (5637, 4629, "Deep Negative V1.x", "TextualInversion", "ng_deepnegative_v1_75t.pt", "SD 1.5"),
    (9208, 7808, "EasyNegative", "TextualInversion", "easynegative.safetensors", "SD 1.5"),
    (10350, 8765, "Theovercomer8's Contrast Fix", "LORA", "theovercomer8sContrastFix_sd21768.safetensors", "SD 2.1"),
    (
        10638,
        8765,
        "Theovercomer8's Contrast Fix (SD1.5)",
        "LORA",
        "theovercomer8sContrastFix_sd15.safetensors",
        "SD 1.5",
    ),
)


@dataclass(slots=True)
class CivitaiFile:
    id: int
    name: str  # as a download is called
    type: str
    sha256: str
    size: int
    hashes: dict[str, str]
    primary: bool


@dataclass(slots=True)
class Version:
    id: int
    name: str
    base: str
    words: tuple[str, ...]  # its trigger words
    files: list[CivitaiFile] = field(default_factory=list)
    early: bool = False


@dataclass(slots=True)
class Model:
    id: int
    name: str
    type: str
    creator: str
    nsfw: bool = False
    poi: bool = False
    minor: bool = False
    login: bool = False
    mode: str = ""  # "Archived" or "TakenDown"
    downloads: int = 0
    versions: list[Version] = field(default_factory=list)


@dataclass(slots=True)
class Catalogue:
    models: dict[int, Model]

    def reachable(self) -> Iterator[Model]:
        """Those whose files are listed."""
        return (one for one in self.models.values() if not one.mode)


# ---- the names it gives ------------------------------------------------------------------------------------


def camel(text: str, most: int | None = None) -> str:
    """ "RealVis XL V5.0" → "realvisXLV50": words joined, signs dropped, words in capitals kept."""
    words = [re.sub(r"[^A-Za-z0-9]", "", word) for word in re.split(r"[\s\-_+/|()\[\]]+", text)]
    shaped = [word if word.isupper() and at else word.lower() if not at else word.capitalize() for at, word in enumerate(filter(None, words))]  # fmt: skip
    return "".join(shaped)[:most]


def download_name(model: Model, version: Version, kind: str, uploaded: str) -> str:
    """What a downloaded file is called, by model, version, type of file and the name of the upload."""
    suffix = uploaded.rpartition(".")[2]
    own = camel(model.name, 20)
    if kind == "Training Data":
        return f"{own}_{camel(version.name)}_trainingData.zip"
    if model.type in KEEPS_NAME or kind == "VAE" or not own:
        return uploaded
    if model.type == "TextualInversion":
        return f"{version.words[0] if version.words else own}{'-neg' if kind == 'Negative' else ''}.{suffix}"
    return f"{own}_{camel(version.name)}{'-inpainting' if '-inpainting' in uploaded.lower() else ''}.{suffix}"


def _uploaded(rng: Random, words: list[str], trigger: str, mark: str, version: str) -> str:
    """An author's own file name: of ten, six use the title's words, one the trigger word, three tell nothing."""
    join, case = rng.choice(("_", "-", "", " ", "_")), rng.choice((str.lower, str.title, str.title))
    end = rng.choice(
        (f"{join or '_'}{version}", f"-{rng.randint(1, 20):06d}", "", f"{join or '_'}{mark}", f"_{mark}{join}{version}")
    )
    kind = rng.random()
    if kind < 0.45:
        own = join.join(case(word) for word in words)
    elif kind < 0.6:
        own = join.join(case(word) for word in words[:2])
    elif kind < 0.72:
        own = trigger
    elif kind < 0.86:
        own = "".join(word[0] for word in words) + rng.choice(("", "lora", "_style", "x"))
    else:
        own = f"{rng.choice(ADJECTIVES)}{join}{rng.choice(NOUNS)}"
    return f"{own}{end}.safetensors"


# ---- making it ---------------------------------------------------------------------------------------------


def make_catalogue(world: World, rng: Random, count: int) -> Catalogue:
    """`count` models of all types, and those that the Manager links to."""
    creators = [f"{rng.choice(ADJECTIVES)}{rng.choice(('', '_'))}{rng.choice(NOUNS)}{rng.choice(('', rng.randint(1, 99)))}" for _ in range(700)]  # fmt: skip
    made = Catalogue({})
    ids = iter(rng.sample(range(20_000, RIVALS), count))
    version_ids = iter(sorted(rng.sample(range(100_000, 2_400_000), count * 5)))
    for number in sorted(ids):
        made.models[number] = _model(world, rng, number, rng.choice(creators), version_ids)
    _rivals(world, rng, made, version_ids, count // 30)
    for version_id, number, title, kind, name, base in LINKED:
        model = made.models.setdefault(number, Model(number, title, kind, rng.choice(creators), downloads=200_000))
        sha256 = world.content(f"civitai:{version_id}")
        file = _file(world, version_id * 10, name, "Model", sha256, FOLDERS[kind], True)
        model.versions.append(
            Version(version_id, title.rpartition("(")[2].strip(")") or "v1", base, (name.partition(".")[0],), [file])
        )
    return made


def _rivals(world: World, rng: Random, made: Catalogue, version_ids: Iterator[int], count: int) -> None:
    """Two authors make a LoRA of the same thing and call the file the same; many of them for another base model."""
    loras = [model for model in made.reachable() if model.type == "LORA" and not model.nsfw]
    for at, model in enumerate(rng.sample(loras, count)):
        old, number = model.versions[0], RIVALS + at
        marked = (
            MARKS.get(old.base, "?").lower() in old.files[0].name.lower()
        )  # then nobody calls another base's file so
        base = old.base if at % 2 or marked else rng.choice([name for name, _ in BASES if name != old.base])
        rival = Model(number, f"{model.name} by {rng.choice(NOUNS)}", "LORA", f"{rng.choice(ADJECTIVES)}{at}")
        version = Version(next(version_ids), "v1", base, old.words)
        _fill(world, rng, rival, version, old.files[0].name)
        rival.downloads, rival.versions = int(rng.lognormvariate(6.5, 1.6)), [version]
        made.models[number] = rival


def _model(world: World, rng: Random, number: int, creator: str, version_ids: Iterator[int]) -> Model:
    kind = rng.choices([name for name, _ in TYPES], [weight for _, weight in TYPES])[0]
    base = rng.choices([name for name, _ in BASES], [weight for _, weight in BASES])[0]
    words, mark = phrase(rng), MARKS.get(base, "")
    model = Model(number, _title(rng, words, mark, kind), kind, creator)
    model.nsfw, model.poi, model.minor = rng.random() < 0.2, rng.random() < 0.04, rng.random() < 0.01
    model.login, model.downloads = rng.random() < 0.2, int(rng.lognormvariate(6.5, 1.6))
    model.mode = rng.choices(("", "Archived", "TakenDown"), (97, 2, 1))[0]
    trigger = rng.choice(
        (words[0][:4] + words[1], f"{words[1]}_{rng.choice(STYLES)}", words[0][:3] + str(rng.randint(1, 9)) + "x")
    )
    for at in range(rng.choices((1, 2, 3, 4), (50, 25, 15, 10))[0]):
        version = Version(next(version_ids), _version(rng, at, kind), base, (trigger,) if kind != "Checkpoint" else ())
        version.early = not at and rng.random() < 0.03
        _fill(world, rng, model, version, _uploaded(rng, words, trigger, mark or "v1", f"v{at + 1}"))
        model.versions.insert(0, version)  # the newest first
    return model


def _title(rng: Random, words: list[str], mark: str, kind: str) -> str:
    joined = " ".join(word.title() for word in words)
    tight = "".join(word.title() for word in words[:2])
    if kind == "Checkpoint":
        return rng.choice((f"{joined} {mark}", f"{tight} {mark}", f"{tight}{mark}", f"{words[0].title()} {words[1].title()} - {rng.choice(STYLES)} mix", joined)).strip()  # fmt: skip
    return rng.choice((joined, f"{joined} ({mark or rng.choice(STYLES)})", f"{words[1].title()} | {joined}", f"[{rng.choice(STYLES)}] {joined}", f"{joined} - {rng.choice(STYLES)} LoRA"))  # fmt: skip


def _version(rng: Random, at: int, kind: str) -> str:
    number = f"v{at + 1}.{rng.randint(0, 3)}"
    if kind == "Checkpoint":
        return number + rng.choice(("", "", " Turbo", " Lightning (BakedVAE)", " FP16", " Final", " DPM++ SDE"))
    return rng.choice((number, f"V{at + 1}", f"{number} {rng.choice(STYLES)}"))


def _fill(world: World, rng: Random, model: Model, version: Version, uploaded: str) -> None:
    folder = FOLDERS[model.type]
    suffix = {"TextualInversion": rng.choice((".pt", ".safetensors")), "Upscaler": ".pth", "Workflows": ".zip"}.get(model.type, ".safetensors")  # fmt: skip
    main = uploaded.rpartition(".")[0] + suffix

    def add(kind: str, name: str, sha256: str, where: str = folder) -> None:
        given = download_name(model, version, kind, name)
        version.files.append(
            _file(world, version.id * 10 + len(version.files), given, kind, sha256, where, not version.files)
        )

    add("Archive" if model.type == "Workflows" else "Model", main, world.content(f"civitai:{version.id}"))
    if model.type == "Checkpoint" and rng.random() < 0.06:
        add("VAE", (name := rng.choice(BUNDLED_VAES)), _bundled(world, rng, name, version.id), "vae")
    if model.type == "LORA" and rng.random() < 0.08:
        add("Training Data", "data.zip", world.content(f"civitai:{version.id}/data"))


def _bundled(world: World, rng: Random, name: str, version: int) -> str:
    """Mostly the well-known VAE itself; one in ten is something else under its name."""
    known = next(
        (file.sha256 for repo in world.repos.values() for file in repo.files.values() if file.base == name), ""
    )
    return known if known and rng.random() < 0.9 else world.content(f"civitai:{version}/vae")


def _file(world: World, number: int, name: str, kind: str, sha256: str, folder: str, primary: bool) -> CivitaiFile:
    hashes = {
        "AutoV1": world.content(f"{sha256}:v1")[:8], "AutoV2": sha256[:10], "SHA256": sha256,
        "CRC32": world.content(f"{sha256}:crc")[:8],
        "BLAKE3": world.content(f"{sha256}:b3"), "AutoV3": world.content(f"{sha256}:v3")[:12],
    }  # fmt: skip
    upper: dict[str, Any] = {key: value.upper() for key, value in hashes.items()}
    return CivitaiFile(number, name, kind, sha256, world.size(sha256, folder), upper, primary)
