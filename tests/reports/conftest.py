"""Golden files, and a fixed time zone: reports speak of days and hours."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest


def _load_samples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("report_samples", Path(__file__).with_name("samples.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["report_samples"] = module
    spec.loader.exec_module(module)
    return module


_load_samples()  # tests are imported one by one, so a helper module beside them has to be named


@pytest.fixture
def golden(golden_file: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """`golden(name, text)`: the text equals the file `tests/golden/reports/name`."""

    def check(name: str, text: str) -> None:
        golden_file(f"reports/{name}", text)

    return check


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of this process cannot be set here")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()
