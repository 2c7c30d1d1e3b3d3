"""Files with real bytes, and the host behind the services' download addresses that hands them out.

    with server.serving() as hub_replay, server.serving() as cdn:
        store = files.Store(cdn)                       # on another port: another host, as far as tokens go
        ink = store.add(files.safetensors("ink", 4 << 20))              # its SHA-256
        hub.repo("brushworks/inkwash-xl", {"ink.safetensors": huggingface.stored(store, ink)})
        hub.serve(hub_replay, store)                   # …/resolve/… sends on to a signed address of the store

Its habits are those of the storages behind the real services: an address is signed and ends some time, a token that is
sent along is an error, Range and If-Range are answered, and the ETag is its own and not the file's hash.

    store.served[ink]          bytes handed to sockets so far, of all requests together
    store.expire()             all addresses given out so far are refused from now on
    hold = store.hold(ink, 2 << 20)     transfers of it stop there; hold.reached.wait(9), then hold.release()
    store.pace = 8 << 20       bytes a second of one transfer; None: as fast as it goes
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import re
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

PIECE = 64 << 10
LONGEST_HOLD = 120.0  # seconds after which a forgotten hold ends by itself
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def safetensors(seed: str, size: int = 4096) -> bytes:
    """An invented file of exactly `size` bytes (300 or more) that any loader can open. The same seed, the same content."""
    about = {"__metadata__": {"invented": seed}}
    length = size - 8 - 256  # the header is padded to 256 bytes, as the format allows
    header = json.dumps({**about, "weight": {"dtype": "U8", "shape": [length], "data_offsets": [0, length]}}).encode()
    assert length > 0 and len(header) <= 256, "too small, or too long a seed"
    return struct.pack("<Q", 256) + header.ljust(256) + random.Random(seed).randbytes(length)


class Hold:
    """Transfers of one file wait at `at` until they are let go."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.reached = threading.Event()
        self._released = threading.Event()

    def release(self) -> None:
        """Let go those that wait, and all to come."""
        self._released.set()

    def wait(self, position: int) -> None:
        """Called by a transfer."""
        if position >= self.at and not self._released.is_set():
            self.reached.set()
            self._released.wait(LONGEST_HOLD)


class Store:
    """The storage. `lasts`: seconds until an address that it gives out ends."""

    def __init__(self, replay: Any, *, lasts: float = 3600.0) -> None:
        self.replay = replay
        self.lasts = lasts
        self.pace: float | None = None
        self.served: Counter[str] = Counter()
        self.files: dict[str, bytes] = {}
        self._holds: dict[str, Hold] = {}
        self._key = os.urandom(16)
        self._lock = threading.Lock()
        replay.add("GET", "/files/{sha256}/{name...}", self._get)

    def add(self, data: bytes) -> str:
        """Keep these bytes; their SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        self.files[digest] = data
        return digest

    def has(self, sha256: str | None) -> bool:
        """Whether the bytes of this content are here; in either case of letters."""
        return (sha256 or "").lower() in self.files

    def link(self, sha256: str, name: str) -> str:
        """An address for this file that ends after `lasts` seconds."""
        ends = str(int(time.time() + self.lasts))
        told = f'attachment; filename="{name.rpartition("/")[2]}"'
        query = {"Expires": ends, "response-content-disposition": told, "Signature": self._sign(sha256.lower(), ends)}
        return f"{self.replay.address}/files/{sha256.lower()}/{quote(name)}?{urlencode(query)}"

    def expire(self) -> None:
        """No address that was given out until now is good any more."""
        self._key = os.urandom(16)

    def hold(self, sha256: str, at: int) -> Hold:
        """From now on transfers of this file stop after so many of its bytes, until they are released."""
        self._holds[sha256] = Hold(at)
        return self._holds[sha256]

    def reply(self, request: Any, sha256: str, *, status: int = 206, **headers: str) -> Any:
        """The file, or the part that is asked for. `status`: of a part; one service says 200."""
        sha256 = sha256.lower()
        data = self.files[sha256]
        etag = f'"{hashlib.md5(sha256.encode()).hexdigest()}"'
        told = {"Accept-Ranges": "bytes", "ETag": etag, "Content-Type": "binary/octet-stream", **headers}
        part = _RANGE.fullmatch(request.headers.get("range", ""))
        start, end, code = 0, len(data), 200
        if part and request.headers.get("if-range", etag) == etag:
            start, end, code = int(part[1]), min(int(part[2] or len(data) - 1) + 1, len(data)), status
            if start >= end:
                return self.replay.Reply(None, 416, {**told, "Content-Range": f"bytes */{len(data)}"})
            told["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        told["Content-Length"] = str(end - start)
        return self.replay.Reply(None, code, told, stream=self._pieces(sha256, start, end))

    def _pieces(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        data = memoryview(self.files[sha256])
        for at in range(start, end, PIECE):
            hold = self._holds.get(sha256)
            if hold is not None:
                hold.wait(at)
            piece = bytes(data[at : min(at + PIECE, end)])
            if self.pace:
                time.sleep(len(piece) / self.pace)
            with self._lock:  # before the client can have it
                self.served[sha256] += len(piece)
            yield piece

    def _sign(self, sha256: str, ends: str) -> str:
        return hmac.new(self._key, f"{sha256} {ends}".encode(), "sha256").hexdigest()

    def _get(self, request: Any) -> Any:
        sha256, ends = request.names["sha256"], request.one("Expires", "0")
        if request.headers.get("authorization"):
            return self._refused(400, "InvalidArgument", "Missing x-amz-content-sha256")
        if not hmac.compare_digest(request.one("Signature"), self._sign(sha256, ends)):
            return self._refused(403, "SignatureDoesNotMatch", "The signature does not match.")
        if time.time() > float(ends):
            return self._refused(403, "AccessDenied", "Request has expired")
        if sha256 not in self.files:
            return self._refused(404, "NoSuchKey", "The specified key does not exist.")
        return self.reply(request, sha256, **{"Content-Disposition": request.one("response-content-disposition")})

    def _refused(self, status: int, code: str, text: str) -> Any:
        body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
        return self.replay.Reply(body, status, {"Content-Type": "application/xml"})
