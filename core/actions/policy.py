"""What may be fetched, what a person has to read and confirm before, and what is refused. No I/O.

The rules and all words lie in `knowledge/policy.json`; what the person set in the protected settings wins over them,
but for what is refused about minors and bad packs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from ..http.address import target
from ..http.types import NoAnswer
from ..knowledge import document
from ..readiness.types import INFO, Evidence, Finding
from ..resolution.types import Resolution
from ..resolution.wording import bytes_text
from ..sources.links import read_link
from ..sources.roster import label
from ..sources.types import PICKLE, Candidate, PackCandidate
from .content import Content, content, turn_to
from .types import Risk

if TYPE_CHECKING:
    from ..settings import Values

GB = 1_000_000_000
CODE = "POLICY001"
ACTIVE = "Active"
_VERSION = re.compile(r"v?\d+(?:\.\d+){1,3}(?:[-+][0-9A-Za-z.-]{1,40})?")
_SCANS = ("virus_warning", "pickle_warning")
_MIRRORED = ("huggingface", "civitai", "modelscope")


class Refusal(NamedTuple):
    """Why something is not helped with, and what to do instead. `kind`: its name in `knowledge/policy.json`."""

    kind: str
    why: str
    hint: str = ""
    help: tuple[str, ...] = ()


class Judgement(NamedTuple):
    """What the policy says of a file or pack: refused, or what to know before approving it."""

    refused: Refusal | None = None
    risks: tuple[Risk, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that hold. Bytes, minutes. `mirrors`: host[:port] of an address that the person set → its service."""

    hosts: tuple[str, ...]
    mirrors: Mapping[str, str]
    max_bytes: int
    large_bytes: int
    keep_free: int
    at_once: int
    plan_minutes: int
    approval_minutes: int
    refused_licences: tuple[str, ...]
    refuse_pickle: bool

    @classmethod
    def load(cls, values: Values) -> Policy:
        """The policy with this person's settings over it."""
        rules = document("policy")
        endpoints = {name: values.endpoints[name] for name in values.endpoints if name in _MIRRORED}
        own_pace = "downloads_at_once" in values.model_fields_set
        return cls(
            hosts=(*rules["hosts"], *values.download_hosts),
            mirrors={urlsplit(address).netloc.lower(): str(name) for name, address in endpoints.items()},
            max_bytes=round((values.max_file_gb or rules["max_file_gb"]) * GB),
            large_bytes=round(rules["large_file_gb"] * GB),
            keep_free=round(rules["keep_free_gb"] * GB),
            at_once=values.downloads_at_once if own_pace else rules["at_once"],
            plan_minutes=rules["plan_minutes"],
            approval_minutes=rules["approval_minutes"],
            refused_licences=(*rules["refused_licences"], *values.refused_licences),
            refuse_pickle=values.pickle == "refuse",
        )

    # ---- addresses -------------------------------------------------------------------------------------

    def service(self, url: str, source: str) -> str:
        """The service that an address belongs to: a name of the roster; `source` where none is known to have it."""
        link = read_link(url, dict(self.mirrors))
        return link.service if link is not None else source

    def address(self, url: str) -> Refusal | None:
        """Why nothing may be fetched from this address; None where it may."""
        try:
            there = target(url, self.mirrors)
        except NoAnswer as error:
            return _refusal("address", reason=error.message)
        if there.among(self.mirrors):
            return None
        if not any(_fits(there.host, one) for one in self.hosts):
            return _refusal("host", host=there.name)
        if there.scheme != "https" and not _loopback(there.host):
            return _refusal("unencrypted", host=there.name)
        return None

    def size(self, size: int | None) -> Refusal | None:
        """Why a file of this size is not fetched; None where it is."""
        if size is None or size <= self.max_bytes:
            return None
        return _refusal("too_large", size=bytes_text(size), cap=bytes_text(self.max_bytes))

    # ---- files -----------------------------------------------------------------------------------------

    def judge(self, candidate: Candidate, copies: Sequence[Candidate] = (), *, name: str = "") -> Judgement:
        """A file. `copies`: others with the very same content, whose marks count as well; `name`: as the workflow has it."""
        same = (candidate, *copies)
        source = label(self.service(candidate.url, candidate.source))
        said = content(same, source, name)
        licence = licence_of(same)
        refused = _minors(said, self._services(same)) or self._licence(licence)
        if refused is None and candidate.format == PICKLE and self.refuse_pickle:
            refused = _refusal("pickle")
        if refused is not None:
            return Judgement(refused)
        words = {"source": source, "author": candidate.author or "an unnamed author", "licence": licence}
        risks = [risk(kind, (), **words) for kind in self._kinds(candidate, same, said)]
        if said.real_person:
            pages = (candidate.page,)
            risks.append(risk("real_person", turn_to("real_person", self._services(same), pages), **words))
        return Judgement(None, tuple(sorted(risks, key=lambda one: not one.consent)))

    def _kinds(self, candidate: Candidate, same: Sequence[Candidate], said: Content) -> Iterable[str]:
        """What is to be known of it, by the names of `risks` in the table."""
        flags = {flag for one in same for flag in one.flags}
        if candidate.format == PICKLE:
            yield "pickle"
        yield from (flag for flag in _SCANS if flag in flags)
        if said.adult:
            yield "adult"
        if said.minor:
            yield "minor"
        licence = licence_of(same)
        if _among(licence, document("policy")["non_commercial"]):
            yield "non_commercial"
        if licence.lower() in document("policy")["unclear_licences"]:
            yield "unclear_licence"
        if not licence and candidate.confirmed:  # a mere claim says nothing of a licence, not even that
            yield "no_licence"

    def _licence(self, licence: str) -> Refusal | None:
        if not licence:
            return _refusal("no_licence") if "none" in self.refused_licences else None
        refused = _among(licence, self.refused_licences)
        return _refusal("licence", licence=licence) if refused else None

    def _services(self, same: Iterable[Candidate]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.service(one.url, one.source) for one in same))

    # ---- packs -----------------------------------------------------------------------------------------

    def judge_pack(self, one: PackCandidate) -> Judgement:
        """A node pack to be installed: nothing but a fixed version that the registry has found in order."""
        refused = bad_pack((one.registry_id, one.repo, one.title, one.author), one.version)
        if refused is None and not one.registry_id:
            refused = _refusal("unregistered", repo=one.repo or one.page or "its own page")
        if refused is None and one.status != ACTIVE:
            kind = one.status.lower()
            refused = _refusal(kind if kind in document("policy")["refusals"] else "unchecked")
        if refused is None and not _VERSION.fullmatch(one.version):
            refused = _refusal("no_version")
        if refused is not None:
            return Judgement(refused._replace(help=(one.page,) if one.page and refused.kind != "bad_pack" else ()))
        return Judgement(None, (risk("runs_code", author=one.author or "an unnamed author"),))


