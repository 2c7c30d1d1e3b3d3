"""Builders of the smallest media files that carry texts: real layouts, no pictures or sound in them."""

from __future__ import annotations

import struct
import zlib

Texts = dict[str, str]

# --- EXIF -------------------------------------------------------------------------------------------


def exif(ifd0: dict[int, bytes], nested: dict[int, bytes] | None = None, *, big: bool = False) -> bytes:
    """A TIFF block with ASCII (and, nested, UNDEFINED) values in IFD0 and in the Exif sub-directory."""
    order = ">" if big else "<"
    head = (b"MM\0*" if big else b"II*\0") + struct.pack(order + "I", 8)
    entries = [(tag, 2, value) for tag, value in ifd0.items()]
    size = 2 + 12 * (len(entries) + bool(nested)) + 4
    first, blob = _directory(order, entries, 8 + size, bool(nested))
    if nested:
        at = 8 + size + len(blob)
        first = first[:-4] + struct.pack(order + "HHII", 0x8769, 4, 1, at) + bytes(4)
        inner = [(tag, 7, value) for tag, value in nested.items()]
        second, more = _directory(order, inner, at + 2 + 12 * len(inner) + 4, False)
        return head + first + blob + second + more
    return head + first + blob


def _directory(order: str, entries: list[tuple[int, int, bytes]], data_at: int, extra: bool) -> tuple[bytes, bytes]:
    out, blob = struct.pack(order + "H", len(entries) + extra), b""
    for tag, kind, value in entries:
        if len(value) <= 4:
            out += struct.pack(order + "HHI", tag, kind, len(value)) + value.ljust(4, b"\0")
        else:
            out += struct.pack(order + "HHII", tag, kind, len(value), data_at + len(blob))
            blob += value + b"\0" * (len(value) % 2)
    return out + bytes(4), blob


# --- pictures ---------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*before: bytes, after: tuple[bytes, ...] = ()) -> bytes:
    """A PNG whose header claims 65535 x 65535 pixels, with chunks before and after its data."""
    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", 65535, 65535, 8, 6, 0, 0, 0))
    data = chunk(b"IDAT", b"\0" * 5000)
    return b"\x89PNG\r\n\x1a\n" + ihdr + b"".join(before) + data + b"".join(after) + chunk(b"IEND", b"")


def text(key: str, value: str, encoding: str = "utf-8") -> bytes:
    return chunk(b"tEXt", key.encode(encoding) + b"\0" + value.encode(encoding))


def ztxt(key: str, value: str) -> bytes:
    return chunk(b"zTXt", key.encode() + b"\0\0" + zlib.compress(value.encode()))


def itxt(key: str, value: str, packed: bool = False) -> bytes:
    body = zlib.compress(value.encode()) if packed else value.encode()
    return chunk(b"iTXt", key.encode() + bytes([0, packed, 0]) + b"en\0" + "clé".encode() + b"\0" + body)


def webp(*exif_blocks: bytes) -> bytes:
    body = b"WEBP" + riff_chunk(b"VP8L", b"\x2f" + bytes(20))
    for block in exif_blocks:
        body += riff_chunk(b"EXIF", block)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def jpeg(exif_block: bytes | None = None, comment: bytes | None = None) -> bytes:
    out = b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    if exif_block is not None:
        out += segment(0xE1, b"Exif\0\0" + exif_block)
    if comment is not None:
        out += b"\xff" + segment(0xFE, comment)  # a fill byte in front, as the standard allows
    return out + segment(0xDA, bytes(10)) + bytes(300) + b"\xff\xd9"


def segment(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(body) + 2) + body


def avif(exif_block: bytes, *, in_idat: bool = False) -> bytes:
    item = struct.pack(">I", 6) + b"Exif\0\0" + exif_block
    ftyp = box(b"ftyp", b"avif\0\0\0\0mif1miaf")
    infe = [box(b"infe", b"\2\0\0\0" + struct.pack(">HH4s", i, 0, k) + b"\0") for i, k in ((1, b"av01"), (2, b"Exif"))]
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 2) + b"".join(infe))

    def meta(item_at: int) -> bytes:
        entry = struct.pack(">HHHHII", 1, 0, 0, 1, 0, 4)
        entry += struct.pack(">HHHHII", 2, int(in_idat), 0, 1, item_at, len(item))
        iloc = box(b"iloc", b"\1\0\0\0\x44\0" + struct.pack(">H", 2) + entry)
        idat = box(b"idat", item) if in_idat else b""
        return box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"pict" + bytes(13)) + iinf + iloc + idat)

    if in_idat:
        return ftyp + meta(0) + box(b"mdat", bytes(40))
    return ftyp + meta(len(ftyp) + len(meta(0)) + 8 + 40) + box(b"mdat", bytes(40) + item)


# --- video ------------------------------------------------------------------------------------------


def box(kind: bytes, body: bytes, *, wide: bool = False) -> bytes:
    if wide:
        return struct.pack(">I4sQ", 1, kind, len(body) + 16) + body
    return struct.pack(">I4s", len(body) + 8, kind) + body


def data_box(value: str, kind: int = 1) -> bytes:
    return box(b"data", struct.pack(">II", kind, 0) + value.encode("utf-16-be" if kind == 2 else "utf-8"))


