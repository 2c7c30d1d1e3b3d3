"""What of a verdict is a question for anybody outside, and what goes with it."""

from __future__ import annotations

from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.readiness.types import BLOCKED, INFO, UNKNOWN, Finding, Fix
from comfyfixersmart.core.resolution.types import FILE, PACK, Want
from comfyfixersmart.core.resolution.wants import wants, working_family
from comfyfixersmart.core.workflow.types import PackHint


def finding(code: str, name: str, weight: str = BLOCKED, **more: object) -> Finding:
    return Finding(code, weight, name, "Missing.", **more)  # type: ignore[arg-type]


def test_only_what_has_to_come_from_outside_is_asked_for() -> None:
    found = wants(
        [
            finding("MODEL001", "a.safetensors", folders=("vae",)),
            finding("MODEL002", "b.safetensors"),
            finding("MODEL003", "c.safetensors"),
            finding("MODEL004", "d.safetensors"),
            finding("MODEL001", "optional.safetensors", INFO),
            finding("NODE001", "TideSampler"),
            finding("NODE002", "Failed", pack="x"),
            finding("NODE003", "Disabled", pack="x"),
            finding("NODE001", "NewerCoreNode", pack="comfy-core"),
            finding("INPUT001", "photo.png"),
            finding("NODE001", "Unsure", UNKNOWN),
        ],
        nothing(""),
    )
    assert [(index, want.kind, want.name) for index, want in found.items()] == [
        (0, FILE, "a.safetensors"),
        (3, FILE, "d.safetensors"),
        (5, PACK, "TideSampler"),
        (10, PACK, "Unsure"),
    ]


def test_a_want_carries_what_the_workflow_and_this_disk_know() -> None:
    inventory = nothing("")
    inventory.seen = {"a.safetensors": (5000, "f" * 64, 1)}
    one = finding("MODEL001", "Sub/A.safetensors", folders=("loras",), urls=("https://civitai.com/models/1",))
    (want,) = wants([one], inventory, models=["sdxl_base.safetensors"], notes=("https://hf.co/a/b",)).values()
    assert want == Want(
        FILE,
        "Sub/A.safetensors",
        ("loras",),
        "f" * 64,
        5000,
        ("https://civitai.com/models/1",),
        ("https://hf.co/a/b",),
        "sdxl",
    )


def test_keys_in_the_workflows_own_addresses_go_no_further() -> None:
    """What is asked for is kept, shown, planned and journalled."""
    urls = (
        "https://civitai.com/api/download/models/7?type=Model&token=canary",
        "https://huggingface.co/a/b/resolve/main/x.safetensors?download=true&access_token=canary#canary",
        "https://files.example/x.safetensors?part=1&X-Amz-Signature=canary",
        "https://ann:canary@files.example/x.safetensors",
        "urn:air:sdxl:lora:civitai:1@2",
    )
    (want,) = wants([finding("MODEL001", "x.safetensors", urls=urls)], nothing("")).values()
    assert want.urls == (
        "https://civitai.com/api/download/models/7?type=Model",
        "https://huggingface.co/a/b/resolve/main/x.safetensors",
        "https://files.example/x.safetensors?part=1",
        "urn:air:sdxl:lora:civitai:1@2",
    )


def test_the_name_itself_says_more_of_its_family_than_the_others() -> None:
    (want,) = wants(
        [finding("MODEL001", "flux_style.safetensors", folders=("loras",))], nothing(""), models=["sdxl.safetensors"]
    ).values()
    assert want.family == "flux"
    (shared,) = wants(
        [finding("MODEL001", "ae.safetensors", folders=("vae",))], nothing(""), models=["sdxl.safetensors"]
    ).values()
    assert shared.family == ""


def test_a_workflow_of_two_families_has_none() -> None:
    assert working_family(["ponyXL_v6.safetensors", "sdxl_vae.safetensors", "detail.safetensors"]) in ("pony", "sdxl")
    assert working_family(["flux1-dev.safetensors", "sdxl_vae.safetensors"]) == ""
    assert working_family([]) == ""


def test_what_a_workflow_says_of_a_pack() -> None:
    hint = PackHint("tide-nodes", "https://github.com/Maple/Tide-Nodes.git", "1.0")
    (want,) = wants([finding("NODE001", "TideSampler")], nothing(""), hints={"TideSampler": hint}).values()
    assert (want.registry_id, want.repo, want.version) == ("tide-nodes", "maple/tide-nodes", "1.0")
    (named,) = wants([finding("NODE001", "TideSampler", pack="tide-nodes")], nothing("")).values()
    assert (named.registry_id, named.repo) == ("tide-nodes", "")
    update = finding("NODE001", "TideSampler", pack="tide-nodes", fixes=(Fix("update", "Update the pack tide-nodes."),))
    assert next(iter(wants([update], nothing("")).values())).here


def test_the_same_question_has_the_same_key_and_another_has_another() -> None:
    one = Want(FILE, "A.safetensors", ("vae", "checkpoints"))
    assert one.key == Want(FILE, "a.safetensors", ("checkpoints", "vae")).key
    assert (
        len(
            {one.key, one._replace(sha256="f" * 64).key, one._replace(family="flux").key, one._replace(urls=("x",)).key}
        )
        == 4
    )
