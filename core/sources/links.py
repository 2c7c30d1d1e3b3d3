"""What an address of a model file means: which service, which repo and path, which version. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

HUGGINGFACE, CIVITAI, MODELSCOPE, DIRECT = "huggingface", "civitai", "modelscope", "direct"

_HOSTS = {
    **dict.fromkeys(("huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com"), HUGGINGFACE),
    **dict.fromkeys(("civitai.com", "www.civitai.com", "civitai.red", "www.civitai.red", "civitai.green"), CIVITAI),
    **dict.fromkeys(("modelscope.cn", "www.modelscope.cn", "modelscope.ai", "www.modelscope.ai"), MODELSCOPE),
}
_AIR = re.compile(r"urn:air:([^:]+):([^:]+):([a-z]+):([^@+.]+)(?:@([^+.]+))?(?:\+(\d+))?(?:\.\w+)?", re.I)
_NAME = r"[\w.-]{1,96}"
_REPO = re.compile(rf"{_NAME}/{_NAME}")


class Link(NamedTuple):
    """A parsed address. Ids are digits as text; "" where the address does not have them."""

    service: str
    repo: str = ""  # "owner/name"
    path: str = ""  # inside the repo, decoded
    revision: str = ""  # branch, tag or commit
    model: str = ""  # Civitai
    version: str = ""
    file: str = ""
    image: str = ""  # a picture there, which tells what it was made with

    @property
    def base(self) -> str:
        """The file's own name at the end of the path; "" for a Civitai id."""
        return self.path.rpartition("/")[2]


def read_link(text: str, mirrors: dict[str, str] | None = None) -> Link | None:
    """The meaning of an address or AIR name; None when it belongs to no service we know.

    `mirrors`: host[:port] in lower case → service, for mirrors that the person set.
    """
    if text[:8].lower() == "urn:air:":
        return _air(text)
    try:
        parts = urlsplit(text.strip())
        host, netloc = (parts.hostname or "").lower(), parts.netloc.lower()
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in netloc:
        return None
    service = (mirrors or {}).get(netloc) or _HOSTS.get(host)
    names = [unquote(part) for part in parts.path.split("/") if part]
    if any(name in (".", "..") or "\0" in name or "/" in name for name in names):
        return None
    if service == CIVITAI:
        return _civitai(names, parse_qs(parts.query))
    if service == HUGGINGFACE:
        return _huggingface(names)
    if service == MODELSCOPE:
        return _modelscope(names, parse_qs(parts.query))
    return None


def _air(text: str) -> Link | None:
    found = _AIR.fullmatch(text.strip())
    if not found:
        return None
    _ecosystem, _kind, source, name, version, file = found.groups()
    if source.lower() == CIVITAI and name.isdecimal() and (version or "").isdecimal():
        return Link(CIVITAI, model=name, version=version, file=file or "")
    if source.lower() == HUGGINGFACE and _REPO.fullmatch(name):
        return Link(HUGGINGFACE, repo=name, revision=version or "")
    return None


def _huggingface(names: list[str]) -> Link | None:
    if names[:1] in (["datasets"], ["spaces"], ["api"]) or len(names) < 2:
        return None
    repo = "/".join(names[:2])
    if not _REPO.fullmatch(repo):
        return None
    if len(names) >= 5 and names[2] in ("resolve", "blob", "raw"):
        return Link(HUGGINGFACE, repo, "/".join(names[4:]), names[3])
    if len(names) >= 4 and names[2] == "tree":
        return Link(HUGGINGFACE, repo, "", names[3])
    return Link(HUGGINGFACE, repo)


def _civitai(names: list[str], query: dict[str, list[str]]) -> Link | None:
    def one(key: str) -> str:
        value = (query.get(key) or [""])[0]
        return value if value.isdecimal() else ""

    def digits(at: int) -> str:
        return names[at] if len(names) > at and names[at].isdecimal() else ""

    if names[:3] == ["api", "download", "models"] and digits(3):
        return Link(CIVITAI, version=digits(3), file=one("fileId"))
    if names[:3] == ["api", "v1", "model-versions"] and digits(3):
        return Link(CIVITAI, version=digits(3))
    if names[:3] == ["api", "v1", "models"] and digits(3):
        return Link(CIVITAI, model=digits(3))
    if names[:1] == ["models"] and digits(1):
        return Link(CIVITAI, model=digits(1), version=one("modelVersionId"))
    if names[:1] == ["images"] and digits(1):
        return Link(CIVITAI, image=digits(1))
    if names[:1] == ["model-versions"] and digits(1):
        return Link(CIVITAI, version=digits(1))
    return None


def _modelscope(names: list[str], query: dict[str, list[str]]) -> Link | None:
    if names[:3] == ["api", "v1", "models"]:
        names = names[2:]
    if names[:1] != ["models"] or len(names) < 3:
        return None
    repo = "/".join(names[1:3])
    if not _REPO.fullmatch(repo):
        return None
    path = (query.get("FilePath") or [""])[0]
    if len(names) >= 4 and names[3] == "repo" and path:
        return Link(MODELSCOPE, repo, path, (query.get("Revision") or ["master"])[0])
    if len(names) >= 6 and names[3] in ("resolve", "file"):
        rest = names[4:] if names[3] == "resolve" else names[5:]
        return Link(MODELSCOPE, repo, "/".join(rest[1:]), rest[0])
    return Link(MODELSCOPE, repo)
