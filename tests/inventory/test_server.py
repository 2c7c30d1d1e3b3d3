"""The inventory of a running server, read from one that speaks like ComfyUI and from ones that do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from comfyfixersmart.core.errors import InventoryError
from comfyfixersmart.core.inventory.encode import decode_types, encode_types
from comfyfixersmart.core.inventory.server import FAILED_UNSEEN, questions, read_server
from comfyfixersmart.core.inventory.server.definitions import pack_of, plain_links, read_types
from comfyfixersmart.core.inventory.server.lists import FileLists
from comfyfixersmart.core.inventory.types import Inventory

LISTS = {
    "checkpoints": ["base.safetensors", "xl\\big.ckpt"],
    "loras": ["soft.safetensors"],
    "vae": ["v.pt"],
    "text_encoders": ["t5.safetensors"],
    "clip_gguf": ["t5.gguf"],
    "upscale_models": [],
    "embeddings": [],
    "custom_nodes": ["x/secret.py"],
}
STATS = {
    "system": {"os": "nt", "ram_total": 64, "ram_free": 32, "comfyui_version": "9.9.9"},
    "devices": [{"name": "cuda:0 Card", "type": "cuda", "vram_total": 24, "vram_free": 20, "x": []}],
}


def node(required: dict[str, Any], module: str = "nodes", **more: Any) -> dict[str, Any]:
    return {"input": {"required": required}, "output_node": False, "python_module": module, **more}


INFO = {
    "LoaderOne": node({"ckpt_name": [LISTS["checkpoints"], {}], "upscaler": [[]]}),
    "LoraOne": node({"lora_name": [["None", *LISTS["loras"]]], "vae_name": [["pixel_space"]], "other": [["None"]]}),
    "TwoFolders": node({"clip_name": [["t5.gguf", "t5.safetensors"]], "gone": [["nowhere.safetensors"]]}),
    "LoadImage": node({"image": [["cat.png", "dog.jpg"], {"image_upload": True}]}),
    "LoadOutput": node({"image": ["COMBO", {"image_upload": True, "image_folder": "output", "options": ["o.png"]}]}),
    "LoadClip": node({"file": ["COMBO", {"options": ["a.mp4", "b.webm"]}]}, "custom_nodes.My.Pack-x"),
    "Sampler": {
        "input": {
            "required": {
                "seed": ["INT", {"default": 0, "min": 0, "max": 9}],
                "noise": ["INT", {"control_after_generate": True}],
                "name": [["euler", "heun"], {"default": "heun"}],
                "linked": ["FLOAT", {"forceInput": True}],
                "model": ["MODEL"],
            },
            "optional": {"mask": ["MASK"], "steps": ["INT", {"min": 1}]},
            "hidden": {"prompt": "PROMPT"},
        },
        "input_order": {"required": ["model", "seed", "noise", "name", "linked"], "optional": ["steps"]},
        "output_node": True,
        "api_node": True,
        "python_module": "comfy_api_nodes.nodes_paid",
    },
    "Grows": node({"items": ["COMFY_AUTOGROW_V3", {}], "mode": ["COMFY_DYNAMICCOMBO_V3", {"options": [{}]}]}),
    "Broken": "text",
    "Odd": node(
        {"a": [], "b": 7, "c": [[1, 2.5, None, {"k": 1}, [1]]], "d": [{}, 3], "e": ["COMBO", {"options": "x"}]}
    ),
}

Handler = Callable[[web.Request], Any]


@asynccontextmanager
async def serving(answers: dict[str, Any], default: Handler | None = None) -> AsyncIterator[str]:
    """A server that answers each path with JSON, or with what a handler makes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        known = answers.get(request.path)
        if callable(known):
            return await known(request)
        if known is None:
            return await default(request) if default else web.Response(status=404)
        return web.json_response(known)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        yield str(server.make_url("/")).rstrip("/")
    finally:
        await server.close()


def comfyui(**changes: Any) -> dict[str, Any]:
    answers: dict[str, Any] = {"/system_stats": STATS, "/object_info": INFO, "/models": list(LISTS)}
    answers |= {f"/models/{name}": files for name, files in LISTS.items()}
    answers["/experiment/models"] = [{"name": "loras", "folders": ["D:\\m\\loras"]}, {"name": 3}, "x"]
    return answers | changes


async def ask(answers: dict[str, Any]) -> Inventory:
    async with serving(answers) as url:
        return await asyncio.to_thread(read_server, url, timeout=5)


