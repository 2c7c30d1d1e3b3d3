"""A stand-in for ComfyUI's modules, for tests of server_routes/ without ComfyUI.

    with stand_in(tmp_path) as comfyui:
        register()                      # whatever adds to PromptServer.instance.routes
        comfyui.server.add_routes()     # once, as ComfyUI does after all packs are loaded
        client = await aiohttp_client(comfyui.server.app)

Real aiohttp objects; it raises where ComfyUI raises. Load it by its path (`load_by_path`), and only inside a fixture:
the modules lie in `sys.modules` under ComfyUI's names until the block ends. `tests/host/test_host_adapter.py` asserts
on the real server what is repeated here.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from aiohttp import web

WEIGHTS = {".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"}
LEGACY = {"unet": "diffusion_models", "clip": "text_encoders"}
FOLDERS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "checkpoints": (("models/checkpoints", "output/checkpoints"), WEIGHTS),
    "configs": (("models/configs",), {".yaml"}),
    "loras": (("models/loras", "output/loras"), WEIGHTS),
    "vae": (("models/vae", "output/vae"), WEIGHTS),
    "text_encoders": (("models/text_encoders", "models/clip", "output/clip"), WEIGHTS),
    "diffusion_models": (("models/unet", "models/diffusion_models", "output/diffusion_models"), WEIGHTS),
    "embeddings": (("models/embeddings",), WEIGHTS),
    "diffusers": (("models/diffusers",), {"folder"}),
    "upscale_models": (("models/upscale_models",), WEIGHTS),
    "custom_nodes": (("custom_nodes",), set()),
    "classifiers": (("models/classifiers",), {""}),
}


class Queue:
    """PromptQueue: `running` and `pending` hold items (number, prompt id, prompt, extra data, outputs)."""

    def __init__(self) -> None:
        self.running: list[tuple[Any, ...]] = []
        self.pending: list[tuple[Any, ...]] = []
        self.flags: dict[str, Any] = {}

    def get_tasks_remaining(self) -> int:
        return len(self.running) + len(self.pending)

    def get_current_queue_volatile(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        return self.running[:], self.pending[:]

    def get_history(self, prompt_id: str | None = None, **_: Any) -> dict[str, Any]:
        return {}

    def set_flag(self, name: str, value: Any) -> None:
        self.flags[name] = value


class UserManager:
    """`users` maps an id, which is a folder below the user directory, to a name."""

    def __init__(self, multi_user: bool) -> None:
        self.multi_user = multi_user
        self.users = {} if multi_user else {"default": "default"}

    def get_request_user_id(self, request: web.Request) -> str:
        user = "default"
        if self.multi_user and "comfy-user" in request.headers:
            user = request.headers["comfy-user"]
        if user not in self.users or user.startswith("__"):
            raise KeyError(f"Unknown user: {user}")
        return user


class PromptServer:
    """What a pack finds in `PromptServer.instance`. `sent` records what went over the websocket."""

    instance: PromptServer

    def __init__(self, multi_user: bool) -> None:
        self.routes = web.RouteTableDef()
        self.app = web.Application(client_max_size=100 * 1024 * 1024)
        self.loop = _loop()
        self.prompt_queue = Queue()
        self.user_manager = UserManager(multi_user)
        self.sockets: dict[str, Any] = {}
        self.sent: list[tuple[str, Any, str | None]] = []
        self.address, self.port = "127.0.0.1", 8188

    def send_sync(self, event: str, data: Any, sid: str | None = None) -> None:
        self.sent.append((event, data, sid))

    def add_routes(self) -> None:
        """Serve the table as ComfyUI does: a copy of each route under /api, then the plain ones; once, before the start."""
        copies = web.RouteTableDef()
        for route in self.routes:
            if isinstance(route, web.RouteDef):  # static routes get no copy
                copies.route(route.method, "/api" + route.path)(route.handler, **route.kwargs)
        self.app.add_routes(copies)
        self.app.add_routes(self.routes)


class FolderPaths(ModuleType):
    """folder_paths over a base folder, with the same errors."""

    def __init__(self, base: Path, *, system_users: bool = True) -> None:
        super().__init__("folder_paths")
        self.base_path = str(base)
        self.models_dir = str(base / "models")
        self.supported_pt_extensions = WEIGHTS
        self.folder_names_and_paths: dict[str, tuple[list[str], Any]] = {
            name: ([str(base / path) for path in paths], set(suffixes)) for name, (paths, suffixes) in FOLDERS.items()
        }
        self.SYSTEM_USER_PREFIX = "__"
        if system_users:  # absent in 0.3.64
            self.get_system_user_directory = lambda name="system": os.path.join(self.get_user_directory(), f"__{name}")

    def map_legacy(self, name: str) -> str:
        return LEGACY.get(name, name)

    def get_input_directory(self) -> str:
        return os.path.join(self.base_path, "input")

    def get_output_directory(self) -> str:
        return os.path.join(self.base_path, "output")

    def get_temp_directory(self) -> str:
        return os.path.join(self.base_path, "temp")

    def get_user_directory(self) -> str:
        return os.path.join(self.base_path, "user")

    def get_folder_paths(self, name: str) -> list[str]:
        return self.folder_names_and_paths[self.map_legacy(name)][0][:]

    def add_model_folder_path(self, name: str, path: str, is_default: bool = False) -> None:
        paths = self.folder_names_and_paths.setdefault(self.map_legacy(name), ([], set()))[0]
        if path not in paths:
            paths.insert(0 if is_default else len(paths), path)

    def get_filename_list(self, name: str) -> list[str]:
        """KeyError for a name that is not in the table."""
        paths, suffixes = self.folder_names_and_paths[self.map_legacy(name)]
        found = {
            os.path.relpath(os.path.join(above, file), root)
            for root in paths
            for above, _, files in os.walk(root, followlinks=True)
            for file in files
            if not suffixes or os.path.splitext(file)[1].lower() in suffixes
        }
        return sorted(found)

    def get_full_path(self, name: str, file: str) -> str | None:
        if self.map_legacy(name) not in self.folder_names_and_paths:
            return None
        paths = (os.path.join(root, file) for root in self.get_folder_paths(name))
        return next(filter(os.path.isfile, paths), None)


@dataclass
class StandIn:
    """The modules in place. `logs` is ComfyUI's own buffer of what it printed."""

    base: Path
    server: PromptServer
    folder_paths: FolderPaths
    nodes: Any
    model_management: Any
    args: Any
    logs: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=300))

    def put(self, path: str, data: bytes | str = b"x") -> Path:
        """A file below the base folder."""
        file = self.base / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def load_pack(self, name: str, classes: dict[str, type], *, source: str = "NODE_CLASS_MAPPINGS = {}\n") -> Path:
        """A pack as ComfyUI leaves it after a successful import, with these node classes."""
        folder = self.put(f"custom_nodes/{name}/__init__.py", source).parent
        self.nodes.LOADED_MODULE_DIRS[name] = str(folder)
        for class_type, cls in classes.items():
            cls.RELATIVE_PYTHON_MODULE = f"custom_nodes.{name}"  # type: ignore[attr-defined]
            self.nodes.NODE_CLASS_MAPPINGS[class_type] = cls
        return folder

    def fail_pack(self, name: str, error: str, trace: str = "") -> Path:
        """A pack whose import raised: only the log tells."""
        folder = self.put(f"custom_nodes/{name}/__init__.py", "raise ImportError\n").parent
        self.print(trace or f"Traceback (most recent call last):\nImportError: {error}\n")
        self.print(f"Cannot import {folder} module for custom nodes: {error}")
        return folder

    def print(self, text: str) -> None:
        """A line as ComfyUI's log keeps it: the text, then the newline of the handler."""
        self.logs.append({"t": "2026-11-22T10:00:00.000000", "m": text + "\n"})


