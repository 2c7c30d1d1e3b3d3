"""The questions to Hugging Face's API and how they are asked. Facts: services.md, section 3."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from ...http import Answer, NoAnswer
from ..asking import DAY, Asker, unexpected_shape
from . import shapes
from .shapes import File, Json, Repo

NAME = "huggingface"
MAIN = "main"
_CAP = 32 << 20  # bytes: fifty repositories with all names of their files
_TREE_PAGES = 6
_STATUSES = (200, 401, 403, 404)
_REFUSED = (400, 405, 413, 422)  # a mirror that does not know how to be asked for single paths
_EXPAND = tuple(("expand[]", one) for one in ("siblings", "sha", "gated", "disabled", "downloads", "tags", "cardData"))
_POPULAR = (("sort", "downloads"), ("direction", "-1"))
_BAD_TOKEN = "invalid credentials"
_CLOSED: Json = {"closed": True, "files": []}


class Seen(NamedTuple):
    """Files as they are at one revision. `closed`: the repository is there, but says nothing of its files to us."""

    revision: str
    files: dict[str, File]
    closed: bool
    when: float  # seconds since the epoch


class Listing(NamedTuple):
    """Repositories of one page, and where the next one begins ("" where there is none)."""

    repos: tuple[Repo, ...]
    cursor: str
    when: float


class Api:
    """The questions to one Hub, or to a mirror of it. Each raises NoAnswer when it is not answered."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")

    def search(self, asker: Asker, text: str, counted: Callable[[Iterable[str]], int], cursor: str = "") -> Listing:
        """A hundred repositories with this text in their name, the most downloaded ones, or those from `cursor` on.

        `counted`: how many paths are sought ones.
        """

        def told(value: Any) -> str:
            hits = counted(path for repo in value["repos"] for path in repo["paths"])
            files = f", {_count(hits, 'file')} of this name" if hits else ", no file of this name"
            return _count(len(value["repos"]), "repository") + files if value["repos"] else "nothing"

        onward = (("cursor", cursor),) if cursor else ()
        question = f"search {text.lower()}" + (f" from {cursor}" if cursor else "")
        did = f"Asked for {'more ' if cursor else ''}repositories named “{text}”"
        return self._listing(asker, question, did, (("search", text), *_POPULAR, *onward), (100, 20), told, DAY)

    def by_author(self, asker: Asker, author: str, text: str, cursor: str, ttl: float) -> Listing:
        """A page of an author's repositories, most downloaded first; with `text`, only those that have it in their name."""
        narrowed = (("search", text),) if text else ()
        onward = (("cursor", cursor),) if cursor else ()
        question = f"author {author} {text}".rstrip() + (f" from {cursor}" if cursor else "")

        def told(value: Any) -> str:
            return _count(len(value["repos"]), "repository")

        did = f"Asked for the repositories of {author}"
        asked = (("author", author), *narrowed, *_POPULAR, *onward)
        return self._listing(asker, question, did, asked, (100, 20), told, ttl)

    def about(self, asker: Asker, repo: str, revision: str = MAIN, ttl: float = DAY) -> Repo | None:
        """One repository at one revision, under the name it has today; None when there is none, or none for us."""

        def fetch() -> Json | None:
            rest = "" if revision == MAIN else f"/revision/{quote(revision, safe='')}"
            answer = self._get(asker, f"/api/models/{repo}{rest}", _EXPAND)
            state = _state(answer)
            if state in ("closed", "disabled"):  # known by name only
                return {"id": repo, "gated": shapes.GATE_MANUAL, "disabled": state == "disabled", "paths": []}
            found = None if state else shapes.reduced(answer.body)
            if not state and found is None:
                raise ValueError("no repository")
            return found

        heard = asker.ask(NAME, f"model {repo}@{revision}", f"Asked for the repository {repo}", fetch, ttl=ttl)
        if heard.value is None:
            return None
        kept = shapes.read_repo(heard.value, heard.when)
        if kept is None:
            raise unexpected_shape()
        return kept

    def seen(self, asker: Asker, repo: str, revision: str, paths: Sequence[str]) -> Seen | None:
        """What these paths are at that revision, those that exist; None when repository or revision does not."""
        wanted = sorted(set(paths))

        def fetch() -> Json | None:
            address = f"{self.base}/api/models/{repo}/paths-info/{quote(revision, safe='')}"
            asked = {"paths": wanted, "expand": True}
            answer = self._ours(asker.http.json(address, post=asked, accept=(*_STATUSES, *_REFUSED), cap=_CAP))
            if answer.status in _REFUSED:
                return self._tree(asker, repo, revision, frozenset(wanted))
            state = _state(answer)
            if state:
                return None if state == "absent" else _CLOSED
            return {"closed": False, "files": shapes.files(answer.body, frozenset(wanted))}

        what = f"{len(wanted)} files" if len(wanted) > 1 else wanted[0].rpartition("/")[2]
        question = "\n".join((f"paths {repo}@{revision}", *wanted))
        return self._seen(asker, question, f"Asked for size and hash of {what} in {repo}", revision, fetch)

    def tree(self, asker: Asker, repo: str, revision: str) -> Seen | None:
        """All model files at that revision; None when repository or revision does not exist."""

        def fetch() -> Json | None:
            return self._tree(asker, repo, revision, None)

        return self._seen(asker, f"tree {repo}@{revision}", f"Asked for the files of {repo}", revision, fetch)

    def _listing(
        self,
        asker: Asker,
        question: str,
        did: str,
        asked: tuple[tuple[str, str], ...],
        sizes: tuple[int, int],
        told: Callable[[Any], str],
        ttl: float,
    ) -> Listing:
        def page(size: int) -> Json:
            answer = self._get(asker, "/api/models", (*asked, ("limit", str(size)), *_EXPAND), accept=(200, 404))
            if answer.status == 404:  # an author that is gone
                return {"repos": [], "cursor": ""}
            return {"repos": shapes.repos(answer.body), "cursor": shapes.cursor(answer.headers)}

        def fetch() -> Json:
            try:
                return page(sizes[0])
            except NoAnswer as error:  # repositories with very many files: fewer of them at once
                if error.code != "too_large":
                    raise
            return page(sizes[1])

        heard = asker.ask(NAME, question, did, fetch, ttl=ttl, absent_ttl=ttl, found=told)
        if not isinstance(heard.value, dict):
            raise unexpected_shape()
        repos = (shapes.read_repo(one, heard.when) for one in shapes.many(heard.value.get("repos")))
        cursor = heard.value.get("cursor")
        return Listing(tuple(one for one in repos if one), cursor if isinstance(cursor, str) else "", heard.when)

    def _seen(
        self, asker: Asker, question: str, did: str, revision: str, fetch: Callable[[], Json | None]
    ) -> Seen | None:
        def told(value: Any) -> str:
            return "told only to those who have access" if value["closed"] else _count(len(value["files"]), "file")

        heard = asker.ask(NAME, question, did, fetch, found=told)
        if heard.value is None:
            return None
        files = (shapes.read_file(one) for one in shapes.many(heard.value.get("files")))
        return Seen(revision, {one.path: one for one in files if one}, bool(heard.value.get("closed")), heard.when)

    def _tree(self, asker: Asker, repo: str, revision: str, wanted: frozenset[str] | None) -> Json | None:
        """The files at these paths, or all model files, from the listing of the whole repository."""
        files: dict[str, Json] = {}
        cursor = ""
        for _ in range(_TREE_PAGES):
            params = [("recursive", "true"), *([("cursor", cursor)] if cursor else [])]
            answer = self._get(asker, f"/api/models/{repo}/tree/{quote(revision, safe='')}", params)
            state = _state(answer)
            if state:
                return None if state == "absent" else _CLOSED
            files.update((one["path"], one) for one in shapes.files(answer.body, wanted))
            cursor = shapes.cursor(answer.headers)
            if not cursor or (wanted is not None and wanted <= files.keys()) or len(files) >= shapes.MOST_PATHS:
                break
        return {"closed": False, "files": list(files.values())}

    def _get(
        self, asker: Asker, path: str, params: Iterable[tuple[str, str]], *, accept: Collection[int] = _STATUSES
    ) -> Answer:
        return self._ours(asker.http.json(f"{self.base}{path}?{urlencode(list(params))}", accept=accept, cap=_CAP))

    def _ours(self, answer: Answer) -> Answer:
        """A repository that was renamed is followed; to another host nothing is."""
        if urlsplit(answer.url).netloc.lower() != urlsplit(self.base).netloc.lower():
            raise ValueError("another host answered")
        return answer


def _state(answer: Answer) -> str:
    """Empty when it was answered, else "absent", "closed" (there, but gated) or "disabled". Raises NoAnswer for a bad token.

    The Hub answers 401 for a repository that does not exist, since it might be a private one.
    """
    if answer.status in (200, 404):
        return "absent" if answer.status == 404 else ""
    code, said = answer.headers.get("x-error-code", ""), answer.headers.get("x-error-message", "")
    if isinstance(answer.body, dict):
        said += f" {answer.body.get('error')}"
    if code == "GatedRepo":
        return "closed"
    if "disabled" in said.lower():
        return "disabled"
    if _BAD_TOKEN in said.lower():
        hint = "Put a valid Hugging Face token into the settings, or remove it."
        raise NoAnswer("key_refused", "it refused the token", hint, status=answer.status)
    if answer.status == 401 or code == "RepoNotFound":
        return "absent"
    raise NoAnswer("unexpected_status", f"it answered with status {answer.status}", status=answer.status)


def _count(number: int, word: str) -> str:
    many = word[:-1] + "ies" if word.endswith("y") else word + "s"
    return f"{number} {word if number == 1 else many}"