async def test_what_a_server_tells() -> None:
    found = await ask(comfyui())
    assert (found.origin, found.separator, found.comfyui_version) == ("server", "\\", "9.9.9")
    assert [file.name for file in found.models["checkpoints"]] == LISTS["checkpoints"]
    assert found.models["loras"][0] == ("soft.safetensors", "", -1, 0)
    assert "custom_nodes" not in found.models
    assert found.folders["loras"].paths == ("D:\\m\\loras",)
    assert found.hardware["devices"] == [{"name": "cuda:0 Card", "type": "cuda", "vram_total": 24, "vram_free": 20}]
    assert found.inputs == {"cat.png", "dog.jpg", "a.mp4", "b.webm"} and found.inputs_known
    packs = {pack.name: pack for pack in found.packs}
    assert set(packs) == {"comfy-core", "My.Pack-x"} and packs["My.Pack-x"].node_types == {"LoadClip"}
    assert FAILED_UNSEEN in found.gaps
    assert found.models_known and found.types_known and not found.unlisted


async def test_the_folder_behind_each_list_of_files() -> None:
    types = (await ask(comfyui())).definitions

    def one(class_type: str, name: str) -> Any:
        found = types[class_type].input(name)
        assert found is not None
        return found

    assert one("LoaderOne", "ckpt_name").folders == ("checkpoints",)
    assert one("LoaderOne", "upscaler").folders == ("upscale_models", "embeddings")
    assert (one("LoraOne", "lora_name").folders, one("LoraOne", "lora_name").extras) == (("loras",), ("None",))
    assert set(one("TwoFolders", "clip_name").folders) == {"text_encoders", "clip_gguf"}
    assert one("LoraOne", "vae_name").options == ("pixel_space",)
    for name in (("LoraOne", "other"), ("TwoFolders", "gone")):
        assert (one(*name).folders, one(*name).options) == (None, None)
    for node_type in types.values():
        for entry in node_type.inputs or ():
            assert entry.folders is None or entry.options is None
            assert not any(str(option).endswith((".safetensors", ".png")) for option in entry.options or ())


async def test_inputs_as_the_frontend_shows_them() -> None:
    types = (await ask(comfyui())).definitions
    sampler = types["Sampler"]
    assert sampler.output and sampler.api and sampler.pack == "comfy-core" and sampler.source == "server"
    assert sampler.inputs is not None
    assert [one.name for one in sampler.inputs] == ["model", "seed", "noise", "name", "linked", "steps", "mask"]
    shown = {one.name: (one.widget, one.control, one.required) for one in sampler.inputs}
    assert shown == {
        "model": (False, False, True),
        "seed": (True, True, True),
        "noise": (True, True, True),
        "name": (True, False, True),
        "linked": (False, False, True),
        "steps": (True, False, False),
        "mask": (False, False, False),
    }
    name, seed = sampler.input("name"), sampler.input("seed")
    assert name is not None and (name.options, name.default) == (("euler", "heun"), "heun")
    assert seed is not None and (seed.minimum, seed.maximum) == (0, 9)
    image, clip, output = (types[t].inputs for t in ("LoadImage", "LoadClip", "LoadOutput"))
    assert image and image[0].media == "image" and clip and clip[0].media == "video"
    assert output and (output[0].media, output[0].options) == (None, None)
    assert types["Grows"].dynamic and not sampler.dynamic


async def test_wrong_shapes_still_give_the_type() -> None:
    types = (await ask(comfyui())).definitions
    assert types["Broken"].inputs is None
    assert types["Odd"].inputs is not None and len(types["Odd"].inputs) == 5
    assert types["Odd"].inputs[2].options == (1, 2.5, None, "{'k': 1}", (1,))
    for junk in ({"A": {"input": 3}}, {"A": {"input": {"required": [1]}, "input_order": 5, "python_module": []}}):
        assert set(read_types(junk, FileLists({}))[0]) == {"A"}


async def test_an_older_server_without_file_lists_is_not_asked_to_guess() -> None:
    answers = comfyui()
    found = await ask({path: answers[path] for path in ("/system_stats", "/object_info")})
    assert not found.models_known and any("does not list" in gap for gap in found.gaps)


async def test_a_folder_that_cannot_be_listed_is_named() -> None:
    answers = comfyui()
    del answers["/models/loras"]
    found = await ask(answers)
    assert found.unlisted == {"loras"} and found.models["loras"] == [] and found.models_known


