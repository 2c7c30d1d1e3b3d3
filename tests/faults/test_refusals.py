"""What is no model, and what a source refuses: a clear code, what to do now, and nothing left behind."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.types import VERIFIED

faults = sys.modules["faults_scripted"]
cut, usual, answer, says, sends_on = faults.cut, faults.usual, faults.answer, faults.says, faults.sends_on
PAGE = b"<!DOCTYPE html><html><title>Sign in</title>" + b"x" * 300_000
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 300000\n"
NO_MODELS = {
    "page": PAGE,
    "page with a mark": b"\xef\xbb\xbf  <html>" + PAGE,
    "json": b'{"error": "Unauthorized", "message": "log in"}',
    "pointer": POINTER,
    "storage's error": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "gzip": gzip.compress(b"weights" * 1000),
    "zip": b"PK\x03\x04" + bytes(3000),
    "pickle": b"\x80\x02}q\x00." + bytes(3000),
    "gguf": b"GGUF" + bytes(3000),
    "zeros": bytes(3000),
    "text": b"Not found" * 100,
    "short": b"\x08",
    "empty": b"",
    "header beyond its end": (1 << 30).to_bytes(8, "little") + b"{" + bytes(3000),
}


@pytest.mark.parametrize("kind", NO_MODELS)
@pytest.mark.parametrize("hashed", [True, False])
def test_what_is_no_safetensors_file(bench: Any, kind: str, hashed: bool) -> None:
    """Even under the right length and content type: the first bytes tell."""
    data = NO_MODELS[kind].ljust(300_000, b" ")[:300_000] if kind not in ("short", "empty") else NO_MODELS[kind]
    bench.server.always = answer(data=data, plain=kind in ("short", "empty"))
    failed = bench.fails(bench.action() if hashed else bench.action(sha256=None))
    assert failed.code == "not_a_model" and not failed.pauses and bench.lies() == []
    assert len(bench.server.asks) == 1


@pytest.mark.parametrize(
    "told",
    [{"Content_Type": "text/html; charset=utf-8"}, {"Content_Type": "application/json"}, {"Content_Encoding": "gzip"}],
)
def test_what_calls_itself_something_else(bench: Any, told: dict[str, str]) -> None:
    bench.server.always = answer(**told)
    assert bench.fails().code == "not_a_model" and bench.lies() == []


@pytest.mark.parametrize(
    ("name", "data", "fine"),
    [
        ("a.gguf", b"GGUF" + bytes(3000), True),
        ("a.gguf", b"PK\x03\x04" + bytes(3000), False),
        ("a.pt", b"PK\x03\x04" + bytes(3000), True),
        ("a.ckpt", b"\x80\x02}q\x00." + bytes(3000), True),
        ("a.pth", b"GIF89a" + bytes(3000), False),
        ("a.onnx", b"\x08\x07" + bytes(3000), True),
        ("a.onnx", b"GIF89a" + bytes(3000), False),
        ("a.bin", b"anything" + bytes(3000), True),
        ("a.bin", POINTER, False),
        ("config.json", b'{"a_key": 1}', True),
        ("config.yaml", b"model: x", True),
        ("config.yaml", PAGE, False),
    ],
)
def test_other_formats(bench: Any, name: str, data: bytes, fine: bool) -> None:
    """By their own first bytes, where no hash is known that will decide."""
    bench.server.data = data
    kind = "application/json" if name.endswith(".json") else "binary/octet-stream"
    bench.server.always = answer(Content_Type=kind)
    action = bench.action(sha256=None, size=len(data), destination=str(bench.models / name))
    if fine:
        assert bench.fetch(action).check == "size_only" and (bench.models / name).read_bytes() == data
    else:
        assert bench.fails(action).code == "not_a_model" and bench.lies() == []


class Canary:
    """What a pickle of it does when somebody opens it."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.sign,)


@pytest.mark.parametrize("name", ["old.ckpt", "old.pt", "old.pth", "old.bin"])
@pytest.mark.parametrize("hashed", [True, False])
def test_no_pickle_is_ever_opened(bench: Any, tmp_path: Path, name: str, hashed: bool) -> None:
    """Not to look into it, not when it is damaged, not when it comes as another one."""
    sign = tmp_path / "opened"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("archive/data.pkl", pickle.dumps(Canary(sign)))
    for data in (pickle.dumps(Canary(sign)), archive.getvalue()):
        more = {"sha256": hashlib.sha256(data).hexdigest() if hashed else None}
        path = bench.models / name
        action = bench.action(destination=str(path), size=len(data), format="pickle", **more)
        bench.server.data = data
        bench.server.then(cut(len(data) - 1))
        assert bench.fetch(action).check == (VERIFIED if hashed else "size_only") and path.read_bytes() == data
        assert bench.fetch(action).text == "Was here already"
        path.unlink()
    bench.server.always = answer(data=pickle.dumps(Canary(sign)).ljust(300_000, b" "))
    assert bench.fails().code == "not_a_model"
    assert not sign.exists()
    pickle.loads(pickle.dumps(Canary(sign)))  # noqa: S301  # our own
    assert sign.exists(), "it would have been seen"


