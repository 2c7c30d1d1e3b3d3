"""The evidence ladder for files: candidates and what was heard → RESOLVED, UNCERTAIN or NOT_FOUND. Pure.

hash equal · the workflow's own address or id, confirmed at its source · a telling exact name with fitting type, family
and folder, when every source that may be asked answered and all such files are one file. Anything less is UNCERTAIN:
likeness, popularity and a service's order of results only sort candidates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from ..knowledge import document
from ..sources import names
from ..sources.names import base, likeness, stem
from ..sources.types import ARCHIVED, PICKLE, TAKEN_DOWN, Candidate
from .types import (
    AUTHOR_LINK,
    EXACT_NAME,
    FILE,
    HASH,
    NOT_FOUND,
    RESOLVED,
    UNCERTAIN,
    Judged,
    Resolution,
    Silence,
    Want,
)
from .wants import SHARED
from .wording import bytes_text, listed, source_label

MOST_SHOWN = 8  # candidates kept in a verdict, one per content
NEAR = 0.5  # likeness below which a name is not worth showing
_SLACK = 1024  # bytes: Civitai counts in thousandths of a kilobyte


@dataclass(slots=True)
class Evidence:
    """What a search brought together for one file."""

    candidates: dict[str, Candidate] = field(default_factory=dict)  # by id, the best knowledge of each
    authored: set[str] = field(default_factory=set)  # ids that the workflow itself points to
    claimed: dict[str, str] = field(default_factory=dict)  # id → which catalogue on this disk names it for this name
    silent: dict[str, str] = field(default_factory=dict)  # source → why it did not answer
    asked: set[str] = field(default_factory=set)  # sources that were asked for this name and answered
    free: Mapping[str, int] = field(default_factory=dict)  # folder → free bytes on its volume

    def add(self, found: Sequence[Candidate]) -> None:
        """Take candidates; a confirmed one replaces a claim of the same file."""
        for one in found:
            old = self.candidates.get(one.id)
            if old is None:
                self.candidates[one.id] = one
            elif one.confirmed or not old.confirmed:  # the folder that a catalogue names is told by nobody else
                self.candidates[one.id] = replace(
                    one, folder=one.folder or old.folder, said_by=one.said_by or old.said_by
                )


class Case:
    """One file and its evidence, judged."""

    def __init__(self, want: Want, evidence: Evidence, generic: frozenset[str], enabled: Collection[str]) -> None:
        self.want = want
        self.evidence = evidence
        self.generic = is_generic(want.name, generic)
        self.enabled = enabled  # the file services that may be asked
        self.all = list(evidence.candidates.values())

    # ---- the rungs ---------------------------------------------------------------------------------------

    def verdict(self) -> Resolution:
        """The first rung that holds, else UNCERTAIN or NOT_FOUND."""
        return self._by_hash() or self._by_author() or self._by_name() or self._open()

    def settled(self) -> bool:
        """Whether the evidence so far is enough, so that no more need be asked."""
        return (self._by_hash() or self._by_author()) is not None

    def _by_hash(self) -> Resolution | None:
        if not self.want.sha256:
            return None
        same = [one for one in self.all if one.confirmed and one.sha256 == self.want.sha256 and available(one)]
        if not same:
            return None
        best = self._sorted(same)
        return self._resolved(HASH, best, f"It has the very content (SHA-256) that is asked for, says {_at(best[0])}.")

    def _by_author(self) -> Resolution | None:
        pointed = [one for one in self.all if one.id in self.evidence.authored and one.confirmed]
        usable = [one for one in pointed if available(one) and not self._other_content(one)]
        contents = {one.sha256 or one.id for one in usable}
        if len(contents) != 1:
            return None
        best = self._sorted(usable)
        rest = [one for one in self.all if one not in usable and _same(one, best[0]) and available(one)]
        text = f"The workflow itself points to it, and {_at(best[0])} confirms that it is there."
        return self._resolved(AUTHOR_LINK, [*best, *self._sorted(rest)], text)

    def _by_name(self) -> Resolution | None:
        if self.generic or self.evidence.silent or not self.enabled or not set(self.enabled) <= self.evidence.asked:
            return None
        hits = [one for one in self.exact() if not self.disqualified(one)]
        if not hits or not all(one.confirmed and one.sha256 for one in hits):
            return None
        if len({one.sha256 for one in hits}) != 1 or not any(available(one) for one in hits):
            return None
        best = self._sorted([one for one in hits if available(one)])
        where = listed([source_label(name) for name in sorted({one.source for one in hits}, key=_rank)])
        files = "one file carries" if len(hits) == 1 else f"{len(hits)} copies of one file carry"
        text = f"Of all that was asked, {files} this name, at {where}, and it fits the node."
        return self._resolved(EXACT_NAME, best, text)

    def _resolved(self, rung: str, best: Sequence[Candidate], why: str) -> Resolution:
        judged = tuple(self.judge(one) for one in best[:MOST_SHOWN])
        mirrors = sum(_same(one, best[0]) for one in best[1:MOST_SHOWN])
        return self._made(RESOLVED, why, judged, rung=rung, mirrors=mirrors, folder=self._folder(best[0]))

    def _open(self) -> Resolution:
        judged = [self.judge(one) for one in self._shown()]
        folder = self._folder(judged[0].candidate if judged else None)
        if not judged and not self.evidence.silent and self.evidence.asked:
            return self._made(NOT_FOUND, "Nobody who was asked has a file of this name.", (), folder=folder)
        return self._made(UNCERTAIN, self._doubt(), tuple(judged), folder=folder)

    def _made(
        self,
        state: str,
        why: str,
        candidates: tuple[Judged, ...],
        *,
        rung: str = "",
        mirrors: int = 0,
        folder: str = "",
    ) -> Resolution:
        silent = tuple(Silence(name, why) for name, why in sorted(self.evidence.silent.items()))
        settle = () if state == RESOLVED else tuple(self._settle())
        want = self.want
        return Resolution(want.key, FILE, want.name, state, why, rung, folder, candidates, mirrors, settle, silent)

    # ---- what is doubtful --------------------------------------------------------------------------------

    def exact(self) -> list[Candidate]:
        """The candidates that carry the very name, in any case; a name without a suffix is a stem."""
        return [one for one in self.all if self.named(one)]

    def named(self, one: Candidate) -> bool:
        """Whether a candidate's file is called what the workflow asks for."""
        wanted = base(self.want.name).lower()
        return wanted in ((stem(one.file).lower(),) if self.want.stem else (one.file.lower(), base(one.path).lower()))

    def disqualified(self, one: Candidate) -> str:
        """Why a file of the right name cannot be the one; "" where nothing says so."""
        return self._other_content(one) or self._other_place(one) or self._other_family(one)

    def _other_content(self, one: Candidate) -> str:
        if self.want.sha256 and one.sha256 and one.sha256 != self.want.sha256:
            return "Its content is another one: the SHA-256 differs"
        if self.want.size and one.size and abs(self.want.size - one.size) > _SLACK:
            return f"It has {bytes_text(one.size)}, and {bytes_text(self.want.size)} are asked for"
        return ""

    def _other_place(self, one: Candidate) -> str:
        """What its service calls it, or the folder it lies in there, tells another kind of file. Its name alone does not."""
        told = one.folder if one.kind else names.place_of(one.path)
        if not told or not self.want.folders or told in self.want.folders:
            return ""
        if {told, *self.want.folders} <= _MODELS:  # a checkpoint at Civitai is often a diffusion model alone
            return ""
        return f"It is a file for {told}, and the node reads {listed(self.want.folders, 'or')}"

    def _other_family(self, one: Candidate) -> str:
        if self.want.folders and all(folder in SHARED for folder in self.want.folders):
            return ""
        found = names.family_of_base_model(one.base_model) or names.family_of(stem(one.file))
        if names.fits_family(self.want.family, found) is False:
            mine, other = names.family_label(self.want.family), names.family_label(found)
            return f"It is made for {other}, and the workflow works with {mine}"
        return ""

    def _doubt(self) -> str:
        """Why it is not settled, in one sentence."""
        exact, silent = self.exact(), self.evidence.silent
        fitting = [one for one in exact if not self.disqualified(one)]
        contents = {one.sha256 for one in fitting if one.sha256}
        if silent and not fitting:
            who = listed([source_label(name) for name in sorted(silent)])
            return f"{who} did not answer, so whether the file is there is not known."
        if not self.evidence.asked and not self.enabled:
            known = (
                "what this machine knows of the file is not confirmed"
                if self.all
                else "and this machine knows nothing of it"
            )
            return f"No service was asked, {'so ' if self.all else ''}{known}."
        if exact and not fitting:
            return "A file of this name exists, but it does not fit what the workflow asks for."
        if fitting and not any(available(one) for one in fitting):
            return "The file exists, but it can no longer be had there."
        if self.generic and fitting:
            return "Many different files carry this common name, so the name proves nothing."
        if len(contents) > 1:
            return f"{len(contents)} different files carry this name."
        if fitting and not all(one.confirmed for one in fitting):
            return "A file of this name is claimed, but its source could not confirm it."
        if fitting and not all(one.sha256 for one in fitting):
            return "A file of this name exists, but its source does not show its hash, so it cannot be compared."
        if silent:
            who = listed([source_label(name) for name in sorted(silent)])
            return f"One file of this name was found, but {who} did not answer and may have another."
        return "No file of this very name was found, only similar names." if self.all else "Nothing is known of it."

    def _settle(self) -> list[str]:
        found = []
        if self.evidence.silent:
            found.append(f"Ask {listed([source_label(name) for name in sorted(self.evidence.silent)])} again later")
        if not self.enabled:
            found.append("Let services be asked: they can confirm a file and its hash")
        if not self.want.sha256:
            found.append("The file's SHA-256, or a link to it in the workflow's notes, would settle it")
        if any(one.gate for one in self.exact() if not one.sha256):
            found.append("A key of yours for that service lets it show the hash")
        if self.all:
            found.append("Choose one yourself: the choice is remembered")
        return found

    # ---- candidates --------------------------------------------------------------------------------------

    def judge(self, one: Candidate) -> Judged:
        """What speaks for a candidate, and what against."""
        fits, against = [], []
        if self.named(one):
            fits.append("It carries the very name")
        else:
            against.append(_difference(self.want.name, one.file))
        if self.want.sha256 and one.sha256 == self.want.sha256:
            fits.append("Its SHA-256 is the one asked for")
        if one.id in self.evidence.authored:
            fits.append("The workflow points to it")
        elif one.id in self.evidence.claimed:
            fits.append(f"{source_label(self.evidence.claimed[one.id])} name it for this file")
        elif _curated(one.author):
            fits.append(f"Its author {one.author} publishes models for ComfyUI")
        if why := self.disqualified(one):
            against.append(why)
        elif one.folder and one.folder in self.want.folders:
            fits.append(f"It is a file for {one.folder}")
        elif one.folder and self.want.folders and not {one.folder, *self.want.folders} <= _MODELS:
            against.append(f"Its name speaks of {one.folder}, and the node reads {listed(self.want.folders, 'or')}")
        if names.fits_family(self.want.family, one.family or names.family_of_base_model(one.base_model)):
            fits.append(f"It is made for {names.family_label(self.want.family)}")
        against += _warnings(one)
        room = self.evidence.free.get(self._folder(one), -1)
        if one.size and room >= 0:
            enough = one.size < room
            text = f"{bytes_text(one.size)} of {bytes_text(room)} free on that disk"
            (fits if enough else against).append(text if enough else f"It does not fit the disk: {text}")
        return Judged(one, tuple(fits), tuple(against))

    def _shown(self) -> list[Candidate]:
        """One per content, the likeliest first; names that are hardly alike are left out."""
        told = self.evidence.authored | self.evidence.claimed.keys()
        near = [one for one in self.all if self.named(one) or one.id in told or self._near(one)]
        shown: list[Candidate] = []
        for one in self._sorted(near):
            if not any(_same(one, other) for other in shown):
                shown.append(one)
        return shown[:MOST_SHOWN]

    def _near(self, one: Candidate) -> bool:
        if self.want.sha256 and one.sha256 == self.want.sha256:
            return True
        mine, other = (names.core_words(stem(name)) for name in (self.want.name, one.file))
        return mine == other or (bool(set(mine) & set(other)) and likeness(self.want.name, one.file) >= NEAR)

    def _sorted(self, found: Sequence[Candidate]) -> list[Candidate]:
        copies: dict[str, int] = {}
        for one in found:
            if one.sha256:
                copies[one.sha256] = copies.get(one.sha256, 0) + 1

        def rank(one: Candidate) -> tuple[object, ...]:
            exact = self.named(one)
            return (
                bool(self.want.sha256) and one.sha256 != self.want.sha256,
                not exact,
                bool(self.disqualified(one)),
                one.id not in self.evidence.authored,
                one.id not in self.evidence.claimed,
                not available(one),
                0.0 if exact else -likeness(self.want.name, one.file),
                one.format == PICKLE,
                _authority(one.author),
                -copies.get(one.sha256 or "", 0),
                bool(one.gate),
                not one.confirmed,
                _rank(one.source),
                -(one.downloads or 0),
                one.id,
            )

        return sorted(found, key=rank)

    def _folder(self, one: Candidate | object | None) -> str:
        told = one.folder if isinstance(one, Candidate) else ""
        if told and (not self.want.folders or told in self.want.folders):
            return told
        return self.want.folders[0] if self.want.folders else ""