def licence_of(same: Iterable[Candidate]) -> str:
    """The licence of a file: what the first of its copies says that says anything. Not every service tells one, and some
    only that there is one."""
    told = [one.licence for one in same if one.licence]
    unclear = document("policy")["unclear_licences"]
    return next((one for one in told if one.lower() not in unclear), told[0] if told else "")


def bad_pack(names: Iterable[str], version: str = "") -> Refusal | None:
    """Why a pack or package of one of these names (ids, addresses, authors) is known to do harm; None where none is."""
    told = {part for name in names for part in _parts(name)}
    for entry in document("policy")["bad_packs"]:
        versions = entry.get("versions", ())
        if told & set(entry["names"]) and (not versions or version.removeprefix("v") in versions):
            return _refusal("bad_pack", reason=entry["why"])
    return None


def _parts(name: str) -> set[str]:
    """ "https://github.com/AppleBotzz/ComfyUI_LLMVISION.git" → its last two parts, as all names are compared."""
    parts = name.lower().rstrip("/").removesuffix(".git").split("/")[-2:]
    return {re.sub(r"[-_. ]+", "-", part).strip("-") for part in parts if part}


def risk(kind: str, help: tuple[str, ...] = (), **words: str) -> Risk:
    """A risk in the words of `knowledge/policy.json`."""
    entry = document("policy")["risks"][kind]
    return Risk(kind, entry["text"].format(**words), entry.get("consent", "").format(**words), help)


def _refusal(kind: str, *, help: tuple[str, ...] = (), **words: str) -> Refusal:
    entry = document("policy")["refusals"][kind]
    return Refusal(kind, entry["why"].format(**words), entry["hint"].format(**words), help)


def _minors(said: Content, services: Iterable[str]) -> Refusal | None:
    if not said.refused:
        return None
    return _refusal("minors", help=turn_to("minors", services), evidence=said.refused)


def _among(licence: str, listed: Iterable[str]) -> bool:
    """Whether a licence is one of these, by whole words: "cc-by-nc-4.0" is among ("nc",)."""
    line = f" {' '.join(re.findall('[a-z0-9]+', licence.lower()))} "
    return any(f" {' '.join(re.findall('[a-z0-9]+', one.lower()))} " in line for one in listed)


def _fits(host: str, listed: str) -> bool:
    return host == listed or ("." in listed and host.endswith(f".{listed}"))


def _loopback(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


# ---- the finding -------------------------------------------------------------------------------------------


def policy_findings(findings: Sequence[Finding], resolutions: Mapping[int, Resolution]) -> tuple[Finding, ...]:
    """POLICY001 for what is missing and is sexual content with minors, or was found to be a model of a real person.

    `resolutions`: by the place of the finding. Marks and names only; no setting has a part in it. It never changes a status.
    """
    found = []
    for at, one in enumerate(findings):
        if one.code in ("MODEL001", "MODEL004") and one.weight != INFO:
            told = _finding(one, _copies(resolutions.get(at)))
            found += [told] if told is not None else []
    return tuple(found)


def _copies(resolution: Resolution | None) -> list[Candidate]:
    """The file that was found, and others of the same content; nothing while it is not certain which one it is."""
    best = resolution.best if resolution is not None else None
    if resolution is None or not isinstance(best, Candidate):
        return []
    rest = [judged.candidate for judged in resolution.candidates[1:]]
    return [best, *(one for one in rest if isinstance(one, Candidate) and best.sha256 and one.sha256 == best.sha256)]


def _finding(one: Finding, same: Sequence[Candidate]) -> Finding | None:
    source = label(same[0].source) if same else ""
    services = [other.source for other in same]
    said = content(same, source, one.name)
    refused = _minors(said, services)
    if refused is not None:
        text, mark, where = refused.why, said.refused, refused.help
    elif said.real_person:
        text, mark = risk("real_person", source=source).text, f"{source} marks it as a model of a real person."
        where = turn_to("real_person", services, (same[0].page,))
    else:
        return None
    message = f"{text} Where to turn: {', '.join(where)}" if where else text
    return Finding(CODE, INFO, one.name, message, one.nodes, one.folders, (Evidence("marked", mark),))
