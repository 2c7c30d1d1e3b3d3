"""Hugging Face when it does not answer, and when its answers mean harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, Limit, NoAnswer, Timeouts
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.huggingface import HuggingFace
from comfyfixersmart.core.sources.types import Candidate, Query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import load

hub_module = load("huggingface")
weights, small = hub_module.weights, hub_module.small
PATHS = "/api/models/{repo...}/paths-info/{revision}"
AUTHORS = hub_module.AUTHORS


@pytest.fixture
def hub(replay: Any) -> Any:
    one = hub_module.sample()
    one.serve(replay)
    return one


@pytest.fixture
def source(replay: Any) -> HuggingFace:
    return HuggingFace(replay.address, AUTHORS)


def by_name(source: HuggingFace, asker: Asker, name: str, **known: Any) -> list[Candidate]:
    return source.by_name(asker, Query(name, **known))


def exact(found: list[Candidate], name: str) -> list[Candidate]:
    return [one for one in found if one.file.lower() == name.lower()]


# ---- when it does not answer -----------------------------------------------------------------------------------

_Fault = Callable[[Any], Any]
FAULTS: dict[str, tuple[_Fault, str]] = {
    "html": (lambda fault: fault.html, "not_json"),
    "truncated": (lambda fault: fault.truncated, "unreachable"),
    "server error": (lambda fault: fault.status(502), "server_error"),
    "slow down": (lambda fault: fault.status(429, retry_after="7200"), "rate_limited"),
    "another list": (lambda fault: fault.text('{"error": "moved"}'), "unexpected_shape"),
    "no list": (lambda fault: fault.text("[1, 2, 3]"), "unexpected_shape"),
    "no JSON": (lambda fault: fault.text("[{"), "bad_json"),
    "deep": (lambda fault: fault.deep(), "bad_json"),
    "huge": (lambda fault: fault.huge(80 << 20), "too_large"),
    "refused": (lambda fault: fault.status(403), "unexpected_status"),
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("where", ["/api/models", PATHS, "/api/models/brushworks/inkwash-xl"])
def test_a_fault_is_never_taken_for_an_absent_file(
    hub: Any, source: Any, asker: Asker, replay: Any, kind: str, where: str
) -> None:
    make, code = FAULTS[kind]
    replay.fault(where, make(replay.Fault))
    with pytest.raises(NoAnswer) as raised:
        if where == "/api/models":
            by_name(source, asker, "inkwash_xl_v2.safetensors")
        else:
            source.by_link(asker, "https://huggingface.co/brushworks/inkwash-xl/resolve/main/inkwash_xl_v2.safetensors")
    assert raised.value.code == code or kind == "truncated"
    assert any(step.silent for step in asker.steps)


def test_a_moment_of_trouble_passes_unseen(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    replay.fault("*", replay.Fault.status(503, retry_after="2"), times=2)
    assert exact(by_name(source, asker, "inkwash_xl_v2.safetensors"), "inkwash_xl_v2.safetensors")
    assert not any(step.silent for step in asker.steps)


def test_a_slow_answer_is_none(hub: Any, source: Any, clock: Any, replay: Any) -> None:
    replay.fault(PATHS, replay.Fault.slow(0.6))
    http = Http(trusted={replay.host}, clock=clock, timeouts=Timeouts(1.0, 0.1, 0.2))
    asker = Asker(http, Answers(None, now=clock.now))
    try:
        with pytest.raises(NoAnswer) as raised:
            by_name(source, asker, "inkwash_vae.safetensors")
    finally:
        http.close()
    assert raised.value.code == "timeout" and not any(one.confirmed for one in raised.value.found)  # type: ignore[attr-defined]


def test_what_was_found_in_spite_of_a_silent_part_is_handed_on(
    hub: Any, source: Any, asker: Asker, replay: Any
) -> None:
    replay.fault("/api/models/somebody/inkwash-mirror/paths-info/*", replay.Fault.html)
    with pytest.raises(NoAnswer) as raised:
        by_name(source, asker, "inkwash_xl_v2.safetensors")
    found = exact(raised.value.found, "inkwash_xl_v2.safetensors")  # type: ignore[attr-defined]
    assert [(one.author, one.confirmed) for one in found] == [("brushworks", True), ("somebody", False)]


def test_one_author_who_is_not_answered_for_does_not_hide_the_others(
    hub: Any, source: Any, asker: Asker, replay: Any, clock: Any
) -> None:
    replay.fault("/api/models", replay.Fault.html, times=1)  # brushworks
    with pytest.raises(NoAnswer) as raised:
        by_name(source, asker, "glow_lora_fp16.safetensors")
    assert exact(raised.value.found, "glow_lora_fp16.safetensors")  # type: ignore[attr-defined]
    clock.forward(61)
    assert exact(by_name(source, asker, "glow_lora_fp16.safetensors"), "glow_lora_fp16.safetensors")


def test_a_host_that_is_down_is_not_asked_for_every_author(http: Http, asker: Asker, replay: Any) -> None:
    replay.fault("*", replay.Fault.status(500))
    source = HuggingFace(replay.address)  # all authors there are
    with pytest.raises(NoAnswer):
        by_name(source, asker, "inkwash_xl_v2.safetensors")
    assert len(replay.log) <= 12


def test_a_refused_token_is_told(hub: Any, source: Any, clock: Any, replay: Any) -> None:
    refused = {"error": "Invalid credentials in Authorization header"}
    replay.fault("*", replay.Fault.status(401, body=refused))
    http = Http(
        trusted={replay.host}, limits={replay.host: Limit(50, 50)}, clock=clock, tokens={replay.host: "Bearer x"}
    )
    try:
        with pytest.raises(NoAnswer) as raised:
            source.by_link(
                Asker(http, Answers(None, now=clock.now)),
                "https://huggingface.co/brushworks/inkwash-xl/resolve/main/inkwash_xl_v2.safetensors",
            )
    finally:
        http.close()
    assert raised.value.code == "key_refused"


def test_cancelling_ends_it(hub: Any, source: Any, clock: Any, replay: Any) -> None:
    stop: list[int] = []
    http = Http(trusted={replay.host}, limits={replay.host: Limit(50, 50)}, clock=clock, cancel=lambda: bool(stop))
    asker = Asker(http, Answers(None, now=clock.now))
    by_name(source, asker, "inkwash_xl_v2.safetensors")
    stop.append(1)
    try:
        with pytest.raises(NoAnswer) as raised:
            by_name(source, asker, "inkwash_xl_v4.safetensors")
    finally:
        http.close()
    assert raised.value.code == "cancelled"


# ---- hostile answers -------------------------------------------------------------------------------------------

BAD_PATHS = [
    "../../inkwash_none.safetensors",
    "/etc/inkwash_none.safetensors",
    "a/../inkwash_none.safetensors",
    "a\\inkwash_none.safetensors",
    "inkwash_none.safetensors\0",
    "\x1b[2Jinkwash_none.safetensors",
    "a//inkwash_none.safetensors",
    " /inkwash_none.safetensors",
    "x" * 500 + "/inkwash_none.safetensors",
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_paths_that_lead_elsewhere_do_not_exist(hub: Any, source: Any, asker: Asker, path: str) -> None:
    hub.repo("brushworks/bad", {path: weights("bad"), "inkwash_xl_v2.safetensors": weights("ink 2")})
    assert not exact(by_name(source, asker, "inkwash_none.safetensors"), "inkwash_none.safetensors")
    assert len(exact(by_name(source, asker, "inkwash_xl_v2.safetensors"), "inkwash_xl_v2.safetensors")) == 3
    assert len(source.by_link(asker, "https://huggingface.co/brushworks/bad")) == 1


def test_a_hundred_thousand_files_are_bounded(hub: Any, source: Any, asker: Asker) -> None:
    hub.repo("brushworks/flood", {f"f/{number}.safetensors": small(1) for number in range(100_000)})
    found = exact(by_name(source, asker, "inkwash_xl_v2.safetensors"), "inkwash_xl_v2.safetensors")
    assert len(found) == 2
    (kept,) = [repo for repo in source._index._state.found.repos.values() if repo.id == "brushworks/flood"]
    assert len(kept.paths) == 3_000


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "file", "size": 7, "lfs": {"oid": "a" * 64, "size": 9}},
        {"type": "file", "size": -5, "lfs": {"oid": "a" * 64}},
        {"type": "file", "size": "7", "lfs": {"oid": "a" * 64, "size": 1e30}},
        {"type": "file", "size": True, "lfs": {"oid": "a" * 64, "size": None}},
    ],
)
def test_a_size_that_cannot_be_believed_is_none(hub: Any, source: Any, asker: Asker, entry: dict[str, Any]) -> None:
    hub.repo("brushworks/liar", {"liar_model.safetensors": entry})
    (found,) = exact(by_name(source, asker, "liar_model.safetensors"), "liar_model.safetensors")
    assert (found.size, found.sha256) == (None, "a" * 64)


@pytest.mark.parametrize("oid", ["A" * 63, "g" * 64, 7, None, ["a" * 64], "a" * 40, ""])
def test_a_hash_that_is_none_is_not_told(hub: Any, source: Any, asker: Asker, oid: Any) -> None:
    hub.repo(
        "brushworks/liar", {"liar_model.safetensors": {"type": "file", "oid": "b" * 64, "size": 7, "lfs": {"oid": oid}}}
    )
    (found,) = exact(by_name(source, asker, "liar_model.safetensors"), "liar_model.safetensors")
    assert (found.size, found.sha256, found.gate) == (7, None, "")


def test_addresses_in_answers_are_never_used(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    evil = {"url": "https://evil.example/x", "downloadUrl": "https://evil.example/y", "rfilename": "z.safetensors"}
    hub.repo(
        "brushworks/evil", {"evil_model.safetensors": weights("evil")}, url="https://evil.example", resourceGroup=evil
    )
    (found,) = exact(by_name(source, asker, "evil_model.safetensors"), "evil_model.safetensors")
    assert found.url.startswith(replay.address) and found.page.startswith(replay.address)


def test_one_broken_repository_drops_only_itself(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    def spoil(body: Any) -> Any:
        return [
            {"id": "../../x"},
            7,
            None,
            {"id": "brushworks/odd", "siblings": {"a": 1}, "tags": 3, "cardData": []},
            *body,
        ]

    replay.fault("/api/models", replay.Fault.drift(spoil))
    assert exact(by_name(source, asker, "inkwash_xl_v2.safetensors"), "inkwash_xl_v2.safetensors")


def test_a_cache_that_was_tampered_with_is_no_answer(
    hub: Any, http: Http, clock: Any, replay: Any, tmp_path: Any
) -> None:
    by_name(
        HuggingFace(replay.address, AUTHORS), Asker(http, Answers(tmp_path, now=clock.now)), "inkwash_xl_v2.safetensors"
    )
    for path in (tmp_path / "huggingface").glob("*.json"):
        body = json.loads(path.read_text())
        path.write_text(
            json.dumps({**body, "value": {"repos": [{"id": "a/b", "paths": ["../x.safetensors", 3]}], "files": 3}})
        )
    asker = Asker(http, Answers(tmp_path, now=clock.now))
    try:
        found = by_name(HuggingFace(replay.address, AUTHORS), asker, "inkwash_xl_v2.safetensors")
    except NoAnswer:
        found = []
    assert not any(".." in one.path for one in found)


_KEYS = (
    *("id", "siblings", "rfilename", "sha", "gated", "tags", "cardData", "license", "path", "size", "lfs", "oid"),
    *("securityFileStatus", "avScan", "status", "downloads", "base_model", "type", "error", "disabled"),
)
_VALUES = ("brushworks/x", "inkwash_xl_v2.safetensors", "a" * 64, "*" * 64, "file")
_PLAIN = st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False) | st.text(max_size=8)


def _inside(inner: Any) -> Any:
    value = inner | st.sampled_from(_VALUES)
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), value, max_size=5)


_JSON = st.recursive(_PLAIN, _inside, max_leaves=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=_JSON, info=_JSON, files=_JSON, status=st.sampled_from([200, 401, 403, 404]))
def test_no_answer_of_any_shape_raises_anything_else(
    replay: Any, clock: Any, lists: Any, info: Any, files: Any, status: int
) -> None:
    entry = {"id": "brushworks/inkwash", "siblings": [{"rfilename": "inkwash_xl_v2.safetensors"}]}
    replay.add("GET", "/api/models", replay.Reply([entry, lists] if isinstance(info, list) else lists))
    replay.add("GET", "/api/models/{rest...}", replay.Reply(info, status))
    replay.add("POST", "/api/models/{rest...}", replay.Reply(files, status))
    http = Http(trusted={replay.host}, limits={replay.host: Limit(500, 500)}, clock=clock)
    source, asker = HuggingFace(replay.address, AUTHORS), Asker(http, Answers(None, now=clock.now))
    page = "https://huggingface.co/brushworks/inkwash"
    try:
        for ask in (
            lambda: source.by_name(asker, Query("inkwash_xl_v2.safetensors")),
            lambda: source.by_link(asker, f"{page}/resolve/main/inkwash_xl_v2.safetensors"),
            lambda: source.by_link(asker, page),
        ):
            with suppress(NoAnswer):
                assert all(one.url.startswith(replay.address) and ".." not in one.path for one in ask())
    finally:
        http.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), value=_JSON, where=st.sampled_from(["/api/models", "/api/models/{rest...}"]))
def test_no_drift_of_one_value_raises_anything_else(
    hub: Any, replay: Any, clock: Any, at: int, value: Any, where: str
) -> None:
    replay.mend()
    replay.fault(where, replay.Fault.drift(lambda body: load("mutations").mutated(body, at, value)))
    http = Http(trusted={replay.host}, limits={replay.host: Limit(500, 500)}, clock=clock)
    source, asker = HuggingFace(replay.address, AUTHORS), Asker(http, Answers(None, now=clock.now))
    page = "https://huggingface.co/brushworks/inkwash-xl"
    try:
        for ask in (
            lambda: source.by_name(asker, Query("inkwash_xl_v2.safetensors")),
            lambda: source.by_link(asker, f"{page}/resolve/main/inkwash_xl_v2.safetensors"),
            lambda: source.by_link(asker, page),
        ):
            with suppress(NoAnswer):
                for one in ask():
                    assert one.url.startswith(f"{replay.address}/") and ".." not in one.path
                    assert one.sha256 is None or len(one.sha256) == 64
                    assert one.size is None or one.size >= 0
    finally:
        http.close()
