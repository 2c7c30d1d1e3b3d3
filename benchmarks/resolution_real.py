"""What is real in the benchmark's world: the templates' own links, ComfyUI-Manager's model list, ids of repositories.

The ids come from links in the templates, in the Manager's lists, in a corpus of workflows where one is given, and in
the sources of two packages of Hugging Face's own (read, never run), pinned, so that the world stays as it is.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from manager import installed
from scan_accuracy import template_files, truth

PACKAGES = ("diffusers==0.35.1", "transformers==4.38.2")
_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
_LINK = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^\s\"'<>)\]}|\\,`]+)")
_CALL = re.compile(r"(?:from_pretrained|from_single_file|load_lora_weights|load_ip_adapter)\(\s*(?:\.\.\.\s*)?[\"']([\w.-]+/[\w.-]+)[\"']")  # fmt: skip
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_NO_OWNER = frozenset({
    "api", "assets", "blog", "collections", "datasets", "docs", "hf-internal-testing", "huggingface", "join",
    "learn", "models", "organizations", "papers", "path", "posts", "settings", "spaces", "tasks", "to",
    "user", "username", "your",
})  # fmt: skip
_NO_NAME = frozenset({"resolve", "blob", "tree", "raw"})
_SIZE = re.compile(r"([\d.]+)\s*(KB|MB|GB)", re.I)
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
_BY_TYPE = {
    "checkpoint": "checkpoints", "lora": "loras", "vae": "vae", "controlnet": "controlnet", "clip": "text_encoders",
    "upscale": "upscale_models", "embedding": "embeddings", "gligen": "gligen", "clip_vision": "clip_vision",
    "diffusion_model": "diffusion_models", "unclip": "checkpoints", "t2i-adapter": "controlnet",
    "t2i-style": "controlnet",
}  # fmt: skip


class Named(NamedTuple):
    """What somebody official says of one file name. `repo` and `path` are "" where the address is of another host."""

    name: str
    url: str
    repo: str
    path: str
    folder: str  # the `folder_paths` name; "" where it does not say
    size: int | None = None  # bytes, rounded as it is printed
    base: str = ""  # the base model, in the Manager's words
    where: str = ""  # the template


class Real(NamedTuple):
    """All of it. `problems`: what could not be had, and why."""

    templates: tuple[Named, ...]
    manager: tuple[Named, ...]
    ids: tuple[str, ...]  # every real repository, whether files of it are known or not
    manager_folder: Path | None
    problems: tuple[str, ...]


def read_real(corpus: Path | None) -> Real:
    """Everything that can be had on this machine. The packages are fetched on first use, as the Manager is."""
    problems = []
    files = template_files()
    if not files:
        problems.append("templates: the package comfyui-workflow-templates-json is not installed")
    found = manager_folder()
    if isinstance(found, str):
        problems.append(f"Manager's list: {found}")
    folder = None if isinstance(found, str) else found
    ids: set[str] = set()
    for path in files:
        ids |= linked(path.read_text("utf-8"))
    for name in ("model-list.json", "custom-node-list.json"):
        ids |= linked((folder / name).read_text("utf-8")) if folder else set()
    for path in sorted(corpus.rglob("*.json")) if corpus else ():
        ids |= linked(path.read_text("utf-8", "ignore"))
    for package in PACKAGES:
        wheel = fetched(package)
        if isinstance(wheel, str):
            problems.append(f"ids of real repositories: {wheel}")
        else:
            ids |= _in_sources(wheel)
    templates, manager = tuple(_templates(files)), tuple(_manager(folder))
    ids |= {one.repo for one in (*templates, *manager) if one.repo}
    return Real(templates, manager, tuple(sorted(_one_spelling(ids))), folder, tuple(problems))


def place(url: str) -> tuple[str, str] | None:
    """Repository and path of an address at Hugging Face; None for any other."""
    parts = urlsplit(url)
    names = [unquote(name) for name in parts.path.split("/") if name]
    if parts.hostname not in _HOSTS or len(names) < 5 or names[2] not in ("resolve", "blob", "raw"):
        return None
    return "/".join(names[:2]), "/".join(names[4:])


def linked(text: str) -> set[str]:
    """The repositories that addresses in a text lead to."""
    found = ("/".join(re.split(r"[?#]", one)[0].split("/")[:2]).rstrip(".:;*_") for one in _LINK.findall(text))
    return {one for one in found if _is_repo(one)}


def manager_folder() -> Path | str:
    """Where the installed Manager keeps its lists; a text says why there is none."""
    python = installed()
    if isinstance(python, str):
        return python
    found = sorted(python.parent.parent.glob("lib/python*/site-packages/comfyui_manager/model-list.json"))
    return found[-1].parent if found else "model-list.json is not in the package"


def fetched(package: str) -> Path | str:
    """A package's wheel in the user's cache; a text says why there is none. Nothing of it is installed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "comfyfixersmart" / "sources"
    name, _, version = package.partition("==")
    pattern = f"{name}-{version}-*.whl"
    if not list(cache.glob(pattern)):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary=:all:",
            "-d",
            cache,
            package,
        ]
        try:
            cache.mkdir(parents=True, exist_ok=True)
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        except subprocess.CalledProcessError as error:
            return f"{package} could not be fetched: {(error.stderr.strip().splitlines() or ['?'])[-1][:120]}"
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{package} could not be fetched: {error}"
    wheels = list(cache.glob(pattern))
    return wheels[0] if wheels else f"{package} brought no wheel"


