"""Missing files: to where, under which name, and what lies there already."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.planning.place import below
from comfyfixersmart.core.actions.planning.types import NotPlanned
from comfyfixersmart.core.actions.types import DOWNLOAD, HARD, LINK, RELINK, SYMBOLIC
from comfyfixersmart.core.inventory.types import Folder
from comfyfixersmart.core.resolution.types import HASH, UNCERTAIN
from comfyfixersmart.core.sources.types import GATED, PICKLE
from hypothesis import given
from hypothesis import strategies as st

from ..workflow.graphs import node
from .scene import VAE, Scene, chosen, content, hub, left, one, sha

# ---- the download -------------------------------------------------------------------------------------------


def test_a_file_comes_into_the_folder_that_its_node_reads(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    plan = scene.plan()
    action = one(plan)
    assert (action.kind, action.title, action.folder) == (DOWNLOAD, VAE, "vae")
    assert action.destination == scene.path(f"vae/{VAE}") and action.root == scene.path("vae")
    assert (action.size, action.sha256) == (len(content(VAE)), sha(content(VAE)))
    assert action.why == "It is the one." and not action.chosen and not action.risks
    offer = action.offers[0]
    assert (offer.source, offer.by, offer.author, offer.licence) == (
        "huggingface",
        "Hugging Face",
        "heron-lab",
        "apache-2.0",
    )
    assert offer.url == f"https://huggingface.co/heron-lab/models/resolve/main/{VAE}" and offer.page
    assert (plan.bytes, plan.unsized, plan.workflows, plan.left_out) == (action.size, 0, ("a.json",), ())
    assert plan.expires - plan.made == 3600
    assert not os.path.exists(action.destination)


def test_sub_folders_of_the_name_stay(scene: Scene) -> None:
    scene.flow("a.json", loras="styles/ink/paper.safetensors")
    scene.found(hub("paper.safetensors"), name="styles/ink/paper.safetensors")
    action = one(scene.plan())
    assert action.destination == scene.path("loras/styles/ink/paper.safetensors")
    assert action.root == scene.path("loras")


def test_what_several_workflows_lack_is_one_action(scene: Scene) -> None:
    for name in ("a.json", "sub/b.json"):
        scene.flow(name, vae=VAE)
    scene.found(hub(VAE))
    assert one(scene.plan()).workflows == ("a.json", "sub/b.json")


def test_the_first_directory_that_is_there_and_can_be_written_is_taken(scene: Scene) -> None:
    """A default directory on a disk that is not plugged in is passed over; where none is there, one is made."""
    extra = scene.base / "extra/vae"
    extra.mkdir(parents=True)
    absent = scene.base / "unplugged"
    scene.folders["vae"] = [absent / "models/vae", extra, *scene.folders["vae"]]
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    assert one(scene.plan()).destination == str(extra / VAE)
    extra.rmdir()
    os.rmdir(scene.path("vae"))
    assert one(scene.plan()).destination == str(extra / VAE), "its parent is there"


def test_without_a_directory_nothing_is_planned(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    scene.folders["vae"] = [scene.base / "gone/models/vae"]
    assert "can be written to" in left(scene.plan()).why
    scene.folders["vae"] = []
    unknown = left(scene.plan())
    assert unknown.why.startswith("ComfyUI has no folder vae here") and "Install that pack" in unknown.hint
    elsewhere = scene.inventory()
    elsewhere.origin = "server"
    assert "not on this computer" in left(scene.plan(inventory=elsewhere)).why
    other = replace(scene.inventory(), origin="snapshot", directories={"base": "/home/somebody/ComfyUI"})
    assert "not on this computer" in left(scene.plan(inventory=other)).why


@pytest.mark.parametrize(
    "name",
    [
        *("../x.safetensors", "a/../../x.safetensors", "/etc/x.safetensors", "C:\\x.safetensors", "con.safetensors"),
        *("nul\0.safetensors", "half\ud800.safetensors", f"{'n' * 300}.safetensors"),
        *("\u202egnp.safetensors", "zero\u2060width.safetensors"),  # they would look like another one
        *(".git/x.safetensors", "a/.GIT/x.safetensors"),  # ComfyUI never lists it
    ],
)
def test_no_name_leads_out_of_the_folder(scene: Scene, name: str) -> None:
    scene.flow("a.json", vae=name)
    scene.found(hub("x.safetensors"), name=name)
    plan = scene.plan()
    assert not plan.actions
    hidden = not name.isprintable()
    expected = "cannot be seen" if hidden else "folder .git" if ".git" in name.lower() else "none that a file can have"
    assert expected in left(plan).why and left(plan).hint


@pytest.mark.skipif(os.sep != "/", reason="the path it expects is one of POSIX")
@given(st.text(alphabet=st.characters() | st.sampled_from("./\\\\:~ \0ab"), max_size=40))
def test_whatever_a_name_is_it_stays_below_its_folder(name: str) -> None:
    try:
        path = below("/models/vae", name)
    except NotPlanned as why:
        assert why.hint
        return
    assert path.startswith("/models/vae/") and ".." not in path.split("/") and os.path.normpath(path) == path


def test_what_is_in_the_way_is_seen_before_anything_is_approved(scene: Scene, tmp_path: Path) -> None:
    """Nothing is written through a link that leads out of the folder, so nothing is planned there."""
    outside = tmp_path / "big"
    outside.mkdir()
    vae = Path(scene.path("vae"))
    (vae / "away").symlink_to(outside)
    (vae / "inner").mkdir()
    (vae / "alias").symlink_to("inner")
    (vae / "file").write_bytes(b"x")
    for folder in ("away", "away/deep", "file", "alias"):
        scene.flow(f"{folder.replace('/', '-')}.json", vae=f"{folder}/{VAE}")
        scene.found(hub(VAE), name=f"{folder}/{VAE}")
    plan = scene.plan()
    assert one(plan).destination == str(vae / "alias" / VAE), "a link that stays inside is fine"
    told = {one.name.rpartition("/")[0]: one for one in plan.left_out}
    assert told.keys() == {"away", "away/deep", "file"}
    assert all("is no folder inside" in one.why and one.hint for one in told.values())
    assert str(vae / "away") in told["away/deep"].why


def test_a_folder_that_is_a_link_itself_is_fine(scene: Scene, tmp_path: Path) -> None:
    """Many people keep all their models on another disk."""
    outside = tmp_path / "big"
    outside.mkdir()
    os.rmdir(scene.path("vae"))
    Path(scene.path("vae")).symlink_to(outside)
    scene.flow("a.json", vae=f"flux/{VAE}")
    scene.found(hub(VAE), name=f"flux/{VAE}")
    assert one(scene.plan()).destination == scene.path(f"vae/flux/{VAE}")


def test_another_folder_of_the_node_that_lists_such_files_is_taken(scene: Scene) -> None:
    """Loaders of GGUF files have a folder name of their own over the same directory."""
    scene.flow("a.json", vae="heron.gguf")
    scene.found(hub("heron.gguf"))
    inventory = scene.inventory()
    extra = Folder("vae_gguf", (scene.path("vae"),), frozenset({".gguf"}))
    inventory = replace(inventory, folders={**inventory.folders, "vae_gguf": extra})
    needs = [need._replace(finding=need.finding._replace(folders=("vae", "vae_gguf"))) for need in scene.needs()]
    action = one(scene.plan(needs, inventory=inventory))
    assert (action.folder, action.destination) == ("vae_gguf", scene.path("vae/heron.gguf"))


def test_a_root_that_is_written_carelessly(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    careless = Folder("vae", (f"{scene.base}//models/./vae/",), frozenset({".safetensors"}))
    inventory = replace(scene.inventory(), folders={"vae": careless})
    action = one(scene.plan(inventory=inventory))
    assert (action.root, action.destination) == (scene.path("vae"), scene.path(f"vae/{VAE}"))


def test_a_kind_that_the_folder_does_not_list_is_left_out(scene: Scene) -> None:
    scene.flow("a.json", vae="heron.gguf")
    scene.found(hub("heron.gguf"))
    assert "lists no .gguf files in vae" in left(scene.plan()).why


def test_nothing_is_written_over(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    needs, inventory = scene.needs(), scene.inventory()
    scene.put(f"vae/{VAE}", b"something else")
    plan = scene.plan(needs, inventory=inventory)
    assert not plan.actions and "lies there already" in left(plan).why


def test_two_files_for_one_name(scene: Scene) -> None:
    """Two workflows ask for two contents under one name: the first is planned, the other is said."""
    for name in ("a.json", "b.json"):
        told = {"name": VAE, "url": "https://x.example/y", "directory": "vae", "hash_type": "SHA256"}
        hinted = {"models": [{**told, "hash": sha(name.encode())}]}
        scene.flow(name, node(1, "VAELoader", VAE, properties=hinted))
        scene.found(hub(VAE, name.encode()), flow=name)
    plan = scene.plan()
    assert one(plan).workflows == ("a.json",) and one(plan).sha256 == sha(b"a.json")
    assert left(plan).workflows == ("b.json",) and "under this name, for a.json" in left(plan).why


# ---- the same content on the disk ---------------------------------------------------------------------------


def test_the_same_content_on_this_disk_is_linked_not_fetched(scene: Scene) -> None:
    here = scene.put("checkpoints/old name.safetensors", content(VAE))
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    plan = scene.plan()
    action = one(plan)
    assert (action.kind, action.link, action.size, plan.bytes) == (LINK, HARD, 0, 0)
    assert (action.origin, action.origin_size) == (str(here), len(content(VAE)))
    assert action.origin_mtime_ns == here.stat().st_mtime_ns
    assert action.destination == scene.path(f"vae/{VAE}") and action.sha256 == sha(content(VAE))
    assert str(here) in action.why and not action.offers
    scene.volumes = {"models/checkpoints": "other"}
    assert one(scene.plan()).link == SYMBOLIC


def test_a_gate_does_not_matter_for_what_is_here(scene: Scene) -> None:
    scene.put("checkpoints/x.safetensors", content(VAE))
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE, gate=GATED))
    assert one(scene.plan()).kind == LINK


def test_the_same_size_is_not_the_same_content(scene: Scene) -> None:
    scene.put("checkpoints/x.safetensors", bytes(len(content(VAE))))
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    assert one(scene.plan()).kind == DOWNLOAD


# ---- damaged and half-finished files ------------------------------------------------------------------------


def broken() -> bytes:
    """A safetensors file that ends early."""
    head = b'{"weight":{"dtype":"F16","shape":[8,8],"data_offsets":[0,128]}}'
    return len(head).to_bytes(8, "little") + head + bytes(20)


def test_a_damaged_file_goes_aside(scene: Scene) -> None:
    """In the very directory where it lies: ComfyUI would go on finding the damaged one first."""
    second = scene.base / "extra/vae"
    second.mkdir(parents=True)
    scene.folders["vae"] = [second, *scene.folders["vae"]]
    here = scene.put(f"vae/{VAE}", broken())
    scene.flow("a.json", vae=VAE)
    assert [need.finding.code for need in scene.needs()] == ["MODEL004"]
    scene.found(hub(VAE))
    action = one(scene.plan())
    assert (action.kind, action.destination, action.root) == (DOWNLOAD, str(here), scene.path("vae"))
    assert action.aside.startswith(f"{here}.damaged-") and len(action.aside) == len(f"{here}.damaged-") + 8
    assert (action.origin_size, action.origin_mtime_ns) == (len(broken()), here.stat().st_mtime_ns)
    assert one(scene.plan()).aside == action.aside, "the same at every look"


def test_a_download_of_another_program_is_not_touched(scene: Scene) -> None:
    part = scene.put(f"vae/{VAE}.part", b"half")
    scene.flow("a.json", vae=VAE)
    assert [need.finding.code for need in scene.needs()] == ["MODEL004"]
    scene.found(hub(VAE))
    action = one(scene.plan())
    assert (action.destination, action.aside) == (scene.path(f"vae/{VAE}"), "")
    assert part.read_bytes() == b"half"


# ---- names that the workflow has to write differently -------------------------------------------------------


@pytest.mark.skipif(os.sep != "/", reason="this system's own separator is the backslash")
def test_a_name_of_windows_goes_where_it_belongs_and_is_relinked(scene: Scene) -> None:
    flow = scene.flow("a.json", loras="styles\\paper.safetensors")
    scene.flow("b.json", loras="styles/paper.safetensors")
    scene.found(hub("paper.safetensors"), name="styles\\paper.safetensors")
    scene.found(hub("paper.safetensors"), name="styles/paper.safetensors")
    plan = scene.plan()
    download, relink = one(plan, DOWNLOAD), one(plan, RELINK)
    assert download.destination == scene.path("loras/styles/paper.safetensors")
    assert download.workflows == ("a.json", "b.json")
    assert (relink.origin, relink.destination) == (str(flow), str(flow.with_name("a.v2.json")))
    assert relink.after == (download.id,) and relink.workflows == ("a.json",)
    assert [(edit.before, edit.after) for edit in relink.edits] == [
        ("styles\\paper.safetensors", "styles/paper.safetensors")
    ]
    assert [action.kind for action in plan.actions] == [DOWNLOAD, RELINK]
    without = scene.plan(leave_out=[download.id])
    assert not without.actions, "without the file, the new name helps nothing"


def test_a_file_of_another_kind_keeps_its_suffix(scene: Scene) -> None:
    scene.flow("a.json", checkpoints="tidepool.ckpt")
    scene.found(hub("tidepool.safetensors"), name="tidepool.ckpt", state=UNCERTAIN)
    chosen(scene, "tidepool.ckpt", hub("tidepool.safetensors").id)
    plan = scene.plan()
    assert one(plan, DOWNLOAD).destination == scene.path("checkpoints/tidepool.safetensors")
    assert one(plan, RELINK).edits[0].after == "tidepool.safetensors"


def test_the_file_of_the_right_hash_gets_the_wanted_name(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(replace(hub("Renamed_v1.safetensors"), file="Renamed_v1.safetensors"), name=VAE, rung=HASH)
    plan = scene.plan()
    assert one(plan).destination == scene.path(f"vae/{VAE}")


@pytest.mark.parametrize("name", ["heron-xl", "heron.safetensors "])
def test_what_is_not_the_name_of_one_file_is_left_to_the_person(scene: Scene, name: str) -> None:
    """A loader shows files with their suffix, so `heron-xl.safetensors` would not be what it asks for."""
    scene.flow("a.json", vae=name)
    scene.found(hub("heron-xl.safetensors"), name=name)
    assert "not that of one model file" in left(scene.plan()).why and not scene.plan().actions


def test_a_name_without_suffix_gets_that_of_the_file(scene: Scene) -> None:
    """LoRA tags and embeddings are written so, and found so: nothing has to be relinked."""
    scene.folders["embeddings"] = [scene.base / "models/embeddings"]
    scene.folders["embeddings"][0].mkdir()
    scene.flow("a.json", node(5, "CLIPTextEncode", "a heron, embedding:soft-pigment"))
    assert [need.finding.name for need in scene.needs()] == ["soft-pigment"]
    scene.found(hub("soft-pigment.pt", format=PICKLE), name="soft-pigment")
    plan = scene.plan()
    assert one(plan).destination == scene.path("embeddings/soft-pigment.pt")
