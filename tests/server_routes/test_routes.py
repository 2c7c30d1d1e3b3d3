"""What the routes answer: reports, bodies of any shape, errors, users, threads."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import threading
from typing import Any

import pytest
from aiohttp import web
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.server_routes.guard import CHANGE, CHECK, LOCAL, READ
from comfyfixersmart.server_routes.search import Asked

PREFIX = "/comfyfixersmart"


async def test_who_may_allow_others_is_decided_on_this_computer(place: Any) -> None:
    """Else a guest, once let in, could let everyone in for good."""
    place.fake.values = {"allow_remote": True, "allowed_hosts": []}
    for values in (
        *({"allow_remote": False}, {"allow_remote": None}, {"watch": True, "allowed_hosts": ["evil.example"]}),
        *({"sources": ["web"]}, {"discovery": True}, {"watch": True, "endpoints": {"civitai": "https://evil.example"}}),
        *({"download_hosts": ["evil.example"]}, {"max_file_gb": 9000}, {"refused_licences": []}, {"pickle": "ask"}),
    ):
        place.peer["address"] = "192.168.1.7"
        answer = await place.ask("POST", PREFIX + "/settings", CHANGE, {"values": values})
        assert (answer[0], place.error(answer)) == (403, "not_local")
        assert "/protected/settings.json" in answer[1]["error"]["hint"]
        assert not place.fake.changes
        place.peer["address"] = "127.0.0.1"
        assert (await place.ask("POST", PREFIX + "/settings", CHANGE, {"values": values}))[0] == 200
        assert place.fake.changes.pop() == values


async def test_status_says_whether_this_very_page_may_change_anything(place: Any) -> None:
    assert (await place.ask("GET", PREFIX + "/status", READ))[1]["may_change"] == {"allowed": True, "error": None}
    place.peer["address"] = "192.168.1.7"
    told = (await place.ask("GET", PREFIX + "/status", READ))[1]["may_change"]
    assert not told["allowed"] and told["error"]["code"] == "not_local"
    assert "COMFYFIXERSMART_ALLOW_REMOTE=1" in told["error"]["hint"]
    place.fake.values = {"allow_remote": True, "allowed_hosts": []}
    assert (await place.ask("GET", PREFIX + "/status", READ))[1]["may_change"]["allowed"]


async def test_settings_that_cannot_be_read_allow_nothing(place: Any) -> None:
    place.fake.values = {}
    assert place.error(await place.ask("POST", PREFIX + "/scan", CHANGE, {}, Via="1.1 x")) == "not_local"
    assert place.error(await place.ask("GET", PREFIX + "/status", READ, Host="comfy.home")) == "bad_host"
    assert (await place.ask("POST", PREFIX + "/scan", CHANGE, {}))[0] == 200, "on this computer all goes on"


async def test_each_user_sees_their_own_and_unknown_ones_nothing(place: Any) -> None:
    for name in ("ann", "bob"):
        assert (await place.ask("GET", PREFIX + "/library", READ, comfy_user=name))[1]["user"] == name
        assert (await place.ask("GET", PREFIX + "/workflow?slug=x", READ, comfy_user=name))[1]["workflow"][
            "user"
        ] == name
    place.fake.calls.clear()
    for (method, _), (kind, address, body) in place.listed.items():
        for name in ("eve", "", "__comfyfixersmart", "../ann"):
            answer = await place.ask(method, PREFIX + address, kind, body, comfy_user=name)
            assert (answer[0], place.error(answer)) == (403, "unknown_user")
    assert not place.fake.calls


async def test_library_is_sent_once_per_revision(place: Any) -> None:
    first = await place.client.get(PREFIX + "/library")
    assert first.headers["ETag"] == '"rev-1"' and (await first.json())["workflows"] == []
    for known, status in (
        ('"rev-1"', 304),
        ('W/"rev-1"', 304),
        ('"a", "rev-1"', 304),
        ("*", 304),
        ('"rev-2"', 200),
        ("rubbish", 200),
    ):
        again = await place.client.get(PREFIX + "/library", headers={"If-None-Match": known})
        assert again.status == status, known
        assert again.headers["ETag"] == '"rev-1"'
        assert (await again.read() == b"") == (status == 304)


async def test_answers_cannot_be_framed_sniffed_or_kept(place: Any) -> None:
    for (method, _), (kind, address, body) in place.listed.items():
        for changes in ({}, {"Host": "evil.example"}):
            headers = place.headers(kind, **changes)
            async with place.client.request(method, PREFIX + address, json=body, headers=headers) as answer:
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["X-Frame-Options"] == "DENY"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                assert "Access-Control-Allow-Origin" not in answer.headers


async def test_reports_come_by_plain_name_with_their_type(place: Any) -> None:
    for name, kind in (("a.md", "text/markdown"), ("index.json", "application/json"), ("dashboard.html", "text/html")):
        (place.fake.folder / name).write_text('"x"')
        answer = await place.client.get(f"{PREFIX}/report/{name}")
        assert (answer.status, answer.content_type, answer.charset) == (200, kind, "utf-8")
    (place.fake.folder / "evil.html").write_text("<script>")
    (place.fake.folder / "link.md").mkdir()
    for name in ("evil.html", "missing.md", "settings.toml", "x.svg", "x.xml", "x.HTML", "dashboard", "link.md"):
        answer = await place.client.get(f"{PREFIX}/report/{name}")
        assert answer.status == 404 and (await answer.json())["error"]["code"] == "no_report"


SPELLINGS = (
    "..%2Fsettings.json",
    "..%5Csettings.json",
    "%2e%2e%2fsettings.json",
    "%2Fetc%2Fpasswd",
    "C:%5Cx.json",
    "a%00.md",
    "..",
    "%2e%2e",
    ".",
    "con.md",
    "x.md.",
    "x.md%20",
    "a:b.md",
    "%ff.md",
    "..%252Fsettings.json",
    "x%0d%0a.md",
    "a" * 300 + ".md",
    "%C0%AE%C0%AE%2Fx.md",
)


@pytest.mark.parametrize("name", SPELLINGS)
async def test_no_report_lies_outside_its_folder(place: Any, name: str) -> None:
    (place.fake.folder.parent / "settings.json").write_text('{"secret": 1}')
    answer = await place.raw(f"GET /comfyfixersmart/report/{name} HTTP/1.1\nHost: SELF\nConnection: close\n\n")
    assert b" 200 " not in answer.split(b"\r\n")[0] and b"secret" not in answer
    assert b" 500 " not in answer.split(b"\r\n")[0]


async def test_the_dashboard_runs_our_script_only_whatever_stands_in_the_file(place: Any) -> None:
    """ComfyUI's upload route can write into the output folder, where reports lie."""
    from comfyfixersmart.core.reports.dashboard import policy

    planted = '<meta http-equiv="Content-Security-Policy" content="default-src *"><script>window.pwned = 1</script>'
    (place.fake.folder / "dashboard.html").write_text(planted)
    answer = await place.client.get(PREFIX + "/report/dashboard.html")
    text = await answer.text()
    assert answer.headers["Content-Security-Policy"] == f"{policy()}; frame-ancestors 'none'"
    assert text.index(policy()) < text.index("pwned"), "the page says so too: --disable-api-nodes replaces the header"
    assert '"' not in policy() and "script-src 'sha256-" in policy() and "default-src 'none'" in policy()


