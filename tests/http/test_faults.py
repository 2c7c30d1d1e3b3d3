"""Everything that goes wrong at a service has a name, an end, and costs no more than it must."""

from __future__ import annotations

import gzip
import json
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, NoAnswer, Timeouts

QUICK = Timeouts(connect=0.3, read=0.3, whole=0.6)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422, 451, 418])
def test_a_refusal_is_asked_once(http: Http, replay: Any, refusal: Any, status: int) -> None:
    for html in (False, True):
        replay.fault("/thing", replay.Fault.status(status, html=html))
        error = refusal(http.json, replay.address + "/thing")
        assert (error.code, error.status, error.host) == ("unexpected_status", status, replay.host)
    assert len(replay.log) == 2


def test_a_refusal_can_be_an_answer(http: Http, replay: Any, refusal: Any) -> None:
    fault = replay.Fault
    replay.fault("/thing", fault.status(404))
    assert http.json(replay.address + "/thing", accept=(200, 404)) == (
        404, {"content-type": "application/json", "content-length": "23"}, {"error": "status 404"}, replay.address + "/thing"
    )  # fmt: skip
    replay.fault("/thing", fault.text("Entry not found", kind="text/plain", status=404))
    assert http.json(replay.address + "/thing", accept=(200, 404)).body is None
    assert http.head(replay.address + "/thing", accept=(200, 404)).status == 404
    assert http.range0(replay.address + "/thing", accept=(200, 404)).status == 404
    replay.fault("/thing", fault.status(404, html=True))
    error = refusal(http.json, replay.address + "/thing", accept=(200, 404))
    assert (error.code, error.status) == ("not_json", 404), "a page proves nothing about what the service has"
    replay.fault("/thing", fault.status(500))
    assert http.json(replay.address + "/thing", accept=(500,)).status == 500
    replay.fault("/thing", fault.redirect("/file"))
    assert http.json(replay.address + "/thing", accept=(302,)).headers["location"] == "/file"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 524, 408])
def test_a_fault_of_the_service_is_tried_again(http: Http, replay: Any, clock: Any, refusal: Any, status: int) -> None:
    replay.fault("/thing", replay.Fault.status(status, html=True), times=2)
    assert http.json(replay.address + "/thing").body == {"name": "ink"}
    assert len(replay.log) == 3 and 3 < clock.slept < 8, "about 1 second, then about 4"
    replay.fault("/thing", replay.Fault.status(status))
    error = refusal(http.json, replay.address + "/thing")
    assert (error.code, error.status, len(replay.log)) == ("server_error", status, 6)


def test_a_guard_that_wants_a_browser_is_waited_for(http: Http, replay: Any, refusal: Any, clock: Any) -> None:
    replay.fault("*", replay.Fault.challenge, times=1)
    assert http.json(replay.address + "/thing").body == {"name": "ink"}
    assert len(replay.log) == 2 and clock.slept > 0
    for call in (http.json, http.range0, http.head):
        replay.mend()
        replay.fault("*", replay.Fault.challenge)
        replay.forget()
        error = refusal(call, replay.address + "/thing", accept=(200, 403))
        assert (error.code, error.status, len(replay.log)) == ("not_json", 403, 3)


def test_a_guard_under_any_status(client: Callable[..., Http], replay: Any, refusal: Any) -> None:
    for status in (200, 403, 429, 503):
        page = "<html><title>Just a moment...</title></html>"
        replay.fault("/thing", replay.Fault.text(page, kind="text/html", status=status))
        assert refusal(client().json, replay.address + "/thing").code == "not_json"


@pytest.mark.parametrize("kind", ["text/html", "application/json", "text/plain"])
def test_a_web_page_is_no_answer_whatever_it_claims(http: Http, replay: Any, refusal: Any, kind: str) -> None:
    replay.fault("/thing", replay.Fault.text("\ufeff \n<!DOCTYPE html><html>Sign in</html>", kind=kind))
    error = refusal(http.json, replay.address + "/thing")
    assert (error.code, error.status, len(replay.log)) == ("not_json", 200, 1)


