"""What cannot be told from disk is said, and is never called missing; and nothing that lies there can block."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest
from comfyfixersmart.core.errors import InventoryError
from comfyfixersmart.core.inventory.disk import read_disk
from comfyfixersmart.core.inventory.snapshot import read_snapshot
from comfyfixersmart.core.inventory.types import Inventory, Pack

REGISTERS = "import os, folder_paths\nNODE_CLASS_MAPPINGS = {}\n"
NODE = "class One:\n    RETURN_TYPES = ()\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


def pack(found: Inventory, name: str) -> Pack:
    return next(one for one in found.packs if one.name == name)


@pytest.mark.parametrize(
    "line",
    [
        'folder_paths.add_model_folder_path("loras", os.environ["PLACE"])',
        'folder_paths.folder_names_and_paths["loras"][0].append(os.environ["PLACE"])',
        'folder_paths.folder_names_and_paths["loras"][0].extend(os.environ["PLACES"].split(":"))',
        'folder_paths.folder_names_and_paths["loras"] = ([os.environ["PLACE"]], {".x"})',
        'folder_paths.folder_names_and_paths["loras"] = where()',
        'old = folder_paths.folder_names_and_paths["loras"]\nfolder_paths.folder_names_and_paths["loras"] = (old[0] + [where()], old[1])',
        'folder_paths.folder_names_and_paths["loras"][1].add(os.environ["SUFFIX"])',
    ],
)
def test_a_pack_that_adds_what_cannot_be_read_leaves_the_folder_open(place: Path, line: str) -> None:
    write(place / "custom_nodes/reg/__init__.py", REGISTERS + line)
    found = read_disk(place)
    assert "loras" in found.unlisted and "vae" not in found.unlisted
    assert [gap for gap in found.gaps if "loras" in gap]
    assert any(file.name == "soft.safetensors" for file in found.models["loras"]) or "= " in line


def test_a_folder_added_under_a_name_that_cannot_be_read_may_be_any(place: Path) -> None:
    write(place / "custom_nodes/reg/__init__.py", REGISTERS + 'folder_paths.add_model_folder_path(name(), "/x")')
    found = read_disk(place)
    assert found.unlisted == set(found.folders) and [gap for gap in found.gaps if "names are not known" in gap]


@pytest.mark.parametrize(
    "text",
    ["def (:\n", "", "raise SystemExit\n", "NODE_CLASS_MAPPINGS = load()\n", "\0", "x = 1\n" * 900_000],
    ids=["syntax error", "empty", "leaves", "computed", "binary", "huge"],
)
def test_a_comfyui_whose_nodes_cannot_be_read(place: Path, text: str) -> None:
    write(place / "nodes.py", text)
    write(place / "custom_nodes/own/__init__.py", NODE + "NODE_CLASS_MAPPINGS = {'One': One}\n")
    found = read_disk(place)
    core = pack(found, "comfy-core")
    assert (core.state, core.complete) == ("unreadable", False) and core.reason
    assert [gap for gap in found.gaps if "ComfyUI's own node types" in gap]
    assert set(found.definitions) == {"One"}


def test_a_comfyui_that_adds_nodes_in_a_way_not_known_here(place: Path) -> None:
    with open(place / "nodes.py", "a") as file:
        file.write("\nNODE_CLASS_MAPPINGS.update(discover())\n")
    found = read_disk(place)
    core = pack(found, "comfy-core")
    assert (core.state, core.complete, core.node_types) == ("loaded", False, {"Loader", "KSampler"})
    assert [gap for gap in found.gaps if "ComfyUI's own node types" in gap]


@pytest.mark.parametrize("text", ["def (:\n", "", "folder_names_and_paths = load()\n"])
def test_a_comfyui_whose_folder_table_cannot_be_read(place: Path, text: str) -> None:
    write(place / "folder_paths.py", text)
    write(place / "custom_nodes/reg/__init__.py", REGISTERS + 'folder_paths.add_model_folder_path("own", "/own")')
    found = read_disk(place)
    assert found.unlisted == set(found.folders) and [gap for gap in found.gaps if "own table" in gap]
    assert found.folders["own"].paths == ("/own",)
    assert any(file.name == "soft.safetensors" for file in found.models["loras"])


def test_one_entry_of_the_folder_table_that_cannot_be_read(place: Path) -> None:
    with open(place / "folder_paths.py", "a") as file:
        file.write('\nfolder_names_and_paths["vae"] = ([os.environ["VAES"]], supported_pt_extensions)\n')
    found = read_disk(place)
    assert found.unlisted == {"vae"} and [gap for gap in found.gaps if gap.endswith("vae")]


@pytest.mark.parametrize(
    ("module", "beside", "state", "complete", "types"),
    [
        ("numpy", "", "loaded", True, {"One", "Two"}),
        ("not_there", "", "loaded", True, {"One"}),
        ("not_there", "not_there.py", "loaded", False, {"One"}),
    ],
)
def test_a_type_that_needs_a_module(
    place: Path, module: str, beside: str, state: str, complete: bool, types: set[str]
) -> None:
    text = f"""\
        class One: pass
        NODE_CLASS_MAPPINGS = {{"One": One}}
        try:
            import {module}
            NODE_CLASS_MAPPINGS["Two"] = One
        except ImportError:
            pass
        """
    write(place / "custom_nodes/p/__init__.py", textwrap.dedent(text))
    if beside:
        write(place / "custom_nodes/p" / beside, "")
    found = read_disk(place)
    one = pack(found, "p")
    assert (one.state, one.complete, one.node_types) == (state, complete, types)
    assert {name for name, node in found.definitions.items() if node.pack == "p"} == types
    assert bool(one.reason) is not complete


def test_a_pack_that_swallows_every_failed_import_has_failed(place: Path) -> None:
    text = NODE + "NODE_CLASS_MAPPINGS = {}\n"
    for name in ("One", "Two"):
        text += f"try:\n    import gone_{name}\n    NODE_CLASS_MAPPINGS['{name}'] = One\nexcept ImportError as e:\n    print(e)\n"
    write(place / "custom_nodes/p/__init__.py", text)
    found = read_disk(place)
    one = pack(found, "p")
    assert (one.state, one.node_types) == ("failed", {"One", "Two"})
    assert one.reason == f"import gone_One: not installed in {place}/venv"
    assert not {"One", "Two"} & set(found.definitions)


def test_a_type_under_a_condition_is_not_claimed(place: Path) -> None:
    text = "NODE_CLASS_MAPPINGS = {'One': One}\nif os.path.exists('/etc/anything'):\n    NODE_CLASS_MAPPINGS['Two'] = One\n"
    write(place / "custom_nodes/p/__init__.py", "import os\n" + NODE + text)
    one = pack(read_disk(place), "p")
    assert (one.complete, one.node_types) == (False, {"One"}) and "Two" in one.reason


def test_pipes_do_not_block(place: Path) -> None:
    """Whatever file is opened by its name: a pipe in its place is passed over."""
    pipes = (
        *("extra_model_paths.yaml", "comfyui_version.py", "pyproject.toml", "comfy/pipe.py", "comfy_extras/nodes_x.py"),
        *("venv/pyvenv.cfg", "custom_nodes/p/pyproject.toml", "custom_nodes/p/.git/config", "custom_nodes/p/inner.py"),
        *("custom_nodes/p/names.json", "custom_nodes/none/__init__.py", "custom_nodes/alone.py", "input/pipe.png"),
        *("models/loras/pipe.safetensors", "snapshot.json"),
    )
    for name in pipes:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).unlink(missing_ok=True)
        os.mkfifo(place / name)
    write(
        place / "custom_nodes/p/__init__.py",
        f"""\
        import json, os
        from . import inner
        {NODE.splitlines()[0]} pass
        with open(os.path.join(os.path.dirname(__file__), "names.json")) as file:
            NODE_CLASS_MAPPINGS = {{name: One for name in json.load(file)}}
        """,
    )
    found = read_disk(place, extra_configs=[place / "extra_model_paths.yaml"])
    assert pack(found, "none").state == "failed" and pack(found, "p").state in ("failed", "unreadable")
    assert [gap for gap in found.gaps if "extra_model_paths.yaml" in gap]
    assert found.inputs == {"a/cat.png"}
    with pytest.raises(InventoryError):
        read_snapshot(place / "snapshot.json")
