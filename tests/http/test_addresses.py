"""Nobody's address leads us into this machine or its network: not one byte is sent there."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, NoAnswer, shown, wire
from comfyfixersmart.core.http.address import is_public, onward, target

PRIVATE = [
    *("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "017700000001", "0x7f000001", "0x7f.1"),
    *("0177.0.0.1", "127.0.0.01", "0.0.0.0", "0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254"),
    *("192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.254", "100.100.100.200"),
    *("168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]"),
    *("[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]"),
    *("[2002:7f00:1::]", "[2002:c0a8:101::1]", "[2001::1]", "[2001:db8::1]", "[fe80::1]", "[fe80::1%25lo]"),
    *("[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[3fff::1]", "[100::1]"),
    *("localhost", "LOCALHOST", "localhost.", "name.localhost"),
    *(
        "①②⑦.0.0.1",
        "127。0。0。1",
        "127%2e0%2e0%2e1",
        "user@127.0.0.1",
        "good.example@127.0.0.1",
        "127.0.0.1\\@good.example",
    ),
    *("127.0.0.1\t", "127.0.0.1%00", "[127.0.0.1]", "", ".", "..", "a..b"),
]
NAMES = {  # a name, and what it means to whoever asks
    "rebound.example": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "router.example": ["192.168.0.1", "fe80::1"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "translated.example": ["64:ff9b::7f00:1"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "zero.example": ["0.0.0.0"],
    "cgnat.example": ["100.64.3.4"],
    "localhost.localdomain": ["::1"],
}


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and their addresses; all others go to the system, which may know `localhost` only."""
    names = dict(NAMES)
    real = socket.getaddrinfo

    def look(host: Any, port: Any, *more: Any, **words: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        if text in names:
            kinds = [(socket.AF_INET6 if ":" in one else socket.AF_INET, one) for one in names[text]]
            return [(kind, socket.SOCK_STREAM, 6, "", (one, port)) for kind, one in kinds]
        if text.rstrip(".").endswith("localhost"):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return real(host, port, *more, **{**words, "flags": socket.AI_NUMERICHOST})

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return names


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that a connection was tried to."""
    tried: list[Any] = []
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        tried.append(address)
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", [*PRIVATE, *NAMES])
def test_nothing_is_sent_into_a_private_network(
    host: str, scheme: str, listener: Any, resolved: Any, dialled: list[Any], clock: Any, refusal: Any, ways: Any
) -> None:
    http = Http(clock=clock)
    url = f"{scheme}://{host}:{listener.port}/api"
    for call in ways(http):
        assert refusal(call, url).code in ("refused_address", "unreachable")
    http.close()
    assert dialled == [] and (listener.connections, listener.bytes) == (0, 0)


@pytest.mark.parametrize(
    "host", ["rebound.example", "router.example", "metadata.google.internal", "127.0.0.1", "localhost"]
)
def test_what_is_refused_says_so(host: str, resolved: Any, clock: Any, refusal: Any, ways: Any) -> None:
    for call in ways(Http(clock=clock)):
        error = refusal(call, f"http://{host}/")
        assert (error.code, error.host) == ("refused_address", host)
        assert "private network" in error.message and "settings" in error.hint


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_connected_socket_is_looked_at_before_anything_is_sent(
    scheme: str, listener: Any, monkeypatch: pytest.MonkeyPatch, clock: Any, refusal: Any, ways: Any
) -> None:
    """Whatever the name meant when it was looked up: not even the first words of TLS are spoken."""
    monkeypatch.setattr(wire, "_addresses", lambda host, port, may_be_private: ["127.0.0.1"])
    http = Http(clock=clock)
    for number, call in enumerate(ways(http), 1):
        assert refusal(call, f"{scheme}://public.example:{listener.port}/").code == "refused_address"
        listener.wait()
        assert (listener.connections, listener.bytes) == (number, 0)
    http.close()


def test_of_several_addresses_only_public_ones_are_dialled(
    resolved: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch, clock: Any, refusal: Any, ways: Any
) -> None:
    resolved["both.example"] = ["127.0.0.1", "2001:67c:4e8::1", "10.0.0.1", "93.184.215.14"]
    tried: list[str] = []

    def connect(self: socket.socket, address: Any) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    for call in ways(Http(clock=clock)):
        error = refusal(call, "https://both.example/")
        assert (error.code, error.message) == ("unreachable", "the connection was refused")
        assert tried == ["2001:67c:4e8::1", "93.184.215.14"] * 3
        tried.clear()
        clock.forward(600)


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "1.1.1.1",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2002:101:101::1",
        "2606:4700::1111",
        "172.32.0.1",
    ],
)
def test_public_addresses_are_seen_as_such(address: str) -> None:
    assert is_public(address)


def test_what_is_no_address_is_not_public() -> None:
    assert not any(map(is_public, ["", "name", "1.2.3", "1.2.3.4.5", "::g"]))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://good.example/", "gopher://127.0.0.1/", "//good.example", "",
                                 "good.example", "data:,x", "http://", "http:///x", "javascript:0", "HTTP+unix://x",
                                 "http://good.example:0/", "http://good.example:99999/", "http://good.example:x/",
                                 "http://[::1/", "http://good.example/\r\nX: y", "http://good.example/" + "a" * 9000])  # fmt: skip
def test_only_plain_addresses_of_the_web(url: str, http: Http, refusal: Any, dialled: list[Any], ways: Any) -> None:
    for call in ways(http):
        assert refusal(call, url).code == "refused_address"
    assert dialled == []


def test_a_configured_host_may_be_private_at_its_own_port_only(
    replay: Any, other: Any, client: Any, refusal: Any, ways: Any
) -> None:
    http = client(trusted={replay.host})
    for call in ways(http):
        call(replay.address + "/thing")
        assert refusal(call, other.address + "/thing").code == "refused_address"
        assert refusal(call, f"http://localhost:{replay.port}/thing").code == "refused_address", "not as it is written"
    assert not other.log and len(replay.log) == 4


@pytest.mark.parametrize("name", ["LOCALHOST:{}", "localhost:{}"])
def test_a_configured_name_may_lead_home(name: str, replay: Any, client: Any) -> None:
    http = client(trusted={name.format(replay.port)})
    assert http.json(f"http://localhost:{replay.port}/thing").body == {"name": "ink"}


def test_names_without_a_port_mean_the_usual_ports() -> None:
    assert target("http://searx.example/").among({"searx.example"})
    assert target("https://searx.example/").among({"searx.example:443"})
    assert not target("http://searx.example:8080/").among({"searx.example"})
    assert not target("http://searx.example/").among({"searx.example:443"})
    assert target("http://[::1]:8080/").among({"[::1]:8080"})


def test_no_proxy_of_the_environment(
    replay: Any, other: Any, client: Callable[..., Http], monkeypatch: pytest.MonkeyPatch, tmp_path: Any, ways: Any
) -> None:
    """And no .netrc: a password for this host in somebody's home is nobody's business."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, other.address)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password canary\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for call in ways(client()):
        call(replay.address + "/thing")
    assert not other.log and len(replay.log) == 4
    assert not any("authorization" in one.headers for one in replay.log)


def test_onward_never_leaves_encryption_nor_the_web() -> None:
    here = target("https://good.example/a/b")
    for location in ("http://good.example/a", "http://other.example/", "file:///etc/passwd", "https://u:p@good.example/",
                     "http://[::1", "//127.1/", "https://0x7f.1/", "https://good.example:0/"):  # fmt: skip
        with pytest.raises(NoAnswer) as caught:
            onward(here, location, ())
        assert caught.value.code == "refused_address" and caught.value.host == "good.example"
    assert onward(here, "http://own.example/", {"own.example"}).scheme == "http"
    assert onward(here, "../c?x=1", ()).url == "https://good.example/c?x=1"
    assert onward(here, "//cdn.example/x", ()).url == "https://cdn.example/x"


def test_addresses_are_shown_without_secrets() -> None:
    assert shown("https://u:p@a.example/x?token=1&q=ink&API_KEY=2&key=3&apikey=4#f") == (
        "https://a.example/x?token=***&q=ink&API_KEY=***&key=***&apikey=***"
    )
    assert shown("http://[::1") == "(an address that cannot be read)"
