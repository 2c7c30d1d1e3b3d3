"""What the fake server understands of workflows: explained, fitted, compared, with the shapes of the real routes."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from comfyfixersmart.core.comparison.types import Comparison, Consequence, Difference, Side
from comfyfixersmart.core.explanation.outline import Counts
from comfyfixersmart.core.explanation.types import Anatomy, Dot, Drawing, Explanation, Fact, Page, Row, Section
from comfyfixersmart.core.tuning.types import (
    GB,
    Change,
    Edit,
    Estimate,
    NeedsFile,
    Range,
    Stage,
    Tuning,
    Variant,
    Weight,
)

Refused = sys.modules["panel_lookups"].Refused
plans = sys.modules["panel_plans"]
Json = dict[str, Any]
RTX: Json = {
    "name": "NVIDIA GeForce RTX 4070 Ti SUPER",
    "kind": "cuda",
    "memory": 16 * GB,
    "ram": 64 * GB,
    "assumed": None,
}
CPU: Json = {"name": "AMD Ryzen 9 7950X", "kind": "cpu", "memory": None, "ram": 64 * GB, "assumed": None}
UNKNOWN: Json = {"name": "", "kind": "", "memory": None, "ram": None, "assumed": None}
NAME = "image/kite/kite_context_edit.json"
DIFFUSION, TEXT, CLIP, VAE = (
    "kite1-dev-context_fp8_scaled.safetensors",
    "q7xxl_fp8_e4m3fn_scaled.safetensors",
    "snip_l.safetensors",
    "kite_ae.safetensors",
)


def gb(low: float, likely: float | None = None, high: float | None = None) -> Range:
    mid = low if likely is None else likely
    return Range(int(low * GB), int(mid * GB), int((mid if high is None else high) * GB))


# ---- an explanation ------------------------------------------------------------------------------------------

STAGES = (
    Row("Your picture", "", "Scaled to about 1 megapixel.", ("192:42",), ("input.192:42",)),
    Row("Picture to latent", "", "The VAE packs it small.", ("192:124",), ("stage.192:124",)),
    Row("Your sentence", "", "Read by two text encoders.", ("192:6",), ("text.192:6",)),
    Row("Picture as reference", "", "Tied to the sentence, guidance 2.5.", ("192:177",), ("stage.192:177",)),
    Row("Sampling", "", "20 steps, euler, cfg 1.", ("192:31",), ("sampling.192:31",)),
    Row("Decode and save", "", "PNG, prefix kite_context.", ("192:8", "136"), ("output.136",)),
)
DRAWING = Drawing(
    560,
    120,
    (
        Dot(1, 40, 30, "picture", "input", ("192:42",)),
        Dot(2, 140, 30, "latent", "encode", ("192:124",)),
        Dot(3, 140, 90, "sentence", "text", ("192:6",), False),
        Dot(4, 260, 30, "reference", "reference", ("192:177",)),
        Dot(5, 380, 30, "sample", "sample", ("192:31",), True, ("192:37",)),
        Dot(6, 500, 30, "save", "output", ("192:8", "136")),
    ),
    (
        (0, 1, "IMAGE"),
        (1, 3, "LATENT"),
        (2, 3, "CONDITIONING"),
        (3, 4, "CONDITIONING"),
        (4, 5, "LATENT"),
    ),
)
LINE = "Image editing with a prompt · Kite.1 Context"
MODELS = Section(
    "models",
    "Models and what they do",
    (
        Row(DIFFUSION, "11.9 GB", "Makes the picture (diffusion model).", ("192:37",), ("model.0",)),
        Row(TEXT, "5.2 GB", "Understands your sentence (text encoder).", ("192:38",), ("model.1",)),
        Row(CLIP, "246 MB", "Adds style words (text encoder).", ("192:38",), ("model.2",)),
        Row(VAE, "335 MB", "Turns latents into pixels and back (VAE).", ("192:39",), ("model.3",)),
    ),
)
KNOBS = Section(
    "tune",
    "What to change first",
    (
        Row("Guidance", "2.5", "Usual 2 to 4. Higher follows the sentence more, and looks harder.", ("192:35",)),
        Row("Steps", "20", "Usual 18 to 28. Fewer is faster and rougher.", ("192:31",)),
        Row("Seed", "random", "Set it to fixed to compare two settings.", ("192:31",)),
    ),
)
MIND = Section(
    "mind",
    "Keep in mind",
    (
        Row(
            "",
            "",
            "Kite.1 Context [dev] has a non-commercial licence. Check its terms before paid work.",
            (),
            (),
            "LIC001",
        ),
        Row("", "", "The negative prompt has no effect here: cfg is 1, and it is zeroed out.", ("192:135",)),
        Row("", "", "A second Load Image is bypassed. Switch it on to combine two pictures.", ("191",)),
    ),
)
FACTS = tuple(
    [
        Fact("task", "task", "The workflow edits a picture with a sentence.", ("192:177",)),
        Fact("sampling.192:31.steps", "sampling", "The sampler runs 20 steps.", ("192:31",), (20,)),
        Fact("knob.192:31.steps", "knob", "18 to 28 steps are usual.", ("192:31",), (), (18, 28), "knowledge/practice.json"),
        Fact("stage.192:177", "stage", "ReferenceLatent ties a picture to the sentence.", ("192:177",), (), (), "ComfyUI's documentation of ReferenceLatent"),
    ]
    + [Fact(f"model.{at}", "model", f"{name} is loaded.", ("192:37",), (name,)) for at, name in enumerate((DIFFUSION, TEXT, CLIP, VAE))]
)  # fmt: skip


def anatomy(name: str) -> Anatomy:
    none: tuple[Any, ...] = ()
    return Anatomy(name, "ui", ("image_edit",), none, none, none, none, none, none, none, none, none, none, none, none, none, none, Counts(22, 20, 0, 2, 1))  # fmt: skip


def explanation(name: str = NAME, **changes: Any) -> Explanation:
    lead = (
        Row(
            "", "", "Takes a picture of yours and a sentence, and gives the picture back changed as the sentence says. "
            "What the sentence does not mention stays close to the original.", ("192:177",), ("task",),
        ),
    )  # fmt: skip
    how = Section("how", "How it works", STAGES)
    newcomer = Page("newcomer", LINE, lead, (how, MODELS, KNOBS, MIND))
    brief = Section("how", "How it works", tuple(row._replace(text=row.text.split(",")[0]) for row in STAGES))
    expert = Page("expert", LINE, (lead[0]._replace(text="Reference latent editing, one pass, 20 steps, cfg 1, guidance 2.5."),), (brief, MODELS, MIND))  # fmt: skip
    made = Explanation(name, anatomy(name), FACTS, DRAWING, (newcomer, expert), {"newcomer": f"# {name}\n\nFor a newcomer.\n", "expert": f"# {name}\n\nFor an expert.\n"})  # fmt: skip
    return replace(made, **changes)


def estimate(memory: float | None = 16, diffusion: float = 11.9, working: tuple[float, float, float] = (0.8, 1.4, 2.2), **changes: Any) -> Estimate:  # fmt: skip
    weights, room = gb(diffusion), gb(*working)
    text, vae = gb(5.4), gb(0.3)
    peak = weights + vae + room
    fits = memory is None or peak.high <= memory * GB
    wanted = f"{peak.low / GB:.1f} to {peak.high / GB:.1f} GB"
    line = (
        f"Wants {wanted}"
        if memory is None
        else f"Yes, {wanted} of {memory:g} GB"
        if fits
        else f"Fits with offloading: {wanted} wanted, your GPU has {memory:g} GB"
    )
    made = Estimate(
        weights=(
            Weight(DIFFUSION, "192:37", "diffusion_model", weights.likely, "header", 8, 8),
            Weight(TEXT, "192:38", "text_encoder", text.likely, "header", 8, 8),
            Weight(VAE, "192:39", "vae", vae.likely, "header", 16, 16),
        ),
        stages=(
            Stage("text", "Reading the sentence", text, gb(0.1, 0.2, 0.3), ("192:6",)),
            Stage("sample", "Sampling", weights + vae, room, ("192:31",)),
            Stage("decode", "Decoding", vae, gb(0.9, 1.3, 1.8), ("192:8",)),
        ),
        peak=peak, floor=gb(3.1, 3.6, 4.4), ram=gb(18, 19, 21), compute=20.0,
        parts={"diffusion": weights, "text_encoder": text, "vae": vae, "working": room},
        fit="" if memory is None else "whole" if fits else "parts",
        against=None if memory is None else int(memory * GB),
        line=line, note="The text encoders (5.4 GB) leave the GPU before sampling.",
        assumed=("One picture of 1024 × 1024.",), sources=("file headers", "ComfyUI's device report"),
    )  # fmt: skip
    return replace(made, **changes)


NOTHING = Estimate(line="Needs no GPU memory here: the work is done by a paid partner service.", fit="whole")


# ---- a tuning ------------------------------------------------------------------------------------------------


def change(id: str, title: str, **more: Any) -> Change:
    usual: dict[str, Any] = {
        "goals": ("memory",), "effect": "", "reason": "", "source": "knowledge/practice.json", "url": "", "nodes": ("192:31",),
        "edits": (Edit("value", "192:31", "steps", 20, 8),), "quality": "same",
    }  # fmt: skip
    return Change(id=id, title=title, **{**usual, **more})


CHANGES = (
    change(
        "weights.q5", "Use the Q5 variant of kite1-dev-context", goals=("memory", "quality"), saves=4_300_000_000, time=1.1, nodes=("192:37",),
        effect="4.3 GB less on the GPU while sampling.", reason="It keeps the weights at about 5.5 bits each.", quality="slightly lower",
        source="Hugging Face, grain-works/kite-context-GGUF", url="https://huggingface.co/grain-works/kite-context-GGUF",
        edits=(Edit("type", "192:37", "", "UNETLoader", "UnetLoaderGGUF", (("unet_name", "kite1-dev-context-Q5_K_S.gguf"),)),),
        needs=NeedsFile("kite1-dev-context-Q5_K_S.gguf", "diffusion_models", False, 8_290_000_000, "https://huggingface.co/grain-works/kite-context-GGUF"),
        excludes=("weights.q8",),
    ),
    change(
        "weights.q8", "Use the Q8 variant of kite1-dev-context", saves=100_000_000, nodes=("192:37",),
        effect="0.1 GB less on the GPU while sampling.", reason="The file is on this disk already.", source="this disk",
        edits=(Edit("value", "192:37", "unet_name", DIFFUSION, "kite1-dev-context-Q8_0.gguf"),),
        needs=NeedsFile("kite1-dev-context-Q8_0.gguf", "diffusion_models", True, 11_800_000_000), excludes=("weights.q5",),
    ),
    change(
        "vae.tiled", "Decode in tiles", goals=("memory", "safety"), saves=900_000_000, time=1.02, nodes=("192:8",),
        effect="The decoder needs about 0.9 GB less.", reason="The picture is decoded in squares of 512 pixels.",
        source="ComfyUI's documentation of VAEDecodeTiled", url="https://docs.comfy.org/built-in-nodes/VAEDecodeTiled",
        edits=(Edit("type", "192:8", "", "VAEDecode", "VAEDecodeTiled", (("tile_size", 512),)),),
    ),
    change(
        "steps.quick", "8 steps with the quick LoRA", goals=("speed",), time=0.42, quality="lower", nodes=("192:31", "192:37"),
        effect="Less than half the time.", reason="The LoRA was trained to need fewer steps.", source="Hugging Face, grain-works/kite-quick",
        url="https://huggingface.co/grain-works/kite-quick",
        needs=NeedsFile("kite-quick-8steps.safetensors", "loras", False, None),
    ),
)  # fmt: skip


def tuning(target: int = 8, **changes: Any) -> Tuning:
    small, quick = estimate(target, 4.6), estimate(target, 4.1, (0.7, 1.0, 1.6))
    made = Tuning(
        target * GB,
        estimate(target),
        CHANGES,
        (
            Variant("speed", "Speed", "The quickest that fits.", ("weights.q5", "vae.tiled", "steps.quick"), quick),
            Variant("quality", "Quality", "As close to the original as the memory lets.", ("weights.q5",), small),
            Variant("safety", "Safety", "Fits with room to spare.", ("weights.q5", "vae.tiled"), quick),
        ),
        "",
        (
            (
                "Start ComfyUI with --reserve-vram 1 where other programs need the GPU too.",
                "ComfyUI's command line help",
            ),
        ),
    )
    return replace(made, **changes)


# ---- a comparison --------------------------------------------------------------------------------------------


def side(id: str, kind: str, title: str = "") -> Side:
    return Side(id, kind, title or kind)


OLD_TEXT = "A kite over the harbour at dusk, long shadows, warm light, film grain, seen from the pier"
NEW_TEXT = "A red kite over the harbour at dawn, long shadows, cold light, seen from the pier and the lighthouse"
WORDS = (
    ("=", "A"),
    ("+", "red"),
    ("=", "kite over the harbour at"),
    ("-", "dusk"),
    ("+", "dawn"),
    ("=", "long shadows,"),
    ("-", "warm"),
    ("+", "cold"),
    ("=", "light, …"),
)
SAMPLER = side("192:31", "KSampler")
DIFFERENCES = (
    Difference("changed", SAMPLER, SAMPLER, "steps", 20, 8, "steps of KSampler: 20, now 8"),
    Difference("changed", SAMPLER, SAMPLER, "sampler_name", "euler", "res_multistep", ""),
    Difference("changed", side("192:6", "CLIPTextEncode", "Sentence"), side("192:6", "CLIPTextEncode", "Sentence"), "text", OLD_TEXT, NEW_TEXT, "", "prompt", WORDS),
    Difference("replaced", side("192:37", "UNETLoader", "Load Diffusion Model"), side("192:37", "UnetLoaderGGUF", "Unet Loader (GGUF)"), "", "UNETLoader", "UnetLoaderGGUF", ""),
    Difference("added", None, side("201", "LoraLoaderModelOnly", "LoRA"), "", None, None, ""),
    Difference("rewired", SAMPLER, SAMPLER, "model", "Load Diffusion Model 192:37", "LoRA 201", "model: fed by LoRA 201, before by Load Diffusion Model 192:37", follows=4),
    Difference("seed", SAMPLER, SAMPLER, "seed", 77, 1125899906842624, ""),
    Difference("removed", side("191", "LoadImage", "Load Image"), None, "", None, None, ""),
    Difference("switched", side("140", "PreviewImage"), side("141", "PreviewImage"), "", "on", "bypassed", ""),
)  # fmt: skip


def comparison(old: str = NAME, new: str = "image/kite/kite_context_edit.v2.json", **changes: Any) -> Comparison:
    made = Comparison(
        old, new, DIFFERENCES,
        (
            Consequence("models", "Another diffusion model, and one LoRA more.", "11.9 GB", "8.3 GB", None, (3, 4)),
            Consequence("memory", "Less GPU memory at the heaviest moment.", "13.0 to 14.4 GB", "9.1 to 10.5 GB", True, (3,)),
            Consequence("compute", "Less than half the work.", "20 steps", "8 steps", True, (0,)),
            Consequence("output", "The picture will look different: the sentence and the steps are others.", "", "", None, (0, 2)),
            Consequence("readiness", "One more file is missing.", "Runnable", "Blocked", False, (4,)),
        ),
        17,
        verdict="7 changes: the steps, one text and 5 other things.",
        markdown="# Compared\n\n9 differences.\n",
    )  # fmt: skip
    return replace(made, **changes)


# ---- what the server answers ---------------------------------------------------------------------------------


class Understood:
    """`made`: the explanation; `fit`, `machine`: of it; `tuned`: the answer to a wanted memory; `compared`: to two versions.

    `fails`: by route, (status, code, message, hint). `asked`: what was sent, in order.
    """

    def __init__(self, made: Explanation | None = None, fit: Estimate | None = None, machine: Json | None = RTX, tuned: Any = tuning, compared: Any = comparison) -> None:  # fmt: skip
        self.made, self.machine, self.tuned, self.compared = made or explanation(), machine, tuned, compared
        self.fit: Estimate | None = fit or estimate()
        self.fails: dict[str, tuple[int, str, str, str]] = {}
        self.asked: list[tuple[str, Json]] = []
        self.notes: list[Json] = []
        self.acting: Any = None

    def answer(self, name: str, query: dict[str, list[str]], body: Any) -> Json:
        self.asked.append((name, body or {"slug": query.get("slug", [""])[0]}))
        if name in self.fails:
            raise Refused(*self.fails[name])
        acts = {
            "explain": self.explain,
            "tune": self.tune,
            "tune/estimate": self.estimate,
            "tune/plan": self.plan,
            "tune/graph": lambda body: {"workflow": {"nodes": [], "links": []}, "name": "kite_context_edit.v2"},
            "compare": self.compare,
        }
        return acts[name](self.asked[-1][1])

    def outline(self, name: str) -> Json:
        """The author's notes, where there are some."""
        if not self.notes:
            return {}
        counts = {"nodes": 22, "active": 20, "muted": 0, "bypassed": 2, "subgraphs": 1}
        return {
            "outline": {
                "counts": counts,
                "notes": self.notes,
                "groups": [],
                "models": [],
                "inputs": [],
                "outputs": [],
                "packs": [],
            }
        }

    def explain(self, asked: Json) -> Json:
        name = asked.get("name") or self.made.name
        more = {
            "fit": self.fit and self.fit.as_json(),
            "machine": self.machine,
            "status": "runnable",
            "slug": asked.get("slug"),
        }
        return {"explanation": {**self.made.as_json(), "name": name, **more}}

    def tune(self, asked: Json) -> Json:
        wanted = asked["memory_gb"] or (self.machine or {}).get("memory", 0) / GB
        if not wanted:
            raise Refused(400, "no_memory", "How much GPU memory this machine has is not known.", "Choose a size.")
        made = self.tuned(int(wanted))
        slug = asked.get("slug")
        file = "kite_context_edit.v2.json" if slug else None
        why = "" if slug else "It is in no file."
        return {"tune": {**made.as_json(), "name": NAME, "slug": slug, "file": file, "path": None, "why_not": why}}

    def estimate(self, asked: Json) -> Json:
        left = 11.9 - sum((one.saves or 0) / GB for one in CHANGES if one.id in asked["changes"])
        return {"estimate": estimate(asked["memory_gb"] or 16, left).as_json()}

    def plan(self, asked: Json) -> Json:
        assert set(asked) == {"slug", "memory_gb", "changes"} and asked["changes"], "the route takes nothing else"
        return self.acting.make({"leave_out": [], "prefer": {}})  # type: ignore[no-any-return]

    def compare(self, asked: Json) -> Json:
        def name(one: Json, other: str) -> str:
            return str(one.get("slug") or one.get("name") or one.get("good") or other)

        return {"comparison": self.compared(name(asked["old"], "old"), name(asked["new"], "new")).as_json()}
