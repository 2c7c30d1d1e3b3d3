"""Hugging Face as a source of files. Facts: services.md, section 3.

It has no search for file names and none for hashes: `search=` looks at the names of repositories only. So a file is
looked for among the files of authors who publish for ComfyUI (`index.py`), and in repositories that its name suggests.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from ...http import NoAnswer
from .. import names
from ..asking import Asker, Partly
from ..links import HUGGINGFACE, read_link
from ..types import GATED, TAKEN_DOWN, Candidate, Query
from .api import MAIN, NAME, Api, Seen
from .index import Hit, Index, Names
from .shapes import GATE_AUTO, File, Repo, clean_path, is_repo

MOST_CONFIRMED, MOST_TOLD, MOST_NEAR, MOST_OF_A_PAGE = 20, 100, 8, 50
_LEAST_LIKE = 0.45
_SEARCHES_KEPT, _FILES_KEPT = 32, 20_000
MOST_PAGES = 3  # of a search of several words; what a single one finds is a family, not a file
_GATE_TEXTS = {
    True: "The author gives it to everyone who accepts the terms on its page; it then needs your Hugging Face token",
    False: "The author decides who may have it: ask on its page; it then needs your Hugging Face token",
}
_DISABLED = "Hugging Face has disabled this repository"


class HuggingFace:
    """Files of Hugging Face, or of a mirror of it at `base`. One object serves many names and several threads.

    `authors`: whose files are listed, as in `knowledge/authors.json`.
    """

    name = NAME

    def __init__(
        self, base: str = "https://huggingface.co", authors: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        self._api = Api(base)
        self._index = Index(self._api, authors)
        self._mirrors = {urlsplit(self._api.base).netloc.lower(): HUGGINGFACE}
        self._lock = threading.Lock()
        self._searched: OrderedDict[str, tuple[float, Names]] = OrderedDict()

    def by_hash(self, asker: Asker, sha256: str) -> list[Candidate]:
        """Nothing: it cannot be asked for a hash."""
        return []

    def by_link(self, asker: Asker, url: str) -> list[Candidate]:
        """The file at this address, or the model files of the repository where it names no file; [] when it is gone.

        Raises NoAnswer.
        """
        link = read_link(url, self._mirrors)
        if link is None or link.service != HUGGINGFACE or not is_repo(link.repo):
            return []
        revision = link.revision or MAIN
        if clean_path(revision) != revision or (link.path and clean_path(link.path) != link.path):
            return []
        repo = self._api.about(asker, link.repo, revision)
        if repo is None:
            return []
        if link.path:
            return self._confirmed(asker, repo, [link.path], revision)
        seen = self._api.tree(asker, repo.id, repo.sha or revision)
        files = list(seen.files.values()) if seen else []
        if len(files) > MOST_OF_A_PAGE:
            asker.note(NAME, f"Took the first {MOST_OF_A_PAGE} files of {repo.id}", f"it has {len(files)} model files")
        return [self._candidate(repo, file.path, revision, seen, file) for file in files[:MOST_OF_A_PAGE]]

    def by_name(self, asker: Asker, query: Query) -> list[Candidate]:
        """Files of this name, confirmed with size and hash, the likeliest first, then a few of near names, unconfirmed.

        Where very many have the name, the rest of them is there too, unconfirmed. Raises NoAnswer, and `Partly` with
        what was found where only a part was answered.
        """
        listed, gap = self._index.names(asker, query.name)
        silent = [gap] if gap else []
        places = [listed, *self._suggested(asker, query.name, silent)]
        hits = _merged(hit for place in places for hit in place.exact(query.name))
        hits.sort(key=lambda hit: self._rank(hit, query))
        found = self._confirm(asker, hits[:MOST_CONFIRMED], silent)
        rest = hits[MOST_CONFIRMED:]
        if rest:
            asker.note(NAME, f"Left {len(rest)} more files of this name unchecked", "they are known by name only")
        found += [self._candidate(hit.repo, hit.path) for hit in rest[: MOST_TOLD - MOST_CONFIRMED]]
        found += [self._candidate(hit.repo, hit.path) for hit in self._near(places, query.name, hits)]
        if silent:
            raise Partly(silent[0], found)
        return found

    # ---- looking for a name ---------------------------------------------------------------------------------

    def _suggested(self, asker: Asker, name: str, silent: list[NoAnswer]) -> list[Names]:
        """The files of repositories that this name suggests. A query that found it proves no other wrong, so all are asked,
        the widest first: where its answer was whole, narrower ones can add nothing."""
        own, whole = names.base(name).lower(), bool(names.suffix(name))

        def counted(paths: Iterable[str]) -> int:
            return sum((names.base(path) if whole else names.stem(path)).lower() == own for path in paths)

        places = []
        whole_answers: list[str] = []
        for text in sorted(names.repository_queries(name), key=len) if names.sendable(name) else ():
            if any(one in text.lower() for one in whole_answers):
                continue
            cursor, pages = "", MOST_PAGES if re.search(r"[-_ ]", text) else 1
            for page in range(pages):
                try:
                    listing = self._api.search(asker, text, counted, cursor)
                except NoAnswer as error:
                    _unless_cancelled(error, silent)
                    break
                places.append(self._names(f"{text} {page}", listing.when, listing.repos))
                cursor = listing.cursor
                if not cursor:
                    whole_answers.append(text.lower())
                    break
        return places

    def _names(self, text: str, when: float, repos: tuple[Repo, ...]) -> Names:
        """A listing by names. Many missing files ask the same: it is kept while it is the same."""
        with self._lock:
            known = self._searched.get(text)
            if known and known[0] == when:
                self._searched.move_to_end(text)
                return known[1]
        made = Names(repos)
        if sum(len(repo.paths) for repo in repos) <= _FILES_KEPT:
            with self._lock:
                self._searched[text] = when, made
                while len(self._searched) > _SEARCHES_KEPT:
                    self._searched.popitem(last=False)
        return made

    def _rank(self, hit: Hit, query: Query) -> tuple[bool, int, int, str, str]:
        folder, family = names.folder_of(hit.path, hit.repo.id), _family(hit.repo, hit.path)
        fits = (folder in query.folders) + (names.fits_family(query.family, family) is True)
        return not self._index.is_curated(hit.repo.id), -fits, -(hit.repo.downloads or 0), hit.repo.id, hit.path

    def _near(self, places: list[Names], name: str, exact: list[Hit]) -> list[Hit]:
        best: dict[str, tuple[float, Hit]] = {}
        for own in {hit.base.lower() for hit in exact}:
            best[own] = (-1.0, exact[0])
        for place in places:
            for hit in place.near(name, 40):
                likeness = names.likeness(name, hit.base)
                liking = likeness + (0.05 if self._index.is_curated(hit.repo.id) else 0.0)
                known = best.get(hit.base.lower())
                if likeness >= _LEAST_LIKE and (known is None or 0 <= known[0] < liking):
                    best[hit.base.lower()] = liking, hit
        ordered = sorted((pair for pair in best.values() if pair[0] >= 0), key=lambda pair: (-pair[0], pair[1].repo.id))
        return [hit for _liking, hit in ordered[:MOST_NEAR]]

    # ---- confirming -----------------------------------------------------------------------------------------

    def _confirm(self, asker: Asker, hits: list[Hit], silent: list[NoAnswer]) -> list[Candidate]:
        """One question per repository. What is not answered for stays an unconfirmed candidate."""
        by_repo: dict[str, list[Hit]] = {}
        for hit in hits:
            by_repo.setdefault(hit.repo.id, []).append(hit)
        found = []
        for some in by_repo.values():
            repo = some[0].repo
            try:
                found += self._confirmed(asker, repo, [hit.path for hit in some], MAIN)
            except NoAnswer as error:
                _unless_cancelled(error, silent)
                found += [self._candidate(repo, hit.path) for hit in some]
        return found

    def _confirmed(self, asker: Asker, repo: Repo, paths: list[str], revision: str) -> list[Candidate]:
        """The files at these paths: at the commit that was listed, and where it is not there, at the revision as of now."""
        found: list[Candidate] = []
        missing = list(paths)
        for at in dict.fromkeys((repo.sha or revision, revision)):
            seen = self._api.seen(asker, repo.id, at, missing) if missing else None
            if seen is not None and seen.closed:
                return found + [self._candidate(repo, path, revision, seen) for path in missing]
            files = seen.files if seen else {}
            found += [self._candidate(repo, path, revision, seen, files[path]) for path in missing if path in files]
            missing = [path for path in missing if path not in files]
        return found

    def _candidate(
        self, repo: Repo, path: str, revision: str = MAIN, seen: Seen | None = None, file: File | None = None
    ) -> Candidate:
        """`file`: as it was seen; without it, the listing's word is all there is."""
        at = seen.revision if seen else repo.sha or revision
        place = f"{self._api.base}/{repo.id}"
        closed = bool(repo.gated) or (seen is not None and seen.closed) or (file is not None and file.masked)
        gate = TAKEN_DOWN if repo.disabled else GATED if closed else ""
        return Candidate(
            id=f"{NAME}:{repo.id}@{path}",
            source=NAME,
            file=path.rpartition("/")[2],
            url=f"{place}/resolve/{quote(at, safe='')}/{quote(path)}",
            page=f"{place}/blob/{quote(revision, safe='')}/{quote(path)}",
            repo=repo.id,
            path=path,
            revision=at,
            author=repo.owner,
            size=file.size if file else None,
            sha256=file.sha256 if file else None,
            folder=names.folder_of(path, repo.id),
            base_model=repo.base_model,
            family=_family(repo, path),
            format=names.format_of(path),
            licence=repo.licence,
            gate=gate,
            gate_text=_DISABLED if repo.disabled else _GATE_TEXTS[repo.gated == GATE_AUTO] if closed else "",
            flags=(*(("nsfw",) if repo.adult else ()), *(file.flags if file else ())),
            downloads=repo.downloads,
            confirmed=file is not None or (seen is not None and seen.closed and path in repo.paths),
            asked=seen.when if seen else repo.when,
        )


def _family(repo: Repo, path: str) -> str:
    return names.family_of(path) or names.family_of(repo.id) or names.family_of(repo.base_model)


def _merged(hits: Iterable[Hit]) -> list[Hit]:
    """Each file once, as the newest listing has it."""
    found: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        known = found.get((hit.repo.id, hit.path))
        if known is None or hit.repo.when > known.repo.when:
            found[hit.repo.id, hit.path] = hit
    return list(found.values())


def _unless_cancelled(error: NoAnswer, silent: list[NoAnswer]) -> None:
    if error.code == "cancelled":
        raise error
    silent.append(error)