def _classes(folder_paths: FolderPaths) -> dict[str, type]:
    class Loader:
        @classmethod
        def INPUT_TYPES(cls) -> dict[str, Any]:
            return {"required": {"ckpt_name": (folder_paths.get_filename_list("checkpoints"),)}}

        RETURN_TYPES = ("MODEL", "CLIP", "VAE")
        FUNCTION, CATEGORY = "load", "loaders"

    class Sampler:
        @classmethod
        def INPUT_TYPES(cls) -> dict[str, Any]:
            return {
                "required": {
                    "model": ("MODEL",),
                    "seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}),
                    "sampler_name": (["euler", "heun"],),
                }
            }

        RETURN_TYPES = ("LATENT",)

    class LoadImage:
        @classmethod
        def INPUT_TYPES(cls) -> dict[str, Any]:
            folder = folder_paths.get_input_directory()
            files = [name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name))]
            return {"required": {"image": (sorted(files), {"image_upload": True})}}

        RETURN_TYPES = ("IMAGE", "MASK")

        @classmethod
        def VALIDATE_INPUTS(cls, image: str) -> bool:
            return True

    class SaveImage:
        @classmethod
        def INPUT_TYPES(cls) -> dict[str, Any]:
            return {"required": {"images": ("IMAGE",), "filename_prefix": ("STRING", {"default": "ComfyUI"})}}

        RETURN_TYPES = ()
        OUTPUT_NODE = True

    return {
        "CheckpointLoaderSimple": Loader,
        "KSampler": Sampler,
        "LoadImage": LoadImage,
        "SaveImage": SaveImage,
    }


