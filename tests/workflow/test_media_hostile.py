"""Media files that lie: every walk ends soon, in little memory, and raises nothing of its own."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from comfyfixersmart.core.workflow.media import BYTE_LIMIT, STEP_LIMIT, TEXT_LIMIT, Carrier, carriers
from hypothesis import given, settings
from hypothesis import strategies as st

from . import media_samples as make

BOTH = {"prompt": '{"1": {"class_type": "Mallow"}}', "workflow": '{"nodes": []}'}
PAIRS = list(BOTH.items())
EXIF = make.exif({0x010F: b"workflow:{}", 0x0110: b"prompt:{}"}, {0x9286: b"UNICODE\0" + "{}".encode("utf-16-be")})
SAMPLES = {
    "png": make.png(make.text(*PAIRS[0]), make.itxt(*PAIRS[1], True), make.ztxt("a", "b"), make.chunk(b"eXIf", EXIF)),
    "webp": make.webp(EXIF),
    "jpeg": make.jpeg(EXIF, b"comment"),
    "avif": make.avif(EXIF),
    "idat": make.avif(EXIF, in_idat=True),
    "mdta": make.mp4(make.box(b"udta", make.mdta(BOTH)), moov_first=True),
    "itunes": make.mp4(make.box(b"udta", make.itunes({"©cmt": "{}"}, BOTH) + make.box(b"\xa9nam", b"\0\2\0\0{}"))),
    "webm": make.webm(make.cluster(), make.simple_tags(BOTH)),
    "id3v2": make.id3(2, make.frame(2, "TXX", make.user_text("workflow", "{}", 1))),
    "id3v3": make.id3(3, make.frame(3, "COMM", b"\1eng\0\0" + "{}".encode("utf-16")), 0x80),
    "id3v4": make.id3(4, b"\0\0\0\6\1\0" + make.frame(4, "TXXX", make.user_text("workflow", "{}")), 0x40),
    "flac": make.flac(make.comments(PAIRS)),
    "ogg": make.opus(PAIRS, per_page=2),
}


class Counted(io.BytesIO):
    """A stream that counts the bytes it hands out."""

    taken = 0

    def read(self, n: int | None = -1, /) -> bytes:
        data = super().read(n)
        self.taken += len(data)
        return data


def read(data: bytes) -> list[Carrier]:
    stream = Counted(data)
    found = carriers(stream, len(data))[1]
    assert stream.taken <= BYTE_LIMIT + 4096
    assert len(found) <= STEP_LIMIT
    assert all(len(c.text) <= TEXT_LIMIT + 1 for c in found)
    return found


def measured(data: bytes) -> tuple[list[Carrier], float, float]:
    """What is found, the seconds it took, and the peak of memory in MiB above what the file itself takes."""
    start = time.perf_counter()
    found = read(data)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, seconds, peak / 2**20


def bomb(mib: int) -> bytes:
    engine = zlib.compressobj(9)
    block = b"{" * 2**20
    return b"".join(engine.compress(block) for _ in range(mib)) + engine.flush()


@pytest.fixture(scope="module")
def inflated_100_mib() -> bytes:
    return bomb(100)


def test_text_bombs_end_at_the_limit(inflated_100_mib: bytes) -> None:
    """100 chunks of 100 MiB each in a 10 MB file; measured 20 ms and 16 MiB on two slow cores."""
    one = make.chunk(b"zTXt", b"prompt\0\0" + inflated_100_mib)
    found, seconds, mib = measured(make.png(*[one] * 100, make.text(*PAIRS[1])))
    assert [(c.key, len(c.text)) for c in found] == [("prompt", TEXT_LIMIT + 1), ("workflow", len(PAIRS[1][1]))]
    assert seconds < 0.5
    assert mib < 32


def test_compressed_itxt_bomb(inflated_100_mib: bytes) -> None:
    (found,) = read(make.png(make.chunk(b"iTXt", b"workflow\0\1\0\0\0" + inflated_100_mib)))
    assert len(found.text) == TEXT_LIMIT + 1


def test_much_input_for_no_output() -> None:
    empty_block = b"\0\0\0\xff\xff"
    body = b"workflow\0\0\x78\x9c" + empty_block * (12 * 2**20 // 5)
    found, seconds, _mib = measured(make.png(make.chunk(b"zTXt", body), make.text(*PAIRS[0])))
    assert [c.key for c in found] == ["prompt"]
    assert seconds < 2


LONG = "é" * (TEXT_LIMIT // 2 + 1)  # one byte more than the limit, plus one


@pytest.mark.parametrize(
    "data",
    [
        make.png(make.text("workflow", LONG)),
        make.png(make.ztxt("workflow", LONG)),
        make.webp(make.exif({0x010F: b"workflow:" + LONG.encode()})),
        make.mp4(make.mdta({"workflow": LONG})),
        make.webm(make.simple_tags({"workflow": LONG})),
        make.id3(3, make.frame(3, "TXXX", make.user_text("workflow", LONG))),
        make.flac(make.comments([("workflow", LONG)])),
        make.opus([("workflow", LONG)]),
    ],
    ids=["tEXt", "zTXt", "exif", "mp4", "webm", "mp3", "flac", "ogg"],
)
def test_a_text_too_long_comes_one_character_over_the_limit(data: bytes) -> None:
    (found,) = read(data)
    assert (found.key, len(found.text)) == ("workflow", TEXT_LIMIT + 1)


def test_many_overlapping_values_stay_within_the_bytes_and_steps() -> None:
    for size in (2**20, 200):
        entries = struct.pack("<HHII", 0x010E, 2, size, 8) * 60_000
        block = b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000) + entries + b"a" * 2**20
        found, seconds, mib = measured(make.webp(block))
        assert found
        assert seconds < 2
        assert mib < 32


@pytest.mark.parametrize(
    "data",
    [
        make.png(*[make.chunk(b"aaaa", b"")] * 20_000, make.text(*PAIRS[0])),
        make.webp()[:12] + make.riff_chunk(b"JUNK", b"") * 20_000,
        b"\xff\xd8\xff\xe0" + b"\0\x02" + b"\xff" * 50_000,
        b"\xff\xd8" + make.segment(0xE0, b"") * 20_000,
        make.mp4(b"") + make.box(b"free", b"") * 20_000 + make.box(b"moov", make.mdta(BOTH)),
        make.webm(make.element(0xEC, b"") * 20_000, make.simple_tags(BOTH)),
        make.id3(3, make.frame(3, "ABCD", b"") * 20_000 + make.frame(3, "TXXX", b"\3a\0b")),
        b"fLaC" + bytes(4) * 20_000,
        b"".join(make.ogg([b"OpusHead"] * 1, serial=i)[0] for i in range(20_000)),
        make.flac(make.comments([("", "")] * 20_000)),
    ],
)
def test_endless_files_end(data: bytes) -> None:
    start = time.perf_counter()
    assert all(c.key not in BOTH for c in read(data))
    assert time.perf_counter() - start < 2


def test_lengths_of_zero_never_loop() -> None:
    ftyp = make.box(b"ftyp", b"isom\0\0\0\0")
    for data in (
        ftyp + bytes(64),  # boxes of size 0 reach to the end
        ftyp + struct.pack(">I4sQ", 1, b"moov", 0),
        ftyp + struct.pack(">I4s", 7, b"moov"),
        b"\xff\xd8\xff\xe1\0\0" * 3,
        make.webm()[:-8] + bytes(8) + bytes(64),
        b"OggS" + bytes(100),
        b"ID3\3\0\0\0\0\0\x7f" + bytes(200),
    ):
        assert read(data) == []


def test_directories_that_point_at_themselves() -> None:
    loop = struct.pack("<HHHII", 1, 0x8769, 4, 1, 8)
    assert read(make.webp(b"II*\0\x08\0\0\0" + loop + bytes(4))) == []


def test_exif_that_lies_does_not_hide_what_follows() -> None:
    lying = b"MM\0*" + struct.pack(">I", 2**32 - 1)
    far = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x010E, 2, 2**32 - 1, 8)
    data = make.png(
        make.chunk(b"eXIf", lying), make.chunk(b"eXIf", far), make.chunk(b"eXIf", b"II"), make.text(*PAIRS[1])
    )
    assert [c.key for c in read(data)] == ["workflow"]


def test_damaged_text_chunks_do_not_hide_what_follows() -> None:
    damaged = [
        make.chunk(b"tEXt", b"no zero byte"),
        make.chunk(b"tEXt", b""),
        make.chunk(b"zTXt", b"workflow\0"),
        make.chunk(b"zTXt", b"workflow\0\0not zlib"),
        make.chunk(b"iTXt", b"workflow\0"),
        make.chunk(b"iTXt", b"workflow\0\0\0no more"),
        make.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
    ]
    assert [c.key for c in read(make.png(*damaged, make.text(*PAIRS[1])))] == ["workflow"]


def test_what_stands_before_the_cut_is_found() -> None:
    whole = make.png(make.text(*PAIRS[0]), make.text(*PAIRS[1]))
    cut = whole.index(b"nodes")
    found = read(whole[:cut])
    assert [c.key for c in found] == ["prompt", "workflow"]
    assert PAIRS[1][1].startswith(found[1].text)  # the part that is left shows that a workflow was there


def test_a_size_larger_than_the_stream_ends_the_walk() -> None:
    data = make.png(make.text(*PAIRS[0]))
    assert [c.key for c in carriers(io.BytesIO(data[:-20]), 10**12)[1]] == ["prompt"]


def test_names_from_files_stay_on_one_line() -> None:
    (found,) = read(make.flac(make.comments([("Work\n\x1b[31mflow" + "w" * 200, "{}")])))
    assert found.where.isprintable()
    assert len(found.key) <= 80
    assert found.key.startswith("work??[31mflow")


def test_errors_of_the_stream_pass() -> None:
    class Vanishing(io.BytesIO):
        def seek(self, at: int, whence: int = 0, /) -> int:
            if at:
                raise OSError("gone")
            return super().seek(at, whence)

    with pytest.raises(OSError, match="gone"):
        carriers(Vanishing(SAMPLES["png"]), len(SAMPLES["png"]))


@pytest.mark.parametrize("data", SAMPLES.values(), ids=list(SAMPLES))
def test_every_truncation_ends_quietly(data: bytes) -> None:
    whole = read(data)
    assert whole
    step = max(1, len(data) // 400)
    for cut in range(0, len(data), step):
        read(data[:cut])


@pytest.mark.parametrize("data", SAMPLES.values(), ids=list(SAMPLES))
def test_changed_bytes_end_quietly(data: bytes) -> None:
    _mutate(data)


def _mutate(data: bytes) -> None:
    interesting = st.one_of(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]), st.integers(0, 255))
    changes = st.lists(st.tuples(st.integers(0, len(data) - 1), interesting), min_size=1, max_size=8)

    @settings(max_examples=60, deadline=None, database=None)
    @given(changes, st.integers(0, 40))
    def run(edits: list[tuple[int, int]], cut: int) -> None:
        changed = bytearray(data)
        for at, value in edits:
            changed[at] = value
        read(bytes(changed[: len(changed) - cut]))

    run()


HEADS: dict[str, Callable[[bytes], bytes]] = {
    "png": lambda tail: b"\x89PNG\r\n\x1a\n" + tail,
    "webp": lambda tail: b"RIFF\xff\xff\xff\xffWEBP" + tail,
    "exif": lambda tail: make.webp(b"II*\0\x08\0\0\0" + tail),
    "jpeg": lambda tail: b"\xff\xd8\xff" + tail,
    "mp4": lambda tail: make.box(b"ftyp", b"isom\0\0\0\0") + make.box(b"moov", make.box(b"meta", tail)),
    "avif": lambda tail: make.box(b"ftyp", b"avif\0\0\0\0") + make.box(b"meta", bytes(4) + make.box(b"iloc", tail)),
    "webm": lambda tail: make.webm(tail),
    "id3": lambda tail: make.id3(4, tail),
    "flac": lambda tail: b"fLaC\x84" + tail,
    "ogg": lambda tail: make.opus([])[:28] + tail,
}


@pytest.mark.parametrize("build", HEADS.values(), ids=list(HEADS))
def test_any_bytes_after_the_head_end_quietly(build: Callable[[bytes], bytes]) -> None:
    @settings(max_examples=40, deadline=None, database=None)
    @given(st.binary(max_size=300))
    def run(tail: bytes) -> None:
        read(build(tail))

    run()
