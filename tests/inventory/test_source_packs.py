"""What is read from our own fixture packs; that a real ComfyUI agrees is shown by the host tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from comfyfixersmart.core.catalogue.types import Input, NodeType
from comfyfixersmart.core.inventory.source import SourcePack, read_pack

PACKS = Path(__file__).resolve().parents[1] / "fixtures" / "packs"


@cache
def pack(name: str) -> SourcePack:
    return read_pack(PACKS / name)


def node(name: str, kind: str) -> NodeType:
    return pack(name).definitions[kind]


def one(name: str, kind: str, field: str) -> Input:
    found = node(name, kind).input(field)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("plain_v1", {"QuillLoader", "QuillPicture", "Quill Router (any)"}),
        ("schema_v3", {"KiteLoader", "KiteFlip", "KiteSave", "KiteOfPaper", "KiteOfSilk"}),
        (
            "merged_dicts",
            {"TreeOak", "TreeElm", "TreeFir", "TreePine", "TreeLarch", "TreeAsh", "TreeYew", "Tree Ring"},
        ),
        (
            "computed_names",
            {"Shape | Circle", "Shape | Square", "Shape | 01", "Shape | 02", "Shape | 03"}
            | {"Shape-Small", "Shape-Large", "Shape | Brush", "Shape | Eraser"},
        ),
        ("single_file.py", {"Pebble"}),
        ("switched_off.disabled", {"Sundial"}),
    ],
)
def test_names_are_read_in_full(name: str, types: set[str]) -> None:
    found = pack(name)
    assert set(found.definitions) == types
    assert (found.complete, found.failed, found.reasons, found.unsure) == (True, "", (), frozenset())


def test_every_definition_says_where_it_comes_from() -> None:
    found = node("plain_v1", "QuillLoader")
    assert (found.pack, found.source, found.output, found.api) == ("plain_v1", "source", False, False)
    assert node("single_file.py", "Pebble").pack == "single_file"


def test_files_of_model_folders_are_told_from_the_choices_beside_them() -> None:
    assert one("plain_v1", "QuillLoader", "quill").folders == ("quills",)
    lora = one("plain_v1", "QuillLoader", "lora")
    assert (lora.folders, lora.extras, lora.options) == (("loras",), ("None",), None)
    both = one("plain_v1", "QuillLoader", "vae")
    assert (both.folders, both.extras) == (("vae", "vae_approx"), ("built in",))
    well = one("plain_v1", "QuillPicture", "well")
    assert (well.folders, well.extras) == (("inkwells",), ("none",))
    kite = one("schema_v3", "KiteLoader", "lora")
    assert (kite.folders, kite.extras) == (("loras",), ("[none]",))


def test_choices_ranges_and_controls() -> None:
    assert one("plain_v1", "QuillLoader", "mode").options == ("fine", "broad")
    strength = one("plain_v1", "QuillLoader", "strength")
    assert (strength.type, strength.minimum, strength.maximum, strength.default) == ("FLOAT", -2.0, 2.0, 1.0)
    assert one("plain_v1", "QuillLoader", "seed").control  # by its name
    assert one("plain_v1", "QuillLoader", "steps").control  # because it asks for it
    assert not one("plain_v1", "QuillLoader", "strength").control
    assert one("schema_v3", "KiteLoader", "shape").options == ("diamond", "delta")
    assert one("schema_v3", "KiteLoader", "wind").maximum == 12.5
    assert one("computed_names", "Shape | Square", "fill").options == ("none", "50%", "100%")
    assert one("computed_names", "Shape-Large", "edges").maximum == 12


def test_a_list_taken_from_comfyui_is_not_known_without_comfyui() -> None:
    sampler = one("plain_v1", "QuillLoader", "sampler")
    assert sampler.options is None
    assert sampler.folders is None


def test_sockets_have_no_widget() -> None:
    names = {field.name for field in node("plain_v1", "QuillLoader").inputs or () if not field.widget}
    assert names == {"model", "note", "anything"}
    assert one("plain_v1", "QuillLoader", "anything").type == "*"
    assert not one("schema_v3", "KiteLoader", "label").widget
    assert one("schema_v3", "KiteLoader", "kite").type == "KITE"


def test_required_inputs_come_first_as_comfyui_answers() -> None:
    kite = [(field.name, field.required) for field in node("schema_v3", "KiteLoader").inputs or ()]
    assert kite == [
        ("lora", True),
        ("shape", True),
        ("wind", True),
        ("seed", True),
        ("label", True),
        ("model", False),
        ("kite", False),
    ]
    assert one("plain_v1", "QuillLoader", "model").required is False


def test_pictures_of_the_input_folder() -> None:
    image = one("plain_v1", "QuillPicture", "image")
    assert (image.media, image.folders, image.options) == ("image", None, None)
    assert node("plain_v1", "QuillPicture").output is True


def test_inheritance() -> None:
    assert node("plain_v1", "Quill Router (any)").output is False  # overrides its base
    assert one("merged_dicts", "TreeFir", "kind").options == ("fir", "bush")  # super() keeps the class that asks
    assert one("merged_dicts", "TreeFir", "cones").required is False
    assert node("computed_names", "Shape | Eraser").output is True  # made by type()
    assert node("schema_v3", "KiteSave").output is True  # changed after super().define_schema()
    flip = node("schema_v3", "KiteFlip").inputs or ()
    assert [field.name for field in flip] == ["image", "upside_down", "turns"]


def test_an_input_dictionary_that_accepts_any_name_is_dynamic() -> None:
    router = node("plain_v1", "Quill Router (any)")
    assert router.dynamic
    assert [field.name for field in router.inputs or ()] == ["first"]


def test_folders_that_a_pack_registers() -> None:
    folders = pack("plain_v1").folders
    assert folders["quills"].paths == ("models/quills",)
    assert folders["quills"].suffixes == frozenset()  # every file counts
    assert folders["inkwells"].paths == ("models/inkwells", "custom_nodes/plain_v1/models")
    assert folders["inkwells"].suffixes == {".ink", ".safetensors"}


def test_a_pack_that_raises_says_what_and_where() -> None:
    found = pack("failing_import")
    assert found.failed == "check.py:3: raises RuntimeError: this pack needs a lighthouse"
    assert not found.definitions


def test_imports_are_those_without_which_it_cannot_load() -> None:
    found = pack("missing_module")
    assert found.imports == {"comfyfixersmart_fixture_absent"}
    assert found.failed == ""  # that is for whoever knows the Python environment to say
    assert set(found.definitions) == {"Lantern"}


def test_a_node_behind_an_optional_import_names_that_import() -> None:
    found = pack("guarded_import")
    assert found.imports == frozenset()
    assert found.needs == {"BoatInHarbour": frozenset({"comfyfixersmart_fixture_absent"})}
    assert set(found.definitions) == {"Boat", "BoatInHarbour"}


def test_names_from_a_data_file_are_known_to_be_unknown() -> None:
    found = pack("names_from_file")
    assert set(found.definitions) == {"BellKnown"}
    assert not found.complete
    assert "__init__.py:25" in found.reasons[0]
    tone = one("names_from_file", "BellKnown", "tone")
    assert (tone.type, tone.options, tone.folders) == ("", None, None)
    assert one("names_from_file", "BellKnown", "loud").type == "BOOLEAN"


def test_a_pack_without_nodes_that_serves_scripts() -> None:
    found = pack("web_only")
    assert (found.failed, found.complete, found.definitions) == ("", True, {})
