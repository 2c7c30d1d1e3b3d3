"""What a person may set, and from where: flag, then environment, then the protected file, then ComfyUI's dialog, then default.

ComfyUI's settings dialog is written by the web page, so it may only say how things look and how often a cycle
runs, and is kept within bounds. Everything else comes from the protected file `settings.json` or the environment:
above all which services on the internet may be asked, under which addresses, and what may be fetched.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from .errors import ComfyFixerError
from .files import read_json, write_json

SCHEMA = 1
FLAG, ENVIRONMENT, FILE, DIALOG, DEFAULT = "flag", "environment", "file", "dialog", "default"

HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$", to_lower=True)]
SourceName = Literal["huggingface", "civitai", "modelscope", "registry", "direct", "web"]
EndpointName = Literal["huggingface", "civitai", "modelscope", "registry", "searxng", "brave", "tavily"]
SOURCE_NAMES: tuple[SourceName, ...] = get_args(SourceName)
ENDPOINT_NAMES: tuple[EndpointName, ...] = get_args(EndpointName)
MAX_ADDRESS = 200  # characters of an endpoint
MAX_WORDS, MAX_WORD = 50, 80  # of licences: how many, and characters of each


def _in_order(names: tuple[SourceName, ...] | None) -> tuple[SourceName, ...] | None:
    """Each once and in one order, so that the same choice is always the same value."""
    return names if names is None else tuple(name for name in SOURCE_NAMES if name in names)


def _address(text: str) -> str:
    """An http(s) address without a user, a query or a fragment; a slash at the end means nothing. Raises ValueError."""
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port is None or parts.port else None
    except ValueError:
        host = None
    if not text.isascii() or not text.isprintable() or any(sign in text for sign in " \\\"'<>@?#"):
        raise ValueError("an address has no spaces or quotes, and no user, query or fragment")
    if host is None or parts.scheme not in ("http", "https"):
        raise ValueError("an address begins with https:// or http:// and a host")
    return text.rstrip("/")


def _plain_word(text: str) -> str:
    """Words of a licence in lower case, at least one letter or digit among them. Raises ValueError."""
    text = " ".join(text.lower().split())
    if not text.isprintable() or not any(sign.isalnum() for sign in text):
        raise ValueError("a licence is named by words or its short name, such as cc-by-nc-4.0")
    return text


Sources = Annotated[tuple[SourceName, ...] | None, AfterValidator(_in_order)]
Address = Annotated[str, StringConstraints(max_length=MAX_ADDRESS), AfterValidator(_address)]
LicenceWord = Annotated[str, StringConstraints(max_length=MAX_WORD), AfterValidator(_plain_word)]


class Values(BaseModel):
    """Every setting with its bounds and default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cycle_hours: float = Field(2.0, ge=10 / 3600, le=168, description="hours between two cycles while ComfyUI is open")
    watch: bool = Field(True, description="check again as soon as a saved workflow or a model folder changes")
    allow_remote: bool = Field(False, description="let browsers on other machines start scans and change settings")
    allowed_hosts: tuple[HostName, ...] = Field(
        (), max_length=50, description="names, beside localhost, under which this ComfyUI is reached"
    )
    sources: Sources = Field(None, description="services that may be asked; None: the person was never asked")
    discovery: bool = Field(False, description="look up what is missing at the end of each cycle")
    endpoints: dict[EndpointName, Address] = Field({}, description="other addresses for services, and your own search")
    download_hosts: tuple[HostName, ...] = Field(
        (), max_length=MAX_WORDS, description="further hosts that model files may come from, with their sub-domains"
    )
    max_file_gb: float | None = Field(
        None,
        gt=0,
        le=100_000,
        allow_inf_nan=False,
        description="largest file to fetch, in GB; None: the policy's own cap",
    )
    downloads_at_once: int = Field(2, ge=1, le=8, description="downloads at the same time")
    refused_licences: tuple[LicenceWord, ...] = Field(
        (), max_length=MAX_WORDS, description="licences to refuse, by words of their name; none: where none is given"
    )
    pickle: Literal["ask", "refuse"] = Field("ask", description="pickle files: ask for each, or refuse all")


class Settings(NamedTuple):
    """The values that hold, where each comes from, and what in the layers could not be used, in words."""

    values: Values
    origin: dict[str, str]
    problems: tuple[str, ...] = ()


ENVIRONMENT_NAMES = {
    "cycle_hours": "COMFYFIXERSMART_CYCLE_HOURS",
    "watch": "COMFYFIXERSMART_WATCH",
    "allow_remote": "COMFYFIXERSMART_ALLOW_REMOTE",
    "allowed_hosts": "COMFYFIXERSMART_ALLOWED_HOSTS",
    "sources": "COMFYFIXERSMART_SOURCES",
    "discovery": "COMFYFIXERSMART_DISCOVERY",
    "endpoints": "COMFYFIXERSMART_ENDPOINTS",
    "download_hosts": "COMFYFIXERSMART_DOWNLOAD_HOSTS",
    "max_file_gb": "COMFYFIXERSMART_MAX_FILE_GB",
    "downloads_at_once": "COMFYFIXERSMART_DOWNLOADS_AT_ONCE",
    "refused_licences": "COMFYFIXERSMART_REFUSED_LICENCES",
    "pickle": "COMFYFIXERSMART_PICKLE",
}
_LISTS = ("allowed_hosts", "download_hosts", "refused_licences")  # with commas in the environment
HF_ENDPOINT = "HF_ENDPOINT"  # what Hugging Face's own library calls a mirror
NO_SOURCE = "none"  # in the environment: only this computer
# What the dialog may say, under which name, and within which bounds.
DIALOG_NAMES = {"cycle_hours": "comfyfixersmart.cycleHours", "watch": "comfyfixersmart.watch"}
DIALOG_BOUNDS = {"cycle_hours": (0.25, 168.0)}