def _in_sources(wheel: Path) -> set[str]:
    found: set[str] = set()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".py"):
                text = archive.read(name).decode("utf-8", "ignore")
                found |= linked(text) | {one for one in _CALL.findall(text) if _is_repo(one)}
    return found


def _is_repo(text: str) -> bool:
    owner, _, name = text.partition("/")
    return bool(_REPO.fullmatch(text)) and owner.lower() not in _NO_OWNER and name not in _NO_NAME and "." not in owner


def _one_spelling(ids: Iterable[str]) -> Iterator[str]:
    """The service takes two spellings of one id for one repository."""
    return iter({one.lower(): one for one in sorted(ids, reverse=True)}.values())


def _templates(files: list[Path]) -> Iterator[Named]:
    """Every model that a node names in its `properties.models`, once per template."""
    for path in files:
        graph = json.loads(path.read_bytes())
        if not isinstance(graph, dict) or "nodes" not in graph:
            continue
        active, _ = truth(graph)
        said = dict.fromkeys((m["name"], m["url"].partition("?")[0], m["directory"]) for m in _models(graph))
        for name, url, directory in said:
            if name in active and directory in active[name]:
                repo, inside = place(url) or ("", "")
                yield Named(name, url, repo, inside, directory, where=path.name)


def _models(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for model in value.get("models") or () if isinstance(value.get("models"), list) else ():
            if isinstance(model, dict) and {"name", "url", "directory"} <= model.keys():
                yield model
        for one in value.values():
            yield from _models(one)
    elif isinstance(value, list):
        for one in value:
            yield from _models(one)


def _manager(folder: Path | None) -> Iterator[Named]:
    for one in json.loads((folder / "model-list.json").read_bytes())["models"] if folder else ():
        if one["filename"].startswith("<") or "://" not in one["url"]:
            continue  # whole repositories, not files
        repo, inside = place(one["url"]) or ("", "")
        top = one["save_path"].partition("/")[0]
        known = _BY_TYPE.get(one["type"].lower(), "") if top == "default" else top
        number = _SIZE.fullmatch(one["size"].strip())
        size = int(float(number[1]) * _UNITS[number[2].upper()]) if number else None
        yield Named(one["filename"], one["url"].partition("?")[0], repo, inside, known, size, one["base"])
