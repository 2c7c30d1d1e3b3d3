"""A model file that has to come from outside: a download with its mirrors, or a link where its content is here already."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from ...errors import ComfyFixerError
from ...readiness.types import BLOCKED, Finding
from ...requirements.notes import without_secrets
from ...resolution.types import CHOSEN, NOT_FOUND, RESOLVED, Resolution
from ...resolution.wording import bytes_text
from ...sources import names
from ...sources.roster import label
from ...sources.types import ARCHIVED, EARLY, GATED, LOGIN, PAID, TAKEN_DOWN, Candidate
from ..moving import named
from ..policy import licence_of, risk
from ..types import DOWNLOAD, HARD, LINK, SYMBOLIC, Action, Offer, Risk
from .place import Spot, below, spot
from .types import FILE, Draft, Given, Group, NotPlanned, Wish, action_id, refuse, unique

_SPOKEN = frozenset({"embeddings", "loras"})  # where prompts and rows of nodes name files without their suffix
_SLACK = 1024  # bytes: Civitai counts in thousandths of a kilobyte


def plan_file(group: Group, given: Given, draft: Draft) -> None:
    """Add the action that brings this file, or say why there is none. Raises ComfyFixerError `cancelled`."""
    try:
        action, where = _action(group, given)
        known = draft.actions.get(action.id)
        if known is not None and not _same_content(known, action):
            raise NotPlanned(
                f"Another file is planned under this name, for {known.workflows[0]}.",
                "Rename one of the two in its workflow.",
            )
    except NotPlanned as why:
        draft.leave(group, FILE, why)
        return
    if known is not None:
        action = replace(known, workflows=unique((*known.workflows, *group.workflows)))
    draft.take(action, group)
    if where.name != group.finding.name:
        draft.wishes += [Wish(need, group.finding.name, where.name, action.id) for need in group.needs]


def _same_content(one: Action, other: Action) -> bool:
    if one.origin and one.origin == other.origin and not (one.aside or other.aside):
        return True
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    return [offer.id for offer in one.offers[:1]] == [offer.id for offer in other.offers[:1]] != []


def _action(group: Group, given: Given) -> tuple[Action, Spot]:
    finding = group.finding
    resolution, best = _resolved(group)
    if not names.suffix(finding.name) and not _SPOKEN.issuperset(finding.folders):
        raise NotPlanned(
            "Its name is not that of one model file: the node may read a folder of files, or another kind.",
            "See the page of the node's pack for what it reads and from where, and put that there yourself.",
        )
    copies = _copies(resolution, best)
    judgement = given.policy.judge(best, copies[1:], name=finding.name)
    refuse(judgement.refused)
    where, damaged = _where(finding, resolution, best, given)
    chosen = resolution.rung == CHOSEN
    action = Action(
        id=action_id(DOWNLOAD, where.path),
        kind=DOWNLOAD,
        title=os.path.basename(where.path),
        destination=where.path,
        root=where.root,
        folder=where.folder,
        size=best.size,
        sha256=best.sha256 or (finding.sha256 if not chosen else None),
        format=best.format,
        workflows=group.workflows,
        why=resolution.why,
        chosen=chosen,
        risks=judgement.risks,
    )
    link = _link(action, given)
    if link is not None:
        return link, where
    if not damaged and given.disk.exists(where.path):
        raise NotPlanned("Something of this name lies there already, and nothing is ever overwritten.", "Check again.")
    served = _served(copies, given)
    first = served[0]
    if first is not best:
        judgement = given.policy.judge(first, [one for one in copies if one is not first], name=finding.name)
        refuse(judgement.refused)
    offers = tuple(_offer(one, licence_of((one, *copies)), given) for one in served)
    action = replace(_aside(action, given) if damaged else action, offers=offers, risks=judgement.risks)
    return _offered(action, first, given), where


# ---- which file --------------------------------------------------------------------------------------------


def _resolved(group: Group) -> tuple[Resolution, Candidate]:
    finding, resolution = group.finding, group.resolution
    if finding.weight != BLOCKED:
        raise NotPlanned(finding.message, "Check again when that can be told.")
    if resolution is None:
        raise NotPlanned("Nobody has looked for it yet.", "Look it up first.")
    best = resolution.best
    if isinstance(best, Candidate):
        return resolution, best
    settle = f"{resolution.settle[0].rstrip('.')}." if resolution.settle else "Look it up again."
    if resolution.state == NOT_FOUND or not resolution.candidates:
        raise NotPlanned(resolution.why, settle)
    count = len(resolution.candidates)
    hint = "Look at the one candidate, and choose it if it is the one." if count == 1 else ""
    raise NotPlanned(resolution.why, hint or f"Choose one of the {count} candidates.")


def _copies(resolution: Resolution, best: Candidate) -> list[Candidate]:
    """The file and its mirrors: the very same content, proven by its hash. A person's choice is what it is."""
    assert resolution.state == RESOLVED
    most = len(resolution.candidates) if resolution.rung == CHOSEN else 1 + resolution.mirrors
    rest = [judged.candidate for judged in resolution.candidates[1:most]]
    return [best, *(one for one in rest if isinstance(one, Candidate) and best.sha256 and one.sha256 == best.sha256)]


