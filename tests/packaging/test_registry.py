"""What the Comfy Registry and ComfyUI's Manager read of us, and what they would publish."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, COMFY = SETTINGS["project"], SETTINGS["tool"]["comfy"]
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Everything a person gets; the rest of the repository is for developing.
PUBLISHED = {
    *("__init__.py", "core", "nodes", "server_routes", "web", "locales", "knowledge", "example_workflows"),
    *("pyproject.toml", "requirements.txt", "README.md", "CHANGELOG.md", "LICENSE", ".comfyignore", ".gitignore"),
}


def test_the_name_is_one_the_registry_takes() -> None:
    """docs.comfy.org/registry/specifications: letters first, no two special characters in a row, not "ComfyUI"."""
    name = PROJECT["name"]
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*([-_.][A-Za-z0-9]+)*", name) and len(name) < 100
    assert "comfyui" not in name.lower()


def test_version_and_licence_have_the_registry_s_form() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", PROJECT["version"])
    assert (ROOT / PROJECT["license"]["file"]).read_text(encoding="utf-8").startswith("MIT License")
    assert "License :: OSI Approved :: MIT License" in PROJECT["classifiers"]
    assert "Operating System :: OS Independent" in PROJECT["classifiers"]


def test_the_places_a_person_is_sent_to_are_in_one_repository() -> None:
    urls = PROJECT["urls"]
    assert {"Repository", "Documentation", "Bug Tracker"} <= set(urls)
    assert all(url.startswith(urls["Repository"]) for url in urls.values())
    assert f"git clone {urls['Repository']} " in README


def test_the_registry_s_own_fields() -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", COMFY["PublisherId"])
    assert COMFY["DisplayName"] == "ComfyFixerSmart"
    oldest = COMFY["requires-comfyui"].removeprefix(">=")
    assert f"ComfyUI from {oldest} on" in README
    assert "web" not in COMFY  # it would serve web/ under another name than WEB_DIRECTORY does


def test_requirements_are_the_project_s_own_and_name_what_comfyui_lacks() -> None:
    """The Manager installs this file; a bound that differs would be a promise that nobody tests."""
    asked = [line for line in REQUIREMENTS.splitlines() if line and not line.startswith("#")]
    declared = PROJECT["dependencies"]
    assert asked == [line for line in declared if line in asked]
    left = {re.split(r"[<>=~!]", line)[0] for line in declared if line not in asked}
    brought = re.search(r"ComfyUI itself brings (.+)\.", REQUIREMENTS)
    assert brought
    assert left == {*re.split(r", | and ", brought[1]), "rich"}  # rich: for the command line only
    users = [
        path for path in (ROOT / "core").rglob("*.py") if re.search(r"(?m)^\s*(from|import) rich\b", path.read_text())
    ]
    assert [path.name for path in users] == ["console.py", "console_run.py"]


def test_nothing_that_is_for_developing_is_published() -> None:
    """The registry packs what git tracks, less what .comfyignore names."""
    tracked = _git("ls-files", "--cached")
    ignored = _git("ls-files", "--cached", "--ignored", f"--exclude-from={ROOT / '.comfyignore'}")
    tops = {name.split("/")[0] for name in tracked - ignored}
    assert tops - PUBLISHED == set()
    assert PUBLISHED - tops == set()
    assert {"scripts", "tests", "benchmarks"} <= {name.split("/")[0] for name in ignored}


def _git(*arguments: str) -> set[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what is tracked cannot be told")
    done = subprocess.run(["git", "-C", str(ROOT), *arguments, "-z"], capture_output=True, text=True, check=True)
    return set(filter(None, done.stdout.split("\0")))
