"""Everything that goes wrong while a file is fetched has a name, and no byte is made up or lost."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, Timeouts

QUICK = Timeouts(connect=0.3, read=0.3, whole=0.6)
RESET = b"(reset)"  # see Script
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def opened(http: Http, url: str, **more: Any) -> None:
    with http.fetch(url, **more):
        pass


def test_an_opening_that_breaks_off_is_tried_again(client: Any, script: Any, refusal: Any) -> None:
    one = script(b"", RESET, HEAD % 5 + b"hello")
    with client(trusted={one.host}).fetch(one.address) as stream:
        assert stream.readinto(memoryview(bytearray(9))) == 5
    assert len(one.heads) == 3
    other = script(b"HTTP/1.1 200 OK\r\nX:")
    error = refusal(opened, client(trusted={other.host}), other.address)
    assert (error.code, error.status) == ("unreachable", None) and len(other.heads) == 3


@pytest.mark.parametrize(
    "head",
    [
        *(b"no http\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 x OK\r\n\r\n", b"\0" * 99, b"a" * 70_000),
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 103 Hints\r\n\r\n" * 20,
    ],
)
def test_what_is_no_http(client: Any, script: Any, refusal: Any, head: bytes) -> None:
    """A line that is no header would hide those after it, Content-Length above all."""
    one = script(head)
    error = refusal(opened, client(trusted={one.host}), one.address)
    assert error.code in ("unexpected_shape", "unexpected_status") and len(one.heads) == 1


@pytest.mark.parametrize(
    "header",
    ["Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: identity, gzip", "Content-Encoding: aes128gcm",
     "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: deflate", "Transfer-Encoding: chunked, chunked"],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 206])
def test_a_file_that_is_packed_on_its_way(client: Any, script: Any, refusal: Any, header: str, status: int) -> None:
    one = script(f"HTTP/1.1 {status} OK\r\n{header}\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode())
    error = refusal(opened, client(trusted={one.host}), one.address)
    assert (error.code, error.status, len(one.heads)) == ("encoded", status, 1)


@pytest.mark.parametrize("length", ["5, 6", "5\r\nContent-Length: 6", "-5", "+5", "5.0", "0x5", "five", "5 5", "\u0665",
                                    "9" * 30, "-1, -1"])  # fmt: skip
def test_lengths_that_contradict_each_other_or_are_none(client: Any, script: Any, refusal: Any, length: str) -> None:
    one = script(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello".encode())
    error = refusal(opened, client(trusted={one.host}), one.address)
    assert (error.code, error.status, len(one.heads)) == ("unexpected_shape", 200, 1)


@pytest.mark.parametrize(
    "kind", ["multipart/byteranges; boundary=x", "multipart/byteranges", "Multipart/Mixed; boundary=\"x y\"",
             "multipart/x; boundary=x\r\nContent-Transfer-Encoding: base64"]
)  # fmt: skip
def test_several_parts(client: Any, script: Any, refusal: Any, kind: str) -> None:
    """Told apart from a head that cannot be read: asked without a range, it may give the file."""
    one = script(f"HTTP/1.1 206 OK\r\nContent-Type: {kind}\r\nContent-Length: 9\r\n\r\n--x".encode())
    error = refusal(opened, client(trusted={one.host}), one.address, start=5)
    assert (error.code, error.status, len(one.heads)) == ("unexpected_shape", 206, 1)
    assert error.message == "it sent several parts instead of one"


def test_several_parts_under_a_head_that_cannot_be_read(client: Any, script: Any, refusal: Any) -> None:
    head = b"HTTP/1.1 206 OK\r\nContent-Type: multipart/byteranges; boundary=x\r\nno header\r\nContent-Length: 9\r\n\r\n--x"
    one = script(head)
    error = refusal(opened, client(trusted={one.host}), one.address, start=5)
    assert (error.code, error.status, len(one.heads)) == ("unexpected_shape", None, 1)


@pytest.mark.parametrize("status", [200, 206])
@pytest.mark.parametrize("kind", ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml"])
def test_a_web_page_is_no_file(http: Http, replay: Any, refusal: Any, kind: str, status: int) -> None:
    replay.add("GET", "/page", replay.Reply("<!DOCTYPE html><html>Sign in</html>", status, {"Content-Type": kind}))
    error = refusal(opened, http, replay.address + "/page")
    assert (error.code, error.status, len(replay.log)) == ("web_page", status, 1)
    assert error.message == "it sent a web page instead of the file" and "browser" in error.hint


def test_a_file_that_begins_like_a_page(http: Http, replay: Any) -> None:
    """The length of a safetensors header may well be 60, which is how a page begins."""
    body = (60).to_bytes(8, "little") + b"{}"
    replay.add("GET", "/thing.safetensors", body)
    with http.fetch(replay.address + "/thing.safetensors") as stream:
        assert stream.readinto(memoryview(bytearray(99))) == len(body)


def test_a_guard_that_wants_a_browser(http: Http, replay: Any, refusal: Any, clock: Any) -> None:
    replay.fault("/file", replay.Fault.challenge, times=1)
    opened(http, replay.address + "/file")
    assert len(replay.log) == 2 and clock.slept > 0
    replay.forget()
    page = "<html><title>Just a moment...</title></html>"
    for number, status in enumerate((200, 403, 429, 503)):
        replay.add("GET", f"/{number}", replay.Reply(page, status, {"Content-Type": "text/html"}))
        error = refusal(opened, http, f"{replay.address}/{number}")
        assert (error.code, error.status, len(replay.log)) == ("web_page", status, 3)
        assert error.message == "it wants to see a browser"
        replay.forget()
        clock.forward(3600)


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 405, 410, 418, 451])
def test_a_refusal_is_asked_once(http: Http, replay: Any, refusal: Any, status: int) -> None:
    replay.fault("/file", replay.Fault.status(status))
    error = refusal(opened, http, replay.address + "/file")
    assert (error.code, error.status, error.host, len(replay.log)) == ("unexpected_status", status, replay.host, 1)
    assert error.said == ("" if status in (204, 304) else f"status {status}")


def test_a_key_that_is_refused(client: Any, replay: Any, refusal: Any) -> None:
    replay.fault("/file", replay.Fault.status(401))
    error = refusal(opened, client(tokens={replay.host: "Bearer canary-5ecre7"}), replay.address + "/file")
    assert (error.code, error.status) == ("key_refused", 401)


@pytest.mark.parametrize("status", [500, 502, 503, 524, 408])
def test_a_fault_of_the_service_is_tried_again(http: Http, replay: Any, clock: Any, refusal: Any, status: int) -> None:
    replay.fault("/file", replay.Fault.status(status, html=True), times=2)
    opened(http, replay.address + "/file")
    assert len(replay.log) == 3 and 3 < clock.slept < 8
    replay.fault("/file", replay.Fault.status(status))
    error = refusal(opened, http, replay.address + "/file")
    assert (error.code, error.status, len(replay.log)) == ("server_error", status, 6)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_within_patience(
    http: Http, replay: Any, clock: Any, refusal: Any, status: int
) -> None:
    replay.fault("/file", replay.Fault.status(status, retry_after="50"), times=1)
    opened(http, replay.address + "/file")
    assert clock.passed == pytest.approx(50) and len(replay.log) == 2
    replay.fault("/file", replay.Fault.status(status, retry_after="1e9", body={"error": "Too many"}), times=1)
    error = refusal(opened, http, replay.address + "/file")
    assert (error.code, error.status, error.said, len(replay.log)) == ("rate_limited", status, "Too many", 3)
    assert error.until == pytest.approx(clock.now() + 3600)
    assert refusal(opened, http, replay.address + "/file").until == error.until and len(replay.log) == 3
    clock.forward(3600)
    for senseless in ("-1", "soon"):
        replay.fault("/file", replay.Fault.status(status, retry_after=senseless), times=1)
        opened(http, replay.address + "/file")


EARLY = {"error": "Early Access", "message": "Wait for it", "deadline": "2026-12-01T00:00:00.000Z"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (EARLY, "Early Access: Wait for it: 2026-12-01T00:00:00.000Z"),
        ({"error": "Unauthorized", "message": "The creator of this asset requires you to be logged in"},
         "Unauthorized: The creator of this asset requires you to be logged in"),
        ({"error": {"code": 5, "message": "Gone"}}, "Gone"),
        ({"message": "Same", "error": "Same"}, "Same"),
        ({"error": "a\r\nb\tc\x1b[31m\u202ed\u2028e\0", "message": 7}, "a b c [31m d e"),
        ({"error": "x" * 1000}, "x" * 300),
        ({"error": "see https://a.example/b?sig=canary-5ecre7&x#y and http://c.example/#canary-5ecre7 now"},
         "see https://a.example/b and http://c.example/ now"),
        ({"error": "\ud800 half"}, "half"),
        *(({"error": odd}, "") for odd in (None, 5, [], {}, {"message": []}, " ")),
        *((odd, "") for odd in ([], "text", 5, "<html>no</html>")),
        ("[" * 50_000, ""),
        ("", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_the_service_says_itself(http: Http, replay: Any, refusal: Any, body: Any, said: str, status: int) -> None:
    replay.fault("/file", replay.Fault.status(status, body=body))
    for asking in (opened, Http.json):
        error = refusal(partial(asking, http), replay.address + "/file")
        assert (error.status, error.said) == (status, said)


def test_what_the_service_says_in_a_header(http: Http, replay: Any, refusal: Any) -> None:
    reply = replay.Reply("Access denied", 403, {"X-Error-Message": "Ask its author\x1b first"})
    replay.add("GET", "/gated", reply)
    assert refusal(opened, http, replay.address + "/gated").said == "Ask its author first"


def test_a_key_that_is_echoed(client: Any, replay: Any, refusal: Any) -> None:
    for token in ("Bearer canary-5ecre7", ("x-key", "canary-5ecre7")):
        http = client(tokens={replay.host: token})
        replay.fault("/file", replay.Fault.status(403, body=json.dumps({"error": "no such key: canary-5ecre7."})))
        assert refusal(opened, http, replay.address + "/file").said == "no such key: ***."
