"""The check that proves an explanation, and that it finds what is spoilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from comfyfixersmart.core.explanation.check import loose, untrue
from comfyfixersmart.core.explanation.types import Explanation, Fact, Page, Row, Section
from hypothesis import given, settings
from hypothesis import strategies as st

from .telling import flux, from_picture, picture, told, video, with_lora, workflow

GRAPHS = {
    "picture": picture(),
    "flux": flux(),
    "from a picture": from_picture(),
    "video": video(),
    "a LoRA": with_lora(picture(cfg=22.0), "sdxl_lightning_4step_lora.safetensors", 0.5),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_told_is_true(name: str) -> None:
    graph = GRAPHS[name]
    assert untrue(told(graph), workflow(graph)) == []


def changed(explanation: Explanation, id: str, **new: Any) -> Explanation:
    facts = tuple(fact._replace(**new) if fact.id == id else fact for fact in explanation.facts)
    return replace(explanation, facts=facts)


SPOILT: dict[str, tuple[str, Callable[[Fact], dict[str, Any]], str]] = {
    "a number": ("sampling.5", lambda fact: {"text": fact.text.replace("24 steps", "25 steps")}, "'25'"),
    "a decimal": ("sampling.5", lambda fact: {"text": fact.text.replace("6.5", "6.6")}, "'6.6'"),
    "a negative number": ("sampling.5", lambda fact: {"text": f"{fact.text} Layer -2."}, "'-2'"),
    "a file": ("model.1.ckpt_name", lambda fact: {"text": "boat.safetensors: makes it."}, "'boat.safetensors'"),
    "a quote": ("text.2.positive", lambda fact: {"text": "“a boat at dusk” says it."}, "“a boat at dusk”"),
    "a node": ("sampling.5", lambda fact: {"nodes": ("5", "99")}, "no node 99"),
    "a value of the graph": ("sampling.5", lambda fact: {"graph": (*fact.graph, 4711)}, "4711"),
    "a value of another type": ("sampling.5", lambda fact: {"graph": (*fact.graph, "24.0")}, "24.0"),
    "knowledge": ("knob.steps.5.steps", lambda fact: {"known": (*fact.known, 33)}, "33"),
    "knowledge from nowhere": ("sampling.5", lambda fact: {"known": (3,)}, "from nowhere"),
    "a source": ("knob.steps.5.steps", lambda fact: {"source": "knowledge/practice_families.json#flux.fill"}, "stand in"),
    "a source that is not there": ("knob.steps.5.steps", lambda fact: {"source": "knowledge/tides.json"}, "stand in"),
    "a count": ("counts", lambda fact: {"counted": (9000,)}, "9000"),
    "arithmetic": ("sampling.5", lambda fact: {"worked": ((13, "quotient", (24, 2)),)}, "quotient"),
    "a rule of arithmetic": ("sampling.5", lambda fact: {"worked": ((48, "double", (24,)),)}, "double"),
    "the short form": ("sampling.5", lambda fact: {"brief": ("Sampling", "99", "")}, "'99'"),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_fact_is_found(what: str) -> None:
    id, spoil, said = SPOILT[what]
    graph = picture()
    explanation = told(graph)
    fact = next(one for one in explanation.facts if one.id == id)
    complaints = untrue(changed(explanation, id, **spoil(fact)), workflow(graph))
    assert any(said in line for line in complaints), complaints


def with_row(explanation: Explanation, row: Row) -> Explanation:
    first = explanation.pages[0]
    sheet = Page(first.reader, first.line, first.lead, (*first.sections, Section("own", "Own", (row,))))
    return replace(explanation, pages=(sheet, *explanation.pages[1:]))


@pytest.mark.parametrize(
    "row",
    [
        Row("Steps", "99", "", (), ("sampling.5",)),
        Row("", "", "It loads boat.safetensors.", (), ("sampling.5",)),
        Row("", "", "Fine.", ("99",), ("sampling.5",)),
        Row("", "", "Fine.", ("1",), ("sampling.5",)),  # a node of the file, but of another fact
        Row("", "", "It takes 24 steps.", (), ()),  # true, but it cites nothing
        Row("", "", "Fine.", (), ("sampling.99",)),
    ],
)
def test_a_page_says_only_what_its_facts_say(row: Row) -> None:
    graph = picture()
    assert untrue(with_row(told(graph), row), workflow(graph))


def test_ids_are_used_once() -> None:
    graph = picture()
    explanation = told(graph)
    twice = replace(explanation, facts=(*explanation.facts, explanation.facts[0]))
    assert any("twice" in line for line in untrue(twice, workflow(graph)))


def test_an_explanation_of_another_workflow_is_not_true() -> None:
    assert untrue(told(flux()), workflow(picture()))


@settings(max_examples=200)
@given(st.integers(-10_000, 10_000) | st.floats(0.001, 9000, allow_nan=False).map(lambda x: round(x, 3)))
def test_any_number_that_rests_on_nothing_is_loose(number: float) -> None:
    fact = Fact("x", "risk", "", graph=(123456,))
    text = f"It takes {number} steps."
    assert bool(loose(text, [fact])) == (number != 123456)
    assert loose("It takes 123456 steps.", [fact]) == []


def test_words_with_digits_are_no_numbers() -> None:
    assert loose("A 3D model in fp8_e4m3fn for SD3.", []) == []
