"""Where a key may go: to its own service, encrypted, or to this very computer."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.sources import roster


@pytest.mark.parametrize(
    ("name", "address", "goes"),
    [
        ("huggingface", "https://huggingface.co", True),
        ("huggingface", "http://huggingface.co", False),
        ("huggingface", "https://hf-mirror.com", False),
        ("huggingface", "http://127.0.0.1:8080", True),
        ("huggingface", "https://huggingface.co.example.org", False),
        ("civitai", "https://civitai.com", True),
        ("civitai", "http://civitai.red", False),
    ],
)
def test_a_key_goes_to_its_own_service_alone(name: str, address: str, goes: bool) -> None:
    bases = {**roster._BASES, name: address}
    tokens = roster._tokens((name,), bases, address, {name: "canary"})
    assert bool(tokens) is goes
