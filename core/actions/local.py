"""Moves and links of files that are here already. Each recognises its own finished work when it is run again.

Within a volume a move is a rename. Across volumes the file is copied, compared and only then published; the original goes
into an undo folder on its own volume. Nothing is overwritten, nothing is deleted.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator

from .moving import failed, inside, named, put, status_of, sync_folder, taken, unchanged
from .types import HARD, SYMBOLIC, Action, ActionFailed, Control, Done, Output
from .undo_folder import beside, undone_names

PIECE = 4 << 20  # bytes copied at a time
_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


def move(action: Action, control: Control) -> Done:
    """Put the file at `origin` to `destination`, without overwriting.

    Raises ActionFailed: `changed_since` (the origin is not the file that the plan was made for), `destination_taken`,
    `outside`, `copy_differs`, `disk_full`, `no_permission`, `os_error`; Stopped.
    """
    control.check()
    inside(action.destination, action.root)
    origin, destination = action.origin, action.destination
    if os.path.lexists(destination):
        return _go_on(action, control)
    unchanged(origin, action)
    try:
        if os.path.islink(origin):
            _move_link(origin, destination)
        else:
            put(origin, destination)
    except FileExistsError:
        raise taken(destination) from None
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise failed(destination, error) from None
        return _move_across(action, control)
    return _moved(action)


def _go_on(action: Action, control: Control) -> Done:
    """Something lies at the destination: what an earlier run of ours brought there, or another file."""
    origin, destination = action.origin, action.destination
    if not _is_planned(destination, action):
        raise taken(destination)
    if not os.path.lexists(origin):
        aside = next((one for one in undone_names(beside(origin, f"move-{action.id}")) if _is_planned(one, action)), "")
        return _moved(action, aside)
    if os.path.samefile(origin, destination):  # killed between the second name and the first one's end
        return _finish(action)
    unchanged(origin, action)
    if _sha256(origin, control) != _sha256(destination, control):
        raise taken(destination)
    _sweep(action)  # the copy's first name
    return _moved(action, _put_aside(action), _sha256(destination, control))


def _finish(action: Action) -> Done:
    origin, destination = action.origin, action.destination
    try:
        if os.path.islink(origin) and os.path.islink(destination):
            if os.path.samestat(os.lstat(origin), os.lstat(destination)):
                raise taken(destination)
            os.unlink(origin)
        else:
            put(origin, destination)
    except FileExistsError:
        raise taken(destination) from None
    return _moved(action)


def _is_planned(path: str, action: Action) -> bool:
    """Whether this is the file of the plan by size and time. Some file systems keep a time to two seconds only."""
    found = status_of(path)
    if found is None or (action.origin_size is not None and found.st_size != action.origin_size):
        return False
    return action.origin_mtime_ns is None or abs(found.st_mtime_ns - action.origin_mtime_ns) <= 2 * 10**9


def _move_link(origin: str, destination: str) -> None:
    """A link that lies elsewhere still leads to its file: its target is written in full.

    Not by the letters of the path: what stands behind ".." depends on where the folders before it really are.
    """
    os.symlink(os.path.join(os.path.realpath(os.path.dirname(origin)), os.readlink(origin)), destination)
    os.unlink(origin)  # the link only; its twin leads to the same file
    sync_folder(os.path.dirname(destination))


def _move_across(action: Action, control: Control) -> Done:
    origin, destination = action.origin, action.destination
    _sweep(action)
    part = _part(action)
    with _coming(part, destination):
        digest = _copy(action, part, control)
        control.tell(action.origin_size or 0, action.origin_size, "comparing the copy")
        if _sha256(part, control) != digest:
            raise ActionFailed(
                "copy_differs",
                f"The copy of {origin} is not like the original, which stays where it is.",
                "Check the disk that holds the new place.",
            )
        unchanged(origin, action)
        put(part, destination)
    return _moved(action, _put_aside(action), digest)


@contextlib.contextmanager
def _coming(part: str, destination: str) -> Iterator[None]:
    """While a copy is made as `part` and gets its name: what goes wrong is told of `destination`, and no half copy stays."""
    try:
        yield
    except FileExistsError:
        raise taken(destination) from None
    except OSError as error:
        raise failed(destination, error) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)  # half a copy, and ours alone


def _part(action: Action) -> str:
    """A name that no other process writes under, so that what was compared is what is published."""
    return named(action.destination, f".{action.id}.{secrets.token_hex(4)}.part")


def _sweep(action: Action) -> None:
    """Remove the copies that killed runs of this very action left. One that is still being made fails, and harms nothing."""
    folder, name = os.path.split(named(action.destination, f".{action.id}.01234567.part"))
    ours = re.compile(re.escape(name.removesuffix("01234567.part")) + "[0-9a-f]{8}\\.part")
    with contextlib.suppress(OSError):
        for one in filter(ours.fullmatch, os.listdir(folder)):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, one))


def _copy(action: Action, part: str, control: Control) -> str:
    """Copy the origin; its SHA-256."""
    digest = hashlib.sha256()
    done = 0
    with open(action.origin, "rb", buffering=0) as source, open(part, "xb", buffering=0) as target:
        while piece := source.read(PIECE):
            control.check()
            view = memoryview(piece)
            while view:
                view = view[target.write(view) :]
            digest.update(piece)
            done += len(piece)
            control.tell(done, action.origin_size)
        os.fsync(target.fileno())
    with contextlib.suppress(OSError):  # file systems that keep no such things
        shutil.copystat(action.origin, part)
    return digest.hexdigest()


def _sha256(path: str, control: Control) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            control.check()
            digest.update(piece)
    return digest.hexdigest()


def _put_aside(action: Action) -> str:
    """Move the original of a copied file into an undo folder beside it; where it lies now."""
    try:
        for aside in undone_names(beside(action.origin, f"move-{action.id}")):
            os.makedirs(os.path.dirname(aside), exist_ok=True)
            with contextlib.suppress(FileExistsError):
                put(action.origin, aside)
                return aside
    except OSError as error:
        raise failed(action.origin, error) from None
    raise taken(action.origin)


def _moved(action: Action, aside: str = "", sha256: str | None = None) -> Done:
    size = action.origin_size
    outputs = [
        Output(action.origin, True, False, size, action.sha256),
        Output(action.destination, False, True, size, sha256 or action.sha256),
    ]
    outputs += [Output(aside, False, True, size, sha256)] if aside else []
    return Done(tuple(outputs), text=_now_in(action))


def _now_in(action: Action) -> str:
    """ "Now in models/vae"."""
    above, name = os.path.split(os.path.normpath(action.root))
    return f"Now in {'/'.join(filter(None, (os.path.basename(above), name)))}"


# ---- links --------------------------------------------------------------------------------------------------


def link(action: Action, control: Control) -> Done:
    """Give the file at `origin` a second name at `destination`: a hard link, or a symbolic one with its full path.

    Where the disk knows no links and the content is known by its hash, it is copied. Raises ActionFailed: `changed_since`,
    `destination_taken`, `cannot_link`, `copy_differs`, `outside`, `disk_full`, `no_permission`, `os_error`; Stopped.
    """
    control.check()
    inside(action.destination, action.root)
    origin, destination = os.path.abspath(action.origin), action.destination
    unchanged(origin, action)
    if os.path.lexists(destination):
        if not _is_link(action) and not _is_copy(action, control):
            raise taken(destination)
        return _linked(action)
    try:
        if action.link == SYMBOLIC:
            os.symlink(origin, destination)
        else:
            os.link(os.path.realpath(origin), destination)
    except FileExistsError:
        if not _is_link(action):
            raise taken(destination) from None
    except OSError as error:
        if error.errno in _NO_LINKS or getattr(error, "winerror", None) == 1314:
            if action.sha256:
                return _copied(action, control)
            raise _cannot(action) from None
        raise failed(destination, error) from None
    sync_folder(os.path.dirname(destination))
    return _linked(action)


def _is_link(action: Action) -> bool:
    """Whether the destination is the link that was asked for."""
    symbolic = os.path.islink(action.destination)
    with contextlib.suppress(OSError):
        return symbolic == (action.link == SYMBOLIC) and os.path.samefile(action.origin, action.destination)
    return False


def _is_copy(action: Action, control: Control) -> bool:
    """Whether the destination has the content that was asked for, as a copy of ours that was made before a kill has."""
    found = status_of(action.destination)
    if not action.sha256 or found is None or found.st_size != action.origin_size or os.path.islink(action.destination):
        return False
    _sweep(action)
    return _sha256(action.destination, control) == action.sha256


def _copied(action: Action, control: Control) -> Done:
    """In place of a link: the very content that the plan names, under the name that it asks for."""
    destination = action.destination
    _sweep(action)
    part = _part(action)
    with _coming(part, destination):
        if _copy(action, part, control) != action.sha256 or _sha256(part, control) != action.sha256:
            raise ActionFailed(
                "copy_differs",
                f"The copy of {action.origin} is not what the plan names.",
                "Check the disk, then make a new plan.",
            )
        put(part, destination)
    return _linked(action)


def _linked(action: Action) -> Done:
    return Done((Output(action.destination, False, True, action.origin_size, action.sha256),), text=_now_in(action))


def _cannot(action: Action) -> ActionFailed:
    if action.link == HARD:
        hint = "Its disk takes no second names, or it is another disk. Plan again and let the file be moved instead."
    else:
        hint = "Windows lets you make links in developer mode. Or plan again and let the file be moved instead."
    return ActionFailed("cannot_link", f"No link to {action.origin} could be made at {action.destination}.", hint)
