"""What each container carries is found, wherever real writers put it."""

from __future__ import annotations

import io
import json

import pytest
from comfyfixersmart.core.workflow.media import Carrier, carriers, sniff

from . import media_samples as make

WORKFLOW = json.dumps({"nodes": [{"id": 1, "type": "Mallow 🎨", "title": "été"}], "links": []}, ensure_ascii=False)
PROMPT = json.dumps({"1": {"class_type": "Mallow", "inputs": {"text": 'a "b" = c;'}}})
BOTH = {"prompt": PROMPT, "workflow": WORKFLOW}
PAIRS = list(BOTH.items())


def read(data: bytes) -> tuple[str, list[Carrier]]:
    return carriers(io.BytesIO(data), len(data))


def keyed(data: bytes) -> dict[str, str]:
    """Key → text, of a file whose keys are all different."""
    found = read(data)[1]
    assert len({c.key for c in found}) == len(found)
    return {c.key: c.text for c in found}


def utf8_exif(**kwargs: bool) -> bytes:
    return make.exif(
        {0x010F: b"workflow:" + WORKFLOW.encode() + b"\0", 0x0110: b"Prompt: " + PROMPT.encode()}, **kwargs
    )


PICTURES = {
    "tEXt": make.png(make.text("prompt", PROMPT), make.text("workflow", WORKFLOW)),
    "tEXt after the data": make.png(make.text("Prompt", PROMPT), after=(make.text("workflow", WORKFLOW),)),
    "zTXt": make.png(make.ztxt("prompt", PROMPT), make.ztxt("workflow", WORKFLOW)),
    "iTXt": make.png(make.itxt("prompt", PROMPT), make.itxt("workflow", WORKFLOW, packed=True)),
    "animated": make.png(after=tuple(make.chunk(b"comf", k.encode() + b"\0" + v.encode()) for k, v in PAIRS)),
    "eXIf": make.png(make.chunk(b"eXIf", utf8_exif())),
    "webp": make.webp(utf8_exif()),
    "webp, big-endian": make.webp(utf8_exif(big=True)),
    "webp with header": make.webp(b"Exif\0\0" + utf8_exif()),
    "jpeg": make.jpeg(utf8_exif(big=True), None),
    "avif": make.avif(utf8_exif()),
    "avif, item in idat": make.avif(utf8_exif(big=True), in_idat=True),
}
MP3 = {
    f"2.{version}, encoding {encoding}": make.id3(
        version,
        make.frame(version, "APIC" if version > 2 else "PIC", b"\xff\xe0" * 3000)
        + b"".join(
            make.frame(
                version, "TXXX" if version > 2 else "TXX", make.user_text(k, json.dumps(json.loads(v)), encoding)
            )
            for k, v in PAIRS
        )
        + bytes(50),
    )
    for version in (2, 3, 4)
    for encoding in (0, 1, 2, 3)
}
OTHERS = {
    "mp4 keys": make.mp4(make.box(b"udta", make.mdta(BOTH))),
    "mp4 keys, moov first": make.mp4(make.box(b"udta", make.mdta(BOTH)), moov_first=True),
    "mp4 keys, 64-bit data": make.mp4(make.mdta(BOTH), wide_data=True),
    "mp4 free-form": make.mp4(make.box(b"udta", make.itunes({}, BOTH))),
    "webm": make.webm(make.simple_tags(BOTH), make.cluster()),
    "webm, tags last": make.webm(make.cluster(), make.cluster(), make.simple_tags(BOTH)),
    "webm, unknown sizes": make.webm(make.cluster(unknown=True), make.simple_tags(BOTH), unknown=True),
    "flac": make.flac(make.comments(PAIRS)),
    "opus": make.opus(PAIRS),
    "opus, small pages": make.opus([*PAIRS, ("filler", "x" * 255 * 7)], per_page=2),
    "vorbis": b"".join(make.ogg([b"\x01vorbis" + bytes(23), b"\x03vorbis" + make.comments(PAIRS), b"\x05vorbis"])),
}


@pytest.mark.parametrize("data", [*PICTURES.values(), *OTHERS.values()], ids=[*PICTURES, *OTHERS])
def test_prompt_and_workflow_come_with_their_keys(data: bytes) -> None:
    found = keyed(data)
    assert found["prompt"] == PROMPT
    assert found["workflow"] == WORKFLOW


@pytest.mark.parametrize("data", MP3.values(), ids=list(MP3))
def test_mp3(data: bytes) -> None:
    assert {k: json.loads(v) for k, v in keyed(data).items()} == {k: json.loads(v) for k, v in PAIRS}


