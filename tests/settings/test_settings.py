"""Where a setting comes from, what each layer may say, and what happens to a file that cannot be read."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from comfyfixersmart.core.errors import ComfyFixerError, NewerSchema
from comfyfixersmart.core.settings import ENVIRONMENT_NAMES, SOURCE_NAMES, SettingsFile, Values, resolve
from comfyfixersmart.core.sources import roster
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


def test_never_asked_and_nobody_are_two_things(tmp_path: Path) -> None:
    """Nobody may be asked in either case; only the first brings up the question."""
    assert resolve().values.sources is None
    assert resolve(file={"sources": None}).values.sources is None
    assert resolve(environment={"COMFYFIXERSMART_SOURCES": ""}).values.sources is None
    none = resolve(environment={"COMFYFIXERSMART_SOURCES": "none"}, file={"sources": ["civitai"]})
    assert (none.values.sources, none.origin["sources"]) == ((), "environment")
    file = SettingsFile(tmp_path / "settings.json")
    file.change({"sources": []}, {})
    assert resolve(file=file.read()).values.sources == ()
    file.change({"sources": None}, {})
    assert resolve(file=file.read()).values.sources is None


def test_sources_are_those_of_the_roster_each_once_and_in_one_order() -> None:
    assert roster.NAMES == SOURCE_NAMES
    said = resolve(environment={"COMFYFIXERSMART_SOURCES": " Civitai, huggingface,civitai "})
    assert said.values.sources == ("huggingface", "civitai") and not said.problems
    wrong = resolve(environment={"COMFYFIXERSMART_SOURCES": "civitai,elsewhere"}, file={"sources": ["civitai"]})
    assert wrong.values.sources == ("civitai",), "what cannot be used opens nothing"
    assert "sources from the environment" in wrong.problems[0]


LOUD = {
    "sources": ["civitai"],
    "discovery": True,
    "endpoints": {"civitai": "https://evil.example"},
    "download_hosts": ["evil.example"],
    "max_file_gb": 9000.0,
    "downloads_at_once": 8,
    "refused_licences": ["mit"],
    "pickle": "ask",
}


@pytest.mark.parametrize("name", LOUD)
def test_the_dialog_never_says_who_may_be_asked_nor_what_may_be_fetched(name: str) -> None:
    """The web page writes it."""
    loud = LOUD[name]
    camel = {f"{prefix}{name}": loud for prefix in ("comfyfixersmart.", "")}
    assert resolve(dialog=camel).values == Values()


def test_looking_up_at_each_cycle_is_off_until_it_is_switched_on() -> None:
    assert resolve().values.discovery is False
    assert resolve(environment={"COMFYFIXERSMART_DISCOVERY": "1"}).values.discovery is True
    assert resolve(file={"discovery": True}).values.discovery is True


ADDRESSES = (
    *("https://hf-mirror.com", "http://127.0.0.1:8888", "http://[::1]:8888/searxng", "https://intra.example/a/b"),
    *("http://localhost", "https://10.0.0.1:65535"),
)
NO_ADDRESSES = (
    *("", "hf-mirror.com", "ftp://x.example", "file:///etc/passwd", "https://", "https:///x", "http://:80"),
    *("https://user@x.example", "https://user:word@x.example", "https://x.example?a=1", "https://x.example/#f"),
    *("https://x.example:99999", "https://x.example:0", "https://x.example:a", "https://[::1", "https://x y.example"),
    *("https://x.example\n", "https://x.example/\r\nHost: y", "https://x.example/\\y", 'https://x.example/"', "ftp"),
    *("https://ex\u00e4mple.org", "javascript:alert(1)", "https://x.example/<b>", f"https://x.example/{'a' * 200}"),
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_that_can_be_used(tmp_path: Path, address: str) -> None:
    SettingsFile(tmp_path / "settings.json").change({"endpoints": {"searxng": address + "/"}}, {})
    told = resolve(file=SettingsFile(tmp_path / "settings.json").read())
    assert told.values.endpoints == {"searxng": address} and not told.problems


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_addresses_that_cannot(tmp_path: Path, address: str) -> None:
    assert resolve(file={"endpoints": {"civitai": address}}).values.endpoints == {}
    with pytest.raises(ComfyFixerError) as raised:
        SettingsFile(tmp_path / "settings.json").change({"endpoints": {"civitai": address}}, {})
    assert raised.value.code == "bad_setting" and "word" not in raised.value.message


def test_only_known_services_have_addresses() -> None:
    assert resolve(file={"endpoints": {"elsewhere": "https://x.example"}}).values.endpoints == {}
    assert resolve(file={"endpoints": ["https://x.example"]}).values.endpoints == {}


def test_addresses_from_the_environment() -> None:
    said = {"COMFYFIXERSMART_ENDPOINTS": "huggingface=https://hf-mirror.com/, SearXNG = http://127.0.0.1:8888"}
    assert resolve(environment=said).values.endpoints == {
        "huggingface": "https://hf-mirror.com",
        "searxng": "http://127.0.0.1:8888",
    }
    for wrong in ("https://x.example", "huggingface", "=https://x.example", "huggingface=a=b"):
        found = resolve(environment={"COMFYFIXERSMART_ENDPOINTS": wrong})
        assert found.values.endpoints == {} and len(found.problems) == 1


def test_the_variable_of_hugging_face_s_library_counts_last() -> None:
    mirror = {"HF_ENDPOINT": "https://hf-mirror.com/"}
    assert resolve(environment=mirror).values.endpoints == {"huggingface": "https://hf-mirror.com"}
    both = resolve(environment=mirror, file={"endpoints": {"huggingface": "https://own.example"}})
    assert both.values.endpoints == {"huggingface": "https://own.example"}
    beside = resolve(environment=mirror, file={"endpoints": {"civitai": "https://own.example"}})
    assert set(beside.values.endpoints) == {"civitai", "huggingface"}
    assert beside.origin["endpoints"] == "file", "so that it can still be changed"
    assert resolve(environment={"HF_ENDPOINT": "https://huggingface.co"}).values.endpoints == {}
    wrong = resolve(environment={"HF_ENDPOINT": "hf-mirror.com"})
    assert wrong.values.endpoints == {} and "HF_ENDPOINT" in wrong.problems[0]


def test_what_may_be_fetched() -> None:
    values = resolve().values
    assert (values.download_hosts, values.max_file_gb, values.downloads_at_once) == ((), None, 2)
    assert (values.refused_licences, values.pickle) == ((), "ask")
    said = {
        "COMFYFIXERSMART_DOWNLOAD_HOSTS": "Files.example, nas",
        "COMFYFIXERSMART_MAX_FILE_GB": "12.5",
        "COMFYFIXERSMART_DOWNLOADS_AT_ONCE": "4",
        "COMFYFIXERSMART_REFUSED_LICENCES": "CC-BY-NC-4.0,  Research   only , none",
        "COMFYFIXERSMART_PICKLE": "refuse",
    }
    found = resolve(environment=said)
    assert not found.problems
    assert found.values.download_hosts == ("files.example", "nas")
    assert (found.values.max_file_gb, found.values.downloads_at_once, found.values.pickle) == (12.5, 4, "refuse")
    assert found.values.refused_licences == ("cc-by-nc-4.0", "research only", "none")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("max_file_gb", 0), ("max_file_gb", -1), ("max_file_gb", float("nan")), ("max_file_gb", float("inf"))),
        *(("downloads_at_once", 0), ("downloads_at_once", 9), ("downloads_at_once", 1.5), ("pickle", "allow")),
        *(
            ("download_hosts", ["https://files.example"]),
            ("download_hosts", ["files.example/x"]),
            ("download_hosts", "x"),
        ),
        *(("download_hosts", ["*.example"]), ("download_hosts", ["a\nb"]), ("download_hosts", ["x.example"] * 51)),
        *(("refused_licences", ["  "]), ("refused_licences", ["--"]), ("refused_licences", ["a\x1bb"])),
        *(("refused_licences", ["x" * 81]), ("refused_licences", "nc")),
    ],
)
def test_what_cannot_be_said_of_it(name: str, wrong: object) -> None:
    found = resolve(file={name: wrong})
    assert getattr(found.values, name) == getattr(Values(), name) and len(found.problems) == 1


def test_every_setting_has_its_variable() -> None:
    assert set(ENVIRONMENT_NAMES) == set(Values.model_fields)


def test_a_change_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.json")
    file.change({"cycle_hours": 8, "allowed_hosts": ["studio"]}, {})
    assert file.read() == {"cycle_hours": 8.0, "allowed_hosts": ["studio"]}
    if os.name == "posix":
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.change({"cycle_hours": None}, {})
    assert file.read() == {"allowed_hosts": ["studio"]}


@pytest.mark.parametrize(
    "values",
    [
        *({"cycle_hours": 0}, {"cycle_hours": "x"}, {"nothing": 1}, {"watch": []}, {"sources": ["elsewhere"]}),
        *({"sources": "civitai"}, {"discovery": "perhaps"}, {"endpoints": {"civitai": "nowhere"}}, {"endpoints": []}),
    ],
)
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