# ---- where from --------------------------------------------------------------------------------------------


def _served(copies: list[Candidate], given: Given) -> list[Candidate]:
    """Those that can be fetched, in order. Raises NotPlanned with what stands before the first one."""
    served, first = [], None
    for one in copies:
        try:
            _open(one, given)
            served.append(one)
        except NotPlanned as why:
            first = first or why
    if first is not None and not served:
        raise first
    return served


def _open(one: Candidate, given: Given) -> None:
    """Raise NotPlanned where this copy cannot be fetched."""
    service = given.policy.service(one.url, one.source)
    name, page = label(service), (one.page,) if one.page else ()
    told = f"{one.gate_text or one.gate.replace('_', ' ')}."
    if one.gate in (EARLY, PAID, ARCHIVED, TAKEN_DOWN):
        hint = "See its page, or choose another candidate."
        raise NotPlanned(told, hint if page else "Choose another candidate.", help=page)
    if one.gate == GATED and service not in given.keyed:
        raise NotPlanned(told, f"Get access on its page, then enter your key for {name}.", help=page)
    if one.gate == LOGIN and service not in given.keyed:
        raise NotPlanned(told, f"Enter a key for {name}; every account there can make one.", help=page)
    refuse(given.policy.address(one.url))
    if not without_secrets(one.url):
        raise NotPlanned("Its address is too long to be kept.", "Choose another candidate.")


def _offer(one: Candidate, licence: str, given: Given) -> Offer:
    service = given.policy.service(one.url, one.source)
    url = without_secrets(one.url)
    return Offer(
        one.id.replace(one.url, url),  # of a mere link the id is its address
        service,
        label(service),
        url,
        without_secrets(one.page),
        one.repo,
        one.revision,
        one.author,
        licence,
        one.gate,
        one.gate_text,
    )


def _offered(action: Action, first: Candidate, given: Given) -> Action:
    """The download with what its source says now, where the look-up left that open, and the risks of fetching it."""
    if given.announce is not None and (action.sha256 is None or action.size is None):
        action = _announced(action, given)
    refuse(given.policy.size(action.size))
    return replace(action, risks=(*action.risks, *_risks(action, first, given)))


