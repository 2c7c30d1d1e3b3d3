"""Which installation a path is."""

from __future__ import annotations

from pathlib import Path

import pytest
from comfyfixersmart.core.errors import InventoryError
from comfyfixersmart.core.inventory.layout import find_layout


def code(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("main.py", "folder_paths.py", "nodes.py"):
        (folder / name).write_text("")
    return folder


def folders(base: Path, *names: str) -> Path:
    for name in names:
        (base / name).mkdir(parents=True)
    return base


def test_a_comfyui_folder_needs_nothing_but_its_source(tmp_path: Path) -> None:
    layout = find_layout(code(tmp_path / "ui"))
    assert (layout.base, layout.code) == (str(tmp_path / "ui"), str(tmp_path / "ui"))
    assert layout.models == str(tmp_path / "ui/models")


def test_a_portable_install_holds_comfyui_inside(tmp_path: Path) -> None:
    code(tmp_path / "ComfyUI")
    (tmp_path / "python_embeded").mkdir()
    assert find_layout(tmp_path).base == str(tmp_path / "ComfyUI")


def test_a_linked_installation_is_resolved_as_comfyui_does(tmp_path: Path) -> None:
    code(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert find_layout(tmp_path / "link").base == str(tmp_path / "real")


def test_a_base_directory_has_no_code_unless_it_is_named(tmp_path: Path) -> None:
    base = folders(tmp_path / "base", "models", "user")
    assert find_layout(base).code == ""
    layout = find_layout(base, code=code(tmp_path / "ui"))
    assert (layout.base, layout.code) == (str(base), str(tmp_path / "ui"))
    with pytest.raises(InventoryError, match="does not hold ComfyUI's source"):
        find_layout(base, code=base)


def test_what_is_not_an_installation_is_refused_with_a_hint(tmp_path: Path) -> None:
    base = folders(tmp_path / "base", "models", "custom_nodes")
    for path, code_word, hint in (
        (tmp_path / "absent", "not_found", "main.py"),
        (tmp_path / "file.txt", "not_found", "main.py"),
        (folders(tmp_path / "other", "models"), "not_comfyui", "base directory"),
        (base / "models", "not_comfyui", f"Did you mean {base}?"),
    ):
        if path.suffix:
            path.write_text("")
        with pytest.raises(InventoryError) as refused:
            find_layout(path)
        assert refused.value.code == code_word and hint in refused.value.hint


def test_workflow_folders_are_those_of_people_never_of_system_users(tmp_path: Path) -> None:
    folders(code(tmp_path), "user/default/workflows", "user/anna_1/workflows", "user/__cache/workflows", "user/empty")
    layout = find_layout(tmp_path)
    assert layout.workflow_folders() == (
        str(tmp_path / "user/anna_1/workflows"),
        str(tmp_path / "user/default/workflows"),
    )
