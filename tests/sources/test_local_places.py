"""Where the templates and the Manager's lists of an installation are looked for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from comfyfixersmart.core.sources.local import find_places, own_site_packages
from comfyfixersmart.core.sources.local import places as places_module

USUAL = "https://raw.githubusercontent.com/ltdrdata/ComfyUI-Manager/main/"
NAMES = ("model-list.json", "extension-node-map.json", "custom-node-list.json", "github-stats.json")


@pytest.fixture(autouse=True)
def _no_packages_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places_module, "_may_run_comfyui", lambda: False)


def put(path: Path, age: int = 0) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    return str(path)


def packages(site: Path) -> list[str]:
    """The templates in one package and in parts, and the Manager's package. Returns the folders of templates."""
    for name in ("comfyui_workflow_templates_json", "comfyui_workflow_templates_media_image", "other_templates"):
        put(site / name / "templates/a.json")
    put(site / "comfyui_workflow_templates/__init__.py")  # the shell of newer versions has none
    (site / "comfyui_workflow_templates_json-0.1.dist-info/templates").mkdir(parents=True)
    for name in NAMES:
        put(site / "comfyui_manager" / name)
    return [str(site / f"comfyui_workflow_templates{part}" / "templates") for part in ("_json", "_media_image")]


def test_packages_are_found_in_the_site_packages_given(tmp_path: Path) -> None:
    templates = packages(tmp_path)
    found = find_places(site_packages=[tmp_path, tmp_path, tmp_path / "absent"])
    assert list(found.templates) == templates
    manager = tmp_path / "comfyui_manager"
    assert found[1:5] == tuple((str(manager / name),) for name in NAMES)
    assert found.registry == ()


@pytest.mark.parametrize("environment", ["ComfyUI/venv", "python_embeded", "ComfyUI/.venv"])
@pytest.mark.parametrize("lib", ["lib/python3.12/site-packages", "Lib/site-packages"])
def test_the_environment_beside_the_installation_is_found(tmp_path: Path, environment: str, lib: str) -> None:
    templates = packages(tmp_path / environment / lib)
    found = find_places(tmp_path / "ComfyUI")
    assert [os.path.normpath(path) for path in found.templates] == templates


def test_an_environment_goes_by_its_root_its_interpreter_or_its_packages(tmp_path: Path) -> None:
    site = tmp_path / "elsewhere/lib/python3.11/site-packages"
    templates = packages(site)
    python = put(tmp_path / "elsewhere/bin/python")
    for given in (tmp_path / "elsewhere", python, site):
        assert list(find_places(tmp_path, python=given).templates) == templates
    assert find_places(tmp_path, python=tmp_path / "nowhere").templates == ()


def test_the_manager_is_found_among_the_packs_under_any_of_its_names(tmp_path: Path) -> None:
    packs = tmp_path / "custom_nodes"
    for name in NAMES:
        put(packs / "comfyui-manager-main" / name)
    put(packs / "ComfyUI-Lora-Manager/model-list.json")  # another pack
    put(packs / "ComfyUI-Manager.disabled/custom-node-list.json")
    found = find_places(tmp_path)
    assert found[1:5] == tuple((str(packs / "comfyui-manager-main" / name),) for name in NAMES)
    assert find_places("", custom_nodes=[packs]) == found


@pytest.mark.parametrize(
    "folder", ["default/ComfyUI-Manager", "__manager", "jane_1f/comfyui-manager", "ComfyUI-Manager"]
)
def test_what_the_manager_fetched_is_found_below_the_user_folder(tmp_path: Path, folder: str) -> None:
    cache = tmp_path / "user" / folder / "cache"
    listed = put(cache / "4245046894_model-list.json")
    registry = put(cache / "1514988643_nodes.json")
    twice = put(cache / "77_github-stats.json.json")
    for name in ("model-list.json", "x_model-list.json", "5_other.json", "5_nodes.json.tmp"):
        put(cache / name)
    found = find_places(tmp_path)
    assert (found.model_lists, found.registry, found.stats) == ((listed,), (registry,), (twice,))
    assert find_places("", user=tmp_path / "user") == found


def test_other_system_users_are_not_looked_into(tmp_path: Path) -> None:
    put(tmp_path / "user/__secret/ComfyUI-Manager/cache/5_nodes.json")
    assert find_places(tmp_path).registry == ()


def test_the_usual_channel_comes_before_others_and_the_newest_first(tmp_path: Path) -> None:
    cache = tmp_path / "user/__manager/cache"
    other = put(cache / "123_extension-node-map.json", age=0)
    usual = put(cache / f"{places_module._hash(USUAL + NAMES[1])}_extension-node-map.json", age=50)
    shipped = put(tmp_path / "custom_nodes/ComfyUI-Manager" / NAMES[1], age=99)
    put(tmp_path / "custom_nodes/ComfyUI-Manager/custom-node-list.json")
    assert find_places(tmp_path).node_maps == (usual, shipped, other)


def test_the_number_of_a_cached_address_is_the_managers() -> None:
    assert places_module._hash("ab") == 97 * 31 + 98
    assert places_module._hash(USUAL * 9) < 1 << 32


def test_folders_that_are_none_and_paths_that_cannot_be_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "comfyui_workflow_templates_json")
    put(tmp_path / "user")
    (tmp_path / "comfyui_manager/model-list.json").mkdir(parents=True)
    found = find_places(tmp_path, custom_nodes=["bad\0name"], site_packages=[tmp_path, "bad\0name"])
    assert found == places_module.Places()
    assert find_places() == find_places(tmp_path / "absent") == places_module.Places()


def test_packages_of_this_python_are_found_without_importing_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "comfyui_manager"
    put(package / "model-list.json")
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert str(tmp_path) in own_site_packages()
    assert "comfyui_manager" not in sys.modules
    monkeypatch.setattr(places_module, "_may_run_comfyui", lambda: True)
    assert find_places().model_lists == (str(package / "model-list.json"),)


def test_a_module_without_a_spec_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "comfyui_manager", type(sys)("comfyui_manager"))
    assert isinstance(own_site_packages(), tuple)
