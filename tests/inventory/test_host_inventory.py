"""The inventory of the ComfyUI that we run in: who decides about folders, what became of each pack, and the snapshot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.catalogue.build import build
from comfyfixersmart.core.inventory.host import Facts, TypeFacts, host_inventory
from comfyfixersmart.core.inventory.inputs import list_inputs
from comfyfixersmart.core.inventory.models import list_models
from comfyfixersmart.core.inventory.packs.cache import Sources
from comfyfixersmart.core.inventory.packs.log import built_in_failures, import_failures, reason_of
from comfyfixersmart.core.inventory.packs.running import (
    NO_REASON,
    NOT_YET,
    SINCE_START,
    Loading,
    running_packs,
    with_types,
)
from comfyfixersmart.core.inventory.server.decide import decide, is_open
from comfyfixersmart.core.inventory.server.lists import FileLists
from comfyfixersmart.core.inventory.snapshot import GONE, NEW, read_snapshot, write_snapshot
from comfyfixersmart.core.inventory.source import SourcePack
from comfyfixersmart.core.inventory.types import Folder, Inventory, Pack
from comfyfixersmart.core.knowledge import document

A, B, C = ("loras",), ("checkpoints",), ("vae",)
LISTS = {
    "loras": ["soft.safetensors", "hard.safetensors"],
    "checkpoints": ["base.safetensors"],
    "twin": ["soft.safetensors", "hard.safetensors"],
    "more": ["extra.gguf"],
    "vae": [],
    "clip": [],
}
SOFT = LISTS["loras"]


@pytest.mark.parametrize(
    ("choices", "known", "source", "found", "asks"),
    [
        pytest.param(LISTS["checkpoints"], B, None, B, False, id="the list confirms knowledge"),
        pytest.param(LISTS["checkpoints"], None, B, B, True, id="the list needs no source"),
        pytest.param(LISTS["checkpoints"], A, None, B, True, id="the list contradicts knowledge"),
        pytest.param(LISTS["checkpoints"], None, A, B, True, id="the list contradicts the source"),
        pytest.param(SOFT, A, None, A, False, id="equal lists: knowledge decides"),
        pytest.param(SOFT, None, ("twin",), ("twin",), True, id="equal lists: the source decides"),
        pytest.param(SOFT, C, A, A, True, id="equal lists against knowledge: the source decides"),
        pytest.param(SOFT, None, None, ("loras", "twin"), True, id="equal lists: a tie"),
        pytest.param(SOFT, C, None, ("loras", "twin"), True, id="equal lists against knowledge: a tie"),
        pytest.param([], C, None, C, False, id="empty: knowledge"),
        pytest.param([], A, None, A, False, id="empty proves nothing against a folder with files"),
        pytest.param([], None, ("clip",), ("clip",), True, id="empty: the source"),
        pytest.param([], None, None, ("vae", "clip"), True, id="empty: a tie"),
        pytest.param(["None"], C, None, C, False, id="only a placeholder: knowledge"),
        pytest.param(["None"], None, C, C, True, id="only a placeholder: the source"),
        pytest.param(["None"], None, None, None, True, id="only a placeholder: nobody"),
        pytest.param(["None", *LISTS["checkpoints"]], None, None, B, True, id="beside the files"),
        pytest.param(["None", *LISTS["checkpoints"]], B, None, B, False, id="beside the files, confirmed"),
        pytest.param([*LISTS["checkpoints"], "extra.gguf"], ("checkpoints", "more"), None, ("checkpoints", "more"), False, id="two folders"),
        pytest.param(LISTS["checkpoints"], ("checkpoints", "vae"), None, ("checkpoints", "vae"), False, id="one of two is empty"),
        pytest.param(LISTS["checkpoints"], None, ("vae", "checkpoints"), ("vae", "checkpoints"), True, id="the source tells of an empty one"),
        pytest.param(["soft.safetensors"], A, None, A, False, id="a part of the folder: knowledge"),
        pytest.param(["soft.safetensors"], None, A, A, True, id="a part of the folder: the source"),
        pytest.param(["soft.safetensors"], None, None, None, True, id="a part of the folder: nobody"),
        pytest.param(["nowhere.ckpt"], A, None, A, False, id="files of no folder: knowledge"),
        pytest.param(["euler", "heun"], None, A, A, False, id="plain choices ask nobody"),
        pytest.param(["euler", "heun"], None, None, None, False, id="plain choices"),
        pytest.param(LISTS["checkpoints"], ("unheard",), None, B, True, id="a folder that is not here"),
        pytest.param([1, None], None, None, None, False, id="no texts"),
    ],
)  # fmt: skip
def test_who_decides_which_folder_an_input_reads(
    choices: list[Any], known: tuple[str, ...] | None, source: tuple[str, ...] | None, found: object, asks: bool
) -> None:
    lists = FileLists(LISTS)
    assert decide(lists, choices, known, source) == found
    assert is_open(lists, choices, known) == asks


LOG = """\
Traceback (most recent call last):
  File "/x/nodes.py", line 1, in load_custom_node
    raise
