"""The real ComfyUI loads this checkout under whatever folder name people clone it into."""

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ODD_NAMES = ("ComfyFixerSmart", "comfy-fixer-smart", "Comfy.Fixer v1.0", "comfy fixer smart")

pytestmark = pytest.mark.comfyui


def test_it_answers_as_the_pinned_version(comfyui_host: Any) -> None:
    status, stats = comfyui_host.get("/system_stats")
    assert (status, stats["system"]["comfyui_version"]) == (200, "0.3.75")


def test_our_folder_is_imported_once_and_without_complaint(comfyui_host: Any) -> None:
    """How long it took is for `benchmarks/host_impact.py` to say: a test must not depend on what else the machine does."""
    log = comfyui_host.log_text()
    ours = [line for line in log.splitlines() if line.endswith("custom_nodes/ComfyFixerSmart")]
    assert len(ours) == 1 and " seconds:" in ours[0]
    assert "IMPORT FAILED" not in log


def test_any_folder_name_loads(comfyui: Any, tmp_path: Path) -> None:
    packs = dict.fromkeys(ODD_NAMES, ROOT)
    with comfyui.running(tmp_path / "base", packs) as server:
        log = server.log_text()
    for name in ODD_NAMES:
        assert f"custom_nodes/{name}\n" in log
    assert "IMPORT FAILED" not in log
    assert "Cannot import" not in log
