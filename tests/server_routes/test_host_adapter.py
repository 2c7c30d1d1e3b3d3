"""The adapter over the stand-in: plain values come out, and whatever fails is said and nothing more."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from comfyfixersmart.core.errors import ComfyFixerError, InventoryError
from comfyfixersmart.core.inventory import host as host_module
from comfyfixersmart.core.inventory.snapshot import read_snapshot, write_snapshot
from comfyfixersmart.server_routes import register
from comfyfixersmart.server_routes.host import Host, Memory, User

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stand_in() -> Any:
    """`stand_in(base, …)` of standin.py, which lies beside this file and on no path."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("comfyui_standin", Path(__file__).with_name("standin.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.stand_in


@pytest.fixture
def comfyui(stand_in: Any, tmp_path: Path) -> Iterator[Any]:
    with stand_in(tmp_path / "ui") as found:
        yield found


@pytest.fixture
def host(comfyui: Any) -> Host:
    made = Host(comfyui.server)
    made.capture_log()
    return made


def test_nothing_is_loaded_before_it_is_asked() -> None:
    """ComfyUI's start must not pay for us; and the package loads where there is no ComfyUI."""
    heavy = "comfyfixersmart.core.inventory", "comfyfixersmart.core.app", "pydantic", "httpx", "jinja2", "psutil"
    code = f"import sys, comfyfixersmart.server_routes.host\nprint([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_inventory_of_a_comfyui(comfyui: Any, host: Host, tmp_path: Path) -> None:
    comfyui.put("models/checkpoints/sub/base.safetensors")
    comfyui.put("models/loras/notes.txt")
    comfyui.put("input/a/cat.png")
    found = host.inventory(tmp_path / "state")
    assert (found.origin, found.place, found.comfyui_version) == ("host", str(comfyui.base), "0.3.75")
    assert set(found.definitions) == set(comfyui.nodes.NODE_CLASS_MAPPINGS)
    loader = found.definitions["CheckpointLoaderSimple"].input("ckpt_name")
    assert loader is not None and loader.folders == ("checkpoints",) and loader.options is None
    sampler = found.definitions["KSampler"]
    assert [(one.name, one.type, one.control) for one in sampler.inputs or ()] == [
        ("model", "MODEL", False),
        ("seed", "INT", True),
        ("sampler_name", "COMBO", False),
    ]
    assert sampler.inputs and sampler.inputs[2].options == ("euler", "heun") and sampler.outputs == ("LATENT",)
    assert found.definitions["SaveImage"].output and not sampler.output
    assert [file.name for file in found.models["checkpoints"]] == ["sub/base.safetensors"] and not found.models["loras"]
    assert found.inputs == {"a/cat.png"} and found.folders["diffusion_models"].paths[0].endswith("models/unet")
    assert found.aliases == {"unet": "diffusion_models", "clip": "text_encoders"}
    assert found.gaps == () and found.types_known and found.models_known and found.inputs_known
    assert found.digest == host.inventory(tmp_path / "state").digest
    comfyui.put("models/vae/v.pt")
    assert found.digest != host.inventory(tmp_path / "state").digest


