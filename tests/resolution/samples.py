"""Values for the tests of the ladder: candidates, wants and a search without any service."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from comfyfixersmart.core.http import NoAnswer
from comfyfixersmart.core.resolution.ladder import Case, Evidence
from comfyfixersmart.core.resolution.search import Resolver
from comfyfixersmart.core.resolution.types import FILE, Want
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.names import format_of
from comfyfixersmart.core.sources.roster import Sources
from comfyfixersmart.core.sources.types import Candidate, Query

SERVICES = ("huggingface", "civitai", "modelscope")


def sha(text: str) -> str:
    """A hash to tell contents apart."""
    return hashlib.sha256(text.encode()).hexdigest()


def candidate(repo: str, path: str, content: str | None = "a", **more: Any) -> Candidate:
    """A confirmed file at Hugging Face, `content` None for a hidden hash."""
    source = more.pop("source", "huggingface")
    values: dict[str, Any] = {
        "file": path.rpartition("/")[2],
        "url": f"https://huggingface.co/{repo}/resolve/main/{path}",
        "repo": repo,
        "path": path,
        "author": repo.partition("/")[0],
        "size": 1000,
        "sha256": sha(content) if content is not None else None,
        "format": format_of(path),
        "confirmed": True,
    }
    return Candidate(f"{source}:{repo}@{path}", source, **{**values, **more})


def want(name: str = "lumenpeak_v2.safetensors", folder: str = "checkpoints", **more: Any) -> Want:
    """A missing file."""
    return Want(FILE, name, (folder,) if folder else (), **more)


def case(wanted: Want, *found: Candidate, silent: dict[str, str] | None = None, **more: Any) -> Case:
    """The evidence of a search in which every service answered, but for the silent ones."""
    evidence = Evidence(silent=silent or {}, asked=set(SERVICES) - set(silent or {}))
    evidence.add(found)
    evidence.authored |= set(more.pop("authored", ()))
    evidence.claimed |= more.pop("claimed", {})
    evidence.free = more.pop("free", {})
    evidence.asked = more.pop("asked", evidence.asked)
    return Case(wanted, evidence, frozenset({"model.safetensors"}), more.pop("enabled", SERVICES))


class FakeSource:
    """A service that answers what it was given; `silent` makes it not answer."""

    def __init__(
        self, name: str, *, named: Sequence[Candidate] = (), hashed: Sequence[Candidate] = (), links: Any = None
    ) -> None:
        self.name = name
        self.named, self.hashed, self.links = list(named), list(hashed), dict(links or {})
        self.silent: set[str] = set()
        self.asked: list[str] = []

    def _ask(self, kind: str, what: str) -> None:
        self.asked.append(f"{kind} {what}")
        if kind in self.silent:
            raise NoAnswer("timeout", "it took longer than 15 seconds", "Try again later.")

    def by_hash(self, asker: Any, sha256: str) -> list[Candidate]:
        self._ask("hash", sha256)
        return [one for one in self.hashed if one.sha256 == sha256]

    def by_link(self, asker: Any, url: str) -> list[Candidate]:
        self._ask("link", url)
        return list(self.links.get(url, ()))

    def by_name(self, asker: Any, query: Query) -> list[Candidate]:
        self._ask("name", query.name)
        return list(self.named)


class FakeHttp:
    """A client that sends nothing."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.cancelled = False

    def check(self) -> None:
        if self.cancelled:
            raise NoAnswer("cancelled", "it was cancelled", "")

    def close(self) -> None:
        pass


def resolver(
    *files: FakeSource, registry: Any = None, claims: Any = None, packs: Any = None, store: Any = None, **more: Any
) -> Resolver:
    """A search over fakes."""
    http: Any = FakeHttp()
    sources = Sources(http, files, registry, None, None, tuple(one.name for one in files), {})
    asker = Asker(http, Answers(None))
    return Resolver(sources, claims, packs, store, asker, frozenset({"model.safetensors"}), **more)