async def test_a_graph_is_checked_as_sent(place: Any) -> None:
    graph = {"nodes": [{"id": 1, "type": "A\ud800", "widgets_values": [float("inf"), "\u0000"]}], "x": {"y": []}}
    answer = await place.ask("POST", PREFIX + "/check", CHECK, {"workflow": graph, "name": "ä/b"})
    assert answer == (200, {"workflow": {"name": "ä/b"}})
    assert place.fake.graph == graph


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/check", b"", 400, "bad_body"),
        ("/check", b"\xff\xfe\x00", 400, "bad_body"),
        ("/check", b"[" * 200_000, 400, "bad_body"),
        ("/check", b'{"workflow": ' + b"9" * 10_000 + b"}", 400, "bad_body"),
        ("/check", b"[]", 400, "bad_body"),
        ("/check", b"null", 400, "bad_body"),
        ("/check", b'{"name": "x"}', 400, "bad_body"),
        ("/check", b'{"workflow": []}', 400, "bad_body"),
        ("/check", b'{"workflow": {}, "name": 5}', 400, "bad_body"),
        ("/check", b'{"workflow": {}, "name": "\\ud800"}', 400, "bad_body"),
        ("/check", b'{"workflow": {"\\ud800": 1}}', 200, None),
        ("/check", b'{"workflow": {}, "path": "/etc/passwd"}', 400, "bad_body"),
        ("/check", b'{"workflow": {"nodes": [' + b"0," * 100_000 + b"0]}}", 413, "too_large"),
        (
            "/check",
            b'{"workflow": {"nodes": [], "definitions": {"subgraphs": [{"nodes": [' + b"0," * 100_000 + b"0]}]}}}",
            413,
            "too_large",
        ),
        ("/check", b'{"workflow": {"nodes": [], "definitions": {"subgraphs": [1, {"nodes": 5}, null]}}}', 200, None),
        ("/check", b'"' + b"x" * (9 << 20) + b'"', 413, "too_large"),
        ("/scan", b"", 400, "bad_body"),
        ("/scan", b'{"force": 1}', 400, "bad_body"),
        ("/cancel", b"[]", 400, "bad_body"),
        ("/settings", b'{"values": {}}', 400, "bad_body"),
        ("/settings", b'{"values": []}', 400, "bad_body"),
        ("/settings", b'{"watch": true}', 400, "bad_body"),
        ("/settings", b'{"values": {"x": "' + b"y" * 70_000 + b'"}}', 413, "too_large"),
        ("/consent", b"{}", 400, "bad_body"),
        ("/consent", b'{"sources": null}', 400, "bad_body"),
        ("/consent", b'{"sources": "civitai"}', 400, "bad_body"),
        ("/consent", b'{"sources": ["elsewhere"]}', 400, "bad_body"),
        ("/consent", b'{"sources": [], "discovery": "perhaps"}', 400, "bad_body"),
        ("/consent", b'{"sources": [], "endpoints": {}}', 400, "bad_body"),
        ("/key", b"{}", 400, "bad_body"),
        ("/key", b'{"source": "civitai"}', 400, "bad_body"),
        ("/key", b'{"source": "web", "key": "canary-5f0c1c"}', 400, "bad_body"),
        ("/key", b'{"source": "civitai", "key": 12345678}', 400, "bad_body"),
        ("/key", b'{"source": "civitai", "key": ["canary-5f0c1c"]}', 400, "bad_body"),
        ("/key", b'{"source": "civitai", "key": "canary-5f0c1c", "more": 1}', 400, "bad_body"),
        ("/key", b'{"source": "civitai", "key": "canary-5f0c1c', 400, "bad_body"),
        ("/key", b'{"source": "civitai", "key": "' + b"canary-5f0c1c" * 6000 + b'"}', 413, "too_large"),
        ("/resolve", b"[]", 400, "bad_body"),
        ("/resolve", b'{"slug": "a", "workflow": {}}', 400, "bad_body"),
        ("/resolve", b'{"slug": 5}', 400, "bad_body"),
        ("/resolve", b'{"workflow": []}', 400, "bad_body"),
        ("/resolve", b'{"again": "perhaps"}', 400, "bad_body"),
        ("/resolve", b'{"slug": "' + b"a" * 301 + b'"}', 400, "bad_body"),
        ("/resolve", b'{"workflow": {"nodes": [' + b"0," * 100_000 + b"0]}}", 413, "too_large"),
        ("/resolve", b'"' + b"x" * (9 << 20) + b'"', 413, "too_large"),
        ("/resolve/cancel", b'{"id": 1}', 400, "bad_body"),
        ("/choose", b'{"key": "k"}', 400, "bad_body"),
        ("/choose", b'{"candidate": null}', 400, "bad_body"),
        ("/choose", b'{"key": "k", "candidate": "c", "reason": "' + b"r" * 301 + b'"}', 400, "bad_body"),
        ("/choose", b'{"key": "k", "candidate": "c", "reason": null}', 400, "bad_body"),
    ],
)
async def test_bodies_of_any_shape(place: Any, path: str, body: bytes, status: int, code: str | None) -> None:
    answer = await place.ask("POST", PREFIX + path, CHANGE, body)
    assert (answer[0], place.error(answer)) == (status, code)
    assert not place.fake.changes
    assert b"canary" not in json.dumps(answer[1]).encode(), "what was sent is never sent back"


