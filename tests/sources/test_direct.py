"""Links to files on hosts that are no model hub."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.http import Http, Limit, NoAnswer
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.direct import Direct
from comfyfixersmart.core.sources.types import Query

FILE = b"w" * 5_000


@pytest.fixture
def source(replay: Any, other: Any) -> Direct:
    """Knows `replay`, which may send on to `other`."""
    return Direct(
        [{"host": replay.host, "scheme": "http", "paths": ["/*/*/releases/download/"], "redirects": [other.host]}]
    )


@pytest.fixture
def asker(replay: Any, other: Any, clock: Any) -> Any:
    http = Http(trusted={replay.host, other.host}, limits={replay.host: Limit(50, 50)}, clock=clock)
    yield Asker(http, Answers(None, now=clock.now))
    http.close()


def link(replay: Any, file: str = "inkscale_x4.pth") -> str:
    return f"{replay.address}/brushworks/inkscale/releases/download/v1.0/{file}"


def test_a_file_is_confirmed_with_its_size_and_without_a_hash(source: Direct, asker: Asker, replay: Any) -> None:
    replay.add("GET", "/brushworks/inkscale/releases/download/v1.0/{file}", FILE)
    (found,) = source.by_link(asker, link(replay))
    assert (found.id, found.url, found.source) == (f"direct:{link(replay)}", link(replay), "direct")
    assert (found.file, found.size, found.sha256, found.format) == ("inkscale_x4.pth", 5_000, None, "pickle")
    assert found.confirmed and replay.log[0].headers["range"] == "bytes=0-0"
    source.by_link(asker, link(replay))
    assert len(replay.log) == 1 and asker.steps[-1].outcome == "found, 5,000 bytes"


def test_it_is_followed_to_where_the_host_keeps_its_files(
    source: Direct, asker: Asker, replay: Any, other: Any
) -> None:
    other.add("GET", "/blob", FILE)
    replay.add("GET", "/{rest...}", replay.Reply(None, 302, {"Location": f"{other.address}/blob?sig=secret"}))
    (found,) = source.by_link(asker, link(replay))
    assert found.size == 5_000 and found.url == link(replay) and "secret" not in repr(found)


def test_a_host_that_it_may_not_send_us_to_has_no_file(asker: Asker, replay: Any, other: Any) -> None:
    other.add("GET", "/blob", FILE)
    replay.add("GET", "/{rest...}", replay.Reply(None, 302, {"Location": f"{other.address}/blob"}))
    assert Direct([{"host": replay.host, "scheme": "http"}]).by_link(asker, link(replay)) == []


@pytest.mark.parametrize(
    ("status", "headers", "size"),
    [
        (206, {"Content-Range": "bytes 0-0/77"}, 77),
        (200, {"Content-Range": "bytes 0-0/77"}, 77),  # some hosts
        (206, {"Content-Range": "bytes 0-0/*"}, None),
        (206, {}, None),
        (206, {"Content-Range": "bytes 0-0/" + "9" * 40}, None),
        (416, {"Content-Range": "bytes */77"}, 77),
    ],
)
def test_the_size_is_what_content_range_says(
    source: Direct, asker: Asker, replay: Any, status: int, headers: dict[str, str], size: int | None
) -> None:
    kind = {"Content-Type": "application/octet-stream", **headers}
    replay.add("GET", "/{rest...}", replay.Reply(b"w", status, kind, ranges=False))
    (found,) = source.by_link(asker, link(replay))
    assert found.size == size and found.confirmed


def test_a_host_that_ignores_ranges_tells_the_size_by_the_length(source: Direct, asker: Asker, replay: Any) -> None:
    replay.add("GET", "/{rest...}", replay.Reply(FILE, 200, ranges=False))
    (found,) = source.by_link(asker, link(replay))
    assert found.size == 5_000


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_has_no_candidates(source: Direct, asker: Asker, replay: Any, status: int) -> None:
    replay.fault("*", replay.Fault.status(status))
    assert source.by_link(asker, link(replay)) == []


@pytest.mark.parametrize("reply", ["page", "empty", "nothing"])
def test_what_is_no_file_has_no_candidates(source: Direct, asker: Asker, replay: Any, reply: str) -> None:
    replies = {
        "page": replay.Reply("<html>Sign in</html>", 200, {"Content-Type": "text/html"}),
        "empty": replay.Reply(b"", 200),
        "nothing": replay.Reply(None, 416),
    }
    replay.add("GET", "/{rest...}", replies[reply])
    assert source.by_link(asker, link(replay)) == []


@pytest.mark.parametrize("fault", ["server", "refused", "slow down", "reset"])
def test_a_fault_is_never_taken_for_an_absent_file(source: Direct, asker: Asker, replay: Any, fault: str) -> None:
    faults = {
        "server": replay.Fault.status(500),
        "refused": replay.Fault.status(403),
        "slow down": replay.Fault.status(429, retry_after="9000"),
        "reset": replay.Fault.reset,
    }
    replay.fault("*", faults[fault])
    with pytest.raises(NoAnswer):
        source.by_link(asker, link(replay))


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (
            "https://github.com/brushworks/inkscale/releases/download/v1/ink.pth?token=secret#x",
            "https://github.com/brushworks/inkscale/releases/download/v1/ink.pth",
        ),
        ("http://GitHub.com/a/b/blob/main/w/ink.onnx", "https://github.com/a/b/raw/main/w/ink.onnx"),
        ("https://github.com/a/b/raw/main/ink.onnx", "https://github.com/a/b/raw/main/ink.onnx"),
        ("https://dl.fbaipublicfiles.com/x/seg%20a.pt", "https://dl.fbaipublicfiles.com/x/seg%20a.pt"),
        ("https://github.com/a/b/archive/main.zip", ""),
        ("https://github.com/a/b/releases/download/v1/readme.md", ""),
        ("https://github.com/a/b/releases/download/v1/../../../c.pth", ""),
        ("https://github.com/a/b/releases/download/v1/%2e%2e/c.pth", ""),
        ("https://github.com/a/b/releases/download/v1/a%0ac.pth", ""),
        ("https://github.com:8443/a/b/releases/download/v1/c.pth", ""),
        ("https://user:pw@github.com/a/b/releases/download/v1/c.pth", ""),
        ("https://github.com.evil.example/a/b/releases/download/v1/c.pth", ""),
        ("https://storage.googleapis.com/somebody/c.pth", ""),
        ("https://example.org/c.pth", ""),
        ("ftp://github.com/a/b/releases/download/v1/c.pth", ""),
        ("https://[::1/c.pth", ""),
        ("file:///etc/passwd.pth", ""),
        ("c.pth", ""),
    ],
)
def test_only_known_hosts_and_paths_are_asked_without_keys(url: str, asked: str) -> None:
    assert Direct().address(url) == asked


def test_other_links_are_sent_to_nobody(source: Direct, asker: Asker, replay: Any) -> None:
    assert source.by_link(asker, "https://example.org/c.pth") == []
    assert source.by_link(asker, f"{replay.address}/elsewhere/c.pth") == []
    assert source.by_name(asker, Query("c.pth")) == source.by_hash(asker, "a" * 64) == [] == replay.log


def test_the_list_of_hosts_is_sound() -> None:
    for one in document("authors")["direct_hosts"]:
        assert one.keys() <= {"host", "paths", "redirects", "why"} and one["why"]
        assert all(path.startswith("/") and path.endswith("/") for path in one.get("paths", ()))
