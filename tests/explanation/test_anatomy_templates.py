"""The official templates, one in three: what is said to be known of them is known, and nothing of it is made up."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from comfyfixersmart.core.explanation.anatomy.build import anatomy, view_of
from comfyfixersmart.core.explanation.graph import Given, View
from comfyfixersmart.core.explanation.types import Anatomy
from comfyfixersmart.core.workflow.read import read_bytes

from .built import app

package = pytest.importorskip("comfyui_workflow_templates_json", reason="the templates package is not installed")


@cache
def templates() -> list[tuple[Anatomy, View]]:
    found = []
    for path in sorted((Path(package.__file__).parent / "templates").glob("*.json"))[::3]:
        for workflow in read_bytes(path.read_bytes(), path.name).workflows:
            view = view_of(workflow, app().catalogue)
            found.append((anatomy(workflow, app().requirements(workflow), app().catalogue, view=view), view))
    return found


def test_every_pass_has_its_model_its_steps_its_start_and_its_size() -> None:
    passes = [(found, one) for found, _ in templates() for one in found.samplings]
    assert len(passes) > 80
    for found, one in passes:
        roles = {found.models[at].role for at in one.models}
        assert roles & {"checkpoint", "diffusion_model"}, (found.name, one.node)
        assert one.steps is not None and one.sampler is not None, (found.name, one.node)
        assert one.start and one.size is not None, (found.name, one.node)


def test_nearly_every_node_has_a_meaning() -> None:
    active = sum(found.counts.active for found, _ in templates())
    assert sum(len(found.opaque) for found, _ in templates()) <= 0.03 * active


def test_every_value_stands_where_it_is_said_to_stand() -> None:
    checked = 0
    for found, view in templates():
        for one in found.samplings:
            given = (one.steps, one.cfg, one.guidance, one.sampler, one.scheduler, one.denoise, one.seed, one.shift)
            for value in (item for item in given if isinstance(item, Given) and item.input):
                assert view.value(view.by_id[value.node], value.input) == value, (found.name, one.node)
                checked += 1
        for text in found.texts:
            if text.given.input:
                assert view.value(view.by_id[text.given.node], text.given.input) == text.given, (found.name, text)
    assert checked > 400


def test_places_and_ids_point_to_something() -> None:
    for found, view in templates():
        ids = set(view.by_id)
        named = {
            one.node for group in (found.inputs, found.outputs, found.models, found.steps, found.texts) for one in group
        }
        assert named | {one.node for one in found.switches} <= ids, found.name
        for one in found.samplings:
            assert set(one.nodes) <= ids and one.after in {"", *(other.node for other in found.samplings)}, found.name
            assert all(0 <= at < len(found.models) for at in one.models), found.name
            assert all(0 <= at < len(found.texts) for at in (*one.positive, *one.negative)), found.name
        for model in found.models:
            assert set(model.samplers) <= {one.node for one in found.samplings}, found.name


def test_something_comes_out_of_every_template() -> None:
    assert [found.name for found, _ in templates() if not found.outputs] == []
