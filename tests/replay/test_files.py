"""The services hand out real bytes with the habits of the real ones: signed addresses elsewhere, ranges, refusals."""

from __future__ import annotations

import hashlib
import http.client
import json
import struct
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from ..sources.conftest import load

SIZE = 300_000
NAME = "ink-wash.safetensors"


@pytest.fixture
def cdn() -> Iterator[Any]:
    with load("server").serving() as one:
        yield one


@pytest.fixture
def replay() -> Iterator[Any]:
    with load("server").serving() as one:
        yield one


@pytest.fixture
def store(cdn: Any) -> Any:
    return load("files").Store(cdn)


@pytest.fixture
def ink(store: Any) -> str:
    sha256: str = store.add(load("files").safetensors("ink", SIZE))
    return sha256


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=9)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_the_bytes_are_a_safetensors_file_of_that_size() -> None:
    data = load("files").safetensors("any", SIZE)
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert len(data) == SIZE == 8 + length + header["weight"]["data_offsets"][1]
    assert data == load("files").safetensors("any", SIZE) != load("files").safetensors("other", SIZE)


def test_the_storage(store: Any, ink: str) -> None:
    link = store.link(ink, f"deep/{NAME}")
    status, headers, body = ask(link)
    assert (status, hashlib.sha256(body).hexdigest(), len(body)) == (200, ink, SIZE)
    assert headers["ETag"].startswith('"') and ink not in headers["ETag"]
    assert headers["Content-Disposition"] == f'attachment; filename="{NAME}"'
    part = ask(link, Range="bytes=100-", **{"If-Range": headers["ETag"]})
    assert (part[0], part[1]["Content-Range"], part[2]) == (206, f"bytes 100-{SIZE - 1}/{SIZE}", body[100:])
    assert ask(link, Range="bytes=5-9")[::2] == (206, body[5:10])
    assert ask(link, Range="bytes=5-9", **{"If-Range": '"another"'})[0] == 200
    past = ask(link, Range=f"bytes={SIZE}-")
    assert (past[0], past[1]["Content-Range"]) == (416, f"bytes */{SIZE}")
    assert ask(link, "HEAD")[1]["Content-Length"] == str(SIZE)
    assert store.served[ink] == 2 * SIZE + SIZE - 100 + 5


def test_its_addresses_end_and_take_no_token(store: Any, ink: str) -> None:
    link = store.link(ink, NAME)
    assert ask(link, Authorization="Bearer x")[0] == 400
    assert ask(link.replace("Signature=", "Signature=0"))[0] == 403
    store.lasts = -5
    assert b"expired" in ask(store.link(ink, NAME))[2]
    assert ask(link)[0] == 200
    store.expire()
    assert ask(link)[0] == 403


def test_a_transfer_is_held_and_let_go(store: Any, ink: str) -> None:
    hold, got = store.hold(ink, 2 * load("files").PIECE), []
    thread = threading.Thread(target=lambda: got.append(ask(store.link(ink, NAME))))
    thread.start()
    assert hold.reached.wait(9) and store.served[ink] == 2 * load("files").PIECE and not got
    hold.release()
    thread.join(9)
    assert got and len(got[0][2]) == SIZE


def test_hugging_face(replay: Any, store: Any, ink: str) -> None:
    face = load("huggingface")
    hub = face.Hub()
    hub.repo("brushworks/inkwash", {f"vae/{NAME}": face.stored(store, ink), "told.safetensors": face.weights("told")})
    hub.repo("brushworks/closed", {NAME: face.stored(store, ink)}, gated="manual")
    hub.serve(replay, store)
    url = f"{replay.address}/brushworks/inkwash/resolve/main/vae/{NAME}"
    for method in ("HEAD", "GET"):
        status, headers, _ = ask(url, method)
        told = (status, headers["X-Linked-Size"], headers["X-Linked-ETag"])
        assert told == (302, str(SIZE), f'"{ink}"') and urlsplit(headers["Location"]).netloc == store.replay.host
    assert ask(headers["Location"])[2] == store.files[ink]
    assert ask(f"{replay.address}/brushworks/inkwash/resolve/main/README.md")[0] == 200
    assert ask(f"{replay.address}/brushworks/inkwash/resolve/main/none.txt")[1]["X-Error-Code"] == "EntryNotFound"
    assert ask(f"{replay.address}/brushworks/inkwash/resolve/main/told.safetensors")[0] == 404
    closed = f"{replay.address}/brushworks/closed/resolve/main/{NAME}"
    assert ask(closed)[1]["X-Error-Code"] == "GatedRepo" and ask(closed, Authorization="Bearer x")[0] == 302


def test_civitai(replay: Any, store: Any, ink: str) -> None:
    shop = load("civitai")
    one = shop.stored(store, 7, NAME, ink)
    kinds = (
        (1, {}, 307),
        (2, {"requireAuth": True}, 401),
        (3, {"earlyAccessEndsAt": "2099-01-01T00:00:00.000Z"}, 403),
        (4, {"paidAccess": {"price": 5}}, 403),
    )
    models = [
        shop.model(number, "Ink", "LORA", [shop.version(number, "v1", [one], **more)]) for number, more, _ in kinds
    ]
    models.append(shop.model(5, "Ink", "LORA", [shop.version(5, "v1", [one])], mode="Archived"))
    shop.Shop(models).serve(replay, store=store)
    for number, _, status in (*kinds, (5, {}, 410), (6, {}, 404)):
        assert ask(f"{replay.address}/api/download/models/{number}?fileId=7")[0] == status, number
    url = f"{replay.address}/api/download/models/1?fileId=7"
    assert ask(url, "HEAD", Authorization="Bearer x")[0] == 401, "its HEAD knows no keys"
    assert ask(ask(url)[1]["Location"])[2] == store.files[ink]
    assert ask(f"{replay.address}/api/download/models/2", Authorization="Bearer x")[0] == 307
    assert ask(f"{replay.address}/api/download/models/1?fileId=8")[0] == 404
    told = json.loads(ask(f"{replay.address}/api/v1/model-versions/1")[2])["files"][0]
    assert (told["hashes"]["SHA256"], told["sizeKB"]) == (ink.upper(), SIZE / 1024)


def test_modelscope(replay: Any, store: Any, ink: str) -> None:
    hall = load("modelscope")
    hall.Hall({"inkworks/ink": hall.repo([hall.stored(store, f"a/{NAME}", ink)])}).serve(replay, store)
    for path in (
        f"/models/inkworks/ink/resolve/master/a/{NAME}",
        f"/api/v1/models/inkworks/ink/repo?FilePath=a/{NAME}",
    ):
        status, headers, body = ask(replay.address + path)
        assert (status, headers["X-Linked-Etag"], body) == (200, ink, store.files[ink])
    status, headers, body = ask(replay.address + path, Range="bytes=10-19")
    assert (status, headers["Content-Range"], len(body)) == (200, f"bytes 10-19/{SIZE}", 10)
    assert json.loads(ask(f"{replay.address}/models/inkworks/ink/resolve/master/none")[2])["Code"] == 10010101
