"""Which node pack brings a class: what the workflow names, the registry's look-up, the Manager's exact lists.

A class that several packs claim is UNCERTAIN, and a name pattern is no claim. A pack that is on this disk is told apart
from a missing one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from ..http import NoAnswer
from ..inventory.types import DISABLED, FAILED, Pack
from ..sources.types import PackCandidate
from .types import CLASS_LOOKUP, NOT_FOUND, PACK, RESOLVED, UNCERTAIN, WORKFLOW_PACK, Judged, Resolution, Silence, Want
from .wording import listed, source_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..inventory.types import Inventory
    from ..sources.asking import Asker
    from ..sources.local import PackMap
    from ..sources.registry import Registry

REFUSED = ("Banned", "Deleted")
_CORE = frozenset({"comfy-core", "comfyanonymous/comfyui", "comfy-org/comfyui"})
T = TypeVar("T")


@dataclass(slots=True)
class _Found:
    """What was heard of the packs for one class. Packs of one registry id or one repository are one pack."""

    packs: dict[str, PackCandidate] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # ids that the workflow names and a source knows
    silent: dict[str, str] = field(default_factory=dict)
    asked: bool = False  # whether the registry answered

    def add(self, one: PackCandidate, *, named: bool = False) -> None:
        known = next((old for old in self.packs.values() if _same(old, one)), None)
        if known is not None:
            one = _merged(known, one)
            del self.packs[known.id]
            named = named or known.id in self.named
            self.named.discard(known.id)
        self.packs[one.id] = one
        if named:
            self.named.add(one.id)


class PackSearch:
    """Looks up packs over the registry and the Manager's lists on this disk; either may be absent."""

    def __init__(
        self, registry: Registry | None, packs: PackMap | None, asker: Asker, inventory: Inventory | None
    ) -> None:
        self._registry = registry
        self._map = packs
        self._asker = asker
        self._installed = {one: pack for pack in (inventory.packs if inventory else ()) for one in _ids(pack)}

    def run(self, want: Want) -> Resolution:
        """The verdict on one class, without its steps."""
        found = _Found()
        self._named(want, found)
        usable = [found.packs[one] for one in found.named if found.packs[one].has_class is not False]
        if len(usable) != 1 or usable[0].status in REFUSED:
            self._claimants(want, found)
        return self._verdict(want, found)

    # ---- asking ----------------------------------------------------------------------------------------

    def _named(self, want: Want, found: _Found) -> None:
        """The pack that the workflow names, as registry and Manager know it."""
        registry, known = self._registry, self._map
        if want.registry_id and registry is not None:
            one = self._heard(found, lambda: registry.by_id(self._asker, want.registry_id, ""))
            self._take(want, found, one)
        if want.repo and registry is not None:
            self._take(want, found, self._heard(found, lambda: registry.by_repo(self._asker, want.repo)))
        for text, look in ((want.registry_id, "of_id"), (want.repo, "of_repo")):
            one = getattr(known, look)(text) if known is not None and text else None
            if known is not None and text:
                outcome = f"{one.title or text}" if one is not None else "nothing"
                self._asker.note("manager", f"Looked for the pack “{text}” in the Manager's lists", outcome)
            if one is not None:
                found.add(replace(one, has_class=self._listed_by_map(want.name, one)), named=True)

    def _take(self, want: Want, found: _Found, one: PackCandidate | None) -> None:
        registry = self._registry
        if one is None or registry is None:
            return
        has = self._heard(found, lambda: registry.has_class(self._asker, one.registry_id, one.version, want.name))
        found.add(replace(one, has_class=has), named=True)

    def _claimants(self, want: Want, found: _Found) -> None:
        """Every pack that claims the class."""
        registry, known = self._registry, self._map
        if registry is not None:
            for one in self._heard(found, lambda: registry.by_class(self._asker, want.name)) or ():
                found.add(one)
        if known is not None:
            claims = known.of_class(want.name)
            titles = listed([one.title or one.repo for one in claims[:4]]) or "no pack"
            self._asker.note("manager", f"Looked for the class “{want.name}” in the Manager's map", titles)
            for one in claims:
                found.add(one)

    def _listed_by_map(self, name: str, one: PackCandidate) -> bool | None:
        return True if self._map is not None and any(_same(one, other) for other in self._map.of_class(name)) else None

    def _heard(self, found: _Found, ask: Callable[[], T]) -> T | None:
        self._asker.check()
        try:
            answer = ask()
        except NoAnswer as error:
            if error.code == "cancelled":
                raise
            found.silent["registry"] = error.message
            return None
        found.asked = True
        return answer

    # ---- judging ---------------------------------------------------------------------------------------

    def _verdict(self, want: Want, found: _Found) -> Resolution:
        named = [found.packs[one] for one in sorted(found.named)]
        good = [one for one in named if one.has_class is not False and one.status not in REFUSED]
        claims = [one for one in found.packs.values() if one.has_class and one.status not in REFUSED]
        if len(good) == 1 and len(named) == 1:
            text = f"The workflow names this pack, and {source_label(good[0].source)} has it."
            return self._made(want, found, RESOLVED, text, WORKFLOW_PACK, good[0])
        if len(claims) == 1 and not found.silent and not named:
            text = f"Exactly one pack lists this node type, says {source_label(claims[0].source)}."
            return self._made(want, found, RESOLVED, text, CLASS_LOOKUP, claims[0])
        if found.packs:
            return self._made(want, found, UNCERTAIN, _doubt(named, claims, found))
        if not found.asked or found.silent:
            who = "did not answer" if found.silent else "was not asked, and no list on this disk names it"
            return self._made(want, found, UNCERTAIN, f"{source_label('registry')} {who}, so its pack is not known.")
        return self._made(want, found, NOT_FOUND, "No pack that anybody asked knows of brings this node type.")

    def _made(
        self, want: Want, found: _Found, state: str, why: str, rung: str = "", best: PackCandidate | None = None
    ) -> Resolution:
        rest = sorted((one for one in found.packs.values() if one != best), key=lambda one: _rank(one, found))
        shown = [*([best] if best is not None else []), *(rest if best is None else ())][:8]
        judged = tuple(Judged(one, *self._said(want, one, found)) for one in shown)
        settle = []
        if state != RESOLVED:
            settle += ["Ask the Comfy Registry again later"] if found.silent else []
            settle += ["Let the Comfy Registry be asked"] if self._registry is None else []
            settle += ["Open the page where the workflow came from: its author may name the pack"]
            settle += ["Choose one yourself: the choice is remembered"] if shown else []
        silent = tuple(Silence(name, reason) for name, reason in found.silent.items())
        return Resolution(want.key, PACK, want.name, state, why, rung, "", judged, 0, tuple(settle), silent)

    def _said(self, want: Want, one: PackCandidate, found: _Found) -> tuple[tuple[str, ...], tuple[str, ...]]:
        fits, against = [], []
        if one.id in found.named:
            fits.append("The workflow names it")
        if one.has_class:
            fits.append("It lists this node type")
        elif one.has_class is False:
            against.append(
                f"Its version {one.version} does not list this node type"
                if one.version
                else "It does not list this node type"
            )
        else:
            against.append("Its source does not list its node types")
        if one.status in REFUSED:
            against.append(f"The registry has {one.status.lower()} it")
        elif one.status not in ("", "Active"):
            against.append(f"The registry marks it as {one.status.lower()}")
        here = next((self._installed[key] for key in _keys(one) if key in self._installed), None)
        if _CORE & {*_keys(one)}:
            fits.append("It belongs to ComfyUI itself, in a newer version: update ComfyUI")
        elif here is not None:
            against.append(_here(here))
        elif want.here:
            against.append(want.here.rstrip("."))
        return tuple(fits), tuple(against)


