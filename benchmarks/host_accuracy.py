"""The inventory against a real, running ComfyUI: class names read from source, and file lists per folder.

The ComfyUI is the one that the host tests keep in the user's cache (`scripts/test --all` installs it); without it
these rows read "not run".
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from comfyfixersmart.core.inventory.disk import read_disk
from comfyfixersmart.core.inventory.types import LOADED, Inventory
from table import Table

ROOT = Path(__file__).resolve().parent.parent
PACKS = ROOT / "tests" / "fixtures" / "packs"
FOLDERS = ("checkpoints", "loras", "vae", "text_encoders", "clip", "unet", "diffusion_models", "controlnet", "embeddings", "upscale_models", "clip_vision", "style_models")  # fmt: skip


def measure(table: Table) -> None:
    """Start the ComfyUI once, ask it, and compare."""
    server = _server_module()
    if isinstance(server, str):
        table.not_run("class names and file lists against a real ComfyUI", server)
        return
    with tempfile.TemporaryDirectory(prefix="cfs-host-") as folder:
        base = Path(folder) / "base"
        config = _installation(base, Path(folder) / "elsewhere")
        host = server.installer.installed()
        with server.running(base, api_nodes=True, args=["--extra-model-paths-config", str(config)]) as running:
            _, info = running.get("/object_info")
            _, names = running.get("/models")
            lists = {name: running.get(f"/models/{name}")[1] for name in names}
        ours = read_disk(base, code=host.checkout, extra_configs=[config], python=host.venv)
    _names(table, ours, info)
    _lists(table, ours, lists)


def _server_module() -> ModuleType | str:
    path = ROOT / "tests" / "host" / "server.py"
    spec = importlib.util.spec_from_file_location("comfyui_server", path)
    if spec is None or spec.loader is None:
        return f"{path} is absent"
    module = importlib.util.module_from_spec(spec)
    sys.modules["comfyui_server"] = module
    spec.loader.exec_module(module)
    return module if module.installer.installed() else "no ComfyUI in the cache; scripts/test --all installs one"


def _installation(base: Path, elsewhere: Path) -> Path:
    """Fixture packs, twelve model folders, an extra root with two names, links to a file and to a folder."""
    shutil.copytree(PACKS, base / "custom_nodes", ignore=shutil.ignore_patterns("__pycache__"))
    for number, name in enumerate(FOLDERS):
        for place in (base / "models" / name, elsewhere / "store" / name):
            for file in (f"{name}_{number}.safetensors", f"sub {number}/deep/{name}.ckpt", "notes.txt", "UPPER.PT"):
                path = place / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"x")
    (base / "models" / "loras" / "linked.safetensors").symlink_to(elsewhere / "store" / "vae" / "vae_2.safetensors")
    (base / "models" / "vae" / "linked folder").symlink_to(elsewhere / "store" / "loras", target_is_directory=True)
    config = elsewhere / "paths.yaml"
    config.write_text(
        f"store:\n  base_path: {elsewhere / 'store'}\n  checkpoints: checkpoints\n  loras: |\n    loras\n    embeddings\n"
        "  unet: unet\n  clip: clip\n  my_own: style_models\n",
        encoding="utf-8",
    )
    return config


def _names(table: Table, ours: Inventory, info: dict[str, Any]) -> None:
    """Every class the server has was read, or its pack said that there may be more; none was invented."""
    real, read = set(info), set(ours.definitions)
    unclear = {pack.name for pack in ours.packs if not pack.complete or pack.state != LOADED}
    missed = sorted(real - read)
    silent = [name for name in missed if info[name].get("python_module", "").rsplit(".", 1)[-1] not in unclear]
    invented = sorted(read - real)
    share = len(real & read) / len(real | read)
    known = (
        f"{share:.2%} of {len(real)}, {len(missed)} not read, {len(missed) - len(silent)} of them said to be unknown"
    )
    lines = [f"not read: {name}" for name in missed] + [f"not in /object_info: {name}" for name in invented]
    table.add("class names from source against /object_info", known, "≥ 98 %", share >= 0.98 and not silent, lines)
    states = ", ".join(f"{pack.name} {pack.state}{'' if pack.complete else ' (incomplete)'}" for pack in ours.packs)
    table.add("fixture packs", f"{len(ours.packs) - 1}", "≥ 6", len(ours.packs) > 6, [states])


def _lists(table: Table, ours: Inventory, lists: dict[str, list[str]]) -> None:
    """The same file names for every folder that the server lists."""
    wrong = []
    files = 0
    for name, real in lists.items():
        if name in ("custom_nodes", "diffusers"):  # no models; ComfyUI's own list of diffusers is always empty
            continue
        mine = sorted({file.name for file in ours.models.get(ours.aliases.get(name, name), ())})
        files += len(real)
        if sorted(set(real)) != mine:
            only = sorted(set(real) ^ set(mine))
            wrong.append(f"{name}: differ in {only[:4]}")
    table.add(
        "file lists per folder against a real ComfyUI",
        f"{len(lists)} folders, {files} files, {len(wrong)} differ",
        "0 differ",
        not wrong,
        wrong,
    )


if __name__ == "__main__":
    results = Table("host accuracy")
    measure(results)
    sys.exit(results.finish("--json" in sys.argv))
