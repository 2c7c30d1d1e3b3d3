"""Nothing of ours ever starts another program, opens pack code or imports it: seen by Python's own audit of itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.packs import command_for, enable, install
from comfyfixersmart.core.actions.types import ActionFailed, PackTask, Quiet

from .conftest import disabled, pack

STARTS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "os.startfile",
    "pty.spawn",
)
_seen: list[str] | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """A hook can never be taken away again, so it only looks while a test wants it to."""
    if _seen is None:
        return
    if event in STARTS:
        _seen.append(event)
    elif event in ("open", "import", "exec", "compile") and "custom_nodes" in repr(arguments[:2]):
        _seen.append(f"{event} {arguments[0]!r}")


sys.addaudithook(_audit)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was started, or read of a pack, since the test began."""
    found: list[str] = []
    monkeypatch.setattr(sys.modules[__name__], "_seen", found)
    return found


def test_the_audit_sees_a_program_being_started(seen: list[str]) -> None:
    import subprocess

    subprocess.run([sys.executable, "-c", ""], check=True, timeout=60)
    assert "subprocess.Popen" in seen


def test_installing_and_enabling_start_nothing(office: Any, find: Any, tmp_path: Path, seen: list[str]) -> None:
    nodes = tmp_path / "custom_nodes"
    (nodes / "ComfyUI-Manager").mkdir(parents=True)
    (nodes / "ComfyUI-Manager/cm-cli.py").write_text("raise SystemExit('never run')")
    (nodes / ".disabled/inkwell-nodes@1_3_0").mkdir(parents=True)
    (tmp_path / "folder_paths.py").touch()
    seen.clear()
    manager = find()
    assert install(pack(), Quiet(), manager=manager).restart
    office.packs.clear()
    office.has("inkwell-nodes@1_3_0", "1.3.0", pack_id="inkwell-nodes", enabled=False)
    assert enable(disabled(), Quiet(), manager=manager).restart
    office.level = "strong"
    office.packs.clear()
    for action, way in ((pack(), manager), (pack(), None)):
        with pytest.raises(ActionFailed):
            install(action, Quiet(), manager=way)
    task = PackTask("inkwell-nodes", "https://github.com/brushworks/Inkwell-Nodes", "1.4.0", "Active")
    assert "cm-cli.py install" in command_for(task, str(tmp_path), windows=False)
    assert command_for(task._replace(folder=str(nodes / ".disabled/inkwell-nodes@1_3_0")), str(tmp_path))
    assert seen == []
