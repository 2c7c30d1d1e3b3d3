"""ModelScope: repositories by the words of a name, then their files, with size and SHA-256.

Its search knows repositories, never files or hashes. Errors come with status 200: `Code` and `Success` tell. A repository
that mirrors one of Hugging Face has the same paths and hashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from ..http import NoAnswer
from . import links, names
from .asking import DAY, Asker, Partly, unexpected_shape
from .types import GATED, Candidate, Json, Query

MASTER = "master"
PAGES, PAGE = 2, 50  # of a search; the service stops at page × size = 3000
MOST_REPOS = 5  # whose files are looked at, for one name
MOST_FILES = 3_000  # of one repository that are kept
MOST_NEAR, LEAST_LIKENESS = 8, 0.4
MOST_OF_REPO = 50  # files that a link to a whole repository may mean
MOST_BYTES = 1 << 44
NO_SUCH_MODEL = (10010101, 404)  # `Code`
_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.A)
_REVISION = re.compile(r"[\w./-]{1,100}", re.A)


class _Repo(NamedTuple):
    id: str
    gated: bool = False
    downloads: int | None = None
    licence: str = ""


class ModelScope:
    """Files at ModelScope, or a mirror of it at `base`."""

    name = "modelscope"

    def __init__(self, base: str = "https://modelscope.cn") -> None:
        self.base = base.rstrip("/")
        self._mirrors = {urlsplit(self.base).netloc.lower(): links.MODELSCOPE}

    def by_hash(self, asker: Asker, sha256: str) -> list[Candidate]:
        """Always []: it cannot be asked that way."""
        return []

    def by_link(self, asker: Asker, url: str) -> list[Candidate]:
        """The file at this address; for a repository's own page its model files."""
        link = links.read_link(url, self._mirrors)
        if link is None or link.service != links.MODELSCOPE or not _REPO.fullmatch(link.repo):
            return []
        revision = link.revision or MASTER
        if not _REVISION.fullmatch(revision):
            return []
        found = self._files(asker, _Repo(link.repo), revision)
        if link.path:
            return [one for one in found if one.path == link.path]
        return found[:MOST_OF_REPO]

    def by_name(self, asker: Asker, query: Query) -> list[Candidate]:
        """Files of this name in the repositories that its words lead to, and some of near names."""
        wanted = names.base(query.name)
        if not names.sendable(query.name):
            asker.note(self.name, "Searched for nothing", "this is no name of a file")
            return []
        every: list[Candidate] = []
        for repo in self._repos(asker, wanted):
            try:
                every += self._files(asker, repo, MASTER)
            except NoAnswer as error:
                raise Partly(error, _chosen(query, wanted, every)) from None
        return _chosen(query, wanted, every)

    # ---- repositories ------------------------------------------------------------------------------------------

    def _repos(self, asker: Asker, wanted: str) -> list[_Repo]:
        """The repositories whose names are most like the file's, of all searches. A looser search only where few are found."""
        found: dict[str, _Repo] = {}
        for text in names.repository_queries(wanted):
            found.update((one.id, one) for one in self._searched(asker, text) if one.id not in found)
            if len(found) >= MOST_REPOS:
                break
        own = set(names.words(names.stem(wanted)))

        def rank(one: _Repo) -> tuple[float, int]:
            words = set(names.words(one.id.partition("/")[2]))
            return -len(own & words) / max(1, len(words | own)), -(one.downloads or 0)

        return sorted(found.values(), key=rank)[:MOST_REPOS]

    def _searched(self, asker: Asker, text: str) -> list[_Repo]:
        did = f"Searched for repositories named “{text}”"
        heard = asker.ask(self.name, f"search {text}", did, lambda: self._pages(asker, text), found=_repositories)
        return [_Repo(*one) for one in heard.value or () if _is_repo(one)]

    def _pages(self, asker: Asker, text: str) -> list[list[Any]] | None:
        found: dict[str, list[Any]] = {}
        for page in range(1, PAGES + 1):
            asker.check()
            asked = {"search": text, "page_number": page, "page_size": PAGE}
            body = asker.http.json(f"{self.base}/openapi/v1/models", params=asked).body
            if body.get("success", True) is not True:
                raise ValueError("it did not succeed")
            data = body["data"]
            listed = data["models"] or []
            kept = [one for model in listed[: 2 * PAGE] if (one := _repo(model)) is not None]
            if listed and not kept:
                raise ValueError("none of them is a repository")
            found.update((one[0], one) for one in kept)
            total = data.get("total_count")
            if not isinstance(total, int) or page * PAGE >= total or not listed:
                break
        return list(found.values()) or None

    # ---- files -------------------------------------------------------------------------------------------------

    def _files(self, asker: Asker, repo: _Repo, revision: str) -> list[Candidate]:
        path = f"{self.base}/api/v1/models/{repo.id}/repo/files"

        def fetch() -> list[list[Any]] | None:
            answer = asker.http.json(path, params={"Revision": revision, "Recursive": "true"}, accept=(200, 404))
            return _listing(answer.status, answer.body)

        did = f"Asked for the files of {repo.id}"
        heard = asker.ask(
            self.name, f"files {repo.id}@{revision}", did, fetch, ttl=DAY, absent_ttl=DAY, found=_model_files
        )
        found = []
        for one in heard.value or ():
            if not _is_file(one):
                raise unexpected_shape()  # kept in another form
            found.append(self._candidate(repo, revision, one, heard.when))
        return found

    def _candidate(self, repo: _Repo, revision: str, file: list[Any], now: float) -> Candidate:
        path, size, sha256 = file
        gate = (GATED, "Its author wants to be asked on the model's page first") if repo.gated else ("", "")
        return Candidate(
            id=f"modelscope:{repo.id}@{path}",
            source=self.name,
            file=names.base(path),
            url=f"{self.base}/models/{repo.id}/resolve/{quote(revision, safe='')}/{quote(path)}",
            page=f"https://modelscope.cn/models/{repo.id}",
            repo=repo.id,
            path=path,
            revision=revision,
            author=repo.id.partition("/")[0],
            size=size,
            sha256=sha256,
            folder=names.folder_of(path, repo.id),
            family=names.family_of(path) or names.family_of(repo.id),
            format=names.format_of(path),
            licence=repo.licence,
            gate=gate[0],
            gate_text=gate[1],
            downloads=repo.downloads,
            confirmed=True,
            asked=now,
        )


