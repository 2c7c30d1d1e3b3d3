"""The sampling passes: their settings, what feeds them, and in which order they run. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ...workflow.types import Node
from ..graph import Feed, Given
from ..types import CHECKPOINT, DIFFUSION_MODEL, ModelPart, Sampling, Size
from .latents import Latents, Start
from .reader import PICTURES, Reader
from .setup import Settings, seed_control, settings, setup, shift
from .texts import Texts
from .trail import trail

_NO_WEIGHTS = PICTURES | {"STRING_PROMPT", "UPSCALE_MODEL", "LATENT_UPSCALE_MODEL"}


class Passes:
    """Finds the sampling passes. Fills `texts` and `sizes`, and writes into `parts` by which passes they are used."""

    def __init__(self, reader: Reader, parts: list[ModelPart], texts: Texts, sizes: list[Size]) -> None:
        self._reader = reader
        self._parts = parts
        self._texts = texts
        self._sizes = sizes
        self._places: dict[str, list[int]] = {}
        for place, part in enumerate(parts):
            self._places.setdefault(part.node, []).append(place)

    def find(self, unused: Collection[str]) -> list[Sampling]:
        """All passes that run, in the order in which data flows. `unused`: nodes that nothing depends on."""
        reader, made = self._reader, dict[str, Size | None]()
        latents = Latents(reader, made)
        found = []
        for node in reader.view.order():
            if reader.samples(node) and node.id not in unused:
                begin = latents.start_of(node)
                made[node.id] = begin.size
                found.append(self._pass(node, begin))
        decoders = _decoders(reader)
        for place, part in enumerate(self._parts):
            own = [one.node for one in found if place in one.models]
            own += [sampler for sampler in decoders.get(part.node, ()) if sampler in made and sampler not in own]
            self._parts[place] = part._replace(samplers=tuple(own))
        return found

    def _pass(self, node: Node, begin: Start) -> Sampling:
        reader, parts = self._reader, self._parts
        feeds = setup(reader, node)
        nodes = [node, *(feed.node for feed in feeds)]
        given = settings(reader, node, feeds)
        positive, negative = self._prompts(node, nodes, given)
        weights = list(_weights(reader, node))
        used = dict.fromkeys(place for one in weights for place in self._places.get(one.id, ()))
        size = begin.size
        if size is not None and size.of == "image" and any(reader.view.role(one).get("animates") for one in weights):
            size = size._replace(of="video", frames=size.batch, batch=None)  # each picture of the batch is a frame
        return Sampling(
            node.id, node.class_type, node.title, tuple(one.id for one in nodes),
            given["steps"], given["cfg"], given["guidance"], given["sampler"], given["scheduler"], given["denoise"],
            given["seed"], seed_control(reader, given["seed"]), given["first_step"], given["last_step"],
            shift(reader, nodes), begin.start, begin.after, begin.masked or self._masked(nodes),
            tuple(sorted(used, key=lambda place: parts[place].role not in (DIFFUSION_MODEL, CHECKPOINT))),
            positive, negative, self._size(size),
        )  # fmt: skip

    def _size(self, size: Size | None) -> int | None:
        if size is None:
            return None
        if size not in self._sizes:
            self._sizes.append(size)
        return self._sizes.index(size)

    def _prompts(self, node: Node, nodes: list[Node], given: Settings) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The places of the positive and of the negative texts; looks for the guidance on the positive side too."""
        reader, texts = self._reader, self._texts
        silent = _silent(given["cfg"])
        positive: list[int] = []
        for feed, kind in _sides(reader, nodes, "positive"):
            if given["guidance"] is None:
                given["guidance"] = _guidance(reader, feed, kind)
            positive += texts.behind(feed, "positive", node.id, kind=kind)
        positive += [texts.add(use, one, node.id, "") for use, one in texts.of(node, "positive")]
        own = {(texts.found[place].given.node, texts.found[place].given.input) for place in positive}
        negative: list[int] = []
        for feed, kind in _sides(reader, nodes, "negative"):
            negative += texts.behind(feed, "negative", node.id, silent, kind=kind, unless=own)
        negative += [texts.add(use, one, node.id, silent) for use, one in texts.of(node, "negative")]
        return tuple(dict.fromkeys(positive)), tuple(dict.fromkeys(negative))

    def _masked(self, nodes: list[Node]) -> bool:
        """Whether a mask reaches the pass by its conditioning or its model."""
        reader, view = self._reader, self._reader.view
        feeds = [(one, "CONDITIONING") for one, _ in _sides(reader, nodes, "positive")]
        feeds += [(feed, "MODEL") for one in nodes for name, feed in view.feeds(one).items()
                  if view.kind(one, name) == "MODEL"]  # fmt: skip
        behind = [one.node for feed, kind in feeds for one in trail(reader, feed, kind, "positive", reader.samples)]
        return any(
            view.feed(one, name) is not None for one in (*nodes, *behind) for name in view.role(one).get("masks", ())
        )


def _silent(cfg: Given | None) -> str:
    """The node that holds a cfg of exactly 1, which leaves the negative side out."""
    plain = cfg is not None and type(cfg.value) in (int, float) and cfg.value == 1
    return cfg.node if plain and cfg is not None else ""


def _sides(reader: Reader, nodes: list[Node], side: str) -> list[tuple[Feed, str]]:
    """What feeds one side of the guidance, of the sampler or else of its guider, and the type of that link."""
    view = reader.view
    for one in nodes:
        named = view.role(one).get("conditioning")
        if named is not None:
            return [
                (f, view.kind(one, name)) for name in named.get(side, ()) if (f := view.feed(one, name)) is not None
            ]
        names = [name for name in view.feeds(one) if view.kind(one, name) == "CONDITIONING"]
        chosen = [name for name in names if side in name.lower()]
        if not chosen and side == "positive":
            chosen = [name for name in names if "negative" not in name.lower()]
        if names:
            return [(view.feeds(one)[name], "CONDITIONING") for name in chosen]
    pipes = [f for one in nodes for name, f in view.feeds(one).items() if "PIPE" in view.kind(one, name).upper()]
    return [(pipe, "CONDITIONING") for pipe in pipes[:1]]


def _guidance(reader: Reader, feed: Feed, kind: str) -> Given | None:
    for one in trail(reader, feed, kind, "positive", reader.samples):
        if reader.does(one.node) in ("guidance", "text") and (found := reader.given(one.node, "guidance")) is not None:
            return found
    return None


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


def _decoders(reader: Reader) -> dict[str, list[str]]:
    """Loader node → the sampling passes whose result is decoded with what it loads."""
    view = reader.view
    found: dict[str, list[str]] = {}
    for node in view.nodes:
        if reader.does(node) not in ("decode", "decode_tiled"):
            continue
        kinds = {name: view.kind(node, name) for name in view.feeds(node)}
        latent = next((name for name, kind in kinds.items() if kind == "LATENT"), None)
        vae = next((name for name, kind in kinds.items() if "VAE" in kind or "vae" in name.lower()), None)
        if latent is None or vae is None:
            continue
        behind = trail(reader, view.feed(node, latent), "LATENT", "", reader.samples)
        made = [feed.node.id for feed in behind if reader.samples(feed.node)]
        for feed in trail(reader, view.feed(node, vae), kinds[vae], "", reader.samples):
            found.setdefault(feed.node.id, []).extend(made)
    return found
