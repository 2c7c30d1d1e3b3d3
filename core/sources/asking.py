"""How a source asks: from the answers on disk where they are still good, else from the service, and every step noted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..http import NoAnswer
from .answers import Answers
from .types import Candidate, Heard, Step

if TYPE_CHECKING:
    from ..http import Http

HOUR, DAY = 3600.0, 86_400.0
# What Python raises when an answer is not as we think it is.
SHAPE = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError)
_PATIENCE = 120.0  # seconds that one waits for another thread which asks the same


class Partly(NoAnswer):
    """Some of what was asked was not answered. `found`: the candidates that were found all the same."""

    def __init__(self, error: NoAnswer, found: Sequence[Candidate]) -> None:
        super().__init__(error.code, error.message, error.hint, host=error.host, status=error.status, until=error.until)
        self.found = tuple(found)


class Asker:
    """One search's way to ask. `steps` tell what was done, in order; several threads may add to them.

    `told` hears in words what is being done, before the answer is there.
    """

    def __init__(self, http: Http, answers: Answers) -> None:
        self.http = http
        self.answers = answers
        self.steps: list[Step] = []
        self.told: Callable[[str], None] | None = None

    def ask(
        self,
        source: str,
        question: str,
        did: str,
        fetch: Callable[[], Any],
        *,
        ttl: float = DAY,
        absent_ttl: float = DAY,
        found: Callable[[Any], str] | None = None,
    ) -> Heard:
        """The answer to `question`, which is the key: what was asked, by which method, never a token.

        `fetch` uses `self.http` and gives the answer reduced to small plain JSON, None for "there is no such thing".
        `did` says in words what was done, `found` what came of it. Raises NoAnswer; it too is a step.
        """
        if self.told is not None:
            self.told(did)
        try:
            heard = self._heard(source, question, fetch, ttl, absent_ttl)
            outcome = _outcome(heard, found)
        except NoAnswer as error:
            self.steps.append(Step(source, did, f"no answer: {error.message}", None, True))
            raise
        age = max(0.0, self.answers.now() - heard.when) if heard.cached else None
        self.steps.append(Step(source, did, outcome, age))
        return heard

    def note(self, source: str, did: str, outcome: str) -> None:
        """A step for which nobody was asked."""
        self.steps.append(Step(source, did, outcome))

    def check(self) -> None:
        """Raise NoAnswer `cancelled` when the person cancelled."""
        self.http.check()

    def _heard(self, source: str, question: str, fetch: Callable[[], Any], ttl: float, absent_ttl: float) -> Heard:
        self.check()
        known = self.answers.get(source, question, ttl, absent_ttl)
        if known is not None:
            return known
        with self.answers.asking(source, question, _still_waiting(self.check)):
            known = self.answers.get(source, question, ttl, absent_ttl)
            return known or self._fetched(source, question, fetch)

    def _fetched(self, source: str, question: str, fetch: Callable[[], Any]) -> Heard:
        try:
            return self.answers.put(source, question, fetch())
        except SHAPE:
            raise unexpected_shape() from None  # the chain would hold what the service sent


def unexpected_shape() -> NoAnswer:
    """The answer is JSON, but not as we know it: the service has changed, or something else answers in its place."""
    return NoAnswer(
        "unexpected_shape",
        "its answer is not in the form we know",
        "Try again later. If it stays, look for a newer version of ComfyFixerSmart.",
    )


def _outcome(heard: Heard, found: Callable[[Any], str] | None) -> str:
    if heard.value is None:
        return "nothing"
    if found is None:
        return "found"
    try:
        return found(heard.value)
    except SHAPE:
        raise unexpected_shape() from None


def _still_waiting(check: Callable[[], None]) -> Callable[[], bool]:
    """Whether to wait on for the other thread; raises when the person cancelled."""
    end = time.monotonic() + _PATIENCE

    def still() -> bool:
        check()
        return time.monotonic() < end

    return still