def test_where_names_container_place_and_key() -> None:
    wheres = {c.where for data in (*PICTURES.values(), *OTHERS.values(), *MP3.values()) for c in read(data)[1]}
    assert wheres >= {
        "png:tEXt:workflow",
        "png:zTXt:workflow",
        "png:iTXt:workflow",
        "png:comf:workflow",
        "png:EXIF:0x010f",
        "webp:EXIF:0x0110",
        "jpeg:EXIF:0x010f",
        "avif:EXIF:0x010f",
        "mp4:ilst:workflow",
        "webm:tag:workflow",
        "mp3:TXXX:workflow",
        "mp3:TXX:workflow",
        "flac:comment:workflow",
        "ogg:comment:workflow",
    }


def test_png_text_in_latin1() -> None:
    assert keyed(make.png(make.text("parameters", "a café", "latin-1"))) == {"parameters": "a café"}


@pytest.mark.parametrize(
    "raw",
    [
        b"UNICODE\0" + WORKFLOW.encode("utf-16-be"),
        b"UNICODE\0" + WORKFLOW.encode("utf-16-le"),
        b"UNICODE\0" + WORKFLOW.encode("utf-16"),
        b"UNICODE\0" + WORKFLOW.encode(),  # a wrong label, met in the wild
        b"ASCII\0\0\0" + WORKFLOW.encode(),
        bytes(8) + WORKFLOW.encode(),
        WORKFLOW.encode(),
        b"workflow: " + WORKFLOW.encode(),
    ],
)
@pytest.mark.parametrize("big", [False, True])
def test_user_comment(raw: bytes, big: bool) -> None:
    block = make.exif({0x0131: b"Brush 1.0\0"}, {0x9286: raw}, big=big)
    (program, comment) = read(make.webp(block))[1]
    assert program == Carrier("webp:EXIF:0x0131", "", "Brush 1.0")
    assert comment == Carrier("webp:EXIF:0x9286", "workflow" if raw.startswith(b"workflow") else "", WORKFLOW)


def test_other_exif_texts() -> None:
    block = make.exif(
        {0x010E: b"\0\0padded", 0x8298: b"(c) Nobody\0", 0x9C9C: "note".encode("utf-16-le"), 0x0100: b"12345"}
    )
    assert [c.text for c in read(make.jpeg(block))[1]] == ["padded", "(c) Nobody", "note"]


def test_jpeg_comment() -> None:
    assert read(make.jpeg(comment=b"made by hand")) == ("jpeg", [Carrier("jpeg:COM", "comment", "made by hand")])


def test_mp4_comment_holding_both_is_delivered_as_it_is() -> None:
    text = json.dumps({"prompt": PROMPT, "workflow": json.loads(WORKFLOW)})
    data = make.mp4(make.box(b"udta", make.itunes({"©too": "Lavf", "©cmt": text, "trkn": ""})))
    assert keyed(data) == {"software": "Lavf", "comment": text}


def test_mp4_texts_in_utf16_and_numbers() -> None:
    items = make.box(b"\xa9cmt", make.data_box("ä", 2)) + make.box(b"tmpo", make.data_box("12", 21))
    data = make.mp4(make.box(b"udta", make.box(b"meta", bytes(4) + make.box(b"ilst", items))))
    assert keyed(data) == {"comment": "ä"}


def test_quicktime_meta_without_version_and_with_long_keys() -> None:
    meta = make.mdta({"com.apple.quicktime.comment": WORKFLOW})
    bare = make.box(b"meta", meta[12:])
    assert keyed(make.mp4(bare)) == {"comment": WORKFLOW}


@pytest.mark.parametrize("n", [5, 70_000])
def test_quicktime_string(n: int) -> None:
    """ffmpeg writes a text over 65535 bytes whole, and its length modulo 65536."""
    string = (n % 65536).to_bytes(2, "big") + b"\x55\xc4" + b"x" * n
    assert keyed(make.mp4(make.box(b"udta", make.box(b"\xa9cmt", string)))) == {"comment": "x" * n}


def test_webm_seek_head_leads_to_the_tags_past_many_blocks_and_counts_them_once() -> None:
    many = make.cluster(12_000, unknown=True)

    def seek_head(position: int) -> bytes:
        seek = make.element(0x53AB, bytes.fromhex("1254c367")) + make.element(0x53AC, position.to_bytes(4, "big"))
        return make.element(0x114D9B74, make.element(0x4DBB, seek))

    at = len(seek_head(0)) + len(many)
    assert keyed(make.webm(seek_head(at), many, make.simple_tags(BOTH))) == BOTH
    few = make.cluster()
    at = len(seek_head(0)) + len(few)
    assert len(read(make.webm(seek_head(at), few, make.simple_tags(BOTH)))[1]) == 2


