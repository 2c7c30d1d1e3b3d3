"""Our routes inside the real ComfyUI: both prefixes, protected files behind no spelling, users kept apart, CORS at its worst."""

from __future__ import annotations

import http.client
import itertools
import json
import shutil
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.reports.dashboard import policy
from comfyfixersmart.server_routes.routes import ROUTES

pytestmark = pytest.mark.comfyui

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/comfyfixersmart"
OURS = {"X-ComfyFixerSmart": "1"}
GRAPH = {"nodes": [{"id": 1, "type": "NoSuchNode", "inputs": [], "outputs": [], "widgets_values": []}], "links": []}
EMPTY = {
    "/settings": {"values": {"watch": True}},
    "/check": {"workflow": GRAPH, "name": "x"},
    "/consent": {"sources": []},
    "/key": {"source": "civitai", "key": None},
    "/resolve": {"slug": "no such workflow"},
    "/choose": {"key": "nobody asked", "candidate": None},
    "/approve": {"digest": "0" * 64},
    "/run": {"do": "pause"},
    "/undo": {"run": "no such run"},
    **{path: {"slug": "no such workflow"} for path in ("/explain", "/tune", "/tune/estimate", "/tune/graph")},
    "/tune/plan": {"slug": "no such workflow", "changes": ["x"]},
    "/compare": {"old": {"slug": "no such workflow"}, "new": {"slug": "no such workflow"}},
}


