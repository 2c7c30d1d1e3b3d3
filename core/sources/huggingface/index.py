"""The files of authors who publish for ComfyUI, by name: Hugging Face itself cannot be asked for a file's name.

The authors' repositories are listed once in two days (`knowledge/authors.json`); each page is one question of the
answer cache. What is looked up by name is kept in memory, once per process.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...http import NoAnswer
from ...knowledge import document
from .. import names
from ..asking import DAY, HOUR, Asker
from ..types import Step
from .api import NAME, Api
from .shapes import Repo

KEPT = 2 * DAY
MOST_FILES = 200_000
_PAGES = 2
_COMMON = 4_000  # a word that more files share tells nothing
_ONE_ANSWER = {"too_large", "not_json", "bad_json", "unexpected_shape", "unexpected_status"}  # wrong with one page only
_IN_A_ROW = 3  # such answers, before no more are asked
_RETRY = 60.0  # seconds until an author who was not answered for is asked again


class Hit(NamedTuple):
    """One file of one repository, by its path."""

    repo: Repo
    path: str

    @property
    def base(self) -> str:
        return self.path.rpartition("/")[2]


class Names:
    """Files by name. Filled once, then only read."""

    def __init__(self, repos: Iterable[Repo]) -> None:
        self.repos: dict[str, Repo] = {}
        self._hits: dict[str, list[Hit]] = {}  # lower-case base name →
        self._stems: dict[str, list[str]] = {}  # lower-case stem → base names
        self._words: dict[str, list[str]] = {}  # word → base names
        for repo in repos:
            self._add(repo)

    def exact(self, name: str) -> list[Hit]:
        """Files of this name, in any case; for a name without suffix, those with this stem."""
        own = names.base(name).lower()
        bases = [own] if names.suffix(own) else self._stems.get(own, [])
        return [hit for base in bases for hit in self._hits.get(base, [])]

    def near(self, name: str, most: int) -> list[Hit]:
        """One file of each of the base names that share most words with this one, at most so many."""
        shared: Counter[str] = Counter()
        for word in dict.fromkeys(names.words(names.stem(name))):  # in order, so that ties end alike in every process
            bases = self._words.get(word, [])
            if len(bases) <= _COMMON:
                shared.update(bases)
        return [self._hits[base][0] for base, _count in shared.most_common(most)]

    def _add(self, repo: Repo) -> None:
        if repo.id.lower() in self.repos:
            return
        self.repos[repo.id.lower()] = repo
        for path in repo.paths:
            own = path.rpartition("/")[2].lower()
            hits = self._hits.setdefault(own, [])
            if not hits:
                self._stems.setdefault(names.stem(own), []).append(own)
                for word in set(names.words(names.stem(path))):
                    self._words.setdefault(word, []).append(own)
            hits.append(Hit(repo, path))


class _State(NamedTuple):
    found: Names
    authors: int
    when: float  # of the oldest page
    missing: NoAnswer | None  # why some author's files are not among them
    until: float  # when it has to be looked at again


class Index:
    """The curated authors' files. Safe to use from several threads: one lists, the others wait."""

    def __init__(self, api: Api, authors: Sequence[Mapping[str, Any]] | None = None) -> None:
        self._api = api
        self._authors = document("authors")["authors"] if authors is None else authors
        self._owners = frozenset(entry["name"].lower() for entry in self._authors)
        self._lock = threading.Lock()
        self._state: _State | None = None

    def names(self, asker: Asker, name: str) -> tuple[Names, NoAnswer | None]:
        """The files by name, and why some are not among them where that is so. Notes one step for this name."""
        with self._lock:
            if self._state is None or asker.answers.now() >= self._state.until:
                self._state = self._listed(asker)
            state = self._state
        hits = len(state.found.exact(name))
        outcome = f"{hits} file{'' if hits == 1 else 's'} of this name" if hits else "nothing"
        age = max(0.0, asker.answers.now() - state.when) or None
        asker.steps.append(
            Step(NAME, f"Looked through the files of {state.authors} authors who publish for ComfyUI", outcome, age)
        )
        if state.missing is not None:
            did = "Asked for the repositories of more authors who publish for ComfyUI"
            asker.steps.append(Step(NAME, did, f"no answer: {state.missing.message}", None, True))
        return state.found, state.missing

    def is_curated(self, repo: str) -> bool:
        """Whether the repository's owner is one of the authors."""
        return repo.partition("/")[0].lower() in self._owners

    def _listed(self, asker: Asker) -> _State:
        """All pages, from the answer cache where they are there. Its many steps are told as one."""
        own = Asker(asker.http, asker.answers)
        repos: list[Repo] = []
        count, files, missing, in_a_row = 0, 0, None, 0
        for entry in self._authors:
            try:
                for repo in self._of(own, entry):
                    files += len(repo.paths)
                    if files <= MOST_FILES:
                        repos.append(repo)
                count, in_a_row = count + 1, 0
            except NoAnswer as error:
                if error.code == "cancelled":
                    raise
                missing, in_a_row = error, in_a_row + 1
                if error.code not in _ONE_ANSWER or in_a_row == _IN_A_ROW:  # the next one will not be answered either
                    break
        now = asker.answers.now()
        oldest = min((repo.when for repo in repos), default=now)
        until = (
            max(oldest + KEPT, now + HOUR)
            if missing is None
            else max(now + _RETRY, min(missing.until or 0.0, now + KEPT))
        )
        return _State(Names(repos), count, oldest, missing, until)

    def _of(self, asker: Asker, entry: Mapping[str, Any]) -> Iterator[Repo]:
        for repo in entry.get("repos", ()):
            found = self._api.about(asker, repo, ttl=KEPT)
            if found is not None:
                yield found
        if "repos" in entry:
            return
        for text in entry.get("search", ("",)):
            cursor = ""
            for _ in range(entry.get("pages", _PAGES)):
                page = self._api.by_author(asker, entry["name"], text, cursor, KEPT)
                yield from page.repos
                if not (cursor := page.cursor):
                    break
