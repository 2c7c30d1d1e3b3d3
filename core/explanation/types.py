"""What is understood of a workflow: its anatomy, the facts that follow, and the pages people read. Pure values.

An `Anatomy` is the graph in the field's terms: models with their roles, sampling passes, sizes, texts, inputs and
outputs. Facts are sentences about it; each says its nodes, and every name and number in it stands in `graph` (copied
from the file) or in `known` (from the source named). Pages cite facts and say nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..workflow.raw import Json
from .graph import Given
from .outline import Counts, Note

# Roles of model files. The first group holds what is in GPU memory while sampling.
CHECKPOINT, DIFFUSION_MODEL, LORA, CONTROLNET, IP_ADAPTER, MODEL_PATCH = (
    "checkpoint", "diffusion_model", "lora", "controlnet", "ip_adapter", "model_patch",
)  # fmt: skip
TEXT_ENCODER, VAE, CLIP_VISION, AUDIO_ENCODER, STYLE_MODEL = (
    "text_encoder", "vae", "clip_vision", "audio_encoder", "style_model",
)  # fmt: skip
UPSCALER, EMBEDDING, DETECTOR, LANGUAGE_MODEL, OTHER = "upscaler", "embedding", "detector", "language_model", "other"

GRAPH = "graph"  # a fact's source where nothing but the file says it


class ModelPart(NamedTuple):
    """One model file named by one node that runs.

    `family`: a key of `knowledge/families.json`, "" when not known; `family_from`: how it is known ("file name",
    "header", "loader"). `strengths`: of a LoRA or ControlNet. `dtype`: what the loader was told ("default",
    "fp8_e4m3fn" …), None where it has no such choice. `samplers`: ids of the sampling passes that it takes part in.
    `optional`: the node fetches it itself. `used` is False where nothing that goes out depends on its node (a branch that a
    switch leaves out): it is not loaded. `device`: of a text encoder, where its loader was told to run it ("default", "cpu").
    """

    name: str
    folders: tuple[str, ...]
    node: str
    input: str
    class_type: str
    role: str
    family: str = ""
    family_from: str = ""
    strengths: tuple[Given, ...] = ()
    dtype: Given | None = None
    samplers: tuple[str, ...] = ()
    optional: bool = False
    used: bool = True
    device: Given | None = None


class Text(NamedTuple):
    """A text that a person wrote. `use`: "positive", "negative", "instruction" (to a language model), "lyrics", "tags",
    "speech" or "text". `effect` is False where the graph takes its effect away (zeroed out, or cfg 1), and
    `why` then says by which node. `given` is where it would be changed."""

    node: str
    use: str
    given: Given
    samplers: tuple[str, ...] = ()
    effect: bool = True
    why: str = ""


class Size(NamedTuple):
    """The size of what is made, and where it stands. `of`: "image", "video", "audio" or "3d". A value that the graph works
    out while it runs (the size of the person's picture) is a Given without value, or None where nothing says it."""

    node: str
    of: str
    width: Given | None = None
    height: Given | None = None
    frames: Given | None = None
    batch: Given | None = None
    seconds: Given | None = None
    fps: Given | None = None
    megapixels: Given | None = None  # where a picture is scaled to so many, and its sides follow from it


class Sampling(NamedTuple):
    """One sampling pass. `models`: places in `Anatomy.models` of what feeds it, the diffusion model first. `start`: "noise"
    (an empty latent), "image" or "video" (an encoded picture), "pass" (what another pass left) or "" (not known).
    `after`: the pass before it, for "pass". `guidance`: of FluxGuidance and its like. `positive`, `negative`: places in
    `Anatomy.texts`. `nodes`: the sampler and what sets it up (guider, scheduler, noise)."""

    node: str
    class_type: str
    title: str
    nodes: tuple[str, ...]
    steps: Given | None = None
    cfg: Given | None = None
    guidance: Given | None = None
    sampler: Given | None = None
    scheduler: Given | None = None
    denoise: Given | None = None
    seed: Given | None = None
    seed_control: str = ""  # "fixed", "randomize" …
    first_step: Given | None = None
    last_step: Given | None = None
    shift: Given | None = None
    start: str = ""
    after: str = ""
    masked: bool = False  # an inpainting mask reaches it
    models: tuple[int, ...] = ()
    positive: tuple[int, ...] = ()
    negative: tuple[int, ...] = ()
    size: int | None = None  # place in `Anatomy.sizes`


class Step(NamedTuple):
    """A node that does something a person should know of, other than sampling.

    `does`: "encode", "decode", "decode_tiled", "upscale_model", "upscale", "upscale_latent", "control", "reference",
    "mask", "detect", "crop", "interpolate", "remove_background", "depth", "pose", "caption", "generate_text", "speech",
    "music", "mesh", "texture", "partner", "compose", "switch", "merge" … as `knowledge/roles.json` says.
    `medium`: what comes out: "image", "video", "audio", "3d", "text", "latent", "mask", "model" or "".
    """

    node: str
    class_type: str
    title: str
    does: str
    medium: str = ""
    values: tuple[Given, ...] = ()  # the few that matter (scale factor, tile size, strength)


class Ending(NamedTuple):
    """Where something comes in from a person (`name`: their file, or "") or goes out. `medium` as in Step.

    `used` is False for an input that nothing which goes out depends on; `preview`: shown, not kept."""

    node: str
    class_type: str
    title: str
    medium: str
    name: str = ""
    used: bool = True
    preview: bool = False


class Switch(NamedTuple):
    """A choice that the author built in. `takes`: the branch that holds now, "" where that is decided later."""

    node: str
    title: str
    given: Given | None
    takes: str
    branches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One workflow in the field's terms. Tuples are in the order in which data flows. `opaque`: active nodes of types
    that nothing here knows, as (id, class_type): what happens in them is not told. `off`: nodes that are muted or bypassed, as
    (id, class_type, title)."""

    name: str
    format: str
    kinds: tuple[str, ...]  # keys of `knowledge/tasks.json`, the main one first; () when it cannot be told
    kind_nodes: tuple[str, ...]  # the nodes that show it
    inputs: tuple[Ending, ...]
    outputs: tuple[Ending, ...]
    models: tuple[ModelPart, ...]
    samplings: tuple[Sampling, ...]
    sizes: tuple[Size, ...]
    texts: tuple[Text, ...]
    steps: tuple[Step, ...]
    switches: tuple[Switch, ...]
    partners: tuple[tuple[str, str], ...]  # (id, class_type) of paid partner nodes
    opaque: tuple[tuple[str, str], ...]
    off: tuple[tuple[str, str, str], ...]
    notes: tuple[Note, ...]
    groups: tuple[str, ...]
    counts: Counts


class Fact(NamedTuple):
    """One true sentence. `id` is stable and unique within a workflow ("sampling.31.steps"). `kind`: "task", "input",
    "output", "stage", "model", "lora", "sampling", "size", "text", "switch", "note", "knob", "risk", "cost", "missing",
    "unknown", "off", "practice", "licence". `source`: GRAPH, "knowledge/….json", or the definition or documentation
    that says it ("ComfyUI's documentation of KSampler"). `graph`: every name and number of the sentence that stands in
    the file; `known`: those that the source says; `counted`: numbers that count things of the graph (nodes, files);
    `measured`: sizes read from files, and estimates."""

    id: str
    kind: str
    text: str
    nodes: tuple[str, ...] = ()
    graph: tuple[Json, ...] = ()
    known: tuple[Json, ...] = ()
    source: str = GRAPH
    counted: tuple[int, ...] = ()
    measured: tuple[Json, ...] = ()
    weight: int = 0  # of a risk: 2 likely wrong, 1 worth a look, 0 good to know
    worked: tuple[tuple[Json, str, tuple[Json, ...]], ...] = ()  # (number, rule of `check.py`, the file's values)
    brief: tuple[str, str, str] = ("", "", "")  # the same as a row of a table: name, what stands at its right, the rest
    url: str = ""  # where the source can be read
    code: str = ""  # a finding code, where one stands for this


class Row(NamedTuple):
    """One row of a section: a name, what stands at its right, a sentence, the nodes to jump to, the facts it cites."""

    title: str
    side: str = ""
    text: str = ""
    nodes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    code: str = ""  # a finding code, where the row has one


class Section(NamedTuple):
    """A part of a page. `key`: "how", "models", "tune", "fit", "mind", "missing", "improve", "notes", "unknown" …"""

    key: str
    title: str
    rows: tuple[Row, ...]


class Page(NamedTuple):
    """One workflow explained for one reader ("newcomer" or "expert"): a line, a few sentences, sections."""

    reader: str
    line: str  # "Image editing with a prompt · Flux.1 Kontext"
    lead: tuple[Row, ...]
    sections: tuple[Section, ...]


class Dot(NamedTuple):
    """One stage in the drawing: number, place in drawing units, a short word, what it is, its nodes.

    `above`: the word stands above the dot, else below it. `loaders`: nodes that load the models it works with.
    """

    number: int
    x: int
    y: int
    label: str
    key: str
    nodes: tuple[str, ...]
    above: bool = True
    loaders: tuple[str, ...] = ()


class Drawing(NamedTuple):
    """The stages, drawn from left to right. `links`: (from, to, link type), places in `dots`."""

    width: int
    height: int
    dots: tuple[Dot, ...]
    links: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is said of one workflow. `pages`: newcomer, then expert. `markdown`: by reader."""

    name: str
    anatomy: Anatomy
    facts: tuple[Fact, ...]
    drawing: Drawing
    pages: tuple[Page, ...]
    markdown: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values, for the panel, `explain --json` and the reports."""
        return {
            "name": self.name,
            "kinds": list(self.anatomy.kinds),
            "facts": [{"id": f.id, "kind": f.kind, "text": f.text, "nodes": list(f.nodes), "source": f.source,
                       "url": f.url, "weight": f.weight, "code": f.code} for f in self.facts],
            "drawing": {
                "width": self.drawing.width,
                "height": self.drawing.height,
                "dots": [{**dot._asdict(), "nodes": list(dot.nodes), "loaders": list(dot.loaders)} for dot in self.drawing.dots],
                "links": [list(link) for link in self.drawing.links],
            },
            "pages": {page.reader: _page(page) for page in self.pages},
            "markdown": dict(self.markdown),
        }  # fmt: skip


def _page(page: Page) -> dict[str, Any]:
    return {
        "line": page.line,
        "lead": [_row(row) for row in page.lead],
        "sections": [{"key": s.key, "title": s.title, "rows": [_row(row) for row in s.rows]} for s in page.sections],
    }


def _row(row: Row) -> dict[str, Any]:
    return {**row._asdict(), "nodes": list(row.nodes), "facts": list(row.facts)}
