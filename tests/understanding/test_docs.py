"""The documentation of nodes that lies in an installation: where it is looked for, and what is taken of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from comfyfixersmart.core.catalogue.types import NodeType
from comfyfixersmart.core.inventory.types import Inventory, Pack
from comfyfixersmart.core.understanding.docs import Docs, first_sentences
from hypothesis import given
from hypothesis import strategies as st

PAGE = """# Reed

![a reed](reed.png)
The **Reed** bends [images](https://example.org/x) by `amount`. It keeps their size.
It is quick.

## Inputs

| a | b |
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    docs = tmp_path / "venv/lib/python3.12/site-packages/comfyui_embedded_docs/docs"
    for name, text in (("Reed/en.md", PAGE), ("Old.md", "# Old\n\nAn old one.")):
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")
    own = tmp_path / "custom_nodes/thistle/web/docs"
    own.mkdir(parents=True)
    (own / "Thistle.md").write_text("Pricks what it touches.", encoding="utf-8")
    return tmp_path


def docs(base: Path) -> Docs:
    types = {"Reed": NodeType("Reed", ()), "Thistle": NodeType("Thistle", (), pack="thistle")}
    packs = (Pack("thistle", "loaded", frozenset({"Thistle"}), path=str(base / "custom_nodes/thistle")),)
    return Docs(Inventory("disk", str(base), definitions=types, packs=packs, directories={"base": str(base)}))


def test_comfyui_s_own(base: Path) -> None:
    found = docs(base)("Reed")
    assert found is not None
    assert found.text == "The Reed bends images by amount. It keeps their size. It is quick."
    assert found.source == "ComfyUI's documentation of Reed"
    old = docs(base)("Old")
    assert old is not None and old.text == "An old one."


def test_a_pack_s_own(base: Path) -> None:
    found = docs(base)("Thistle")
    assert found is not None
    assert found.text == "Pricks what it touches."
    assert found.source == "the documentation of Thistle in thistle"


def test_what_is_not_there_is_none(base: Path) -> None:
    assert docs(base)("Nobody") is None
    assert Docs(Inventory("none", ""))("Reed") is None
    assert Docs(Inventory("server", "http://127.0.0.1:1"))("Reed") is None


@pytest.mark.parametrize("name", ["..", ".", "../Reed", "a/b", "a\\b", "", "x" * 200, "a\0b", "CON:"])
def test_a_name_that_is_no_file_s_leads_nowhere(base: Path, name: str) -> None:
    assert docs(base)(name) is None


def test_a_pipe_is_not_waited_for(base: Path) -> None:
    folder = base / "venv/lib/python3.12/site-packages/comfyui_embedded_docs/docs/Pipe"
    folder.mkdir()
    os.mkfifo(folder / "en.md")
    assert docs(base)("Pipe") is None


def test_a_file_is_read_once(base: Path) -> None:
    known = docs(base)
    first = known("Reed")
    (base / "venv/lib/python3.12/site-packages/comfyui_embedded_docs/docs/Reed/en.md").unlink()
    assert known("Reed") is first


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = " ".join(f"Sentence number {at} says nothing of worth." for at in range(40))
    found = first_sentences(text)
    assert 200 < len(found) < 400 and found.endswith("worth.")


@given(st.text(max_size=400))
def test_any_text_gives_one_line(text: str) -> None:
    found = first_sentences(text)
    assert len(found) < 400 and "\n" not in found
