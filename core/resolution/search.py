"""The search for one missing thing: this disk first, then the services that may be asked, then the ladder.

The order saves questions: what the workflow itself points to and what a known hash finds may settle a file before any
name is searched. A service that does not answer is written down as silent and never taken for "not there".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ..http import NoAnswer
from ..sources import names
from ..sources.asking import Asker, Partly
from ..sources.links import CIVITAI, DIRECT, Link, read_link
from ..sources.types import Candidate, Query, Step
from .ladder import Case, Evidence
from .packs import PackSearch
from .types import FILE, Resolution, Want

if TYPE_CHECKING:
    from ..inventory.types import Inventory
    from ..sources.local import Claims, PackMap
    from ..sources.roster import Sources
    from .store import Store

T = TypeVar("T")
MOST_LINKS, MOST_CLAIMS = 12, 8  # addresses in notes, and claims for one name, that are looked at


class Resolver:
    """Looks things up, one after the other. Holds what is the same for all: sources, catalogues, earlier answers."""

    def __init__(
        self,
        sources: Sources,
        claims: Claims | None,
        packs: PackMap | None,
        store: Store | None,
        asker: Asker,
        generic: frozenset[str],
        *,
        inventory: Inventory | None = None,
        free: Callable[[str], int | None] = lambda _folder: None,
    ) -> None:
        self.sources = sources
        self.claims = claims
        self.store = store
        self.asker = asker
        self.generic = generic
        self.free = free
        self.packs = PackSearch(sources.registry, packs, asker, inventory)

    def resolve(self, want: Want) -> Resolution:
        """The verdict on one want, with every step of the search. Raises NoAnswer `cancelled` only."""
        self.asker.steps.clear()
        self.asker.check()
        found = _FileSearch(self, want).run() if want.kind == FILE else self.packs.run(want)
        return replace(found, steps=tuple(self.asker.steps), when=self.asker.answers.now())


class _FileSearch:
    def __init__(self, resolver: Resolver, want: Want) -> None:
        self.resolver = resolver
        self.asker = resolver.asker
        self.sources = resolver.sources
        self.want = want
        self.base = names.base(want.name)
        self.evidence = Evidence(free=self._free())
        self.services = tuple(one.name for one in resolver.sources.files)

    def run(self) -> Resolution:
        for look in (self._author, self._notes, self._hash):
            look()
            if self._case().settled():
                return self._case().verdict()
        self._claims()
        if self._case().settled():
            return self._case().verdict()
        if names.sendable(self.want.name):
            self._names()
        else:
            self.asker.note("disk", "Looked at the name", "it is not like a file's name, so it was sent to nobody")
        return self._case().verdict()

    def _case(self) -> Case:
        return Case(self.want, self.evidence, self.resolver.generic, self.services)

    def _free(self) -> Mapping[str, int]:
        told = ((folder, self.resolver.free(folder)) for folder in self.want.folders)
        return {folder: free for folder, free in told if free is not None}

    # ---- what the workflow says ------------------------------------------------------------------------

    def _author(self) -> None:
        """The addresses and ids that the workflow gives for this very file."""
        given = [*self.want.urls, *([self.want.name] if self.want.name[:8].lower() == "urn:air:" else [])]
        for url in given:
            link = self._link(url)
            found = self._confirmed(url, link)
            if found is None:
                self._claim(url, link, "workflow", authored=True)
                continue
            chosen = self._meant(found, link)
            self.evidence.add(found)
            self.evidence.authored.update(one.id for one in chosen)

    def _notes(self) -> None:
        """Addresses in the workflow's notes: those of files of this name, and pages that turn out to have one."""
        for url in self.want.notes[: 4 * MOST_LINKS]:
            link = self._link(url)
            if link is None or (link.base and not self._same_name(link.base)):
                continue
            found = self._confirmed(url, link)
            if found is None:
                if link.base:
                    self._claim(url, link, "note", authored=True)
                else:
                    self.asker.note("note", f"Found a link in the workflow's notes: {url}", "its page was not asked")
                continue
            named = [one for one in found if self._same_name(one.file) or self._same_name(names.base(one.path))]
            self.evidence.add(named)
            self.evidence.authored.update(one.id for one in named)

    def _meant(self, found: Sequence[Candidate], link: Link | None) -> Sequence[Candidate]:
        """Which of the files behind an address the author means: the one of that name, else the only one."""
        named = [one for one in found if self._same_name(one.file)]
        if named or len(found) == 1:
            whole_page = link is not None and link.service == CIVITAI and not link.version and not link.file
            return named or ([] if whole_page else found)
        return []

    def _hash(self) -> None:
        if not self.want.sha256:
            return
        for source in self.sources.files:
            found = self._heard(source.name, partial(source.by_hash, self.asker, self.want.sha256))
            self.evidence.add(found or [])
        if self.resolver.claims is not None:
            for claim in self.resolver.claims.of_hash(self.want.sha256)[:MOST_CLAIMS]:
                if claim.url:  # a workflow may give the hash alone
                    self.evidence.add(self._confirmed(claim.url, self._link(claim.url)) or [])

    # ---- catalogues on this disk -----------------------------------------------------------------------

    def _claims(self) -> None:
        """What other workflows, the templates, the Manager's list and earlier answers say of this name, confirmed."""
        for candidate in self.resolver.store.earlier(self.base) if self.resolver.store is not None else ():
            self.asker.note("earlier", f"Looked for “{self.base}” in earlier answers", f"found at {candidate.repo}")
            self._take(candidate.url, "earlier")
        claims = self.resolver.claims
        if claims is None:
            return
        told = claims.of(self.base)
        self.asker.note("disk", f"Looked for “{self.base}” in the catalogues on this disk", _told(told))
        seen: set[str] = set()
        for claim in sorted(told, key=lambda one: (_TRUST.get(one.by, 9), one.url)):
            if claim.url and claim.url not in seen and len(seen) < MOST_CLAIMS:
                seen.add(claim.url)
                by = "workflows" if claim.by == "workflow" else claim.by
                self._take(claim.url, by, claim.folder, claim.where)
        if not told:
            for claim in claims.near(self.base):
                self._claim(claim.url, self._link(claim.url), claim.by, where=claim.where, name=claim.name)

    def _take(self, url: str, by: str, folder: str = "", where: str = "") -> None:
        link = self._link(url)
        found = self._confirmed(url, link)
        if found is None:
            self._claim(url, link, by, where=where, folder=folder)
            return
        meant = self._meant(found, link)
        self.evidence.add([replace(one, folder=one.folder or folder, said_by=where) for one in meant])
        for one in meant:
            self.evidence.claimed.setdefault(one.id, by)

    def _claim(
        self,
        url: str,
        link: Link | None,
        by: str,
        *,
        where: str = "",
        folder: str = "",
        authored: bool = False,
        name: str = "",
    ) -> None:
        """A candidate that nobody has confirmed."""
        if not url.lower().startswith(("http://", "https://")):
            return
        one = Candidate(
            _id(link, url),
            link.service if link is not None else DIRECT,
            name or (link.base if link is not None and link.base else self.base),
            url,
            page=url,
            repo=link.repo if link is not None else "",
            path=link.path if link is not None else "",
            author=link.repo.partition("/")[0] if link is not None else "",
            folder=folder,
            format=names.format_of(name or self.base),
            said_by=where,
        )
        self.evidence.add([one])
        if authored:
            self.evidence.authored.add(one.id)
        elif not name:
            self.evidence.claimed.setdefault(one.id, by)

    # ---- services --------------------------------------------------------------------------------------

    def _names(self) -> None:
        query = Query(self.base, self.want.folders, self.want.family, self.want.sha256, self.want.size)
        for source in self.sources.files:
            found = self._heard(source.name, partial(source.by_name, self.asker, query))
            if found is not None:
                self.evidence.asked.add(source.name)
                self.evidence.add(found)
        web = self.sources.web
        if web is not None and not any(one.confirmed for one in self._case().exact()):
            for url in self._heard(web.name, lambda: web.find(self.asker, query)) or ():
                link = self._link(url)
                found = self._confirmed(url, link) or []
                self.evidence.add([one for one in found if self._same_name(one.file)])

    def _heard(self, source: str, ask: Callable[[], list[T]]) -> list[T] | None:
        """What a service answers; None where it was silent, which is written down."""
        self.asker.check()
        try:
            return ask()
        except NoAnswer as error:
            if error.code == "cancelled":
                raise
            self.evidence.silent[source] = error.message
            if isinstance(error, Partly):
                self.evidence.add(error.found)
            return None

    def _confirmed(self, url: str, link: Link | None) -> list[Candidate] | None:
        """The files behind an address as their own service knows them; None where that could not be asked."""
        source = self.sources.file_source(link.service) if link is not None else self.sources.direct
        if source is None:
            return None
        return self._heard(source.name, lambda: source.by_link(self.asker, url))

    def _link(self, url: str) -> Link | None:
        return read_link(url, self.sources.mirrors)

    def _same_name(self, name: str) -> bool:
        wanted, found = self.base.lower(), names.base(name).lower()
        return wanted == (names.stem(found) if self.want.stem else found)


_TRUST = {"templates": 0, "manager": 1, "workflow": 2, "note": 3}


def _told(claims: Iterable[object]) -> str:
    count = len(list(claims))
    return "nothing" if not count else "1 address" if count == 1 else f"{count} addresses"


def _id(link: Link | None, url: str) -> str:
    if link is None:
        return f"direct:{url}"
    if link.service == CIVITAI:
        return f"civitai:{link.version or link.model}/{link.file}"
    return f"{link.service}:{link.repo}@{link.path}"


def step_sources(steps: Iterable[Step]) -> frozenset[str]:
    """The sources that steps speak of."""
    return frozenset(step.source for step in steps)
