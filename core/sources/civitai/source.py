"""The questions to Civitai. Both of its domains have the same API; civitai.com has only what is fit for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ...http import NoAnswer
from ...knowledge import document
from .. import links, names
from ..asking import DAY, Asker, Partly, unexpected_shape
from ..types import EARLY, Candidate, Json, Query
from . import reading
from .candidates import candidates, distinct, gated, named, without_file

PAGES, PAGE = 3, 50  # of a search. A page may be empty though more follow: the filters come after the index
MOST_EXACT, MOST_NEAR, LEAST_LIKENESS = 20, 8, 0.4
_CHECKED = 2  # candidates of one answer for which is asked what stands before a download
_CAP = 16 << 20  # bytes: models come with all their pictures
_WEEK = 7 * DAY
_OTHER_WAY = {"timeout", "unreachable", "not_json"}  # a limit or an error of the service holds for both domains
Pairs = list[list[Any]]  # as it is kept: [[reduced model, which domain has it], …]


class _Found(NamedTuple):
    """A reduced model, the domain that has it, and when that said so."""

    model: Json
    base: str
    when: float

    def only(self, version: Json) -> _Found:
        """The same with one version."""
        return self._replace(model={**self.model, "versions": [version]})

    def version(self, number: str) -> Json | None:
        """The version of that id."""
        return next((one for one in self.model["versions"] if str(one["id"]) == number), None)


class Civitai:
    """Files at Civitai. `base` is asked first, `other` where that one has no such thing."""

    name = "civitai"

    def __init__(self, base: str = "https://civitai.red", other: str = "https://civitai.com") -> None:
        self.bases = tuple(dict.fromkeys((base.rstrip("/"), other.rstrip("/"))))
        self._mirrors = {urlsplit(one).netloc.lower(): links.CIVITAI for one in self.bases}

    # ---- by hash ----------------------------------------------------------------------------------------------

    def by_hash(self, asker: Asker, sha256: str) -> list[Candidate]:
        """The files with this SHA-256. A version is found by the hash of any of its files: only the right ones count."""
        wanted = reading.sha256_of(sha256)
        if wanted is None:
            return []
        did = f"Asked for the file with the hash {wanted[:12]}…"
        every = self._ask(asker, f"hash {wanted}", did, lambda: self._with_hash(asker, wanted), _WEEK)
        found: list[Candidate] = []
        for one in every:
            for version in one.model["versions"]:
                whole = self._completed(asker, one.only(version))
                found += candidates(whole.model, whole.base, whole.when, lambda file: file["sha256"] == wanted)
        return self._checked(asker, distinct(found))

    def _with_hash(self, asker: Asker, sha256: str) -> Pairs | None:
        """The index of hashes first. It lacks some that a search for the hash still finds."""
        silent: NoAnswer | None = None
        path = f"/api/v1/model-versions/by-hash/{sha256}"
        ways: tuple[Callable[[], Pairs | None], ...] = (
            lambda: self._one(asker, path, reading.version_of),
            lambda: [[model, 0] for model in self._pages(asker, sha256, ())],
        )
        for way in ways:
            try:
                found = [[kept, at] for model, at in way() or () if (kept := _holding(model, sha256))]
            except NoAnswer as error:
                silent = silent or error
                continue
            if found:
                return found[:_CHECKED]
        if silent:
            raise silent
        return None

    # ---- by link ----------------------------------------------------------------------------------------------

    def by_link(self, asker: Asker, url: str) -> list[Candidate]:
        """The file of an address or AIR name, or all files of its version; for a model's page those of the newest one,
        for a picture's those that it was made with."""
        link = links.read_link(url, self._mirrors)
        if link is None or link.service != links.CIVITAI:
            return []
        ids = (link.model, link.version, link.file, link.image)
        if any(number and reading.whole(number) is None for number in ids):
            return []  # no id has so many digits
        if link.image:
            return self._of_picture(asker, link.image)
        one = self._of_version(asker, link) if link.version else self._newest(asker, link.model)
        if one is None:
            return []
        found = candidates(one.model, one.base, one.when, lambda file: link.file in ("", str(file["id"])))
        if not found:
            held = without_file(one.model, one.model["versions"][0], link.file, one.base, one.when)
            return [held] if held else []
        return self._checked(asker, found)

    def _of_picture(self, asker: Asker, image: str) -> list[Candidate]:
        """The files of all versions that Civitai names for a picture. Of the picture only these ids are kept."""

        def fetch() -> list[int] | None:
            # without `nsfw` a picture that is not for everybody does not exist; other pictures may be answered as well
            params = {"imageId": image, "nsfw": "X", "withMeta": "false"}
            body = asker.http.json(f"{self.bases[0]}/api/v1/images", params=params, cap=_CAP).body
            return next((reading.resources_of(one) for one in body["items"] if str(one["id"]) == image), None)

        heard = asker.ask(
            self.name, f"image {image}", f"Asked what picture {image} was made with", fetch, found=_versions
        )
        if not isinstance(heard.value or [], list) or not all(isinstance(one, int) for one in heard.value or ()):
            raise unexpected_shape()
        found: list[Candidate] = []
        for version in (heard.value or [])[:MOST_NEAR]:
            one = self._of_version(asker, links.Link(links.CIVITAI, version=str(version)))
            found += candidates(one.model, one.base, one.when, lambda _file: True) if one else []
        return self._checked(asker, distinct(found))

    def _of_version(self, asker: Asker, link: links.Link) -> _Found | None:
        """The version's own answer; where that fails, as it does at times, the model's."""
        silent: NoAnswer | None = None
        path = f"/api/v1/model-versions/{link.version}"
        try:
            did = f"Asked for version {link.version}"
            own = self._first(asker, f"version {link.version}", did, path, reading.version_of)
        except NoAnswer as error:
            own, silent = None, error
        if own:
            return self._completed(asker, own)
        whole = self._model(asker, link.model) if link.model else None
        version = whole.version(link.version) if whole else None
        if whole and version:
            return whole.only(version)
        if silent:
            raise silent
        return None

    def _newest(self, asker: Asker, model: str) -> _Found | None:
        whole = self._model(asker, model)
        published = [version for version in whole.model["versions"] if not version["draft"]] if whole else []
        if not whole or not published:
            return None
        version = max(published, key=lambda one: float(one["published"]))  # the first of them where no dates are told
        asker.note(self.name, "The address names no version", f"took the newest one, “{version['name']}”")
        return whole.only(version)

    def _model(self, asker: Asker, model: str) -> _Found | None:
        path = f"/api/v1/models/{model}"
        return self._first(asker, f"model {model}", f"Asked for model {model}", path, reading.model_of)

    def _completed(self, asker: Asker, own: _Found) -> _Found:
        """A version with what only the model's answer tells: author, licence, whether it is archived."""
        version = own.model["versions"][0]
        try:
            whole = self._model(asker, str(own.model["id"]))
        except NoAnswer:
            return own  # the version itself is known; the rest stays open
        fuller = whole.version(str(version["id"])) if whole else None
        if not whole or not fuller:
            return own
        told = {key: value for key, value in version.items() if value is False or value not in ("", None, 0, [])}
        flags = list(dict.fromkeys((*whole.model["flags"], *own.model["flags"])))
        model = {**whole.model, "flags": flags, "mode": whole.model["mode"] or own.model["mode"]}
        return own._replace(model={**model, "versions": [{**fuller, **told}]})

    # ---- by name ----------------------------------------------------------------------------------------------

    def by_name(self, asker: Asker, query: Query) -> list[Candidate]:
        """Files that arrive under this name, and some of near names. Models are searched by the words of the name, with all
        of its texts: what one of them finds proves no other file wrong."""
        wanted = names.base(query.name)
        if not names.sendable(query.name):
            asker.note(self.name, "Searched for nothing", "this is no name of a file")
            return []
        exact: list[Candidate] = []
        near: list[Candidate] = []
        for text in names.model_queries(wanted):
            try:
                every = self._searched(asker, text, _types(query.folders), wanted)
            except NoAnswer as error:
                raise Partly(error, [*distinct(exact)[:MOST_EXACT], *_nearest(wanted, near)]) from None
            exact += [one for one in every if named(wanted, one.file)]
            near += [one for one in every if not named(wanted, one.file) and _fits(query, one)]
        return self._checked(asker, distinct(exact)[:MOST_EXACT]) + _nearest(wanted, near)

    def _searched(self, asker: Asker, text: str, types: Sequence[str], wanted: str) -> list[Candidate]:
        def fetch() -> Pairs | None:
            return [[model, 0] for model in self._pages(asker, text, types)] or None

        kind = f" of type {', '.join(types)}" if types else ""
        question = f"search {text} [{' '.join(types)}]"
        found: list[Candidate] = []
        for one in self._ask(asker, question, f"Searched for models named “{text}”{kind}", fetch, DAY):
            if not types or one.model["type"] in types:  # the filter of a search is ignored at times
                found += candidates(one.model, one.base, one.when, lambda file: True, wanted)
        return found

    def _pages(self, asker: Asker, text: str, types: Sequence[str]) -> Iterator[Json]:
        asked = [("query", text), ("limit", str(PAGE)), ("nsfw", "true"), *(("types", one) for one in types)]
        cursor, met = "", set()
        for _ in range(PAGES):
            asker.check()
            more = [("cursor", cursor)] if cursor else []
            body = asker.http.json(f"{self.bases[0]}/api/v1/models", params=[*asked, *more], cap=_CAP).body
            for model in reading.models_of(body):
                if model["id"] not in met:
                    met.add(model["id"])
                    yield model
            last, cursor = cursor, reading.cursor_of(body)
            if not cursor or cursor == last:
                return

    # ---- shared -----------------------------------------------------------------------------------------------

    def _ask(
        self, asker: Asker, question: str, did: str, fetch: Callable[[], Pairs | None], ttl: float
    ) -> list[_Found]:
        heard = asker.ask(self.name, question, did, fetch, ttl=ttl, absent_ttl=DAY, found=_counted)
        kept = heard.value or []
        if not all(at in range(len(self.bases)) and reading.is_kept(model) for model, at in kept):
            raise unexpected_shape()
        return [_Found(model, self.bases[at], heard.when) for model, at in kept]

    def _first(self, asker: Asker, question: str, did: str, path: str, read: Callable[[Any], Json]) -> _Found | None:
        found = self._ask(asker, question, did, lambda: self._one(asker, path, read), DAY)
        return next((one for one in found if one.model["versions"]), None)

    def _one(self, asker: Asker, path: str, read: Callable[[Any], Json]) -> Pairs | None:
        """The reduced answer of the first domain that has this; None where none has."""
        silent: NoAnswer | None = None
        for at, base in enumerate(self.bases):
            try:
                answer = asker.http.json(base + path, accept=(200, 404), cap=_CAP)
                if answer.status == 200:
                    return [[read(answer.body), at]]
                if not isinstance(answer.body, dict):  # a page that says 404 is not the API that says so
                    raise NoAnswer("not_json", "it answered with a page instead of data", status=404)
            except NoAnswer as error:
                if error.code not in _OTHER_WAY:
                    raise
                silent = silent or error
        if silent:
            raise silent
        return None

    def _checked(self, asker: Asker, found: list[Candidate]) -> list[Candidate]:
        """The same with what stands before a download. That is asked for the first few only, and lists tell no deadline."""
        open_ = ("", EARLY)
        return [self._gate(asker, one) if at < _CHECKED and one.gate in open_ else one for at, one in enumerate(found)]

    def _gate(self, asker: Asker, one: Candidate) -> Candidate:
        version, _, file = one.id.partition(":")[2].partition("/")
        base = next(base for base in self.bases if one.url.startswith(base + "/"))

        def fetch() -> Any:
            answer = asker.http.json(
                f"{base}/api/v1/model-versions/mini/{version}",
                params={"modelFileId": file},
                accept=(200, 401, 403, 404, 410),
            )
            return None if answer.status == 404 else reading.gate_of(answer.status, answer.body)

        try:
            heard = asker.ask(
                self.name, f"gate {version}/{file}", f"Asked whether “{one.file}” can be downloaded", fetch
            )
        except NoAnswer:
            return one  # the file is known; the download will ask again
        return gated(one, heard.value, heard.when)


