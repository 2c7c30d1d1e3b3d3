"""The runner of the real ComfyUI: what it makes, what it says when something is wrong. No ComfyUI needed."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest


@pytest.fixture
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("runner_under_test", Path(__file__).with_name("server.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fake_host(runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose main.py the test writes, run by this Python."""
    host = SimpleNamespace(checkout=tmp_path, python=Path(sys.executable))
    monkeypatch.setattr(runner.installer, "install", lambda say: host)
    return tmp_path / "main.py"


def test_a_host_that_dies_shows_its_last_lines(runner: ModuleType, fake_host: Path, tmp_path: Path) -> None:
    fake_host.write_text("import sys; print('no such device'); sys.exit(3)")
    with (
        pytest.raises(runner.HostUnavailable, match=r"(?s)exit code 3.*no such device"),
        runner.running(tmp_path / "b"),
    ):
        pass


def test_a_silent_host_is_given_up_and_ended(
    runner: ModuleType, fake_host: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_host.write_text("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    monkeypatch.setattr(runner, "START_LIMIT", 1)
    with pytest.raises(runner.HostUnavailable, match="no answer"), runner.running(tmp_path / "b"):
        pass
    pid = int((tmp_path / "b/comfyui.log").read_text().split()[0])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_base_folder_has_what_comfyui_expects(runner: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    runner.lay_out(tmp_path / "base", {"Some Pack.v2": tmp_path / "pack"})
    assert {each.name for each in (tmp_path / "base").iterdir()} == {
        "custom_nodes",
        "models",
        "input",
        "output",
        "user",
    }
    assert (tmp_path / "base/custom_nodes/Some Pack.v2").resolve() == tmp_path / "pack"
    assert "TutorialCompleted" in (tmp_path / "base/user/default/comfy.settings.json").read_text()


def test_no_host_without_every_step(runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A marker of other pins, or none, is no finished install."""
    assert runner.installer.installed(tmp_path) is None
    (tmp_path / "ready").write_text("an older recipe")
    assert runner.installer.installed(tmp_path) is None


def test_a_failing_step_is_named_and_leaves_no_marker(
    runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    installer = runner.installer
    monkeypatch.setattr(installer.sys, "executable", "/bin/false")
    with pytest.raises(installer.HostUnavailable) as caught:
        installer.install(say=lambda line: None)
    assert caught.value.step == "creating the virtual environment"
    assert installer.installed() is None
