"""Pages of other sites in a real browser: forms, fetch, pictures, frames, beacons. Nothing changes, nothing is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from comfyfixersmart.server_routes import routes as our_routes

pytestmark = pytest.mark.browser

POSTS = [route.path for route in our_routes.ROUTES if route.method == "POST"]
GETS = [route.path.replace("{name}", "dashboard.html") for route in our_routes.ROUTES if route.method == "GET"]

# Everything a page can do to another server. `read` collects what it gets to see.
ATTACK = """
window.read = []; window.tried = 0;
async function attack(server, posts, gets, body) {
  const done = [];
  const element = (tag, props) => { const one = Object.assign(document.createElement(tag), props); document.body.append(one); tried++; return one; };
  const settled = (one) => done.push(new Promise((go) => { one.onload = one.onerror = go; setTimeout(go, 1500); }));
  const ask = (path, options) => { tried++; done.push(fetch(server + path, options).then((a) => a.text()).then((t) => { if (t) read.push(path + ": " + t); })); };
  for (const path of gets) {
    for (const tag of ["img", "script", "iframe", "embed"]) settled(element(tag, {src: server + path}));
    settled(element("object", {data: server + path}));
    settled(element("link", {rel: "stylesheet", href: server + path}));
    for (const mode of ["cors", "no-cors"]) ask(path, {mode});
    ask(path, {credentials: "include"});
    ask(path, {headers: {"X-ComfyFixerSmart": "1"}});
  }
  for (const path of posts) {
    for (const enctype of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]) {
      const frame = element("iframe", {name: "f" + tried});
      const form = element("form", {method: "POST", action: server + path, enctype, target: frame.name});
      const field = Object.assign(document.createElement("input"), {name: '{"values": {"watch": false}, "x": "', value: '"}'});
      form.append(field); settled(frame); form.submit();
    }
    for (const type of ["text/plain", "application/json"]) {
      for (const mode of ["cors", "no-cors"]) {
        ask(path, {method: "POST", mode, body, headers: {"Content-Type": type}});
        ask(path, {method: "POST", mode, body, headers: {"Content-Type": type, "X-ComfyFixerSmart": "1"}});
        ask(path, {method: "POST", mode, body: new Blob([body], {type}), keepalive: true, credentials: "include"});
      }
      tried++; navigator.sendBeacon(server + path, new Blob([body], {type}));
    }
    for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"]) ask(path, {method, body});
  }
  await Promise.allSettled(done);
}
"""
BODY = json.dumps({"values": {"watch": False}})


def cors(application: web.Application) -> None:
    """`--enable-cors-header` at its worst: every origin, header and method is welcome, with credentials."""

    @web.middleware
    async def welcome(request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        answer: web.StreamResponse = web.Response() if request.method == "OPTIONS" else await handler(request)
        answer.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
        answer.headers["Access-Control-Allow-Credentials"] = "true"
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
        answer.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
        return answer

    application.middlewares.insert(0, welcome)


def page(html: str) -> Callable[[web.Request], Any]:
    async def served(request: web.Request) -> web.Response:
        return web.Response(text=f"<!doctype html><body>{html}", content_type="text/html")

    return served


@pytest.fixture
def elsewhere(in_background: Callable[[web.Application], int]) -> int:
    """The attacker's own server."""
    app = web.Application()
    app.router.add_get("/attack", page(f"<script>{ATTACK}</script>"))
    return in_background(app)


# Where the attacker's page lies: {own} is our server's port, {other} another one.
SITES = (
    "http://127.0.0.1:{other}",  # the same site to a browser, another origin
    "http://localhost:{other}",
    "http://evil.localhost:{other}",
    "http://evil.localhost:{own}",  # a name that leads to this computer, on our port: DNS rebinding
)


@pytest.mark.parametrize("welcoming", [False, True], ids=["", "cors"])
@pytest.mark.parametrize("site", SITES)
def test_no_page_elsewhere_changes_or_reads_anything(
    chromium: Any,
    our_application: web.Application,
    fake_service: Any,
    elsewhere: int,
    in_background: Any,
    site: str,
    welcoming: bool,
) -> None:
    if welcoming:
        cors(our_application)
    fake_service.values = {"allow_remote": True, "allowed_hosts": []}
    our_application.router.add_get("/attack", page(f"<script>{ATTACK}</script>"))
    own = in_background(our_application)
    chromium.page.goto(site.format(own=own, other=elsewhere) + "/attack")
    server = f"http://127.0.0.1:{own}" if "{other}" in site else f"http://evil.localhost:{own}"
    given = [server + our_routes.PREFIX, POSTS, GETS, BODY]
    chromium.page.evaluate("([server, posts, gets, body]) => attack(server, posts, gets, body)", given)
    assert chromium.page.evaluate("tried") > 100
    assert not fake_service.calls
    # Where the browser lets the page read at all, it reads refusals.
    assert all(
        '"error"' in seen or seen.endswith(": 405: Method Not Allowed") for seen in chromium.page.evaluate("read")
    )


