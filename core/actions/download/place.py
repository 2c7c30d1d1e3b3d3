"""Where a file comes to lie: below its root whatever it is called, in a folder that is held open while it comes.

Names are checked under POSIX and Windows rules alike. The folder is reached step by step without following a link, and
on POSIX everything happens relative to it from then on, so that nobody can slip another folder under it meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import ComfyFixerError
from ...files import safe_join
from ..types import ActionFailed

_CALLS = (os.open, os.mkdir, os.stat, os.link, os.rename, os.unlink)
_RELATIVE = all(one in os.supports_dir_fd for one in _CALLS) and os.link in os.supports_follow_symlinks
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FLAGS = _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = _FLAGS | os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
# What file systems say that know no hard links: exFAT, some network shares, some of Android's.
_NO_LINKS = {getattr(errno, name) for name in ("EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EXDEV", "EMLINK")}
_IN_THE_WAY = {errno.ELOOP, errno.ENOTDIR}


def safe_destination(root: str, relative: str) -> str:
    """The path of a file below `root`; `relative` may have sub-folders, with either slash.

    Raises ComfyFixerError `unsafe_name` for every name that could leave `root` or be no plain file's on any system.
    """
    path = Path(root)
    for part in relative.replace("\\", "/").split("/"):
        path = safe_join(path, part)
        if not part.isprintable() and any(0xD800 <= ord(sign) <= 0xDFFF for sign in part):
            raise ComfyFixerError("unsafe_name", f"{part!r} is no text that a file name can be", "Rename the file.")
    return str(path)


def _parts(root: str, destination: str) -> tuple[str, ...]:
    """The folders between the root and the file, and the file. Raises ActionFailed `unsafe_name`."""
    start = root.rstrip("/\\")
    rest = destination[len(start) :]
    separators = {os.sep, os.altsep} - {None}
    if not (os.path.isabs(root) and destination.startswith(start) and rest[:1] in separators):
        raise ActionFailed("unsafe_name", f"{destination!r} does not lie in {root}.", "Make a new plan.")
    try:
        return Path(safe_destination(root, rest[1:])).relative_to(root).parts
    except (ComfyFixerError, ValueError):
        text = f"{rest[1:]!r} is no name that a file in {root} can have."
        raise ActionFailed("unsafe_name", text, "Make a new plan.") from None


class Place:
    """One folder, held open. All names are of files in it; links are never followed. Everything raises OSError."""

    def __init__(self, folder: str, name: str, fd: int | None) -> None:
        self.folder = folder
        self.name = name  # of the file that is to lie here
        self._fd = fd
        status = os.fstat(fd) if fd is not None else os.stat(folder)
        self._same = (status.st_dev, status.st_ino)

    @property
    def relative(self) -> bool:
        """Whether all calls are relative to the open folder, as on POSIX."""
        return self._fd is not None

    def path(self, name: str) -> str:
        """What people read."""
        return os.path.join(self.folder, name)

    def _at(self, name: str) -> str:
        return name if self._fd is not None else self.path(name)

    def open(self, name: str, flags: int, *, follow: bool = False) -> int:
        """A descriptor of a plain file. Raises ActionFailed where something else lies there."""
        flags |= _FLAGS & ~_NO_LINK if follow else _FLAGS
        try:
            fd = os.open(self._at(name), flags, 0o666, dir_fd=self._fd)
        except OSError as error:
            if error.errno in (*_IN_THE_WAY, errno.EISDIR, errno.ENXIO):
                raise self._odd(name) from None
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise self._odd(name)
        return fd

    def _odd(self, name: str) -> ActionFailed:
        text = f"{self.path(name)} is no plain file, so it was left alone."
        return ActionFailed("unsafe_place", text, "Look what it is, remove it, and try again.")

    def status(self, name: str, *, follow: bool = False) -> os.stat_result | None:
        """What lies there; None: nothing. A link counts itself unless `follow`."""
        try:
            return os.stat(self._at(name), dir_fd=self._fd, follow_symlinks=follow)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if follow and error.errno == errno.ELOOP:
                return None
            raise

    def read(self, name: str, most: int) -> bytes | None:
        """The first `most` bytes of a small file; None where there is none."""
        try:
            fd = self.open(name, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            return os.read(fd, most)
        finally:
            os.close(fd)

    def write(self, name: str, data: bytes) -> None:
        """A whole small file, on the disk when this returns."""
        self.unlink(name)
        fd = self.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            while data:
                data = data[os.write(fd, data) :]
            os.fsync(fd)
        finally:
            os.close(fd)

    def replace(self, name: str, other: str) -> None:
        """Give a file of ours the name of another one of ours, in one step."""
        os.replace(self._at(name), self._at(other), src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def link(self, name: str, other: str) -> bool:
        """Give it a second name, where nothing has it: FileExistsError. False where the file system has no hard links."""
        try:
            if self._fd is not None:
                os.link(name, other, src_dir_fd=self._fd, dst_dir_fd=self._fd, follow_symlinks=False)
            else:
                os.link(self._at(name), self._at(other))
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return False
        return True

    def rename(self, name: str, other: str) -> None:
        """Give it another name that nothing has: FileExistsError. Nothing is overwritten.

        Where there are no hard links, a file that comes to that name in the very moment between a look and the move is.
        """
        try:
            linked = self.link(name, other)
        except FileExistsError:
            if not self.same(name, other):  # the same: this very step was done before, up to here
                raise
            linked = True
        if linked:
            return self.unlink(name)
        if self.status(other) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.path(other))
        os.rename(self._at(name), self._at(other), src_dir_fd=self._fd, dst_dir_fd=self._fd)
        return None

    def same(self, name: str, other: str) -> bool:
        """Whether two names are one file."""
        one, two = self.status(name), self.status(other)
        return one is not None and two is not None and os.path.samestat(one, two)

    def unlink(self, name: str) -> None:
        """Take a name of ours away, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self._fd)

    def names(self, start: str) -> list[str]:
        """What lies here under names that begin so."""
        return [name for name in os.listdir(self.folder if self._fd is None else self._fd) if name.startswith(start)]

    def sync(self) -> None:
        """Names are on the disk when this returns, where a folder can be told to."""
        if self._fd is not None:
            with contextlib.suppress(OSError):  # some network shares cannot
                os.fsync(self._fd)

    def free(self) -> int:
        """Bytes that we may still write here."""
        if self._fd is None:
            return shutil.disk_usage(self.folder).free
        told = os.fstatvfs(self._fd)
        return told.f_bavail * told.f_frsize

    def check(self) -> None:
        """Raise ActionFailed when the folder's path leads to another folder by now."""
        try:
            status = os.stat(self.folder)
        except OSError:
            status = None
        if status is None or (status.st_dev, status.st_ino) != self._same:
            text = f"{self.folder} was moved or replaced meanwhile."
            raise ActionFailed("place_changed", text, "See where the folder is now, and make a new plan.")


