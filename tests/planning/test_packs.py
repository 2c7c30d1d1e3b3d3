"""Node packs: what may be installed, what is here already, and what is refused."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.policy import bad_pack
from comfyfixersmart.core.actions.types import COMMAND, ENABLE_PACK, INSTALL_PACK, MANAGER_V4
from comfyfixersmart.core.inventory.types import DISABLED, FAILED, LOADED, Pack
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.resolution.types import NOT_FOUND, UNCERTAIN
from comfyfixersmart.core.sources.types import PackCandidate

from ..workflow.graphs import node
from .scene import Scene, left, one, pack


def lost(*types: str, **properties: str) -> list[object]:
    return [node(at, name, properties=properties) for at, name in enumerate(types, 10)]


def test_a_pack_is_installed_at_the_version_that_was_checked(scene: Scene) -> None:
    scene.flow("a.json", *lost("LostWren"))
    scene.found(pack(), name="LostWren")
    plan = scene.plan(manager=MANAGER_V4)
    action = one(plan)
    assert (action.kind, action.title, action.workflows) == (INSTALL_PACK, "Tide nodes", ("a.json",))
    task = action.pack
    assert task is not None
    assert (task.registry_id, task.version, task.status, task.through) == ("tide-nodes", "1.2.0", "Active", MANAGER_V4)
    assert task.command and "tide-nodes" in task.command
    assert action.why == "It brings LostWren. It is the one."
    assert [(risk.code, risk.consent) for risk in action.risks] == [("runs_code", "")]
    assert "maplehurst" in action.risks[0].text
    assert one(scene.plan()).pack.through == COMMAND  # type: ignore[union-attr]


def test_several_types_of_one_pack_are_one_action(scene: Scene) -> None:
    scene.flow("a.json", *lost("LostWren", "LostTern"))
    scene.flow("b.json", *lost("LostTern", "LostKite", "LostRook", "LostCrow"))
    for name in ("LostWren", "LostTern", "LostKite", "LostRook", "LostCrow"):
        scene.found(pack(), name=name)
    action = one(scene.plan())
    assert action.workflows == ("a.json", "b.json")
    assert action.why == "It brings LostTern, LostWren, LostCrow and 2 more node types. It is the one."
    assert left(scene.plan(leave_out=[action.id])).kind == "pack"


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("Banned", "has banned this pack"),
        ("Deleted", "has deleted this pack"),
        ("Flagged", "possibly harmful"),
        ("Pending", "has not finished checking"),
        ("", "is not known"),
    ],
)
def test_only_active_versions_are_installed(scene: Scene, status: str, why: str) -> None:
    scene.flow("a.json", *lost("LostWren"))
    scene.found(pack(status=status), name="LostWren")
    plan = scene.plan()
    told = left(plan)
    assert not plan.actions and why in told.why and told.code == "POLICY001" and told.hint
    assert told.help == ("https://registry.comfy.org/nodes/tide-nodes",)


def test_what_has_no_version_or_is_in_no_registry_is_left_to_the_person(scene: Scene) -> None:
    scene.flow("a.json", *lost("LostWren"))
    for version in ("", "nightly", "latest"):
        scene.found(pack(version=version), name="LostWren")
        assert "Which version" in left(scene.plan()).why
    repo = PackCandidate("git:a/b", "manager", "", "https://github.com/a/b", "B", has_class=True)
    scene.found(repo, name="LostWren")
    assert "not in the Comfy Registry" in left(scene.plan()).why
    assert "https://github.com/a/b" in left(scene.plan()).hint


KNOWN_BAD = [
    (name, version)
    for entry in document("policy")["bad_packs"]
    for name in entry["names"]
    for version in entry.get("versions", ("1.0.0",))
]


@pytest.mark.parametrize(("name", "version"), KNOWN_BAD)
def test_what_is_known_to_do_harm_is_refused(scene: Scene, name: str, version: str) -> None:
    scene.flow("a.json", *lost("LostWren"))
    spelled = [
        pack(name, version=version),
        pack(name.replace("-", "_").upper(), version=f"v{version}"),
        pack(version=version, repo=f"https://github.com/someone/{name}.git"),
        pack(version=version, repo=f"https://github.com/{name}/nodes"),
        pack(version=version, author=name),
    ]
    for one_of_them in spelled:
        scene.found(one_of_them, name="LostWren")
        plan = scene.plan()
        assert not plan.actions and left(plan).why.startswith("Refused: "), one_of_them
        assert left(plan).code == "POLICY001" and not left(plan).help


def test_other_versions_and_other_names_are_not() -> None:
    assert {"comfyui-llmvision", "ultralytics"} <= {name for name, _ in KNOWN_BAD}
    assert bad_pack(["ultralytics"], "8.3.40") is None
    assert bad_pack(["comfyui-terminal-colours", "https://github.com/a/llm-vision"]) is None


def test_a_disabled_pack_is_enabled(scene: Scene) -> None:
    path = str(scene.base / "custom_nodes/wren-pack.disabled")
    off = Pack(
        "wren-pack.disabled",
        DISABLED,
        frozenset({"LostWren"}),
        path=path,
        version="1.0",
        ids=("wren-pack", "a/wren-pack"),
    )
    scene.packs = [off]
    scene.flow("a.json", *lost("LostWren"))
    action = one(scene.plan())
    assert (action.kind, action.title) == (ENABLE_PACK, "wren-pack")
    assert action.pack is not None and (action.pack.folder, action.pack.registry_id) == (path, "wren-pack")
    assert action.pack.command
    scene.packs = [replace(off, ids=("comfyui-llmvision",))]
    assert left(scene.plan()).why.startswith("Refused: ")


def test_a_pack_that_is_here_is_not_installed_again(scene: Scene) -> None:
    """The look-up names a pack that lies on this disk under its id or repository."""
    scene.flow("a.json", *lost("LostWren"))
    scene.found(pack(), name="LostWren")
    here = {"ids": ("tide-nodes", "maplehurst/tide-nodes"), "path": str(scene.base / "custom_nodes/tide")}
    scene.packs = [Pack("tide", LOADED, frozenset({"Tide"}), **here)]  # type: ignore[arg-type]
    told = left(scene.plan())
    assert "is here, without this node type" in told.why and told.hint == "Update the pack tide."
    scene.packs = [Pack("tide", FAILED, reason="No module named 'feather'", **here)]  # type: ignore[arg-type]
    assert "fails to import: No module named 'feather'" in left(scene.plan()).why
    scene.packs = [Pack("tide", DISABLED, **here)]  # type: ignore[arg-type]
    assert one(scene.plan()).kind == ENABLE_PACK


def test_broken_packs_and_newer_versions_are_left_to_the_person(scene: Scene) -> None:
    broken = Pack("wren-pack", FAILED, frozenset({"LostWren"}), reason="No module named 'feather'")
    old = Pack("tern-pack", LOADED, frozenset({"Tern"}), version="0.9", ids=("tern-pack",))
    scene.packs = [broken, old]
    scene.flow(
        "a.json", *lost("LostWren"), *lost("LostTern", cnr_id="tern-pack"), *lost("LostCore", cnr_id="comfy-core")
    )
    plan = scene.plan()
    told = {entry.name: entry for entry in plan.left_out}
    assert not plan.actions and {entry.kind for entry in plan.left_out} == {"pack"}
    assert "fails to import. No module named 'feather'." in told["wren-pack"].why
    assert told["tern-pack"].hint == "Update the pack tern-pack."
    assert told["comfy-core"].hint == "Update ComfyUI."


def test_an_open_question_is_said(scene: Scene) -> None:
    scene.flow("a.json", *lost("LostWren"))
    assert left(scene.plan()).hint == "Look up which pack brings it."
    scene.found(pack(), pack("other"), name="LostWren", state=UNCERTAIN)
    assert left(scene.plan()).hint == "Choose one of the 2 packs."
    scene.found(name="LostWren", state=NOT_FOUND, settle=("Open the page where it came from",))
    assert left(scene.plan()).hint == "Open the page where it came from."


def test_a_name_that_no_command_may_hold_is_refused(scene: Scene) -> None:
    scene.flow("a.json", *lost("LostWren"))
    scene.found(pack("-rf"), name="LostWren")
    plan = scene.plan()
    assert not plan.actions and left(plan).code == "POLICY001"


_STARTED: list[str] = []
_WATCHED = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile"}


def _heard(event: str, arguments: tuple[object, ...]) -> None:
    if event in _WATCHED:
        _STARTED.append(event)


def test_planning_starts_no_program(scene: Scene) -> None:
    sys.addaudithook(_heard)  # there is no way to take one back; it only listens
    scene.flow("a.json", *lost("LostWren", "LostTern"))
    scene.found(pack(), name="LostWren")
    scene.found(pack("comfyui-llmvision"), name="LostTern")
    _STARTED.clear()
    plan = scene.plan()
    assert (len(plan.actions), len(plan.left_out)) == (1, 1)
    assert _STARTED == []


def test_packs_come_last(scene: Scene) -> None:
    scene.put("loras/heron.safetensors")
    scene.flow("a.json", *lost("LostWren"), vae="heron.safetensors")
    scene.found(pack(), name="LostWren")
    assert [action.kind for action in scene.plan().actions] == ["move", INSTALL_PACK]
    assert Path(scene.base).is_dir() and not os.path.exists(scene.base / "custom_nodes")
