"""Web search, with what the person set up: a SearXNG address of their own, or a key for Brave or Tavily.

It gives addresses, never candidates. Only those on hosts of models count, and each is asked about at its own host. What
is sent is the file's name and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urldefrag

from ..http import NoAnswer
from . import links, names
from .asking import DAY, Asker
from .types import Query

MOST_LINKS, MOST_RESULTS, LONGEST = 10, 100, 1_000
_SERVICES = (links.HUGGINGFACE, links.CIVITAI, links.MODELSCOPE)
# First parts of Hugging Face addresses that look like an owner's name and are none.
_NO_OWNER = {
    *("blog", "docs", "papers", "collections", "posts", "learn", "organizations", "tasks", "search", "settings"),
    *("models", "login", "join", "pricing", "enterprise", "chat", "inference", "spaces", "datasets", "api"),
}


class Web:
    """Addresses of model pages that mention a file. An engine whose address is "" is off.

    `searxng`, `brave`, `tavily`: base addresses; `mirrors`: host[:port] in lower case → service, for mirrors the person set.
    The keys are the client's matter.
    """

    name = "web"

    def __init__(
        self, searxng: str = "", brave: str = "", tavily: str = "", mirrors: dict[str, str] | None = None
    ) -> None:
        self._mirrors = mirrors or {}
        self._engines: list[tuple[str, Callable[[Asker, str], Any]]] = []
        if searxng:
            self._engines.append(("SearXNG", lambda asker, text: _searxng(asker, searxng.rstrip("/"), text)))
        if brave:
            self._engines.append(("Brave", lambda asker, text: _brave(asker, brave.rstrip("/"), text)))
        if tavily:
            self._engines.append(("Tavily", lambda asker, text: _tavily(asker, tavily.rstrip("/"), text)))

    def find(self, asker: Asker, query: Query) -> list[str]:
        """At most ten addresses on hosts of models. The next engine is asked only where one has none or does not answer.

        Raises NoAnswer when no engine answered.
        """
        name = names.base(query.name)
        if not self._engines:
            return []
        if not names.sendable(query.name) or '"' in name:
            asker.note(self.name, "Searched for nothing", "this is no name of a file")
            return []
        silent: NoAnswer | None = None
        answered = False
        for engine, ask in self._engines:
            try:
                found = self._found(asker, engine, ask, f'"{name}"')
            except NoAnswer as error:
                silent = silent or error
                continue
            if found:
                return found
            answered = True
        if silent and not answered:
            raise silent
        return []

    def _found(self, asker: Asker, engine: str, ask: Callable[[Asker, str], Any], text: str) -> list[str]:
        def fetch() -> list[str] | None:
            results = ask(asker, text)
            if not isinstance(results, list):
                raise ValueError("the results are no list")
            told = [one.get("url") for one in results[:MOST_RESULTS] if isinstance(one, dict)]
            if results and not any(isinstance(one, str) for one in told):
                raise ValueError("no result has an address")
            return self._known(told) or None

        heard = asker.ask(
            self.name, f"{engine} {text}", f"Searched the web for {text} with {engine}", fetch, ttl=DAY, found=_counted
        )
        return self._known(heard.value or ())  # again: what lies on the disk may have been changed

    def _known(self, addresses: Iterable[Any]) -> list[str]:
        found: dict[links.Link, str] = {}
        for one in addresses:
            if not isinstance(one, str) or len(one) > LONGEST or not one.isprintable():
                continue
            link = links.read_link(one, self._mirrors)
            if link is not None and link.service in _SERVICES and link.repo.partition("/")[0] not in _NO_OWNER:
                found.setdefault(link, urldefrag(one.strip()).url)
        return list(found.values())[:MOST_LINKS]


def _searxng(asker: Asker, base: str, text: str) -> Any:
    body = asker.http.json(f"{base}/search", params={"q": text, "format": "json"}).body
    if not body["results"] and body.get("unresponsive_engines"):
        raise NoAnswer("server_error", "the search engines behind it did not answer", "Try again later.")
    return body["results"]


def _brave(asker: Asker, base: str, text: str) -> Any:
    body = asker.http.json(f"{base}/res/v1/web/search", params={"q": text, "count": 20}).body
    web = body.get("web")  # left out where it finds nothing
    return [] if web is None else web["results"]


def _tavily(asker: Asker, base: str, text: str) -> Any:
    return asker.http.json(f"{base}/search", post={"query": text, "max_results": 20}).body["results"]


def _counted(value: Any) -> str:
    count = len(value)
    return f"{count} {'address' if count == 1 else 'addresses'} on hosts of models"
