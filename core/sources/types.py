"""What the sources are asked for and what they answer. Plain values; nothing here knows of any one service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

# Why a file cannot simply be fetched. "" stands for: nothing known against it.
LOGIN, GATED, EARLY, PAID, ARCHIVED, TAKEN_DOWN = "login", "gated", "early_access", "paid", "archived", "taken_down"
SAFETENSORS, GGUF, ONNX, PICKLE, OTHER = "safetensors", "gguf", "onnx", "pickle", "other"

Json = dict[str, Any]


class Query(NamedTuple):
    """One file that is sought, as far as a source may know of it: no path, no workflow, no prompt."""

    name: str  # the base name as written, "flux1-dev.safetensors"; without suffix for LoRA tags and embeddings
    folders: tuple[str, ...] = ()  # `folder_paths` names that would satisfy it; () where not known
    family: str = ""  # base-model family of `knowledge/families.json` that the workflow works with, "" where not known
    sha256: str | None = None  # lower-case hex, where known
    size: int | None = None  # bytes, where known


@dataclass(frozen=True, slots=True)
class Candidate:
    """Where one file can be had. `confirmed`: the source itself said so; otherwise somebody merely claims it.

    `id` names the same file at the same place for ever: "huggingface:owner/repo@path", "civitai:versionId/fileId".
    `url` is the address to fetch it from, `page` one for people; neither ever holds a token.
    """

    id: str
    source: (
        str  # name of the source, or of the local catalogue that claims it: "workflow", "note", "templates", "manager"
    )
    file: str  # base name under which it arrives
    url: str
    page: str = ""
    repo: str = ""  # "owner/name" at Hugging Face and ModelScope; the model's name at Civitai
    path: str = ""  # path inside the repo
    revision: str = ""  # commit or branch at Hugging Face and ModelScope, version name at Civitai
    author: str = ""
    size: int | None = None  # bytes
    sha256: str | None = None  # lower-case hex, as the source says it
    hashes: Mapping[str, str] = field(default_factory=dict)  # other kinds: AutoV2, AutoV3, BLAKE3 … as the source says
    folder: str = ""  # `folder_paths` name that its kind or path points to; "" where it does not tell
    base_model: str = ""  # as the source spells it: "SDXL 1.0", "Flux.1 D"
    family: str = ""  # the same as a family of `knowledge/families.json`
    kind: str = ""  # the source's own word: "LORA", "Checkpoint", "VAE" …
    format: str = OTHER
    licence: str = ""
    gate: str = ""  # LOGIN, GATED, EARLY, PAID, ARCHIVED, TAKEN_DOWN or ""
    gate_text: str = ""  # in words, with the deadline where there is one
    flags: tuple[
        str, ...
    ] = ()  # "poi", "minor", "nsfw" as the source says; "pickle_warning", "virus_warning" from its scans
    nsfw_level: int | None = None
    downloads: int | None = None  # as the source counts them; sorts, never proves
    confirmed: bool = False
    asked: float = 0.0  # when the source said so, seconds since the epoch
    said_by: str = ""  # for claims: which workflow, template or list says so


@dataclass(frozen=True, slots=True)
class PackCandidate:
    """A node pack that may bring a class. `registry_id` is "" where only its repository is known."""

    id: str  # "registry:comfyui-impact-pack", "git:owner/repo" (lower case)
    source: str  # "registry", "manager" or "workflow"
    registry_id: str = ""
    repo: str = ""  # address of its repository
    title: str = ""
    author: str = ""
    version: str = ""
    status: str = ""  # "Active", "Pending", "Flagged", "Banned", "Deleted" or ""
    licence: str = ""
    page: str = ""
    downloads: int | None = None
    stars: int | None = None
    has_class: bool | None = None  # whether the source lists the class among the pack's own; None: it does not say
    confirmed: bool = False
    asked: float = 0.0
    said_by: str = ""


class Claim(NamedTuple):
    """What a catalogue on this disk says of a file name. Nobody has checked it."""

    name: str  # base name
    url: str
    folder: str = ""
    sha256: str | None = None
    size: int | None = None
    by: str = ""  # "workflow", "note", "templates" or "manager"
    where: str = ""  # the file that says so, relative to the library


class Step(NamedTuple):
    """One thing that was done in a search, for people to read."""

    source: str  # name of a source or catalogue
    did: str  # "Asked for repositories named “wan2.2”", one plain sentence without a full stop
    outcome: str  # "3 files of this name", "nothing", "no answer: it took longer than 15 seconds"
    age: float | None = None  # seconds since the answer was given, when it came from the cache
    silent: bool = False  # the source did not answer


class Heard(NamedTuple):
    """One answer of a source, reduced to plain JSON. `value` is None for "there is no such thing"."""

    value: Any
    when: float  # seconds since the epoch
    cached: bool


class FileSource(Protocol):
    """A service that has model files. Each call may raise `core.http.NoAnswer`: it did not answer, which proves nothing."""

    name: str  # "civitai"

    def by_hash(self, asker: Any, sha256: str) -> list[Candidate]:
        """The files with this very content; [] where it has none, or cannot be asked that way."""

    def by_link(self, asker: Any, url: str) -> list[Candidate]:
        """The file or files that this address of its own leads to, confirmed; [] when it is gone or not one of its own."""

    def by_name(self, asker: Any, query: Query) -> list[Candidate]:
        """Files of this name, and some of near names. Exact ones are confirmed, with hash and size where the source has them."""
