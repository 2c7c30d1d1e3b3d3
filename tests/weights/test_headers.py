"""What the headers of model files tell, and that nothing hostile in them hurts."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
from comfyfixersmart.core.weights.headers import format_of, header_facts


def safetensors(tensors: dict[str, int], metadata: dict[str, str] | None = None) -> bytes:
    """A sound file: each tensor is a row of F16 values, given by its bytes."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, size in tensors.items():
        header[name] = {"dtype": "F16", "shape": [size // 2], "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + b"\1" * at


def gguf_text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf(tensors: list[tuple[str, int, int, int]], *, version: int = 3, alignment: int | None = None) -> bytes:
    """(name, values, type, offset) of each tensor; header only, padded to the alignment."""
    pairs = [gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text("testnet")]
    words = b"".join(gguf_text(word) for word in ("a", "bc", "def"))
    pairs.append(gguf_text("tokens") + struct.pack("<IIQ", 9, 8, 3) + words)
    pairs.append(gguf_text("scores") + struct.pack("<IIQ", 9, 6, 4) + b"\0" * 16)
    if alignment:
        pairs.append(gguf_text("general.alignment") + struct.pack("<II", 4, alignment))
    infos = [gguf_text(n) + struct.pack("<IQIQ", 1, values, kind, at) for n, values, kind, at in tensors]
    raw = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs)) + b"".join(pairs + infos)
    return raw + b"\0" * (-len(raw) % (alignment or 32))


def facts_of(folder: Path, name: str, raw: bytes):
    path = folder / name
    path.write_bytes(raw)
    return header_facts(path)


def test_a_sound_safetensors_file(tmp_path: Path) -> None:
    raw = safetensors({"a": 20, "b": 44}, {"format": "pt", "long": "x" * 600, "trap": '"data_offsets":[0,9999]'})
    facts = facts_of(tmp_path, "a.safetensors", raw)
    assert (facts.format, facts.complete, facts.true_size, facts.tensors) == ("safetensors", True, len(raw), 2)
    assert facts.dtypes == {"F16": 2}
    assert facts.metadata == {"format": "pt", "trap": '"data_offsets":[0,9999]'}


def test_a_half_downloaded_safetensors_file_tells_its_true_size(tmp_path: Path) -> None:
    raw = safetensors({"a": 2000})
    facts = facts_of(tmp_path, "a.safetensors.part", raw[:-500])
    assert (facts.format, facts.complete, facts.true_size) == ("safetensors", False, len(raw))
    assert facts.problem == f"{len(raw) - 500} of {len(raw)} bytes are there"


def test_a_header_larger_than_one_piece_is_read_whole(tmp_path: Path) -> None:
    raw = safetensors({f"block.{n}.weight.of.a.long.name": 2 for n in range(25_000)})
    assert len(raw) > 2 << 20
    facts = facts_of(tmp_path, "a.safetensors", raw)
    assert (facts.tensors, facts.complete, facts.dtypes) == (25_000, True, {"F16": 25_000})


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "empty, 0 bytes"),
        (b"abc", "only 3 bytes, too short for a header"),
        (b"\0" * 4096, "begins with zeros, as a download that never ran leaves it"),
        (b"\xff" * 64, "no safetensors header"),
        (struct.pack("<Q", 500) + b"{", "ends inside its header (9 of more than 508 bytes)"),
        (struct.pack("<Q", 64) + b"\0" * 64, "its header is damaged"),
        (safetensors({"a": 8, "b": 8}).replace(b"[8, 16]", b"[9, 16]"), "its header is damaged"),
        (safetensors({"a": 8}) + b"??", "2 bytes too long"),
    ],
)
def test_damaged_safetensors(tmp_path: Path, raw: bytes, problem: str) -> None:
    facts = facts_of(tmp_path, "a.safetensors", raw)
    assert (facts.complete, facts.problem) == (False, problem)


