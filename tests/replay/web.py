"""Web searches of our own: a SearXNG, Brave's and Tavily's API, over one list of invented pages.

    engines = Engines(["https://huggingface.co/inkworks/ink-harbor/blob/main/ink.safetensors"])
    engines.serve(replay)

Brave wants its key in X-Subscription-Token, Tavily in Authorization; without it they refuse.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Engines:
    """The three services. `addresses` is what each of them finds, whatever is asked."""

    def __init__(self, addresses: list[Any] | None = None) -> None:
        self.addresses = addresses or []
        self.unresponsive: list[Any] = []

    def serve(self, replay: Any) -> None:
        """Add the routes."""
        replay.add("GET", "/search", lambda request: self._searxng(replay.Reply, request))
        replay.add("POST", "/search", lambda request: self._tavily(replay.Reply, request))
        replay.add("GET", "/res/v1/web/search", lambda request: self._brave(replay.Reply, request))

    def _results(self) -> list[Json]:
        return [{"title": "A page", "url": one, "content": "Invented.", "score": 0.5} for one in self.addresses]

    def _searxng(self, reply: Any, request: Any) -> Any:
        if request.one("format") != "json":
            return reply("<!doctype html><html><body>results</body></html>", 200, {"Content-Type": "text/html"})
        return {"query": request.one("q"), "results": self._results(), "unresponsive_engines": self.unresponsive}

    def _brave(self, reply: Any, request: Any) -> Any:
        if not request.headers.get("x-subscription-token"):
            return reply({"type": "ErrorResponse", "error": {"code": "SUBSCRIPTION_TOKEN_INVALID"}}, 422)
        found = {"web": {"type": "search", "results": self._results()}} if self.addresses else {}
        return {"type": "search", "query": {"original": request.one("q")}, **found}

    def _tavily(self, reply: Any, request: Any) -> Any:
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return reply({"detail": {"error": "Unauthorized: missing or invalid API key."}}, 401)
        return {"query": request.json()["query"], "results": self._results(), "response_time": 0.5}