SAID = {
    "login": b'{"error":"Unauthorized","message":"The creator of this asset requires you to be logged in to download it"}',
    "early": b'{"error":"Early Access","deadline":"2026-12-24T18:00:00.000Z"}',
    "no access": b'{"error":"You do not have access to this version"}',
    "gated": b'{"error":"Access to model a/b is restricted. You must have access to it and be authenticated."}',
}


@pytest.mark.parametrize(
    ("status", "body", "code", "part"),
    [
        (401, SAID["login"], "login_required", "people with an account"),
        (403, SAID["early"], "early_access", "until 2026-12-24 18:00"),
        (403, SAID["no access"], "early_access", "lets have it"),
        (401, SAID["gated"], "gated", "accepted its terms"),
        (403, SAID["gated"], "gated", "accepted its terms"),
        (410, b'{"error":"Model archived, not available for download"}', "archived", "archived"),
        (403, b"", "refused", "refused"),
        (451, b"", "refused", "legal"),
        (405, b"", "refused", "405"),
    ],
)
def test_a_source_that_refuses(bench: Any, status: int, body: bytes, code: str, part: str) -> None:
    bench.server.always = says(status, body, Content_Type="application/json")
    failed = bench.fails()
    assert (failed.code, failed.pauses, failed.voids) == (code, False, False) and part in failed.message
    assert bench.lies() == [] and len(bench.server.asks) == 1
    assert code not in ("gated", "early_access", "archived") or "https://example.org/ink" in failed.hint


def test_a_key_that_is_refused(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from comfyfixersmart.core.actions.download import fetch_file
    from comfyfixersmart.core.actions.types import ActionFailed, Quiet
    from comfyfixersmart.core.http import Http

    bench.server.always = says(401, SAID["login"])
    http = Http(trusted={bench.server.host}, tokens={bench.server.host: "Bearer canary-5ecre7"}, clock=bench.clock)
    with pytest.raises(ActionFailed) as caught:
        fetch_file(bench.action(), http, Quiet(), clock=bench.clock)
    http.close()
    assert caught.value.code == "key_refused" and "canary" not in f"{caught.value.message}{caught.value.hint}"


def test_404_is_asked_once_more(bench: Any) -> None:
    bench.server.then(says(404), usual)
    assert bench.fetch().check == VERIFIED
    bench.path.unlink()
    bench.server.always = says(404)
    bench.server.asks.clear()
    failed = bench.fails()
    assert failed.code == "not_found" and not failed.pauses and len(bench.server.asks) == 2


# ---- redirects --------------------------------------------------------------------------------------------


def test_an_address_that_has_ended_is_asked_for_again(bench: Any, serve: Any) -> None:
    """A signed address is good for a while; each try begins at the offer's own."""
    storage = serve(bench.data)
    bench.trusted = {storage.host}
    bench.server.always = sends_on(f"{storage.address}?signature=s3cret")
    denied = says(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
    storage.then(cut(100_000), denied, denied, usual)
    assert bench.fetch().check == VERIFIED and bench.whole()
    assert len(bench.server.asks) == len(storage.asks) == 4 and storage.served == 300_000
    assert [one.start for one in storage.asks] == [None, 100_000, 100_000, 100_000]


def test_no_secret_of_an_address_is_kept(bench: Any, serve: Any) -> None:
    storage = serve(bench.data)
    bench.trusted = {storage.host}
    bench.server.always = sends_on(f"{storage.address}?signature=s3cret")
    storage.always = cut(0)
    storage.then(cut(100_000))
    action = bench.action()
    url = action.offers[0].url + "?token=t0ken"
    failed = bench.fails(bench.action(offers=(action.offers[0]._replace(url=url),)))
    control = Path(f"{bench.part}.json").read_text()
    assert failed.pauses and bench.server.address in control
    assert "s3cret" not in control + failed.message and "t0ken" not in control + failed.message


def test_a_storage_that_is_out_of_order_pauses(bench: Any, serve: Any) -> None:
    storage = serve(bench.data)
    bench.trusted = {storage.host}
    bench.server.always = sends_on(storage.address)
    storage.always = says(403, b"<Error/>")
    failed = bench.fails()
    assert (failed.code, failed.pauses) == ("server_error", True) and len(storage.asks) == 5


def test_a_loop_of_redirects(bench: Any) -> None:
    bench.server.always = sends_on(bench.server.address)
    assert bench.fails().code == "too_many_redirects" and bench.lies() == []


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:9/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"]
)
def test_a_redirect_into_a_private_network(bench: Any, to: str) -> None:
    bench.server.always = sends_on(to)
    assert bench.fails().code == "refused_address" and bench.lies() == []