def mdta(texts: Texts) -> bytes:
    """A `meta` as ffmpeg's use_metadata_tags writes it: names in `keys`, items by their index."""
    keys = b"".join(struct.pack(">I4s", len(k) + 8, b"mdta") + k.encode() for k in texts)
    items = b"".join(box(struct.pack(">I", i), data_box(v)) for i, v in enumerate(texts.values(), 1))
    parts = box(b"keys", struct.pack(">II", 0, len(texts)) + keys) + box(b"ilst", items)
    return box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"mdta" + bytes(13)) + parts)


def itunes(texts: Texts, freeform: Texts | None = None) -> bytes:
    """A `meta` of the iTunes kind: items named by a four-letter code, and free-form ones."""
    items = b"".join(box(k.encode("latin-1"), data_box(v)) for k, v in texts.items())
    for name, value in (freeform or {}).items():
        mean = box(b"mean", bytes(4) + b"com.apple.iTunes")
        items += box(b"----", mean + box(b"name", bytes(4) + name.encode()) + data_box(value))
    return box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"mdir" + bytes(13)) + box(b"ilst", items))


def mp4(moov: bytes, *, moov_first: bool = False, wide_data: bool = False) -> bytes:
    ftyp, data = box(b"ftyp", b"isom\0\0\2\0isommp41"), box(b"mdat", bytes(3000), wide=wide_data)
    whole = box(b"moov", box(b"mvhd", bytes(100)) + moov)
    return ftyp + (whole + data if moov_first else data + whole)


def vint(n: int) -> bytes:
    return struct.pack(">Q", n | 1 << 56)


def element(kind: int, body: bytes, *, unknown: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if unknown else vint(len(body))
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size + body


def simple_tags(texts: Texts) -> bytes:
    pairs = (element(0x45A3, k.encode()) + element(0x4487, v.encode()) for k, v in texts.items())
    tag = element(0x63C0, b"") + b"".join(element(0x67C8, pair) for pair in pairs)
    return element(0x1254C367, element(0x7373, tag))


def webm(*parts: bytes, unknown: bool = False) -> bytes:
    head = element(0x1A45DFA3, element(0x4282, b"webm"))
    return head + element(0x18538067, b"".join(parts), unknown=unknown)


def cluster(blocks: int = 3, *, unknown: bool = False) -> bytes:
    body = element(0xE7, b"\0") + element(0xA3, bytes(100)) * blocks
    return element(0x1F43B675, body, unknown=unknown)


# --- sound ------------------------------------------------------------------------------------------


def synchsafe(n: int) -> bytes:
    return bytes(n >> shift & 127 for shift in (21, 14, 7, 0))


def id3(version: int, frames: bytes, flags: int = 0) -> bytes:
    return b"ID3" + bytes([version, 0, flags]) + synchsafe(len(frames)) + frames + b"\xff\xfb\x90\x64" + bytes(400)


def frame(version: int, kind: str, body: bytes, flags: int = 0) -> bytes:
    if version == 2:
        return kind.encode() + len(body).to_bytes(3, "big") + body
    size = synchsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
    return kind.encode() + size + bytes([0, flags]) + body


def user_text(key: str, value: str, encoding: int = 3) -> bytes:
    """The content of a TXXX frame in one of the four encodings."""
    codec = ("latin-1", "utf-16", "utf-16-be", "utf-8")[encoding]
    zero = b"\0\0" if encoding in (1, 2) else b"\0"
    return bytes([encoding]) + key.encode(codec) + zero + value.encode(codec)


def comments(texts: list[tuple[str, str]]) -> bytes:
    pairs = [f"{k}={v}".encode() for k, v in texts]
    return (
        struct.pack("<I", 4)
        + b"test"
        + struct.pack("<I", len(pairs))
        + b"".join(struct.pack("<I", len(pair)) + pair for pair in pairs)
    )


def flac(body: bytes) -> bytes:
    def block(kind: int, data: bytes) -> bytes:
        return bytes([kind]) + len(data).to_bytes(3, "big") + data

    return b"fLaC" + block(0, bytes(34)) + block(4, body) + block(6 | 128, bytes(5000)) + bytes(200)


def ogg(packets: list[bytes], serial: int = 7, per_page: int = 255) -> list[bytes]:
    """The pages of one stream; the first packet stands alone on the first page, as the standard demands."""
    pages = _pages(packets[:1], serial, per_page)
    return pages + _pages(packets[1:], serial, per_page)


def _pages(packets: list[bytes], serial: int, per_page: int) -> list[bytes]:
    pieces: list[bytes] = []
    for packet in packets:
        pieces += [packet[i : i + 255] for i in range(0, len(packet), 255)]
        if len(packet) % 255 == 0:
            pieces.append(b"")
    pages = []
    for i in range(0, len(pieces), per_page):
        part = pieces[i : i + per_page]
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, 0, 0, serial, i, 0, len(part))
        pages.append(head + bytes(len(p) for p in part) + b"".join(part))
    return pages


def opus(texts: list[tuple[str, str]], per_page: int = 255) -> bytes:
    return b"".join(ogg([b"OpusHead" + bytes(11), b"OpusTags" + comments(texts), bytes(700)], per_page=per_page))
