"""What becomes of the hardware that an inventory holds: NVIDIA, AMD, Apple, CPU, nothing, and damage."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from comfyfixersmart.core.inventory.hardware import flags_in, flags_of, read_hardware
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.inventory.snapshot import read_snapshot, write_snapshot
from comfyfixersmart.core.tuning.profile import profile
from comfyfixersmart.core.tuning.types import Device, Profile
from comfyfixersmart.server_routes.host import machine
from hypothesis import given
from hypothesis import strategies as st

NVIDIA = {"name": "cuda:0 NVIDIA Card 16 : cudaMallocAsync", "type": "cuda", "vram_total": 16 << 30, "vram_free": 9}


def test_the_device_that_comfyui_uses() -> None:
    found = profile(
        {
            "devices": [{**NVIDIA, "compute": "8.9"}, {"name": "Other", "vram_total": 1}],
            "ram_total": 64_000_000_000,
            "vram_state": "NORMAL_VRAM",
            "flags": ["--reserve-vram 2"],
            "sources": ["ComfyUI", "NVML"],
        }
    )
    assert found.device == Device("NVIDIA Card 16", "cuda", 16 << 30, 9, "8.9")
    assert (len(found.devices), found.memory, found.ram_total) == (2, 16 << 30, 64_000_000_000)
    assert (found.vram_state, found.flags, found.sources) == ("NORMAL_VRAM", ("--reserve-vram 2",), ("ComfyUI", "NVML"))


@pytest.mark.parametrize(
    ("device", "kind", "shared"),
    [
        ({"name": "cuda:0 AMD Radeon RX 7900 XTX : native", "type": "cuda", "vram_total": 24}, "rocm", False),
        ({"name": "cuda:0 Plain Card", "type": "rocm", "vram_total": 24}, "rocm", False),
        ({"name": "mps", "type": "mps", "vram_total": 36, "shared": True}, "mps", True),
        ({"name": "xpu:0 Arc", "type": "xpu", "vram_total": 12}, "xpu", False),
        ({"name": "privateuseone:0 Something", "type": "privateuseone", "vram_total": 1}, "directml", False),
        ({"name": "cpu", "type": "cpu", "vram_total": 32}, "cpu", False),
    ],
)
def test_kinds_of_devices(device: dict[str, Any], kind: str, shared: bool) -> None:
    found = profile({"devices": [device]}).device
    assert found is not None and (found.kind, found.shared) == (kind, shared)


def test_directml_does_not_know_its_memory() -> None:
    device = {"name": "privateuseone:0 Card", "type": "privateuseone", "vram_total": 1 << 30, "vram_free": 1 << 30}
    found = profile({"devices": [device]})
    assert found.memory is None and found.device is not None and found.device.free is None


def test_of_several_cards_the_largest_is_meant_unless_comfyui_says_which() -> None:
    cards = [{"name": "Small", "vram_total": 8 << 30}, {"name": "Large", "vram_total": 24 << 30}]
    for sources, name in ((["psutil", "NVML"], "Large"), (["ComfyUI", "NVML"], "Small"), ([], "Small")):
        found = profile({"devices": cards, "sources": sources})
        assert found.device is not None and found.device.name == name and len(found.devices) == 2


def test_a_comfyui_on_the_cpu_has_no_other_device() -> None:
    for more in ({"flags": ["--cpu"]}, {"no_gpu": True}):
        found = profile({"devices": [NVIDIA], "ram_total": 8, **more})
        assert found.device == Device("CPU", "cpu", 8, None, shared=True)
        assert len(found.devices) == 1


def test_what_is_absent_is_left_out_and_what_a_person_asks_comes_first() -> None:
    assert profile({}) == Profile()
    assert profile({}).memory is None
    assert profile({"devices": [NVIDIA]}, assumed=8_000_000_000).memory == 8_000_000_000


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "type", "vram_total"]), inner),
    max_leaves=8,
)
KEYS = ["devices", "ram_total", "ram_free", "disk_free", "flags", "sources", "vram_state", "no_gpu"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_hardware_is_survived(hardware: dict[str, Any]) -> None:
    found = profile(hardware)
    assert found.memory is None or found.memory > 0


def test_flags_that_bear_on_memory() -> None:
    argv = ["main.py", "--port", "9", "--lowvram", "--reserve-vram", "2.5", "--cuda-device=1", "--reserve-vram", "x", 7]
    assert flags_in(argv) == ["--lowvram", "--reserve-vram 2.5", "--cuda-device 1", "--reserve-vram"]
    given = {"novram": True, "reserve_vram": 1.0, "cpu": False, "fp8_e4m3fn_unet": True}
    assert flags_of(given.get) == ["--novram", "--fp8_e4m3fn-unet", "--reserve-vram 1"]


class Nvml:
    """A driver with one card; `broken`: the call that fails."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.open = 0

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any) -> Any:
            if name == self.broken:
                raise RuntimeError("driver")
            self.open += {"nvmlInit": 1, "nvmlShutdown": -1}.get(name, 0)
            return {
                "nvmlDeviceGetCount": 1,
                "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=100, free=40),
                "nvmlDeviceGetName": b"Card",
                "nvmlDeviceGetCudaComputeCapability": (8, 6),
            }.get(name)

        return call