# ---- what is kept of an answer: plain lists, small ----------------------------------------------------------------


def _repo(body: Any) -> list[Any] | None:
    """[id, gated, downloads, licence] of one repository in a search; None for what is none, or private."""
    number = body.get("id") if isinstance(body, dict) else None
    if not isinstance(number, str) or not _REPO.fullmatch(number) or body.get("private") is True:
        return None
    downloads, tags = body.get("downloads"), body.get("tags")
    told = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    licence = next((tag[8:60] for tag in told if tag.startswith("license:") and tag.isprintable()), "")
    gated = body.get("gated") not in (None, False, "false", "")
    return [number, gated, downloads if _is_count(downloads) else None, licence]


def _listing(status: int, body: Any) -> list[list[Any]] | None:
    """[path, size, sha256] of each model file; None where there is no such repository. An error may have status 200."""
    code = body.get("Code") if isinstance(body, dict) else None
    if code in NO_SUCH_MODEL:
        return None
    if status == 404:
        raise NoAnswer("unexpected_status", "it knows no such address (status 404)", status=404)
    if code != 200 or body.get("Success") is not True:
        raise NoAnswer("server_error", "it reported an error of its own", "Try again later.")
    listed = body["Data"]["Files"] or []
    named = [one for one in listed if isinstance(one, dict) and isinstance(one.get("Path"), str)]
    if listed and not named:
        raise ValueError("none of them is a file")
    return [file for one in named if (file := _file(one)) is not None][:MOST_FILES]


def _file(body: Json) -> list[Any] | None:
    path, size, sha256 = body["Path"], body.get("Size"), body.get("Sha256")
    if body.get("Type", "blob") != "blob" or not _is_path(path):
        return None
    told = sha256.lower() if isinstance(sha256, str) and re.fullmatch("[0-9a-fA-F]{64}", sha256) else None
    return [path, size if _is_count(size) and size else None, told]


def _is_path(path: Any) -> bool:
    """Whether this is the path of a model file that stays inside its repository."""
    parts = path.split("/") if isinstance(path, str) else [""]
    fits = len(path) <= 500 and path.isprintable() and "\\" not in path if isinstance(path, str) else False
    return fits and not {"", ".", ".."} & set(parts) and bool(names.suffix(path) and names.stem(path).strip())


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_BYTES


def _is_repo(kept: Any) -> bool:
    return isinstance(kept, list) and len(kept) == 4 and isinstance(kept[0], str) and bool(_REPO.fullmatch(kept[0]))


def _is_file(kept: Any) -> bool:
    return isinstance(kept, list) and len(kept) == 3 and _is_path(kept[0])


def _named(wanted: str, found: str) -> bool:
    if wanted.lower() == found.lower():
        return True
    return not names.suffix(wanted) and wanted.lower() == names.stem(found).lower()


def _chosen(query: Query, wanted: str, every: Sequence[Candidate]) -> list[Candidate]:
    """The files of that name, then those of the likest names that may lie in the same folder."""
    near = []
    for one in every:
        if not _named(wanted, one.file) and (not query.folders or not one.folder or one.folder in query.folders):
            near.append((names.likeness(wanted, one.file), one))
    near.sort(key=lambda pair: -pair[0])
    close = [one for likeness, one in near[:MOST_NEAR] if likeness >= LEAST_LIKENESS]
    return [one for one in every if _named(wanted, one.file)] + close


def _repositories(value: Iterable[Any]) -> str:
    return _number(len(list(value)), "repository", "repositories")


def _model_files(value: Iterable[Any]) -> str:
    return _number(len(list(value)), "model file", "model files")


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
