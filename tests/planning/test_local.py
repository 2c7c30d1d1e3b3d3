"""What is here already: moves, links, and names in a new version of the workflow."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.relink import apply
from comfyfixersmart.core.actions.types import HARD, LINK, MOVE, RELINK, SYMBOLIC
from comfyfixersmart.core.errors import ComfyFixerError

from ..workflow.graphs import graph, node
from .scene import VAE, Scene, content, hub, left, one, sha

# ---- in the wrong folder -----------------------------------------------------------------------------------


def test_a_file_in_the_wrong_folder_is_moved(scene: Scene) -> None:
    here = scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    action = one(scene.plan())
    assert (action.kind, action.origin, action.destination) == (MOVE, str(here), scene.path(f"vae/{VAE}"))
    assert (action.folder, action.root, action.size, action.link) == ("vae", scene.path("vae"), 0, "")
    assert (action.origin_size, action.origin_mtime_ns) == (here.stat().st_size, here.stat().st_mtime_ns)
    assert action.why == f"A file of this name is in loras: {VAE}. No workflow uses it there."
    assert here.exists() and not os.path.exists(action.destination)


def test_a_file_that_another_workflow_uses_where_it_is_is_linked(scene: Scene) -> None:
    scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    scene.flow("b.json", loras=VAE)
    action = one(scene.plan())
    assert (action.kind, action.link) == (LINK, HARD)
    assert action.why.endswith("It stays there as well: a workflow uses a file of this name.")


def test_two_workflows_that_lack_it_do_not_use_it(scene: Scene) -> None:
    scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    scene.flow("b.json", vae=VAE)
    assert one(scene.plan()).kind == MOVE and one(scene.plan()).workflows == ("a.json", "b.json")


def test_what_the_person_prefers_is_done_and_keeps_its_id(scene: Scene) -> None:
    scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    move = one(scene.plan())
    link = one(scene.plan(prefer={move.id: "link"}))
    assert (move.kind, link.kind, link.id) == (MOVE, LINK, move.id)
    scene.flow("b.json", loras=VAE)
    assert one(scene.plan(prefer={move.id: "move"})).kind == MOVE
    assert left(scene.plan(leave_out=[move.id])).why == "You left it out."


def test_a_file_on_another_disk_is_linked_not_copied(scene: Scene) -> None:
    scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    scene.volumes = {"models/loras": "other"}
    action = one(scene.plan())
    assert (action.kind, action.link) == (LINK, SYMBOLIC)
    moved = scene.plan(prefer={action.id: "move"})
    assert one(moved).kind == MOVE and [volume.needed for volume in moved.volumes] == [len(content(VAE))]


def test_the_place_has_to_be_free(scene: Scene) -> None:
    scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    needs, inventory = scene.needs(), scene.inventory()
    os.symlink("nowhere", scene.path(f"vae/{VAE}"))
    plan = scene.plan(needs, inventory=inventory)
    assert not plan.actions and "lies there already" in left(plan).why, "a link to nothing is something too"


def test_a_file_that_went_away_is_said(scene: Scene) -> None:
    here = scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    needs, inventory = scene.needs(), scene.inventory()
    here.unlink()
    assert "is not there any more" in left(scene.plan(needs, inventory=inventory)).why


def test_a_file_of_a_kind_that_is_not_listed_stays(scene: Scene) -> None:
    scene.put("loras/heron.gguf")
    scene.flow("a.json", loras="heron.gguf")
    told = left(scene.plan())
    assert (told.code, told.kind) == ("MODEL002", "local")
    assert "lists no .gguf files" in told.why and "Use a loader for .gguf files" in told.hint


# ---- under another name ------------------------------------------------------------------------------------


def test_all_names_of_a_workflow_are_one_new_version(scene: Scene) -> None:
    scene.put("loras/styles/paper.safetensors")
    scene.put("vae/old/heron_vae.safetensors")
    flow = scene.flow("sub/a.json", loras="paper.safetensors", vae=VAE)
    (flow.parent / "a.v2.json").write_text("{}")
    before = flow.read_bytes()
    plan = scene.plan()
    action = one(plan)
    assert (action.kind, action.title) == (RELINK, "a.v3.json")
    assert (action.origin, action.destination) == (str(flow), str(flow.parent / "a.v3.json"))
    assert (action.origin_size, action.origin_mtime_ns) == (len(before), flow.stat().st_mtime_ns)
    assert sorted((edit.before, edit.after) for edit in action.edits) == [
        (VAE, f"old{os.sep}{VAE}"),
        ("paper.safetensors", f"styles{os.sep}paper.safetensors"),
    ]
    assert action.workflows == ("sub/a.json",) and not action.after
    after = apply(before, action.edits)
    assert (action.size, action.sha256) == (len(after), sha(after))
    assert flow.read_bytes() == before and not plan.left_out


def test_the_new_version_would_have_no_such_finding(scene: Scene) -> None:
    scene.put("loras/styles/paper.safetensors")
    flow = scene.flow("a.json", loras="paper.safetensors")
    action = one(scene.plan())
    Path(action.destination).write_bytes(apply(flow.read_bytes(), action.edits))
    assert [need.workflow for need in scene.needs()] == ["a.json"]


def test_two_names_in_one_prompt(scene: Scene) -> None:
    scene.folders["embeddings"] = [scene.base / "models/embeddings"]
    for name in ("light/soft.pt", "dark/hard.pt"):
        scene.put(f"embeddings/{name}")
    scene.flow("a.json", node(5, "CLIPTextEncode", "a heron, embedding:soft.pt, (embedding:hard.pt:0.8)"))
    action = one(scene.plan())
    (edit,) = action.edits
    assert edit.after == "a heron, embedding:light/soft.pt, (embedding:dark/hard.pt:0.8)"


def test_a_name_that_does_not_help_is_not_written(scene: Scene) -> None:
    scene.put("loras/styles/paper.safetensors")
    scene.put("vae/old/heron_vae.safetensors")
    scene.flow("a.json", loras="paper.safetensors", vae=VAE)
    asked = []

    def recheck(path: str, data: bytes) -> set[tuple[str, str]]:
        asked.append(json.loads(data))
        return {("MODEL003", VAE)}

    plan = scene.plan(recheck=recheck)
    assert [edit.before for edit in one(plan).edits] == ["paper.safetensors"]
    assert "did not make the workflow find it" in left(plan).why
    assert left(plan).hint == f"Choose old{os.sep}{VAE} in VAELoader 2 by hand."
    assert len(asked) == 2, "what is left is checked without it"
    assert not scene.plan(
        recheck=lambda *_: {("MODEL001", f"styles{os.sep}paper.safetensors"), ("MODEL003", VAE)}
    ).actions


def test_a_failed_check_plans_nothing(scene: Scene) -> None:
    def recheck(path: str, data: bytes) -> set[tuple[str, str]]:
        raise ComfyFixerError("bad_version", "It cannot be read again.", "Change it by hand.")

    scene.put("loras/styles/paper.safetensors")
    scene.flow("a.json", loras="paper.safetensors")
    plan = scene.plan(recheck=recheck)
    assert not plan.actions and left(plan).why == "It cannot be read again."


def test_pictures_and_the_canvas_are_left_out(scene: Scene) -> None:
    scene.put("loras/styles/paper.safetensors")
    scene.flow("a.json", loras="paper.safetensors")
    needs = scene.needs()
    canvas = left(scene.plan([need._replace(path="") for need in needs]))
    picture = left(scene.plan([need._replace(path="/x/heron.png") for need in needs]))
    assert (canvas.kind, canvas.code) == ("local", "MODEL003")
    assert "on the canvas only" in canvas.why and "inside a picture" in picture.why
    assert canvas.hint == picture.hint == "Save it as .json first, then plan again."


def test_a_version_can_be_left_out(scene: Scene) -> None:
    scene.put("loras/styles/paper.safetensors")
    scene.flow("a.json", loras="paper.safetensors")
    action = one(scene.plan())
    (scene.flows / "a.v7.json").write_text("{}")
    assert one(scene.plan()).id == action.id, "whichever number it gets"
    plan = scene.plan(leave_out=[action.id])
    assert not plan.actions and left(plan).why == "You left it out."


def test_a_workflow_that_changed_meanwhile(scene: Scene) -> None:
    scene.put("loras/styles/paper.safetensors")
    flow = scene.flow("a.json", loras="paper.safetensors")
    needs = scene.needs()
    flow.write_text(json.dumps(graph(node(1, "LoraLoader", "other.safetensors"))))
    assert "does not stand in the node's own values" in left(scene.plan(needs)).why
    flow.unlink()
    assert "cannot be read" in left(scene.plan(needs)).why


@pytest.mark.skipif(os.sep != "/", reason="names of the other system")
def test_a_moved_file_with_a_name_of_windows(scene: Scene) -> None:
    scene.put("vae/paper.safetensors")
    scene.flow("a.json", loras="styles\\paper.safetensors")
    plan = scene.plan()
    move, relink = one(plan, MOVE), one(plan, RELINK)
    assert move.destination == scene.path("loras/styles/paper.safetensors")
    assert relink.after == (move.id,) and relink.edits[0].after == "styles/paper.safetensors"


def test_what_only_the_person_can_do_is_listed_briefly(scene: Scene) -> None:
    scene.flow("a.json", node(5, "LoadImage", "sketch.png"), vae=VAE)
    scene.packs[:] = []
    scene.found(hub(VAE))
    plan = scene.plan()
    told = [entry for entry in plan.left_out if entry.kind == "other"]
    assert len(plan.actions) == 1
    assert [(entry.code, entry.name) for entry in told] == [("INPUT001", "sketch.png")]
    assert told[0].hint.startswith("Choose one of your own")
