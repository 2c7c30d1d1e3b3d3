"""The Comfy Registry: which pack brings a class, and what is known of a pack. Facts: services.md, section 5.1.

Its look-up by class names one pack only, the one it ranks first, and hides all others that bring the class. So the
search is asked as well, and each pack of it is believed only when the class is among those of its own version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ..http import Answer, NoAnswer
from .asking import DAY, Asker, unexpected_shape
from .types import PackCandidate

NAME = "registry"
PAGES_FOR_PEOPLE = "https://registry.comfy.org"
ACTIVE, BANNED, DELETED, FLAGGED, PENDING = "Active", "Banned", "Deleted", "Flagged", "Pending"
_BAD = (BANNED, DELETED, FLAGGED)
_PACK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(r"v?\d+(?:\.\d+){1,3}(?:[-+][0-9A-Za-z.-]{1,40})?")
_REPO_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
_CODE_HOSTS = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "gitee.com")
_MOST_LETTERS = 200  # of a class
_FOUND, _CHECKED = 30, 8  # packs that one search may name, and of those how many are looked into
_CLASSES, _CLASS_PAGES = 500, 12  # classes to a page

Json = dict[str, Any]


class Registry:
    """The registry at `base`. Each question raises NoAnswer when it is not answered."""

    name = NAME

    def __init__(self, base: str = "https://api.comfy.org") -> None:
        self._base = base.rstrip("/")

    def by_id(self, asker: Asker, registry_id: str, version: str = "") -> PackCandidate | None:
        """The pack of this id, as it is at `version` where that is known; None when there is none.

        `status` is the worst of what is said of the pack and of the version.
        """
        if not _PACK_ID.fullmatch(registry_id):
            return None

        def fetch() -> Json | None:
            answer = self._get(asker, f"/nodes/{quote(registry_id)}", accept=(200, 403, 404))
            if answer.status != 200:
                return {"id": registry_id, "status": BANNED} if answer.status == 403 else None
            found = _pack(answer.body)
            if found is None or _plain(found["id"]) != _plain(registry_id):
                raise ValueError("another pack")
            return found

        did = f"Asked for the pack {registry_id}"
        heard = asker.ask(NAME, f"pack {registry_id.lower()}", did, fetch, found=_told)
        if heard.value is None:
            return None
        pack = _read(heard.value, heard.when)
        if not version or version == pack.version or not _VERSION.fullmatch(version):
            return pack
        status = self._status(asker, pack.registry_id, version)
        if status is None:
            return pack
        return replace(pack, version=version, status=_worst(pack.status if pack.status in _BAD else "", status))

    def by_repo(self, asker: Asker, repo: str) -> PackCandidate | None:
        """The pack whose repository is "owner/repo"; None when the registry has none of it.

        Packs it has banned are among the answers: that it knows one as bad must not look like not knowing it.
        """
        owner, _, name = repo.partition("/")
        if not (_REPO_NAME.fullmatch(owner) and _REPO_NAME.fullmatch(name)):
            return None
        asked = {"repository_url_search": repo, "include_banned": "true"}
        did = f"Asked for the pack of the repository {repo}"
        for pack in self._search(asker, f"repository {repo.lower()}", did, asked):
            if repo_key(pack.repo) == repo_key(f"https://github.com/{repo}"):  # its search takes what is alike as well
                return pack
        return None

    def by_class(self, asker: Asker, class_type: str) -> list[PackCandidate]:
        """All packs that bring this class, as the registry says: the one it ranks first, then the others."""
        if not class_type.strip(".") or len(class_type) > _MOST_LETTERS or not class_type.isprintable():
            return []
        first = self._ranked(asker, class_type)
        did = f"Asked for packs with a class named like “{class_type}”"
        others = self._search(asker, f"classes like {class_type}", did, {"comfy_node_search": class_type})
        known = {_plain(first.registry_id)} if first else set()
        packs = [pack for pack in others if _plain(pack.registry_id) not in known]
        found = [first] if first else []
        for pack in packs[:_CHECKED]:
            if self.has_class(asker, pack.registry_id, pack.version, class_type):
                found.append(_claiming(pack))
        if len(packs) > _CHECKED:
            more = f"Left {len(packs) - _CHECKED} packs unchecked that have classes of similar names"
            asker.note(NAME, more, "the likeliest were looked into")
        return found

    def has_class(self, asker: Asker, registry_id: str, version: str, class_type: str) -> bool | None:
        """Whether this version of the pack brings the class; None when the registry has not listed its classes."""
        if not _PACK_ID.fullmatch(registry_id) or not _VERSION.fullmatch(version):
            return None

        def fetch() -> Json | None:
            listed = self._classes(asker, registry_id, version)
            return {"classes": listed} if listed else None

        did = f"Asked for the classes of {registry_id} {version}"
        question = f"classes {registry_id.lower()}@{version}"
        heard = asker.ask(
            NAME, question, did, fetch, ttl=7 * DAY, found=lambda value: f"{len(value['classes'])} classes"
        )
        classes = heard.value["classes"] if heard.value is not None else None
        return class_type in classes if isinstance(classes, list) else None

    # ---- questions ------------------------------------------------------------------------------------------

    def _ranked(self, asker: Asker, class_type: str) -> PackCandidate | None:
        def fetch() -> Json | None:
            answer = self._get(asker, f"/comfy-nodes/{quote(class_type, safe='')}/node", accept=(200, 404))
            if answer.status == 404:
                return None
            found = _pack(answer.body)
            if found is None:
                raise ValueError("no pack")
            return found

        did = f"Asked which pack brings the class “{class_type}”"
        heard = asker.ask(NAME, f"class {class_type}", did, fetch, found=_told)
        return None if heard.value is None else _claiming(_read(heard.value, heard.when))

    def _search(self, asker: Asker, question: str, did: str, asked: dict[str, str]) -> list[PackCandidate]:
        def fetch() -> Json:
            query = urlencode({**asked, "page": "1", "limit": str(_FOUND)})
            body = self._get(asker, f"/nodes/search?{query}").body
            found = [one for one in map(_pack, body["nodes"] or ()) if one is not None]
            if body["nodes"] and not found:
                raise ValueError("none of the entries is a pack")
            return {"packs": found}

        def told(value: Any) -> str:
            number = len(value["packs"])
            return f"{number} pack{'' if number == 1 else 's'} to look into" if number else "nothing"

        heard = asker.ask(NAME, question, did, fetch, found=told)
        return [_read(one, heard.when) for one in heard.value["packs"]]

    def _status(self, asker: Asker, registry_id: str, version: str) -> str | None:
        """What is said of one version; None when there is no such version."""

        def fetch() -> Json | None:
            path = f"/nodes/{quote(registry_id)}/versions/{quote(version, safe='')}"
            answer = self._get(asker, path, accept=(200, 403, 404))
            if answer.status != 200:
                return {"status": BANNED} if answer.status == 403 else None
            return {"status": _status(answer.body["status"])}

        did = f"Asked for version {version} of the pack {registry_id}"
        question = f"version {registry_id.lower()}@{version}"
        heard = asker.ask(NAME, question, did, fetch, found=lambda value: value["status"] or "found")
        return None if heard.value is None else str(heard.value["status"])

    def _classes(self, asker: Asker, registry_id: str, version: str) -> list[str]:
        kept: dict[str, None] = {}
        path = f"/nodes/{quote(registry_id)}/versions/{quote(version, safe='')}/comfy-nodes"
        for page in range(1, _CLASS_PAGES + 1):
            answer = self._get(asker, f"{path}?{urlencode({'page': page, 'limit': _CLASSES})}", accept=(200, 403, 404))
            if answer.status != 200:
                break
            for one in answer.body["comfy_nodes"] or ():
                name = one.get("comfy_node_name") if isinstance(one, dict) else None
                if isinstance(name, str) and len(name) <= _MOST_LETTERS:
                    kept[name] = None
            pages = answer.body.get("totalNumberOfPages")
            if not isinstance(pages, int) or page >= pages:
                break
        return list(kept)

    def _get(self, asker: Asker, path: str, *, accept: Iterable[int] = (200,)) -> Answer:
        answer = asker.http.json(f"{self._base}{path}", accept=tuple(accept))
        if urlsplit(answer.url).netloc.lower() != urlsplit(self._base).netloc.lower():
            raise ValueError("another host answered")
        if answer.status == 403 and not isinstance(answer.body, dict):  # something in front of it, not the registry
            raise NoAnswer("unexpected_status", "it refused the request (status 403)", status=403)
        return answer


def repo_key(address: str) -> str:
    """ "host/owner/repo" in lower case for the address of a repository on a known code host; "" for any other."""
    return "/".join(_repo(address)).lower()


def _repo(address: str) -> tuple[str, ...]:
    """Host, owner and name, or nothing."""
    text = re.sub(r"^(?:git\+)?(?:ssh://)?git@([\w.-]+)[:/]", r"https://\1/", address.strip()).removeprefix("git+")
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ()
    named = [one for one in parts.path.split("/") if one]
    if parts.scheme not in ("http", "https", "git") or host not in _CODE_HOSTS or len(named) < 2:
        return ()
    owner, name = named[0], named[1].removesuffix(".git")
    return (host, owner, name) if _REPO_NAME.fullmatch(owner) and _REPO_NAME.fullmatch(name) else ()


# ---- what is kept of an answer -----------------------------------------------------------------------------


def _pack(body: Any) -> Json | None:
    """What is kept of a pack; None for what is none."""
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not _PACK_ID.fullmatch(body["id"]):
        return None
    latest = body["latest_version"] if isinstance(body.get("latest_version"), dict) else {}
    publisher = body["publisher"] if isinstance(body.get("publisher"), dict) else {}
    version = _text(latest.get("version"))
    return {
        "id": body["id"],
        "title": _text(body.get("name")),
        "author": _text(body.get("author")) or _text(publisher.get("name")) or _text(publisher.get("id")),
        "repo": _address(body.get("repository")),
        "version": version if _VERSION.fullmatch(version) else "",
        "status": _worst(_status(body.get("status")), _status(latest.get("status"))),
        "licence": _licence(body.get("license")),
        "downloads": _whole(body.get("downloads")),
        "stars": _whole(body.get("github_stars")),
    }


def _read(body: Any, when: float) -> PackCandidate:
    """A pack as `_pack` kept it. Raises NoAnswer when it is not as it was kept."""
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not _PACK_ID.fullmatch(body["id"]):
        raise unexpected_shape()
    return PackCandidate(
        id=f"registry:{body['id'].lower()}",
        source=NAME,
        registry_id=body["id"],
        repo=_address(body.get("repo")),
        title=_text(body.get("title")),
        author=_text(body.get("author")),
        version=_text(body.get("version")),
        status=_text(body.get("status")),
        licence=_text(body.get("licence")),
        page=f"{PAGES_FOR_PEOPLE}/nodes/{body['id']}",
        downloads=_whole(body.get("downloads")),
        stars=_whole(body.get("stars")),
        confirmed=True,
        asked=when,
    )


def _claiming(pack: PackCandidate) -> PackCandidate:
    return replace(pack, has_class=True)


def _told(value: Any) -> str:
    status = value.get("status")
    return f"found, {status.lower()}" if status and status != ACTIVE else "found"


def _status(value: Any) -> str:
    """ "Active" of "NodeVersionStatusActive" or "NodeStatusActive"; "" for what is not said or not known."""
    word = value.rpartition("Status")[2] if isinstance(value, str) else ""
    return word if word in (ACTIVE, BANNED, DELETED, FLAGGED, PENDING) else ""


def _worst(pack: str, version: str) -> str:
    """The pack as a whole is mostly "Active" or not said at all, so its version says more, unless the pack is bad."""
    return next((bad for bad in _BAD if bad in (pack, version)), version or pack)


def _licence(value: Any) -> str:
    """The registry keeps what stood in pyproject.toml, often as JSON: {"file": "LICENSE"} or {"text": "MIT"}."""
    text = _text(value)
    if not text.startswith("{"):
        return text
    try:
        told = json.loads(text)
    except ValueError:
        return ""
    file = _text(told.get("file"))
    return _text(told.get("text")) or (f"see {file}" if file else "")


def _address(value: Any) -> str:
    """The repository's address, built anew: only those on known code hosts are shown or handed on."""
    found = _repo(value) if isinstance(value, str) and len(value) <= 300 else ()
    return f"https://{'/'.join(found)}" if found else ""


def _plain(registry_id: str) -> str:
    return re.sub(r"[-_.]+", "-", registry_id.lower())


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value.isprintable() and len(value) <= 300 else ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None
