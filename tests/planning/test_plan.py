"""The plan as a whole: its order, its ids, its bytes, the disks it writes to."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.types import (
    DOWNLOAD,
    INSTALL_PACK,
    KINDS,
    LINK,
    MOVE,
    RELINK,
    Plan,
    as_json,
    canonical,
    digest,
    load,
)
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.resolution.types import UNCERTAIN
from comfyfixersmart.core.sources.types import GATED, PICKLE

from ..workflow.graphs import node
from .scene import GB, NOW, VAE, Scene, civitai, content, hub, left, one, pack


def everything(scene: Scene) -> None:
    """Two workflows that need every kind of action."""
    scene.put("loras/kite_vae.safetensors")
    scene.put("loras/styles/paper.safetensors")
    scene.put("checkpoints/old.safetensors", content("osprey.safetensors"))
    scene.flow(
        "a.json",
        node(7, "LostWren"),
        checkpoints="osprey.safetensors",
        vae="kite_vae.safetensors",
        loras="paper.safetensors",
    )
    scene.flow("b.json", vae=VAE, upscale_models="4x-FineGrain.pth", checkpoints="osprey.safetensors")
    scene.found(hub("osprey.safetensors"))
    scene.found(hub(VAE), hub(VAE, repo="other/mirror"), mirrors=1)
    scene.found(hub("4x-FineGrain.pth", format=PICKLE, size=67_000_000, licence="cc-by-nc-4.0"))
    scene.found(pack(), name="LostWren")


def persons(scene: Scene) -> None:
    """A LoRA of a real person, one that is refused, one behind a gate, and one with two candidates."""
    scene.flow("a.json", *(node(at, "LoraLoader", name) for at, name in enumerate(NAMED, 1)))
    scene.found(civitai(NAMED[0], 41, flags=("poi",), nsfw_level=1))
    scene.found(civitai(NAMED[1], 42, flags=("minor", "nsfw")))
    scene.found(hub(NAMED[2], gate=GATED, gate_text="The author decides who may have it"))
    scene.found(hub(NAMED[3]), hub(NAMED[3], b"other", repo="a/b"), state=UNCERTAIN)


NAMED = ("portrait.safetensors", "meadow.safetensors", "closed.safetensors", "twice.safetensors")


def too_much(scene: Scene) -> None:
    """Three files of which two fit, and a picture of the person's own."""
    scene.room = 30 * GB
    scene.flow(
        "a.json", node(5, "LoadImage", "sketch.png"), vae=VAE, checkpoints="osprey.safetensors", loras="ink.safetensors"
    )
    for name, size in ((VAE, 5 * GB), ("osprey.safetensors", 25 * GB), ("ink.safetensors", 6 * GB)):
        scene.found(hub(name, size=size))


SCENES: dict[str, Callable[[Scene], None]] = {"everything": everything, "persons": persons, "too much": too_much}


@pytest.mark.skipif(sys.platform != "linux", reason="paths and commands are those of Linux")
@pytest.mark.parametrize("name", SCENES)
def test_golden(scene: Scene, golden_file: Callable[[str, str], None], name: str) -> None:
    SCENES[name](scene)
    plan = scene.plan()
    body = as_json(plan)
    assert body.pop("digest") == digest(plan)
    text = json.dumps(body, indent=1, ensure_ascii=False).replace(str(scene.base), "/here")
    for at, action in enumerate(plan.actions, 1):  # an id is made of the path
        text = text.replace(f'"{action.id}"', f'"action {at}"')
    golden_file(f"plans/{name}.json", text + "\n")


# ---- order and ids -----------------------------------------------------------------------------------------


def test_the_order_is_that_of_a_run(scene: Scene) -> None:
    everything(scene)
    plan = scene.plan()
    kinds = [action.kind for action in plan.actions]
    assert kinds == [MOVE, LINK, DOWNLOAD, DOWNLOAD, RELINK, INSTALL_PACK]
    assert kinds == sorted(kinds, key=KINDS.index)
    assert [action.title for action in plan.actions if action.kind == DOWNLOAD] == [VAE, "4x-FineGrain.pth"]
    assert plan.workflows == ("a.json", "b.json") and plan.at_once == 2


def test_equal_input_gives_equal_bytes(scene: Scene) -> None:
    everything(scene)
    needs = scene.needs()
    plan = scene.plan(needs)
    assert digest(plan) == digest(scene.plan(needs))
    assert [one.id for one in plan.actions] == [one.id for one in scene.plan(needs[::-1]).actions]
    assert digest(scene.plan(nonce="again")) != digest(plan) != digest(scene.plan(now=NOW + 1))


def test_ids_are_one_thing_each_and_stay(scene: Scene) -> None:
    everything(scene)
    plan = scene.plan()
    ids = [action.id for action in plan.actions]
    assert len(set(ids)) == len(ids) == 6 and all(len(id) == 10 for id in ids)
    for action in plan.actions:
        rest = scene.plan(leave_out=[action.id])
        assert [other.id for other in rest.actions] == [id for id in ids if id != action.id]
        told = next(entry for entry in rest.left_out if entry.why == "You left it out.")
        assert set(told.workflows) <= set(action.workflows) and told.hint
    assert not scene.plan(leave_out=ids).actions


def test_nothing_to_do_is_a_plan_too(scene: Scene) -> None:
    scene.put(f"vae/{VAE}")
    scene.flow("a.json", vae=VAE)
    plan = scene.plan()
    assert (plan.actions, plan.left_out, plan.volumes, plan.workflows) == ((), (), (), ())


