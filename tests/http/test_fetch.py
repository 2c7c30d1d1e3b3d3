"""A file as a stream: what is asked for, where the way leads, what is told to whom, and how it is broken off."""

from __future__ import annotations

import logging
import threading
import traceback
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, Limit, NoAnswer, Stream, Timeouts

CANARY = "canary-5ecre7"
BEARER = f"Bearer {CANARY}"
WHOLE = b"0123456789" * 1000
RESET = b"(reset)"  # see Script
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
QUICK = Timeouts(connect=0.3, read=0.3, whole=0.6)


def rest(stream: Stream, size: int = 4096) -> bytes:
    """All that still comes."""
    view, body = memoryview(bytearray(size)), bytearray()
    while got := stream.readinto(view):
        body += view[:got]
    return bytes(body)


def test_a_whole_file(http: Http, replay: Any) -> None:
    with http.fetch(replay.address + "/file?a=1") as stream:
        assert (stream.status, stream.headers["content-length"]) == (200, "10000")
        assert stream.url == replay.address + "/file?a=1"
        assert rest(stream) == WHOLE
        assert stream.readinto(memoryview(bytearray(1))) == 0, "the end stays the end"
    told = replay.log[0].headers
    assert (replay.log[0].method, told["accept"], told["accept-encoding"]) == ("GET", "*/*", "identity")
    assert told["host"] == replay.host and told["user-agent"].startswith("ComfyFixerSmart/")
    assert not {"range", "if-range", "authorization", "cookie", "referer"} & told.keys()
    assert http.counts == {replay.host: 1}


@pytest.mark.parametrize("size", [1, 7, 9999, 10_000, 1 << 20])
def test_views_of_any_size(http: Http, replay: Any, size: int) -> None:
    with http.fetch(replay.address + "/file") as stream:
        assert stream.readinto(memoryview(bytearray())) == 0
        assert rest(stream, size) == WHOLE


def test_the_rest_of_a_file(http: Http, replay: Any) -> None:
    with http.fetch(replay.address + "/file", start=9_990, if_range='"v1"') as stream:
        assert (stream.status, stream.headers["content-range"]) == (206, "bytes 9990-9999/10000")
        assert rest(stream) == WHOLE[9_990:]
    with http.fetch(replay.address + "/file", start=1) as stream:
        assert rest(stream) == WHOLE[1:]
    with http.fetch(replay.address + "/file", if_range='"v1"') as stream:
        assert stream.status == 200
    told = [{name: one.headers.get(name) for name in ("range", "if-range")} for one in replay.log]
    assert told == [
        {"range": "bytes=9990-", "if-range": '"v1"'},
        {"range": "bytes=1-", "if-range": None},
        {"range": None, "if-range": None},
    ]


@pytest.mark.parametrize("tag", ['"a"\r\nX-Own: 1', '"a"\n', '"\0"', '"é\ud800"'])
def test_a_tag_that_is_no_header(http: Http, replay: Any, tag: str) -> None:
    """It is asked for as one that fits nothing, so that the host sends all."""
    with http.fetch(replay.address + "/file", start=1, if_range=tag):
        pass
    assert "?" in replay.log[0].headers["if-range"] and "x-own" not in replay.log[0].headers


def test_nothing_is_left_to_send(http: Http, replay: Any) -> None:
    """The caller knows whether what it has is the whole file."""
    with http.fetch(replay.address + "/file", start=10_000) as stream:
        assert (stream.status, stream.headers["content-range"], rest(stream)) == (416, "bytes */10000", b"")
    page = replay.Reply("<html>416</html>", 416, {"Content-Type": "text/html", "Content-Range": "bytes */10000"})
    replay.add("GET", "/page", page)
    with http.fetch(replay.address + "/page", start=10_000) as stream:
        assert (stream.status, stream.headers["content-range"]) == (416, "bytes */10000")


def test_an_empty_file(http: Http, replay: Any) -> None:
    replay.add("GET", "/empty", b"")
    with http.fetch(replay.address + "/empty") as stream:
        assert (stream.status, rest(stream)) == (200, b"")


PIECES = [b"a" * 5, b"", b"b" * 70_000, b"c"]


