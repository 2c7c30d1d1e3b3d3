"""The drawing: dots from left to right, nothing on top of anything else, at the panel's narrowest."""

from __future__ import annotations

from comfyfixersmart.core.explanation.stages import drawing as made
from comfyfixersmart.core.explanation.stages.build import MOST_STAGES, StageStep
from comfyfixersmart.core.explanation.stages.drawing import WIDTH, draw, drawing
from comfyfixersmart.core.explanation.types import Drawing
from hypothesis import given, settings
from hypothesis import strategies as st

from .built import graph, sampled, understood
from .test_kinds import SAVE


def test_the_steps_are_drawn() -> None:
    drawn = drawing(*understood(graph(*sampled(SAVE))))
    assert [(dot.number, dot.label, dot.key) for dot in drawn.dots] == [
        (1, "sentence", "text"), (2, "canvas", "canvas"), (3, "sample", "sample"), (4, "save", "save"),
    ]  # fmt: skip
    assert drawn.links == ((0, 2, "CONDITIONING"), (1, 2, "LATENT"), (2, 3, "LATENT"))
    sentence, canvas, sample, save = drawn.dots
    assert sentence.x == canvas.x < sample.x < save.x and sentence.y != canvas.y and sample.y == save.y
    assert set(save.nodes) == {"6", "30"}


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw(()) == Drawing(WIDTH, 0, (), ())


def test_one_step_stands_in_the_middle() -> None:
    (dot,) = draw((StageStep(1, "unknown", "Not known", "unknown", ("4",)),)).dots
    assert dot.x == WIDTH // 2


def test_a_long_word_is_shortened_and_says_so() -> None:
    (dot,) = draw((StageStep(1, "group", "The long way round", "The long way round", ("4",)),)).dots
    assert dot.label == "The long wa…" and len(dot.label) == made.MOST_LETTERS


@st.composite
def ways(draw_one: st.DrawFn) -> tuple[StageStep, ...]:
    """Steps that feed later ones, as `stages` gives them."""
    count = draw_one(st.integers(1, MOST_STAGES))
    steps = []
    for number in range(1, count + 1):
        later = st.integers(number + 1, count) if number < count else st.nothing()
        feeds = draw_one(st.lists(later, max_size=3, unique=True)) if number < count else []
        label = draw_one(st.sampled_from(["sample", "reference", "sentence", "pass 2", "Octave 1 to 2496x3648", "ok"]))
        steps.append(
            StageStep(number, "sample", label, label, (str(number),), feeds=tuple((to, "LATENT") for to in feeds))
        )
    return tuple(steps)


@settings(max_examples=150, deadline=None)
@given(ways())
def test_nothing_lies_on_anything_else(steps: tuple[StageStep, ...]) -> None:
    drawn = draw(steps)
    assert len(drawn.dots) == len(steps) and drawn.width == WIDTH
    boxes = []
    for dot in drawn.dots:
        half, height = len(dot.label) * made.LETTER / 2, dot.y + (-made.LABEL if dot.above else made.LABEL)
        boxes.append((dot.x - half, height - 6, dot.x + half, height + 6))
        assert made.RADIUS <= dot.x <= WIDTH - made.RADIUS and made.RADIUS <= dot.y <= drawn.height - made.RADIUS
        assert boxes[-1][0] >= 0 and boxes[-1][2] <= WIDTH and boxes[-1][1] >= 0 and boxes[-1][3] <= drawn.height
    for at, (left, top, right, bottom) in enumerate(boxes):
        for other in range(at):
            a, b = drawn.dots[at], drawn.dots[other]
            assert (a.x - b.x) ** 2 + (a.y - b.y) ** 2 >= (2 * made.RADIUS) ** 2
            l2, t2, r2, b2 = boxes[other]
            assert not (a.label and b.label and left < r2 and l2 < right and top < b2 and t2 < bottom)
    for start, end, _ in drawn.links:
        assert drawn.dots[start].x < drawn.dots[end].x
