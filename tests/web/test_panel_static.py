"""What can be told of the panel's files without running them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
FILES = sorted(path for path in WEB.rglob("*") if path.is_file())
MODULES = [path for path in FILES if path.suffix in (".mjs", ".js")]
LOCALES = sorted(path.parent.name for path in ROOT.glob("locales/*/main.json"))

# What turns text into markup or code.
FORBIDDEN = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|srcdoc\s*=|document\.write|setHTML\w*|eval)\b"
    r"|new Function|\bimport\s*\(\s*[^\"')]"
)
ADDRESS = re.compile(r"""["'`(]\s*(https?:)?//[\w.]+""")
VOCABULARY = '"http://www.w3.org/2000/svg"'
PLURALS = {"zero", "one", "two", "few", "many", "other"}


def test_only_the_entry_is_loaded_by_comfyui_and_it_is_small() -> None:
    scripts = [path for path in FILES if path.suffix == ".js"]
    assert [path.relative_to(WEB).as_posix() for path in scripts] == ["index.js"]
    assert scripts[0].stat().st_size <= 3 * 1024
    assert {path.suffix for path in FILES} <= {".js", ".mjs", ".css", ".svg", ".png"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_name_can_never_become_markup_or_code(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if FORBIDDEN.search(line)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_names_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(VOCABULARY, "")
    assert ADDRESS.findall(text) == []
    assert "@import" not in text and "url(" not in text


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_small_and_say_what_they_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("//")
    assert text.count("\n") <= 300


def test_every_rule_of_style_stays_in_the_panel() -> None:
    """ComfyUI's page must not change because our style sheet is in it."""
    for path in WEB.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
        text = re.sub(r"@keyframes[^{]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
        for selectors in re.findall(r"([^{};]+)\{", text):
            if selectors.strip().startswith("@"):
                continue
            for one in re.split(r",(?![^()]*\))", selectors):
                assert re.match(r"\.cfs(?![\w-])", one.strip()), f"{path.name}: {one.strip()}"


def load(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "locales" / name / "main.json").read_text(encoding="utf-8"))["comfyfixersmart"]


def texts(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each key with its text, or its plural forms."""
    for key, value in tree.items():
        if isinstance(value, dict) and not set(value) <= PLURALS:
            yield from texts(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def holes(value: Any) -> set[str]:
    forms = value.values() if isinstance(value, dict) else [value]
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


def test_all_languages_say_the_same_things() -> None:
    assert {"en", "zh"} <= set(LOCALES)
    english = dict(texts(load("en")))
    for name in LOCALES:
        other = dict(texts(load(name)))
        assert sorted(other) == sorted(english), name
        for key, value in other.items():
            assert holes(value) == holes(english[key]), f"{name}: {key}"
            assert isinstance(value, dict) == isinstance(english[key], dict), (
                f"{name}: {key} has plural forms in one only"
            )


def test_plurals_and_texts_are_well_formed() -> None:
    for name in LOCALES:
        for key, value in texts(load(name)):
            forms = value if isinstance(value, dict) else {"other": value}
            assert "other" in forms, f"{name}: {key}"
            if isinstance(value, dict):
                assert set(forms) == ({"one", "other"} if name == "en" else {"other"}), f"{name}: {key}"
            for form in forms.values():
                assert form == form.strip() or key.startswith("list."), f"{name}: {key}"
                assert "  " not in form and "!" not in form and "|" not in form and "@" not in form, f"{name}: {key}"


USED = re.compile(
    r"""\b(?:t|parts|has)\(\s*(?:[^"`(),]+\?\s*)?(["`])([a-z][\w.]*(?:\$\{[^}]+\})?[\w.]*)\1(?:\s*:\s*(["`])([a-z][\w.]+)\3)?"""
)


def used() -> set[str]:
    """Keys in the code; `a.${x}` as "a.*"."""
    found: set[str] = set()
    for path in MODULES:
        for _, first, _, second in USED.findall(path.read_text(encoding="utf-8")):
            found |= {re.sub(r"\$\{[^}]+\}", "*", key) for key in (first, second) if "." in key or key == "loading"}
    return found


def test_every_key_in_the_code_is_a_text() -> None:
    known = [key for key, _ in texts(load("en"))]
    keys = used()
    assert len(keys) > 60
    for key in keys:
        pattern = re.escape(key).replace(r"\*", r"\w+")
        assert any(re.fullmatch(pattern, one) for one in known), key


def test_every_text_is_used() -> None:
    """A key, or what it is put together from (`t(`status.${one}`)`, "trouble.library"), stands in the code."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)

    def named(key: str) -> bool:
        parts = key.split(".")
        stems = [".".join(parts[:at]) for at in range(1, len(parts))]
        return any(f"{quote}{key}{quote}" in code for quote in '"`') or any(
            f"`{stem}.$" in code or (at and f'"{stem}"' in code) for at, stem in enumerate(stems)
        )

    assert [key for key, _ in texts(load("en")) if not named(key)] == []


def test_the_sentences_to_translate_are_the_checks_own() -> None:
    """The longest piece between two holes stands in the source of core, so that a sentence changed there is noticed here."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "core").rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source)  # one literal on two lines
    source += "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "knowledge").glob("*.json"))
    for key, text in load("en")["said"].items():
        longest = max(re.split(r"\{\w+\}", text), key=len).strip(" :.")
        # "The workflow names" and "the pack x" are put together there, so one end of it is enough.
        assert longest[:15] in source or longest[-15:] in source, key
