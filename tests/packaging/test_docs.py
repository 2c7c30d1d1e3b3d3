"""The documents keep up with the program: every code, command, option, setting and kept file is named in them."""

from __future__ import annotations

import re
from pathlib import Path

from comfyfixersmart.core.cli import _parser
from comfyfixersmart.core.knowledge import document

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSIDE = (ROOT / "core" / "README.md").read_text(encoding="utf-8")
CODE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "core").rglob("*.py")))


def test_every_finding_code_is_in_the_readme() -> None:
    codes = {item["code"] if isinstance(item, dict) else item for item in _codes()}
    assert codes, "the registry is empty"
    assert {code for code in codes if code not in README} == set()


def test_every_code_that_is_given_is_registered() -> None:
    given = set(re.findall(r'"((?:NODE|MODEL|VALUE|LINK|INPUT|API|FILE|HW|LIC|POLICY)\d{3})"', CODE))
    assert given <= set(_codes())


def test_every_command_and_option_is_in_the_readme() -> None:
    commands = next(action.choices for action in _parser()._actions if isinstance(action.choices, dict))
    assert set(commands) == {"scan", "check", "inspect"}
    options = {
        option
        for command in commands.values()
        for action in command._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }
    assert {f"comfyfixersmart {name}" for name in commands if f"comfyfixersmart {name}" not in README} == set()
    assert {option for option in options if option not in README} == set()


def test_every_environment_variable_is_in_the_readme() -> None:
    names = set(re.findall(r'"(COMFYFIXERSMART_[A-Z_]+)"', CODE))
    assert names
    assert {name for name in names if name not in README} == set()


def test_every_kept_file_is_in_the_inner_readme() -> None:
    names = set(re.findall(r'state / "([\w.]+)"', CODE))
    assert {"history.json", "good"} <= names
    assert {name for name in names if name not in INSIDE} == set()


def test_the_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(pictures) >= 2
    assert [name for name in pictures if not (ROOT / name).is_file()] == []


def _codes() -> list[str]:
    return list(document("findings")["codes"])