@contextmanager
def opened(root: str, destination: str) -> Iterator[Place]:
    """The folder of `destination`, which lies below `root`; it is made where it is absent. Raises ActionFailed, OSError."""
    *folders, name = _parts(root, destination)
    _make_root(root)
    real = os.path.realpath(root)
    below: tuple[str, ...] = ()
    for folder in folders:
        path = os.path.realpath(os.path.join(real, *below, folder))
        if path != real and not path.startswith(real.rstrip(os.sep) + os.sep):
            text = f"{os.path.join(root, *below, folder)} leads out of {root}."
            raise ActionFailed("unsafe_place", text, "Put a plain folder in place of the link, or use another folder.")
        below = Path(path).relative_to(real).parts
    fd = _descend(real, below)
    try:
        place = Place(os.path.dirname(destination), name, fd)
        place.check()
        yield place
    finally:
        if fd is not None:
            os.close(fd)


def _make_root(root: str) -> None:
    """Its own folder only: what is absent above it may be a disk that is not plugged in."""
    try:
        os.mkdir(root)
    except FileExistsError:
        pass
    except FileNotFoundError:
        text = f"{os.path.dirname(root.rstrip(os.sep))} is not there."
        raise ActionFailed("no_folder", text, "Plug in its disk, or make the folder, then try again.") from None


def _descend(real: str, below: tuple[str, ...]) -> int | None:
    """Open the folder, making what is absent, without following a link on the way. None where that is not possible."""
    if not _RELATIVE:
        os.makedirs(os.path.join(real, *below), exist_ok=True)
        return None
    fd = -1
    try:
        fd = os.open(real, _FOLDER)
        for folder in below:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, dir_fd=fd)
            inner = os.open(folder, _FOLDER, dir_fd=fd)
            os.close(fd)
            fd = inner
    except OSError as error:
        if fd >= 0:
            os.close(fd)
        if error.errno in _IN_THE_WAY:
            text = f"{os.path.join(real, *below)} is no plain folder."
            raise ActionFailed("unsafe_place", text, "Look what is in its way, and try again.") from None
        raise
    return fd
