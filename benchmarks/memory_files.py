"""Model files with headers as published files have them, and holes where their data would be: what a checkpoint, a single
diffusion model, a text encoder or a VAE looks like in several types. Names and shapes follow the published models; nothing is
downloaded and no disk is filled.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

WIDTH = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1}
BLOCKS = {"F16": (1, 1, 2), "Q8_0": (8, 32, 34), "Q4_K": (12, 256, 144), "Q6_K": (14, 256, 210), "F32": (0, 1, 4)}
Tensor = tuple[str, str, int]  # name, type, numbers


class Case(NamedTuple):
    """One file: its name, the loader's role, its family, its tensors, and the part of each tensor that is not of the role."""

    name: str
    role: str
    family: str
    tensors: tuple[Tensor, ...]


def cases() -> Iterator[Case]:
    """Every file."""
    for kind in ("F16", "F32", "BF16"):
        yield Case(f"heron_xl_{kind.lower()}.safetensors", "checkpoint", "sdxl", tuple(_xl(kind)))
    yield Case("heron_15_pruned_ema.safetensors", "checkpoint", "sd15", tuple(_fifteen()))
    yield Case("heron_flux_fp8_all.safetensors", "checkpoint", "flux", tuple(_flux_checkpoint()))
    for kind in ("BF16", "F8_E4M3"):
        name = f"heron_flux_{kind.lower()}.safetensors"
        yield Case(name, "diffusion_model", "flux", tuple(_flux(kind)))
    for kind in ("F16", "F8_E4M3", "I8"):
        yield Case(f"heron_wan_14b_{kind.lower()}.safetensors", "diffusion_model", "wan", tuple(_wan(kind)))
    yield Case("heron_qwen_image_bf16.safetensors", "diffusion_model", "qwen_image", tuple(_qwen_image()))
    yield Case("heron_t5xxl_fp16.safetensors", "text_encoder", "", tuple(_t5("F16", 24, 4096, 10240)))
    yield Case("heron_umt5_fp8.safetensors", "text_encoder", "", tuple(_t5("F8_E4M3", 24, 4096, 10240, 256_384)))
    yield Case("heron_qwen_vl_7b_fp8.safetensors", "text_encoder", "", tuple(_llama("F8_E4M3")))
    yield Case("heron_clip_l.safetensors", "text_encoder", "", tuple(_clip("F16")))
    yield Case("heron_vae_fp32.safetensors", "vae", "", tuple(_kl("", "F32")))
    yield Case("heron_video_vae_bf16.safetensors", "vae", "wan", tuple(_video_vae("BF16")))
    for kind in ("Q8_0", "Q4_K", "Q6_K"):
        name = f"heron_flux_{kind}.gguf"
        yield Case(
            name, "diffusion_model", "flux", tuple((n, kind if m > 10_000 else "F32", m) for n, _, m in _flux("F16"))
        )
    yield Case("heron_t5_Q8_0.gguf", "text_encoder", "", tuple((n, "Q8_0", m) for n, _, m in _t5_gguf()))


def write(folder: Path, case: Case) -> tuple[Path, int]:
    """The file on the disk, and the bytes of its tensors."""
    path = folder / case.name
    raw, data = (_gguf if case.name.endswith(".gguf") else _safetensors)(case.tensors)
    with path.open("wb") as file:
        file.write(raw)
        file.truncate(len(raw) + data)
    return path, sum(size(kind, numbers) for _, kind, numbers in case.tensors)


def size(kind: str, numbers: int) -> int:
    """Bytes of a tensor."""
    if kind in WIDTH:
        return numbers * WIDTH[kind]
    _, block, length = BLOCKS[kind]
    return numbers // block * length


def _safetensors(tensors: Iterable[Tensor]) -> tuple[bytes, int]:
    body: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, kind, numbers in tensors:
        body[name] = {"dtype": kind, "shape": [numbers], "data_offsets": [at, at := at + size(kind, numbers)]}
    raw = json.dumps(body).encode()
    return struct.pack("<Q", len(raw)) + raw, at


def _gguf(tensors: Iterable[Tensor]) -> tuple[bytes, int]:
    def text(word: str) -> bytes:
        return struct.pack("<Q", len(word)) + word.encode()

    infos, at = [], 0
    for name, kind, numbers in tensors:
        infos.append(text(name) + struct.pack("<IQIQ", 1, numbers, BLOCKS[kind][0], at))
        at += (size(kind, numbers) + 31) // 32 * 32
    pair = text("general.architecture") + struct.pack("<I", 8) + text("heron")
    raw = b"GGUF" + struct.pack("<IQQ", 3, len(infos), 1) + pair + b"".join(infos)
    return raw + b"\0" * (-len(raw) % 32), at


# ---- models ------------------------------------------------------------------------------------------------------


def _xl(kind: str) -> Iterator[Tensor]:
    for level, (width, depth) in enumerate(((320, 0), (640, 2), (1280, 10))):
        for block in range(3):
            head = f"model.diffusion_model.input_blocks.{3 * level + block}"
            yield f"{head}.0.in_layers.2.weight", kind, 9 * width * width
            for layer in range(depth):
                yield f"{head}.1.transformer_blocks.{layer}.ff.net.0.proj.weight", kind, 8 * width * width
                yield f"{head}.1.transformer_blocks.{layer}.attn1.to_q.weight", kind, width * width
    yield "model.diffusion_model.out.2.weight", kind, 11520
    yield from _clip(kind, "conditioner.embedders.0.transformer.")
    for layer in range(32):
        yield f"conditioner.embedders.1.model.transformer.resblocks.{layer}.mlp.c_fc.weight", kind, 1280 * 5120
    yield from _kl("first_stage_model.", kind)


