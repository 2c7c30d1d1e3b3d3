"""What a node of an unknown type does, as far as its sockets leave no choice. Pure."""

from __future__ import annotations

from ...workflow.types import Node
from ..graph import View

VALUES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "NUMBER"})
MODELS = frozenset(
    {"MODEL", "CLIP", "VAE", "CONTROL_NET", "CLIP_VISION", "STYLE_MODEL", "UPSCALE_MODEL", "MODEL_PATCH", "IPADAPTER"}
)
MEDIA = frozenset({"IMAGE", "VIDEO", "AUDIO", "MASK", "MESH", "LATENT", "FILE_3D"})
_SETUP = {"GUIDER": "guider", "SIGMAS": "sigmas", "SAMPLER": "sampler", "NOISE": "noise"}


def by_sockets(view: View, node: Node) -> str:
    """A key of "does" in `knowledge/roles.json`; "process" where media go in or come out, "" where nothing is known."""
    outs = {kind for kind in view.outputs(node) if kind not in ("", "*")}
    linked = {view.kind(node, name) for name in view.feeds(node)}
    ins = {slot.type for slot in node.slots if slot.widget is None} | linked
    known = view.known(node)
    if known is not None and known.inputs:
        ins |= {one.type for one in known.inputs if not one.widget}
    ins -= {"", "*"}
    names = {slot.name for slot in node.slots} | set(view.values(node))
    if _samples(ins, outs, names):
        return "sample"
    if len(outs) == 1 and (setup := _SETUP.get(next(iter(outs)))):
        return setup
    return _models(ins, outs, names) or _values(ins, outs) or _media(ins, outs)


def _samples(ins: set[str], outs: set[str], names: set[str]) -> bool:
    modelled = any("MODEL" in kind or "PIPE" in kind for kind in ins)
    chosen = "steps" in names and bool(names & {"cfg", "sampler_name", "guidance_scale", "cfg_scale"})
    return modelled and chosen and bool(outs & {"LATENT", "IMAGE"})


def _models(ins: set[str], outs: set[str], names: set[str]) -> str:
    if "CONDITIONING" in outs:
        return "condition" if "CONDITIONING" in ins else "text" if "CLIP" in ins else ""
    shared = ins & outs & MODELS
    if shared:
        return "lora" if "lora_name" in names else "patch"
    return "load" if outs & MODELS and not ins else ""


def _values(ins: set[str], outs: set[str]) -> str:
    return "compute" if outs and outs <= VALUES and ins <= VALUES else ""


def _media(ins: set[str], outs: set[str]) -> str:
    if "LATENT" in outs:
        return "latent_op" if "LATENT" in ins else "encode" if {"IMAGE", "VAE"} <= ins else "latent" if not ins else ""
    if "IMAGE" in outs and {"LATENT", "VAE"} <= ins:
        return "decode"
    if outs == {"MASK"}:
        return "mask"
    return "process" if (ins | outs) & MEDIA else ""
