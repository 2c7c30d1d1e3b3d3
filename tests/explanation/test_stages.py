"""The way from inputs to outputs: few steps, in the order of the data, each about nodes that are there."""

from __future__ import annotations

from typing import Any

from comfyfixersmart.core.explanation.stages.build import MOST_STAGES, StageStep, stages
from comfyfixersmart.core.knowledge import document
from hypothesis import given, settings

from .built import graph, sampled, understood
from .test_kinds import ENCODE, GRAPHS, PICTURE, SAVE


def way(nodes: list[Any], **more: Any) -> tuple[StageStep, ...]:
    return stages(*understood(graph(*nodes, **more)))


def labels(steps: tuple[StageStep, ...]) -> list[str]:
    return [step.label for step in steps]


def test_a_picture_from_a_sentence() -> None:
    steps = way(sampled(SAVE))
    assert [(step.number, step.title) for step in steps] == [
        (1, "Your sentence"), (2, "Blank canvas"), (3, "Sampling"), (4, "Decode and save"),
    ]  # fmt: skip
    assert set(steps[0].nodes) == {"2", "3"} and steps[0].feeds == ((3, "CONDITIONING"),)
    assert steps[2].samplings == (0,) and steps[2].feeds == ((4, "LATENT"),)
    assert set(steps[3].nodes) == {"30", "6"} and steps[3].outputs == (0,) and not steps[3].feeds


def test_a_picture_edited() -> None:
    steps = way(
        sampled(
            PICTURE,
            (14, "ImageStitch", {"image1": (10, 0)}),
            (12, "VAEEncode", {"pixels": (14, 0), "vae": (1, 2)}),
            (13, "ReferenceLatent", {"conditioning": (2, 0), "latent": (12, 0)}),
            SAVE,
            latent=(12, 0),
            positive=(13, 0),
            canvas=False,
        )
    )
    assert [step.title for step in steps] == [
        "Your picture", "Picture to latent", "Your sentence", "Picture as reference", "Sampling", "Decode and save",
    ]  # fmt: skip
    assert set(steps[0].nodes) == {"10", "14"}  # what only makes the picture ready is part of it
    assert (steps[1].number, [to for to, _ in steps[1].feeds]) == (2, [4, 5])


def test_passes_are_numbered_along_the_way_and_not_across() -> None:
    second = [
        (7, "LatentUpscaleBy", {"samples": (5, 0)}),
        (8, "KSampler", {"model": (1, 0), "positive": (2, 0), "negative": (3, 0), "latent_image": (7, 0)}),
        (9, "VAEDecode", {"samples": (8, 0), "vae": (1, 2)}),
        (30, "SaveImage", {"images": (9, 0)}),
    ]
    assert labels(way(sampled(*second))) == ["sentence", "canvas", "sample", "enlarge", "pass 2", "save"]
    beside = [
        (8, "KSampler", {"model": (1, 0), "positive": (2, 0), "negative": (3, 0), "latent_image": (4, 0)}),
        (9, "VAEDecode", {"samples": (8, 0), "vae": (1, 2)}),
        (31, "SaveImage", {"images": (9, 0)}),
    ]
    steps = way(sampled(SAVE, *beside))
    assert labels(steps) == ["sentence", "canvas", "sample", "save"]
    assert steps[2].samplings == (0, 1)


def test_what_leads_nowhere_is_no_step() -> None:
    assert labels(way(sampled(PICTURE, ENCODE, SAVE))) == ["sentence", "canvas", "sample", "save"]


def test_what_is_only_shown_on_the_way_is_no_step() -> None:
    steps = way(sampled(SAVE, (31, "PreviewImage", {"images": (6, 0)})))
    assert labels(steps) == ["sentence", "canvas", "sample", "save"]
    assert labels(way(sampled((31, "PreviewImage", {"images": (6, 0)}))))[-1] == "preview"


def test_an_unknown_node_is_a_step_and_said_to_be_unknown() -> None:
    steps = way(sampled((7, "FogFilter", {"image": (6, 0)}), (30, "SaveImage", {"images": (7, 0)})))
    assert [step.title for step in steps][-2:] == ["Not known", "Save"]


def long(count: int) -> list[Any]:
    """A chain of passes, each with its own place on the canvas."""
    nodes = sampled(canvas=True)[:-2]
    last = (4, 0)
    nodes.append((4, "EmptyLatentImage", {}, {"pos": [0, 0]}))
    for at in range(count):
        feeds = {"model": (1, 0), "positive": (2, 0), "negative": (3, 0), "latent_image": last}
        nodes.append((100 + at, "KSampler", feeds, {"pos": [500 + 100 * at, 0]}))
        last = (100 + at, 0)
    end = {"pos": [500 + 100 * count, 0]}
    return [*nodes, (6, "VAEDecode", {"samples": last, "vae": (1, 2)}, end), (*SAVE, end)]


def test_a_long_way_is_shortened_and_says_so() -> None:
    steps = way([one for one in long(30) if one[0] != 5])
    assert len(steps) == MOST_STAGES
    assert labels(steps)[0] == "sentence" and labels(steps)[-1] == "save"
    assert any("A later pass" in step.left_out or "Sampling" in step.left_out for step in steps)
    assert labels(steps)[-2] == "later"  # which one it is would be wrong to say


def test_the_authors_groups_are_the_steps_of_a_large_workflow() -> None:
    def box(title: str, left: int, right: int) -> dict[str, Any]:
        return {"title": title, "bounding": [left, -50, right - left, 100]}

    groups = [box("Step 1: Rough", -50, 1450), box("2. Finer", 1450, 2450), box("Last touch", 2450, 9000)]
    steps = way([one for one in long(30) if one[0] != 5], groups=groups)
    assert [step.title for step in steps] == ["Step 1: Rough", "2. Finer", "Last touch"]
    assert labels(steps) == ["Rough", "Finer", "Last touch"]
    assert [step.key for step in steps] == ["group"] * 3
    assert [step.feeds for step in steps] == [((2, "LATENT"), (3, "CONDITIONING")), ((3, "LATENT"),), ()]


def test_groups_that_a_way_leaves_and_enters_again_do_not_tell_it() -> None:
    groups = [
        {"title": title, "bounding": [left, -50, 450, 100]} for title, left in (("A", -50), ("B", 600), ("C", 1100))
    ]
    nodes = [one for one in long(30) if one[0] != 5]
    for one in nodes[-8:]:
        one[3]["pos"] = [0, 0]
    assert all(step.key != "group" for step in way(nodes, groups=groups))


def test_an_empty_workflow_has_no_steps() -> None:
    assert way([(1, "FogFilter", {})])[0].key == "unknown"
    assert way([(1, "CheckpointLoaderSimple", {})]) == ()


@settings(max_examples=120, deadline=None)
@given(GRAPHS)
def test_any_graph_has_a_way(body: dict[str, Any]) -> None:
    if not body["nodes"]:
        return
    anatomy, view = understood(body)
    steps = stages(anatomy, view)
    ids = {node.id for node in view.nodes}
    known = document("tasks")["stages"]
    assert [step.number for step in steps] == list(range(1, len(steps) + 1)) and len(steps) <= MOST_STAGES
    seen: set[str] = set()
    for step in steps:
        assert step.key in known and step.title and step.label
        assert set(step.nodes) <= ids and not seen & set(step.nodes)
        seen |= set(step.nodes)
        assert all(to > step.number for to, _ in step.feeds)  # never back
        for name in ("samplings", "texts", "inputs", "outputs", "steps", "models"):
            assert all(getattr(anatomy, name)[place].node in step.nodes for place in getattr(step, name))
