"""Web search gives addresses on hosts of models, sends the file's name only, and is off where nothing is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from comfyfixersmart.core.http import Answer, Http, Limit, NoAnswer, Timeouts
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.types import Query
from comfyfixersmart.core.sources.web import Web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import load as sample

fake = sample("web")
NAME = "ink_harbor_fp8.safetensors"
FILE = f"https://huggingface.co/inkworks/ink-harbor/blob/main/{NAME}"


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Any, Any, Any]]:
    """One host for each engine: what is told one must not be told another."""
    server = sample("server")
    with server.serving() as first, server.serving() as second, server.serving() as third:
        yield first, second, third


@pytest.fixture
def hosts(services: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    for one in services:
        one._routes.clear()
        one.mend()
        one.forget()
    return services


@pytest.fixture
def replay(hosts: tuple[Any, Any, Any]) -> Any:
    return hosts[0]


@pytest.fixture
def engines(hosts: tuple[Any, Any, Any]) -> Any:
    one = fake.Engines([FILE])
    for host in hosts:
        one.serve(host)
    return one


@pytest.fixture
def http(hosts: tuple[Any, Any, Any], clock: Any) -> Iterator[Http]:
    _, brave, tavily = hosts
    tokens = {brave.host: ("X-Subscription-Token", "canary-brave"), tavily.host: "Bearer canary-tavily"}
    limits = {one.host: Limit(500, 500) for one in hosts}
    client = Http(trusted={one.host for one in hosts}, limits=limits, tokens=tokens, clock=clock)
    yield client
    client.close()


@pytest.fixture
def web(hosts: tuple[Any, Any, Any]) -> Web:
    return Web(*(one.address for one in hosts))


def test_it_is_off_where_nothing_is_set_up(asker: Asker) -> None:
    assert Web().find(asker, Query(NAME)) == [] and not asker.steps


def test_the_own_address_is_asked_first_and_told_the_name_only(
    web: Web, asker: Asker, engines: Any, hosts: tuple[Any, Any, Any]
) -> None:
    searxng, brave, tavily = hosts
    found = web.find(asker, Query(f"folder/{NAME}", ("diffusion_models",), "sdxl", "a" * 64, 12))
    assert found == [FILE]
    assert [(one.path, one.query) for one in searxng.log] == [("/search", {"q": [f'"{NAME}"'], "format": ["json"]})]
    assert not brave.log and not tavily.log
    assert asker.steps[0].outcome == "1 address on hosts of models"


def test_each_engine_is_asked_in_its_own_way_with_its_own_key(
    asker: Asker, engines: Any, hosts: tuple[Any, Any, Any]
) -> None:
    _, brave, tavily = hosts
    assert Web(brave=brave.address + "/").find(asker, Query(NAME)) == [FILE]
    assert Web(tavily=tavily.address).find(asker, Query(NAME)) == [FILE]
    (first,), (second,) = brave.log, tavily.log
    assert (first.method, first.path, first.query) == (
        "GET",
        "/res/v1/web/search",
        {"q": [f'"{NAME}"'], "count": ["20"]},
    )
    assert first.headers["x-subscription-token"] == "canary-brave" and "authorization" not in first.headers
    assert (second.method, second.path, second.json()) == ("POST", "/search", {"query": f'"{NAME}"', "max_results": 20})
    assert second.headers["authorization"] == "Bearer canary-tavily" and "x-subscription-token" not in second.headers
    assert "canary" not in first.raw + second.raw + str(second.body) + repr(asker.steps)


def test_the_next_engine_is_asked_where_one_finds_nothing_or_is_silent(
    web: Web, asker: Asker, engines: Any, hosts: tuple[Any, Any, Any]
) -> None:
    searxng, brave, tavily = hosts
    searxng.add("GET", "/search", {"results": []})
    brave.fault("*", brave.Fault.status(500))
    assert web.find(asker, Query(NAME)) == [FILE]
    assert asker.steps[0].outcome == "nothing" and asker.steps[1].silent and tavily.log


def test_silence_of_all_is_no_answer_and_of_some_is_not(
    web: Web, asker: Asker, engines: Any, hosts: tuple[Any, Any, Any]
) -> None:
    searxng, brave, tavily = hosts
    for one in (searxng, brave, tavily):
        one.fault("*", one.Fault.status(500))
    with pytest.raises(NoAnswer):
        web.find(asker, Query(NAME))
    engines.addresses = []
    tavily.mend()
    assert web.find(asker, Query(NAME)) == []


def test_an_empty_answer_whose_own_engines_were_silent_is_none(asker: Asker, engines: Any, hosts: Any) -> None:
    engines.addresses, engines.unresponsive = [], [["somewhere", "timeout"]]
    with pytest.raises(NoAnswer) as caught:
        Web(hosts[0].address).find(asker, Query(NAME))
    assert caught.value.code == "server_error"


def test_only_hosts_of_models_count_and_each_address_once(web: Web, asker: Asker, engines: Any) -> None:
    engines.addresses = [
        f"{FILE}#readme",
        FILE,
        "https://huggingface.co/inkworks/ink-harbor",
        "https://civitai.com/models/1100?modelVersionId=2102",
        "https://www.modelscope.cn/models/inkworks/ink-harbor",
        "https://huggingface.co/blog/ink",
        "https://huggingface.co/docs/diffusers",
        "https://huggingface.co/datasets/inkworks/ink",
        "https://huggingface.co/spaces/inkworks/ink",
        "https://huggingface.co.evil.example/inkworks/ink",
        "https://evil.example/?u=https://huggingface.co/a/b",
        "https://user:pass@huggingface.co/inkworks/ink",
        "ftp://huggingface.co/inkworks/ink",
        "javascript:alert(1)",
        "https://huggingface.co/inkworks/in\nk",
        "https://huggingface.co/" + "a" * 5000,
        "https://[broken",
        5,
        None,
        ["x"],
    ]
    assert web.find(asker, Query(NAME)) == [
        FILE,
        "https://huggingface.co/inkworks/ink-harbor",
        "https://civitai.com/models/1100?modelVersionId=2102",
        "https://www.modelscope.cn/models/inkworks/ink-harbor",
    ]


def test_ten_addresses_are_enough(web: Web, asker: Asker, engines: Any) -> None:
    engines.addresses = [f"https://huggingface.co/inkworks/ink-{at}" for at in range(90)]
    assert web.find(asker, Query(NAME)) == engines.addresses[:10]


def test_an_address_of_a_mirror_counts_where_the_person_set_it(asker: Asker, engines: Any, hosts: Any) -> None:
    engines.addresses = ["https://mirror.example/inkworks/ink"]
    assert (
        Web(hosts[0].address, mirrors={"mirror.example": "huggingface"}).find(asker, Query(NAME)) == engines.addresses
    )


@pytest.mark.parametrize(
    "name", ['say "cheese".safetensors', "", "a b c d e f g h i j k l m n o p q.safetensors", "x\ny"]
)
def test_what_is_no_name_of_a_file_is_not_sent(web: Web, asker: Asker, engines: Any, hosts: Any, name: str) -> None:
    assert web.find(asker, Query(name)) == [] and not any(one.log for one in hosts)


def test_nothing_is_asked_twice_within_a_day(web: Web, asker: Asker, engines: Any, replay: Any, clock: Any) -> None:
    for _ in range(3):
        web.find(asker, Query(NAME))
    assert len(replay.log) == 1
    clock.forward(86_401)
    web.find(asker, Query(NAME))
    assert len(replay.log) == 2


FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "401": (lambda fault: fault.status(401), ""),
    "403": (lambda fault: fault.status(403), "unexpected_status"),
    "404": (lambda fault: fault.status(404), "unexpected_status"),
    "410": (lambda fault: fault.status(410), "unexpected_status"),
    "422": (lambda fault: fault.status(422), "unexpected_status"),
    "429": (lambda fault: fault.status(429, retry_after="7200"), "rate_limited"),
    "500": (lambda fault: fault.status(500), "server_error"),
    "page": (lambda fault: fault.html, "not_json"),
    "challenge": (lambda fault: fault.challenge, "not_json"),
    "cut": (lambda fault: fault.truncated, "unreachable"),
    "slow": (lambda fault: fault.slow(1.5), "timeout"),
    "deep": (lambda fault: fault.deep(), "bad_json"),
    "huge": (lambda fault: fault.huge(100_000_000, told=True), "too_large"),
    "list": (lambda fault: fault.text("[]"), ""),
    "empty": (lambda fault: fault.text(""), "unexpected_shape"),
    "numbers": (lambda fault: fault.text('{"results": [1, 2], "web": {"results": [1, 2]}}'), "unexpected_shape"),
    "text": (lambda fault: fault.text('{"results": "none", "web": {"results": "none"}}'), "unexpected_shape"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("engine", [0, 1, 2])
def test_what_goes_wrong_is_no_answer_and_never_nothing(
    asker: Asker, engines: Any, hosts: Any, clock: Any, engine: int, name: str
) -> None:
    fault, code = FAULTS[name]
    host = hosts[engine]
    host.fault("*", fault(host.Fault))
    hasty = Http(trusted={host.host}, clock=clock, timeouts=Timeouts(read=0.2, whole=0.5))
    asker = Asker(hasty, asker.answers) if name == "slow" else asker
    web = Web(*(host.address if at == engine else "" for at in range(3)))
    with pytest.raises(NoAnswer) as caught:
        web.find(asker, Query(NAME))
    assert caught.value.code == code or not code
    assert [step.silent for step in asker.steps] == [True] and "canary" not in repr(asker.steps)
    hasty.close()


# ---- no shape at all raises anything but NoAnswer -------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.just(FILE)
keys = st.sampled_from(["results", "web", "url", "unresponsive_engines"])
shapes = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | st.text(max_size=6), inner, max_size=6),
    max_leaves=20,
)


class Stub:
    """An Http that gives one answer to all questions."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def check(self) -> None: ...

    def json(self, url: str, **_: Any) -> Answer:
        return Answer(200, {}, self.body, url)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shapes | st.fixed_dictionaries({"results": shapes, "web": st.fixed_dictionaries({"results": shapes})}))
def test_no_answer_of_any_shape_is_an_error(body: Any) -> None:
    for web in (Web("https://a.example"), Web(brave="https://a.example"), Web(tavily="https://a.example")):
        asker = Asker(Stub(body), Answers(None))  # type: ignore[arg-type]
        for _ in range(2):
            try:
                assert all(one.startswith("https://huggingface.co/") for one in web.find(asker, Query(NAME)))
            except NoAnswer:
                continue


@pytest.mark.parametrize("kept", [{}, "x", 5, [1], [["a"]], ["https://evil.example/x"]])
def test_an_answer_kept_in_another_form_gives_no_address(kept: Any) -> None:
    asker = Asker(Stub({}), Answers(None))  # type: ignore[arg-type]
    asker.answers.put("web", f'SearXNG "{NAME}"', kept)
    try:
        assert Web("https://a.example").find(asker, Query(NAME)) == []
    except NoAnswer as error:
        assert error.code == "unexpected_shape"