def _types(folders: Sequence[str]) -> tuple[str, ...]:
    """The types of models that have files for these folders; () asks for all."""
    known = document("names")["civitai_search"]
    return tuple(dict.fromkeys(kind for folder in folders for kind in known.get(folder, ())))


def _nearest(wanted: str, near: Sequence[Candidate]) -> list[Candidate]:
    """The few whose names are most like the one sought."""
    alike = [(names.likeness(wanted, one.file), one) for one in distinct(near)]
    alike.sort(key=lambda pair: -pair[0])
    return [one for likeness, one in alike[:MOST_NEAR] if likeness >= LEAST_LIKENESS]


def _fits(query: Query, one: Candidate) -> bool:
    return not query.folders or not one.folder or one.folder in query.folders


def _holding(model: Json, sha256: str) -> Json | None:
    """The model with the files of this content only; None where it has none."""
    kept = [
        {**version, "files": files}
        for version in model["versions"]
        if (files := [file for file in version["files"] if file["sha256"] == sha256])
    ]
    return {**model, "versions": kept} if kept else None


def _counted(value: Any) -> str:
    files = sum(len(version["files"]) for model, _ in value for version in model["versions"])
    return f"{_number(len(value), 'model')} with {_number(files, 'model file')}"


def _versions(value: Any) -> str:
    return _number(len(value), "model version")


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
