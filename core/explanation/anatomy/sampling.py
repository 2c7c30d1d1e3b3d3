"""The sampling passes: their settings, what feeds them, and in which order they run. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ...workflow.types import Node
from ..graph import Feed, Given
from ..types import CHECKPOINT, DIFFUSION_MODEL, ModelPart, Sampling, Size
from .latents import Latents, Start
from .reader import PICTURES, Reader
from .texts import Texts
from .trail import trail

_SETUP = ("GUIDER", "SIGMAS", "SAMPLER", "NOISE")
_KEYS = ("steps", "cfg", "sampler", "scheduler", "denoise", "seed", "first_step", "last_step", "guidance")


def samplings(
    reader: Reader, parts: list[ModelPart], texts: Texts, sizes: list[Size], unused: Collection[str] = ()
) -> list[Sampling]:
    """All sampling passes that run, in the order in which data flows; `unused`: nodes that nothing depends on.

    Fills `texts` and `sizes`, and writes into `parts` who uses them.
    """
    places: dict[str, list[int]] = {}
    for place, part in enumerate(parts):
        places.setdefault(part.node, []).append(place)
    found, made = list[Sampling](), dict[str, Size | None]()
    latents = Latents(reader, made)
    for node in reader.view.order():
        if reader.samples(node) and node.id not in unused:
            begin = latents.start_of(node)
            made[node.id] = begin.size
            found.append(_pass(reader, node, begin, parts, places, texts, sizes))
    decoders = _decoders(reader)
    for place, part in enumerate(parts):
        own = [one.node for one in found if place in one.models]
        own += [sampler for sampler in decoders.get(part.node, ()) if sampler not in own]
        parts[place] = part._replace(samplers=tuple(own))
    return found


def _pass(
    reader: Reader, node: Node, begin: Start, parts: list[ModelPart], places: dict[str, list[int]], texts: Texts,
    sizes: list[Size],
) -> Sampling:  # fmt: skip
    view = reader.view
    setup = list(_setup(reader, node))
    given = _settings(reader, [node, *setup])
    size = None
    if begin.size is not None:
        if begin.size not in sizes:
            sizes.append(begin.size)
        size = sizes.index(begin.size)
    conditioning = {label: _conditioning(reader, [node, *setup], label) for label in ("positive", "negative")}
    for feed in conditioning["positive"]:
        for one in trail(reader, feed, "CONDITIONING", "positive", reader.samples):
            if given["guidance"] is None and reader.does(one.node) in ("guidance", "text"):
                given["guidance"] = reader.given(one.node, "guidance")
    silent = _silent(given["cfg"])
    positive = [place for feed in conditioning["positive"] for place in texts.behind(feed, "positive", node.id)]
    positive += [texts.add(use, one, node.id, "") for use, one in texts.of(node, "positive")]
    own = {(texts.found[place].given.node, texts.found[place].given.input) for place in positive}
    negative = [
        place
        for feed in conditioning["negative"]
        for place in _negative(texts, feed, node.id, silent, own)
    ]
    negative += [texts.add(use, one, node.id, silent) for use, one in texts.of(node, "negative")]
    used = dict.fromkeys(
        place for one in _weights(reader, node) for place in places.get(one.id, ())
    )
    return Sampling(
        node.id, node.class_type, node.title, (node.id, *(one.id for one in setup)),
        given["steps"], given["cfg"], given["guidance"], given["sampler"], given["scheduler"], given["denoise"],
        given["seed"], _control(reader, given["seed"]), given["first_step"], given["last_step"],
        _shift(reader, [node, *setup]), begin.start, begin.after, begin.masked,
        tuple(sorted(used, key=lambda place: parts[place].role not in (DIFFUSION_MODEL, CHECKPOINT))),
        tuple(dict.fromkeys(positive)), tuple(dict.fromkeys(negative)), size,
    )  # fmt: skip


def _setup(reader: Reader, node: Node) -> Iterator[Node]:
    """What sets a sampler up: guider, scheduler, choice of the sampler, noise; nearest first."""
    view = reader.view
    row, seen = [node], {node.id}
    while row:
        one = row.pop(0)
        for name in view.feeds(one):
            feed = view.feeds(one)[name]
            if view.kind(one, name) in _SETUP and feed.node.id not in seen and not reader.samples(feed.node):
                seen.add(feed.node.id)
                row.append(feed.node)
                yield feed.node


def _settings(reader: Reader, nodes: list[Node]) -> dict[str, Given | None]:
    found: dict[str, Given | None] = {}
    for key in _KEYS:
        found[key] = next((given for one in nodes if (given := reader.given(one, key)) is not None), None)
    return found


def _silent(cfg: Given | None) -> str:
    """The node that holds a cfg of exactly 1, which leaves the negative side out."""
    one = cfg is not None and isinstance(cfg.value, (int, float)) and cfg.value == 1 and cfg.value is not True
    return cfg.node if one and cfg is not None else ""


def _conditioning(reader: Reader, nodes: list[Node], label: str) -> list[Feed]:
    """What feeds the positive or the negative side: of the sampler, else of its guider."""
    view = reader.view
    for one in nodes:
        names = [name for name in view.feeds(one) if view.kind(one, name) == "CONDITIONING"]
        if not names:
            continue
        chosen = [name for name in names if label in name.lower()]
        if not chosen and label == "positive":
            chosen = [name for name in names if "negative" not in name.lower()]
        return [view.feeds(one)[name] for name in chosen]
    bundles = [feed for one in nodes for name, feed in view.feeds(one).items() if "PIPE" in view.kind(one, name)]
    return bundles[:1]


def _negative(
    texts: Texts, feed: Feed, sampler: str, silent: str, positive: set[tuple[str, str]]
) -> list[int]:
    """The negative texts; a text that is the positive one too, and zeroed out on this side, is no negative text."""
    places = []
    for given, use, zeroed in texts.conditioning(feed, "negative"):
        if not (zeroed and (given.node, given.input) in positive):
            places.append(texts.add(use, given, sampler, silent or zeroed))
    return places


def _weights(reader: Reader, node: Node) -> Iterator[Node]:
    """The nodes behind a sampler that bring weights to it: all but what comes in as pictures, sound, text or numbers."""
    view = reader.view
    row, seen = [node], {node.id}
    while row:
        one = row.pop(0)
        yield one
        for name, feed in view.feeds(one).items():
            if feed.node.id in seen or reader.samples(feed.node) or view.kind(one, name) in _NO_WEIGHTS:
                continue
            seen.add(feed.node.id)
            row.append(feed.node)


_NO_WEIGHTS = PICTURES | {"UPSCALE_MODEL", "LATENT_UPSCALE_MODEL"}


def _shift(reader: Reader, nodes: list[Node]) -> Given | None:
    view = reader.view
    for one in nodes:
        if (own := reader.given(one, "shift")) is not None:
            return own
        names = [name for name in view.feeds(one) if view.kind(one, name) == "MODEL"]
        for name in names[:1]:
            for feed in trail(reader, view.feed(one, name), "MODEL", "", reader.samples):
                if reader.does(feed.node) == "model_sampling" and (found := reader.given(feed.node, "shift")):
                    return found
    return None


def _control(reader: Reader, seed: Given | None) -> str:
    """What happens to the seed after a run, as stored beside it."""
    node = reader.view.by_id.get(seed.node) if seed is not None else None
    widgets = node.widgets if node is not None else ()
    if isinstance(widgets, list):
        return next((one for one in widgets if isinstance(one, str) and one in _CONTROLS), "")
    return ""


_CONTROLS = ("fixed", "increment", "decrement", "randomize")


def _decoders(reader: Reader) -> dict[str, list[str]]:
    """Loader node → the sampling passes whose result is decoded with what it loads."""
    view = reader.view
    found: dict[str, list[str]] = {}
    for node in view.nodes:
        if reader.does(node) not in ("decode", "decode_tiled"):
            continue
        names = {name: view.kind(node, name) for name in view.feeds(node)}
        latent = next((name for name, kind in names.items() if kind == "LATENT"), None)
        vae = next((name for name, kind in names.items() if "VAE" in kind or kind == ""), None)
        if latent is None or vae is None:
            continue
        made = [
            feed.node.id
            for feed in trail(reader, view.feed(node, latent), "LATENT", "", reader.samples)
            if reader.samples(feed.node)
        ]
        for feed in trail(reader, view.feed(node, vae), "VAE", "", reader.samples):
            found.setdefault(feed.node.id, []).extend(made)
    return found