def test_nvml_is_asked_and_may_fail_at_every_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    whole = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", whole)
    found = read_hardware(str(tmp_path))
    assert found["devices"] == [{"name": "Card", "type": "cuda", "vram_total": 100, "vram_free": 40, "compute": "8.6"}]
    assert found["sources"] == ["psutil", "NVML"] and whole.open == 0
    for broken in ("nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetMemoryInfo", "nvmlShutdown"):
        monkeypatch.setitem(sys.modules, "pynvml", Nvml(broken))
        assert read_hardware(str(tmp_path))["ram_total"]
    monkeypatch.setitem(sys.modules, "pynvml", Nvml("nvmlDeviceGetCudaComputeCapability"))
    devices: Any = read_hardware(str(tmp_path))["devices"]
    assert "compute" not in devices[0]
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "devices" not in read_hardware(str(tmp_path))


def test_a_card_that_does_not_answer_hides_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    class Two(Nvml):
        asked = 0

        def __getattr__(self, name: str) -> Any:
            if name == "nvmlDeviceGetCount":
                return lambda *args: 2
            if name == "nvmlDeviceGetMemoryInfo":
                self.asked += 1
                if self.asked == 1:
                    raise RuntimeError("no memory of its own")
            return super().__getattr__(name)

    monkeypatch.setitem(sys.modules, "pynvml", Two())
    devices: Any = read_hardware(str(tmp_path))["devices"]
    assert [one["name"] for one in devices] == ["Card"]


def test_a_snapshot_keeps_the_device_as_comfyui_saw_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    device = {"name": "cuda:0 AMD Radeon 7900", "type": "rocm", "vram_total": 24 << 30, "vram_free": 5}
    hardware: dict[str, object] = {
        "devices": [device],
        "flags": ["--lowvram"],
        "vram_state": "LOW_VRAM",
        "ram_total": 1,
    }
    write_snapshot(tmp_path / "s.json", replace(nothing(""), hardware=hardware))
    found = profile(read_snapshot(tmp_path / "s.json").hardware)
    assert found.device == Device("AMD Radeon 7900", "rocm", 24 << 30, None)
    assert found.flags == ("--lowvram",) and found.vram_state == "LOW_VRAM" and found.sources == ("ComfyUI", "psutil")
    assert found.ram_total is not None and found.ram_total > 1  # of this machine now
    body = json.loads((tmp_path / "s.json").read_text())
    for damaged in (7, [], {"devices": 3}, {"devices": [4]}):
        (tmp_path / "s.json").write_text(json.dumps({**body, "hardware": damaged}))
        assert profile(read_snapshot(tmp_path / "s.json").hardware).device is None


def test_what_a_running_comfyui_says_of_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def management(kind: str) -> SimpleNamespace:
        return SimpleNamespace(
            get_torch_device=lambda: SimpleNamespace(type=kind),
            get_torch_device_name=lambda device: f"{kind}:0 Card",
            get_total_memory=lambda device: 16 << 30,
            get_free_memory=lambda device: 8 << 30,
            vram_state=SimpleNamespace(name="NORMAL_VRAM"),
        )

    monkeypatch.setitem(sys.modules, "comfy.cli_args", SimpleNamespace(args=SimpleNamespace(lowvram=True)))
    cuda = {"get_device_capability": lambda device: (9, 0)}
    for kind, hip, more in (("cuda", None, {"type": "cuda", "compute": "9.0"}), ("cuda", "6.2", {"type": "rocm"})):
        monkeypatch.setitem(sys.modules, "comfy.model_management", management(kind))
        torch = SimpleNamespace(version=SimpleNamespace(hip=hip), cuda=SimpleNamespace(**cuda))
        monkeypatch.setitem(sys.modules, "torch", torch)
        assert machine.devices() == [{"name": "cuda:0 Card", "vram_total": 16 << 30, "vram_free": 8 << 30, **more}]
        assert machine.memory_state() == {"vram_state": "NORMAL_VRAM", "flags": ["--lowvram"]}
    monkeypatch.setitem(sys.modules, "comfy.model_management", management("mps"))
    (shared,) = machine.devices()
    assert shared["shared"] is True and shared["vram_total"] > 0
    monkeypatch.setitem(sys.modules, "comfy.model_management", management("cpu"))
    assert machine.devices() == [] and machine.memory_state()["no_gpu"] is True
    monkeypatch.setitem(sys.modules, "comfy.model_management", None)
    assert machine.devices() == []