def test_what_is_not_a_model_at_all(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 4265146304\n"
    facts = facts_of(tmp_path, "a.safetensors", pointer)
    assert (facts.format, facts.complete, facts.true_size, facts.sha256) == (
        "lfs-pointer",
        False,
        4265146304,
        "ab" * 32,
    )
    assert facts.problem == f"an LFS pointer, {len(pointer)} bytes"
    assert facts_of(tmp_path, "b.ckpt", b"\n <!DOCTYPE html><html>").problem == "a web page, 23 bytes"
    assert facts_of(tmp_path, "c.safetensors", b'{"error": "Unauthorized"}').format == "json"


def test_a_header_length_that_reads_like_json_is_still_a_header(tmp_path: Path) -> None:
    # 0x227b bytes: the length field begins with the bytes `{"`.
    body = b'{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}'.ljust(0x227B)
    facts = facts_of(tmp_path, "a.safetensors", struct.pack("<Q", 0x227B) + body + b"\0\0")
    assert (facts.format, facts.complete) == ("safetensors", True)


def test_pickles_are_never_opened_up(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "boom"),))

    import pickle

    facts = facts_of(tmp_path, "a.ckpt", pickle.dumps(Bomb()))
    assert (facts.format, facts.complete, facts.true_size) == ("pickle", None, None)
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize("version", [2, 3])
def test_a_sound_gguf_file(tmp_path: Path, version: int) -> None:
    head = gguf([("a", 256, 12, 0), ("b", 100, 1, 160)], version=version)
    facts = facts_of(tmp_path, "a.gguf", head + b"\0" * 384)
    assert (facts.format, facts.complete, facts.true_size) == ("gguf", True, len(head) + 160 + 200)
    assert facts.dtypes == {"Q4_K": 1, "F16": 1}
    assert facts.metadata["general.architecture"] == "testnet"
    assert "tokens" not in facts.metadata


def test_gguf_alignment_and_missing_bytes(tmp_path: Path) -> None:
    head = gguf([("a", 64, 0, 128)], alignment=128)
    facts = facts_of(tmp_path, "a.gguf", head + b"\0" * 100)
    assert (facts.complete, facts.true_size) == (False, len(head) + 128 + 256)


def test_an_unknown_gguf_type_or_version_leaves_the_size_open(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "a.gguf", gguf([("a", 256, 77, 0)]))
    assert (facts.complete, facts.true_size, facts.dtypes) == (None, None, {"type 77": 1})
    assert facts_of(tmp_path, "b.gguf", gguf([], version=9)).complete is None
    big_endian = b"GGUF" + struct.pack(">IQQ", 3, 0, 0)
    assert facts_of(tmp_path, "c.gguf", big_endian).complete is None


def test_every_truncation_and_every_flipped_byte_of_a_header_is_survived(tmp_path: Path) -> None:
    for name, raw in (("a.gguf", gguf([("a", 256, 12, 0)])), ("a.safetensors", safetensors({"a": 4, "b": 4}))):
        for cut in range(len(raw)):
            assert facts_of(tmp_path, name, raw[:cut]).size == cut
            facts_of(tmp_path, name, raw[:cut] + bytes([raw[cut] ^ 0xFF]) + raw[cut + 1 :])


def test_absurd_counts_are_refused_at_once(tmp_path: Path) -> None:
    many = b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60)
    assert facts_of(tmp_path, "a.gguf", many).problem == "its header is damaged"
    one = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + gguf_text("k") + struct.pack("<IIQ", 9, 8, 1 << 50)
    assert facts_of(tmp_path, "b.gguf", one).complete is False
    assert facts_of(tmp_path, "c.safetensors", struct.pack("<Q", 1 << 40) + b"{}").complete is False


def test_a_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes on this system")
    os.mkfifo(tmp_path / "a.safetensors")
    with pytest.raises(OSError, match="not a plain file"):
        header_facts(tmp_path / "a.safetensors")


def test_formats_by_name() -> None:
    names = {
        "A.SafeTensors": "safetensors",
        "a.gguf.part": "gguf",
        "a.pth": "pickle",
        "a": "unknown",
        "a.crdownload": "unknown",
    }
    assert {name: format_of(name) for name in names} == names


@pytest.mark.parametrize(
    "header",
    [
        b'{"w": 1}',
        b"{}",
        b'{"w":{"dtype":"F16","shape":[1],"data_offsets":[null,2]}}',
        b'{"w":{"dtype":"F16","shape":[1],"data_offsets":[0,-2]},"v":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}',
    ],
)
def test_a_header_that_names_no_sound_tensor_is_damaged(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    assert header_facts(path).complete is False
