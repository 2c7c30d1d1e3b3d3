"""What may stand in a command or a request: ids, versions and addresses of packs come from strangers. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ...errors import ComfyFixerError
from ..types import PackTask

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")  # no leading dash: it would be an option
_VERSION = re.compile(r"v?[0-9][0-9A-Za-z.+_-]{0,60}")  # never "latest" or "nightly": the plan names one version
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\.)+[a-z]{2,24}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def checked(task: PackTask) -> PackTask:
    """The task itself, when its registry id and version are plain. Raises ComfyFixerError `unsafe_name`."""
    if not _ID.fullmatch(task.registry_id):
        raise unsafe("The registry id of this pack")
    if not _VERSION.fullmatch(task.version):
        raise unsafe(f"The version of the pack {task.registry_id}")
    return task


def repository(address: str) -> tuple[str, str]:
    """A repository's address as it may stand in a command, and the folder that a clone of it gets.

    https only, a host with a name, at least owner and name. Raises ComfyFixerError `unsafe_name`.
    """
    try:
        parts = urlsplit(address)
        odd = (
            not address.isprintable()
            or parts.query
            or parts.fragment
            or parts.netloc.lower() != (parts.hostname or "").lower()
        )
    except ValueError:
        raise unsafe("The address of this pack's repository") from None
    path = [one for one in parts.path.split("/") if one]
    plain = parts.scheme == "https" and _HOST.fullmatch((parts.hostname or "").lower()) and not odd
    if not plain or not 2 <= len(path) <= 6 or not all(_PART.fullmatch(one) for one in path):
        raise unsafe("The address of this pack's repository")
    name = path[-1].removesuffix(".git")
    if not _PART.fullmatch(name):
        raise unsafe("The address of this pack's repository")
    return f"https://{parts.netloc.lower()}/{'/'.join(path)}", name


def path(text: str, *, windows: bool) -> str:
    """A path on this computer as it may be pasted into a shell. Raises ComfyFixerError `unsafe_name`.

    Nothing that a person cannot see may be in it, and nothing that a Windows prompt takes for more than a letter
    even within quotes.
    """
    if not text or not text.isprintable() or (windows and any(sign in text for sign in '"%!')):
        raise unsafe("A folder's name in the path to this pack")
    return text


def unsafe(what: str) -> ComfyFixerError:
    """The error for a name that no command or request may hold."""
    return ComfyFixerError(
        "unsafe_name",
        f"{what} holds what no such name should hold, so no command is made of it.",
        "Look at the pack's own page, and install it by hand if you trust it.",
    )