async def test_the_digest_follows_the_answers_not_the_free_memory() -> None:
    stats = {**STATS, "system": {**STATS["system"], "ram_free": 1}}
    first, again = await ask(comfyui()), await ask(comfyui(**{"/system_stats": stats}))
    changed = await ask(comfyui(**{"/models/vae": ["v.pt", "w.pt"]}))
    assert first.digest == again.digest != changed.digest


async def _page(request: web.Request) -> web.Response:
    return web.Response(text="<html>login</html>", content_type="text/html")


async def _redirect(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b" " * (1 << 20))
    except ConnectionError:
        return response


async def _deep(request: web.Request) -> web.Response:
    return web.Response(text="[" * 200_000, content_type="application/json")


async def _slow(request: web.Request) -> web.Response:
    await asyncio.sleep(2)
    return web.json_response({})


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"/system_stats": _page}, "not_comfyui", "no JSON"),
        ({"/system_stats": _redirect}, "not_comfyui", "status 302"),
        ({"/system_stats": []}, "not_comfyui", "no system statistics"),
        ({"/object_info": None}, "not_comfyui", "status 404"),
        ({"/object_info": _deep}, "not_comfyui", "no JSON"),
        ({"/object_info": [1]}, "not_comfyui", "no node definitions"),
        ({"/object_info": _endless}, "not_comfyui", "more than 3 MiB"),
        ({"/system_stats": _slow}, "server_unreachable", "timed out"),
    ],
)
async def test_what_is_not_comfyui_is_refused(
    change: dict[str, Any], code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MAX_BYTES", 3 << 20)
    async with serving(comfyui(**change)) as url:
        with pytest.raises(InventoryError) as refused:
            await asyncio.to_thread(read_server, url, timeout=0.5)
    assert refused.value.code == code and words in refused.value.message and refused.value.hint


def test_nobody_there_and_no_address() -> None:
    with pytest.raises(InventoryError) as refused:
        read_server("127.0.0.1:9", timeout=2)
    assert refused.value.code == "server_unreachable"
    for bad in (
        "",
        "file:///etc/passwd",
        "http://",
        "ftp://127.0.0.1",
        "http://a:b@127.0.0.1",
        "http://x:99999",
        "http://a b",
    ):
        with pytest.raises(InventoryError) as refused:
            read_server(bad)
        assert refused.value.code == "bad_address", bad


def test_packs_by_module() -> None:
    modules = {
        "nodes": "comfy-core",
        "comfy_extras.nodes_video": "comfy-core",
        "custom_nodes.a": "a",
        "custom_nodes.a.b-c d": "a.b-c d",
        "": None,
        None: None,
        5: None,
    }
    assert {module: pack_of(module) for module in modules} == modules


def test_what_comes_out_of_a_node() -> None:
    given = {"output": ["IMAGE", ["a", "b"], 5]}
    info = {
        "Own": node({}, **given),
        "Paid": node({}, api_node=True, **given),
        "Pack": node({}, "custom_nodes.wren", **given),
        "Sure": node({}, "custom_nodes.wren", **given),
        "Odd": node({}, output="IMAGE"),
    }
    types, _ = read_types(info, FileLists({}), exact={"Sure"})
    assert types["Own"].outputs == ("IMAGE", "COMBO", "")
    assert types["Odd"].outputs is None
    assert {name for name, one in types.items() if one.exact} == {"Own", "Sure", "Odd"}
    again = decode_types(encode_types(types))
    assert again == types
    old = [{key: value for key, value in one.items() if key not in ("outputs", "exact")} for one in encode_types(types)]
    read = decode_types(old)  # a snapshot from before
    assert read is not None
    assert all(one.outputs is None and not one.exact for one in read.values())
    assert decode_types([{"class_type": "A", "outputs": [1]}]) is None


def test_plain_links_of_live_classes() -> None:
    class Wild(str):
        def __ne__(self, other: object) -> bool:
            return False

        __hash__ = str.__hash__

    class Slots(tuple):  # type: ignore[type-arg]
        pass

    def live(taken: object, made: object) -> bool:
        return plain_links({"input": {"required": {"a": (taken, {})}, "hidden": {"h": 1}}, "output": made})

    assert live("IMAGE", ("IMAGE",))
    assert live(Wild("*"), (Wild("*"), ["a"]))
    assert not live(Wild("IMAGE"), ())
    assert not live("IMAGE", (Wild("IMAGE"),))
    assert not live("IMAGE", Slots(("IMAGE",)))
    assert not plain_links({})
