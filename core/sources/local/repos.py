"""One spelling for the many addresses of a repository. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_NAME = r"[A-Za-z0-9_.-]{1,100}"
_SHORT = re.compile(rf"({_NAME})/({_NAME})")
_SSH = re.compile(r"(?:ssh://)?git@([\w.-]+)[:/](.+)")
_GITHUB = {"github.com", "www.github.com", "raw.githubusercontent.com"}


def repo_key(text: str) -> str:
    """ "owner/repo" at GitHub, "host/path" elsewhere, in lower case; "" for what is no repository.

    Takes "owner/repo", web addresses, of a file inside too, and those that git clones from.
    """
    name = repo_name(text)
    return name.lower()


def repo_name(text: str) -> str:
    """The same as it is spelt."""
    plain = text.strip()
    if len(plain) > 500 or not plain.isprintable():
        return ""
    short = _SHORT.fullmatch(plain)
    if short:
        return _owned(short[1], short[2])
    ssh = _SSH.fullmatch(plain)
    if ssh:
        plain = f"https://{ssh[1]}/{ssh[2]}"
    try:
        parts = urlsplit(plain)
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    names = [unquote(one) for one in parts.path.split("/") if one]
    if parts.scheme not in ("http", "https", "git", "ssh") or not host or "@" in parts.netloc:
        return ""
    if host in _GITHUB:
        return _owned(names[0], names[1]) if len(names) >= 2 else ""
    rest = "/".join(names).removesuffix(".git")
    return f"{host}/{rest}" if rest and ".." not in rest and rest.isprintable() else ""


def repo_address(name: str) -> str:
    """The web address of what `repo_name` gave."""
    return f"https://github.com/{name}" if name.count("/") == 1 else f"https://{name}"


def _owned(owner: str, repo: str) -> str:
    repo = repo.removesuffix(".git")
    fine = re.fullmatch(_NAME, owner) and re.fullmatch(_NAME, repo) and owner.strip(".") and repo.strip(".")
    return f"{owner}/{repo}" if fine else ""
