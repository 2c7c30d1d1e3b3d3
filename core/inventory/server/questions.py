"""GET requests to one ComfyUI, with limits on time and size."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...errors import InventoryError

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 64 * 1024 * 1024  # of one answer; /object_info of a large installation is about 10 MB


class Questions:
    """GET requests to one server, with limits on time and size. No proxies, no redirects, no credentials."""

    def __init__(self, address: str, timeout: float) -> None:
        self.address, self.timeout = address, timeout
        self.hash = hashlib.sha256()

    def __enter__(self) -> Questions:
        import httpx

        self.client = httpx.Client(timeout=self.timeout, trust_env=False, follow_redirects=False)
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def __call__(self, path: str, *, optional: bool = False) -> Any:
        """The JSON answer; None for an `optional` question that this server does not answer."""
        import httpx

        try:
            with self.client.stream("GET", self.address + path) as answer:
                if answer.status_code != 200:
                    if optional:
                        return None
                    raise not_comfyui(self.address, f"{path} gives status {answer.status_code}")
                raw = self._body(answer, path)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise InventoryError(
                "server_unreachable",
                f"no answer from {self.address}{path}: {reason[:200]}",
                "Is ComfyUI running there, and does it listen on that address and port?",
            ) from None
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            if optional:
                return None
            raise not_comfyui(self.address, f"{path} gives no JSON") from None
        if path != "/system_stats":  # free memory differs with every call
            self.hash.update(raw)
        return body

    def _body(self, answer: httpx.Response, path: str) -> bytes:
        end = time.monotonic() + self.timeout
        pieces: list[bytes] = []
        size = 0
        for piece in answer.iter_bytes():  # as it arrives: a server that drips must meet the deadline
            size += len(piece)
            if size > MAX_BYTES:
                raise not_comfyui(self.address, f"{path} gives more than {MAX_BYTES >> 20} MiB")
            if time.monotonic() > end:
                raise InventoryError(
                    "server_unreachable", f"{self.address}{path} took longer than {self.timeout:g} s", "Try again."
                )
            pieces.append(piece)
        return b"".join(pieces)

    def digest(self) -> str:
        """Changes whenever an answer did."""
        return self.hash.hexdigest()


def address_of(url: str) -> str:
    """`url` as `http://host:port`, without a trailing slash. Raises InventoryError (`bad_address`)."""
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or parts.username is not None or any(c.isspace() or not c.isprintable() for c in text):
        raise InventoryError(
            "bad_address", f"{url!r} is not the address of a server", "Give it as http://127.0.0.1:8188."
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def not_comfyui(address: str, why: str) -> InventoryError:
    """The error for an answer that no ComfyUI gives."""
    return InventoryError("not_comfyui", f"{address} does not answer like ComfyUI: {why}", "Check address and port.")
