"""One request and what comes back for it; every way in which that fails is given its name here."""

from __future__ import annotations

import errno
import ssl
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from .address import Target, refused
from .types import NoAnswer, Timeouts
from .wire import Watch, open_pool

if TYPE_CHECKING:
    import httpcore
    import httpx

_CHECK_LINK = "Check the connection to the internet."
_TRY_LATER = "Try again later."
_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}


class Again(Exception):
    """This try got no answer. `retry`: another one may. `slow`: the host itself asks for `wait` seconds of rest."""

    def __init__(
        self, why: NoAnswer, at: Target, *, retry: bool = True, wait: float | None = None, slow: bool = False
    ) -> None:
        super().__init__(why.code)
        self.why, self.at, self.retry, self.wait, self.slow = why, at, retry, wait, slow


class Raw(NamedTuple):
    """An answer whose body is still to come. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterable[bytes]


class Exchange:
    """Sends single requests over kept connections."""

    def __init__(
        self, watch: Watch, trusted: Collection[str], timeouts: Timeouts, verify: Any, counts: dict[str, int]
    ) -> None:
        self._watch = watch
        self._trusted = trusted
        self._timeouts = timeouts
        self._verify = verify
        self._counts = counts
        self._lock = threading.Lock()
        self._pool: httpcore.ConnectionPool | None = None

    @contextmanager
    def send(self, here: Target, method: str, headers: Mapping[str, str], content: bytes) -> Iterator[Raw]:
        """The answer while its body is read. Raises Again or NoAnswer, also from within the block."""
        import httpcore

        request = self._request(here, method, headers, content)
        self.count(here)
        with self._lock:
            if self._pool is None:
                self._pool = open_pool(self._watch, self._trusted, self._verify)
            pool = self._pool
        self._watch.start(self._timeouts.whole)
        faults = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
        response = None
        try:
            response = pool.handle_request(request)
            yield Raw(response.status, headers_of(response.headers), response.iter_stream())
        except faults as error:
            raise self._failed(error, here) from None  # the chain may hold headers, and so a token
        except NoAnswer as error:
            error.host = error.host or here.name
            if error.code == "unreachable":
                raise Again(error, here, retry=False) from None
            raise
        finally:
            if response is not None:
                response.close()

    def _request(self, here: Target, method: str, headers: Mapping[str, str], content: bytes) -> httpcore.Request:
        import httpcore

        url = readable(here)
        limits = self._timeouts
        told = headers_for(here, headers)
        if content:
            told["content-length"] = str(len(content)).encode("ascii")
        return httpcore.Request(
            method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=here.port, target=url.raw_path),
            headers=[(name.encode("ascii"), value) for name, value in told.items()],
            content=content,
            extensions={
                "timeout": {
                    "connect": limits.connect,
                    "read": limits.read,
                    "write": limits.read,
                    "pool": limits.whole,
                }
            },
        )

    def _failed(self, error: Exception, here: Target) -> Again:
        import httpcore

        if isinstance(error, httpcore.ConnectTimeout | httpcore.PoolTimeout):
            text = f"no connection came about within {seconds_in_words(self._timeouts.connect)}"
            return again("timeout", text, here, retry=False)
        if isinstance(error, httpcore.TimeoutException):
            limit = self._timeouts.read if self._watch.left() else self._timeouts.whole
            return again("timeout", f"it took longer than {seconds_in_words(limit)}", here, retry=False)
        if isinstance(error, httpcore.ConnectError):
            return unconnected(error, here)
        if isinstance(error, httpcore.LocalProtocolError):
            return again("unreachable", "the question could not be put into a request", here, retry=False)
        return again("unreachable", "the connection broke off", here)

    def count(self, here: Target) -> None:
        """One more request to this host."""
        with self._lock:
            self._counts[here.name] = self._counts.get(here.name, 0) + 1

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()


def readable(here: Target) -> httpx.URL:
    """The address as it is sent. Raises NoAnswer where two readers would see two addresses in it."""
    import httpx

    try:
        url = httpx.URL(here.url)
        host, port = url.raw_host.decode("ascii"), url.port or here.port
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise refused("its address cannot be read", here.name) from None
    if (url.scheme, host.strip("[]"), port) != here.origin:
        raise refused("its address can be read in two ways", here.name)
    return url


def headers_for(here: Target, headers: Mapping[str, str]) -> dict[str, bytes]:
    """What is sent to this host: these headers, whom we mean, and who we are."""
    from ... import __version__

    told = {"host": here.name, "user-agent": f"ComfyFixerSmart/{__version__} (local tool; no browser)", **headers}
    return {name: value.encode("ascii", "replace") for name, value in told.items()}


def unconnected(error: BaseException, here: Target) -> Again:
    """No connection came about: why, from what the operating system says."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or (cause.args[0] if cause.args and isinstance(cause.args[0], OSError) else None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return again("unreachable", "its certificate is not valid", here, "Check this computer's clock.", retry=False)
    if isinstance(cause, ssl.SSLError):
        return again("unreachable", "no secure connection came about", here, retry=False)
    if isinstance(cause, OSError) and cause.errno in _NO_WAY:
        return again("unreachable", "there is no way to it", here, _CHECK_LINK, retry=False)
    return again("unreachable", "the connection was refused", here, _CHECK_LINK)


def again(code: str, message: str, here: Target, hint: str = _TRY_LATER, *, retry: bool = True) -> Again:
    """A try that got no answer, with the error to raise when it was the last one."""
    return Again(NoAnswer(code, message, hint, host=here.name), here, retry=retry)


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case; values that come several times are joined."""
    found: dict[str, str] = {}
    for key, value in raw:
        name, text = key.decode("latin-1").lower(), _text(value)
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def seconds_in_words(number: float) -> str:
    """ "1 second", "0.5 seconds"."""
    return "1 second" if number == 1 else f"{number:g} seconds"