def _here(pack: Pack) -> str:
    if pack.state == FAILED:
        return f"It is installed already as {pack.name}, and fails to import: {pack.reason or 'see ComfyUI’s log'}"
    if pack.state == DISABLED:
        return f"It is on this disk already as {pack.name}, and disabled: enable it"
    return f"It is installed already as {pack.name}, without this node type: update it"


def _doubt(named: list[PackCandidate], claims: list[PackCandidate], found: _Found) -> str:
    if len(named) > 1:
        return "The workflow names two different packs for this node type."
    if named and named[0].status in REFUSED:
        return f"The workflow names a pack that the registry has {named[0].status.lower()}."
    if named:
        return "The workflow names a pack whose newest version does not list this node type."
    if len(claims) > 1:
        return f"{len(claims)} packs claim this node type."
    if found.silent:
        return "One pack claims this node type, but the Comfy Registry did not answer and may know another."
    return "A pack may bring this node type, but none lists it."


def _rank(one: PackCandidate, found: _Found) -> tuple[object, ...]:
    return (
        one.id not in found.named,
        not one.has_class,
        one.status in REFUSED,
        not one.registry_id,
        -(one.downloads or 0),
        -(one.stars or 0),
        one.id,
    )


def _ids(pack: Pack) -> set[str]:
    return {one.lower() for one in (*pack.ids, pack.name)}


def _keys(one: PackCandidate) -> list[str]:
    return [text for text in (one.registry_id.lower(), _repo(one), _repo(one).rpartition("/")[2]) if text]


def _repo(one: PackCandidate) -> str:
    """ "owner/name" in lower case."""
    text = one.repo.lower().removesuffix("/").removesuffix(".git")
    return "/".join(text.split("/")[-2:]) if "/" in text else ""


def _same(one: PackCandidate, other: PackCandidate) -> bool:
    ids = bool(one.registry_id) and one.registry_id.lower() == other.registry_id.lower()
    return ids or (bool(_repo(one)) and _repo(one) == _repo(other))


def _merged(one: PackCandidate, other: PackCandidate) -> PackCandidate:
    """Two views of one pack: the registry's words, filled up with the other's."""
    first, second = (one, other) if one.source == "registry" else (other, one)
    has = (
        True
        if True in (one.has_class, other.has_class)
        else first.has_class
        if first.has_class is not None
        else second.has_class
    )
    return replace(
        first,
        repo=first.repo or second.repo,
        registry_id=first.registry_id or second.registry_id,
        title=first.title or second.title,
        author=first.author or second.author,
        stars=first.stars if first.stars is not None else second.stars,
        has_class=has,
        confirmed=first.confirmed or second.confirmed,
    )