def test_nothing_is_touched(scene: Scene) -> None:
    everything(scene)
    before = {str(path): path.lstat().st_mtime_ns for path in sorted(scene.base.rglob("*"))}
    scene.plan()
    assert {str(path): path.lstat().st_mtime_ns for path in sorted(scene.base.rglob("*"))} == before


def test_progress_and_cancelling(scene: Scene) -> None:
    everything(scene)
    seen: list[tuple[int, int, str]] = []
    scene.plan(progress=lambda *told: seen.append(told))
    assert [done for done, _, _ in seen] == list(range(len(seen))) and {total for _, total, _ in seen} == {len(seen)}
    with pytest.raises(ComfyFixerError) as raised:
        scene.plan(progress=lambda *told: seen.append(told), cancel=lambda: len(seen) > 8)
    assert raised.value.code == "cancelled"


def test_a_long_list_of_things_to_do_by_hand_is_cut(scene: Scene) -> None:
    scene.flow("a.json", *(node(at, "LoadImage", f"sketch-{at}.png") for at in range(60)))
    plan = scene.plan()
    assert len(plan.left_out) == 51 and plan.left_out[-1].name == "10 more"


# ---- the disks ---------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_left_out_the_largest_first(scene: Scene) -> None:
    too_much(scene)
    plan = scene.plan()
    assert {action.title for action in plan.actions} == {VAE, "ink.safetensors"}
    told = next(entry for entry in plan.left_out if entry.kind == "file")
    assert told.name == "osprey.safetensors" and told.code == "MODEL001"
    assert "it has 25.0 GB, and 18.0 GB are left for it" in told.why and "(7.0 GB are missing)" in told.why
    (volume,) = plan.volumes
    assert (volume.total, volume.free, volume.needed) == (1000 * GB, 30 * GB, 11 * GB)
    dropped = scene.plan(leave_out=[action.id for action in plan.actions if action.title == VAE])
    assert {action.title for action in dropped.actions} == {"ink.safetensors"}, "23 GB are left, 25 are needed"


def test_a_little_of_the_disk_stays_free(scene: Scene) -> None:
    scene.room = 6 * GB
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE, size=5_500_000_000))
    assert not scene.plan().actions
    scene.found(hub(VAE, size=5 * GB))
    assert len(scene.plan().actions) == 1


def test_each_disk_is_counted_for_itself(scene: Scene) -> None:
    scene.room = 11 * GB
    scene.volumes = {"models/vae": "second"}
    scene.flow("a.json", vae=VAE, checkpoints="osprey.safetensors")
    for name in (VAE, "osprey.safetensors"):
        scene.found(hub(name, size=9 * GB))
    plan = scene.plan()
    assert len(plan.actions) == 2 and [volume.needed for volume in plan.volumes] == [9 * GB, 9 * GB]
    assert [Path(volume.path).name for volume in plan.volumes] == ["checkpoints", "vae"]


def test_a_full_disk_stops_downloads_only(scene: Scene) -> None:
    scene.room = 0
    scene.put("loras/kite_vae.safetensors")
    scene.flow("a.json", vae="kite_vae.safetensors", checkpoints="osprey.safetensors")
    scene.found(hub("osprey.safetensors", size=GB))
    assert one(scene.plan()).kind == MOVE and "does not fit" in left(scene.plan()).why


def test_a_disk_that_cannot_be_asked_stops_nothing(scene: Scene) -> None:
    scene.room = None
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE, size=90 * GB))
    plan = scene.plan()
    assert len(plan.actions) == 1 and not plan.volumes


# ---- its bytes ---------------------------------------------------------------------------------------------


@pytest.fixture
def plan(scene: Scene) -> Plan:
    everything(scene)
    return scene.plan()


def test_a_plan_is_read_again_as_it_was(plan: Plan) -> None:
    assert load(canonical(plan), digest(plan)) == plan


def test_no_changed_plan_is_read(plan: Plan) -> None:
    """A thousand times one byte changed, taken out or put in: not one is taken for the approved plan."""
    data, approved = canonical(plan), digest(plan)
    chance = random.Random(17)
    taken = []
    for _ in range(1000):
        at, byte = chance.randrange(len(data)), bytes([chance.randrange(256)])
        how = chance.randrange(3)
        mutated = data[:at] + (b"" if how == 0 else byte) + data[at + (how != 2) :]
        if mutated == data:
            mutated = data + b" "
        try:
            taken.append(load(mutated, approved))
        except ComfyFixerError as error:
            assert error.code == "plan_changed"
    assert not taken


def test_no_other_spelling_of_a_plan_is_read(plan: Plan) -> None:
    """Not even with a digest of its own: a plan is its one canonical form, and nothing that is no plan is one."""
    import hashlib

    data = canonical(plan)
    body = json.loads(data)
    others = [
        data + b"\n",
        json.dumps(body, indent=1).encode(),
        json.dumps({**body, "more": 1}, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps({**body, "schema": 2}, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps({key: value for key, value in body.items() if key != "nonce"}, sort_keys=True, separators=(",", ":")).encode(),
        b"[]", b"null", b"", b"[" * 100_000,
    ]  # fmt: skip
    for other in others:
        with pytest.raises(ComfyFixerError, match="not the one that was approved"):
            load(other, hashlib.sha256(other).hexdigest())


def test_a_plan_of_another_kind_of_value_keeps_its_digest_to_itself(plan: Plan) -> None:
    first, *rest = plan.actions
    changed = replace(plan, actions=(replace(first, destination=first.destination + "x"), *rest))
    assert digest(changed) != digest(plan)
    with pytest.raises(ComfyFixerError):
        load(canonical(changed), digest(plan))