def test_packs_as_comfyui_left_them(stand_in: Any, tmp_path: Path) -> None:
    class Pen:
        RETURN_TYPES = ()

        @classmethod
        def INPUT_TYPES(cls) -> dict[str, Any]:
            raise RuntimeError("no ink")

    with stand_in(tmp_path) as comfyui:
        host = Host(comfyui.server)
        host.start.time += 60  # else what this test writes counts as newer than ComfyUI's start
        comfyui.fail_pack("early", "No module named 'ink'", "Traceback (…)\nModuleNotFoundError: No module named 'ink'")
        comfyui.put("custom_nodes/pens/__init__.py")
        comfyui.put("custom_nodes/off.disabled/__init__.py")
        comfyui.put("custom_nodes/later/__init__.py")
        host.capture_log()
        comfyui.load_pack("pens", {"Pen": Pen})
        comfyui.put("custom_nodes/pens/pyproject.toml", '[project]\nname = "Pens-Pack"\nversion = "1.2.3"\n')
        folder = comfyui.base / "custom_nodes/later"
        logging.getLogger().warning("Traceback (most recent call last):\n  File x\nOSError: dark")
        logging.getLogger().warning("Cannot import %s module for custom nodes: dark", folder)
        comfyui.put("custom_nodes/fresh/__init__.py")
        found = host.inventory(None)
        handlers = len(logging.getLogger().handlers)
        host.inventory(None)
        assert len(logging.getLogger().handlers) == handlers
    packs = {pack.name: pack for pack in found.packs}
    assert {name: pack.state for name, pack in packs.items()} == {
        "comfy-core": "loaded",
        "early": "failed",
        "later": "failed",
        "pens": "loaded",
        "off": "disabled",
        "fresh": "unreadable",
    }
    assert packs["early"].reason == "ModuleNotFoundError: No module named 'ink'"
    assert packs["later"].reason == "OSError: dark"
    assert packs["pens"].node_types == {"Pen"} and packs["pens"].version == "1.2.3"
    assert packs["pens"].ids == ("pens-pack",) and packs["comfy-core"].version == "0.3.75"
    assert found.definitions["Pen"].inputs is None and "Pen (RuntimeError: no ink)" in found.gaps[0]
    assert found.definitions["Pen"].pack == "pens"


def test_newer_comfyui_keeps_the_errors_in_a_table(comfyui: Any, host: Host) -> None:
    folder = comfyui.put("custom_nodes/bad/__init__.py", "raise OSError").parent
    comfyui.nodes.NODE_STARTUP_ERRORS = {
        "custom_nodes:bad": {
            "source": "custom_nodes",
            "module_path": str(folder),
            "phase": "import",
            "error": "dark",
            "traceback": "Traceback (most recent call last):\n  File x\nOSError: dark\n",
        },
        "odd": 7,
    }
    assert [pack.reason for pack in host.inventory(None).packs if pack.name == "bad"] == ["OSError: dark"]


def test_a_v3_class_describes_itself(comfyui: Any, host: Host) -> None:
    class Base:
        @classmethod
        def validate_inputs(cls) -> bool:
            return True

    class Kite(Base):
        @classmethod
        def GET_BASE_CLASS(cls) -> type:
            return Base

        @classmethod
        def GET_SCHEMA(cls) -> Any:
            return type("Schema", (), {"accept_all_inputs": True})

        @classmethod
        def GET_NODE_INFO_V1(cls) -> dict[str, Any]:
            entry = {"mode": ("COMBO", {"options": ["a", "b"]}), "size": ("COMBO", {"options": ["s"]})}
            return {
                "input": {"required": entry},
                "output": ["IMAGE"],
                "output_node": True,
                "python_module": "custom_nodes.kites",
            }

        @classmethod
        def validate_inputs(cls, mode: str = "a") -> bool:
            return True

    comfyui.nodes.NODE_CLASS_MAPPINGS["Kite"] = Kite
    kite = host.inventory(None).definitions["Kite"]
    assert kite.pack == "kites" and kite.dynamic and kite.output and kite.outputs == ("IMAGE",)
    assert [(one.name, one.options, one.v3) for one in kite.inputs or ()] == [
        ("mode", None, True),
        ("size", ("s",), True),
    ]


class AnyName(dict[str, Any]):
    def __contains__(self, key: object) -> bool:
        return True


