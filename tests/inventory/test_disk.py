"""An installation on disk, read without running any of it."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path

import pytest
from comfyfixersmart.core.errors import InventoryError
from comfyfixersmart.core.inventory import disk
from comfyfixersmart.core.inventory.disk import comfyui_version, read_disk
from comfyfixersmart.core.inventory.packs import cache
from comfyfixersmart.core.inventory.types import Inventory, Pack


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def mapping(*names: str) -> str:
    classes = "".join(f"class {name}:\n    RETURN_TYPES = ()\n" for name in names)
    return classes + "NODE_CLASS_MAPPINGS = {" + ", ".join(f"'{name}': {name}" for name in names) + "}\n"


def packs(inventory: Inventory) -> dict[str, Pack]:
    return {pack.name: pack for pack in inventory.packs}


def test_what_is_here(place: Path) -> None:
    found = read_disk(place)
    assert (found.origin, found.place, found.comfyui_version, found.separator) == ("disk", str(place), "0.9.1", os.sep)
    assert {file.name for file in found.models["loras"]} == {"soft.safetensors", "made.ckpt"}
    assert found.folders["diffusion_models"].paths[0] == f"{place}/models/unet"
    assert "controlnet" not in found.folders  # its own table counts, not ours
    assert found.aliases["unet"] == "diffusion_models"
    assert found.inputs == {"a/cat.png"} and found.inputs_known
    assert found.directories["output"] == f"{place}/output"
    core = found.packs[0]
    assert (core.name, core.state, core.node_types, core.complete) == (
        "comfy-core",
        "loaded",
        {"Loader", "KSampler"},
        True,
    )
    name = found.definitions["Loader"].input("name")
    assert name is not None and name.folders == ("loras",) and name.options is None
    assert found.gaps == () and found.unlisted == frozenset()
    assert found.hardware["ram_total"] and found.hardware["disk_free"]


def test_packs_that_load_fail_or_are_switched_off(place: Path) -> None:
    nodes = place / "custom_nodes"
    write(nodes / "Good/__init__.py", "import torch, numpy, comfy.samplers\n" + mapping("GoodNode"))
    write(nodes / "Good/pyproject.toml", '[project]\nname = "Good-Pack"\nversion = "1.4.0"\n')
    write(nodes / "Good/.git/config", '[remote "origin"]\n\turl = git@github.com:Someone/Good-Nodes.git\n')
    write(nodes / "needs/__init__.py", "import os\nimport not_there.deep\n" + mapping("NeedsNode"))
    write(
        nodes / "tries/__init__.py",
        "try:\n    import not_there\nexcept ImportError:\n    x = 1\n" + mapping("TriesNode"),
    )
    write(nodes / "broken/__init__.py", "def (:\n")
    write(nodes / "plain/readme.txt")
    write(nodes / "single.py", mapping("SingleNode"))
    write(nodes / "off.disabled/__init__.py", mapping("OffNode"))
    write(nodes / ".disabled/stored@2_1_0/__init__.py", mapping("StoredNode"))
    write(nodes / "__pycache__/x.py")
    write(nodes / ".cache/x.txt")
    write(nodes / "note.txt")
    write(nodes / "computed/__init__.py", "import random\nNODE_CLASS_MAPPINGS = {random.random(): 1}\n")
    found = read_disk(place)
    here = packs(found)
    assert set(here) == {
        *("comfy-core", "Good", "needs", "tries", "broken", "plain", "single.py", "off", "stored", "computed")
    }
    good = here["Good"]
    assert (good.state, good.node_types, good.version) == ("loaded", {"GoodNode"}, "1.4.0")
    assert good.ids == ("good-pack", "someone/good-nodes")
    assert here["needs"].state == "failed" and here["needs"].node_types == {"NeedsNode"}
    assert here["needs"].reason == f"import not_there: not installed in {place}/venv"
    assert here["tries"].state == "loaded"
    assert here["broken"].state == "failed" and here["broken"].reason
    assert here["plain"].reason == "there is no __init__.py in the folder"
    assert here["single.py"].node_types == {"SingleNode"}
    assert (here["off"].state, here["off"].node_types) == ("disabled", {"OffNode"})
    assert (here["stored"].state, here["stored"].version) == ("disabled", "2.1.0")
    assert not here["computed"].complete and here["computed"].state == "unreadable" and here["computed"].reason
    assert {"GoodNode", "TriesNode", "SingleNode"} <= set(found.definitions)
    assert not {"NeedsNode", "OffNode", "StoredNode"} & set(found.definitions)
    assert found.gaps == ()


def test_without_an_environment_imports_are_not_judged(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place / "custom_nodes/needs/__init__.py", "import not_there\n" + mapping("NeedsNode"))
    (place / "venv").rename(place / "elsewhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = read_disk(place)
    assert packs(found)["needs"].state == "loaded"
    assert [gap for gap in found.gaps if "imports of packs were not tried" in gap]
    assert packs(read_disk(place, python=place / "elsewhere"))["needs"].state == "failed"
    (site,) = (place / "elsewhere/lib").glob("python3*/site-packages")
    interpreter = write(place / "elsewhere/bin/python")
    for given in (site, interpreter):
        assert packs(read_disk(place, python=given))["needs"].state == "failed"
    with pytest.raises(InventoryError) as refused:
        read_disk(place, python=place / "models")
    assert refused.value.code == "no_environment"


def test_modules_that_may_come_from_elsewhere_are_not_called_absent(place: Path) -> None:
    (site,) = (place / "venv/lib").glob("python3*/site-packages")
    write(site / "own.pth", "# comment\nimport something\n../../../../editable\n")
    write(place / "editable/linked/__init__.py")
    write(site / "other-1.0.dist-info/top_level.txt", "told\n")
    nodes = place / "custom_nodes"
    write(nodes / "a/__init__.py", "import linked, told, six, _speed, distutils, helpers, b, utils\n" + mapping("A"))
    write(nodes / "a/helpers/__init__.py")
    write(nodes / "b/__init__.py", mapping("B"))
    assert packs(read_disk(place))["a"].state == "loaded"
    write(nodes / "a/__init__.py", "import gone_for_good\n" + mapping("A"))
    assert packs(read_disk(place))["a"].state == "failed"
    write(place / "venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = true\n")
    assert packs(read_disk(place))["a"].state == "loaded"


def test_folders_that_packs_register(place: Path) -> None:
    write(
        place / "custom_nodes/reg/__init__.py",
        """
        import os, folder_paths
        folder_paths.add_model_folder_path("fresh", os.path.join(folder_paths.models_dir, "fresh"))
        folder_paths.folder_names_and_paths["unet_gguf"] = (folder_paths.get_folder_paths("unet"), {".gguf"})
        folder_paths.add_model_folder_path("later", os.environ["SOMEWHERE"])
        NODE_CLASS_MAPPINGS = {}
        """,
    )
    write(place / "models/fresh/any.file", "x")
    write(place / "models/unet/q.gguf", "x")
    found = read_disk(place)
    assert [file.name for file in found.models["fresh"]] == ["any.file"]
    assert [file.name for file in found.models["unet_gguf"]] == ["q.gguf"]
    assert found.unlisted == {"later"} and any("later" in gap for gap in found.gaps)


def test_a_pack_that_adds_samplers_opens_the_lists_of_samplers(place: Path) -> None:
    def options(inventory: Inventory, name: str) -> object:
        one = inventory.definitions["KSampler"].input(name)
        return one and one.options

    assert options(read_disk(place), "sampler_name") == ("euler", "heun")
    write(
        place / "custom_nodes/more/__init__.py",
        "import comfy.samplers\ncomfy.samplers.KSampler.SAMPLERS.append('own')\nNODE_CLASS_MAPPINGS = {}\n",
    )
    found = read_disk(place)
    assert options(found, "sampler_name") is None and options(found, "mode") == ("a", "b")


def test_core_types_cannot_be_replaced_by_a_pack(place: Path) -> None:
    write(place / "custom_nodes/thief/__init__.py", mapping("Loader", "Own"))
    found = read_disk(place)
    assert found.definitions["Loader"].pack == "comfy-core" and found.definitions["Own"].pack == "thief"


def test_a_base_directory_without_code_says_that_core_types_are_not_known(tmp_path: Path, code: Path) -> None:
    write(tmp_path / "models/loras/a.safetensors", "x")
    write(tmp_path / "custom_nodes/p/__init__.py", mapping("P"))
    found = read_disk(tmp_path)
    core = packs(found)["comfy-core"]
    assert core.state == "unreadable" and not core.complete
    assert any("ComfyUI's own code" in gap for gap in found.gaps)
    assert set(found.definitions) == {"P"} and found.models["loras"]
    assert read_disk(tmp_path, code=code).packs[0].state == "loaded"


def test_an_unreadable_config_puts_all_models_in_doubt(place: Path) -> None:
    write(place / "extra_model_paths.yaml", "a: [")
    found = read_disk(place)
    assert found.unlisted >= {"loras", "diffusion_models"} and found.models["loras"]


def test_unchanged_packs_are_not_parsed_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = place / "state"
    write(place / "custom_nodes/one/__init__.py", mapping("One"))
    write(place / "custom_nodes/two/__init__.py", mapping("Two"))
    first = read_disk(place, cache=state)
    read: list[str] = []
    original = cache.read_pack
    monkeypatch.setattr(cache, "read_pack", lambda path, host: read.append(path.name) or original(path, host))
    monkeypatch.setattr(cache, "read_core", lambda *more: pytest.fail("ComfyUI was parsed again"))
    again = read_disk(place, cache=state)
    assert read == [] and again.definitions == first.definitions and again.digest == first.digest
    assert again.packs == first.packs and again.folders == first.folders
    write(place / "custom_nodes/two/__init__.py", mapping("Two", "Three"))
    changed = read_disk(place, cache=state)
    assert read == ["two"] and "Three" in changed.definitions and changed.digest != first.digest


@pytest.mark.parametrize("name", ["sources.json", "models.json", "seen.json"])
def test_damaged_caches_are_rebuilt_and_newer_ones_left_alone(place: Path, name: str) -> None:
    state = place / "state"
    write(place / "custom_nodes/one/__init__.py", mapping("One"))
    expected = read_disk(place, cache=state).definitions
    good = (state / name).read_text()
    body = json.loads(good)
    damages = [good[: len(good) // 2], "", "[]", '{"schema": 1}', json.dumps({**body, "packs": {"core/own": 3}})]
    if "packs" in body:
        for key in ("types", "folders", "needs", "imports", "name"):
            broken = {path: {**entry, key: 7} for path, entry in body["packs"].items()}
            damages.append(json.dumps({**body, "packs": broken}))
    for number, text in enumerate(damages):
        (state / name).write_text(text)
        write(place / f"models/loras/{number}.ckpt")  # the list of models is only looked at when one changed
        assert read_disk(place, cache=state).definitions == expected
        assert json.loads((state / name).read_text())["schema"] == 1
    (state / name).write_text('{"schema": 99}')
    assert read_disk(place, cache=state).definitions == expected
    assert (state / name).read_text() == '{"schema": 99}'


def test_a_state_folder_that_cannot_be_written_costs_only_the_cache(place: Path) -> None:
    blocked = write(place / "state", "a file where the folder should be")
    found = read_disk(place, cache=blocked)
    assert "Loader" in found.definitions and found.seen == {}


def test_a_model_that_vanished_is_remembered_with_its_size_and_hash(place: Path) -> None:
    from comfyfixersmart.core.weights.hashes import HashCache

    state, model = place / "state", place / "models/loras/soft.safetensors"
    assert read_disk(place, cache=state).seen == {}
    hashes = HashCache(state / "weights.json")
    digest = hashes.sha256(str(model))
    hashes.save()
    changed = model.stat().st_mtime_ns
    model.rename(place / "kept")
    for _ in range(2):
        assert read_disk(place, cache=state).seen == {"soft.safetensors": (1, digest, changed)}
    (place / "kept").rename(model)
    assert read_disk(place, cache=state).seen == {}


def test_the_digest_follows_every_part(place: Path) -> None:
    seen = {read_disk(place).digest}
    assert read_disk(place).digest in seen
    for change in (
        lambda: write(place / "models/loras/new.ckpt", "x"),
        lambda: write(place / "input/new.png", "x"),
        lambda: write(place / "custom_nodes/p/__init__.py", mapping("P")),
        lambda: write(place / "custom_nodes/p/__init__.py", mapping("Q")),
        lambda: (place / "custom_nodes/p").rename(place / "custom_nodes/p.disabled"),
        lambda: write(place / "extra_model_paths.yaml", "a:\n  loras: /x\n"),
        lambda: write(place / "models/loras/half.ckpt.part", "x"),
        lambda: write(place / "nodes.py", (place / "nodes.py").read_text().replace("MAX = 64", "MAX = 128 ")),
    ):
        change()
        digest = read_disk(place).digest
        assert digest not in seen
        seen.add(digest)


def test_progress_and_cancel(place: Path) -> None:
    write(place / "custom_nodes/p/__init__.py", mapping("P"))
    said: list[tuple[int, int, str]] = []
    read_disk(place, progress=lambda *what: said.append(what))
    assert said == [(0, 1, "p")]
    with pytest.raises(InventoryError) as stopped:
        read_disk(place, cancel=lambda: True)
    assert stopped.value.code == "cancelled"


def test_nothing_is_written_without_a_state_folder(place: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    read_disk(place)
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before


def test_hostile_pack_folders(place: Path) -> None:
    nodes = place / "custom_nodes"
    nodes.mkdir()
    (nodes / "loop").symlink_to(nodes)
    (nodes / "dead").symlink_to("gone")
    os.mkfifo(nodes / "pipe.py")
    write(nodes / "odd\nname <b>/__init__.py", mapping("Odd"))
    (nodes / "bytes").mkdir()
    (nodes / "bytes/__init__.py").write_bytes(b"\xff\xfe\x00")
    (nodes / "git").mkdir()
    write(nodes / "git/__init__.py", mapping("G"))
    (nodes / "git/.git").mkdir()
    os.mkfifo(nodes / "git/.git/config")
    os.mkfifo(place / "pyproject.toml")
    (place / "comfyui_version.py").unlink()
    os.mkfifo(nodes / "git/extra.py")
    found = read_disk(place)
    here = packs(found)
    assert here["odd\nname <b>"].state == "loaded" and here["git"].state == "loaded"
    assert here["bytes"].state in ("failed", "unreadable") and "pipe.py" not in here and "dead" not in here


def test_a_custom_nodes_folder_that_cannot_be_listed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place / "custom_nodes/p/__init__.py", mapping("P"))
    original = os.scandir

    def refusing(path: object):
        if str(path).endswith("custom_nodes"):
            raise PermissionError(13, "Permission denied")
        return original(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refusing)
    found = read_disk(place)
    assert not packs(found)["custom_nodes"].complete
    assert any("custom_nodes: Permission denied" in gap for gap in found.gaps)


def test_versions(tmp_path: Path) -> None:
    assert comfyui_version(str(tmp_path)) == ""
    write(tmp_path / "pyproject.toml", '[project]\nname = "ui"\nversion = "1.2.3"\n')
    assert comfyui_version(str(tmp_path)) == "1.2.3"
    assert disk.comfyui_version("/nowhere") == ""