def ask(
    server: Any, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    """One request with the path as written: no client library tidies it up."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    try:
        connection.putrequest(method, path, skip_host=bool(headers and "Host" in headers))
        for name, value in {**(headers or {}), **({} if body is None else {"Content-Length": str(len(body))})}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def until_listed(server: Any, name: str | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The library once a cycle has listed this workflow; None asks for any library."""
    deadline, library = time.monotonic() + 120, None
    while time.monotonic() < deadline:
        status, library = server.get(PREFIX + "/library", headers or {})
        if status == 200 and (name is None or name in {line["name"] for line in library["workflows"]}):
            return dict(library)
        server.post(PREFIX + "/scan", {}, OURS | (headers or {}))
        time.sleep(0.5)
    told = server.get(PREFIX + "/status", headers or {})[1]
    raise AssertionError(f"not listed: {library}\n{told}\n{server.log_text()[-2000:]}")


def test_every_route_is_served_under_both_prefixes(comfyui_host: Any) -> None:
    for route in ROUTES:
        answers = []
        for prefix in ("", "/api"):
            path = prefix + PREFIX + route.path.replace("{name}", "none.md")
            if route.method == "GET":
                answers.append(comfyui_host.get(path))
            else:
                answers.append(comfyui_host.post(path, EMPTY.get(route.path, {}), OURS))
        assert [status for status, _ in answers] in ([200, 200], [404, 404]), route
        assert all(isinstance(body, dict) and (status == 200 or "error" in body) for status, body in answers), route


def test_the_guard_stands_in_front_of_them(comfyui_host: Any) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    json_body = {"Content-Type": "application/json", **OURS}
    for route in ROUTES:
        path = PREFIX + route.path.replace("{name}", "none.md")
        for prefix in ("", "/api"):
            attacks = [
                {**json_body, "Host": "evil.example"},
                {**json_body, "Host": "evil.example", "Origin": "http://evil.example"},
                {**json_body, "Host": "127.0.0.1.evil.example"},
                {**json_body, "Origin": "null"},
                {**json_body, "Sec-Fetch-Site": "same-site"},
            ]
            attacks += [form, {**form, **OURS}, {"Content-Type": "application/json"}] if route.method == "POST" else []
            for headers in attacks:
                status, body, _ = ask(comfyui_host, route.method, prefix + path, b"{}", headers)
                assert status in (403, 415), (route, headers)
                assert json.loads(body)["error"]["code"], (route, headers)


# ---- protected files -----------------------------------------------------------------------------------

FILES = ("settings.json", "keys.json", "schedule.json", "snapshot.json", "canary.json")
OURS_ALONE = ("settings.json", "keys.json", "canary.json")  # the other two are written by the cycle
CANARY, MARK = b"canary-5f0c1c", b"written-by-the-web-8b1d"


def climbs(file: str) -> list[str]:
    """Relative and absolute paths that would lead to a protected file from some folder of ComfyUI's."""
    inside = f"__comfyfixersmart/{file}"
    ups = [
        f"../{inside}",
        f"../user/{inside}",
        f"../../user/{inside}",
        f"../../../user/{inside}",
        f"workflows/../../{inside}",
    ]
    return [inside, *ups, f"./.././{inside}", f"....//{inside}", f"..;/{inside}", f"../default/../{inside}"]


def written(path: str) -> Iterator[str]:
    """Ways to write a path in a URL."""
    yield urllib.parse.quote(path, safe="")
    yield urllib.parse.quote(path, safe="").replace(".", "%2e").replace("_", "%5F")
    yield urllib.parse.quote(urllib.parse.quote(path, safe=""), safe="")
    yield urllib.parse.quote(path.replace("/", "\\"), safe="")
    yield path.replace("../", "..%2f").replace("/", "%2F")
    yield path.replace("..", "%c0%ae%c0%ae").replace("/", "%c0%af")
    yield urllib.parse.quote(path, safe="") + "%00.png"


def targets(spelling: str, raw: str) -> Iterator[tuple[str, str]]:
    """Requests of ComfyUI's own routes that would read (GET) or change (the rest) such a path."""
    yield "GET", f"/userdata/{spelling}"
    yield "POST", f"/userdata/{spelling}?overwrite=true"
    yield "DELETE", f"/userdata/{spelling}"
    yield "POST", f"/userdata/{spelling}/move/stolen.json?overwrite=true"
    yield "POST", f"/userdata/mine.json/move/{spelling}?overwrite=true"
    yield "GET", f"/extensions/ComfyFixerSmart/{spelling}"
    yield "GET", f"/extensions/ComfyFixerSmart/{raw}"
    yield "GET", f"/{raw}"
    yield "GET", f"{PREFIX}/report/{spelling}"
    for kind in ("input", "output", "temp"):
        yield "GET", f"/view?filename={spelling}&type={kind}"
    folder, _, name = spelling.rpartition("%2F")
    yield "GET", f"/view?filename={name}&subfolder={folder}&type=output"
    yield "GET", f"/view_metadata/checkpoints?filename={spelling}"


def test_no_spelling_reaches_a_protected_file(comfyui_host: Any) -> None:
    until_listed(comfyui_host)
    state, mine = comfyui_host.base / "user/__comfyfixersmart", comfyui_host.base / "user/default/mine.json"
    for name in OURS_ALONE:
        (state / name).write_bytes(b'{"schema": 1, "note": "%s"}' % CANARY)
    before = {name: (state / name).read_bytes() for name in FILES}
    tried, seen = set(), []
    for file in FILES:
        for path in (*climbs(file), str(state / file), f"/{state / file}"):
            for spelling in written(path):
                tried |= {
                    (user, *target) for user in ("default", "__comfyfixersmart") for target in targets(spelling, path)
                }
    for user, method, target in sorted(tried):
        body = MARK if method == "POST" else None
        mine.write_bytes(MARK)
        _, answer, _ = ask(comfyui_host, method, target, body, {"Comfy-User": user})
        if CANARY in answer or (method == "GET" and answer in before.values()):
            seen.append((user, method, target))
    print(f"{len(tried)} requests")
    assert not seen
    assert len(tried) >= 200 * len(FILES)
    assert all((state / name).is_file() for name in FILES), "none was deleted or moved"
    assert all((state / name).read_bytes() == before[name] for name in OURS_ALONE)
    assert not marked(state) and not marked(ROOT / "web")
    for left in (*(state / name for name in OURS_ALONE), mine):
        left.unlink()


def test_the_requests_above_do_work_on_a_persons_own_files(comfyui_host: Any) -> None:
    """Else they would prove nothing."""
    folder = comfyui_host.base / "user/default"
    assert ask(comfyui_host, "POST", "/userdata/workflows%2F..%2Fa.json?overwrite=true", MARK)[0] == 200
    assert ask(comfyui_host, "POST", "/userdata/a.json/move/sub%2fb.json?overwrite=true", b"")[0] == 200
    assert (folder / "sub/b.json").read_bytes() == MARK
    assert ask(comfyui_host, "GET", "/userdata/sub%252Fb.json")[1] == MARK
    assert ask(comfyui_host, "DELETE", "/userdata/sub%2Fb.json")[0] == 204
    assert ask(comfyui_host, "GET", "/extensions/ComfyFixerSmart/index.js")[0] == 200
    body, headers = form("b.txt", MARK, {"subfolder": "x", "type": "output", "overwrite": "true"})
    assert ask(comfyui_host, "POST", "/upload/image", body, headers)[0] == 200
    assert ask(comfyui_host, "GET", "/view?filename=b.txt&subfolder=x&type=output")[1] == MARK
    shutil.rmtree(comfyui_host.base / "output/x")


def marked(folder: Path) -> list[Path]:
    """Files that hold what only the web can have written."""
    return [path for path in folder.rglob("*") if path.is_file() and MARK in path.read_bytes()]


def test_uploads_do_not_reach_it_either(comfyui_host: Any) -> None:
    state = comfyui_host.base / "user/__comfyfixersmart"
    folders = [path.rpartition("/")[0] for path in climbs("x.json")] + [str(state)]
    for folder, kind, route in itertools.product(folders, ("input", "output", "temp"), ("image", "mask")):
        for name in ("settings.json", f"../{'../' * 3}user/__comfyfixersmart/settings.json"):
            body, headers = form(name, MARK, {"subfolder": folder, "type": kind, "overwrite": "true"})
            ask(comfyui_host, "POST", f"/upload/{route}", body, headers)
    assert not marked(state)


def form(name: str, data: bytes, fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """A multipart upload as a page sends it."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    body = "".join(parts).encode() + file.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def test_an_uploaded_dashboard_is_served_under_our_policy_only(comfyui_host: Any) -> None:
    """ComfyUI lets any page of its own write below the output folder, and nothing tells such a file from ours."""
    until_listed(comfyui_host)
    body, headers = form(
        "dashboard.html",
        b"<script>1</script>",
        {"subfolder": "reports/workflows", "type": "output", "overwrite": "true"},
    )
    assert ask(comfyui_host, "POST", "/upload/image", body, headers)[0] == 200
    status, page, told = ask(comfyui_host, "GET", PREFIX + "/report/dashboard.html")
    assert status == 200
    if b"<script>1</script>" in page:  # else a cycle has written ours again
        assert page.index(policy().encode()) < page.index(b"<script>1"), (
            "--disable-api-nodes replaced the header's policy"
        )
    assert told["x-frame-options"] == "DENY" and told["x-content-type-options"] == "nosniff"


# ---- several users, and a CORS header ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def several(comfyui: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A ComfyUI with --multi-user and an open CORS header: the widest doors that it has."""
    args = ("--multi-user", "--enable-cors-header", "*")
    with comfyui.running(tmp_path_factory.mktemp("several"), {"ComfyFixerSmart": ROOT}, args=args) as server:
        yield server


@pytest.fixture(scope="module")
def users(several: Any) -> dict[str, dict[str, str]]:
    """Ann and Bob, each with the header that ComfyUI knows them by and a workflow named after them."""
    found = {}
    for name in ("ann", "bob"):
        status, id = several.post("/users", {"username": name})
        assert status == 200
        found[name] = {"Comfy-User": id}
        assert several.post(f"/userdata/workflows%2F{name}.json", GRAPH, found[name])[0] == 200
    for name, header in found.items():
        until_listed(several, f"{name}.json", header)
    return found


def test_each_user_sees_only_their_own(several: Any, users: dict[str, dict[str, str]]) -> None:
    for name, other in (("ann", "bob"), ("bob", "ann")):
        library = until_listed(several, f"{name}.json", users[name])
        assert [line["name"] for line in library["workflows"]] == [f"{name}.json"]
        slug = library["workflows"][0]["slug"]
        assert several.get(f"{PREFIX}/workflow?slug={slug}", users[name])[0] == 200
        assert several.get(f"{PREFIX}/workflow?slug={slug}", users[other])[0] == 404
        for file in (f"{slug}.md", f"{slug}.json"):
            assert several.get(f"{PREFIX}/report/{file}", users[name])[0] == 200
            assert several.get(f"{PREFIX}/report/{file}", users[other])[0] == 404
        for path in ("/library", "/status", "/report/dashboard.html", "/report/index.md", "/report/index.json"):
            status, body, _ = ask(several, "GET", PREFIX + path, None, users[name])
            assert status == 200
            assert f"{other}.json".encode() not in body and users[other]["Comfy-User"].encode() not in body, path


def test_unknown_users_see_nothing(several: Any, users: dict[str, dict[str, str]]) -> None:
    for header in (
        {},
        {"Comfy-User": "eve"},
        {"Comfy-User": "default"},
        {"Comfy-User": "__comfyfixersmart"},
        {"Comfy-User": "ann"},
    ):
        for route in ROUTES:
            path = PREFIX + route.path.replace("{name}", "dashboard.html")
            answer = (
                several.get(path, header)
                if route.method == "GET"
                else several.post(path, EMPTY.get(route.path, {}), OURS | header)
            )
            assert (answer[0], answer[1]["error"]["code"]) == (403, "unknown_user"), (route, header)


def test_no_report_of_anyone_lies_where_comfyui_shows_it(several: Any, users: dict[str, dict[str, str]]) -> None:
    assert not list((several.base / "output").rglob("*"))
    reports = list((several.base / "user/__comfyfixersmart/users").rglob("dashboard.html"))
    assert len(reports) == 2
    for report in reports:
        for path in (*climbs(str(report.relative_to(several.base / "user/__comfyfixersmart"))), str(report)):
            for spelling in written(path):
                for header in users.values():
                    for target in (f"/userdata/{spelling}", f"/view?filename={spelling}&type=output"):
                        assert b"Workflow readiness" not in ask(several, "GET", target, None, header)[1]


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://localhost:1"])
def test_an_open_cors_header_opens_nothing_of_ours(several: Any, users: dict[str, dict[str, str]], origin: str) -> None:
    """ComfyUI's own origin check is off then; it answers every preflight itself."""
    for route in ROUTES:
        path = PREFIX + route.path.replace("{name}", "dashboard.html")
        headers = {"Origin": origin, "Content-Type": "application/json", **OURS, **users["ann"]}
        for prefix in ("", "/api"):
            body = json.dumps(EMPTY.get(route.path, {})).encode() if route.method == "POST" else None
            status, answer, _ = ask(several, route.method, prefix + path, body, headers)
            assert (status, json.loads(answer)["error"]["code"]) == (403, "bad_origin")
            _, _, preflight = ask(several, "OPTIONS", prefix + path, None, headers)
            assert "x-comfyfixersmart" not in preflight.get("access-control-allow-headers", "").lower()
    assert not (several.base / "user/__comfyfixersmart/settings.json").exists()
