"""Golden findings: `--update-golden` writes them anew."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "findings"


def pytest_addoption(parser: pytest.Parser) -> None:
    with contextlib.suppress(ValueError):  # another folder's conftest may have added it
        parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """`golden(code, value)`: the value, as JSON, equals the file `tests/golden/findings/{code}.json`."""
    update = request.config.getoption("--update-golden", default=False)

    def check(code: str, value: Any) -> None:
        path = GOLDEN / f"{code}.json"
        text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.is_file(), f"{path.name} is missing: run with --update-golden and read the difference"
        assert text == path.read_text(encoding="utf-8"), f"{path.name} differs: run with --update-golden if it should"

    return check
