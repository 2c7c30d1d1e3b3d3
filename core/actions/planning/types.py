"""What planning is given and asks for. Plain values and protocols; no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ...errors import ComfyFixerError
from ...inventory.types import Inventory
from ...readiness.types import Finding
from ...resolution.types import Resolution
from ..policy import CODE, Policy, Refusal
from ..types import COMMAND, LINK, MOVE, Action, LeftOut, Offer

FILE, PACK, LOCAL, OTHER = "file", "pack", "local", "other"  # kinds of what is left out


class Need(NamedTuple):
    """One finding of one workflow. `path`: its file, "" for the graph on the canvas; `resolution`: once it was looked up."""

    workflow: str
    path: str
    finding: Finding
    resolution: Resolution | None = None


class Disk(Protocol):
    """Questions to the disk that is written to. None: it cannot be told."""

    def free(self, path: str) -> tuple[int, int] | None:
        """Bytes of the volume that holds this path, or would: total, and free."""

    def exists(self, path: str) -> bool:
        """Whether anything lies there, a broken link too."""

    def status(self, path: str) -> tuple[int, int] | None:
        """Size in bytes and mtime_ns of a plain file."""

    def volume(self, path: str) -> str:
        """A name that two paths on one volume share."""

    def same(self, sha256: str, size: int | None) -> str | None:
        """The path of a model file with that content."""

    def writable(self, folder: str) -> bool:
        """Whether files can be put into this folder, which is there."""

    def in_the_way(self, folder: str, root: str) -> str | None:
        """What on the way down from `root` to `folder` is no folder inside of it: a file, or a link that leads out."""


class Announced(Protocol):
    """What a source says now of a file that is not fetched yet."""

    @property
    def size(self) -> int | None: ...

    @property
    def etag(self) -> str: ...

    @property
    def sha256(self) -> str | None: ...


# Asks a source: offer, size and SHA-256 as far as they are known. Raises ComfyFixerError.
Announce = Callable[[Offer, "int | None", "str | None"], "Announced | None"]
# The findings, as (code, name), that a workflow of these bytes in place of the file `path` would have.
Recheck = Callable[[str, bytes], Collection[tuple[str, str]]]


class NotPlanned(Exception):
    """Something is left out of the plan, for this reason. Caught within planning."""

    def __init__(self, why: str, hint: str = "", *, code: str = "", help: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why, self.hint, self.code, self.help = why, hint, code, help


def refuse(refused: Refusal | None) -> None:
    """Raise NotPlanned where the policy refuses."""
    if refused is not None:
        raise NotPlanned(refused.why, refused.hint, code=CODE, help=refused.help)


class Group(NamedTuple):
    """The needs of several workflows for the very same thing."""

    needs: tuple[Need, ...]

    @property
    def finding(self) -> Finding:
        """One of their findings: all read the same but for their nodes."""
        return self.needs[0].finding

    @property
    def resolution(self) -> Resolution | None:
        """Where it can be had, once it was looked up."""
        return self.needs[0].resolution

    @property
    def workflows(self) -> tuple[str, ...]:
        """Their names, each once."""
        return unique(need.workflow for need in self.needs)


class Wish(NamedTuple):
    """A name in a workflow that should become another, once the action `after` is done ("": at once)."""

    need: Need
    before: str
    now: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """Everything a plan is made from but the needs."""

    inventory: Inventory
    policy: Policy
    disk: Disk
    place: str
    in_use: frozenset[str] = frozenset()  # paths of model files that workflows use where they lie
    keyed: frozenset[str] = frozenset()  # services that the person has a key for
    prefer: Mapping[str, str] = field(default_factory=dict)  # action id → "move" or "link"
    manager: str = COMMAND
    announce: Announce | None = None
    graph: Callable[[str], bytes] | None = None
    recheck: Recheck | None = None
    cancel: Callable[[], bool] | None = None

    def check(self) -> None:
        """Raise ComfyFixerError `cancelled` where the person wants no plan any more."""
        if self.cancel is not None and self.cancel():
            raise ComfyFixerError("cancelled", "Planning was cancelled.")


@dataclass(slots=True)
class Draft:
    """A plan in the making. Actions by id; each knows the first group that wanted it."""

    actions: dict[str, Action] = field(default_factory=dict)
    wanted: dict[str, Group] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def take(self, action: Action, group: Group) -> None:
        """Add an action."""
        self.actions[action.id] = action
        self.wanted.setdefault(action.id, group)

    def leave(self, group: Group, kind: str, why: NotPlanned) -> None:
        """Say what is left out."""
        key = group.resolution.key if group.resolution is not None else ""
        finding = group.finding
        name = (finding.pack if kind == PACK else None) or finding.name
        self.left_out.append(
            LeftOut(name, kind, why.code or finding.code, why.why, why.hint, key, group.workflows, why.help)
        )

    def drop(self, id: str, kind: str, why: NotPlanned) -> None:
        """Take an action out again, with what was to follow it."""
        action = self.actions.pop(id)
        self.wishes = [wish for wish in self.wishes if wish.after != id]
        self.leave(self.wanted[id], kind, why)
        self.left_out[-1] = self.left_out[-1]._replace(workflows=action.workflows)  # those that joined it later, too
        for other in [one for one in self.actions.values() if id in one.after]:
            self.drop(other.id, kind, why)


def action_id(kind: str, what: str) -> str:
    """The same for the same thing in every plan, so that what a person left out or preferred stays so.

    A file that is moved or linked is the same thing either way.
    """
    name = "here" if kind in (MOVE, LINK) else kind
    return hashlib.sha256(f"{name}\0{what}".encode("utf-8", "surrogatepass")).hexdigest()[:10]


def kind_of(action: Action) -> str:
    """What an action that is left out counts as."""
    return PACK if action.pack is not None else FILE if action.offers else LOCAL


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(names))


def plain(name: str) -> str:
    """A name with "/" as separator, as names are compared."""
    return name.replace("\\", "/")
