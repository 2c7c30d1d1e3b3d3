"""Which loaders each step works with."""

from __future__ import annotations

from comfyfixersmart.core.explanation.stages.build import stages
from comfyfixersmart.core.explanation.stages.drawing import draw
from comfyfixersmart.core.explanation.stages.models import loaders

from .built import graph, sampled, understood
from .test_kinds import SAVE


def test_a_step_works_with_what_leads_to_it_first() -> None:
    anatomy, view = understood(graph(*sampled(SAVE)))
    steps = stages(anatomy, view)
    found = dict(zip([step.key for step in steps], loaders(steps, anatomy, view), strict=True))
    checkpoint = anatomy.models[0].node
    assert found == {"text": (checkpoint,), "canvas": (), "sample": (checkpoint,), "save": (checkpoint,)}


def test_the_drawing_tells_them() -> None:
    anatomy, view = understood(graph(*sampled(SAVE)))
    steps = stages(anatomy, view)
    told = loaders(steps, anatomy, view)
    assert tuple(dot.loaders for dot in draw(steps, told).dots) == told
    assert all(dot.loaders == () for dot in draw(steps).dots)


def test_nothing_leads_nowhere() -> None:
    anatomy, view = understood(graph(*sampled(SAVE)))
    assert loaders((), anatomy, view) == ()


def test_a_long_row_of_loras_belongs_to_the_step_at_its_end() -> None:
    first = 1000
    many = [
        (first + n, "LoraLoaderModelOnly", {"model": (first + n - 1 if n else 1, 0)}, {"values": [f"mist_{n}.safetensors", 1.0]})
        for n in range(500)
    ]  # fmt: skip
    plain = sampled(SAVE)
    rewired = [
        (*one[:2], {**one[2], "model": (first + 499, 0)}, *one[3:]) if one[1] == "KSampler" else one for one in plain
    ]
    anatomy, view = understood(graph(*rewired, *many))
    steps = stages(anatomy, view)
    found = dict(zip([step.key for step in steps], loaders(steps, anatomy, view), strict=True))
    assert len(found["sample"]) == 501 and len(found["text"]) == 1
