"""Test only: what the real ComfyUI says of a prompt, without running it.

    POST /oracle/validate {"prompts": [...]}  → one answer each: accepted, error, node_errors
    POST /oracle/hide     {"types": [...]}    → these node types are not there until the next call
    GET  /oracle/readers                      → which input offers the files of which folders, found with probe files

Every prompt goes the way of POST /prompt up to the queue: the handlers that packs hang into it, then the server's own
validation. File lists are read anew for each call.
"""

import copy
import inspect
import os
import uuid
from pathlib import Path

import execution
import folder_paths
from aiohttp import web
from server import PromptServer

import nodes

NODE_CLASS_MAPPINGS = {}
MEDIA = ("probe.png", "probe.mp4", "probe.wav", "probe.latent", "3d/probe.glb")  # what input folders are listed by
ANY_SUFFIX = ".probe"  # for folders that take every file

_server = PromptServer.instance
_hidden = {}


@_server.routes.post("/oracle/validate")
async def validate(request):
    body = await request.json()
    folder_paths.filename_list_cache.clear()
    return web.json_response([await _validate(prompt) for prompt in body["prompts"]])


async def _validate(prompt):
    asked = _server.trigger_on_prompt({"prompt": copy.deepcopy(prompt)})
    accepted, error, _, node_errors = await execution.validate_prompt(str(uuid.uuid4()), asked["prompt"], None)
    errors = {
        node_id: [(one["type"], one["extra_info"].get("input_name"), one["details"][:200]) for one in found["errors"]]
        for node_id, found in node_errors.items()
    }
    return {"accepted": accepted, "error": error and error["message"], "node_errors": errors}


@_server.routes.post("/oracle/hide")
async def hide(request):
    body = await request.json()
    nodes.NODE_CLASS_MAPPINGS.update(_hidden)
    _hidden.clear()
    for name in body["types"]:
        _hidden[name] = nodes.NODE_CLASS_MAPPINGS.pop(name)
    return web.json_response({})


@_server.routes.get("/oracle/readers")
async def readers(request):
    """{"folders": {folder: [directories]}, "readers": {class_type: {input: {"folders", "media", "checked"}}}}.

    `checked`: the server compares the value with the list. It does not where the class brings a check of its own for
    that input, nor, in this version, for the combos of V3 nodes.
    """
    probes = _place_probes()
    try:
        folder_paths.filename_list_cache.clear()
        found = {name: _reads(kind, probes) for name, kind in nodes.NODE_CLASS_MAPPINGS.items()}
    finally:
        for path in probes.values():
            path.unlink()
        folder_paths.filename_list_cache.clear()
    directories = {name: list(paths) for name, (paths, _) in folder_paths.folder_names_and_paths.items()}
    return web.json_response({"folders": directories, "readers": {name: one for name, one in found.items() if one}})


def _place_probes():
    """(folder, name) → the file: one of a name of its own in every model folder, and a few kinds of media."""
    probes = {}
    for folder, (paths, suffixes) in folder_paths.folder_names_and_paths.items():
        if folder != "custom_nodes" and paths and "folder" not in suffixes:
            name = f"probe {folder}{min(suffixes, default=ANY_SUFFIX) or ANY_SUFFIX}"
            probes[folder, name] = Path(paths[0]) / name
    for name in MEDIA:
        probes["", name] = Path(folder_paths.get_input_directory()) / name
    for path in probes.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return probes


def _reads(kind, probes):
    found = {}
    own = getattr(kind, "VALIDATE_INPUTS", None) or getattr(kind, "validate_inputs", None)
    judged = inspect.getfullargspec(own) if own else None
    sections = kind.INPUT_TYPES()
    for section in ("required", "optional"):
        for name, entry in sections.get(section, {}).items():
            offered = set(_texts(entry))
            hits = [folder for folder, probe in probes if probe.replace("/", os.sep) in offered]
            if hits:
                listed = isinstance(entry[0], list)
                mine = judged is not None and (name in judged.args or judged.varkw is not None)
                names = {probe for _, probe in probes}
                found[name] = {
                    "folders": [folder for folder in hits if folder],
                    "media": "" in hits,
                    "extras": sorted(offered - names),
                    "checked": listed and not mine,
                }
    return found


def _texts(value, depth=6):
    """All texts in a definition: V3 nests the choices."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, (list, tuple, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one, depth - 1)
