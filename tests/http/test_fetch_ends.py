"""Where a fetch ends: broken off by a person, cut off by the other side, silent; no byte is made up or lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, NoAnswer, Stream, Timeouts

QUICK = Timeouts(connect=0.3, read=0.3, whole=0.6)
RESET = b"(reset)"  # see Script
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def opened(http: Http, url: str) -> None:
    with http.fetch(url):
        pass


def rest(stream: Stream) -> bytes:
    """All that still comes."""
    view, body = memoryview(bytearray(64)), bytearray()
    while got := stream.readinto(view):
        body += view[:got]
    return bytes(body)


def until_it_breaks(stream: Stream) -> tuple[bytes, NoAnswer]:
    """What came, and the error after it."""
    view, body = memoryview(bytearray(64)), bytearray()
    with pytest.raises(NoAnswer) as caught:
        while got := stream.readinto(view):
            body += view[:got]
    assert caught.value.host and caught.value.hint.endswith(".")
    return bytes(body), caught.value


def test_a_line_is_closed_with_the_block(client: Any, script: Any, refusal: Any) -> None:
    one = script(HEAD % 100 + b"hello")
    with client(trusted={one.host}).fetch(one.address) as stream:
        assert stream.readinto(memoryview(bytearray(2))) == 2
    assert one.closed.acquire(timeout=5)
    assert refusal(stream.readinto, memoryview(bytearray(2))).code == "cut_off"
    with pytest.raises(ZeroDivisionError), client(trusted={one.host}).fetch(one.address):
        raise ZeroDivisionError
    assert one.closed.acquire(timeout=5)


@pytest.mark.parametrize("secure", [False, True])
def test_a_blocked_read_is_woken(client: Any, script: Any, refusal: Any, certified: Any, secure: bool) -> None:
    """By another thread, long before the silence would be too long."""
    release, blocked, wakes = threading.Event(), threading.Event(), []
    one = script((HEAD % 100 + b"hello", release), tls=certified[0] if secure else None)
    caught: list[NoAnswer] = []

    def read() -> None:
        view = memoryview(bytearray(100))
        http = client(trusted={one.host}, verify=certified[1])
        with http.fetch(one.address, on_open=wakes.append) as stream:
            assert stream.readinto(view) == 5
            blocked.set()
            caught.append(refusal(stream.readinto, view))
            caught.append(refusal(stream.readinto, view))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert blocked.wait(5)
    wakes[0]()
    reader.join(5)
    assert [error.code for error in caught] == ["cancelled", "cancelled"] and caught[0].host == one.host
    assert not release.is_set() and one.heads
    wakes[0]()  # afterwards it does nothing
    release.set()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_opening_is_woken(client: Any, listener: Any, refusal: Any, scheme: str) -> None:
    """While the answer's head, or the other side of the handshake, is waited for."""
    wakes: list[Callable[[], None]] = []
    caught: list[NoAnswer] = []

    def read() -> None:
        http = client(trusted={f"127.0.0.1:{listener.port}"})
        fetching = http.fetch(f"{scheme}://127.0.0.1:{listener.port}/", on_open=wakes.append)
        caught.append(refusal(fetching.__enter__))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert listener.heard.wait(5)
    wakes[0]()
    reader.join(5)
    assert caught[0].code == "cancelled" and listener.connections == 1


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set as soon as a name is looked up, which the system never answers: there is no network."""
    asked, over = threading.Event(), threading.Event()

    def look(*_: Any, **__: Any) -> Any:
        asked.set()
        over.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look)
    yield asked
    over.set()
    for one in threading.enumerate():
        if one.name == "comfyfixersmart-name":
            one.join(30)


def test_a_name_that_is_looked_up_is_not_waited_for(client: Any, refusal: Any, mute: threading.Event) -> None:
    wakes: list[Callable[[], None]] = []
    caught: list[NoAnswer] = []

    def read() -> None:
        caught.append(refusal(client().fetch("https://good.example/file", on_open=wakes.append).__enter__))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert mute.wait(5)
    wakes[0]()
    reader.join(5)
    assert caught[0].code == "cancelled"


def test_a_name_that_is_never_found_has_its_time(client: Any, refusal: Any, mute: threading.Event) -> None:
    http = client(timeouts=QUICK._replace(connect=0.1))
    for call in (http.json, lambda url: opened(http, url)):
        error = refusal(call, "https://good.example/file")
        assert (error.code, error.host) == ("timeout", "good.example") and "0.1 seconds" in error.message


def test_what_is_broken_off_before_it_begins(http: Http, replay: Any, refusal: Any) -> None:
    fetching = http.fetch(replay.address + "/file", on_open=lambda wake: wake())
    assert refusal(fetching.__enter__).code == "cancelled" and not replay.log
    assert http.json(replay.address + "/thing").status == 200, "only that one fetch"


@pytest.mark.parametrize("by", ["wake", "cancel"])
def test_a_wait_is_broken_off(client: Any, replay: Any, clock: Any, refusal: Any, by: str) -> None:
    """For Retry-After, and for one's turn."""
    wakes: list[Callable[[], None]] = []
    ended = threading.Event()
    real = clock.sleep

    def sleep(seconds: float) -> None:
        real(seconds)
        if clock.slept > 3:
            ended.set() if by == "cancel" else wakes[0]()

    clock.sleep = sleep
    replay.fault("/file", replay.Fault.status(429, retry_after="50"))
    http = client(cancel=ended.is_set)
    fetching = http.fetch(replay.address + "/file", on_open=wakes.append)
    assert refusal(fetching.__enter__).code == "cancelled"
    assert len(replay.log) == 1 and clock.slept < 4


