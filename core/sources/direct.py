"""Model files on hosts that are no model hub: releases and raw files of GitHub, a few buckets of research groups.

Only the hosts of `knowledge/authors.json` are asked, and of them only whether the file is there and how large it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from ..http import Answer
from ..knowledge import document
from . import names
from .asking import DAY, Asker
from .types import Candidate, Query

NAME = "direct"
_GONE = (404, 410)
_LONGEST = 1_000  # characters of an address
_RANGE = re.compile(r"bytes (?:\d+-\d+|\*)/(\d{1,18})")

Json = dict[str, Any]


class Direct:
    """Links to files elsewhere. `hosts`: as in the document's `direct_hosts`; each may say a `scheme` other than https."""

    name = NAME

    def __init__(self, hosts: Sequence[Mapping[str, Any]] | None = None) -> None:
        told = document("authors")["direct_hosts"] if hosts is None else hosts
        self._hosts = {str(one["host"]): one for one in told}

    def by_hash(self, asker: Asker, sha256: str) -> list[Candidate]:
        """Nothing: these hosts cannot be asked for a hash."""
        return []

    def by_name(self, asker: Asker, query: Query) -> list[Candidate]:
        """Nothing: these hosts cannot be searched."""
        return []

    def by_link(self, asker: Asker, url: str) -> list[Candidate]:
        """The file at this address with its size; [] when it is gone, is no model file, or the host is not on the list.

        There is never a hash: a link alone proves no content. Raises NoAnswer.
        """
        address = self.address(url)
        if not address:
            return []
        host = urlsplit(address).netloc
        file = unquote(urlsplit(address).path.rpartition("/")[2])

        def fetch() -> Json | None:
            answer = asker.http.range0(address, accept=(200, 206, 416, *_GONE))
            if answer.status in _GONE or not self._may_send(host, answer.url):
                return None
            return _kept(answer)

        def told(value: Any) -> str:
            return "found" if value["size"] is None else f"found, {value['size']:,} bytes"

        heard = asker.ask(NAME, f"file {address}", f"Asked {host} whether {file} is there", fetch, ttl=DAY, found=told)
        if heard.value is None:
            return []
        size = heard.value.get("size")
        return [
            Candidate(
                id=f"{NAME}:{address}",
                source=NAME,
                file=file,
                url=address,
                page=address,
                path=urlsplit(address).path.lstrip("/"),
                author=_author(address),
                size=size if isinstance(size, int) else None,
                folder=names.folder_of(file),
                family=names.family_of(file),
                format=names.format_of(file),
                confirmed=True,
                asked=heard.when,
            )
        ]

    def address(self, url: str) -> str:
        """The address as it is asked: without what follows "?", where keys could be; "" when it may not be asked."""
        try:
            parts = urlsplit(url.strip()) if len(url) <= _LONGEST and url.isprintable() else None
            host = parts.netloc.lower() if parts else ""
        except ValueError:
            return ""
        entry = self._hosts.get(host)
        if parts is None or entry is None or parts.scheme not in ("http", "https"):
            return ""
        path = unquote(parts.path)
        if not path.isprintable() or "\\" in path or any(part in (".", "..") for part in path.split("/")):
            return ""
        if host == "github.com":  # the page about a file, and the file itself
            path = re.sub(r"^(/[^/]+/[^/]+)/blob/", r"\1/raw/", path)
        allowed = entry.get("paths", ["/"])
        if not names.suffix(path) or not any(_pattern(one).match(path) for one in allowed):
            return ""
        return f"{entry.get('scheme', 'https')}://{host}{quote(path)}"

    def _may_send(self, host: str, final: str) -> bool:
        """Whether the bytes come from the host itself, or from where it keeps its files."""
        at = urlsplit(final).netloc.lower()
        return at == host or at in self._hosts[host].get("redirects", ())


@lru_cache(maxsize=100)
def _pattern(start: str) -> re.Pattern[str]:
    return re.compile(re.escape(start).replace(r"\*", "[^/]+"))


def _kept(answer: Answer) -> Json | None:
    """Its size, in bytes; None for a page for people, which is what some hosts send in place of a file that is gone."""
    if "html" in answer.headers.get("content-type", "").lower():
        return None
    told = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if told:
        size = int(told[1])
    elif answer.status == 416:  # the one way to say that a file has no first byte
        size = 0
    else:
        length = answer.headers.get("content-length", "")
        size = int(length) if answer.status == 200 and length.isdecimal() and len(length) <= 18 else -1
    if size == 0:
        return None
    return {"size": size if size > 0 else None}


def _author(address: str) -> str:
    parts = urlsplit(address)
    return parts.path.split("/")[1] if parts.netloc in ("github.com", "raw.githubusercontent.com") else ""
