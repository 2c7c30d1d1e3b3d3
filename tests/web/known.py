"""States of the panel in which a workflow is explained, fitted, compared, or broke."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from comfyfixersmart.core.explanation.types import Dot, Drawing, Fact, Page, Row, Section
from comfyfixersmart.core.readiness.types import BLOCKED, RUNNABLE, Distance, Readiness
from comfyfixersmart.core.reports.types import Change, Entry

base = sys.modules["panel_scenarios"]  # it loads this file
samples, verdicts, understood = base.samples, base.verdicts, base.understood
NOW: float = samples.NOW
Understood, explanation, estimate = understood.Understood, understood.explanation, understood.estimate
NAME: str = understood.NAME
SLUG = "image-kite-kite_context_edit"
AUTHOR = (
    "## Kite.1 Context\n\nPut one picture in, and say what should change.\n\n- [The model](https://huggingface.co/grain-works/kite-context)\n"
    "- [Its text encoder](https://huggingface.co/grain-works/q7xxl)\n\n| file | folder |\n|---|---|\n| kite_ae.safetensors | vae |\n\n"
    + "Longer sentences work better than single words. "
    * 12
)


def entry(name: str = NAME, **changes: Any) -> Entry:
    """The workflow that is explained, and runs."""
    ready = Readiness(name, RUNNABLE, (), Distance(), 22, 4)
    graph = samples.graph(samples.random.Random(3), 0, 22)
    return replace(Entry(name, ready, graph, None, NOW - 86_400, name, ()), **changes)


def scenario(knows: Any = None, *entries: Entry, **more: Any) -> Any:
    library = base.changed()
    mine = entries or (entry(),)
    return base.Scenario(
        base.Library(library.when, library.place, (*mine, *library.entries), library.unlock),
        knows=knows or Understood(),
        **more,
    )


def noted() -> Any:
    knows = Understood()
    knows.notes = [
        {"id": "12", "title": "Read me", "text": AUTHOR},
        {"id": "13", "title": "", "text": "Bypass the second picture for one."},
    ]
    return scenario(knows)


def lacking() -> Any:
    """A file and a pack are missing; what is drawn shows where."""
    finding = samples.missing(0)._replace(name=understood.DIFFUSION, nodes=(samples.ref(0, 2)._replace(id="192:37"),))
    ready = Readiness(NAME, BLOCKED, (finding,), Distance(1, 11_900_000_000), 22, 4)
    made = explanation()
    first = made.pages[0]
    lost = Section(
        "missing",
        "What is missing",
        (Row(understood.DIFFUSION, "11.9 GB", "Without it nothing is sampled.", ("192:37",), (), "MODEL001"),),
    )
    unknown = Section(
        "unknown",
        "Not known here",
        (Row("", "", "Nothing is known of FancyGrainNode: what happens in it is not told.", ("77",)),),
    )
    page = first._replace(sections=(*first.sections, lost, unknown))
    return scenario(Understood(replace(made, pages=(page, made.pages[1])), estimate(8)), entry(readiness=ready))


def nothing() -> Any:
    """An empty graph, as the server tells of it."""
    lead = (Row("", "", "What this workflow is for cannot be told from its nodes.", ()),)
    lost = Section(
        "missing", "What is missing here", (Row("no output node", "", "Nothing is saved or shown.", (), (), "LINK002"),)
    )
    page = Page("newcomer", "", lead, (lost,))
    made = explanation(
        anatomy=replace(understood.anatomy(NAME), kinds=(), kind_nodes=()),
        facts=explanation().facts[:1],
        drawing=Drawing(288, 0, (), ()),
        pages=(page, page._replace(reader="expert")),
    )
    return scenario(
        Understood(made, understood.Estimate(line="No model file is named, so hardly any GPU memory is wanted."))
    )


def all_unknown() -> Any:
    rows = tuple(
        Row("", "", f"Nothing is known of GridlabMystery{at}: what happens in it is not told.", (str(at),))
        for at in range(9)
    )
    dots = (Dot(1, 20, 20, "not known", "unknown", ("1",)),)
    lead = (Row("", "", "None of its 9 node types is known here, so what it does cannot be told.", ()),)
    page = Page("newcomer", "Kind not known", lead, (Section("unknown", "Not known here", rows),))
    made = explanation(
        drawing=Drawing(40, 40, dots, ()), pages=(page, page._replace(reader="expert")), facts=explanation().facts[:1]
    )
    fit = understood.Estimate(
        line="It cannot be told how much memory it wants.",
        fit="unsure",
        unknown=("9 nodes of types that are not known",),
    )
    return scenario(Understood(made, fit))


def huge(count: int = 1000) -> Any:
    """More of everything than anybody reads."""
    stages = tuple(
        Row(f"Pass {at + 1}", "", f"{at % 30 + 1} steps, euler.", (f"{at}:31", f"{at}:8")) for at in range(60)
    )
    models = tuple(
        Row(
            f"harbour_style_{at:04}_rank_{at % 64}_lora_for_the_second_pass.safetensors",
            f"{at % 900 + 1} MB",
            "Adds a style (LoRA, strength 0.8).",
            (str(at),),
        )
        for at in range(count)
    )
    dots = tuple(
        Dot(at + 1, 20 + 60 * (at % 40), 20 + 60 * (at % 3), "sample", "sample", (f"{at}:31",)) for at in range(60)
    )
    links = tuple((at, at + 1, ("LATENT", "IMAGE", "MODEL", "CONDITIONING")[at % 4]) for at in range(59))
    first = explanation().pages[0]
    page = first._replace(
        sections=(Section("how", "How it works", stages), Section("models", "Models", models), *first.sections[2:])
    )
    facts = tuple(Fact(f"model.{at}", "model", f"Model number {at} is loaded.", (str(at),)) for at in range(5 * count))
    made = explanation(
        pages=(page, page._replace(reader="expert")), drawing=Drawing(2500, 180, dots, links), facts=facts
    )
    return scenario(Understood(made, estimate(16, 48)))


def hostile() -> Any:
    evil = samples.HOSTILE
    rows = tuple(Row(each, each, each, (each, *evil[:9]), (each,), each[:8]) for each in evil)
    page = Page(
        "newcomer",
        evil[0],
        rows[:4],
        tuple(Section(key, evil[1], rows) for key in ("how", "models", "tune", "mind", evil[2])),
    )
    dots = tuple(Dot(at + 1, 40 * at, 30 * (at % 2), each, each, (each,)) for at, each in enumerate(evil[:8]))
    facts = tuple(Fact(each, each, each, (each,), (), (), each) for each in evil)
    made = explanation(
        pages=(page, page._replace(reader="expert")),
        drawing=Drawing(400, 60, dots, ((0, 1, evil[0]), (3, 99, "IMAGE"))),
        facts=facts,
    )
    fit = estimate(line=evil[0], note=evil[1], unknown=evil[:5])
    return scenario(Understood(made, fit, {**understood.RTX, "name": evil[3]}))


LONG = (
    "clients/nordhavn/2026-11/Client Nordhavn, harbour at dusk, take 14 (final, really final) inpaint + upscale + unbroken"
    + "unbroken" * 12
    + ".json"
)


def long_names() -> Any:
    made = explanation(LONG)
    first = made.pages[0]
    models = Section(
        "models",
        "Models",
        tuple(
            Row(
                ("very_long_and_unbroken_name_" * 5) + ".safetensors",
                "11.9 GB",
                "Makes the picture.",
                (f"192:{at}:88:1234567",),
            )
            for at in range(3)
        ),
    )
    page = first._replace(
        line="Image editing with a prompt, an upscale, a second pass and a video of it · Kite.1 Context and four more families",
        sections=(first.sections[0], models, *first.sections[2:]),
    )
    return scenario(Understood(replace(made, pages=(page, page._replace(reader="expert")))), entry(LONG))


def versions() -> Any:
    new = NAME.replace(".json", ".v2.json")
    return scenario(None, entry(new), entry(NAME, modified=NOW - 9 * 86_400))


BROKE: dict[str, Any] = {
    "when": NOW - 5 * 86_400,
    "last_good": NOW - 8 * 86_400,
    "because": [
        {"cause": "file_gone", "text": f"{understood.DIFFUSION} is not on the disk any more.", "evidence": "It was in models/diffusion_models until Sat 21 Nov, 11.9 GB.", "fix": "Look it up and download it again.", "fix_kind": "download"},
        {"cause": "pack_failed", "text": "ComfyUI-ReelSuite did not load.", "evidence": "ImportError: No module named reel.", "fix": "See why in ComfyUI's log.", "fix_kind": "log"},
    ],
    "differences": 2,
}  # fmt: skip
PRACTICE = [
    {"id": "steps.distilled", "text": "A distilled model runs 20 steps: 4 to 8 are usual, more make it worse.", "nodes": ["192:31"], "source": "The model's page", "url": "https://huggingface.co/grain-works/kite-quick", "weight": 1},
    {"id": "seed.fixed", "text": "The seed is fixed: each run gives the same picture.", "nodes": [], "source": "knowledge/practice.json", "url": "", "weight": 0},
]  # fmt: skip


def broken() -> Any:
    finding = samples.missing(0)._replace(name=understood.DIFFUSION)
    ready = Readiness(NAME, BLOCKED, (finding,), Distance(1, 11_900_000_000), 22, 4)
    change = Change(BROKE["when"], RUNNABLE, BLOCKED, "a file is gone", BROKE["last_good"])
    one = entry(readiness=ready, change=change)
    return scenario(None, one, health={SLUG: {"broke": BROKE, "practice": PRACTICE}})


def without_gpu(machine: Any, **fit: Any) -> Callable[[], Any]:
    return lambda: scenario(Understood(None, estimate(None, **fit), machine))


MAKE: dict[str, Callable[[], Any]] = {
    "explained": scenario,
    "explained-notes": noted,
    "explained-lacking": lacking,
    "explained-nothing": nothing,
    "explained-unknown": all_unknown,
    "explained-huge": huge,
    "explained-hostile": hostile,
    "explained-long": long_names,
    "explained-no-machine": without_gpu(understood.UNKNOWN),
    "explained-cpu": lambda: scenario(Understood(None, estimate(None, line="There is no GPU: 18.0 to 21.0 GB of RAM wanted, you have 64 GB", fit="cpu", against=64 * understood.GB, note=""), understood.CPU)),
    "explained-partner": lambda: scenario(Understood(None, understood.NOTHING)),
    "explained-tight": lambda: scenario(Understood(None, estimate(8, fit="tight"))),
    "tuned-none": lambda: scenario(Understood(tuned=lambda target: understood.tuning(target, changes=(), variants=(), none="The working memory alone is more than there is, whatever is done with the weights."))),
    "compared-same": lambda: scenario(Understood(compared=lambda old, new: understood.comparison(old, new, differences=(), consequences=(), verdict=""))),
    "versions": versions,
    "broken": broken,
}  # fmt: skip