def test_webm_nested_tags() -> None:
    inner = make.element(0x67C8, make.element(0x45A3, b"INNER") + make.element(0x4487, b"i"))
    outer = make.element(0x67C8, make.element(0x45A3, b"OUTER") + inner + make.element(0x4487, b"o"))
    data = make.webm(make.element(0x1254C367, make.element(0x7373, outer)))
    assert keyed(data) == {"outer": "o", "inner": "i"}


def test_mp3_comment_extended_header_and_unsynchronisation() -> None:
    value = "ÿà" * 40
    comment = make.frame(3, "COMM", b"\0eng\0" + value.encode("latin-1"))
    extended = (6).to_bytes(4, "big") + bytes(6)
    data = make.id3(3, (extended + comment).replace(b"\xff", b"\xff\0"), flags=0xC0)
    assert read(data)[1] == [Carrier("mp3:COMM", "comment", value)]
    body = b"\0k\0" + value.encode("latin-1").replace(b"\xff", b"\xff\0")
    grouped = make.frame(4, "TXXX", b"g" + len(body).to_bytes(4, "big") + body, flags=0x43)
    assert keyed(make.id3(4, grouped)) == {"k": value}


def test_mp3_with_plain_sizes_in_version_4() -> None:
    """An old iTunes wrote frame sizes of 2.4 as in 2.3."""
    body = make.user_text("workflow", "x" * 300)
    wrong = b"TXXX" + len(body).to_bytes(4, "big") + bytes(2) + body
    assert keyed(make.id3(4, wrong + make.frame(4, "TXXX", make.user_text("prompt", "y")))) == {
        "workflow": "x" * 300,
        "prompt": "y",
    }


def test_compressed_and_encrypted_mp3_frames_are_left_alone() -> None:
    for version, flags in ((3, 0x80), (3, 0x40), (4, 0x08), (4, 0x04)):
        data = make.id3(version, make.frame(version, "TXXX", make.user_text("a", "b"), flags=flags))
        assert read(data)[1] == []


def test_cover_pictures_as_text_are_left_alone() -> None:
    pairs = [("METADATA_BLOCK_PICTURE", "A" * 5000), *PAIRS]
    assert keyed(make.opus(pairs)) == keyed(make.flac(make.comments(pairs))) == BOTH


def test_two_ogg_streams_side_by_side() -> None:
    one = make.ogg([b"OpusHead" + bytes(11), b"OpusTags" + make.comments(PAIRS[:1]), bytes(9)], serial=1)
    two = make.ogg([b"\x80theora" + bytes(9), b"\x81theora" + make.comments(PAIRS[1:]), bytes(9)], serial=2)
    assert keyed(b"".join([one[0], two[0], *one[1:], *two[1:]])) == BOTH


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (make.png(), "png"),
        (make.webp(), "webp"),
        (make.jpeg(), "jpeg"),
        (make.avif(utf8_exif()), "avif"),
        (make.box(b"ftyp", b"mif1\0\0\0\0mif1avif"), "avif"),
        (make.mp4(b""), "mp4"),
        (make.box(b"ftyp", b"qt  \0\0\2\0qt  "), "mp4"),
        (make.box(b"ftyp", b"M4A \0\0\2\0M4A "), "mp4"),
        (make.box(b"moov", b""), "mp4"),
        (make.webm(), "webm"),
        (make.id3(3, b""), "mp3"),
        (b"\xff\xfb\x90\x64" + bytes(40), "mp3"),
        (make.flac(make.comments([])), "flac"),
        (make.opus([]), "ogg"),
        (b"GIF89a" + bytes(20), "gif"),
        (b"", None),
        (b"\xff", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"PK\3\4", None),
        (b'["moov"]', None),
        (b'   ["ftyp"]', None),
        (WORKFLOW.encode(), None),
        (WORKFLOW.encode("utf-8-sig"), None),
        (WORKFLOW.encode("utf-16"), None),
        (WORKFLOW.encode("utf-16-be"), None),
        (b"\xfe\xff" + WORKFLOW.encode("utf-16-be"), None),
    ],
)
def test_containers_are_told_by_their_first_bytes(head: bytes, container: str | None) -> None:
    assert sniff(head[:4096]) == container
    assert read(head)[0] == (container or "")


def test_unknown_bytes_carry_nothing() -> None:
    assert read(WORKFLOW.encode()) == ("", [])