def test_the_client_may_be_cancelled(client: Any, script: Any, refusal: Any) -> None:
    """Between reads, and while nothing comes."""
    release, ended, came = threading.Event(), threading.Event(), threading.Event()

    def answer(_: bytes) -> Iterator[Any]:
        yield HEAD % 100 + b"hello"
        yield came
        ended.set()
        yield release

    one = script(answer)
    http, view = client(trusted={one.host}, cancel=ended.is_set), memoryview(bytearray(2))
    with http.fetch(one.address) as stream:
        assert stream.readinto(view) == 2
        ended.set()
        error = refusal(stream.readinto, view)
    assert (error.code, error.message) == ("cancelled", "the download was cancelled")
    ended.clear()
    with http.fetch(one.address) as stream:
        assert stream.readinto(memoryview(bytearray(9))) == 5
        came.set()
        assert refusal(rest, stream).code == "cancelled"
    release.set()


@pytest.mark.parametrize("end", [b"", RESET])
@pytest.mark.parametrize(
    "sent",
    [
        *(HEAD % 6 + b"hello", HEAD % (1 << 40) + b"hello", CHUNKED + b"6\r\nhello", CHUNKED + b"5\r\nhello"),
        *(CHUNKED + b"5\r\nhello\r\n", CHUNKED + b"5\r\nhello\r\n0", CHUNKED + b"5\r\nhello\r\n5"),
    ],
)
def test_a_body_that_is_cut_off(client: Any, script: Any, sent: bytes, end: bytes) -> None:
    """What came was given out, all of it."""
    came = threading.Event()
    one = script((sent, came, end))
    with client(trusted={one.host}).fetch(one.address) as stream:
        view = memoryview(bytearray(64))
        assert bytes(view[: stream.readinto(view)]) == b"hello"
        came.set()
        body, error = until_it_breaks(stream)
    assert (body, error.code, error.host) == (b"", "cut_off", one.host) and len(one.heads) == 1
    assert error.message == "the connection broke off before the end of the file"


@pytest.mark.parametrize(
    "size",
    [b"-5", b"+5", b"0x5", b"5_0", b" 5", b"five", b"", b"5 5", b"5\n", "٥".encode(), b"f" * 16, b"5;" + b"x" * 5000],
)
def test_chunks_that_are_none(client: Any, script: Any, size: bytes) -> None:
    one = script(CHUNKED + b"5\r\nhello\r\n" + size + b"\r\nworld and more\r\n0\r\n\r\n")
    with client(trusted={one.host}).fetch(one.address) as stream:
        body, error = until_it_breaks(stream)
    assert (body, error.code) == (b"hello", "cut_off")


def test_a_chunk_longer_than_it_says(client: Any, script: Any) -> None:
    one = script(CHUNKED + b"5\r\nhello world\r\n0\r\n\r\n")
    with client(trusted={one.host}).fetch(one.address) as stream:
        assert until_it_breaks(stream)[0] == b"hello"


