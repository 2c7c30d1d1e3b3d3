"""What the actions of one plan do to each other: none takes away what another one needs, none fights for its place."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.local import link, move
from comfyfixersmart.core.actions.types import DOWNLOAD, HARD, LINK, MOVE, RELINK, Action, Plan, Quiet
from comfyfixersmart.core.actions.versions import write_version

from ..workflow.graphs import node
from .scene import GB, VAE, Scene, content, hub, left, one, sha

_DO = {MOVE: move, LINK: link, RELINK: write_version}


def carry_out(plan: Plan) -> None:
    """Do all that needs no network, in the order of the plan. A plan must not fail by its own doing."""
    done: set[str] = set()
    for action in plan.actions:
        assert set(action.after) <= done, f"{action.title} comes before what it needs"
        if action.kind == DOWNLOAD:
            Path(action.destination).parent.mkdir(parents=True, exist_ok=True)
            Path(action.destination).write_bytes(content(action.title))
        else:
            _DO[action.kind](action, Quiet())
        done.add(action.id)


def by_folder(plan: Plan) -> dict[str, Action]:
    return {action.folder: action for action in plan.actions}


# ---- one file that several need ----------------------------------------------------------------------------


def test_a_file_that_two_places_need_is_linked_to_both(scene: Scene) -> None:
    here = scene.put(f"checkpoints/{VAE}")
    scene.flow("a.json", vae=VAE)
    scene.flow("b.json", loras=VAE)
    alone = one(scene.plan([need for need in scene.needs() if need.workflow == "a.json"]))
    assert alone.kind == MOVE
    plan = scene.plan(prefer={alone.id: "move"})
    both = by_folder(plan)
    assert {name: (action.kind, action.link) for name, action in both.items()} == {
        "vae": (LINK, HARD),
        "loras": (LINK, HARD),
    }
    assert both["vae"].id == alone.id and "No workflow" not in both["vae"].why
    assert both["vae"].why.endswith("It stays there as well: more than one place needs it.")
    carry_out(plan)
    assert here.exists() and not scene.plan().actions


def test_what_a_link_leads_to_is_not_moved_away(scene: Scene) -> None:
    here = scene.put("checkpoints/heron.safetensors")
    scene.flow("a.json", vae="heron.safetensors")
    scene.flow("b.json", loras="tern.safetensors")
    scene.found(hub("tern.safetensors", content("heron.safetensors")))
    plan = scene.plan()
    assert [(action.kind, action.origin) for action in plan.actions] == [(LINK, str(here))] * 2
    carry_out(plan)
    assert not scene.plan().actions


def test_what_a_new_version_names_is_not_moved_away(scene: Scene) -> None:
    here = scene.put(f"loras/sub/{VAE}")
    scene.flow("a.json", vae=VAE)
    scene.flow("b.json", loras=VAE)
    plan = scene.plan()
    assert [action.kind for action in plan.actions] == [LINK, RELINK]
    assert [edit.after for edit in one(plan, RELINK).edits] == [os.path.join("sub", VAE)]
    carry_out(plan)
    assert here.exists()


@pytest.mark.parametrize(
    ("folder", "file", "prompt"),
    [
        ("loras", "tide.safetensors", "a cat <lora:tide:0.8>"),
        ("loras", "set/tide.safetensors", "a cat <lora:Tide:0.8>"),
        ("embeddings", "tide.safetensors", "a cat, embedding:tide"),
    ],
)
def test_names_in_prompts_count_as_use(scene: Scene, folder: str, file: str, prompt: str) -> None:
    scene.folders["embeddings"] = [scene.base / "models/embeddings"]
    scene.put(f"{folder}/{file}")
    scene.flow("a.json", vae="tide.safetensors")
    assert one(scene.plan()).kind == MOVE
    scene.flow("b.json", node(3, "CLIPTextEncode", prompt))
    assert one(scene.plan()).kind == LINK


def test_who_wants_it_moved_all_the_same_is_told_what_that_breaks(scene: Scene) -> None:
    scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    scene.flow("b.json", loras=VAE)
    id = one(scene.plan()).id
    action = one(scene.plan(prefer={id: "move"}))
    assert action.kind == MOVE and action.why.endswith("A workflow that uses it there will not find it any more.")


def test_one_move_for_nodes_that_read_other_folders_besides(scene: Scene) -> None:
    """The same file in the same place, for findings that do not read alike."""
    scene.put(f"loras/{VAE}")
    scene.flow("a.json", vae=VAE)
    scene.flow("b.json", vae=VAE)
    first, second = scene.needs()
    second = second._replace(finding=second.finding._replace(folders=("vae", "vae_approx")))
    plan = scene.plan([first, second])
    assert one(plan).workflows == ("a.json", "b.json") and not plan.left_out


# ---- one place that several want ---------------------------------------------------------------------------


def test_a_move_and_a_download_do_not_fight_for_a_place(scene: Scene) -> None:
    scene.put("checkpoints/heron.safetensors")
    scene.flow("a.json", vae="heron.safetensors")
    loader = node(1, "VAELoader", "heron.safetensors")
    loader["properties"] = {"models": [{"name": "heron.safetensors", "directory": "vae", "size": 999}]}
    path = scene.flow("b.json")
    path.write_text(path.read_text().replace('"nodes": [', f'"nodes": [{json.dumps(loader)}, '))
    scene.found(hub("heron.safetensors", content("another one")))
    plan = scene.plan()
    action = one(plan)
    assert (action.kind, action.workflows) == (MOVE, ("a.json",))
    assert left(plan).why == "Another file is planned under this name, for a.json." and left(plan).workflows == (
        "b.json",
    )
    other = one(scene.plan(leave_out=[action.id]))
    assert (other.kind, other.destination) == (DOWNLOAD, action.destination), "with the first one out it has the place"


def test_no_file_is_put_below_another_file(scene: Scene) -> None:
    scene.flow("a.json", vae="heron.safetensors")
    scene.flow("b.json", vae="heron.safetensors/tern.safetensors")
    scene.found(hub("heron.safetensors"))
    scene.found(hub("tern.safetensors"), name="heron.safetensors/tern.safetensors")
    plan = scene.plan()
    assert one(plan).title == "heron.safetensors" and left(plan).workflows == ("b.json",)


def test_versions_of_one_workflow_get_a_number_each(scene: Scene) -> None:
    scene.put(f"vae/sub/{VAE}")
    scene.flow("a.json", vae=VAE)
    scene.flow("a.v2.json", vae=VAE)
    plan = scene.plan()
    assert [action.title for action in plan.actions] == ["a.v3.json", "a.v4.json"]
    carry_out(plan)


def test_a_damaged_file_is_not_passed_on(scene: Scene) -> None:
    """While a whole one is fetched in its place, nobody links to the damaged one or takes it away."""
    whole = content(VAE)
    scene.put(f"vae/{VAE}", whole[:-50])
    scene.flow("a.json", vae=VAE)
    scene.flow("b.json", loras=VAE)
    scene.found(hub(VAE), flow="a.json")
    plan = scene.plan()
    assert one(plan).kind == DOWNLOAD and one(plan).aside
    assert "is damaged" in left(plan).why and left(plan).workflows == ("b.json",)


# ---- fetched once ------------------------------------------------------------------------------------------


def test_one_content_under_two_names_is_fetched_once(scene: Scene) -> None:
    data = content("heron.safetensors")
    scene.flow("a.json", vae="heron.safetensors")
    scene.flow("b.json", loras="flux/heron_lora.safetensors")
    scene.found(hub("heron.safetensors", gate="gated"))
    scene.found(hub("heron_lora.safetensors", data, gate="gated"), name="flux/heron_lora.safetensors")
    plan = scene.plan(keyed=("huggingface",))
    first, second = plan.actions
    assert (first.kind, second.kind, second.link) == (DOWNLOAD, LINK, HARD)
    assert (second.origin, second.origin_size, second.after) == (first.destination, len(data), (first.id,))
    assert second.sha256 == first.sha256 == sha(data) and plan.bytes == len(data)
    assert [risk.code for risk in first.risks] == ["gated"] and not second.risks and not second.offers
    assert "is not fetched twice" in second.why
    carry_out(plan)
    assert os.path.samefile(first.destination, second.destination)
    assert not scene.plan().actions


def test_with_the_first_one_left_out_the_second_is_fetched(scene: Scene) -> None:
    scene.flow("a.json", vae="heron.safetensors")
    scene.flow("b.json", vae="tern.safetensors")
    for name in ("heron.safetensors", "tern.safetensors"):
        scene.found(hub(name, content("same")))
    first, second = scene.plan().actions
    plan = scene.plan(leave_out=[first.id])
    assert (one(plan).kind, one(plan).id, one(plan).destination) == (DOWNLOAD, second.id, second.destination)
    assert left(scene.plan(leave_out=[second.id])).why == "You left it out."


def test_other_disks_and_other_contents_are_fetched_for_themselves(scene: Scene) -> None:
    scene.flow("a.json", vae="heron.safetensors")
    scene.flow("b.json", loras="tern.safetensors")
    for name in ("heron.safetensors", "tern.safetensors"):
        scene.found(hub(name, content("same")))
    scene.volumes = {"models/vae": "one", "models/loras": "two"}
    assert [action.kind for action in scene.plan().actions] == [DOWNLOAD] * 2
    scene.volumes = {}
    scene.found(replace(hub("tern.safetensors", content("same")), sha256=None), flow="b.json")
    assert [action.kind for action in scene.plan().actions] == [DOWNLOAD] * 2, (
        "without a hash nothing is known to be same"
    )


def test_what_would_lead_to_a_file_that_does_not_fit_is_left_out_too(scene: Scene) -> None:
    scene.flow("a.json", vae="heron.safetensors")
    scene.flow("b.json", vae="tern.safetensors")
    for name in ("heron.safetensors", "tern.safetensors"):
        scene.found(hub(name, content("same"), size=2 * GB))
    scene.room = 2 * GB
    plan = scene.plan()
    assert not plan.actions and not plan.bytes
    assert {one.name for one in plan.left_out} == {"heron.safetensors", "tern.safetensors"}
    assert all("does not fit" in one.why for one in plan.left_out)


# ---- large libraries ---------------------------------------------------------------------------------------


def test_every_folder_of_workflows_is_listed_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work must not grow with the square of the library."""
    scene.put(f"vae/sub/{VAE}")
    for at in range(30):
        scene.flow(f"w{at}.json", vae=VAE)
    needs = scene.needs()
    listed: list[str] = []
    real = os.listdir
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", lambda path=".": listed.append(str(path)) or real(path))
        plan = scene.plan(needs)
    assert len(plan.actions) == 30 and listed.count(str(scene.flows)) == 1
