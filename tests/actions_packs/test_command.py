"""The command to paste: right for the installation, quoted for its shell, and never more than one command per line."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.packs import command_for
from comfyfixersmart.core.actions.types import COMMAND, MANAGER_V3, MANAGER_V4, PackTask
from comfyfixersmart.core.errors import ComfyFixerError
from hypothesis import given
from hypothesis import strategies as st

INK = PackTask("inkwell-nodes", "https://github.com/brushworks/Inkwell-Nodes", "1.4.0", "Active")
ODD = 'Comfy UI\'s $(touch owned) `x` & co; \\ "q" *'  # a folder that somebody really may have


@pytest.fixture(autouse=True)
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """This very Python does not run ComfyUI."""
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "torch" else real(name, *more))


def installation(base: Path, *, code: bool = True, v4: bool = False, v3: bool = False, python: str = "") -> Path:
    """A ComfyUI with what a command has to know of it. `python`: a path in its environment."""
    (base / "custom_nodes").mkdir(parents=True)
    if code:
        (base / "folder_paths.py").touch()
    if python:
        path = base / python
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
    if v4:
        cli = base / "venv/lib/python3.12/site-packages/cm_cli"
        cli.mkdir(parents=True)
        (cli / "__main__.py").touch()
    if v3:
        (base / "custom_nodes/ComfyUI-Manager").mkdir()
        (base / "custom_nodes/ComfyUI-Manager/cm-cli.py").touch()
    return base


# ---- for each Manager --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [MANAGER_V4, COMMAND])
def test_the_fourth_generation_is_a_module_of_comfyuis_python(tmp_path: Path, way: str) -> None:
    base = installation(tmp_path / "ComfyUI", v4=True, python="venv/bin/python")
    told = command_for(INK._replace(through=way), str(base), windows=False)
    assert told == f"COMFYUI_PATH={base} {base}/venv/bin/python -m cm_cli install inkwell-nodes@1.4.0"


@pytest.mark.parametrize("way", [MANAGER_V3, COMMAND])
def test_the_third_generation_is_a_script_among_the_packs(tmp_path: Path, way: str) -> None:
    base = installation(tmp_path / "ComfyUI", v3=True, python="venv/bin/python")
    told = command_for(INK, str(base), manager=way, windows=False)
    cli = f"{base}/custom_nodes/ComfyUI-Manager/cm-cli.py"
    assert told == f"COMFYUI_PATH={base} {base}/venv/bin/python {cli} install inkwell-nodes@1.4.0"


def test_without_one_it_is_a_clone_and_what_the_pack_needs(tmp_path: Path) -> None:
    base = installation(tmp_path / "ComfyUI", python=".venv/bin/python")
    told = command_for(INK, str(base), windows=False)
    folder = f"{base}/custom_nodes/Inkwell-Nodes"
    assert told.splitlines() == [
        f"git clone -- https://github.com/brushworks/Inkwell-Nodes {folder}",
        f"{base}/.venv/bin/python -m pip install -r {folder}/requirements.txt",
    ]
    assert command_for(INK._replace(repo=""), str(base), windows=False) == ""


def test_the_managers_command_is_not_offered_where_it_would_install_elsewhere(tmp_path: Path) -> None:
    desktop = installation(tmp_path / "Desktop", code=False, v4=True, python="venv/bin/python")
    assert command_for(INK, str(desktop), windows=False).startswith("git clone -- ")
    base = installation(tmp_path / "ComfyUI", v4=True)
    other = tmp_path / "packs"
    told = command_for(INK, str(base), str(other), windows=False)
    assert told.startswith(f"git clone -- https://github.com/brushworks/Inkwell-Nodes {other}/Inkwell-Nodes")


def test_a_given_interpreter_is_used_and_an_unknown_one_is_called_python(tmp_path: Path) -> None:
    base = installation(tmp_path / "ComfyUI")
    assert "\npython -m pip" in command_for(INK, str(base), windows=False)
    assert "\n/opt/py/bin/python -m pip" in command_for(INK, str(base), python="/opt/py/bin/python", windows=False)


def test_for_another_computer_the_folder_is_left_to_the_person() -> None:
    address = "http://10.0.0.5:8188"
    told = command_for(INK._replace(through=MANAGER_V4), address, windows=False)
    assert told == "COMFYUI_PATH=path/to/ComfyUI python -m cm_cli install inkwell-nodes@1.4.0"
    told = command_for(INK._replace(through=MANAGER_V3), address, windows=False)
    assert told.endswith("python path/to/ComfyUI/custom_nodes/ComfyUI-Manager/cm-cli.py install inkwell-nodes@1.4.0")
    assert command_for(INK, address, windows=False).splitlines()[0] == (
        "git clone -- https://github.com/brushworks/Inkwell-Nodes path/to/ComfyUI/custom_nodes/Inkwell-Nodes"
    )


def test_a_disabled_pack_gets_its_name_back(tmp_path: Path) -> None:
    base = installation(tmp_path / "ComfyUI", v4=True)
    nodes = f"{base}/custom_nodes"
    for folder in (
        f"{nodes}/.disabled/inkwell-nodes@1_3_0",
        f"{nodes}/inkwell-nodes.disabled",
        ".disabled/inkwell-nodes",
    ):
        whole = folder if os.path.isabs(folder) else f"{nodes}/{folder}"
        told = command_for(PackTask(folder=folder), str(base), windows=False)
        assert told == f"mv -n -- {whole} {nodes}/inkwell-nodes"


# ---- Windows -----------------------------------------------------------------------------------------------


def test_the_command_prompt_of_windows(tmp_path: Path) -> None:
    base = installation(tmp_path / "AI & art" / "ComfyUI", v4=True)
    python = tmp_path / "AI & art" / "python_embeded" / "python.exe"
    python.parent.mkdir()
    python.touch()
    (python.parent / "Lib/site-packages/cm_cli").mkdir(parents=True)
    (python.parent / "Lib/site-packages/cm_cli/__main__.py").touch()
    told = command_for(INK, str(base), windows=True)
    assert told == f'set "COMFYUI_PATH={base}" && "{python}" -s -m cm_cli install inkwell-nodes@1.4.0'
    clone = command_for(INK, str(base), str(tmp_path / "x y"), windows=True).splitlines()
    assert clone[0] == f'git clone -- https://github.com/brushworks/Inkwell-Nodes "{tmp_path / "x y"}/Inkwell-Nodes"'
    assert clone[1] == f'"{python}" -s -m pip install -r "{tmp_path / "x y"}/Inkwell-Nodes/requirements.txt"'
    assert command_for(PackTask(folder="ink.disabled"), str(base), windows=True).startswith("move /-Y ")


@pytest.mark.parametrize("name", ["100%APPDATA%", 'say "x"', "wow!"])
def test_what_a_windows_prompt_would_change_is_not_pasted(tmp_path: Path, name: str) -> None:
    base = installation(tmp_path / name)
    with pytest.raises(ComfyFixerError) as error:
        command_for(INK, str(base), windows=True)
    assert error.value.code == "unsafe_name"


# ---- hostile names -----------------------------------------------------------------------------------------

HOSTILE = [
    *(
        "",
        "-x",
        "--upgrade",
        ".hidden",
        "a b",
        "a;b",
        "a\nb",
        "a&b",
        "a|b",
        "a`b`",
        "$(id)",
        "a'b",
        'a"b',
        "a/b",
        "a\\b",
    ),
    *("%PATH%", "a@b", "a\0b", "ä", "a\u202eb", "a\u200b", "a" * 101, "x=y", "*", "~root", "a\r"),
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("windows", [False, True])
def test_no_command_is_made_of_a_hostile_id_or_version(tmp_path: Path, hostile: str, windows: bool) -> None:
    base = installation(tmp_path / "ComfyUI", v4=True)
    for task in (INK._replace(registry_id=hostile), INK._replace(version=hostile)):
        for way in (MANAGER_V4, MANAGER_V3, COMMAND):
            with pytest.raises(ComfyFixerError) as error:
                command_for(task, str(base), manager=way, windows=windows)
            assert error.value.code == "unsafe_name"


@pytest.mark.parametrize(
    "repo",
    [
        *(
            "http://github.com/a/b",
            "ssh://git@github.com/a/b",
            "git@github.com:a/b.git",
            "file:///etc",
            "ext::sh -c id",
        ),
        *(
            "https://github.com/a",
            "https://github.com",
            "https://user:pw@github.com/a/b",
            "https://github.com:8443/a/b",
        ),
        *(
            "https://github.com/a/b?x=1",
            "https://github.com/a/b#c",
            "https://github.com/a/-b",
            "https://github.com/../b",
        ),
        *("https://github.com/a/b;id", "https://github.com/a/$(id)", "https://github.com/a/b c", "https://-x.com/a/b"),
        *(
            "https://127.0.0.1/a/b",
            "https://localhost/a/b",
            "https://github.com/a/b\n",
            "https://[::1]/a/b",
            "--upload",
        ),
        *("https://github.com/a/.git", "https://github.com/a/b%0a", "https://github.com\\@evil.com/a/b"),
    ],
)
def test_no_clone_of_an_odd_address(tmp_path: Path, repo: str) -> None:
    base = installation(tmp_path / "ComfyUI")
    with pytest.raises(ComfyFixerError) as error:
        command_for(INK._replace(repo=repo), str(base), windows=False)
    assert error.value.code == "unsafe_name"
    assert not any(part in str(error.value) for part in (";", "$", "\n"))


def test_a_path_with_what_nobody_sees_is_not_pasted(tmp_path: Path) -> None:
    for name in ("line\nbreak", "turn\u202earound", "bell\x07"):
        base = installation(tmp_path / name)
        with pytest.raises(ComfyFixerError):
            command_for(INK, str(base), windows=False)


WORDS = st.text(st.sampled_from("ab1-._ /\\;&|$`'\"()<>*?!%~#\n@"), max_size=12)


@given(WORDS, WORDS, WORDS)
def test_whatever_the_names_a_line_is_these_words_and_no_more(ident: str, version: str, repo: str) -> None:
    task = PackTask(ident, f"https://github.com/{repo}", version, "Active")
    for way, head in (
        (MANAGER_V4, ["COMFYUI_PATH=path/to/ComfyUI", "python", "-m", "cm_cli", "install"]),
        (COMMAND, []),
    ):
        try:
            told = command_for(task, "http://elsewhere:8188", manager=way, windows=False)
        except ComfyFixerError as error:
            assert error.code == "unsafe_name"
            continue
        for line in told.splitlines():
            words = shlex.split(line, comments=True)
            assert shlex.join(words) == line  # nothing in it that a shell would take for anything but a word
        if head:
            assert shlex.split(told) == [*head, f"{ident}@{version}"]


# ---- a real shell ------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_shell_does_just_that(tmp_path: Path) -> None:
    """`git` and Python are stand-ins that write down how they were called."""
    tools = tmp_path / "tools"
    tools.mkdir()
    record = tmp_path / "called.txt"
    base = installation(tmp_path / ODD)
    for path in (tools / "git", base / "venv/bin/python"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"#!{sys.executable}\nimport json, sys\nopen({str(record)!r}, 'a').write(json.dumps(sys.argv) + '\\n')\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    told = command_for(INK, str(base), windows=False)
    environment = {"PATH": f"{tools}:/usr/bin:/bin"}
    subprocess.run(["sh", "-c", told], check=True, cwd=tmp_path, env=environment, timeout=60)
    folder = f"{base}/custom_nodes/Inkwell-Nodes"
    calls = [json.loads(line) for line in record.read_text().splitlines()]
    assert calls == [
        [str(tools / "git"), "clone", "--", "https://github.com/brushworks/Inkwell-Nodes", folder],
        [str(base / "venv/bin/python"), "-m", "pip", "install", "-r", f"{folder}/requirements.txt"],
    ]
    assert not (tmp_path / "owned").exists()


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_shell_enables_a_pack_and_never_writes_over_another(tmp_path: Path) -> None:
    base = installation(tmp_path / ODD)
    off = base / "custom_nodes/.disabled/ink@1_0_0"
    off.mkdir(parents=True)
    (off / "nodes.py").write_text("new")
    told = command_for(PackTask(folder=str(off)), str(base), windows=False)
    subprocess.run(["sh", "-c", told], check=True, timeout=60)
    assert (base / "custom_nodes/ink/nodes.py").read_text() == "new" and not off.exists()
