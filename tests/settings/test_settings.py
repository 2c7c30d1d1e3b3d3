"""Where a setting comes from, what each layer may say, and what happens to a file that cannot be read."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from comfyfixersmart.core.errors import ComfyFixerError, NewerSchema
from comfyfixersmart.core.settings import SettingsFile, Values, resolve
from hypothesis import given
from hypothesis import strategies as st


def test_the_first_layer_that_says_something_holds() -> None:
    layers = {
        "flags": {"cycle_hours": 1},
        "environment": {"COMFYFIXERSMART_CYCLE_HOURS": "3"},
        "file": {"cycle_hours": 4},
        "dialog": {"comfyfixersmart.cycleHours": 5},
    }
    expected = [("flag", 1), ("environment", 3), ("file", 4), ("dialog", 5), ("default", 2)]
    for name, (origin, hours) in zip([*layers, ""], expected, strict=True):
        found = resolve(**layers)  # type: ignore[arg-type]
        assert (found.origin["cycle_hours"], found.values.cycle_hours) == (origin, hours)
        layers.pop(name, None)


def test_the_dialog_may_only_say_how_often_and_within_bounds() -> None:
    """The web page writes it: whatever it says, nothing opens up and no cycle runs without pause."""
    said = {"comfyfixersmart.allowRemote": True, "comfyfixersmart.allow_remote": True, "allow_remote": True}
    assert resolve(dialog=said).values == Values()
    for given_hours, held in (
        (0, 0.25),
        (-1e300, 0.25),
        (1e300, 168),
        (float("nan"), 0.25),
        (10**400, 168),
        (1.5, 1.5),
    ):
        assert resolve(dialog={"comfyfixersmart.cycleHours": given_hours}).values.cycle_hours == held
    for nonsense in ("1", None, [], {}, True):
        assert resolve(dialog={"comfyfixersmart.cycleHours": nonsense}).values.cycle_hours == 2
    assert resolve(dialog={"comfyfixersmart.watch": False}).values.watch is False


def test_a_value_that_cannot_be_used_is_passed_over_and_named() -> None:
    found = resolve(environment={"COMFYFIXERSMART_CYCLE_HOURS": "often"}, file={"cycle_hours": 6, "colour": "red"})
    assert found.values.cycle_hours == 6
    assert found.origin["cycle_hours"] == "file"
    assert len(found.problems) == 2
    assert "cycle_hours from the environment" in found.problems[0] and "'colour'" in found.problems[1]


def test_names_of_hosts_come_as_a_list_or_with_commas() -> None:
    assert resolve(environment={"COMFYFIXERSMART_ALLOWED_HOSTS": " Studio.local, comfy "}).values.allowed_hosts == (
        "studio.local",
        "comfy",
    )
    assert resolve(file={"allowed_hosts": ["evil.example/../x"]}).values.allowed_hosts == ()


def test_a_change_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.json")
    file.change({"cycle_hours": 8, "allowed_hosts": ["studio"]}, {})
    assert file.read() == {"cycle_hours": 8.0, "allowed_hosts": ["studio"]}
    if os.name == "posix":
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.change({"cycle_hours": None}, {})
    assert file.read() == {"allowed_hosts": ["studio"]}


@pytest.mark.parametrize("values", [{"cycle_hours": 0}, {"cycle_hours": "x"}, {"nothing": 1}, {"watch": []}])
def test_a_bad_change_changes_nothing(tmp_path: Path, values: dict[str, object]) -> None:
    file = SettingsFile(tmp_path / "settings.json")
    file.change({"watch": False}, {})
    before = file.path.read_bytes()
    with pytest.raises(ComfyFixerError) as raised:
        file.change({"cycle_hours": 5, **values}, {})
    assert raised.value.code == "bad_setting"
    assert file.path.read_bytes() == before


def test_what_the_environment_says_cannot_be_changed_here(tmp_path: Path) -> None:
    with pytest.raises(ComfyFixerError, match="COMFYFIXERSMART_ALLOW_REMOTE") as raised:
        SettingsFile(tmp_path / "settings.json").change({"allow_remote": True}, {"allow_remote": "environment"})
    assert raised.value.code == "fixed_setting"
    assert not list(tmp_path.iterdir())


def test_a_damaged_or_newer_file_is_never_replaced(tmp_path: Path) -> None:
    """It is a person's own work: only they can say that it may go."""
    for text, error in (("{cycle_hours", ComfyFixerError), (json.dumps({"schema": 99}), NewerSchema)):
        path = tmp_path / "settings.json"
        path.write_text(text)
        with pytest.raises(error):
            SettingsFile(path).change({"watch": False}, {})
        assert path.read_text() == text


@given(
    st.dictionaries(
        st.sampled_from([*Values.model_fields, "other"]), st.text() | st.floats() | st.none() | st.lists(st.text())
    )
)
def test_no_file_ends_the_start(file: dict[str, object]) -> None:
    found = resolve(file=file)
    assert set(found.origin) == set(Values.model_fields)
    assert Values.model_validate(found.values.model_dump()) == found.values


@given(st.text(alphabet=st.characters() | st.sampled_from("\r\n[]=\0{}\"'"), max_size=60))
def test_no_value_adds_a_key(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.json"
    try:
        SettingsFile(path).change({"allowed_hosts": [text]}, {})
    except ComfyFixerError:
        assert not path.exists()
        return
    assert set(json.loads(path.read_bytes())) == {"schema", "allowed_hosts"}
