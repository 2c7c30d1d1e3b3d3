"""The panel in the newest page of ComfyUI there is: tried and reported, never a reason for a run to fail."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = [pytest.mark.comfyui, pytest.mark.browser]


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"newest_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_panel_in_the_newest_page(comfyui: ModuleType, tmp_path: Path) -> None:
    panel = _load("test_panel_in_comfyui")
    try:
        version, root = panel.frontends.newest()
    except panel.frontends.FrontendUnavailable as absent:
        pytest.skip(f"the newest frontend cannot be had: {absent}")
    if version in panel.frontends.versions():
        pytest.skip(f"the newest frontend is {version}, which is pinned and tested")
    try:
        with panel.opened(comfyui, version, root, tmp_path / "base") as place:
            _walk(panel, place)
    except comfyui.HostUnavailable:
        raise
    except Exception as trouble:
        pytest.xfail(f"frontend {version}: {type(trouble).__name__}: {str(trouble)[:500]}")


def _walk(panel: ModuleType, place: Any) -> None:
    """What a person does first: read the list, open a workflow, go to its node, right-click."""
    panel.test_the_badge_counts_what_is_broken(place)
    panel.test_the_tab_opens_and_lists_the_saved_workflows(place)
    panel.test_menu_items_stand_once_and_open_their_pages(place)
    panel.test_a_node_of_another_workflow_opens_it_first_and_inside_a_subgraph(place)
    panel.test_nothing_went_wrong_and_nobody_else_was_asked(place)
