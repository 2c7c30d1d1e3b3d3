"""ModelScope: repositories by the words of a name, their files, and its errors with status 200."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from comfyfixersmart.core.http import Answer, Http, Limit, NoAnswer, Timeouts
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.modelscope import ModelScope
from comfyfixersmart.core.sources.types import GATED, SAFETENSORS, Candidate, Query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import load as sample

fake = sample("modelscope")
VIDEO = "ink_harbor_video_fp8.safetensors"
LONG = "split_files/diffusion_models/ink_harbor_video_fp8.safetensors"


@pytest.fixture(scope="module")
def service() -> Iterator[Any]:
    """One service for all tests here: starting and stopping it takes longer than most of these."""
    with sample("server").serving() as one:
        yield one


@pytest.fixture
def replay(service: Any) -> Any:
    service._routes.clear()
    service.mend()
    service.forget()
    return service


@pytest.fixture
def hall(replay: Any) -> Any:
    one = fake.Hall()
    one.serve(replay)
    return one


@pytest.fixture
def http(replay: Any, clock: Any) -> Iterator[Http]:
    client = Http(trusted={replay.host}, limits={replay.host: Limit(500, 500)}, clock=clock)
    yield client
    client.close()


@pytest.fixture
def source(replay: Any) -> ModelScope:
    return ModelScope(replay.address)


# ---- by name --------------------------------------------------------------------------------------------------------


def test_a_name_leads_to_repositories_and_these_to_files(
    source: ModelScope, asker: Asker, hall: Any, replay: Any, clock: Any
) -> None:
    found = source.by_name(asker, Query(VIDEO, ("diffusion_models",)))
    assert found[0] == Candidate(
        id=f"modelscope:inkworks/ink-harbor-video@{LONG}",
        source="modelscope",
        file=VIDEO,
        url=f"{replay.address}/models/inkworks/ink-harbor-video/resolve/master/{LONG}",
        page="https://modelscope.cn/models/inkworks/ink-harbor-video",
        repo="inkworks/ink-harbor-video",
        path=LONG,
        revision="master",
        author="inkworks",
        size=8_400_000,
        sha256=fake.sha256("a"),
        folder="diffusion_models",
        format=SAFETENSORS,
        licence="apache-2.0",
        downloads=120,
        confirmed=True,
        asked=clock.now(),
    )
    assert found[1].repo == "mothpress/ink-harbor-video" and found[1].sha256 == found[0].sha256
    assert [one.file for one in found[2:]] == [
        "ink_harbor_video_pro.safetensors"
    ]  # a near one, and the private one is not
    searches = [request.query for request in replay.asked("/openapi/v1/models")]
    assert searches[0] == {"search": ["ink_harbor_video_fp8"], "page_number": ["1"], "page_size": ["50"]}
    assert all(request.query == {"Revision": ["master"], "Recursive": ["true"]} for request in replay.asked("/api/*"))


def test_a_repository_that_wants_to_be_asked_says_so(source: ModelScope, asker: Asker, hall: Any) -> None:
    found = source.by_name(asker, Query("ink_harbor_video_pro.safetensors"))
    assert (found[0].gate, bool(found[0].gate_text)) == (GATED, True)
    assert not any(one.gate for one in found[1:])


def test_names_without_a_suffix_and_in_other_case_are_found(source: ModelScope, asker: Asker, hall: Any) -> None:
    assert source.by_name(asker, Query("INK_harbor_video_fp8.safetensors"))[0].file == VIDEO
    assert source.by_name(asker, Query("ink_harbor_video_fp8"))[0].file == VIDEO


def test_a_hash_that_is_not_told_is_none(source: ModelScope, asker: Asker, hall: Any) -> None:
    found = source.by_link(asker, "https://modelscope.cn/models/inkworks/ink-harbor-video")
    assert [(one.folder, bool(one.sha256)) for one in found] == [("diffusion_models", True), ("text_encoders", False)]


def test_pages_are_followed_and_end(source: ModelScope, asker: Asker, replay: Any) -> None:
    repos = {f"somebody/ink-harbor-{at}": fake.repo([]) for at in range(300)}
    fake.Hall(repos).serve(replay)
    assert source.by_name(asker, Query("ink_harbor.safetensors")) == []
    asked = replay.asked("/openapi/v1/models")
    assert [request.one("page_number") for request in asked] == ["1", "1", "2"]
    assert len(replay.asked("/api/v1/models/*")) == 5  # of very many repositories only the likeliest are looked into


def test_the_repository_whose_name_is_most_alike_is_looked_into_first(
    source: ModelScope, asker: Asker, replay: Any
) -> None:
    repos = {f"somebody/a-very-long-name-with-ink-harbor-{at}": fake.repo([]) for at in range(20)}
    repos["inkworks/ink-harbor"] = fake.repo([fake.entry("ink_harbor.safetensors", 12)], downloads=0)
    fake.Hall(repos).serve(replay)
    assert source.by_name(asker, Query("ink_harbor.safetensors"))[0].repo == "inkworks/ink-harbor"


def test_nothing_is_asked_twice_and_nothing_that_is_no_name(
    source: ModelScope, asker: Asker, hall: Any, replay: Any
) -> None:
    source.by_name(asker, Query(VIDEO))
    asked = len(replay.log)
    source.by_name(asker, Query(VIDEO))
    assert len(replay.log) == asked and asker.steps[-1].age == 0
    assert source.by_name(asker, Query("https://somewhere.example/x.safetensors")) == []
    assert source.by_hash(asker, "0" * 64) == []
    assert len(replay.log) == asked


# ---- by link --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "paths"),
    [
        (f"https://modelscope.cn/models/inkworks/ink-harbor-video/resolve/master/{LONG}", [LONG]),
        (f"https://www.modelscope.cn/models/inkworks/ink-harbor-video/file/view/master/{LONG}", [LONG]),
        (f"https://modelscope.cn/api/v1/models/inkworks/ink-harbor-video/repo?Revision=v1&FilePath={LONG}", [LONG]),
        ("https://modelscope.cn/models/mothpress/ink-harbor-video", [VIDEO]),
        ("https://modelscope.cn/models/mothpress/ink-harbor-video/resolve/master/other.safetensors", []),
        ("https://modelscope.cn/models/mothpress/ink-harbor-video/resolve/v9/" + VIDEO, []),
        ("https://modelscope.cn/models/nobody/nothing/resolve/master/" + VIDEO, []),
        ("https://civitai.com/models/12", []),
        ("https://elsewhere.example/models/a/b/resolve/master/c.safetensors", []),
    ],
)
def test_an_address_leads_to_its_file(source: ModelScope, asker: Asker, hall: Any, url: str, paths: list[str]) -> None:
    found = source.by_link(asker, url)
    assert [one.path for one in found] == paths and all(one.confirmed for one in found)


def test_an_address_of_the_configured_base_is_one_of_ours(
    source: ModelScope, asker: Asker, hall: Any, replay: Any
) -> None:
    found = source.by_link(asker, f"{replay.address}/models/mothpress/ink-harbor-video/resolve/v1/{VIDEO}")
    assert [one.url for one in found] == [f"{replay.address}/models/mothpress/ink-harbor-video/resolve/v1/{VIDEO}"]


def test_odd_names_are_written_as_addresses_are(source: ModelScope, asker: Asker, replay: Any) -> None:
    fake.Hall({"a/b": fake.repo([fake.entry("new folder/ink #1 50%.safetensors", 4)])}).serve(replay)
    found = source.by_link(asker, "https://modelscope.cn/models/a/b")
    assert found[0].url == f"{replay.address}/models/a/b/resolve/master/new%20folder/ink%20%231%2050%25.safetensors"


# ---- what goes wrong ------------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "400": (lambda fault: fault.status(400), "unexpected_status"),
    "401": (lambda fault: fault.status(401), "unexpected_status"),
    "403": (lambda fault: fault.status(403), "unexpected_status"),
    "404": (lambda fault: fault.status(404), "unexpected_status"),
    "410": (lambda fault: fault.status(410), "unexpected_status"),
    "429": (lambda fault: fault.status(429, retry_after="7200"), "rate_limited"),
    "500": (lambda fault: fault.status(500), "server_error"),
    "page": (lambda fault: fault.html, "not_json"),
    "404 page": (lambda fault: fault.status(404, html=True), ""),
    "cut": (lambda fault: fault.truncated, "unreachable"),
    "slow": (lambda fault: fault.slow(1.5), "timeout"),
    "deep": (lambda fault: fault.deep(), "bad_json"),
    "huge": (lambda fault: fault.huge(100_000_000, told=True), "too_large"),
    "list": (lambda fault: fault.text("[]"), ""),
    "empty": (lambda fault: fault.text(""), ""),
    "error inside": (
        lambda fault: fault.text('{"Code": 10990101, "Success": false, "success": false, "Data": null}'),
        "",
    ),
    "no success": (lambda fault: fault.drift(lambda body: _without_success(body)), ""),
    "renamed": (lambda fault: fault.drift(lambda body: _renamed(body)), ""),
}


def _without_success(body: Any) -> Any:
    return {**body, "Success": False, "success": False}


def _renamed(body: Any) -> Any:
    return json.loads(json.dumps(body).replace('"Path"', '"FilePath"').replace('"id"', '"model_id"'))


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("way", ["name", "link"])
def test_what_goes_wrong_is_no_answer_and_never_nothing(
    source: ModelScope, asker: Asker, hall: Any, replay: Any, clock: Any, name: str, way: str
) -> None:
    fault, code = FAULTS[name]
    replay.fault("*", fault(replay.Fault))
    hasty = Http(trusted={replay.host}, clock=clock, timeouts=Timeouts(read=0.2, whole=0.5))
    asker = Asker(hasty, asker.answers) if name == "slow" else asker
    with pytest.raises(NoAnswer) as caught:
        if way == "name":
            source.by_name(asker, Query(VIDEO))
        else:
            source.by_link(asker, "https://modelscope.cn/models/inkworks/ink-harbor-video")
    assert caught.value.code == code or not code
    assert asker.steps and asker.steps[-1].silent
    replay.mend()
    if caught.value.until is None:  # nothing of it was kept
        assert source.by_name(asker, Query(VIDEO))
    hasty.close()


def test_what_was_found_before_the_silence_is_told(source: ModelScope, asker: Asker, hall: Any, replay: Any) -> None:
    replay.fault("/api/v1/models/mothpress/*", replay.Fault.status(500))
    with pytest.raises(NoAnswer) as caught:
        source.by_name(asker, Query(VIDEO))
    assert [one.repo for one in caught.value.found] == ["inkworks/ink-harbor-video"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [200, 404])
def test_no_such_repository_is_an_answer_whatever_its_status(
    source: ModelScope, asker: Asker, replay: Any, status: int
) -> None:
    body = {"Code": 10010101, "Message": "模型不存在", "Success": False, "Data": {"Files": []}}
    replay.add("GET", "/api/v1/models/{owner}/{name}/repo/files", body, status=status)
    assert source.by_link(asker, "https://modelscope.cn/models/a/b") == []
    assert asker.steps[0].outcome == "nothing"


def test_requests_hold_no_key_in_their_address(replay: Any, hall: Any, clock: Any) -> None:
    http = Http(trusted={replay.host}, tokens={replay.host: "Bearer canary-key"}, clock=clock)
    asker = Asker(http, Answers(None))
    found = ModelScope(replay.address).by_name(asker, Query(VIDEO))
    http.close()
    assert replay.log and all(request.headers["authorization"] == "Bearer canary-key" for request in replay.log)
    assert not any(
        "canary" in request.raw or "mozilla" in request.headers["user-agent"].lower() for request in replay.log
    )
    assert "canary" not in repr(found) + repr(asker.steps)


@pytest.mark.parametrize(
    "lies",
    [
        {"Path": "../../escape.safetensors"},
        {"Path": "/etc/escape.safetensors"},
        {"Path": "a\\b.safetensors"},
        {"Path": "line\nbreak.safetensors"},
        {"Path": "\u202egnp.safetensors"},
        {"Path": "x" * 5000 + ".safetensors"},
        {"Path": ["list"]},
        {"Path": "run.exe"},
        {"Path": "https://evil.example/x.safetensors"},
        {"Size": 1 << 60},
        {"Size": -5},
        {"Size": "many"},
        {"Sha256": "zz"},
        {"Sha256": 5},
        {"Type": "tree"},
        {"DownloadUrl": "https://evil.example/x.safetensors"},
    ],
)
def test_a_lie_changes_nothing_but_its_own_candidate(
    source: ModelScope, asker: Asker, hall: Any, replay: Any, lies: Any
) -> None:
    hall.repos["inkworks/ink-harbor-video"]["files"].insert(0, {**fake.entry("lie.safetensors", 7), **lies})
    found = source.by_link(asker, "https://modelscope.cn/models/inkworks/ink-harbor-video")
    assert [one.sha256 for one in found if one.file == VIDEO] == [fake.sha256("a")]
    for one in found:
        assert one.url.startswith(f"{replay.address}/models/inkworks/ink-harbor-video/resolve/master/")
        assert "evil" not in one.url and ".." not in one.path and one.file.isprintable()
        assert one.size is None or 0 < one.size < 1 << 44


def test_ten_thousand_files_are_cut(source: ModelScope, asker: Asker, hall: Any) -> None:
    hall.repos["flood/ink-harbor-video"] = fake.repo([fake.entry(f"f{at}.safetensors", 7) for at in range(10_000)])
    found = source.by_name(asker, Query(VIDEO))
    assert found[0].file == VIDEO and len(found) <= 10
    assert len(source.by_link(asker, "https://modelscope.cn/models/flood/ink-harbor-video")) == 50


# ---- no shape at all raises anything but NoAnswer -------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
keys = st.sampled_from(["Code", "Success", "Data", "Files", "Path", "Size", "Sha256", "data", "models", "id", "tags"])
shapes = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | st.text(max_size=6), inner, max_size=6),
    max_leaves=30,
)


class Stub:
    """An Http that answers each question with the next of some bodies."""

    def __init__(self, bodies: list[tuple[int, Any]]) -> None:
        self.bodies = bodies
        self.at = 0

    def check(self) -> None: ...

    def json(self, url: str, *, accept: Any = (200,), **_: Any) -> Answer:
        status, body = self.bodies[self.at % len(self.bodies)]
        self.at += 1
        if status not in accept:
            raise NoAnswer("unexpected_status", "refused")
        return Answer(status, {}, body, url)


def ask_everything(bodies: list[tuple[int, Any]]) -> None:
    source = ModelScope()
    calls: list[Callable[[Asker], list[Candidate]]] = [
        lambda asker: source.by_link(
            asker, f"https://modelscope.cn/models/inkworks/ink-harbor-video/resolve/master/{LONG}"
        ),
        lambda asker: source.by_link(asker, "https://modelscope.cn/models/a/b"),
        lambda asker: source.by_name(asker, Query(VIDEO)),
    ]
    for call in calls:
        asker = Asker(Stub(bodies), Answers(None))  # type: ignore[arg-type]
        for _ in range(2):
            try:
                found = call(asker)
            except NoAnswer:
                continue
            assert all(one.url.startswith("https://modelscope.cn/models/") for one in found)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from([200, 200, 200, 404, 401, 500]), shapes), min_size=1, max_size=3))
def test_no_answer_of_any_shape_is_an_error(bodies: list[tuple[int, Any]]) -> None:
    ask_everything(bodies)


def _places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, value in body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ():
        yield from _places(value, (*path, key))


FILES = fake.hall_of_repos()["inkworks/ink-harbor-video"]["files"]
LISTING = {"Code": 200, "Success": True, "Data": {"Files": FILES}}
SEARCH = {
    "success": True,
    "data": {"models": [{"id": "inkworks/ink-harbor-video", **fake.repo([])["told"]}], "total_count": 60},
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_good_answer_with_one_bad_place_is_an_error(data: st.DataObject) -> None:
    bodies = []
    for good in (SEARCH, LISTING):
        body = copy.deepcopy(good)
        path = data.draw(st.sampled_from(list(_places(body))))
        value = data.draw(shapes)
        at = body
        for key in path[:-1]:
            at = at[key]
        if path:
            at[path[-1]] = value
        bodies.append((200, body if path else value))
    ask_everything([bodies[0], bodies[0], bodies[1]])
    ask_everything([bodies[1]])


@pytest.mark.parametrize(
    "kept", [{}, "x", 5, [1], [[]], [["a/b", 1, 2]], [["../x.safetensors", 1, None]], [["a/b", 0, 0, ""]]]
)
def test_an_answer_kept_in_another_form_is_no_answer(kept: Any) -> None:
    asker = Asker(Stub([(500, None)]), Answers(None))  # type: ignore[arg-type]
    asker.answers.put("modelscope", "files a/b@master", kept)
    asker.answers.put("modelscope", "search ink-harbor-video", kept)
    for call in (
        lambda: ModelScope().by_link(asker, "https://modelscope.cn/models/a/b"),
        lambda: ModelScope().by_name(asker, Query(VIDEO)),
    ):
        try:
            assert call() == []
        except NoAnswer:
            continue
