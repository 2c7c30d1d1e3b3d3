"""The adapter inside the real ComfyUI: what it says is what ComfyUI says of itself over HTTP and in its log.

The pack `packs/probe_adapter` shows the adapter's answers; the fixture packs bring successes, failures and a disabled one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.inventory.disk import read_disk
from comfyfixersmart.core.inventory.snapshot import read_snapshot
from comfyfixersmart.core.inventory.source import Host as Source
from comfyfixersmart.core.inventory.source import read_core, read_pack

pytestmark = pytest.mark.comfyui

ROOT = Path(__file__).resolve().parents[2]
PACKS = ROOT / "tests/fixtures/packs"
FILES = ("checkpoints/sub/base.safetensors", "loras/soft.safetensors", "vae_approx/taesd_decoder.safetensors")
MORE = {("VAELoader", "vae_name")}


@pytest.fixture(scope="module")
def answers(comfyui: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """(the running ComfyUI, the adapter's inventory, /object_info)."""
    base = tmp_path_factory.mktemp("adapter")
    shutil.copytree(PACKS, base / "custom_nodes")
    shutil.copytree(ROOT / "tests/host/packs/probe_adapter", base / "custom_nodes/probe_adapter")
    for name in (*(f"models/{file}" for file in FILES), "input/a/cat.png", "input/dog.png"):
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(b"x")
    settings = {"Comfy.TutorialCompleted": True, "comfyfixersmart.cycle": 3}
    (base / "user/default").mkdir(parents=True)
    (base / "user/default/comfy.settings.json").write_text(json.dumps(settings))
    with comfyui.running(base, {"ComfyFixerSmart": ROOT}) as server:
        status, found = server.get("/probe_adapter/inventory?snapshot=1")
        assert status == 200, server.log_text()[-3000:]
        status, info = server.get("/object_info")
        assert status == 200
        yield server, found, info


def test_every_class_is_there_and_none_is_invented(answers: Any) -> None:
    server, found, info = answers
    assert set(found["types"]) - set(info) == {"ProbeBroken"}, "loaded, but /object_info cannot describe it"
    assert set(info) <= set(found["types"])
    for name, one in info.items():
        ours = found["types"][name]
        named = [entry for section in ("required", "optional") for entry in one["input"].get(section, {})]
        assert [entry["name"] for entry in ours["inputs"]] == named, name
        assert ours["output"] == one["output_node"], name
        assert ours.get("api", False) == (one.get("api_node") is True), name
        pack = one["python_module"].removeprefix("custom_nodes.")
        assert ours["pack"] == (pack if pack != one["python_module"] else "comfy-core"), name
    assert found["version"] == server.get("/system_stats")[1]["system"]["comfyui_version"]


def test_inputs_read_the_folders_that_the_source_names(answers: Any, comfyui: Any) -> None:
    """Most folders are empty here, as on a fresh installation: the lists alone could not tell."""
    _, found, _ = answers
    source = Source(comfyui.installer.install().checkout)
    own, partner = read_core(source.folder, source)
    written = {**partner.definitions, **own.definitions}
    for path in sorted(PACKS.iterdir()):
        if not path.name.endswith((".disabled", ".pyc")):
            written |= read_pack(path, source).definitions
    checked = 0
    for name, one in found["types"].items():
        for entry in one.get("inputs", ()):
            known = written[name].input(entry["name"]) if name in written else None
            if known is None:
                continue
            if known.folders:
                folders = [found["aliases"].get(folder, folder) for folder in known.folders]
                if (name, entry["name"]) in MORE:  # its source cuts names out of files of a second folder
                    folders = folders[:1]
                assert entry.get("folders") == folders, f"{name}.{entry['name']}"
                checked += 1
            elif not known.media:
                assert not entry.get("folders"), f"{name}.{entry['name']}"
            if known.media:
                assert entry.get("media") == known.media, f"{name}.{entry['name']}"
    assert checked > 40


def test_folders_and_files_are_comfyuis_own(answers: Any) -> None:
    server, found, _ = answers
    status, names = server.get("/models")
    assert status == 200 and set(names) == set(found["folders"])
    for name in names:
        if name not in ("diffusers", "custom_nodes"):
            assert server.get(f"/models/{name}")[1] == sorted(set(found["models"][name])), name
    paths = {one["name"]: one["folders"] for one in server.get("/experiment/models")[1]}
    assert {name: found["folders"][name][0] for name in paths} == paths
    assert found["inputs"] == ["a/cat.png", "dog.png"]
    assert found["aliases"] == {"unet": "diffusion_models", "clip": "text_encoders"}
    base = server.base
    directories = dict(found["directories"])
    python = Path(directories.pop("python"))  # the environment that runs it: its documentation lies there
    assert (python / "bin/python").exists()
    assert directories == {name: str(base / name) for name in ("input", "output", "temp", "user")} | {"base": str(base)}


def test_packs_that_failed_say_why_and_the_disabled_one_is_told(answers: Any) -> None:
    server, found, info = answers
    packs, log = found["packs"], server.log_text()
    failed = {name for name, pack in packs.items() if pack["state"] == "failed"}
    assert failed == {"failing_import", "missing_module"}
    for name in failed:
        kind, _, text = packs[name]["reason"].partition(": ")
        assert kind.endswith("Error") and f"{name} module for custom nodes: {text}" in log, packs[name]
    assert packs["missing_module"]["types"], "what it would bring is read from its source"
    assert packs["switched_off"]["state"] == "disabled" and packs["switched_off"]["types"]
    loaded = {one["python_module"].removeprefix("custom_nodes.") for one in info.values()}
    for name, pack in packs.items():
        if name.removesuffix(".py") in loaded:
            assert pack["state"] == "loaded" and pack["types"] and pack["complete"], name
    assert packs["web_only"]["state"] == "loaded" and not packs["web_only"]["types"]
    assert {name for pack in packs.values() if pack["state"] == "loaded" for name in pack["types"]} == set(
        found["types"]
    )


def test_gaps_name_what_could_not_be_asked(answers: Any) -> None:
    _, found, _ = answers
    assert len(found["gaps"]) == 1 and "ProbeBroken (RuntimeError: it cannot be asked)" in found["gaps"][0]


def test_the_small_answers(answers: Any) -> None:
    server, _, _ = answers
    status, values = server.get("/probe_adapter/values")
    user = {"id": "default", "name": "default", "folder": str(server.base / "user/default")}
    assert status == 200 and values["users"] == [user] and values["user"] == user
    assert values["state"] == str(server.base / "user/__comfyfixersmart")
    assert values["settings"] == {"comfyfixersmart.cycle": 3}
    assert values["listen"] == ["127.0.0.1"] and values["busy"] == 0
    stats = server.get("/system_stats")[1]
    assert values["memory"]["ram_total"] == stats["system"]["ram_total"]
    assert values["memory"]["device"] == stats["devices"][0]["name"] == "cpu" and values["memory"]["vram_free"] is None
    assert {path for _, paths in server_paths(server) for path in paths} <= set(values["roots"])


def server_paths(server: Any) -> list[tuple[str, list[str]]]:
    return [(one["name"], one["folders"]) for one in server.get("/experiment/models")[1]]


def test_the_snapshot_gives_the_same_inventory_when_comfyui_is_closed(answers: Any) -> None:
    server, found, _ = answers
    path = server.base / "user/__comfyfixersmart/snapshot.json"
    text = path.read_text()
    assert not [file for file in FILES if os.path.basename(file) in text]
    back = read_snapshot(path)
    assert set(back.definitions) == set(found["types"])
    for name, node in back.definitions.items():
        told = {entry["name"]: entry.get("folders") for entry in found["types"][name].get("inputs", ())}
        assert {one.name: list(one.folders) if one.folders else None for one in node.inputs or ()} == told, name
    told = {name: (pack["state"], pack["reason"]) for name, pack in found["packs"].items()}
    ours = {"ComfyFixerSmart"}  # the checkout itself, which may be worked on while it is tested
    assert {one.name: (one.state, one.reason) for one in back.packs if one.name not in ours} == {
        name: said for name, said in told.items() if name not in ours
    }
    assert {name: [one.name for one in files] for name, files in back.models.items()} == found["models"]
    assert sorted(back.inputs) == found["inputs"]


def test_reading_the_same_place_from_disk_finds_the_same(answers: Any, comfyui: Any) -> None:
    server, found, _ = answers
    disk = read_disk(server.base, code=comfyui.installer.install().checkout, cache=None)
    read = {pack.name: pack for pack in disk.packs}
    for name, pack in found["packs"].items():
        if name not in ("comfy-core", "probe_adapter", "ComfyUI's partner nodes"):
            assert (read[name].version, list(read[name].ids)) == (pack["version"], pack["ids"]), name
            assert read[name].state == pack["state"] or read[name].state == "unreadable", name


def test_users_are_told_apart(comfyui: Any, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(ROOT / "tests/host/packs/probe_adapter", base / "custom_nodes/probe_adapter")
    with comfyui.running(base, {"ComfyFixerSmart": ROOT}, args=("--multi-user",)) as server:
        ann = server.post("/users", {"username": "Ann"})[1]
        assert server.get("/probe_adapter/values")[0] == 500, "no user named: the adapter raises"
        status, values = server.get("/probe_adapter/values", {"comfy-user": ann})
        assert status == 200 and [one["name"] for one in values["users"]] == ["Ann"]
        assert values["user"] == {"id": ann, "name": "Ann", "folder": str(base / "user" / ann)}


def test_partner_nodes_that_a_flag_left_out_are_not_called_too_new(comfyui: Any, tmp_path: Path) -> None:
    """The tests' ComfyUI runs with --disable-api-nodes: its partner nodes are here, and an update would not bring them."""
    graph = {
        "1": {"class_type": "OpenAIDalle3", "inputs": {"prompt": "a harbour"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    with comfyui.running(tmp_path / "base", {"ComfyFixerSmart": ROOT}) as server:
        headers = {"X-ComfyFixerSmart": "1"}
        status, body = server.post("/comfyfixersmart/check", {"workflow": graph, "name": "partner"}, headers)
    assert status == 200
    (finding,) = [one for one in body["workflow"]["findings"] if one["code"].startswith("NODE")]
    assert finding["code"] == "NODE003"
    assert "--disable-api-nodes" in finding["evidence"][0]["text"]
    assert finding["fixes"][0]["text"] == "Start ComfyUI without that flag."