def test_a_sign_in_page(http: Http, replay: Any, refusal: Any) -> None:
    replay.fault("/thing", replay.Fault.html)
    assert refusal(http.json, replay.address + "/thing").code == "not_json"
    assert http.range0(replay.address + "/thing").headers["content-type"].startswith("text/html"), (
        "for the caller to see"
    )


@pytest.mark.parametrize("fault", ["truncated", "reset"])
def test_a_connection_that_breaks_off(http: Http, replay: Any, clock: Any, refusal: Any, fault: str) -> None:
    replay.fault("/thing", getattr(replay.Fault, fault), times=2)
    assert http.json(replay.address + "/thing").body == {"name": "ink"}
    assert len(replay.log) == 3 and clock.slept > 3
    replay.fault("/thing", getattr(replay.Fault, fault))
    error = refusal(http.json, replay.address + "/thing")
    assert (error.code, error.message, len(replay.log)) == ("unreachable", "the connection broke off", 6)


def test_what_is_no_http_at_all(listener: Any, client: Any, replay: Any, refusal: Any) -> None:
    replay.add("GET", "/odd", replay.Reply(b"", headers={"Content-Length": "3, 4"}))
    assert refusal(client().json, replay.address + "/odd").code == "unreachable"
    slow = client(trusted={f"127.0.0.1:{listener.port}"}, timeouts=QUICK)
    error = refusal(slow.json, f"http://127.0.0.1:{listener.port}/")
    assert (error.code, error.message, slow.counts) == ("timeout", "it took longer than 0.3 seconds", {error.host: 1})
    error = refusal(slow.json, f"https://127.0.0.1:{listener.port}/")
    assert error.code == "timeout", "it never answers the handshake"


def test_nobody_is_there(client: Any, replay: Any, refusal: Any, clock: Any) -> None:
    http = client(trusted={"127.0.0.1:1"})
    error = refusal(http.json, "http://127.0.0.1:1/")
    assert (error.code, error.message, http.counts) == ("unreachable", "the connection was refused", {"127.0.0.1:1": 3})


def test_a_name_that_nobody_knows(client: Any, refusal: Any, monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    """No network at all: said at once, without three tries."""
    import socket

    def look(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look)
    error = refusal(client().json, "https://good.example/")
    assert (error.code, error.host, clock.slept) == ("unreachable", "good.example", 0)
    assert error.message == "its name could not be looked up"


def test_slowness_has_an_end(client: Any, replay: Any, refusal: Any) -> None:
    replay.fault("/thing", replay.Fault.slow(3.0))
    begun = time.monotonic()
    error = refusal(client(timeouts=QUICK).json, replay.address + "/thing")
    assert (error.code, error.message) == ("timeout", "it took longer than 0.3 seconds")
    assert time.monotonic() - begun < 2 and len(replay.log) == 1


def test_dripping_has_an_end(client: Any, replay: Any, refusal: Any) -> None:
    """No pause between two bytes is long, and still it never ends."""
    replay.add("GET", "/long", "[" + " " * 500 + "]")
    replay.fault("/long", replay.Fault.drip(0.05))
    begun = time.monotonic()
    error = refusal(client(timeouts=QUICK).json, replay.address + "/long")
    assert (error.code, error.message) == ("timeout", "it took longer than 0.6 seconds")
    assert 0.4 < time.monotonic() - begun < 3


def test_slow_but_not_too_slow(client: Any, replay: Any) -> None:
    replay.fault("/thing", replay.Fault.slow(0.05))
    assert client(timeouts=QUICK).json(replay.address + "/thing").body == {"name": "ink"}


@pytest.mark.parametrize("fault", ["huge", "told", "bomb"])
def test_a_hundred_megabytes_are_not_read(http: Http, replay: Any, refusal: Any, fault: str) -> None:
    ills = {"huge": replay.Fault.huge(), "told": replay.Fault.huge(told=True), "bomb": replay.Fault.bomb()}
    replay.fault("/thing", ills[fault])
    tracemalloc.start()
    begun = time.monotonic()
    error = refusal(http.json, replay.address + "/thing", cap=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.code, error.message) == ("too_large", "its answer is larger than 1 MiB")
    assert time.monotonic() - begun < 2.0 and len(replay.log) == 1
    assert peak < 8 << 20


def test_the_cap_counts_what_is_unpacked(http: Http, replay: Any, refusal: Any) -> None:
    body = json.dumps(["a" * 1000]).encode()
    for coding, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)), ("identity", body)):
        replay.add("GET", "/packed", replay.Reply(packed, headers={"Content-Encoding": coding}, ranges=False))
        assert http.json(replay.address + "/packed", cap=len(body)).body == ["a" * 1000]
        error = refusal(http.json, replay.address + "/packed", cap=len(body) - 1)
        assert (error.code, error.message) == ("too_large", "its answer is larger than 1,003 bytes")


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip", "deflate"])
def test_a_packing_that_cannot_be_undone(http: Http, replay: Any, refusal: Any, coding: str) -> None:
    replay.add("GET", "/packed", replay.Reply(b"no such thing", headers={"Content-Encoding": coding}, ranges=False))
    assert refusal(http.json, replay.address + "/packed").code == "bad_json"
    cut = gzip.compress(b"[" + b" " * 5000 + b"]")[:-12]
    replay.add("GET", "/packed", replay.Reply(cut, headers={"Content-Encoding": "gzip"}, ranges=False))
    assert refusal(http.json, replay.address + "/packed").code == "bad_json"


