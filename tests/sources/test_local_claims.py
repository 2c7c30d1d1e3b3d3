"""The index over claims: exact, near and by hash; its cache."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from comfyfixersmart.core.library import find
from comfyfixersmart.core.sources.local import Claims, Places
from comfyfixersmart.core.sources.local import claims as claims_module
from comfyfixersmart.core.sources.local import kept as kept_module
from comfyfixersmart.core.sources.types import Claim

from ..workflow.graphs import graph, node

LISTS = Path(__file__).resolve().parents[1] / "fixtures/local"
BASE = "https://huggingface.co/moorland/heron/resolve/main/"
DIGEST = "cd" * 32


class Ground(NamedTuple):
    """A library of two workflows, a templates folder and the Manager's list."""

    library: Path
    places: Places
    state: Path

    def gather(self, **more: Any) -> Claims:
        return Claims.gather(find([str(self.library)]), self.places, self.state, **more)


def entry(name: str, folder: str = "checkpoints", **more: Any) -> Any:
    return {"name": name, "url": f"{BASE}{name}", "directory": folder, **more}


def saved(path: Path, *models: Any, note: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nodes = [node(1, "CheckpointLoaderSimple", "x", properties={"models": list(models)}), node(2, "Note", note)]
    path.write_text(json.dumps(graph(*nodes)), encoding="utf-8")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    library, templates = tmp_path / "workflows", tmp_path / "site/comfyui_workflow_templates_json/templates"
    saved(library / "birds/moor.json", entry("Heron_v2.safetensors", hash=DIGEST), entry("teal.gguf", "unet"))
    saved(library / "pond.json", note=f"{BASE}plover.safetensors and {BASE}teal.gguf")
    saved(templates / "lake.json", entry("heron_v2.safetensors"), note=f"{BASE}heron_v2.safetensors")
    (templates / "index.json").write_text('[{"models": [{"name": "index.ckpt", "url": "https://huggingface.co/a/b"}]}]')
    (templates / "lake.png").write_bytes(b"x")
    return Ground(library, Places((str(templates),), (str(LISTS / "model-list.json"),)), tmp_path / "state")


def test_every_catalogue_says_its_own(ground: Ground) -> None:
    found = ground.gather()
    assert [(one.by, one.where) for one in found.of("heron_v2.safetensors")] == [
        ("workflow", "birds/moor.json"),
        ("templates", "comfyui_workflow_templates_json/lake.json"),
    ]
    assert found.of("plover.safetensors") == (
        Claim("plover.safetensors", f"{BASE}plover.safetensors", by="note", where="pond.json"),
    )
    assert [(one.by, one.folder) for one in found.of("teal.gguf")] == [("workflow", "diffusion_models"), ("note", "")]
    (reed,) = found.of("4x_reed.pth")
    assert (reed.by, reed.where, reed.folder) == ("manager", "ComfyUI-Manager/model-list.json", "upscale_models")
    assert len(found.of("diffusion_pytorch_model.safetensors")) == 2
    assert found.of("index.ckpt") == ()


def test_a_name_is_asked_for_by_its_base_name_in_any_case(ground: Ground) -> None:
    found = ground.gather()
    asked = ("SDXL/HERON_V2.safetensors", "birds\\heron_v2.SafeTensors", "heron_v2", "HERON_v2")
    assert {found.of(name) for name in asked} == {found.of("heron_v2.safetensors")}
    assert found.of("heron_v2.ckpt") == found.of("heron") == found.of("") == found.of("absent.safetensors") == ()


def test_claims_are_found_by_hash(ground: Ground) -> None:
    (one,) = ground.gather().of_hash(DIGEST.upper())
    assert one.name == "Heron_v2.safetensors"
    assert ground.gather().of_hash("") == ground.gather().of_hash("00" * 32) == ()


def test_nothing_given_says_nothing() -> None:
    empty = Claims.gather([], Places(("/nowhere",), ("/nowhere/model-list.json",)))
    assert (len(empty), empty.names, empty.of("a.ckpt"), empty.near("a.ckpt"), empty.of_hash("a")) == (0, 0, (), (), ())


def test_the_same_claim_counts_once_and_one_catalogue_cannot_crowd_out_another() -> None:
    def one(number: int, by: str = "workflow") -> Claim:
        return Claim("heron.ckpt", f"{BASE}{number}", "checkpoints", by=by, where=str(number))

    found = Claims([*[one(number) for number in range(500)], one(0), one(7, "templates"), one(7, "note")])
    listed = found.of("heron.ckpt")
    assert [claim.by for claim in listed[-2:]] == ["templates", "note"]
    assert len(listed) == claims_module.MOST_PER_NAME + 2
    assert listed[0].where == "0"


# ---- near names --------------------------------------------------------------------------------------------


def index(*names: str) -> Claims:
    return Claims(Claim(name, BASE + name, by="templates") for name in names)


def near(claims: Claims, name: str, **more: int) -> list[str]:
    return [one.name for one in claims.near(name, **more)]


BIRDS = (
    "heron-xl-v1_fp16.safetensors",
    "heron-xl-v1_fp8.safetensors",
    "heron-xl-v2_fp16.safetensors",
    "marshHarrierXL_v30.safetensors",
    "umt5_reed_fp16.safetensors",
    "teal.ckpt",
    *(f"common_lora_{number}.safetensors" for number in range(300)),
)


def test_the_nearest_name_comes_first() -> None:
    claims = index(*BIRDS)
    assert near(claims, "heron_xl_v1-fp16_pruned.safetensors")[0] == "heron-xl-v1_fp16.safetensors"
    assert near(claims, "marsh_harrier_xl.safetensors")[0] == "marshHarrierXL_v30.safetensors"
    assert near(claims, "umt5reed.safetensors") == ["umt5_reed_fp16.safetensors"]
    assert near(claims, "heronxlv2fp16.safetensors")[0] == "heron-xl-v2_fp16.safetensors"
    assert near(claims, "teal")[0] == "teal.ckpt"


def test_the_very_name_is_not_near_and_far_ones_are_not_either() -> None:
    claims = index(*BIRDS)
    assert "heron-xl-v1_fp16.safetensors" not in near(claims, "sub/Heron-XL-v1_fp16.safetensors")
    assert near(claims, "teal.safetensors") == ["teal.ckpt"]
    assert near(claims, "wholly_unlike.safetensors") == []
    assert near(claims, "") == []


def test_there_are_as_many_as_asked_for_and_always_the_same() -> None:
    claims = index(*BIRDS)
    first = near(claims, "common_lora_777.safetensors")
    assert len(first) == 8
    assert first == near(index(*BIRDS), "common_lora_777.safetensors")
    assert near(claims, "common_lora_777.safetensors", most=2) == first[:2]


def test_words_that_nearly_all_names_have_still_count(monkeypatch: pytest.MonkeyPatch) -> None:
    from comfyfixersmart.core.sources.local import near as near_module

    monkeypatch.setattr(near_module, "_VISITS", 50)
    claims = index(*BIRDS, "rare_common_lora.safetensors", "rare_other.safetensors")
    assert near(claims, "rare_common_lora_x.safetensors")[0] == "rare_common_lora.safetensors"
    assert near(claims, "common_lora.safetensors")


# ---- the cache ---------------------------------------------------------------------------------------------


def all_of(claims: Claims) -> list[Claim]:
    return sorted((one for listed in claims._by_name.values() for one in listed), key=repr)


def test_unchanged_files_are_not_read_again(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ground.gather()
    read: list[str] = []
    real = claims_module.harvest_file
    monkeypatch.setattr(claims_module, "harvest_file", lambda path: read.append(path) or real(path))
    monkeypatch.setattr(claims_module, "harvest_list", lambda path: read.append(path))
    assert all_of(ground.gather()) == all_of(first)
    assert read == []
    saved(ground.library / "pond.json", note=f"{BASE}avocet_the_second.safetensors")
    assert ground.gather().of("avocet_the_second.safetensors")
    assert [os.path.basename(path) for path in read] == ["pond.json"]


def test_nothing_is_written_when_nothing_changed_or_nothing_may_be_kept(ground: Ground) -> None:
    ground.gather(keep=False)
    assert not ground.state.exists()
    ground.gather()
    cache = ground.state / "claims.json"
    os.utime(cache, (1, 1))
    ground.gather()
    assert cache.stat().st_mtime == 1
    assert list(ground.state.iterdir()) == [cache]


def test_files_of_another_library_stay_remembered_while_they_are_there(ground: Ground) -> None:
    ground.gather()
    other = ground.library.parent / "other"
    saved(other / "a.json", entry("a.ckpt"))
    Claims.gather(find([str(other)]), Places(), ground.state)
    (ground.library / "pond.json").unlink()
    saved(other / "b.json", entry("b.ckpt"))
    Claims.gather(find([str(other)]), Places(), ground.state)
    names = {os.path.basename(path) for path in json.loads((ground.state / "claims.json").read_text())["files"]}
    assert names == {"moor.json", "lake.json", "model-list.json", "a.json", "b.json"}


def test_a_cache_cut_at_any_byte_changes_nothing(ground: Ground) -> None:
    saved(ground.library / "pond.json")
    small = Ground(ground.library, Places(), ground.state)
    expected = all_of(small.gather())
    cache = ground.state / "claims.json"
    whole = cache.read_bytes()
    for length in range(len(whole)):
        cache.write_bytes(whole[:length])
        assert all_of(small.gather()) == expected
    assert json.loads(cache.read_bytes()) == json.loads(whole)


@pytest.mark.parametrize(
    "damage",
    [
        lambda files: [],
        lambda files: dict.fromkeys(files, 5),
        lambda files: {path: {**one, "said": None} for path, one in files.items()},
        lambda files: {path: {**one, "said": [["a.ckpt"]]} for path, one in files.items()},
        lambda files: {path: {**one, "said": [["a.ckpt", 5, "", None, None, False]]} for path, one in files.items()},
        lambda files: {path: {**one, "said": [["a.ckpt", "", "", None, True, False]]} for path, one in files.items()},
        lambda files: {path: {**one, "said": [["a.ckpt", "", "", None, None, []]]} for path, one in files.items()},
        lambda files: {path: {**one, "said": [None] * 9000} for path, one in files.items()},
        lambda files: {path: {**one, "kind": "list", "said": []} for path, one in files.items()},
        lambda files: {path: {**one, "size": 1, "said": []} for path, one in files.items()},
    ],
)
def test_damaged_entries_are_made_again(ground: Ground, damage: Any) -> None:
    small = Ground(ground.library, Places(), ground.state)
    expected = all_of(small.gather())
    cache = ground.state / "claims.json"
    body = json.loads(cache.read_text())
    cache.write_text(json.dumps({**body, "files": damage(body["files"])}))
    assert all_of(small.gather()) == expected
    assert json.loads(cache.read_text()) == body


def test_a_newer_cache_is_left_untouched(ground: Ground) -> None:
    ground.state.mkdir()
    cache = ground.state / "claims.json"
    cache.write_text('{"schema": 99, "files": "of another kind"}')
    assert ground.gather().of("heron_v2.safetensors")
    assert cache.read_text() == '{"schema": 99, "files": "of another kind"}'


def test_a_huge_cache_is_not_read(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = all_of(ground.gather())
    monkeypatch.setattr(kept_module, "MAX_BYTES", 10)
    assert all_of(ground.gather()) == expected


def test_a_state_folder_that_cannot_be_written_costs_nothing_else(ground: Ground) -> None:
    ground.state.write_text("a file")
    assert ground.gather().of("heron_v2.safetensors")


def test_a_file_that_cannot_be_read_now_is_tried_again(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_module, "harvest_file", lambda path: None)
    assert ground.gather().of("heron_v2.safetensors") == ()
    monkeypatch.undo()
    assert ground.gather().of("heron_v2.safetensors")


def test_broken_files_cost_nothing_else(ground: Ground) -> None:
    (ground.library / "broken.json").write_bytes(b'{"nodes": [http')
    (ground.library / "deep.json").write_bytes(b"[" * 200_000 + b"http")
    (ground.library / "folder.json").mkdir()
    (ground.library / "gone.json").symlink_to("nowhere.json")
    os.mkfifo(ground.library / "pipe.json")
    assert len(ground.gather().of("heron_v2.safetensors")) == 2


def test_it_ends_when_asked_to(ground: Ground) -> None:
    asked = iter([False, True])
    found = ground.gather(cancel=lambda: next(asked))
    assert found.of("4x_reed.pth")
    assert found.of("heron_v2.safetensors") == ()


def test_no_secret_is_kept(ground: Ground) -> None:
    secret = {"name": "teal.gguf", "url": "https://civitai.com/api/download/models/5?token=CANARY"}
    saved(
        ground.library / "secret.json", secret, note=f"{BASE}teal.gguf?token=CANARY https://a:CANARY@hf.co/a/b/c.gguf"
    )
    found = ground.gather()
    assert "CANARY" not in repr(all_of(found)) + (ground.state / "claims.json").read_text()
    assert "https://civitai.com/api/download/models/5" in {one.url for one in found.of("teal.gguf")}