@contextmanager
def stand_in(
    base: Path, *, version: str = "0.3.75", multi_user: bool = False, system_users: bool = True
) -> Iterator[StandIn]:
    """ComfyUI's modules in `sys.modules` over `base`, where its folders are made; what was there comes back at the end."""
    for folder in ("custom_nodes", "models", "input", "output", "temp", "user/default/workflows"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    folder_paths = FolderPaths(base, system_users=system_users)
    PromptServer.instance = PromptServer(multi_user)
    cpu = SimpleNamespace(type="cpu", index=None)
    modules: dict[str, Any] = {
        "server": _module("server", PromptServer=PromptServer),
        "folder_paths": folder_paths,
        "nodes": _module(
            "nodes",
            NODE_CLASS_MAPPINGS=_classes(folder_paths),
            NODE_DISPLAY_NAME_MAPPINGS={},
            LOADED_MODULE_DIRS={},
            EXTENSION_WEB_DIRS={},
            __file__=str(base / "nodes.py"),
        ),
        "comfy": _module("comfy", __path__=[]),
        "comfy.model_management": _module(
            "comfy.model_management",
            get_torch_device=lambda: cpu,
            get_torch_device_name=lambda device: device.type,
            get_free_memory=lambda device=None: 8 << 30,
            get_total_memory=lambda device=None: 16 << 30,
            current_loaded_models=[],
        ),
        "comfy.cli_args": _module("comfy.cli_args", args=SimpleNamespace(multi_user=multi_user, listen="127.0.0.1")),
        "comfyui_version": _module("comfyui_version", __version__=version),
    }
    found = StandIn(
        base,
        PromptServer.instance,
        folder_paths,
        modules["nodes"],
        modules["comfy.model_management"],
        modules["comfy.cli_args"].args,
    )
    modules["app"] = _module("app", __path__=[])
    modules["app.logger"] = _module("app.logger", get_logs=lambda: found.logs)
    modules["app"].logger = modules["app.logger"]
    modules["comfy"].model_management = modules["comfy.model_management"]
    modules["comfy"].cli_args = modules["comfy.cli_args"]
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield found
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def _module(name: str, **contents: Any) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(contents)
    return module


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