BAD = [b"{", b"[1,", b"nothing", b"\xff\xfe\xfd", b'{"a": 1}}', b'"' + b"a" * 100, b"1" * 5000 + b"x", b"['a']"]


@pytest.mark.parametrize("body", BAD)
def test_damaged_json(http: Http, replay: Any, refusal: Any, body: bytes) -> None:
    replay.fault("/thing", replay.Fault.text(body))
    assert refusal(http.json, replay.address + "/thing").code == "bad_json"


@pytest.mark.parametrize("levels", [65, 500, 5_000, 200_000])
def test_json_nested_without_reason(http: Http, replay: Any, refusal: Any, levels: int) -> None:
    replay.fault("/thing", replay.Fault.deep(levels))
    assert refusal(http.json, replay.address + "/thing").code == "bad_json"
    replay.fault("/thing", replay.Fault.text('{"a":' * levels + "1" + "}" * levels))
    assert refusal(http.json, replay.address + "/thing").code == "bad_json"
    replay.fault("/thing", replay.Fault.deep(64))
    assert http.json(replay.address + "/thing").status == 200


def test_numbers_that_json_does_not_have(http: Http, replay: Any) -> None:
    replay.fault("/thing", replay.Fault.nan)
    assert http.json(replay.address + "/thing").body == {"size": None, "items": [{"size": None}, {"size": None}]}


def test_bodies_that_are_fine(http: Http, replay: Any) -> None:
    for body, value in (
        (b"", None),
        (b" \n", None),
        (b"\xef\xbb\xbf[1.5]", [1.5]),
        ('["é"]'.encode("utf-16"), ["é"]),
        (b"0", 0),
    ):
        replay.fault("/thing", replay.Fault.text(body))
        assert http.json(replay.address + "/thing").body == value
    large = {"items": [{"at": number, "text": "x" * 40} for number in range(10_000)]}
    replay.fault("/thing", replay.Fault.text(json.dumps(large)))
    assert http.json(replay.address + "/thing").body == large
    replay.add(
        "GET", "/chunks", replay.Reply(None, headers={"Content-Type": "application/json"}, stream=[b"[1", b",2", b"]"])
    )
    assert http.json(replay.address + "/chunks").body == [1, 2]
    replay.add("GET", "/none", replay.Reply(None, status=204))
    assert http.json(replay.address + "/none", accept=(204,)).body is None


def test_schema_drift_is_just_another_answer(http: Http, replay: Any) -> None:
    replay.fault("/thing", replay.Fault.drift(lambda body: body.update(name=["ink"])))
    assert http.json(replay.address + "/thing").body == {"name": ["ink"]}