def test_more_than_announced_never_comes_through(client: Any, script: Any) -> None:
    one = script(HEAD % 5 + b"hello world")
    with client(trusted={one.host}).fetch(one.address) as stream:
        view = memoryview(bytearray(64))
        assert [stream.readinto(view), stream.readinto(view)] == [5, 0] and bytes(view[:6]) == b"hello\0"


def test_silence_has_an_end(client: Any, script: Any, refusal: Any) -> None:
    release = threading.Event()
    one = script((HEAD % 10 + b"hello", release))
    with client(trusted={one.host}, timeouts=QUICK).fetch(one.address) as stream:
        body, error = until_it_breaks(stream)
    release.set()
    assert (body, error.code, error.message) == (b"hello", "timeout", "nothing came for 0.3 seconds")
    assert len(one.heads) == 1


def test_a_slow_body_may_take_as_long_as_it_likes(client: Any, replay: Any) -> None:
    """Longer than a whole answer of another kind may take: only silence ends it."""
    replay.add("GET", "/slow", b"a" * 18)
    replay.fault("/slow", replay.Fault.drip(0.05))
    with client(timeouts=QUICK).fetch(replay.address + "/slow") as stream:
        view, got = memoryview(bytearray(64)), []
        while count := stream.readinto(view):
            got.append(count)
    assert sum(got) == 18 and len(got) > 1, "given out as it comes"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_head_that_never_comes(client: Any, listener: Any, refusal: Any, scheme: str) -> None:
    http = client(trusted={f"127.0.0.1:{listener.port}"}, timeouts=QUICK)
    error = refusal(opened, http, f"{scheme}://127.0.0.1:{listener.port}/")
    assert (error.code, listener.connections) == ("timeout", 1) and "0.3 seconds" in error.message


def test_a_head_that_drips(client: Any, script: Any, refusal: Any) -> None:
    """No pause is long, and it would never end: a head has its time."""
    release = threading.Event()

    def answer(_: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nX: "
        while not release.wait(0.05):
            yield b"a"

    one = script(answer)
    assert refusal(opened, client(trusted={one.host}, timeouts=QUICK), one.address).code == "timeout"
    release.set()


def test_a_refusal_whose_page_never_ends(client: Any, script: Any, refusal: Any) -> None:
    release = threading.Event()
    one = script((b'HTTP/1.1 404 No\r\nContent-Length: 99\r\n\r\n{"error": "gone"}', release))
    error = refusal(opened, client(trusted={one.host}, timeouts=QUICK), one.address)
    release.set()
    assert (error.code, error.status, error.said) == ("unexpected_status", 404, "gone")


def test_nobody_is_there(client: Any, refusal: Any, clock: Any) -> None:
    http = client(trusted={"127.0.0.1:1"})
    error = refusal(opened, http, "http://127.0.0.1:1/")
    assert (error.code, error.message, http.counts) == ("unreachable", "the connection was refused", {"127.0.0.1:1": 3})


def test_a_body_that_breaks_is_no_mark_against_the_host(client: Any, script: Any) -> None:
    one = script(HEAD % 6 + b"hello")
    http = client(trusted={one.host})
    for _ in range(5):
        with http.fetch(one.address) as stream:
            assert until_it_breaks(stream)[1].code == "cut_off"
    assert len(one.heads) == 5


def test_an_end_that_nobody_vouches_for(certified: Any, client: Any, refusal: Any) -> None:
    """Over TLS, a connection that is just cut is no end of a body of unknown length."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for polite in (False, True):
            plain, _ = listening.accept()
            with certified[0].wrap_socket(plain, server_side=True) as secured:
                secured.recv(4096)
                secured.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
                if polite:
                    with suppress(OSError):  # it says that this is the end, and waits for a word that does not come
                        secured.unwrap().close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    http = client(trusted={host}, verify=certified[1])
    view = memoryview(bytearray(100))
    with http.fetch(f"https://{host}/") as stream:
        assert bytes(view[: stream.readinto(view)]) == b"hello"
        assert refusal(stream.readinto, view).code == "cut_off"
    with http.fetch(f"https://{host}/") as stream:
        assert rest(stream) == b"hello"
    thread.join(5)
    listening.close()