_MODELS = frozenset({"checkpoints", "diffusion_models"})
_ORDER = ("huggingface", "civitai", "modelscope", "direct", "web")


def available(one: Candidate) -> bool:
    """Whether it can still be had at all, if only with an account or money."""
    return one.gate not in (ARCHIVED, TAKEN_DOWN)


def is_generic(name: str, generic: frozenset[str]) -> bool:
    """Whether many different files carry this name, so that equal names prove nothing."""
    own = base(name).lower()
    return own in generic or f"{own}.safetensors" in generic or stem(own).isdecimal()


def _same(one: Candidate, other: Candidate) -> bool:
    return one.sha256 == other.sha256 if one.sha256 and other.sha256 else one.id == other.id


def _at(one: Candidate) -> str:
    return source_label(one.source)


def _rank(source: str) -> int:
    return _ORDER.index(source) if source in _ORDER else len(_ORDER)


@cache
def _authors() -> Mapping[str, int]:
    return {str(one["name"]).lower(): at for at, one in enumerate(document("authors")["authors"])}


def _curated(author: str) -> bool:
    return author.lower() in _authors()


def _authority(author: str) -> int:
    return _authors().get(author.lower(), len(_authors()))


def _difference(wanted: str, found: str) -> str:
    """In words, what sets two names apart: another build, another version, another name."""
    builds = names.variant(stem(wanted)), names.variant(stem(found))
    if names.core_words(stem(wanted)) == names.core_words(stem(found)) and builds[0] != builds[1]:
        mine, theirs = (" ".join(sorted(one - other)) for one, other in (builds, builds[::-1]))
        return f"It is another build: {theirs or 'plain'} instead of {mine or 'plain'}"
    return f"It has another name: {found}"


def _warnings(one: Candidate) -> list[str]:
    found = []
    if one.format == PICKLE:
        found.append("It is a pickle file, which can run code when it is loaded")
    if one.gate:
        found.append(one.gate_text or one.gate.replace("_", " "))
    if not one.confirmed:
        found.append("Its source has not confirmed it")
    words = {
        "poi": "It shows a real person",
        "minor": "Its author marks it as showing a minor",
        "nsfw": "It is marked as adult content",
        "pickle_warning": "Its service's scan for unsafe code did not pass",
        "virus_warning": "Its service's virus scan did not pass",
    }
    found += [words[flag] for flag in one.flags if flag in words]
    return found
