"""Where a key comes from, who may read the file, and that no key is ever shown."""

from __future__ import annotations

import json
import logging
import os
import stat
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from comfyfixersmart.core import keys as module
from comfyfixersmart.core.errors import ComfyFixerError, NewerSchema
from comfyfixersmart.core.keys import ENVIRONMENT_NAMES, NAMES, Keys
from hypothesis import given
from hypothesis import strategies as st

CANARY = "canary-5f0c1c3b7d"
OTHER = "other-key-0123456789"
posix = pytest.mark.skipif(os.name != "posix", reason="no such rights here")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_kept_and_taken_away(path: Path) -> None:
    keys = Keys(path, {})
    assert keys.read() == {} and keys.present() == {}
    assert not path.exists(), "looking makes no file"
    keys.change("civitai", CANARY)
    keys.change("brave", OTHER)
    assert keys.read() == Keys(path, {}).read() == {"civitai": CANARY, "brave": OTHER}
    assert keys.present() == {"civitai": "file", "brave": "file"}
    assert json.loads(path.read_text()) == {"schema": 1, "civitai": CANARY, "brave": OTHER}
    keys.change("civitai", None)
    assert keys.read() == {"brave": OTHER} and CANARY not in path.read_text()
    keys.change("civitai", None)
    assert os.listdir(path.parent) == ["keys.json"]


def test_the_environment_wins(path: Path) -> None:
    environment = {"COMFYFIXERSMART_CIVITAI_KEY": OTHER, "COMFYFIXERSMART_TAVILY_KEY": ""}
    keys = Keys(path, environment)
    Keys(path, {}).change("civitai", CANARY)
    assert keys.read() == {"civitai": OTHER}
    assert keys.present() == {"civitai": "environment"}
    with pytest.raises(ComfyFixerError, match="COMFYFIXERSMART_CIVITAI_KEY") as raised:
        keys.change("civitai", CANARY + "2")
    assert raised.value.code == "fixed_key"
    keys.change("civitai", None)  # what lies in the file may go all the same
    assert Keys(path, {}).read() == {}
    with pytest.raises(ComfyFixerError) as raised:
        keys.change("civitai", None)
    assert raised.value.code == "fixed_key"
    assert set(ENVIRONMENT_NAMES) == set(NAMES)


def test_the_environment_of_the_process_is_the_usual_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYFIXERSMART_TAVILY_KEY", CANARY)
    assert Keys(path).present() == {"tavily": "environment"}


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_only_the_owner_reads_it_whatever_the_umask(path: Path, umask: None, mask: int) -> None:
    os.umask(mask)
    keys = Keys(path, {})
    for name in ("civitai", "huggingface"):
        keys.change(name, CANARY)
        assert mode(path) == 0o600
    assert set(keys.read()) == {"civitai", "huggingface"}


@posix
def test_it_is_never_open_not_even_for_a_moment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (seen.append(mode(Path(old))), real(old, new))[1])
    Keys(path, {}).change("civitai", CANARY)
    assert seen and not any(one & 0o077 for one in seen)


@posix
@pytest.mark.parametrize("wide", [0o644, 0o640, 0o604, 0o666, 0o777])
def test_a_file_that_others_can_read_is_narrowed_and_that_is_said_once(
    path: Path, caplog: pytest.LogCaptureFixture, wide: int
) -> None:
    Keys(path, {}).change("civitai", CANARY)
    path.chmod(wide)
    keys = Keys(path, {})
    for _ in range(3):
        assert keys.read() == {"civitai": CANARY}
    assert mode(path) == 0o600
    assert [str(path) in record.getMessage() for record in caplog.records] == [True]
    path.chmod(0o400)
    assert Keys(path, {}).read() and len(caplog.records) == 1, "narrower than ours is nobody's harm"


@posix
def test_rights_that_cannot_be_changed_are_said(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Keys(path, {}).change("civitai", CANARY)
    path.chmod(0o644)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(os, "chmod", refuse)
    assert Keys(path, {}).read() == {"civitai": CANARY}
    assert "may be readable by others: Operation not permitted" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "null", '{"civitai": "abc"}', '{"schema": 0}', "\x00\xff"])
