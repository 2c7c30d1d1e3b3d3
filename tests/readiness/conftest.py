"""Golden findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def golden(golden_file: Callable[[str, str], None]) -> Callable[[str, Any], None]:
    """`golden(code, value)`: the value, as JSON, equals the file `tests/golden/findings/{code}.json`."""

    def check(code: str, value: Any) -> None:
        golden_file(f"findings/{code}.json", json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    return check
