"""The documents keep up with the program: every code, command, option, setting, route, key and kept file is in them."""

from __future__ import annotations

import json
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from comfyfixersmart.core.cli import _parser
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.settings import DIALOG_BOUNDS, DIALOG_NAMES, ENVIRONMENT_NAMES, Values
from comfyfixersmart.server_routes.routes import PREFIX, ROUTES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSIDE = (ROOT / "core" / "README.md").read_text(encoding="utf-8")
CODE = "\n".join(
    path.read_text(encoding="utf-8") for top in ("core", "server_routes") for path in sorted((ROOT / top).rglob("*.py"))
)
INDEX = (ROOT / "web/index.js").read_text(encoding="utf-8")
SHEETS = (ROOT / "web/library/settings.mjs").read_text(encoding="utf-8")
TEXTS = ROOT / "locales/en"


def test_every_finding_code_is_in_the_readme() -> None:
    codes = {item["code"] if isinstance(item, dict) else item for item in _codes()}
    assert codes, "the registry is empty"
    assert {code for code in codes if code not in README} == set()


def test_every_code_that_is_given_is_registered() -> None:
    given = set(re.findall(r'"((?:NODE|MODEL|VALUE|LINK|INPUT|API|FILE|HW|LIC|POLICY)\d{3})"', CODE))
    assert given <= set(_codes())


def test_every_command_and_option_is_in_the_readme() -> None:
    commands = next(action.choices for action in _parser()._actions if isinstance(action.choices, dict))
    known = {"explain", "tune", "compare"}
    assert set(commands) == known | {"scan", "check", "inspect", "resolve", "fix", "plan", "apply", "journal"}
    options = {
        option
        for command in commands.values()
        for action in command._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }
    assert {f"comfyfixersmart {name}" for name in commands if f"comfyfixersmart {name}" not in README} == set()
    assert {option for option in options if option not in README} == set()


def test_environment_variables_of_the_readme_are_those_of_the_program() -> None:
    names = set(re.findall(r"COMFYFIXERSMART_[A-Z_]+", CODE))
    assert names
    assert names == set(re.findall(r"COMFYFIXERSMART_[A-Z_]+", README))


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    table = {row[0].split(":")[0].strip("` "): row[1:] for row in _rows(README) if row[0].startswith("`")}
    for name, field in Values.model_fields.items():
        variable, dialog, default = table[name]
        assert ENVIRONMENT_NAMES[name] in variable
        assert dialog.startswith("yes") == (name in DIALOG_NAMES)
        assert default == _said(field.default)
    low, high = DIALOG_BOUNDS["cycle_hours"]
    assert f"{low:g} to {high:g}" in table["cycle_hours"][1]


def _said(default: object) -> str:
    """A default as a person writes it."""
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, int | float):
        return f"{default:g}"
    return default if isinstance(default, str) else "none"


def test_the_settings_dialog_is_described_whole() -> None:
    """Its cadence is in the table above; its looks are named as the dialog names them."""
    offered = dict(re.findall(r'setting\("(\w+)", "([^"]+)"', INDEX))
    for name in DIALOG_NAMES.values():
        del offered[name.removeprefix("comfyfixersmart.")]
    assert offered
    assert {text for text in offered.values() if f'"{text}"' not in README.replace("\n", " ")} == set()


def test_the_table_of_routes_is_the_program_s() -> None:
    chapter = INSIDE.split(f"route under `{PREFIX}/`")[1].split("\n\n")[0]
    told = {one.split("?")[0] for one in re.findall(r"`((?:GET|POST) [^`]+)`", chapter)}
    assert told == {f"{route.method} {route.path.removeprefix('/')}" for route in ROUTES}


def test_every_kept_file_is_in_the_inner_readme() -> None:
    names = set(re.findall(r'state(?:_folder\(\))? / "([\w.]+)"', CODE))
    assert {"history.json", "good", "schedule.json", "settings.json", "library.json", "users"} <= names
    assert {name for name in names if name not in INSIDE} == set()


def test_every_module_that_the_inner_readme_names_is_there() -> None:
    named = set(re.findall(r"`([\w./]+\.(?:py|mjs|js))`", INSIDE))
    assert len(named) > 20
    places = [ROOT, ROOT / "core", ROOT / "server_routes", *(ROOT / "core").iterdir()]
    assert {name for name in named if not any((place / name).is_file() for place in places)} == set()


def test_every_key_of_the_panel_is_in_the_readme() -> None:
    """The panel shows its keys in a table; that they work is tested in the browser."""
    table = re.search(r"const KEYS = (\[\[.+?\]\]);", SHEETS, re.DOTALL)
    assert table
    keys = {key for keys, _ in json.loads(table[1]) for key in re.split(r"[\s…]+", keys)}
    assert {"/", "Enter", "g", "r"} <= keys
    chapter = README.split("### Keys in the panel")[1].split("##")[0]
    assert keys | _combos() == {key for code in re.findall(r"`([^`]+)`", chapter) for key in code.split()}


def _combos() -> set[str]:
    """The keys that work everywhere, as ComfyUI is told them."""
    found = re.findall(r'combo: \{ key: "(\w+)", shift: true \}', INDEX)
    assert len(found) == INDEX.count("combo:")
    return {f"Shift+{key.upper()}" for key in found}


def test_what_the_readme_calls_by_name_has_that_name() -> None:
    """Menu items are in italics; words of the program that a person would look for are quoted in bold."""
    labels = {one["label"] for one in json.loads((TEXTS / "commands.json").read_text(encoding="utf-8")).values()}
    assert {name for name in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", README) if name not in labels} == set()
    main = (TEXTS / "main.json").read_text(encoding="utf-8")
    program = CODE + main.replace("{why}", "a prompt is running") + INDEX
    assert '"prompt_running": "a prompt is running"' in main
    quoted = re.findall(r'"([^"]+)"', " ".join(re.findall(r"^- \*\*(.+?)\*\*", README, re.MULTILINE)))
    assert len(quoted) >= 4
    assert {words for words in quoted if words.strip("… ") not in program} == set()


def test_the_readme_names_the_versions_that_are_tested() -> None:
    spec = spec_from_file_location("pinned_frontends", ROOT / "tests/host/frontends.py")
    assert spec and spec.loader
    frontends = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(frontends)
    claim = re.search(r"tested on ([\d.]+) with the pages ([\d., and]+\d)", README.replace("\n", " "))
    assert claim
    assert re.findall(r"[\d.]+\d", claim[2]) == frontends.versions()
    assert f'"{claim[1]}"' in (ROOT / "tests/host/test_loading.py").read_text(encoding="utf-8")


def test_the_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(pictures) >= 2
    assert [name for name in pictures if not (ROOT / name).is_file()] == []


def _codes() -> list[str]:
    return list(document("findings")["codes"])


def _rows(text: str) -> list[list[str]]:
    """The cells of every table row with four columns."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if len(row) == 4]
