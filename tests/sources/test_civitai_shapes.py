"""No answer of Civitai, of whatever shape, raises anything but NoAnswer; nor does one that was kept in another form."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from comfyfixersmart.core.http import Answer, NoAnswer
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.civitai import Civitai
from comfyfixersmart.core.sources.types import Candidate, Query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import load as sample

fake = sample("civitai")
HARBOUR = "inkHarborSDXL_v160.safetensors"
CHECKPOINTS = ("checkpoints",)
SOON = "2099-12-01T08:00:00.000Z"


def digest(content: str) -> str:
    return str(fake.sha256(content)).lower()


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
keys = st.sampled_from(
    [
        "items",
        "metadata",
        "id",
        "name",
        "type",
        "files",
        "modelVersions",
        "model",
        "modelId",
        "hashes",
        "SHA256",
        "nextCursor",
    ]
)
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
    source = Civitai()
    calls: list[Callable[[Asker], list[Candidate]]] = [
        lambda asker: source.by_hash(asker, digest(HARBOUR)),
        lambda asker: source.by_link(asker, "https://civitai.com/models/1100?modelVersionId=2102"),
        lambda asker: source.by_link(asker, "https://civitai.com/models/1100"),
        lambda asker: source.by_name(asker, Query(HARBOUR, CHECKPOINTS)),
    ]
    for call in calls:
        asker = Asker(Stub(bodies), Answers(None))  # type: ignore[arg-type]
        for _ in range(2):  # the second time from what was kept
            try:
                found = call(asker)
            except NoAnswer:
                continue
            assert all(one.url.startswith(("https://civitai.red/api/", "https://civitai.com/api/")) for one in found)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from([200, 200, 200, 404, 401, 403, 410, 500]), shapes), min_size=1, max_size=4))
def test_no_answer_of_any_shape_is_an_error(bodies: list[tuple[int, Any]]) -> None:
    ask_everything(bodies)


def _places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, value in body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ():
        yield from _places(value, (*path, key))


MODEL = fake._listed(fake.catalogue()[3])
VERSION = fake._alone(fake.catalogue()[3], fake.catalogue()[3]["modelVersions"][0])
PAGE = {"items": [MODEL, fake._listed(fake.catalogue()[0])], "metadata": {"nextCursor": 50}}
MINI = {"requireAuth": True, "checkPermission": True, "earlyAccessEndsAt": SOON}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_good_answer_with_one_bad_place_is_an_error(data: st.DataObject) -> None:
    bodies = []
    for good in (VERSION, MODEL, PAGE, MINI):
        body = copy.deepcopy(good)
        path = data.draw(st.sampled_from(list(_places(body))))
        value = data.draw(shapes)
        if not path:
            body = value
        else:
            at = body
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = value
        bodies.append((200, body))
    for order in ([0, 1, 3], [1, 3], [2, 2, 2, 3]):
        ask_everything([bodies[at] for at in order])


@pytest.mark.parametrize(
    "kept", [[], {}, "x", 5, [[1, 2]], [[{}, 0]], [[{"versions": [{}]}, 0]], [[{"versions": []}, 7]]]
)
def test_an_answer_kept_in_another_form_is_no_answer(kept: Any) -> None:
    asker = Asker(Stub([(500, None)]), Answers(None))  # type: ignore[arg-type]
    for question in (f"hash {digest(HARBOUR)}", "model 1100", "search ink harbor sdxl [Checkpoint]"):
        asker.answers.put("civitai", question, kept)
    source = Civitai()
    for call in (
        lambda: source.by_hash(asker, digest(HARBOUR)),
        lambda: source.by_link(asker, "https://civitai.com/models/1100"),
        lambda: source.by_name(asker, Query(HARBOUR, CHECKPOINTS)),
    ):
        try:
            assert call() == []
        except NoAnswer:
            continue