def _fifteen() -> Iterator[Tensor]:
    for block in range(12):
        yield f"model.diffusion_model.input_blocks.{block}.1.proj_in.weight", "F32", 320 * 320 * (1 + block)
        yield f"model_ema.diffusion_modelinput_blocks{block}1proj_inweight", "F32", 320 * 320 * (1 + block)
    yield from _clip("F32", "cond_stage_model.transformer.")
    yield from _kl("first_stage_model.", "F32")
    yield "alphas_cumprod", "F32", 1000


def _flux(kind: str, head: str = "") -> Iterator[Tensor]:
    for block in range(19):
        for side in ("img", "txt"):
            yield f"{head}double_blocks.{block}.{side}_attn.qkv.weight", kind, 9216 * 3072
            yield f"{head}double_blocks.{block}.{side}_mlp.0.weight", kind, 12288 * 3072
            yield f"{head}double_blocks.{block}.{side}_mod.lin.weight", kind, 18432 * 3072
            yield f"{head}double_blocks.{block}.{side}_attn.norm.query_norm.scale", "F32", 128
    for block in range(38):
        yield f"{head}single_blocks.{block}.linear1.weight", kind, 21504 * 3072
        yield f"{head}single_blocks.{block}.linear2.weight", kind, 3072 * 15360
    yield f"{head}img_in.weight", kind, 3072 * 64
    yield f"{head}final_layer.linear.weight", kind, 64 * 3072


def _flux_checkpoint() -> Iterator[Tensor]:
    yield from _flux("F8_E4M3", "model.diffusion_model.")
    yield from ((f"text_encoders.t5xxl.transformer.{n}", k, m) for n, k, m in _t5("F8_E4M3", 24, 4096, 10240))
    yield from ((f"text_encoders.clip_l.transformer.{n}", k, m) for n, k, m in _clip("F16"))
    yield from _kl("vae.", "F32")


def _wan(kind: str) -> Iterator[Tensor]:
    for block in range(40):
        for part in ("self_attn.q", "self_attn.k", "cross_attn.v", "cross_attn.o"):
            yield f"blocks.{block}.{part}.weight", kind, 5120 * 5120
            if kind != "F16":
                yield f"blocks.{block}.{part}.scale_weight", "F32", 1
        yield f"blocks.{block}.ffn.0.weight", kind, 13824 * 5120
        yield f"blocks.{block}.modulation", "F32", 6 * 5120
    yield "patch_embedding.weight", "F32", 5120 * 64
    yield "text_embedding.0.weight", kind, 5120 * 4096


def _qwen_image() -> Iterator[Tensor]:
    for block in range(60):
        for part in ("attn.to_q", "attn.add_q_proj", "img_mlp.net.0.proj", "txt_mlp.net.2"):
            yield f"transformer_blocks.{block}.{part}.weight", "BF16", 3072 * 3072 * (4 if "mlp" in part else 1)
    yield "img_in.weight", "BF16", 3072 * 64


def _t5(kind: str, layers: int, width: int, inner: int, words: int = 32_128) -> Iterator[Tensor]:
    yield "shared.weight", kind, words * width
    for layer in range(layers):
        for part in ("q", "k", "v", "o"):
            yield f"encoder.block.{layer}.layer.0.SelfAttention.{part}.weight", kind, width * width
        for part in ("wi_0", "wi_1", "wo"):
            yield f"encoder.block.{layer}.layer.1.DenseReluDense.{part}.weight", kind, width * inner
        yield f"encoder.block.{layer}.layer.0.layer_norm.weight", "F32", width


def _t5_gguf() -> Iterator[Tensor]:
    yield "token_embd.weight", "", 32_128 * 4096
    for layer in range(24):
        for part in ("attn_q", "attn_k", "ffn_up"):
            yield f"enc.blk.{layer}.{part}.weight", "", 4096 * 4096


def _llama(kind: str) -> Iterator[Tensor]:
    yield "model.embed_tokens.weight", "BF16", 152_064 * 3584
    for layer in range(28):
        yield f"model.layers.{layer}.mlp.gate_proj.weight", kind, 3584 * 18944
        yield f"model.layers.{layer}.self_attn.q_proj.weight", kind, 3584 * 3584
    for block in range(32):
        yield f"visual.blocks.{block}.attn.qkv.weight", "BF16", 3 * 1280 * 1280


def _clip(kind: str, head: str = "") -> Iterator[Tensor]:
    yield f"{head}text_model.embeddings.token_embedding.weight", kind, 49_408 * 768
    for layer in range(12):
        yield f"{head}text_model.encoder.layers.{layer}.mlp.fc1.weight", kind, 768 * 3072


def _kl(head: str, kind: str) -> Iterator[Tensor]:
    yield f"{head}quant_conv.weight", kind, 64
    for side, way in (("encoder", "down"), ("decoder", "up")):
        yield f"{head}{side}.conv_in.weight", kind, 512 * 4 * 9
        for block in range(4):
            yield f"{head}{side}.{way}.{block}.block.0.conv1.weight", kind, 512 * 512 * 9


def _video_vae(kind: str) -> Iterator[Tensor]:
    for side, way in (("encoder", "downsamples"), ("decoder", "upsamples")):
        yield f"{side}.conv1.weight", kind, 96 * 3 * 27
        for block in range(12):
            yield f"{side}.{way}.{block}.residual.2.weight", kind, 384 * 384 * 27
    yield "conv2.weight", kind, 256