def test_a_damaged_file_is_named_and_left(path: Path, text: str) -> None:
    path.write_text(text)
    keys = Keys(path, {"COMFYFIXERSMART_BRAVE_KEY": OTHER})
    for act in (keys.read, keys.present, lambda: keys.change("civitai", CANARY), lambda: keys.change("civitai", None)):
        with pytest.raises(ComfyFixerError, match=r"keys\.json") as raised:
            act()
        assert raised.value.code == "damaged_keys" and raised.value.hint
    assert path.read_text() == text


def test_a_newer_file_is_refused_and_left(path: Path) -> None:
    text = json.dumps({"schema": 2, "civitai": {"key": CANARY}})
    path.write_text(text)
    for act in (Keys(path, {}).read, lambda: Keys(path, {}).change("civitai", OTHER)):
        with pytest.raises(NewerSchema) as raised:
            act()
        assert CANARY not in str(raised.value)
    assert path.read_text() == text


def test_what_is_not_ours_in_the_file_stays_there(path: Path) -> None:
    path.write_text(json.dumps({"schema": 1, "later": "kept-for-others", "civitai": CANARY}))
    keys = Keys(path, {})
    assert keys.read() == {"civitai": CANARY}
    keys.change("civitai", None)
    assert json.loads(path.read_text()) == {"schema": 1, "later": "kept-for-others"}


NO_KEYS = (
    "",
    "short12",
    "with space",
    "line\nbreak",
    "tab\tinside",
    "x" * 513,
    "caf\u00e9caf\u00e9",
    "nul\0nul\0",
    " " * 9,
)


@pytest.mark.parametrize("key", NO_KEYS)
def test_what_is_no_key_is_refused_and_never_shown(path: Path, key: str, caplog: pytest.LogCaptureFixture) -> None:
    keys = Keys(path, {})
    keys.change("brave", OTHER)
    before = path.read_bytes()
    with pytest.raises(ComfyFixerError) as raised:
        keys.change("civitai", key)
    assert raised.value.code == "bad_key" and "civitai" in raised.value.message
    assert not key or key not in "".join(traceback.format_exception(raised.value)) + caplog.text
    assert path.read_bytes() == before
    path.write_text(json.dumps({"schema": 1, "civitai": key, "brave": OTHER}))
    assert Keys(path, {"COMFYFIXERSMART_HUGGINGFACE_KEY": key}).read() == {"brave": OTHER}
    assert "civitai" in caplog.text and (not key or key not in caplog.text)


@pytest.mark.parametrize("name", ["", "web", "searxng", "schema", "../civitai", "x" * 100])
def test_only_known_services_take_one(path: Path, name: str) -> None:
    with pytest.raises(ComfyFixerError) as raised:
        Keys(path, {}).change(name, CANARY)
    assert raised.value.code == "bad_key" and len(raised.value.message) < 80
    assert not path.exists()


def test_a_write_that_fails_leaves_the_keys_that_were_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(path, {})
    keys.change("civitai", CANARY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            keys.change("brave", OTHER)
    assert keys.read() == {"civitai": CANARY}
    assert os.listdir(path.parent) == ["keys.json"]


def test_no_key_shows_in_any_form_of_the_object(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys = Keys(path, {"COMFYFIXERSMART_BRAVE_KEY": CANARY})
    keys.change("civitai", CANARY)
    keys.read()
    forms = [repr(keys), str(keys), f"{keys}", format(keys), repr(keys.present()), caplog.text]
    assert all(CANARY not in form for form in forms)
    assert CANARY not in repr(module.__dict__)


@given(st.text(max_size=600))
def test_what_is_taken_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    try:
        Keys(path, {}).change("modelscope", key)
    except ComfyFixerError:
        assert not path.exists()
        return
    assert Keys(path, {}).read() == {"modelscope": key}
    assert set(json.loads(path.read_bytes())) == {"schema", "modelscope"}