def resolve(
    *,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Mapping[str, Any] | None = None,
    dialog: Mapping[str, Any] | None = None,
) -> Settings:
    """The values that hold. A value that cannot be used is passed over and named in `problems`."""
    layers = (
        (FLAG, dict(flags or {})),
        (ENVIRONMENT, _from_environment(environment or {})),
        (FILE, dict(file or {})),
        (DIALOG, _from_dialog(dialog or {})),
    )
    values: dict[str, Any] = {}
    origin = dict.fromkeys(Values.model_fields, DEFAULT)
    problems: list[str] = []
    for name, layer in layers:
        for key, given in layer.items():
            if key not in Values.model_fields:
                problems.append(f"{key!r} from the {name} is no setting")
            elif given is not None and origin[key] == DEFAULT:
                try:
                    values[key] = _one(key, given)
                    origin[key] = name
                except ValueError as error:
                    problems.append(f"{key} from the {name}: {error}")
    try:
        values["endpoints"] = _with_mirror(values.get("endpoints", {}), (environment or {}).get(HF_ENDPOINT, ""))
    except ValueError as error:
        problems.append(f"{HF_ENDPOINT} from the {ENVIRONMENT}: {error}")
    return Settings(Values(**values), origin, tuple(problems))


def _with_mirror(endpoints: Mapping[str, str], mirror: str) -> dict[str, str]:
    """Hugging Face's own variable counts where nothing else names an address for it. Raises ValueError."""
    if not mirror or mirror.rstrip("/") == "https://huggingface.co" or "huggingface" in endpoints:
        return dict(endpoints)
    return {**endpoints, **_one("endpoints", {"huggingface": mirror})}


def _one(key: str, given: Any) -> Any:
    try:
        return getattr(Values.model_validate({key: given}), key)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {key: environment[name] for key, name in ENVIRONMENT_NAMES.items() if environment.get(name)}
    found.update({key: _listed(found[key]) for key in _LISTS if key in found})
    if "sources" in found:
        found["sources"] = [one for one in _listed(found["sources"].lower()) if one != NO_SOURCE]
    if "endpoints" in found:
        pairs = [one.partition("=") for one in _listed(found["endpoints"])]
        found["endpoints"] = {name.strip().lower(): address.strip() for name, _, address in pairs}
    return found


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _from_dialog(dialog: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, name in DIALOG_NAMES.items():
        value = dialog.get(name)
        if isinstance(value, bool) and key not in DIALOG_BOUNDS:
            found[key] = value
        elif isinstance(value, int | float) and not isinstance(value, bool) and key in DIALOG_BOUNDS:
            low, high = DIALOG_BOUNDS[key]
            found[key] = float(min(max(value, low), high)) if value == value else low
    return found


class SettingsFile:
    """The protected file. It is a person's own, so a damaged one is never replaced without being asked."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """What it says; {} when it is absent. Raises NewerSchema, and ComfyFixerError `damaged_settings`."""
        body = read_json(self.path, SCHEMA)
        if body is None and os.path.lexists(self.path):
            raise ComfyFixerError(
                "damaged_settings",
                f"{self.path} cannot be read as settings",
                "Mend the file, or move it away to start with the defaults.",
            )
        return {key: value for key, value in (body or {}).items() if key != "schema"}

    def change(self, values: Mapping[str, Any], fixed: Mapping[str, str]) -> None:
        """Set these values (None forgets one) and write the file, readable by its owner only.

        `fixed`: where each present value comes from; what a flag or the environment says cannot be changed here.
        Raises ComfyFixerError `bad_setting` or `fixed_setting` before anything is written, and what `read` raises.
        """
        body = self.read()
        for key, given in values.items():
            if key not in Values.model_fields:
                raise ComfyFixerError("bad_setting", f"{key!r} is no setting", "See the README for what can be set.")
            if fixed.get(key) in (FLAG, ENVIRONMENT):
                name = ENVIRONMENT_NAMES.get(key, key)
                where = f"the environment variable {name}" if fixed[key] == ENVIRONMENT else "a command-line flag"
                raise ComfyFixerError("fixed_setting", f"{key} is set by {where}", "Change it there.")
            if given is None:
                body.pop(key, None)
                continue
            try:
                body[key] = Values.model_validate({key: _one(key, given)}).model_dump(mode="json")[key]
            except ValueError as error:
                raise ComfyFixerError("bad_setting", f"{key}: {error}", "Give another value.") from None
        write_json(self.path, SCHEMA, body, indent=1, mode=0o600)