def _announced(action: Action, given: Given) -> Action:
    assert given.announce is not None
    offer = action.offers[0]
    try:
        told = given.announce(offer, action.size, action.sha256)
    except ComfyFixerError as error:
        if error.code == "cancelled":
            raise
        if action.sha256 is not None:
            return action  # the hash is proof enough of whatever comes; only its size stays open
        why = error.message.strip().rstrip(".")
        raise NotPlanned(f"{offer.by} could not be asked about it: {why}.", error.hint or "Try again later.") from None
    if told is None:
        if action.sha256 is not None:
            return action
        raise NotPlanned(
            f"{offer.by} does not say what it would send.", "Choose another candidate, or try again later."
        )
    other_size = None not in (action.size, told.size) and abs((action.size or 0) - (told.size or 0)) > _SLACK
    if other_size or (action.sha256 and told.sha256 and action.sha256 != told.sha256):
        raise NotPlanned(f"{offer.by} has another file under this address by now.", "Look it up again.")
    return replace(
        action,
        size=told.size if told.size is not None else action.size,
        sha256=action.sha256 or told.sha256,
        offers=(offer._replace(etag=told.etag), *action.offers[1:]),
    )


def _risks(action: Action, first: Candidate, given: Given) -> list[Risk]:
    """What to know of the transfer itself."""
    source = action.offers[0].by
    found = []
    if action.sha256 is None:
        found.append(risk("no_hash" if action.size is not None else "unverifiable", source=source))
    if action.size is None:
        found.append(risk("unknown_size", source=source))
    elif action.size >= given.policy.large_bytes:
        found.append(risk("large", size=bytes_text(action.size)))
    if not first.confirmed:
        found.append(risk("unconfirmed", said_by=first.said_by or label(first.source)))
    if first.gate in (GATED, LOGIN):
        kind = "gated" if first.gate == GATED else "login"
        found.append(risk(kind, help=(first.page,) if first.page else (), source=source))
    return found


# ---- where to ----------------------------------------------------------------------------------------------


def _where(finding: Finding, resolution: Resolution, best: Candidate, given: Given) -> tuple[Spot, bool]:
    """The place, and whether a damaged file lies there that has to go aside."""
    suffix = names.suffix(best.file) or names.suffix(best.path) or names.suffix(finding.name)
    damaged = next((one.path for one in finding.evidence if one.kind == "truncated" and one.path), "")
    if damaged and os.path.splitext(damaged)[1].lower() == suffix:
        for folder, files in given.inventory.models.items():
            for file in files if not finding.folders or folder in finding.folders else ():
                if file.path == damaged:
                    if not given.disk.writable(os.path.dirname(damaged)):
                        raise NotPlanned("Its folder cannot be written to.", "Give ComfyUI's user the right to.")
                    root = str(Path(file.root))
                    return Spot(below(root, file.name), root, folder, file.name), given.disk.exists(damaged)
    return spot(finding, (resolution.folder, *finding.folders), suffix, given), False


def _aside(action: Action, given: Given) -> Action:
    """The same download, with the place that the damaged file is moved to: beside it, under a name that is no model's."""
    status = given.disk.status(action.destination)
    if status is None:
        raise NotPlanned("What lies there is no plain file.", "Look at it yourself.")
    mark = hashlib.sha256(f"{action.destination}\0{status}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    aside = named(action.destination, f".damaged-{mark}")
    if given.disk.exists(aside):
        raise NotPlanned(f"{os.path.basename(aside)} lies there already.", "Move it away, then plan again.")
    return replace(action, aside=aside, origin_size=status[0], origin_mtime_ns=status[1])


def _link(action: Action, given: Given) -> Action | None:
    """A link in place of the download, where a model file of the same content is on this disk already."""
    origin = given.disk.same(action.sha256, action.size) if action.sha256 else None
    status = given.disk.status(origin) if origin is not None else None
    if origin is None or status is None or given.disk.exists(action.destination):
        return None
    hard = given.disk.volume(origin) == given.disk.volume(action.root)
    return replace(
        action,
        kind=LINK,
        size=0,  # nothing to fetch
        id=action_id(LINK, action.destination),
        origin=origin,
        origin_size=status[0],
        origin_mtime_ns=status[1],
        link=HARD if hard else SYMBOLIC,
        why=f"{action.why.rstrip('.')}. The same content (SHA-256) is on this disk already: {origin}.",
    )