@pytest.mark.parametrize("size", [3, 4096, 1 << 20])
def test_a_file_in_chunks(http: Http, replay: Any, size: int) -> None:
    replay.add("GET", "/chunks", replay.Reply(None, stream=[one for one in PIECES if one]))
    with http.fetch(replay.address + "/chunks") as stream:
        assert "content-length" not in stream.headers
        assert rest(stream, size) == b"".join(PIECES)


@pytest.mark.parametrize(
    "sent",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"00005\r\nhello\r\n000\r\n\r\n",
        b'5;name="a b"\r\nhello\r\n0;x\r\nTrailer: 1\r\n\r\n',
        b"2 \r\nhe\r\n3\r\nllo\r\n0\r\n",
        b"5\r\nhello\r\n0\r\n\r\nand more that nobody reads",
    ],
)
def test_chunks_in_all_spellings(client: Any, script: Any, sent: bytes) -> None:
    """A length beside them means nothing."""
    one = script(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n" + sent)
    with client(trusted={one.host}).fetch(one.address) as stream:
        assert rest(stream) == b"hello" and "content-length" not in stream.headers


@pytest.mark.parametrize(
    "head", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" + HEAD % 5,
             b"HTTP/1.1 200\r\nContent-Length: 5, 5\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length:5\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\n\r\n"]
)  # fmt: skip
def test_heads_in_all_spellings(client: Any, script: Any, head: bytes) -> None:
    one = script(head + b"hello")
    with client(trusted={one.host}).fetch(one.address) as stream:
        assert stream.length == (5 if b"ength" in head else None)
        assert stream.headers.get("content-length") == ("5" if stream.length else None)
        assert rest(stream) == b"hello"


def test_headers_are_one_line_each(client: Any, script: Any) -> None:
    one = script(
        b'HTTP/1.1 200 OK\r\nETag: "\xc3\xa9"\r\nX-Folded: a\r\n  b\x1b[31m\r\nX-Old: \xe9\r\nContent-Length: 0\r\n\r\n'
    )
    with client(trusted={one.host}).fetch(one.address) as stream:
        assert (stream.headers["etag"], stream.headers["x-old"]) == ('"é"', "é")
        assert stream.headers["x-folded"].split() == ["a", "b", "[31m"] and stream.headers["x-folded"].isprintable()


def test_the_way_over_several_hosts(client: Any, replay: Any, other: Any, script: Any) -> None:
    """Three hops: each is asked for the same range; the token goes to its own host only, and does not come back to it."""
    end = script(b"HTTP/1.1 206 OK\r\nContent-Range: bytes 3-4/5\r\nContent-Length: 2\r\n\r\nlo")
    http = client(
        trusted={replay.host, other.host, end.host}, tokens={replay.host: BEARER, other.host: "Bearer of the other"}
    )
    replay.fault("/file", replay.Fault.redirect("/within", 307))
    replay.fault("/within", replay.Fault.redirect(other.address + "/a?sig=1", 302))
    replay.fault("/back", replay.Fault.redirect(f"{end.address}/b?X-Signature=2", 303))
    other.fault("/a", other.Fault.redirect(replay.address + "/back", 301))
    with http.fetch(replay.address + "/file", start=3, if_range='"v1"') as stream:
        assert (stream.status, rest(stream), stream.url) == (206, b"lo", f"{end.address}/b?X-Signature=2")
        assert "X-Signature" not in f"{stream!r} {stream}" and end.host in repr(stream)
    asked = [*replay.log, *other.log]
    assert [one.headers.get("authorization") for one in asked] == [BEARER, BEARER, None, None]
    assert {(one.headers["range"], one.headers["if-range"]) for one in asked} == {("bytes=3-", '"v1"')}
    assert b"range: bytes=3-\r\n" in end.heads[0] and b'if-range: "v1"\r\n' in end.heads[0]
    assert CANARY.encode() not in end.heads[0] and b"authorization" not in end.heads[0].lower()
    assert end.heads[0].startswith(b"GET /b?X-Signature=2 HTTP/1.1\r\n")


def test_a_redirect_into_this_machine(http: Http, replay: Any, listener: Any, refusal: Any, ways: Any) -> None:
    for number, host in enumerate(("127.0.0.1", "localhost", "[::ffff:127.0.0.1]")):
        replay.fault(f"/{number}", replay.Fault.redirect(f"http://{host}:{listener.port}/"))
        assert refusal(ways(http)[-1], f"{replay.address}/{number}").code == "refused_address"
    assert (listener.connections, listener.bytes, len(replay.log)) == (0, 0, 3)


