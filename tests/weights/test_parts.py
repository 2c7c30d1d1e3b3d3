"""What a model file holds, by its header: checkpoints, single models, GGUF, damage."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
from pathlib import Path

import pytest
from comfyfixersmart.core.weights.hashes import HashCache
from comfyfixersmart.core.weights.parts import parts_in, read_parts
from comfyfixersmart.core.weights.safetensors import safetensors_tensors
from comfyfixersmart.core.weights.types import Parts
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_headers import gguf

WIDTH = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "U8": 1}


def header(tensors: list[tuple[str, str, int]], metadata: dict[str, str] | None = None) -> tuple[bytes, int]:
    """The header of (name, type, numbers), and how many bytes of data follow."""
    body: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, kind, numbers in tensors:
        end = at + numbers * WIDTH.get(kind, 2)
        body[name] = {"dtype": kind, "shape": [numbers], "data_offsets": [at, end]}
        at = end
    raw = json.dumps(body).encode()
    return struct.pack("<Q", len(raw)) + raw, at


def sparse(path: Path, tensors: list[tuple[str, str, int]], metadata: dict[str, str] | None = None) -> Path:
    """A file with that header whose data are a hole."""
    raw, data = header(tensors, metadata)
    with path.open("wb") as file:
        file.write(raw)
        file.truncate(len(raw) + data)
    return path


def test_a_checkpoint_is_told_apart_by_the_names_of_its_tensors(tmp_path: Path) -> None:
    tensors = [
        ("model.diffusion_model.input_blocks.0.0.weight", "F16", 1000),
        ("conditioner.embedders.0.transformer.text_model.encoder.layers.0.mlp.fc1.weight", "F16", 300),
        ("first_stage_model.decoder.conv_in.weight", "F32", 80),
        ("model_ema.decay", "F32", 5),
    ]
    parts = read_parts(sparse(tmp_path / "heron.safetensors", tensors, {"modelspec.architecture": "heron-xl/base"}))
    assert parts.bytes == {"diffusion": 2000, "text_encoder": 600, "vae": 320, "unused": 20}
    assert parts.bits == {"diffusion": 16, "text_encoder": 16, "vae": 32, "unused": 32}
    assert parts.family == "heron-xl/base"


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (["double_blocks.0.img_attn.qkv.weight", "img_in.weight", "guidance_in.in_layer.bias"], "diffusion"),
        (["blocks.0.self_attn.q.weight", "patch_embedding.weight"], "diffusion"),
        (["encoder.block.0.layer.0.SelfAttention.q.weight", "shared.weight"], "text_encoder"),
        (
            ["model.layers.0.mlp.up_proj.weight", "model.embed_tokens.weight", "visual.blocks.0.attn.qkv.weight"],
            "text_encoder",
        ),
        (["encoder.conv_in.weight", "decoder.up.0.block.0.conv1.weight", "quant_conv.weight"], "vae"),
        (["encoder.downsamples.0.residual.2.weight", "decoder.middle.0.residual.2.weight", "conv2.weight"], "vae"),
        (["params_ema.body.0.weight"], "other"),
    ],
)
def test_a_file_of_one_model_is_that_model(tmp_path: Path, names: list[str], part: str) -> None:
    path = sparse(tmp_path / "one.safetensors", [(name, "BF16", 100) for name in names])
    assert read_parts(path).bytes == {part: 200 * len(names)}


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (["double_blocks.0.img_attn.qkv.weight", "vector_in.in_layer.weight"], "flux"),
        (
            ["double_blocks.0.img_attn.qkv.weight", "vector_in.in_layer.weight", "txt_in.t_embedder.mlp.0.bias"],
            "hunyuan_video",
        ),
        (["double_blocks.0.img_attn.qkv.weight", "distilled_guidance_layer.layers.0.in_layer.bias"], "chroma"),
        (["blocks.0.cross_attn.norm_k.weight", "head.modulation"], "wan"),
        (["model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight"], "sd3"),
        (["model.diffusion_model.label_emb.0.0.weight", "first_stage_model.quant_conv.weight"], "sdxl"),
        (["first_stage_model.decoder.time_stack.weight", "encoder.conv_in.weight"], ""),
        (["blocks.0.some.weight"], ""),
    ],
)
def test_the_family_is_told_by_names_that_only_one_has(tmp_path: Path, names: list[str], family: str) -> None:
    assert read_parts(sparse(tmp_path / "m.safetensors", [(name, "F16", 9) for name in names])).family == family


def test_mixed_precision_is_weighed_by_bytes(tmp_path: Path) -> None:
    path = sparse(
        tmp_path / "m.safetensors", [("double_blocks.0.a", "F8_E4M3", 900), ("double_blocks.0.b", "F32", 100)]
    )
    parts = read_parts(path)
    assert parts.bytes == {"diffusion": 1300}
    assert parts.bits["diffusion"] == pytest.approx(8 * 1300 / 1000)


def test_packed_numbers_in_whole_ones_of_32_bits_are_not_taken_for_32_bits(tmp_path: Path) -> None:
    path = sparse(
        tmp_path / "p.safetensors", [("double_blocks.0.qweight", "I32", 900), ("double_blocks.0.s", "F16", 100)]
    )
    parts = read_parts(path)
    assert parts.bytes == {"diffusion": 900 * 2 + 200} and parts.bits == {"diffusion": 16}


def test_a_header_that_says_more_than_any_disk_holds_is_damaged(tmp_path: Path) -> None:
    path = sparse(tmp_path / "h.safetensors", [("double_blocks.0.a", "F16", 100)])
    path.write_bytes(path.read_bytes().replace(b"[0, 200]", b"[0, 9000000000000000000]"))
    assert read_parts(path) == Parts()
    path.write_bytes(path.read_bytes().replace(b"[0, 9000000000000000000]", b"[200, 0]"))
    assert read_parts(path) == Parts()  # ends before it begins


def test_gguf_keeps_its_own_bits(tmp_path: Path) -> None:
    head = gguf([("double_blocks.0.img_attn.qkv.weight", 2560, 12, 0), ("img_in.bias", 100, 0, 1440)])
    path = tmp_path / "q.gguf"
    path.write_bytes(head + b"\0" * 2000)
    parts = read_parts(path)
    assert parts.bytes == {"diffusion": 1440 + 400}
    assert parts.bits["diffusion"] == pytest.approx(8 * 1840 / 2660)
    assert parts.family == "testnet"


def test_names_at_the_borders_of_the_pieces_that_are_read(tmp_path: Path) -> None:
    tensors = [(f"model.diffusion_model.block_of_some_length.{n}.weight", "F16", 1) for n in range(20_000)]
    tensors += [(f"first_stage_model.some.longer.name.for.a.vae.{n}.weight", "F16", 1) for n in range(10_000)]
    raw, data = header(tensors)
    assert len(raw) > 3 << 20
    found, _ = safetensors_tensors(io.BytesIO(raw), len(raw) + data)
    assert list(found) == [(name, kind, 2) for name, kind, _ in tensors]
    assert read_parts(sparse(tmp_path / "m.safetensors", tensors)).bytes == {"diffusion": 40_000, "vae": 20_000}


def test_a_header_of_absurdly_many_tensors_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfyfixersmart.core.weights.parts._MOST", 50)
    for count, known in ((50, {"other": 50}), (51, {})):
        raw, data = header([(f"t{n}", "U8", 1) for n in range(count)])
        assert parts_in(io.BytesIO(raw), len(raw) + data, "safetensors").bytes == known


def test_what_cannot_be_read_has_no_parts(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"\0" * 64)
    (tmp_path / "b.ckpt").write_bytes(b"PK\3\4" + b"\0" * 64)
    (tmp_path / "c.gguf").write_bytes(b"GGUF\3\0\0\0")
    assert all(read_parts(tmp_path / name) == Parts() for name in ("a.safetensors", "b.ckpt", "c.gguf"))
    with pytest.raises(OSError):
        read_parts(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.safetensors")
        with pytest.raises(OSError):
            read_parts(tmp_path / "pipe.safetensors")


def test_parts_are_remembered_and_an_older_memory_is_read_again(tmp_path: Path) -> None:
    path = str(sparse(tmp_path / "m.safetensors", [("double_blocks.0.a", "F16", 10)]))
    cache = HashCache(tmp_path / "weights.json")
    found = cache.parts(path)
    cache.save()
    assert found is not None and found.bytes == {"diffusion": 20}
    body = json.loads((tmp_path / "weights.json").read_text())
    assert HashCache(tmp_path / "weights.json").parts(path) == found
    for damaged in ({"bytes": {"diffusion": 1}, "bits": 16.0, "family": ""}, {"bytes": "x"}, 7, None):
        body["files"][path]["parts"] = damaged
        (tmp_path / "weights.json").write_text(json.dumps(body))
        assert HashCache(tmp_path / "weights.json").parts(path) == found


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
TENSORS = st.lists(
    st.tuples(NAMES, st.sampled_from(sorted(WIDTH)), st.integers(0, 9)), max_size=30, unique_by=lambda one: one[0]
)


@given(TENSORS, st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=3))
@settings(max_examples=200, deadline=None)
def test_no_byte_is_lost_whatever_the_names_are(tensors: list[tuple[str, str, int]], metadata: dict[str, str]) -> None:
    raw, data = header(tensors, metadata)
    parts = parts_in(io.BytesIO(raw), len(raw) + data, "safetensors")
    assert sum(parts.bytes.values()) == data
    assert Parts.from_json(json.loads(json.dumps(parts.as_json()))) == parts


@given(st.binary(max_size=400), st.integers(0, 500))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_survived(raw: bytes, length: int) -> None:
    for data in (raw, struct.pack("<Q", length) + b"{" + raw, b"GGUF\3\0\0\0" + raw):
        for form in ("safetensors", "gguf", "pickle"):
            parts_in(io.BytesIO(data), len(data) + 1000, form)