@pytest.mark.parametrize("wrapped", ["sandbox", "data"])
def test_nor_does_a_frame_without_an_origin(
    chromium: Any, our_application: web.Application, fake_service: Any, in_background: Any, wrapped: str
) -> None:
    """`Origin: null`, even inside a page of this very server: ComfyUI's own check lets it pass."""
    cors(our_application)
    script = f"<body><script>{ATTACK}; attack(SERVER, {POSTS}, {GETS}, {json.dumps(BODY)}).then(() => parent.postMessage([tried, read], '*'))</script>"
    frame = "Object.assign(document.createElement('iframe'), {sandbox: 'allow-scripts allow-forms', srcdoc: html})"
    if wrapped == "data":
        frame = "Object.assign(document.createElement('iframe'), {src: 'data:text/html,' + encodeURIComponent(html)})"
    our_application.router.add_get("/attack", page(""))
    own = in_background(our_application)
    chromium.page.goto(f"http://127.0.0.1:{own}/attack")
    tried, read = chromium.page.evaluate(
        f"(html) => new Promise((go) => {{ onmessage = (e) => go(e.data); document.body.append({frame}); }})",
        script.replace("SERVER", json.dumps(f"http://127.0.0.1:{own}{our_routes.PREFIX}")),
    )
    assert tried > 100
    assert not fake_service.calls
    assert all('"error"' in seen or "405" in seen for seen in read)


def test_the_attack_works_on_a_route_without_a_guard(
    chromium: Any, elsewhere: int, in_background: Callable[[web.Application], int]
) -> None:
    """Else the tests above would prove nothing."""
    reached: set[tuple[str, str]] = set()

    async def unguarded(request: web.Request) -> web.Response:
        reached.add((request.method, request.content_type))
        return web.Response(text="{}", content_type="application/json")

    app = web.Application()
    cors(app)
    app.router.add_route("*", "/{any:.*}", unguarded)
    own = in_background(app)
    chromium.page.goto(f"http://127.0.0.1:{elsewhere}/attack")
    given = [f"http://127.0.0.1:{own}", POSTS, GETS, BODY]
    chromium.page.evaluate("([server, posts, gets, body]) => attack(server, posts, gets, body)", given)
    forms = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/json"}
    assert {kind for method, kind in reached if method == "POST"} >= forms
    assert {method for method, _ in reached} >= {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_our_own_page_is_served_and_a_link_opens_the_dashboard(
    chromium: Any, our_application: web.Application, fake_service: Any, elsewhere: int, in_background: Any
) -> None:
    our_application.router.add_get("/", page("<p>ComfyUI"))
    own = in_background(our_application)
    chromium.page.goto(f"http://127.0.0.1:{own}/")
    ask = """async () => {
        const headers = {"X-ComfyFixerSmart": "1", "Content-Type": "application/json"};
        const said = await fetch("/api/comfyfixersmart/scan", {method: "POST", headers, body: "{}"});
        const read = await fetch("/api/comfyfixersmart/library");
        return [said.status, read.status, read.headers.get("ETag")];
    }"""
    assert chromium.page.evaluate(ask) == [200, 200, '"rev-1"']
    assert fake_service.changes == ["scan"]
    chromium.page.goto(f"http://localhost:{elsewhere}/attack")
    link = f"http://127.0.0.1:{own}/comfyfixersmart/report/dashboard.html"
    with chromium.page.expect_navigation():
        chromium.page.evaluate("(link) => { location.href = link; }", link)
    assert chromium.page.url == link and chromium.page.title() == "x"


@pytest.mark.parametrize("replaced", [False, True], ids=["", "disable-api-nodes"])
def test_a_planted_dashboard_runs_no_script_and_asks_nobody(
    chromium: Any,
    our_application: web.Application,
    fake_service: Any,
    elsewhere: int,
    in_background: Any,
    replaced: bool,
) -> None:
    """Anyone who may upload pictures to ComfyUI can write that file."""

    @web.middleware
    async def host_policy(request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)
        answer.headers["Content-Security-Policy"] = (
            "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'"
        )
        return answer

    if replaced:
        our_application.middlewares.insert(0, host_policy)
    own = in_background(our_application)
    away = f"http://127.0.0.1:{elsewhere}"
    planted = (
        "<!doctype html><html><head><meta http-equiv=Content-Security-Policy content='default-src *'>"
        f"<script>window.pwned = 1</script><script src='{away}/x.js'></script><base href='{away}/'></head>"
        f"<body onload='window.pwned = 2'><img src='{away}/x.png' onerror='window.pwned = 3'><iframe src='{away}/f'></iframe>"
        "<a id=a href='javascript:window.pwned = 4'>x</a><svg onload='window.pwned = 5'></svg>"
        f"<form id=f action='{away}/form'></form>"
    )
    (fake_service.folder / "dashboard.html").write_text(planted)
    chromium.page.goto(f"http://127.0.0.1:{own}/comfyfixersmart/report/dashboard.html")
    chromium.page.click("#a")
    chromium.page.evaluate("document.querySelector('#f').submit()")
    chromium.page.wait_for_timeout(300)
    assert chromium.page.evaluate("window.pwned") is None
    assert not [url for url in chromium.requests if str(elsewhere) in url and not _blocked(chromium, url)]


def _blocked(chromium: Any, url: str) -> bool:
    """Playwright lists what the page wanted; what its policy stopped has failed with that reason."""
    return any(url in said and "csp" in said.lower() for said in chromium.errors)
