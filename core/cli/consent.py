"""Who may be asked: what the command line says, else the settings, else the person, who first reads what would be sent."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UsageError
from ..sources import roster
from . import shared

if TYPE_CHECKING:
    from ..resolution.types import Want
    from ..settings import Settings, Values

_MOST_NAMES = 20
_HINT = (
    "Nobody has said who may be asked, so only this disk is looked at. "
    f"Add --ask all, or --ask with some of {','.join(roster.NAMES)}."
)


class Allowed(NamedTuple):
    """The settings that hold for this run, and the person's keys. `hint`: what to say where nobody may be asked."""

    values: Values
    keys: Mapping[str, str]
    hint: str = ""


def of_settings(state: Path | None) -> Allowed:
    """What the settings say, where nobody is to be asked anything new."""
    return Allowed(_settings(state).values, _keys(state))


def allowed(options: argparse.Namespace, state: Path | None, wants: Sequence[Want]) -> Allowed:
    """Who may be asked about `wants`. Asks the person where nothing says, at a terminal only.

    Raises UsageError for names that are no services or lack what they need, and what settings and keys raise.
    """
    settings, keys = _settings(state), _keys(state)
    values = settings.values
    endpoints = {str(name): address for name, address in values.endpoints.items()}
    names: tuple[str, ...] = ()
    if options.offline:
        pass
    elif options.ask is not None:
        names = _named(options.ask, endpoints, keys)
    elif values.sources is not None:
        names = values.sources
    elif wants and shared.at_terminal():
        names = _asked(wants, endpoints, keys)
    else:
        return Allowed(values.model_copy(update={"sources": ()}), keys, _HINT if wants else "")
    if options.remember:
        _remember(names, state, settings)
    return Allowed(values.model_copy(update={"sources": names}), keys)


def _settings(state: Path | None) -> Settings:
    from ..settings import SettingsFile, resolve

    file = SettingsFile(state / "settings.json").read() if state is not None else {}
    settings = resolve(environment=os.environ, file=file)
    for problem in settings.problems:
        print(f"Settings: {problem}.", file=sys.stderr)
    return settings


def _keys(state: Path | None) -> dict[str, str]:
    from ..keys import Keys

    if state is not None:
        return Keys(state / "keys.json").read()
    with tempfile.TemporaryDirectory() as empty:  # without a state folder there are only those of the environment
        return Keys(Path(empty) / "keys.json").read()


def _remember(names: Collection[str], state: Path | None, settings: Settings) -> None:
    from ..settings import SettingsFile

    if state is None:
        raise UsageError("no_state", "There is no place to remember it", "Add --comfyui DIR or --state DIR.")
    SettingsFile(state / "settings.json").change({"sources": list(names)}, settings.origin)


def _named(text: str, endpoints: Mapping[str, str], keys: Collection[str]) -> tuple[str, ...]:
    """The services that `--ask` names."""
    given = [one.strip().lower() for one in text.split(",") if one.strip()]
    if given == ["all"]:
        return tuple(name for name in roster.NAMES if roster.configured(name, endpoints, keys))
    for name in given:
        if name not in roster.NAMES:
            raise UsageError(
                "bad_source", f"{name!r} is no service", f"Name some of {', '.join(roster.NAMES)}, or all."
            )
        if not roster.configured(name, endpoints, keys):
            raise UsageError(
                "not_configured",
                f"{roster.label(name)} has neither an address nor a key",
                "Set COMFYFIXERSMART_ENDPOINTS=searxng=ADDRESS, COMFYFIXERSMART_BRAVE_KEY or COMFYFIXERSMART_TAVILY_KEY.",
            )
    return tuple(name for name in roster.NAMES if name in given)


# ---- the question ------------------------------------------------------------------------------------------


def _asked(wants: Sequence[Want], endpoints: Mapping[str, str], keys: Collection[str]) -> tuple[str, ...]:
    """The person's answer: the suggested services, or none."""
    offered = [
        one for one in roster.ROSTER if one.suggested or (one.needs and roster.configured(one.name, endpoints, keys))
    ]
    yes = shared.said_yes(question(wants, offered, endpoints))
    return tuple(one.name for one in offered) if yes else ()


def question(wants: Sequence[Want], offered: Sequence[roster.Entry], endpoints: Mapping[str, str]) -> str:
    """What would be sent to whom, word for word, and the question."""
    from ..reports.words import listed, plural, visible

    names = list(dict.fromkeys(visible(want.name) for want in wants))
    more = [f"{len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    lines = [
        f"{plural(len(names), 'thing')} to look up: {listed([*names[:_MOST_NAMES], *more])}.",
        "What lies on this disk is looked at first. These services can be asked for the rest:",
        "",
    ]
    for one in offered:
        lines += [f"  {one.label} ({_host(one, endpoints)})", f"      {one.purpose}", f"      Is sent: {one.sends}"]
    lines += ["", f"Never sent: {', '.join(roster.NEVER_SENT)}.", "Ask these services? [y/N]"]
    return "\n".join(lines)


def _host(one: roster.Entry, endpoints: Mapping[str, str]) -> str:
    return endpoints.get(one.name, one.host)
