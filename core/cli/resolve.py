"""`resolve`: where missing files and node packs can be had. Looks at this disk, and asks the services that may be asked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..files import to_json
from .consent import allowed
from .looking import Found, Looked, look_up, looked_at
from .shared import CANNOT, FINDINGS, FINE, place_of, progress_of

if TYPE_CHECKING:
    from ..record import Checked
    from ..resolution.store import Store
    from ..resolution.types import Resolution, Want

SCHEMA = 1
_LEAST_KEY = 4  # characters of a key's beginning


def resolve(options: argparse.Namespace) -> int:
    """Look up what is missing, or change the choices made by hand. Exit code 0 when everything is settled."""
    place = place_of(options)
    state = Path(options.state) if options.state else place.state
    if options.choose or options.unchoose:
        return _choose(options, place, state)
    with progress_of(options) as progress:
        looked = looked_at(options, place, state, progress)
    may = allowed(options, state, looked.all())
    if may.hint:
        print(may.hint, file=sys.stderr)
    found = look_up(options, place, state, looked, may, again=options.again)
    if options.json:
        print(to_json(_body(looked, found)))
    else:
        _print(looked, found, steps=options.steps, kept=state is not None)
    if found.ended:
        print("Cancelled. What was found is kept.", file=sys.stderr)
        return CANNOT
    return _code(options, looked, found.by_key)


def _code(options: argparse.Namespace, looked: Looked, found: Mapping[str, Resolution]) -> int:
    """Fine when all is settled, and what the person named could be read."""
    settled = all(one.state == "RESOLVED" for one in found.values())
    read = not options.paths or all(one.readiness.status != "unreadable" for one in looked.checked)
    return FINE if settled and read else FINDINGS


# ---- what is printed ---------------------------------------------------------------------------------------


def _body(looked: Looked, found: Found) -> dict[str, Any]:
    from ..reports.verdicts import counts
    from ..resolution.types import to_json as as_json

    def missing(checked: Checked, at: int, want: Want) -> dict[str, Any]:
        finding, one = checked.readiness.findings[at], found.by_key.get(want.key)
        return {"code": finding.code, "name": finding.name, "resolution": as_json(one) if one else None}

    return {
        "schema": SCHEMA,
        "workflows": [
            {"name": checked.name, "findings": [missing(checked, at, want) for at, want in wants.items()]}
            for checked, wants in zip(looked.checked, looked.wants, strict=True)
            if wants
        ],
        "counts": counts(found.by_key.values()),
        "requests": dict(found.requests),
        "asked": list(found.asked),
        "complete": not found.ended,
    }


def _print(looked: Looked, found: Found, *, steps: bool, kept: bool) -> None:
    from ..record import entry
    from ..reports.console_verdicts import print_found

    told = found.by_key
    entries = [
        entry(checked, None, {at: told[want.key] for at, want in wants.items() if want.key in told})
        for checked, wants in zip(looked.checked, looked.wants, strict=True)
        if wants or checked.readiness.status == "unreadable"
    ]
    wanted = {checked.name: len(wants) for checked, wants in zip(looked.checked, looked.wants, strict=True)}
    print_found(entries, wanted, steps=steps, requests=found.requests, kept=kept)


# ---- choices -----------------------------------------------------------------------------------------------


def _choose(options: argparse.Namespace, place: Any, state: Path | None) -> int:
    """Take candidates by hand, or take choices back; prints the verdicts as they then are."""
    if state is None:
        raise UsageError("no_state", "There is no place to remember a choice", "Add --comfyui DIR or --state DIR.")
    from ..resolution.store import Store
    from ..resolution.types import to_json as as_json

    given = [_split(text) for text in options.choose] + [(key.strip().lower(), None) for key in options.unchoose]
    keys: list[str] = []
    if any(len(key) < _WHOLE_KEY for key, _ in given):
        with progress_of(options) as progress:
            keys = [want.key for want in looked_at(options, place, state, progress).all()]
    store = Store(state)
    changes = [(_key(text, keys), candidate) for text, candidate in given]
    found = [store.choose(key, _candidate(store, key, candidate), options.reason) for key, candidate in changes]
    if options.json:
        print(to_json({"schema": SCHEMA, "resolutions": [as_json(one) for one in found]}))
    else:
        from ..reports.console_verdicts import print_verdict

        for one in found:
            print_verdict(one, one.name, steps=options.steps)
    return FINE if all(one.state == "RESOLVED" for one in found) else FINDINGS


_WHOLE_KEY = 20


def _split(text: str) -> tuple[str, str | None]:
    key, equals, candidate = text.partition("=")
    if not equals or not candidate.strip():
        raise UsageError("bad_choice", f"{text!r} names no candidate", "Write KEY=NUMBER, or KEY=ID.")
    return key.strip().lower(), candidate.strip()


def _key(text: str, keys: Sequence[str]) -> str:
    """The whole key that begins so."""
    if len(text) >= _WHOLE_KEY:
        return text
    fitting = sorted({key for key in keys if key.startswith(text)}) if len(text) >= _LEAST_KEY else []
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            "bad_key", f"{text!r} begins {len(fitting)} keys", f"Give more of it: {', '.join(fitting[:5])}."
        )
    raise UsageError(
        "bad_key",
        f"No missing thing has a key that begins with {text!r}",
        f"Give at least {_LEAST_KEY} characters of a key that `comfyfixersmart resolve` prints.",
    )


def _candidate(store: Store, key: str, given: str | None) -> str | None:
    """The id of a candidate that is given by its number or id."""
    one = store.get(key)
    if given is None or one is None or not given.isdecimal():
        return given
    at = int(given) - 1 if len(given) < 4 else -1
    if not 0 <= at < len(one.candidates):
        raise UsageError(
            "unknown_candidate",
            f"There is no candidate {given} for {one.name}",
            f"It has {len(one.candidates)}; `comfyfixersmart resolve` lists them.",
        )
    return one.candidates[at].candidate.id
