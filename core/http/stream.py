"""The bytes of one answer, as they come from the line."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping

from .address import Target
from .exchange import seconds_in_words
from .line import Cut
from .types import NoAnswer

_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r\n")
_LONGEST_LINE = 4096  # bytes that the size of a chunk may take, with all its remarks


class Body:
    """The body behind a head, until its length is reached, its last chunk, or else the end of the connection.

    `length`: bytes, None where nobody said. Nothing is read beyond the end. Raises EOFError where the end comes too
    early, and what the line raises.
    """

    def __init__(self, file: io.BufferedReader, length: int | None, *, chunked: bool = False) -> None:
        self.length = None if chunked else length
        self._file = file
        self._left = 0 if chunked else length
        self._chunked = chunked  # and there may be another chunk
        self._first = True

    def readinto(self, view: memoryview) -> int:
        """The next bytes that are there, at least one; 0 at the end."""
        if self._left == 0 and not self._another_chunk():
            return 0
        got = self._file.readinto1(view if self._left is None else view[: self._left])
        if self._left is not None:
            if not got:
                raise EOFError
            self._left -= got
        return got

    def _another_chunk(self) -> bool:
        if not self._chunked:
            return False
        if not self._first and self._file.read(2) != b"\r\n":
            raise EOFError
        self._first = False
        found = _CHUNK.fullmatch(self._file.readline(_LONGEST_LINE))
        if found is None:
            raise EOFError
        self._left = int(found[1], 16)
        self._chunked = self._left > 0
        return self._chunked

    def pieces(self) -> Iterator[bytes]:
        """All of it, for what is read only to be talked about: it ends where the body breaks off."""
        view = memoryview(bytearray(16 << 10))
        try:
            while got := self.readinto(view):
                yield bytes(view[:got])
        except (OSError, EOFError):
            return

    def close(self) -> None:
        """Close the connection."""
        self._file.close()


class Stream:
    """The answer to a fetch, open for reading. It may be read by any thread, but by one at a time.

    `status`: 200, 206 or 416. `headers`: names in lower case. `length`: bytes of this body; None where nobody said, and
    then, but for chunks, an end that comes too early looks like the end. `url`: the final address; it may be signed, so
    that it is for code only and nothing that a person sees may hold its query.
    """

    def __init__(
        self, status: int, headers: Mapping[str, str], body: Body, *, here: Target, cut: Cut, silence: float
    ) -> None:
        self.status = status
        self.length = body.length
        self.headers = headers if self.length is None else {**headers, "content-length": str(self.length)}
        self.url = here.url
        self._host = here.name
        self._body = body
        self._cut = cut
        self._silence = silence

    def readinto(self, view: memoryview) -> int:
        """How many bytes came into `view`, as soon as there are some; 0 at the end of the body.

        Raises NoAnswer: `timeout` when nothing came for too long, `cut_off` when the body ends before its end,
        `cancelled`. Whatever came before was given out. Afterwards the stream is closed.
        """
        try:
            self._cut.check()
            return self._body.readinto(view) if len(view) else 0
        except NoAnswer as error:
            error.host = self._host
            self.close()
            raise
        except TimeoutError:
            code, text = "timeout", f"nothing came for {seconds_in_words(self._silence)}"
        except (OSError, EOFError, ValueError):  # ValueError: read after it was closed
            code, text = "cut_off", "the connection broke off before the end of the file"
        self.close()
        raise NoAnswer(code, text, "Try again later.", host=self._host, status=self.status)

    def close(self) -> None:
        """Close the connection. Reading on raises `cut_off`."""
        self._body.close()

    def __repr__(self) -> str:
        return f"<Stream {self.status} from {self._host}>"