def test_one_byte_of_a_file(http: Http, replay: Any, refusal: Any) -> None:
    answer = http.range0(replay.address + "/file")
    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, None, "bytes 0-0/10000")
    assert replay.log[0].headers["range"] == "bytes=0-0" and replay.log[0].headers["accept-encoding"] == "identity"
    replay.add("GET", "/empty", b"")
    assert http.range0(replay.address + "/empty").headers["content-range"] == "bytes */0"
    replay.fault("/file", replay.Fault.huge())
    begun = time.monotonic()
    assert http.range0(replay.address + "/file").status == 200, "a host that sends everything is not listened to"
    assert time.monotonic() - begun < 1


def test_connections_are_kept(http: Http, replay: Any) -> None:
    taken: list[Any] = []
    real = replay._server.process_request
    replay._server.process_request = lambda request, address: (taken.append(address), real(request, address))[1]
    replay.fault("/old", replay.Fault.redirect("/thing"))
    for _ in range(20):
        http.json(replay.address + "/thing")
        http.head(replay.address + "/thing")
        http.range0(replay.address + "/file")
        http.json(replay.address + "/old")
        http.json(replay.address + "/absent", accept=(404,))
    assert len(taken) == 1 and http.counts == {replay.host: 120}


@pytest.mark.parametrize("after", ["1", "5", "59.5", "date"])
def test_retry_after_is_honoured(client: Any, replay: Any, clock: Any, after: str) -> None:
    from email.utils import formatdate

    text = formatdate(clock.now() + 20, usegmt=True) if after == "date" else after
    for status in (429, 503):
        replay.fault("/thing", replay.Fault.status(status, retry_after=text), times=1)
        begun = clock.passed
        assert client().json(replay.address + "/thing").body == {"name": "ink"}
        wait = (20 - begun if status == 503 else 20) if after == "date" else float(after)
        assert max(0, wait) <= clock.passed - begun <= max(5.5, wait + 0.1)


