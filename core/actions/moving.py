"""The ways in which files change their place: never over another file, and never out of the folder that was approved."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from .types import Action, ActionFailed

_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


def put(origin: str, destination: str) -> None:
    """Rename a file within its volume. Raises FileExistsError where anything lies at the destination, OSError.

    `os.rename` would overwrite. A second name and then one name less is the same, but fails where the name is taken.
    Killed in between, both names are there and are one file; called again, it is finished.
    """
    if os.name == "nt":
        os.rename(origin, destination)
        return
    try:
        os.link(origin, destination, follow_symlinks=False)
    except FileExistsError:
        if not _two_names(origin, destination):
            raise
        os.unlink(origin)
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EXDEV, errno.ENOENT, errno.ENOTDIR, *_FULL):
            raise
        _put_without_links(origin, destination)  # exFAT, some shares, files of other users
    else:
        os.unlink(origin)
    sync_folder(os.path.dirname(destination))
    sync_folder(os.path.dirname(origin))


def _two_names(one: str, other: str) -> bool:
    """Whether these are two names of one file, and not one name twice where case tells no two apart."""
    first, second = os.lstat(one), os.lstat(other)
    if not os.path.samestat(first, second) or first.st_nlink < 2:
        return False
    (folder, name), (there, called) = os.path.split(one), os.path.split(other)
    return name.casefold() != called.casefold() or not os.path.samefile(folder or ".", there or ".")


def _put_without_links(origin: str, destination: str) -> None:
    """The name is taken by an empty file of our own first, which the rename then replaces."""
    fd = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        ours = os.fstat(fd)
    finally:
        os.close(fd)
    there = os.lstat(destination)
    if not os.path.samestat(ours, there) or there.st_size:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), destination)
    try:
        os.rename(origin, destination)
    except BaseException:
        with contextlib.suppress(OSError):
            if os.path.samestat(ours, os.lstat(destination)):
                os.unlink(destination)
        raise


def sync_folder(folder: str) -> None:
    """The names in it are on the disk. Windows opens no folders, and some shares refuse."""
    with contextlib.suppress(OSError):
        fd = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def status_of(path: str) -> os.stat_result | None:
    """The status of a regular file, through a link too; None for anything else."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def unchanged(path: str, action: Action) -> os.stat_result:
    """The status of the action's origin, which is the one that the plan was made for. Raises ActionFailed."""
    found = status_of(path)
    if found is None:
        raise ActionFailed("changed_since", f"{path} is not there any more.", "Check again, then make a new plan.")
    size, when = action.origin_size, action.origin_mtime_ns
    if (size is not None and found.st_size != size) or (when is not None and found.st_mtime_ns != when):
        raise ActionFailed(
            "changed_since", f"{path} was changed since the plan was made.", "Check again, then make a new plan."
        )
    return found


def inside(destination: str, root: str) -> None:
    """Make the folder of a destination. Raises ActionFailed: `outside` unless it lies below `root`, also through links;
    `no_folder` where what is above the root is absent, since it may be a disk that is not plugged in."""
    if not root or not os.path.isabs(root) or not below(os.path.normpath(destination), os.path.normpath(root)):
        text = f"{destination} does not lie in {root or 'a folder of ComfyUI'}."
        raise ActionFailed("outside", text, "Make a new plan.")
    outside = ActionFailed(
        "outside",
        f"{destination} does not lie in {root}: a link on the way leads out of it.",
        "Put a plain folder in place of the link, then make a new plan.",
    )
    folder = os.path.dirname(destination)
    try:
        if not below(os.path.realpath(folder), os.path.realpath(root), same=True):
            raise outside  # before anything is made behind a link
        if not os.path.lexists(root) and not os.path.isdir(os.path.dirname(root)):
            raise ActionFailed(
                "no_folder",
                f"{os.path.dirname(root)} is not there.",
                "Plug in its disk, or make the folder, then try again.",
            )
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise failed(folder, error) from None
    if not below(os.path.realpath(folder), os.path.realpath(root), same=True):
        raise outside


def below(path: str, root: str, *, same: bool = False) -> bool:
    """Whether a normal path lies below another, or is the `same`."""
    try:
        return os.path.commonpath([path, root]) == os.path.commonpath([root]) and (same or path != root)
    except ValueError:  # two drives
        return False


def named(path: str, end: str) -> str:
    """The path with `end` behind its name, which is cut where no file system would take it whole."""
    folder, name = os.path.split(path)
    kept = os.fsencode(name)[: 255 - len(end)]
    if len(kept) < len(os.fsencode(name)):
        name = kept.decode("utf-8", "ignore")
    return os.path.join(folder, f"{name}{end}")


def taken(path: str) -> ActionFailed:
    """Something lies at the destination."""
    return ActionFailed(
        "destination_taken",
        f"{path} lies there already, and nothing is ever overwritten.",
        "Look at that file; move it away if it is not needed, then make a new plan.",
    )


def failed(path: str, error: OSError) -> ActionFailed:
    """What the system said, as an action's failure."""
    if error.errno in _FULL:
        return ActionFailed("disk_full", f"There is no room for {path}.", "Free some space, then resume.", pauses=True)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "Give the user who runs ComfyUI the right to write there, then resume."
        return ActionFailed("no_permission", f"{path} may not be written.", hint)
    return ActionFailed(
        "os_error", f"{path}: {error.strerror or error}.", "Check the path and its disk, then try again."
    )
