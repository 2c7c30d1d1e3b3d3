"""The person's yes to a plan: asked at a terminal, risk by risk, or given on the command line for the digest that was read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UsageError
from . import shared

if TYPE_CHECKING:
    from ..actions.types import Action, Plan, Risk


class Answer(NamedTuple):
    """`consents`: action id → codes of the risks that were confirmed. `declined`: ids of actions that are not wanted."""

    yes: bool = False
    consents: dict[str, tuple[str, ...]] = {}  # noqa: RUF012  # a NamedTuple's default; never changed
    declined: tuple[str, ...] = ()


def asked(plan: Plan) -> Answer:
    """Ask at the terminal: first each consent on its own, then for the whole plan."""
    from ..reports.console_plan import question
    from ..reports.words import visible

    consents: dict[str, list[str]] = {}
    declined: dict[str, None] = {}
    for action, risk in _consents(plan):
        if action.id in declined:
            continue
        print(f"\n{visible(action.title)}: {visible(risk.text)}", file=sys.stderr)
        for address in risk.help:
            print(f"  Where to turn: {visible(address)}", file=sys.stderr)
        if shared.said_yes(f"  {visible(risk.consent)} [y/N]"):
            consents.setdefault(action.id, []).append(risk.code)
        else:
            declined[action.id] = None
    if declined:
        return Answer(declined=tuple(declined))
    if not shared.said_yes(f"\n{question(plan)}"):
        print("Nothing was done.", file=sys.stderr)
        return Answer()
    return Answer(True, {id: tuple(codes) for id, codes in consents.items()})


def given(options: argparse.Namespace, plan: Plan) -> Answer:
    """The yes of `--approve`, with the consents of `--consent`. Raises UsageError where one is missing or of no use."""
    consents = _parsed(options.consent)
    known = {(action.id, risk.code) for action, risk in _consents(plan)}
    said = {(id, code) for id, codes in consents.items() for code in codes}
    if odd := sorted(said - known):
        id, code = odd[0]
        raise UsageError(
            "bad_consent", f"The plan asks for no consent to {code!r} for {id!r}", "Look at the plan again."
        )
    if lacking := sorted(known - said):
        needed = " ".join(f"--consent {id}={code}" for id, code in lacking)
        raise UsageError(
            "consent_missing", "The plan asks for consents that were not given", f"Read them, and add {needed}."
        )
    return Answer(True, consents)


def _consents(plan: Plan) -> Iterator[tuple[Action, Risk]]:
    for action in plan.actions:
        yield from ((action, risk) for risk in action.risks if risk.consent)


def _parsed(texts: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        id, equals, codes = text.partition("=")
        named = tuple(one.strip() for one in codes.split(",") if one.strip())
        if not equals or not named:
            raise UsageError("bad_consent", f"{text!r} consents to nothing", "Write ID=RISK or ID=RISK,RISK.")
        found[id.strip()] = (*found.get(id.strip(), ()), *named)
    return found
