"""Every way in which a download fails, as one error with a code, what happened, and what to do now."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable

from ...http import NoAnswer
from ...resolution.wording import bytes_text
from ..types import Action, ActionFailed, Offer, Output

GATED = "gated"
# Nothing is lost, and the same may work a moment later.
PASSING = frozenset({"timeout", "unreachable", "cut_off", "server_error", "rate_limited"})
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_RESTRICTED = re.compile(r"\b(restricted|gated|accept (the|its) (terms|conditions))\b", re.I)
_EARLY = re.compile(r"\bearly access\b(?::\s*(?P<until>\S.*))?|\bdo not have access\b", re.I)
_WHEN = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)\S*")
_ANOTHER = "Look for another source of this file."


class OfferFailed(Exception):
    """This offer cannot give the file; another one may. `why`: what it is where there is none."""

    def __init__(self, why: ActionFailed) -> None:
        super().__init__(why.code)
        self.why = why


def passes(error: NoAnswer) -> bool:
    """Whether another try of the same may succeed."""
    return error.code in PASSING or (error.code == "unexpected_shape" and error.status is None)


def no_answer(error: NoAnswer, offer: Offer) -> ActionFailed:
    """What an offer's source said, or did not say."""
    if error.code in ("web_page", "encoded", "not_json"):
        return not_a_model(error.message, offer, error.hint)
    if passes(error):
        text = f"{offer.by} did not answer: {error.message}."
        ours = error.code in ("timeout", "unreachable", "cut_off")
        hint = f"What is here is kept. Resume {'when the connection is back' if ours else 'later'}."
        return ActionFailed(error.code, text, hint, pauses=True)
    if error.code == "unexpected_status":
        return _refused(error, offer)
    text = f"{offer.by} did not give it: {error.message}."
    return ActionFailed(error.code, text, error.hint or _ANOTHER)


def _refused(error: NoAnswer, offer: Offer) -> ActionFailed:
    status, said = error.status, error.said
    page = f" {offer.page}" if offer.page else ""
    early = _EARLY.search(said) if status == 403 else None
    if status in (401, 403) and (offer.gate == GATED or _RESTRICTED.search(said)):
        text = f"{offer.by} gives it only to people who accepted its terms."
        return ActionFailed("gated", text, f"Accept the terms on its page, then enter your key for {offer.by}.{page}")
    if status == 401:
        text = f"{offer.by} gives it only to people with an account."
        return ActionFailed(
            "login_required", text, f"Enter a key for {offer.by} in the settings; every account can make one."
        )
    if early is not None:
        until = _WHEN.sub(r"\1 \2", early["until"] or "")
        whom = "in early access only" if "early" in early[0].lower() else "only to people whom its author lets have it"
        text = f"{offer.by} gives it {whom}{f', until {until}' if until else ''}."
        return ActionFailed("early_access", text, f"Wait until it is open to all, or get access on its page.{page}")
    if status == 404:
        text = f"{offer.by} does not have it under this address any more."
        return ActionFailed("not_found", text, f"Look it up again.{page}")
    if status == 410:
        text = f"{offer.by} has archived it; it cannot be downloaded there."
        return ActionFailed("archived", text, f"Look it up again: another source may have the same file.{page}")
    told = f", and says: {said.rstrip('.')}" if said else ""
    return ActionFailed(
        "refused", f"{offer.by} did not give it: {error.message}{told}.", f"See its page.{page}" if page else _ANOTHER
    )


def not_a_model(what: str, offer: Offer, hint: str = "") -> ActionFailed:
    """The answer is no such file. `what`: "a web page", or a whole half sentence with its verb."""
    text = (
        f"{offer.by} sent {what} instead of the file."
        if what[:3] != "it "
        else f"{offer.by} did not give the file: {what}."
    )
    return ActionFailed("not_a_model", text, hint or "Open its page in a browser: it may want a sign-in.")


def changed(offer: Offer, what: str) -> ActionFailed:
    """The source serves something else than what was approved."""
    text = f"{offer.by} serves something else now: {what}."
    return ActionFailed("source_changed", text, "Look it up again and make a new plan.", voids=True)


def too_large(offer: Offer, expected: int) -> ActionFailed:
    """More bytes than announced."""
    text = f"{offer.by} sent more than the {expected:,} bytes that it should be."
    return ActionFailed("too_large", text, "Look it up again and make a new plan.")


def unusable(offer: Offer, why: str) -> ActionFailed:
    """The source contradicts itself."""
    return ActionFailed("unusable_answer", f"{offer.by} cannot be downloaded from: {why}.", _ANOTHER)


def taken(path: str) -> ActionFailed:
    """Something else lies at the destination."""
    text = f"Another file lies at {path}, and nothing is ever overwritten."
    return ActionFailed("destination_taken", text, "Move it away or rename it, then try again.")


def no_room(folder: str, needed: int, free: int) -> ActionFailed:
    """Not enough room for what is still to come, in bytes."""
    text = f"{folder} has {bytes_text(free)} free, and {bytes_text(needed)} are needed."
    return ActionFailed("disk_full", text, "Free some space, then resume. What is here is kept.", pauses=True)


def of_system(error: OSError, action: Action) -> ActionFailed:
    """What the operating system refused."""
    folder = os.path.dirname(action.destination)
    if error.errno in _FULL:
        why = (
            "this disk holds no larger file" if error.errno == errno.EFBIG else "the disk is full, or your share of it"
        )
        hint = "Free some space, or use a folder on another disk, then resume. What is here is kept."
        return ActionFailed("disk_full", f"{folder}: {why}.", hint, pauses=True)
    if error.errno in _DENIED:
        hint = "Give the user who runs this the right to write there, then resume."
        return ActionFailed("no_permission", f"{folder} cannot be written to: {error.strerror}.", hint)
    if error.errno == errno.ENAMETOOLONG:
        return ActionFailed("unsafe_name", f"{action.destination} is too long a name here.", "Make a new plan.")
    if error.errno == errno.ENOENT:
        text = f"{folder} is not there any more, or nothing can be made in it."
        return ActionFailed("no_folder", text, "Plug in its disk, or put the folder back, then resume.", pauses=True)
    text = f"{folder}: {error.strerror or error}."
    return ActionFailed(
        "write_failed", text, "Check the disk and its connection, then resume. What is here is kept.", pauses=True
    )


def in_all(failures: list[ActionFailed], outputs: Iterable[Output]) -> ActionFailed:
    """One error for an action all whose offers failed, in their order.

    What passes comes first: it may still work. The approval is void where every source serves something else.
    """
    first = next((one for one in failures if one.pauses), None) or next(
        (one for one in failures if not one.voids), failures[0]
    )
    others = [one.message for one in failures if one is not first]
    return ActionFailed(
        first.code,
        " ".join(dict.fromkeys((first.message, *others))),
        first.hint,
        outputs=tuple(outputs),
        check=next((one.check for one in failures if one.check), ""),
        voids=all(one.voids for one in failures),
        pauses=first.pauses,
    )
