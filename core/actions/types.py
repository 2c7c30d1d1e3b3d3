"""Plan and actions, what became of each, and the one error. Pure values.

A plan is exactly its canonical bytes: `digest(plan)` is their SHA-256, `load` takes those bytes and nothing else. What
a person approves is that digest, so that no byte of a plan can change between the look and the run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple, Protocol

from ..errors import ComfyFixerError

SCHEMA = 1

# Kinds of actions, in the order in which a run does them.
MOVE, LINK, DOWNLOAD, RELINK, WRITE_VERSION, ENABLE_PACK, INSTALL_PACK = (
    *("move", "link", "download", "relink", "write_version", "enable_pack", "install_pack"),
)
KINDS = (MOVE, LINK, DOWNLOAD, RELINK, WRITE_VERSION, ENABLE_PACK, INSTALL_PACK)
HARD, SYMBOLIC = "hard", "symbolic"
MANAGER_V4, MANAGER_V3, COMMAND = "manager_v4", "manager_v3", "command"  # ways to a pack

# What is known of a file that was fetched. Never one for the other.
VERIFIED = "verified"  # the SHA-256 is the one that the plan names
SIZE_ONLY = "size_only"  # the plan names no hash; the size is the announced one
UNVERIFIABLE = "unverifiable"  # neither hash nor size was ever announced
MISMATCH = "mismatch"  # it is not what the plan names: kept aside, never under the final name

# States of an action in a run, and of a run.
WAITS, RUNNING, PAUSED, DONE, FAILED, CANCELLED, SKIPPED = (
    *("waits", "running", "paused", "done", "failed", "cancelled", "skipped"),
)
BY_HAND = "by_hand"  # code of an ActionFailed that is none: the person has to do it; the action ends as SKIPPED
VOIDED, INTERRUPTED = "voided", "interrupted"  # of a run: a source serves something else now; ComfyUI ended meanwhile

Json = dict[str, Any]


class Risk(NamedTuple):
    """What to know before approving. `consent`: what the person must confirm, in words; "" where reading is enough."""

    code: str  # "pickle", "real_person", "adult", "non_commercial", "no_licence", "no_hash", "virus_warning", …
    text: str
    consent: str = ""
    help: tuple[str, ...] = ()  # where to turn


class Offer(NamedTuple):
    """One place where the file can be had. All offers of an action are the same content."""

    id: str  # of the candidate: "huggingface:owner/repo@path"
    source: str  # name in the roster
    by: str  # what people call the source: "Hugging Face"
    url: str
    page: str = ""
    repo: str = ""
    revision: str = ""
    author: str = ""
    licence: str = ""
    gate: str = ""
    gate_text: str = ""
    etag: str = ""  # strong ETag when it was planned, where no hash is known


class Edit(NamedTuple):
    """One text of a workflow's JSON that becomes another. `pointer` is a JSON pointer into the file."""

    pointer: str
    before: str
    after: str


class PackTask(NamedTuple):
    """A pack and the way to it. `command`: what a person can paste, for every way."""

    registry_id: str = ""
    repo: str = ""  # address of its repository
    version: str = ""
    status: str = ""  # "Active" … as the registry says
    through: str = COMMAND
    command: str = ""
    folder: str = ""  # of a pack that is here and disabled


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. Paths are absolute. `destination` is where something new comes to lie, below `root`."""

    id: str  # unique in its plan
    kind: str
    title: str  # what people call it: a file, a workflow version, a pack
    destination: str = ""
    root: str = ""
    folder: str = ""  # `folder_paths` name of the destination
    size: int | None = None  # bytes
    sha256: str | None = None  # of what will lie at `destination`
    offers: tuple[Offer, ...] = ()  # download: the first one, and the others when it fails
    format: str = ""  # safetensors, gguf, pickle …
    origin: str = ""  # move, link: the file that is here; relink, write_version: the workflow
    origin_size: int | None = None
    origin_mtime_ns: int | None = None
    link: str = ""  # HARD or SYMBOLIC
    edits: tuple[Edit, ...] = ()  # relink
    content: str = ""  # write_version: the whole text of the new version
    pack: PackTask | None = None
    aside: str = ""  # download: where a damaged file that lies at `destination` is moved first
    workflows: tuple[str, ...] = ()  # that need it
    why: str = ""  # one sentence: the evidence
    chosen: bool = False  # a person chose the candidate
    risks: tuple[Risk, ...] = ()
    after: tuple[str, ...] = ()  # ids of actions that must be done before it


class LeftOut(NamedTuple):
    """Something missing that the plan does not bring, why, and what to do."""

    name: str
    kind: str  # "file", "pack", "local" or "other"
    code: str  # finding code; POLICY001 where the policy refuses it
    why: str
    hint: str = ""
    key: str = ""  # of the resolution, where there is one
    workflows: tuple[str, ...] = ()
    help: tuple[str, ...] = ()


class Volume(NamedTuple):
    """One disk that the plan writes to. Bytes."""

    path: str
    total: int
    free: int
    needed: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, in order. Nothing in it has happened."""

    made: float  # seconds since the epoch
    expires: float
    place: str  # the installation
    workflows: tuple[str, ...]  # it is for
    actions: tuple[Action, ...]
    left_out: tuple[LeftOut, ...] = ()
    volumes: tuple[Volume, ...] = ()
    at_once: int = 2  # downloads at the same time
    nonce: str = ""  # makes every plan a new one, so that an approval can never fit two

    @property
    def bytes(self) -> int:
        """Bytes to download, as far as they are known."""
        return sum(one.size or 0 for one in self.actions if one.kind == DOWNLOAD)

    @property
    def unsized(self) -> int:
        """Downloads of unknown size."""
        return sum(one.size is None for one in self.actions if one.kind == DOWNLOAD)

    def action(self, id: str) -> Action | None:
        """The action of this id."""
        return next((one for one in self.actions if one.id == id), None)


