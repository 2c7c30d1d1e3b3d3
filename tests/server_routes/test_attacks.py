"""Every route × every attack: one table of expectations, and nothing that is refused changes anything."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from comfyfixersmart.server_routes import routes as our_routes
from comfyfixersmart.server_routes.guard import CHANGE, CHECK, LOCAL, READ

PREFIX = "/comfyfixersmart"


def test_every_route_is_listed_here(place: Any) -> None:
    served = {
        (route.method, resource.canonical)
        for resource in place.app.router.resources()
        for route in resource
        if route.method != "HEAD"
    }
    listed = {(method, PREFIX + path) for method, path in place.listed}
    assert served == listed | {(method, "/api" + path) for method, path in listed}
    assert {(route.method, route.path): route.kind for route in our_routes.ROUTES} == {
        key: kind for key, (kind, _, _) in place.listed.items()
    }
    assert all((method == "GET") == (kind == READ) for (method, _), (kind, _, _) in place.listed.items())


NOTHING: dict[str, Any] = {}


class Attack(NamedTuple):
    """Headers changed, who calls, what the person allowed; and what each kind of route has to answer (None: served).

    `far`: the request comes from elsewhere, or under another name than this computer's own.
    """

    name: str
    read: str | None
    check: str | None
    change: str | None
    headers: dict[str, str | None] = NOTHING
    peer: str = "127.0.0.1"
    values: dict[str, Any] = NOTHING
    far: bool = False

    def expected(self, kind: str) -> str | None:
        local = self.change or ("not_local" if self.far else None)
        return {READ: self.read, CHECK: self.check, CHANGE: self.change, LOCAL: local}[kind]


ALL = {"allow_remote": True}
NAMED = {"allowed_hosts": ["comfy.home"]}
OLD = {"Sec_Fetch_Site": None, "Sec_Fetch_Mode": None, "Sec_Fetch_Dest": None}
LINK = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
FOREIGN = (
    "null",
    "http://evil.example",
    "https://SELF",
    "http://SELF.evil.example",
    "http://127.0.0.1:1",
    "http://localhost",
    "",
    "http://SELF, http://evil.example",
    "file://",
    "chrome-extension://abc",
)
HOSTS = (
    *(
        "evil.example",
        "127.0.0.1.evil.example:8188",
        "localhost.evil.example",
        "localhost.",
        "127.0.0.1.",
        "a.localhost",
    ),
    *("user@127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1", "::1", "[::1%25lo]", "[localhost]"),
    *(
        "127.0.0.1:99999",
        "127.0.0.1:x",
        "127.0.0.1, evil.example",
        "127.0.0.1/x",
        "xn--lcalhost-8ya",
        "comfy.home",
        "*",
        "",
    ),
)
FORMS = (
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "text/plain;charset=UTF-8",
    "application/json-patch+json",
)
PASSED_ON = (
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "Forwarded",
    "X-Real-IP",
    "Via",
    "CF-Connecting-IP",
    "True-Client-IP",
    "x-forwarded-anything",
)

# The one table of expectations.
ATTACKS = (
    # ---- what is legitimate
    Attack("our page", None, None, None),
    Attack("a program on this computer", None, None, None, {**OLD, "Origin": None}),
    Attack("an old browser", None, None, None, OLD),
    Attack("typed into the address bar", None, None, None, {"Sec_Fetch_Site": "none"}),
    Attack("IPv6", None, None, None, {"Host": "[::1]:8188", "Origin": "http://[::1]:8188"}, "::1"),
    Attack(
        "a link in a mail", None, "cross_site", "cross_site", {"Sec_Fetch_Site": "cross-site", **LINK, "Origin": None}
    ),
    # ---- origin
    *(Attack(f"origin {each!r}", *["bad_origin"] * 3, {"Origin": each}) for each in FOREIGN),
    *(Attack(f"origin {each!r}, old browser", *["bad_origin"] * 3, {**OLD, "Origin": each}) for each in FOREIGN),
    *(
        Attack(f"origin {each!r}, all allowed", *["bad_origin"] * 3, {"Origin": each}, values=ALL | NAMED)
        for each in FOREIGN
    ),
    # ---- host
    *(Attack(f"host {each!r}", *["bad_host"] * 3, {"Host": each, "Origin": f"http://{each}"}) for each in HOSTS),
    *(Attack(f"host {each!r}, remote allowed", *["bad_host"] * 3, {"Host": each}, values=ALL) for each in HOSTS),
    Attack(
        "rebound name, all else right",
        *["bad_host"] * 3,
        {**OLD, "Host": "evil.example", "Origin": "http://evil.example"},
    ),
    Attack(
        "host configured", None, None, "not_local", {"Host": "comfy.home", "Origin": "https://comfy.home"}, values=NAMED
    ),
    Attack(
        "host configured, remote allowed",
        None,
        None,
        None,
        {"Host": "comfy.home", "Origin": "https://comfy.home"},
        "10.0.0.7",
        NAMED | ALL,
        far=True,
    ),
    Attack(
        "another than the configured", *["bad_host"] * 3, {"Host": "a.comfy.home", "Origin": None}, values=NAMED | ALL
    ),
    Attack(
        "an address of the LAN",
        None,
        None,
        "not_local",
        {"Host": "192.168.1.5:8188", "Origin": "http://192.168.1.5:8188"},
    ),
    Attack("0.0.0.0", None, None, "not_local", {"Host": "0.0.0.0:8188", "Origin": "http://0.0.0.0:8188"}),
    # ---- content type and header
    *(Attack(f"form {each}", None, *["bad_content_type"] * 2, {"Content_Type": each}) for each in FORMS),
    *(
        Attack(
            f"form {each} of a page elsewhere",
            "bad_origin",
            *["bad_content_type"] * 2,
            {**OLD, "Content_Type": each, "Origin": "null", "X_ComfyFixerSmart": None},
        )
        for each in FORMS
    ),
    Attack("no content type", None, *["bad_content_type"] * 2, {"Content_Type": None}),
    Attack("no header", None, *["no_header"] * 2, {"X_ComfyFixerSmart": None}),
    Attack("no header, all allowed", None, *["no_header"] * 2, {"X_ComfyFixerSmart": None}, values=ALL),
    Attack("another header", None, *["no_header"] * 2, {"X_ComfyFixerSmart": "0"}),
    # ---- what the browser says of the asking site
    *(
        Attack(f"site {each}", *["cross_site"] * 3, {"Sec_Fetch_Site": each})
        for each in ("cross-site", "same-site", "x", "")
    ),
    *(
        Attack(
            f"embedded as {each}",
            *["cross_site"] * 3,
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": each},
        )
        for each in ("iframe", "frame", "embed", "object", "image")
    ),
    *(
        Attack(f"mode {each}", *["cross_site"] * 3, {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": each})
        for each in ("no-cors", "cors", "websocket")
    ),
    # ---- from where
    *(
        Attack(f"peer {each}", None, None, "not_local", peer=each)
        for each in ("192.168.1.7", "172.17.0.1", "fe80::1", "::ffff:10.0.0.1", "8.8.8.8", "")
    ),
    *(
        Attack(f"peer {each}, allowed", None, None, None, peer=each, values=ALL, far=True)
        for each in ("192.168.1.7", "172.17.0.1", "2001:db8::1")
    ),
    *(Attack(f"{each} with a loopback address", None, None, "not_local", {each: "127.0.0.1"}) for each in PASSED_ON),
    *(Attack(f"{each}, allowed", None, None, None, {each: "1.2.3.4"}, values=ALL, far=True) for each in PASSED_ON),
    Attack(
        "the LAN's own page",
        None,
        None,
        "not_local",
        {**OLD, "Host": "192.168.1.5:8188", "Origin": "http://192.168.1.5:8188"},
        "192.168.1.7",
    ),
    Attack(
        "the LAN's own page, allowed",
        None,
        None,
        None,
        {**OLD, "Host": "192.168.1.5:8188", "Origin": "http://192.168.1.5:8188"},
        "192.168.1.7",
        ALL,
        far=True,
    ),
    Attack(
        "LAN cross-site, allowed",
        *["bad_origin"] * 3,
        {**OLD, "Host": "192.168.1.5:8188", "Origin": "http://evil.example"},
        "192.168.1.7",
        ALL,
    ),
)


@pytest.mark.parametrize(("method", "path"), [(route.method, route.path) for route in our_routes.ROUTES])
async def test_every_attack_on_every_route(place: Any, method: str, path: str) -> None:
    kind, address, body = place.listed[method, path]
    wrong, expected_changes = [], 0
    for attack in ATTACKS:
        place.peer["address"] = attack.peer
        place.fake.values = {"allow_remote": False, "allowed_hosts": [], **attack.values}
        for prefix in ("", "/api"):
            changed = {
                name: value
                for name, value in attack.headers.items()
                if kind != READ or not name.startswith(("Content", "X_Comfy"))
            }
            if kind == READ and attack.read is None:  # a browser names no origin in a read of its own page
                changed["Origin"] = None
            answer = await place.ask(method, prefix + PREFIX + address, kind, body, **changed)
            want = attack.expected(kind)
            expected_changes += want is None and kind in (CHANGE, LOCAL)
            if place.error(answer) != want or (want is None) != (answer[0] == 200):
                wrong.append((prefix, attack.name, want, answer))
    assert not wrong
    assert len(place.fake.changes) == expected_changes, "what is refused changes nothing"


@pytest.mark.parametrize(("method", "path"), [(route.method, route.path) for route in our_routes.ROUTES])
async def test_no_other_method_reaches_anything(place: Any, method: str, path: str) -> None:
    _, address, body = place.listed[method, path]
    both = len({key[0] for key in place.listed if key[1] == path}) > 1
    others = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"}
    others -= {"GET", "POST"} if both else {method}
    for other in others:
        answer = await place.ask(other, PREFIX + address, CHANGE, body or {})
        assert answer[0] == 405, other
    assert (await place.ask("HEAD", PREFIX + address, READ))[0] == (200 if method == "GET" or both else 405)
    assert not place.fake.changes and "check" not in place.fake.calls


SCAN = "POST /comfyfixersmart/scan HTTP/1.1\n{}X-ComfyFixerSmart: 1\nContent-Type: application/json\nContent-Length: 2\nConnection: close\n\n{{}}"


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "Host: SELF\nHost: evil.example\n",
        "Host: evil.example\nHost: SELF\n",
        "Host: evil.example, SELF\n",
        "Host:\n",
        "Host: evil.example\n",
        "Host: SELF\nOrigin: http://SELF\nOrigin: http://evil.example\n",
        "Host: SELF\nSec-Fetch-Site: same-origin\nSec-Fetch-Site: cross-site\n",
        "Host: SELF\nContent-Type: text/plain\n",
        "Host: SELF\nX-ComfyFixerSmart: 1\n",
        "Host: ſELF\n",
        "Host: 127.0.0.1\x00.evil.example\n",
        "Host : SELF\n",
        " Host: SELF\n",
    ],
)
async def test_headers_that_no_client_library_would_send(place: Any, lines: str) -> None:
    assert b" 200 " not in (await place.raw(SCAN.format(lines))).split(b"\r\n")[0]
    assert not place.fake.changes


@pytest.mark.parametrize("target", ["http://evil.example/comfyfixersmart/scan", "//evil.example/comfyfixersmart/scan"])
async def test_a_target_with_a_host_of_its_own(place: Any, target: str) -> None:
    """Only the Host header counts; a proxy would rewrite it."""
    request = SCAN.format("Host: evil.example\n").replace("/comfyfixersmart/scan", target, 1)
    assert b" 200 " not in (await place.raw(request)).split(b"\r\n")[0]
    assert not place.fake.changes


async def test_raw_requests_do_reach_it_when_right(place: Any) -> None:
    assert b" 200 " in await place.raw(SCAN.format("Host: SELF\n"))
    assert place.fake.changes == ["scan"]