async def test_what_is_asked_for_reaches_the_search(place: Any) -> None:
    graph = {"nodes": []}
    for sent, asked in (
        ({}, Asked()),
        ({"slug": None, "workflow": None, "name": "", "again": False}, Asked()),
        ({"slug": "one", "again": True}, Asked("one", None, "", True)),
        ({"workflow": graph, "name": "open"}, Asked(None, graph, "open")),
    ):
        assert (await place.ask("POST", PREFIX + "/resolve", CHANGE, sent, comfy_user="ann"))[0] == 200
        assert place.fake.changes.pop() == ("ann", asked)
    assert [Asked("a").scope, Asked(None, {}).scope, Asked().scope] == ["workflow", "open", "library"]
    sent = {"key": "k", "candidate": "civitai:1/2", "reason": "it works"}
    assert (await place.ask("POST", PREFIX + "/choose", CHANGE, sent, comfy_user="bob"))[0] == 200
    assert place.fake.changes.pop() == ("bob", "k", "civitai:1/2", "it works")


async def test_consent_and_keys_are_given_on_this_computer_only(place: Any) -> None:
    place.fake.values = {"allow_remote": True, "allowed_hosts": []}
    for path, sent in (("/consent", {"sources": []}), ("/key", {"source": "brave", "key": None})):
        for changes in ({"Via": "1.1 x"}, {"Host": "192.168.1.5:8188", "Origin": "http://192.168.1.5:8188"}):
            answer = await place.ask("POST", PREFIX + path, LOCAL, sent, **changes)
            assert (answer[0], place.error(answer)) == (403, "not_local")
        place.peer["address"] = "192.168.1.7"
        assert place.error(await place.ask("POST", PREFIX + path, LOCAL, sent)) == "not_local"
        place.peer["address"] = "127.0.0.1"
        assert not place.fake.changes
        assert (await place.ask("POST", PREFIX + path, LOCAL, sent))[0] == 200
        assert place.fake.changes.pop() in (((), None), ("brave", None))