def canonical(plan: Plan) -> bytes:
    """The one way to write a plan: ASCII JSON, sorted keys, no spaces."""
    body = {"schema": SCHEMA, **asdict(plan)}
    return json.dumps(_plain(body), sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def digest(plan: Plan) -> str:
    """What a person approves: lower-case hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical(plan)).hexdigest()


def load(data: bytes, expected: str) -> Plan:
    """The plan of these bytes. Raises ComfyFixerError `plan_changed` unless every byte is as it was approved."""
    if hashlib.sha256(data).hexdigest() != expected:
        raise _changed()
    try:
        body = json.loads(data)
        if body.pop("schema") != SCHEMA:
            raise _changed()
        plan = _plan(body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _changed() from None
    if canonical(plan) != data:
        raise _changed()
    return plan


def _changed() -> ComfyFixerError:
    return ComfyFixerError("plan_changed", "The plan is not the one that was approved.", "Make a new plan.")


def as_json(plan: Plan) -> Json:
    """The plan for panel and command line, with its digest and totals."""
    body: Json = _plain(asdict(plan))
    return {"schema": SCHEMA, "digest": digest(plan), "bytes": plan.bytes, "unsized": plan.unsized, **body}


def _plain(value: Any) -> Any:
    """Named tuples as objects, tuples as lists."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _plan(body: Json) -> Plan:
    actions = tuple(_action(one) for one in body.pop("actions"))
    left_out = tuple(
        LeftOut(**{**one, "workflows": tuple(one["workflows"]), "help": tuple(one["help"])})
        for one in body.pop("left_out")
    )
    volumes = tuple(Volume(**one) for one in body.pop("volumes"))
    return Plan(**{**body, "workflows": tuple(body["workflows"])}, actions=actions, left_out=left_out, volumes=volumes)


def _action(body: Json) -> Action:
    values = {one.name: body[one.name] for one in fields(Action)}
    if len(values) != len(body):
        raise _changed()
    values["offers"] = tuple(Offer(**one) for one in body["offers"])
    values["edits"] = tuple(Edit(**one) for one in body["edits"])
    values["risks"] = tuple(Risk(**{**one, "help": tuple(one["help"])}) for one in body["risks"])
    values["pack"] = PackTask(**body["pack"]) if body["pack"] is not None else None
    values["workflows"], values["after"] = tuple(body["workflows"]), tuple(body["after"])
    return Action(**values)


# ---- what becomes of an action ------------------------------------------------------------------------------


class Output(NamedTuple):
    """One path that an action touched. `before`, `after`: whether something lay there."""

    path: str
    before: bool
    after: bool
    size: int | None = None
    sha256: str | None = None


class Done(NamedTuple):
    """An action that succeeded. `text`: what people read, "Now in models/vae"."""

    outputs: tuple[Output, ...] = ()
    check: str = ""  # VERIFIED, SIZE_ONLY, UNVERIFIABLE; "" for all but downloads
    text: str = ""
    restart: bool = False  # ComfyUI must be restarted before it counts
    offer: str = ""  # id of the offer that served it


class ActionFailed(ComfyFixerError):
    """An action did not succeed. `outputs`: what lies on the disk now, such as a file that was kept aside.

    `voids`: a source serves something else than what was approved, so the whole approval is void. `pauses`: nothing is
    lost and the same action can go on later (the disk is full, the network is gone).
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        outputs: tuple[Output, ...] = (),
        check: str = "",
        voids: bool = False,
        pauses: bool = False,
    ) -> None:
        super().__init__(code, message, hint)
        self.outputs = outputs
        self.check = check
        self.voids = voids
        self.pauses = pauses


class Stopped(Exception):
    """The person paused or cancelled the action. `cancelled` False: paused. What was fetched is kept either way."""

    def __init__(self, cancelled: bool) -> None:
        super().__init__("cancelled" if cancelled else "paused")
        self.cancelled = cancelled


class Control(Protocol):
    """How a running action hears of the person, and is heard. Safe to use from several threads."""

    def check(self) -> None:
        """Raise Stopped when the person paused or cancelled this action."""

    def tell(self, done: int, total: int | None, note: str = "") -> None:
        """Bytes done and in all; `note`: what it does if not fetching ("checking what is here")."""

    def on_stop(self, wake: Callable[[], None] | None) -> None:
        """Call this from the stopping thread, once, to wake a blocked read; None takes it back."""


@dataclass(slots=True)
class Quiet:
    """A Control that nobody stops."""

    told: list[tuple[int, int | None, str]] = field(default_factory=list)

    def check(self) -> None:
        pass

    def tell(self, done: int, total: int | None, note: str = "") -> None:
        self.told.append((done, total, note))

    def on_stop(self, wake: Callable[[], None] | None) -> None:
        pass
