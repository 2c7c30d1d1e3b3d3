"""The server of downloads.py: nginx on loopback, one file of random weights, and an account of every byte it sent."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

TOOLS = ("nginx", "curl", "aria2c", "sha256sum", "sync")
SHM = Path("/dev/shm")
MB = 1 << 20
NAME, SMALL = "weights.safetensors", "small.safetensors"
SLOW = 80  # MB/s of addresses below /slow/
COMMIT = "0123456789abcdef0123456789abcdef01234567"
_CONFIG = """
daemon off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 256; }}
http {{
    default_type application/octet-stream;
    {temporary}
    sendfile on;
    tcp_nopush on;
    log_format account '$request_method $uri $status $body_bytes_sent "$http_range" $msec $request_time';
    access_log {folder}/access.log account;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
        location /slow/ {{ alias {folder}/files/; limit_rate {slow}m; sendfile_max_chunk 256k; }}
        {hub}
    }}
}}
"""
_HUB = """
        location = /bench/weights/resolve/main/{name} {{
            alias {folder}/files/{name};
            add_header X-Repo-Commit {commit};
            add_header X-Linked-Size {size};
            add_header X-Linked-ETag '"{sha256}"';
        }}
"""
_LINE = re.compile(r'GET (\S+) (\d+) (\d+) "(?:bytes=(\d+)-[^"]*|-?)" ([\d.]+) ([\d.]+)')


class File(NamedTuple):
    """One file that is served."""

    name: str
    size: int
    sha256: str


class Sent(NamedTuple):
    """One GET: where the client asked to begin, and how many bytes of the body went out."""

    start: int
    sent: int
    began: float


def missing() -> list[str]:
    """The tools that this benchmark needs and that are not installed."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])  # nginx is no user's tool
    return [name for name in TOOLS if not shutil.which(name, path=path)]


def place(needed: int) -> tuple[Path, str]:
    """A folder with that much room, a tmpfs if there is one, and what it is. Raises OSError where there is none."""
    for folder, what in ((SHM, "a tmpfs"), (Path(tempfile.gettempdir()), "not a tmpfs")):
        if folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= needed:
            return folder, f"{folder}, {what}"
    raise OSError(f"{needed / (1 << 30):.1f} GiB are needed, and neither {SHM} nor {tempfile.gettempdir()} has them")


def make(path: Path, size: int) -> File:
    """A safetensors file of that size whose bytes are random, each MiB another one."""
    header = json.dumps({"weight": {"dtype": "U8", "shape": [size - 264], "data_offsets": [0, size - 264]}}).encode()
    digest, block, left = hashlib.sha256(), os.urandom(MB), size
    with path.open("wb") as out:
        piece = struct.pack("<Q", 256) + header.ljust(256)
        number = 0
        while left:
            out.write(piece)
            digest.update(piece)
            left -= len(piece)
            number += 1
            piece = (struct.pack("<Q", number) + block[8:])[:left]
    return File(path.name, size, digest.hexdigest())


class Nginx:
    """A running nginx. `big` and `small` are what it serves."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        (folder / "files").mkdir(parents=True)
        self.big = make(folder / "files" / NAME, size)
        self.small = make(folder / "files" / SMALL, min(size, 64 * MB))
        self.port = _free_port()
        self.host = f"127.0.0.1:{self.port}"
        (folder / "nginx.conf").write_text(self._config())
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._wait()

    def url(self, name: str = NAME, *, slow: bool = False) -> str:
        """Where a file is to be had."""
        return f"http://{self.host}/{'slow/' if slow else ''}{name}"

    def sent(self, since: int = 0) -> list[Sent]:
        """What went out, in order of its beginning; `since`: lines of the log that are passed over."""
        found = [_LINE.fullmatch(line) for line in self._log()[since:]]
        told = [Sent(int(one[4] or 0), int(one[3]), float(one[5]) - float(one[6])) for one in found if one]
        return sorted(told, key=lambda one: one.began)

    def lines(self) -> int:
        """Length of the log so far."""
        return len(self._log())

    def settled(self, since: int, least: int) -> list[Sent]:
        """The same, once so many requests stand there: nginx writes a line when it sees that the client is gone."""
        end = time.monotonic() + 10
        while len(found := self.sent(since)) < least and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
        if self._process.stderr:
            self._process.stderr.close()

    def _log(self) -> list[str]:
        log = self.folder / "access.log"
        return log.read_text().splitlines() if log.exists() else []

    def _config(self) -> str:
        told = subprocess.run(
            [shutil.which("nginx") or "/usr/sbin/nginx", "-V"], capture_output=True, text=True, stdin=subprocess.DEVNULL
        ).stderr
        kinds = {"client_body"} | {
            f"{one}" for one in ("proxy", "fastcgi", "uwsgi", "scgi") if f"--without-http_{one}_module" not in told
        }
        paths = " ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in sorted(kinds))
        user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
        return _CONFIG.format(
            folder=self.folder,
            user=user,
            temporary=paths,
            port=self.port,
            slow=SLOW,
            hub="".join(
                _HUB.format(folder=self.folder, commit=COMMIT, **one._asdict()) for one in (self.big, self.small)
            ),
        )

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        said = self._process.stderr.read().decode(errors="replace") if self._process.poll() is not None else ""
        self.stop()
        raise OSError(f"nginx does not answer: {said.strip()[-300:]}")


@contextmanager
def served(folder: Path, size: int) -> Iterator[Nginx]:
    """An nginx with a file of that size, until the block ends."""
    server = Nginx(folder, size)
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
