"""The tables about node types hold together: shapes, names, folders, and what the readers of rows rely on."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from comfyfixersmart.core.knowledge import FOLDER, document

CONTROL = "control_after_generate"
FIELDS = {"widgets", "folders", "media", "texts", "extras", "output", "api", "downloads", "pack"}
MEDIA = {"image", "video", "audio", "3d", "file"}
ROLE_FIELDS = {
    "does", "widgets", "forms", "outputs", "values", "texts", "holds", "chooses", "computes", "latent", "conditioning", "start",
    "masks", "counts", "splits", "fixed", "factor", "megapixels", "medium", "models", "fetches", "family", "type_input",
    "strengths", "end", "first", "animates",
}  # fmt: skip
TABLES = ("nodes", "virtual_types", "references", "roles")


def nodes() -> dict[str, dict[str, Any]]:
    return document("nodes")["nodes"]


def pairs(name: str) -> list[str]:
    """All keys of all objects that repeat within one object."""
    repeated: list[str] = []

    def keep(items: list[tuple[str, Any]]) -> dict[str, Any]:
        repeated.extend(key for key, count in Counter(key for key, _ in items).items() if count > 1)
        return dict(items)

    json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"), object_pairs_hook=keep)
    return repeated


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_what_it_is_and_repeats_no_key(name: str) -> None:
    body = document(name)
    assert body["schema"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", body["date"])
    assert body["source"]
    assert pairs(name) == []


def test_a_node_is_one_line_so_that_a_change_is_one_line() -> None:
    lines = (FOLDER / "nodes.json").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.startswith("    ")]) == len(nodes())


def test_nodes_have_known_fields_of_the_right_kind() -> None:
    for kind, facts in nodes().items():
        assert set(facts) <= FIELDS, kind
        assert facts["pack"], kind
        for flag in ("output", "api", "downloads"):
            assert facts.get(flag, True) is True, kind
        for name, choices in {**facts.get("folders", {}), **facts.get("extras", {})}.items():
            assert choices and all(isinstance(one, str) and one for one in choices), (kind, name)
            assert len(choices) == len(set(choices)), (kind, name)
        assert set(facts.get("media", {}).values()) <= MEDIA, kind


def test_widgets_are_named_once_and_hold_every_input_that_is_spoken_of() -> None:
    for kind, facts in nodes().items():
        widgets = facts.get("widgets", [])
        named = [name for name in widgets if name and name != CONTROL]
        assert len(named) == len(set(named)), kind
        assert widgets[:1] != [CONTROL], kind
        for field in ("folders", "media"):
            assert set(facts.get(field, {})) <= set(named), (kind, field)
        if widgets:
            assert set(facts.get("texts", ())) <= set(named), kind
        assert not set(facts.get("folders", {})) & set(facts.get("media", {})), kind


def test_every_folder_is_one_of_comfyui_or_one_that_a_pack_registers() -> None:
    folders = document("folders")
    known = set(folders["folders"]) | set(document("references")["pack_folders"])
    used = {name for facts in nodes().values() for names in facts.get("folders", {}).values() for name in names}
    used |= {name for names in document("references")["input_names"].values() for name in names}
    used |= {shape["folder"] for shape in document("references")["structured"].values()}
    assert used <= known
    assert not used & set(folders["aliases"])


@pytest.mark.parametrize(
    ("kind", "widget", "folder"),
    [
        ("CheckpointLoaderSimple", "ckpt_name", "checkpoints"),
        ("CheckpointLoader", "ckpt_name", "checkpoints"),
        ("UNETLoader", "unet_name", "diffusion_models"),
        ("QuadrupleCLIPLoader", "clip_name4", "text_encoders"),
        ("LTXAVTextEncoderLoader", "ckpt_name", "checkpoints"),
        ("LTXAVTextEncoderLoader", "text_encoder", "text_encoders"),
        ("LoadMoGeModel", "model_name", "geometry_estimation"),
        ("SAM3DBody_Loader", "model_file", "detection"),
        ("ConditioningLoader", "conditioning_name", "embeddings"),
        ("UnetLoaderGGUF", "unet_name", "diffusion_models"),
        ("UltralyticsDetectorProvider", "model_name", "ultralytics_bbox"),
        ("Efficient Loader", "lora_name", "loras"),
        ("WanVideoModelLoader", "model", "diffusion_models"),
    ],
)
def test_a_loader_reads_its_folder(kind: str, widget: str, folder: str) -> None:
    assert folder in nodes()[kind]["folders"][widget]


def test_input_media_outputs_partners_and_downloaders_are_told_apart() -> None:
    table = nodes()
    assert table["LoadImage"] == {"widgets": ["image", ""], "media": {"image": "image"}, "pack": "comfy-core"}
    assert table["LoadAudio"]["media"] == {"audio": "audio"}
    assert table["VHS_LoadVideo"]["media"] == {"video": "video"}
    for kind in ("SaveImage", "PreviewImage", "SaveVideo", "VHS_VideoCombine", "PreviewAny"):
        assert table[kind]["output"], kind
    assert sum(1 for facts in table.values() if facts.get("api")) >= 200
    assert not any(facts.get("api") for facts in table.values() if facts["pack"] != "comfy-core")
    for kind in ("DownloadAndLoadFlorence2Model", "DWPreprocessor", "RIFE VFI", "SeedVR2LoadDiTModel"):
        assert table[kind]["downloads"], kind
    loaders = [kind for kind, facts in table.items() if facts["pack"] != "comfy-core" and "folders" in facts]
    assert len(loaders) >= 150


def test_virtual_types_are_no_server_types_and_pass_values_on_by_type() -> None:
    virtual = document("virtual_types")
    types = virtual["types"]
    assert len(types) == len(set(types))
    assert not set(types) & {kind for kind, facts in nodes().items() if set(facts) - {"pack"}} - {"VHS_SelectLatest"}
    for way in ("reroute", "primitive", "get", "set"):
        assert set(virtual[way]) <= set(types), way
    for kind in ("Anything Everywhere", "Any Switch (rgthree)", "Context (rgthree)", "Power Lora Loader (rgthree)"):
        assert kind not in types


def test_the_words_about_references_are_usable_as_they_stand() -> None:
    references = document("references")
    assert all(re.fullmatch(r"\.[a-z0-9]+", suffix) for suffix in references["suffixes"])
    sentinels = references["sentinels"]
    assert [word for word in sentinels if word != word.casefold().strip()] == []
    assert len(sentinels) == len(set(sentinels))
    assert not [word for word in sentinels if word.endswith(tuple(references["suffixes"]))]
    assert all(name.endswith(tuple(references["suffixes"])) for name in references["generic_names"])
    for field in ("display", "generic_names", "lora_tag_readers"):
        assert len(references[field]) == len(set(references[field])), field
    urn = re.compile(references["urn_pattern"])
    assert urn.match("urn:air:sdxl:lora:civitai:12345@67890")
    assert not urn.match("urn:air:sdxl:lora:other:1@2")
    assert re.match(references["placeholder_pattern"], "%model%")


def test_every_reader_of_rows_speaks_of_widgets_that_exist() -> None:
    for kind, shape in document("references")["structured"].items():
        facts = nodes()[kind]
        if shape["kind"] == "rows":
            assert {"on", "name", "folder"} <= set(shape), kind
            continue
        widgets = set(facts["widgets"])
        assert shape["kind"] == "counted"
        assert shape["name"].format(1) in widgets, kind
        assert facts["folders"][shape["name"].format(1)] == [shape["folder"]], kind
        assert shape.get("count", shape["name"].format(1)) in widgets, kind
        assert shape.get("switch", shape["name"]).format(1) in widgets, kind
        assert "count" in shape or "switch" in shape, kind


def test_roles_are_one_line_each_and_say_only_what_is_defined() -> None:
    table = document("roles")
    lines = (FOLDER / "roles.json").read_text(encoding="utf-8").splitlines()
    assert table["schema"] == 1 and pairs("roles") == []
    assert sum(line.startswith('    "') for line in lines) == sum(
        len(body) for key, body in table.items() if isinstance(body, dict)
    )
    roles = {
        *table["loaders"]["folders"].values(),
        *table["loaders"]["inputs"].values(),
        *table["loaders"]["links"].values(),
    }
    meanings = {*table["names"], "dtype"}
    for kind, line in {**table["types"], **table["patterns"]}.items():
        assert set(line) <= ROLE_FIELDS, kind
        assert line["does"] in table["does"], kind
        assert set(line.get("values", {})) <= meanings, kind
        assert {*line.get("models", {}).values(), *line.get("fetches", {}).values()} <= roles | {
            "detector",
            "other",
            "language_model",
        }, kind
        assert line.get("family", "flux") in document("families")["families"], kind
        assert line.get("widgets", [""])[:1] != [CONTROL], kind
    for pattern in table["patterns"]:
        re.compile(pattern)
    for what in table["does"].values():
        assert set(what.get("values", ())) <= meanings and what.get("end", "in") in {"in", "out", "preview"}
    families = set(document("families")["families"])
    assert set(table["loaders"]["types"].values()) <= families


def test_roles_and_nodes_agree_about_the_inputs_they_both_name() -> None:
    for kind, line in document("roles")["types"].items():
        widgets = set(line.get("widgets") or nodes().get(kind, {}).get("widgets", ()))
        assert "widgets" not in line or not nodes().get(kind, {}).get("widgets"), (
            f"{kind} has its widgets in nodes.json"
        )
        holds = line.get("holds")
        if widgets and isinstance(holds, str) and kind not in {"PreviewAny", "ShowText|pysssss", "ViewText"}:
            assert holds in widgets, kind
        chooses = line.get("chooses", {})
        assert not chooses or chooses.get("first") or ("by" in chooses and ("of" in chooses or "name" in chooses)), kind


def _real_widgets(definition: dict[str, Any]) -> list[str]:
    """The inputs with a widget in the order in which a real /object_info lists them."""
    order = []
    for section in ("required", "optional"):
        inputs = definition["input"].get(section, {})
        for name in definition.get("input_order", {}).get(section, list(inputs)):
            kind, options = inputs[name][0], (inputs[name][1:] or [{}])[0]
            combo = isinstance(kind, list) or kind in {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
            if combo and not options.get("forceInput"):
                order.append(name)
    return order


@pytest.mark.comfyui
def test_widget_order_and_outputs_agree_with_a_real_comfyui(comfyui_host: Any) -> None:
    status, real = comfyui_host.get("/object_info")
    assert status == 200
    table = {kind: facts for kind, facts in nodes().items() if facts["pack"] == "comfy-core" and kind in real}
    assert len(table) > 50
    for kind, facts in table.items():
        own = [name for name in facts.get("widgets", []) if name and name != CONTROL]
        expected = _real_widgets(real[kind])
        if own and kind not in {"Load3D"}:  # its viewer fills in `image`, which has no widget type
            assert own[: len(expected)] == expected, kind
        assert facts.get("output", False) == bool(real[kind]["output_node"]), kind