ModuleNotFoundError: No module named 'lantern'

Cannot import /c/one module for custom nodes: No module named 'lantern'
Traceback (most recent call last):
  File "/c/two/__init__.py", line 1
ImportError

Cannot import /c/two module for custom nodes: 
Error while calling comfy_entrypoint in /c/three: it is dark
comfy_entrypoint in /c/four did not return a ComfyExtension, skipping.
Cannot import /c/with module in it module for custom nodes: bad\x1b[31m name
Skip /c/web module for custom nodes due to the lack of NODE_CLASS_MAPPINGS or NODES_LIST (need one).
IMPORT FAILED: nodes_lantern.py
"""  # noqa: W291 (an exception without a text leaves that space)


def test_the_log_tells_why_packs_failed() -> None:
    assert import_failures(LOG) == {
        "/c/one": "ModuleNotFoundError: No module named 'lantern'",
        "/c/two": "ImportError",
        "/c/three": "comfy_entrypoint raised it is dark",
        "/c/four": "comfy_entrypoint did not return a ComfyExtension",
        "/c/with module in it": "bad [31m name",
    }
    assert built_in_failures(LOG) == ("nodes_lantern.py",)
    assert reason_of("it is dark\nmore", "Traceback\nOSError: it is dark\nmore") == "OSError: it is dark"


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def source(path: str) -> SourcePack:
    name = os.path.basename(path)
    from comfyfixersmart.core.catalogue.types import NodeType

    return SourcePack(name, {f"Of {name}": NodeType(f"Of {name}")})


def judged(root: Path, **loading: Any) -> dict[str, Pack]:
    return {pack.name: pack for pack in with_types(running_packs([str(root)], Loading(**loading), []), source)}


def test_what_became_of_each_pack(tmp_path: Path) -> None:
    root = tmp_path / "custom_nodes"
    for name in ("with_types", "only_scripts", "broken", "off.disabled", ".disabled/away", "fresh", "silent", "late"):
        put(root / name / "__init__.py")
    single = put(root / "single.py")
    found = judged(
        root,
        loaded={"with_types": "", "only_scripts": "", str(single)[:-3]: str(root), "late": ""},
        types={"with_types": frozenset({"One"}), "single": frozenset({"Two"}), "removed": frozenset({"Three"})},
        failures={str(root / "broken"): "OSError: dark"},
        before=frozenset(str(root / name) for name in ("with_types", "only_scripts", "broken", "silent", "late")),
    )
    told = {name: (pack.state, pack.reason, sorted(pack.node_types)) for name, pack in found.items()}
    assert told == {
        "with_types": ("loaded", "", ["One"]),
        "only_scripts": ("loaded", "", []),
        "late": ("loaded", "", []),
        "single.py": ("loaded", "", ["Two"]),
        "broken": ("failed", "OSError: dark", ["Of broken"]),
        "off": ("disabled", "disabled", ["Of off.disabled"]),
        "away": ("disabled", "disabled", ["Of away"]),
        "fresh": ("unreadable", NOT_YET, []),
        "silent": ("failed", NO_REASON, ["Of silent"]),
        "removed": ("loaded", "", ["Three"]),
    }
    assert not found["fresh"].complete and found["with_types"].complete


def test_packs_that_comfyui_was_told_to_pass_over(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / name / "__init__.py")
    found = judged(tmp_path, loaded={"a": ""}, allowed=frozenset({"a"}))
    assert (found["a"].state, found["b"].state) == ("loaded", "disabled")
    assert "--disable-all-custom-nodes" in found["b"].reason


def test_a_pack_that_was_updated_meanwhile_is_still_the_old_one(tmp_path: Path) -> None:
    put(tmp_path / "a/__init__.py")
    old, new = judged(tmp_path, loaded={"a": ""}, started=2e9), judged(tmp_path, loaded={"a": ""}, started=1.0)
    assert (old["a"].reason, new["a"].reason) == ("", SINCE_START)
    assert new["a"].complete and new["a"].state == "loaded"


QUILL = """
import folder_paths
class Quill:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"quill": (folder_paths.get_filename_list("quills"),)}}
NODE_CLASS_MAPPINGS = {"Quill": Quill}
"""


def combo(*choices: str, **settings: Any) -> tuple[Any, ...]:
    return (list(choices), settings) if settings else (list(choices),)


def taken(base: Path, files: dict[str, list[str]], **types: TypeFacts) -> Inventory:
    """The inventory of a small place with these types; `files` are put into the models folder."""
    for folder, names in files.items():
        for name in names:
            put(base / "models" / folder / name)
    for name in ("input/cat.png", "nodes.py"):
        put(base / name)
    put(base / "custom_nodes/pens/__init__.py", QUILL)
    put(base / "custom_nodes/bad/__init__.py", "raise OSError")
    table = {name: Folder(name, (str(base / "models" / name),), frozenset()) for name in files}
    table["custom_nodes"] = Folder("custom_nodes", (str(base / "custom_nodes"),), frozenset())
    facts = Facts(
        base=str(base),
        code=str(base),
        version="0.3.75",
        taken=1_700_000_000.0,
        started=2e9,
        types=types,
        folders=table,
        files=files,
        aliases=dict(document("folders")["aliases"]),
        directories={"input": str(base / "input")},
        packs=running_packs(
            [str(base / "custom_nodes")],
            Loading(
                loaded={"pens": ""},
                types={"pens": frozenset({"Quill"})},
                failures={str(base / "custom_nodes/bad"): "OSError"},
            ),
            [],
        ),
    )
    return host_inventory(
        facts, list_models(table.values()), list_inputs(str(base / "input")), Sources(str(base), None)
    )


def facts(required: dict[str, Any], module: str = "nodes", **more: Any) -> TypeFacts:
    return TypeFacts({"input": {"required": required}, "output": ("MODEL",), "python_module": module}, **more)


def test_a_fresh_installation_is_decided_by_knowledge_and_source(tmp_path: Path) -> None:
    files: dict[str, list[str]] = {"checkpoints": [], "loras": [], "vae": [], "quills": []}
    found = taken(
        tmp_path,
        files,
        CheckpointLoaderSimple=facts({"ckpt_name": combo()}),
        Quill=facts({"quill": combo("None")}, "custom_nodes.pens"),
        Other=facts({"thing": combo()}, "custom_nodes.elsewhere"),
        LoadLatent=facts({"latent": combo()}),
    )

    def folders(kind: str, name: str) -> object:
        one = found.definitions[kind].input(name)
        return (one.folders, one.extras, one.media) if one else None

    assert folders("CheckpointLoaderSimple", "ckpt_name") == (("checkpoints",), (), None)
    assert folders("Quill", "quill") == (("quills",), ("None",), None)
    assert folders("Other", "thing") == (("checkpoints", "loras", "vae", "quills"), (), None)
    assert folders("LoadLatent", "latent") == (None, (), "file")
    catalogue = build(found.definitions, document("nodes"), document("virtual_types"), aliases=found.aliases)
    kept = catalogue.get("Quill")
    assert kept is not None and kept.inputs == found.definitions["Quill"].inputs


def test_what_a_class_checks_itself_and_what_it_does_not_list(tmp_path: Path) -> None:
    entry = {"mode": combo("a", "b", default="a"), "n": ("INT", {"min": 1, "max": 3})}
    found = taken(
        tmp_path,
        {"loras": []},
        Strict=facts(entry),
        Half=facts(entry, unchecked=frozenset({"mode"})),
        Free=facts(entry, unchecked=None, takes_any=True),
        Mute=TypeFacts({"python_module": "nodes"}, error="RuntimeError: \x1b dark"),
    ).definitions
    shown = {
        kind: [(one.options, one.maximum) for one in node.inputs or ()] for kind, node in found.items() if node.inputs
    }
    assert shown == {
        "Strict": [(("a", "b"), None), (None, 3)],
        "Half": [(None, None), (None, 3)],
        "Free": [(None, None), (None, None)],
    }
    assert [kind for kind, node in found.items() if node.dynamic] == ["Free"]
    assert found["Mute"].inputs is None and found["Strict"].outputs == ("MODEL",) and found["Strict"].exact


def test_a_class_that_cannot_be_asked_is_a_gap_in_words(tmp_path: Path) -> None:
    found = taken(tmp_path, {"loras": []}, Mute=TypeFacts({}, error="RuntimeError: \x1b dark"))
    assert "Mute" in found.definitions and len(found.gaps) == 1
    assert "Mute (RuntimeError:   dark)" in found.gaps[0]


def test_the_snapshot_of_a_host_says_the_same_when_comfyui_is_closed(tmp_path: Path) -> None:
    base = tmp_path / "ui"
    found = taken(
        base,
        {"checkpoints": ["base.safetensors"], "loras": [], "quills": ["a.ink"]},
        CheckpointLoaderSimple=facts({"ckpt_name": combo("base.safetensors")}),
        Quill=facts({"quill": combo("None", "a.ink")}, "custom_nodes.pens"),
        Sampler=facts({"name": combo("euler"), "n": ("INT", {"min": 0})}),
    )
    write_snapshot(tmp_path / "s/snapshot.json", found)
    text = (tmp_path / "s/snapshot.json").read_text()
    assert "base.safetensors" not in text and "a.ink" not in text
    back = read_snapshot(tmp_path / "s/snapshot.json")
    for kind, node in found.definitions.items():
        same = back.definitions[kind]
        assert (same.inputs, same.output, same.pack) == (node.inputs, node.output, node.pack), kind
    assert back.packs == found.packs and back.models == found.models and back.inputs == found.inputs
    assert back.gaps == found.gaps and back.folders == found.folders and back.taken == found.taken


def test_a_snapshot_does_not_believe_what_the_disk_contradicts(tmp_path: Path) -> None:
    base = tmp_path / "ui"
    found = taken(base, {"quills": []}, Quill=facts({"quill": combo()}, "custom_nodes.pens"))
    found.packs = tuple(
        pack if pack.name != "pens" else Pack(**{**_fields(pack), "reason": SINCE_START}) for pack in found.packs
    )
    write_snapshot(tmp_path / "s.json", found)
    put(base / "custom_nodes/fresh/__init__.py")
    (base / "custom_nodes/bad/__init__.py").unlink()
    (base / "custom_nodes/bad").rmdir()
    packs = {pack.name: pack for pack in read_snapshot(tmp_path / "s.json").packs}
    assert (packs["bad"].reason, packs["fresh"].reason) == (GONE, NEW)
    assert packs["pens"].state == "unreadable", "the source is newer than what was loaded"


def _fields(pack: Pack) -> dict[str, Any]:
    return {name: getattr(pack, name) for name in Pack.__slots__}


def test_the_digest_follows_what_is_there(tmp_path: Path) -> None:
    def digest(*choices: str, version: str = "a") -> str:
        return taken(tmp_path / version, {"loras": []}, One=facts({"mode": combo(*choices)})).digest

    assert digest("a", "b") == digest("a", "b") != digest("a", "c")