def test_a_loop_ends(http: Http, replay: Any, refusal: Any, ways: Any) -> None:
    replay.fault("/old", replay.Fault.loop)
    assert refusal(ways(http)[-1], replay.address + "/old").code == "too_many_redirects"
    assert len(replay.log) == 6


def test_a_redirect_whose_body_never_ends(client: Any, script: Any) -> None:
    """It is not waited for."""
    release = threading.Event()
    one = script((b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n<html>", release), HEAD % 5 + b"hello")
    with client(trusted={one.host}).fetch(one.address) as stream:
        assert rest(stream) == b"hello" and not release.is_set()
    release.set()


def test_over_https(secure: Any, replay: Any, certified: Any, client: Any, refusal: Any, ways: Any) -> None:
    body = bytes(range(256)) * 4096
    secure.add("GET", "/file", body)
    secure.add("GET", "/chunks", lambda request: replay.Reply(None, stream=[body[:100_000], body[100_000:]]))
    secure.fault("/stranger", secure.Fault.redirect("http://127.0.0.1:1/"))
    trusted = {secure.host}
    http = client(trusted=trusted, tokens={secure.host: BEARER}, verify=certified[1])
    for path in ("/file", "/chunks"):
        with http.fetch(secure.address + path) as stream:
            assert rest(stream, 1 << 20) == body
    assert "encryption" in refusal(ways(http)[-1], secure.address + "/stranger").message
    assert [one.headers["authorization"] for one in secure.log] == [BEARER] * 3
    error = refusal(ways(client(trusted=trusted, tokens={secure.host: BEARER}))[-1], secure.address + "/file")
    assert (error.code, error.message) == ("unreachable", "its certificate is not valid") and len(secure.log) == 3


def test_several_threads_with_one_client(client: Any, replay: Any) -> None:
    bodies = {f"/{number}": bytes([number]) * 300_000 for number in range(8)}
    for path, body in bodies.items():
        replay.add("GET", path, body)
    http, got = client(limits={replay.host: Limit(1000, 1000)}), {}

    def read(path: str) -> None:
        with http.fetch(replay.address + path) as stream:
            got[path] = rest(stream)

    threads = [threading.Thread(target=read, args=(path,), daemon=True) for path in bodies]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert got == bodies and http.counts == {replay.host: 8}


def test_a_turn_is_waited_for(client: Any, replay: Any, clock: Any) -> None:
    http = client(limits={replay.host: Limit(1.0, 1)})
    for _ in range(3):
        with http.fetch(replay.address + "/file"):
            pass
    assert clock.passed == pytest.approx(2)


def test_a_signed_address_is_seen_nowhere(
    client: Any, script: Any, replay: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor a token: not in errors, their traces, the stream or the logs, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    release, texts = threading.Event(), []
    signed = f"/file?X-Amz-Signature={CANARY}"
    no = b"HTTP/1.1 403 No\r\nContent-Type: application/json\r\n\r\n"
    echo = b'{"error": "bad key %s", "message": "see https://a.example/x?sig=%s"}' % (CANARY.encode(), CANARY.encode())
    ills = [
        *(HEAD % 9 + b"hello", b"", b"nonsense\r\n\r\n", RESET, b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"),
        *(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", no + b"<html>", no + echo),
        *(
            b"HTTP/1.1 401 No\r\n\r\n" + echo,
            b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1" + signed.encode() + b"\r\n\r\n",
        ),
        (HEAD % 9 + b"hello", release),
    ]
    for ill in ills:
        one = script(ill)
        replay.fault("/old", replay.Fault.redirect(one.address + signed))
        tokens = {one.host: BEARER, replay.host: BEARER}
        http = client(trusted={one.host, replay.host}, tokens=tokens, timeouts=QUICK)
        for url in (one.address + signed, replay.address + "/old"):
            with pytest.raises(NoAnswer) as caught, http.fetch(url) as stream:
                texts += [repr(stream), str(stream)]
                rest(stream)
            error = caught.value
            texts += [*traceback.format_exception(error), repr(error), str(error.as_json()), str(vars(error))]
    release.set()
    texts.append(caplog.text)
    assert len(texts) > 5 * len(ills) and CANARY not in "".join(texts)