def test_a_date_is_read_against_the_servers_own_clock(http: Http, replay: Any, clock: Any) -> None:
    """Whose clock may be a day off, or ours."""
    told = {"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    replay.fault("/thing", lambda request, due: replay.Reply({}, 429, told), times=1)
    http.json(replay.address + "/thing")
    assert clock.passed == pytest.approx(30)


@pytest.mark.parametrize(
    "after", [None, "-1", "0", "-1e9", "soon", "", "nan", "Wed, 21 Oct 2015 07:28:00 GMT", "1 2", "Wed, 99"]
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_senseless_retry_after_is_none(
    http: Http, replay: Any, clock: Any, refusal: Any, after: str | None, status: int
) -> None:
    replay.fault("/thing", replay.Fault.status(status, retry_after=after), times=1)
    assert http.json(replay.address + "/thing").body == {"name": "ink"}
    assert 0.7 < clock.passed < 1.5
    replay.fault("/thing", replay.Fault.status(status, retry_after=after))
    error = refusal(http.json, replay.address + "/thing")
    assert error.code == ("rate_limited" if status == 429 else "server_error") and len(replay.log) == 5


@pytest.mark.parametrize(
    ("after", "rest"), [("61", 61.0), ("600", 600.0), ("1000000000", 3600.0), ("1e9", 3600.0), ("inf", 3600.0)]
)
def test_a_host_that_wants_a_long_rest_gets_it(
    client: Any, replay: Any, other: Any, clock: Any, refusal: Any, after: str, rest: float
) -> None:
    """And nobody waits for it, nor does any other host suffer."""
    http = client(trusted={replay.host, other.host})
    replay.fault("/thing", replay.Fault.status(429, retry_after=after), times=1)
    error = refusal(http.json, replay.address + "/thing")
    assert (error.code, error.status, error.until) == ("rate_limited", 429, pytest.approx(clock.start + rest))
    clock.forward(rest / 2)
    again = refusal(http.head, replay.address + "/file")
    assert (again.code, again.until) == ("rate_limited", error.until)
    assert len(replay.log) == 1 and clock.slept == 0
    assert http.json(other.address + "/thing").body == {"name": "other"}
    clock.forward(rest / 2)
    assert http.json(replay.address + "/thing").body == {"name": "ink"}


def test_patience_is_for_the_whole_call(http: Http, replay: Any, clock: Any, refusal: Any) -> None:
    replay.fault("/thing", replay.Fault.status(429, retry_after="40"))
    error = refusal(http.json, replay.address + "/thing")
    assert (error.code, len(replay.log)) == ("rate_limited", 2) and clock.passed == pytest.approx(40)
    assert error.until == pytest.approx(clock.start + 80)


def test_three_times_too_many_is_a_rest(http: Http, replay: Any, clock: Any, refusal: Any) -> None:
    replay.fault("/thing", replay.Fault.status(429, retry_after="2"))
    assert refusal(http.json, replay.address + "/thing").code == "rate_limited"
    assert len(replay.log) == 3 and clock.passed == pytest.approx(4)
    assert refusal(http.json, replay.address + "/thing").code == "rate_limited" and len(replay.log) == 3


def test_a_host_that_is_down_is_left_in_peace(http: Http, replay: Any, clock: Any, refusal: Any) -> None:
    """Else its time-outs would be paid for every file of a library."""
    replay.fault("/thing", replay.Fault.status(502))
    codes = [refusal(http.json, replay.address + "/thing") for _ in range(50)]
    assert {one.code for one in codes} == {"server_error"} and len(replay.log) == 9
    assert codes[0].until is None and codes[-1].until == pytest.approx(clock.now() + 30, abs=1)
    clock.forward(31)
    assert refusal(http.json, replay.address + "/thing").until == pytest.approx(clock.now() + 60, abs=1)
    replay.mend()
    clock.forward(61)
    assert http.json(replay.address + "/thing").body == {"name": "ink"}
    replay.fault("/thing", replay.Fault.reset)
    assert refusal(http.json, replay.address + "/thing").until is None, "an answer has wiped the slate"


def test_refusals_are_answers_and_no_reason_for_peace(http: Http, replay: Any, refusal: Any) -> None:
    replay.fault("/thing", replay.Fault.status(404))
    for _ in range(10):
        assert refusal(http.json, replay.address + "/thing").status == 404
    replay.fault("/thing", replay.Fault.html)
    for _ in range(10):
        assert refusal(http.json, replay.address + "/thing").code == "not_json"
    assert len(replay.log) == 20


def test_cancelling_is_heard_while_waiting(client: Any, replay: Any, refusal: Any) -> None:
    """By the real clock: for a turn, for Retry-After, and for an answer that does not come."""
    from comfyfixersmart.core.http import Clock, Limit

    stop = threading.Event()
    fault = replay.Fault
    for ill, limit in (
        (None, Limit(0.01, 1)),
        (fault.status(429, retry_after="50"), Limit(99, 99)),
        (fault.slow(5), Limit(99, 99)),
    ):
        stop.clear()
        replay.mend()
        http = client(clock=Clock(), cancel=stop.is_set, limits={replay.host: limit})
        if ill is None:
            http.json(replay.address + "/thing")
        else:
            replay.fault("/thing", ill)
        timer = threading.Timer(0.15, stop.set)
        timer.start()
        begun = time.monotonic()
        error = refusal(http.json, replay.address + "/thing")
        timer.join()
        assert error.code == "cancelled" and 0.1 < time.monotonic() - begun < 1.15
        with pytest.raises(NoAnswer, match="cancelled"):
            http.check()
        assert refusal(http.head, replay.address + "/thing").code == "cancelled"


def test_eight_threads_at_once(http: Http, replay: Any) -> None:
    replay.add("GET", "/number/{at}", lambda request: int(request.names["at"]))
    replay.fault("/number/7", replay.Fault.status(500), times=2)
    found: dict[int, Any] = {}

    def work(start: int) -> None:
        for at in range(start, 160, 8):
            found[at] = http.json(f"{replay.address}/number/{at}").body

    threads = [threading.Thread(target=work, args=(start,)) for start in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == {at: at for at in range(160)} and http.counts == {replay.host: 162}


def test_closing_twice_and_using_again(client: Any, replay: Any) -> None:
    http = client()
    http.close()
    http.json(replay.address + "/thing")
    http.close()
    http.close()
    assert http.json(replay.address + "/thing").body == {"name": "ink"}