class Touchy(str):
    """A text as packs make them for "any type", at its worst."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("do not compare me")

    __ne__ = __eq__


@pytest.mark.parametrize(
    "declared",
    [None, 7, [], {}, {"required": None}, {"required": {"a": None, "b": (), "c": 5, "d": ("INT", 5)}, "optional": 7},
     {"required": {"a": ([object(), b"x", float("nan")],), 7: ("INT",)}}, {"required": {"\ud800": (["\ud800"],)}},
     {"required": {"a": (Touchy("*"),), "b": ([Touchy("x"), "y"],)}}, {"required": {"a": ("INT", {"default": Touchy("1"), "min": Touchy("0")})}}],
)  # fmt: skip
def test_whatever_a_class_answers_the_inventory_comes(comfyui: Any, host: Host, tmp_path: Path, declared: Any) -> None:
    class Odd:
        INPUT_TYPES = staticmethod(lambda: declared)
        RETURN_TYPES = (Touchy("*"), 5)
        RELATIVE_PYTHON_MODULE = 7
        VALIDATE_INPUTS = 7

    comfyui.nodes.NODE_CLASS_MAPPINGS |= {"Odd": Odd, "Nothing": None, 7: Odd}
    found = host.inventory(tmp_path / "state")
    assert {"Odd", "Nothing", "KSampler"} <= set(found.definitions)
    write_snapshot(tmp_path / "snapshot.json", found)
    assert set(read_snapshot(tmp_path / "snapshot.json").definitions) == set(found.definitions)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Shy(type):
    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError(f"no {name}")


def test_a_class_that_raises_anything_at_all_is_one_gap(comfyui: Any, host: Host, tmp_path: Path) -> None:
    def raising(error: BaseException) -> Any:
        def inputs() -> Any:
            raise error

        return type("Raising", (), {"INPUT_TYPES": staticmethod(inputs)})

    huge = {"required": {"seed": ("INT", {"max": 10**5000, "min": -(10**5000), "default": 10**5000})}}
    comfyui.nodes.NODE_CLASS_MAPPINGS |= {
        "Mute": raising(Mute()),
        "Exit": raising(SystemExit(3)),
        "Shy": Shy("Shy", (), {}),
        "Huge": type("Huge", (), {"INPUT_TYPES": staticmethod(lambda: huge)}),
    }
    found = host.inventory(tmp_path / "state")
    assert [gap for gap in found.gaps if "Exit" in gap and "Mute" in gap and "Shy" in gap]
    assert [one.maximum for one in found.definitions["Huge"].inputs or ()] == [float("inf")]
    write_snapshot(tmp_path / "snapshot.json", found)
    assert set(read_snapshot(tmp_path / "snapshot.json").definitions) == set(found.definitions)


def test_a_class_that_takes_any_name(comfyui: Any, host: Host) -> None:
    class Loose:
        RETURN_TYPES = ("*",)
        INPUT_TYPES = staticmethod(lambda: {"required": {}, "optional": AnyName(model=("MODEL",))})

    comfyui.nodes.NODE_CLASS_MAPPINGS["Loose"] = Loose
    assert host.inventory(None).definitions["Loose"].dynamic


@pytest.mark.parametrize(
    "name", ["folder_paths", "nodes", "comfy.model_management", "comfy.cli_args", "comfyui_version", "app.logger"]
)
def test_any_module_may_be_missing(comfyui: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delitem(sys.modules, name)
    host = Host(comfyui.server)
    host.capture_log()
    found = host.inventory(None)
    assert found.types_known == (name != "nodes") and found.models_known == (name != "folder_paths")
    assert host.fingerprint() and host.memory() and host.listen() and host.users()


def test_a_folder_table_of_odd_shapes(comfyui: Any, host: Host) -> None:
    table = comfyui.folder_paths.folder_names_and_paths
    table |= {
        "one": (None, None),
        "two": (["/x"],),
        "three": ((str(comfyui.base / "models/t"),), [".X", 7]),
        7: ([], []),
    }
    table["five"] = (str(comfyui.base / "models/five"), {".ink"})  # a text where a list belongs: not its letters
    table["six"] = ([os.fsencode(comfyui.base / "models/six")], {".ink"})
    table["four"] = ([Path(comfyui.base / "models/four")], {".ink"})
    found = host.inventory(None)
    assert found.folders["four"].paths == (str(comfyui.base / "models/four"),)
    assert found.folders["six"].paths == (str(comfyui.base / "models/six"),) and "five" not in found.folders
    assert found.folders["three"].suffixes == {".X"} and "one" not in found.folders
    assert [gap for gap in found.gaps if "one" in gap] and [gap for gap in found.gaps if "two" in gap]


def test_it_can_be_called_off(host: Host) -> None:
    seen: list[tuple[int, int, str]] = []
    with pytest.raises(InventoryError) as stopped:
        host.inventory(None, lambda *step: seen.append(step), lambda: len(seen) == 2)
    assert stopped.value.code == "cancelled" and [step[0] for step in seen] == [0, 1]


def test_called_off_while_source_is_read_apart_nothing_is_read_here(
    comfyui: Any, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[bool] = []
    monkeypatch.setattr(host_module, "read_apart", lambda *_: stopped.append(True))
    monkeypatch.setattr(host_module, "host_definitions", lambda *_: pytest.fail("read in this process"))
    with pytest.raises(InventoryError) as raised:
        host.inventory(tmp_path, None, lambda: bool(stopped))
    assert raised.value.code == "cancelled"


def test_why_packs_fail_is_kept_from_our_own_import_on(comfyui: Any) -> None:
    folder = comfyui.base / "custom_nodes/early"
    comfyui.put("custom_nodes/early/__init__.py")
    service = register(comfyui.server, "0") or comfyui.server._comfyfixersmart
    logging.getLogger().warning("Traceback (most recent call last):\n  File x\nOSError: dark")
    logging.getLogger().warning("Cannot import %s module for custom nodes: dark", folder)
    comfyui.logs.clear()  # ComfyUI keeps 300 lines only
    packs = {pack.name: pack for pack in service.host.inventory(None).packs}
    assert (packs["early"].state, packs["early"].reason) == ("failed", "OSError: dark")


def test_the_fingerprint_follows_what_is_installed(stand_in: Any, tmp_path: Path) -> None:
    def fingerprint(change: Any = None) -> str:
        with stand_in(tmp_path) as comfyui:
            comfyui.load_pack("pens", {"Pen": type("Pen", (), {})}, source="A = 1\n") if not change else None
            if change:
                comfyui.nodes.LOADED_MODULE_DIRS["pens"] = str(tmp_path / "custom_nodes/pens")
                comfyui.nodes.NODE_CLASS_MAPPINGS["Pen"] = type("Pen", (), {})
                change(comfyui)
            return Host(comfyui.server).fingerprint()

    first = fingerprint()
    assert fingerprint(lambda comfyui: None) == first, "a restart"
    assert fingerprint(lambda comfyui: comfyui.put("custom_nodes/pens/__pycache__/x.pyc")) == first
    others = [
        lambda comfyui: comfyui.nodes.NODE_CLASS_MAPPINGS.pop("Pen"),
        lambda comfyui: comfyui.nodes.LOADED_MODULE_DIRS.pop("pens"),
        lambda comfyui: comfyui.folder_paths.add_model_folder_path("loras", "/elsewhere"),
        lambda comfyui: comfyui.put("custom_nodes/fresh/__init__.py"),
        lambda comfyui: comfyui.put("custom_nodes/pens/__init__.py", "A = 22\n"),
    ]
    found = [fingerprint(change) for change in others]
    assert len({first, *found}) == 1 + len(others)


def test_queue_memory_and_addresses(comfyui: Any, host: Host) -> None:
    assert host.busy() == 0
    comfyui.server.prompt_queue.running.append((0, "id", {}, {"secret": 1}, []))
    comfyui.server.prompt_queue.pending += [(1, "x"), (2, "y")]
    assert host.busy() == 3
    now = host.memory()
    assert now.device == "cpu" and now.vram_free is None and now.ram_total > now.ram_free > 0
    comfyui.model_management.get_torch_device = lambda: type("D", (), {"type": "cuda"})()
    comfyui.model_management.get_torch_device_name = lambda device: "cuda:0 Card : native"
    assert host.memory()[2:] == (8 << 30, 16 << 30, "cuda:0 Card : native")
    assert host.inventory(None).hardware["devices"] == [
        {"name": "cuda:0 Card : native", "type": "cuda", "vram_total": 16 << 30, "vram_free": 8 << 30}
    ]
    comfyui.model_management.get_free_memory = None
    assert isinstance(host.memory(), Memory) and host.memory().vram_free is None
    for given, listened in (
        ("127.0.0.1", ("127.0.0.1",)),
        ("0.0.0.0,::", ("0.0.0.0", "::")),
        ("", ("0.0.0.0",)),
        (None, ("0.0.0.0",)),
    ):
        comfyui.args.listen = given
        assert host.listen() == listened


def test_where_this_computer_reaches_the_server(comfyui: Any, host: Host) -> None:
    comfyui.server.port = 8189
    for given, reached in (
        ("127.0.0.1", "http://127.0.0.1:8189"),
        ("0.0.0.0,::", "http://127.0.0.1:8189"),
        ("192.168.1.5,127.0.0.1", "http://127.0.0.1:8189"),
        ("192.168.1.5", "http://192.168.1.5:8189"),
        ("localhost", "http://127.0.0.1:8189"),
        ("::", "http://[::1]:8189"),
        ("fd00::5", "http://[fd00::5]:8189"),
        (None, "http://127.0.0.1:8189"),
    ):
        comfyui.args.listen = given
        assert host.address() == reached
    comfyui.args.tls_keyfile, comfyui.args.tls_certfile = "key.pem", ""
    assert host.address().startswith("http://")
    comfyui.args.tls_certfile = "certificate.pem"
    assert host.address() == "https://127.0.0.1:8189"
    del comfyui.server.port
    assert host.address() == "", "it does not listen yet"


def asking(user: str | None = None) -> Any:
    return make_mocked_request("GET", "/", headers={"comfy-user": user} if user else {})


def test_one_user(comfyui: Any, host: Host) -> None:
    me = User("default", "default", str(comfyui.base / "user/default"))
    assert host.users() == (me,) and host.user_of(asking()) == me and not host.multi_user()
    assert host.user_of(asking("someone")) == me
    assert host.state_folder() == comfyui.base / "user/__comfyfixersmart"
    assert host.directories() == {name: str(comfyui.base / name) for name in ("input", "output", "temp", "user")} | {
        "base": str(comfyui.base)
    }
    assert str(comfyui.base / "models/unet") in host.model_roots()
    assert str(comfyui.base / "custom_nodes") not in host.model_roots()


def test_several_users(stand_in: Any, tmp_path: Path) -> None:
    with stand_in(tmp_path, multi_user=True, system_users=False, version="0.3.64") as comfyui:
        comfyui.server.user_manager.users = {
            "ann_1": "Ann",
            "bo_2": "Bo",
            "__comfyfixersmart": "x",
            "../up": "y",
            "": "z",
            7: "n",
        }
        host = Host(comfyui.server)
        assert [one[:2] for one in host.users()] == [("ann_1", "Ann"), ("bo_2", "Bo")]
        assert host.user_of(asking("bo_2")) == User("bo_2", "Bo", str(tmp_path / "user/bo_2"))
        assert host.state_folder() == tmp_path / "user/__comfyfixersmart"
        for wrong in (None, "nobody", "__comfyfixersmart", "../up"):
            with pytest.raises(ComfyFixerError) as refused:
                host.user_of(asking(wrong))
            assert refused.value.code == "unknown_user" and refused.value.hint


def test_settings_of_the_dialog(comfyui: Any, host: Host) -> None:
    (user,) = host.users()
    assert host.dialog_settings(user) == {}
    body = {"comfyfixersmart.cycle": 2, "comfyfixersmartish": 1, "Comfy.Other": "secret"}
    comfyui.put("user/default/comfy.settings.json", json.dumps(body))
    assert host.dialog_settings(user) == {"comfyfixersmart.cycle": 2}
    for junk in ("", "{", "[]", "7", "[" * 5000, "\udcff"):
        comfyui.put("user/default/comfy.settings.json", junk.encode("utf-8", "surrogateescape"))
        assert host.dialog_settings(user) == {}


def test_events_reach_the_pages_and_never_raise(comfyui: Any, host: Host) -> None:
    host.send("comfyfixersmart.library", {"revision": "1"})
    assert comfyui.server.sent == [("comfyfixersmart.library", {"revision": "1"}, None)]

    def closed(*_: Any) -> None:
        raise RuntimeError("Event loop is closed")

    comfyui.server.send_sync = closed
    host.send("comfyfixersmart.library", {})