async def test_a_packed_body_counts_unpacked(place: Any) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    answer = await place.ask("POST", PREFIX + "/check", CHECK, bomb, Content_Encoding="gzip")
    assert (answer[0], place.error(answer)) == (413, "too_large")
    answer = await place.ask("POST", PREFIX + "/check", CHECK, b"no gzip", Content_Encoding="gzip")
    assert answer[0] == 400


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (ComfyFixerError("unknown_workflow", "x", "y"), 404, "unknown_workflow"),
        (ComfyFixerError("no_report", "x"), 404, "no_report"),
        (ComfyFixerError("bad_setting", "x"), 400, "bad_setting"),
        (ComfyFixerError("fixed_setting", "x"), 409, "fixed_setting"),
        *(
            (ComfyFixerError(code, "x"), 409, code)
            for code in ("no_consent", "busy", "fixed_key", "damaged_keys", "damaged_choices")
        ),
        (ComfyFixerError("not_yours", "x"), 403, "not_yours"),
        *((ComfyFixerError(code, "x"), 404, code) for code in ("unknown_question", "unknown_candidate")),
        (ComfyFixerError("bad_key", "x"), 400, "bad_key"),
        (ComfyFixerError("whatever", "x\ud800"), 400, "whatever"),
        (ValueError("/home/ann/secret"), 500, "internal_error"),
        (KeyError("x"), 500, "internal_error"),
        (RecursionError(), 500, "internal_error"),
        (web.HTTPFound("http://evil.example"), 500, "internal_error"),
    ],
)
async def test_errors_are_json_and_tell_no_inside(
    place: Any, raised: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    place.fake.fails = raised
    with caplog.at_level(logging.DEBUG, logger="comfyfixersmart"):
        for (method, path), (kind, address, body) in place.listed.items():
            if path in ("/status", "/settings") and method == "GET":
                continue
            answer = await place.ask(method, PREFIX + address, kind, body)
            assert (answer[0], place.error(answer)) == (status, code), address
            assert "secret" not in json.dumps(answer[1])
    assert all(
        record.levelno == logging.DEBUG for record in caplog.records if record.name.startswith("comfyfixersmart")
    )
    assert bool(caplog.records) == (status == 500)


async def test_nothing_but_the_status_runs_on_the_loop_or_in_its_pool(place: Any) -> None:
    """ComfyUI serves its files from asyncio's pool, and Ctrl-C waits for it."""
    for (method, _), (kind, address, body) in place.listed.items():
        assert (await place.ask(method, PREFIX + address, kind, body))[0] == 200
    assert place.fake.threads == {f"comfyfixersmart-{name}" for name in ("quick", "graphs", "deep", "plans")}


async def test_the_first_status_reads_the_list_away_from_the_loop(place: Any) -> None:
    place.fake.read = False
    assert (await place.ask("GET", PREFIX + "/status", READ))[0] == 200
    assert place.fake.threads == {"comfyfixersmart-quick"}


async def test_a_disk_that_refuses_is_named(place: Any) -> None:
    place.fake.fails = OSError(28, "No space left on device", "/user/settings.json")
    status, body = (await place.ask("POST", PREFIX + "/settings", CHANGE, {"values": {"watch": False}}))[:2]
    error = body["error"]
    assert (status, error["code"]) == (500, "os_error") and "/user/settings.json" in error["message"] and error["hint"]


async def test_a_slow_check_holds_nothing_else_up(place: Any) -> None:
    go = threading.Event()
    place.fake.check_graph = lambda user, graph, name: go.wait(10) and {}  # type: ignore[method-assign,assignment,return-value]
    body = place.listed["POST", "/check"][2]
    slow = [asyncio.create_task(place.ask("POST", PREFIX + "/check", CHECK, body)) for _ in range(3)]
    for path in ("/status", "/library", "/codes", "/settings", "/report/dashboard.html"):
        assert (await asyncio.wait_for(place.ask("GET", PREFIX + path, READ), 5))[0] == 200
    go.set()
    assert [answer[0] for answer in await asyncio.gather(*slow)] == [200] * 3
