"""The one table of sources: what each is for, what is sent to it, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ..http import Clock, Http
    from .direct import Direct
    from .registry import Registry
    from .types import FileSource
    from .web import Web

HUGGINGFACE, CIVITAI, MODELSCOPE, REGISTRY, DIRECT, WEB = (
    *("huggingface", "civitai", "modelscope", "registry", "direct", "web"),
)
SEARXNG, BRAVE, TAVILY = "searxng", "brave", "tavily"  # what web search is done with


class Entry(NamedTuple):
    """One service. `needs`: what it does not work without; `suggested`: ticked when the person is first asked."""

    name: str
    label: str
    purpose: str
    sends: str
    host: str
    needs: str = ""
    suggested: bool = True
    keys: tuple[str, ...] = ()  # the keys it can use


ROSTER = (
    Entry(
        HUGGINGFACE,
        "Hugging Face",
        "Model files by repository, with size and hash.",
        "Words of the missing file's name, names of repositories and files.",
        "huggingface.co",
        keys=(HUGGINGFACE,),
    ),
    Entry(
        CIVITAI,
        "Civitai",
        "Checkpoints, LoRAs and embeddings, by hash, id or model name.",
        "Words of the missing file's name, its hash where it is known, ids from links in the workflow.",
        "civitai.red",
        keys=(CIVITAI,),
    ),
    Entry(
        MODELSCOPE,
        "ModelScope",
        "Mirrors of model files, often faster in Asia.",
        "Words of the missing file's name, names of repositories.",
        "modelscope.cn",
        keys=(MODELSCOPE,),
    ),
    Entry(
        REGISTRY,
        "Comfy Registry",
        "Which node pack brings a missing node type.",
        "Names of missing node types, and of the packs that the workflow names.",
        "api.comfy.org",
    ),
    Entry(
        DIRECT,
        "Other download pages",
        "Whether a link in a workflow or list, to GitHub for instance, still leads to a file.",
        "The link itself, to the host it names. Only hosts that are known for model files are asked.",
        "github.com and others",
    ),
    Entry(
        WEB,
        "Web search",
        "Links to model pages that the services' own search does not find. Every hit is checked at its host.",
        "The missing file's name.",
        "the search service you set up",
        needs="key_or_address",
        suggested=False,
        keys=(BRAVE, TAVILY),
    ),
)
NAMES = tuple(entry.name for entry in ROSTER)
_LOCAL = {
    "workflow": "This workflow",
    "workflows": "Other workflows",
    "note": "Notes in workflows",
    "templates": "ComfyUI's templates",
    "manager": "ComfyUI-Manager's lists",
    "earlier": "Earlier answers",
    "disk": "This disk",
    "person": "Your choice",
}
_LABELS = {**_LOCAL, **{entry.name: entry.label for entry in ROSTER}}

# Requests per second and at once, per host. Hugging Face allows 500 in five minutes to anyone (services.md, section 3);
# so a hundred at once, for the lists of the first look-up, and 390 more; the others publish no number, so they get a pace
# that nobody minds.
_PACE = {HUGGINGFACE: (1.3, 100), CIVITAI: (1.0, 10), MODELSCOPE: (2.0, 10), REGISTRY: (2.0, 10), WEB: (1.0, 1)}
_BASES = {
    HUGGINGFACE: "https://huggingface.co",
    CIVITAI: "https://civitai.red",
    MODELSCOPE: "https://modelscope.cn",
    REGISTRY: "https://api.comfy.org",
    BRAVE: "https://api.search.brave.com",
    TAVILY: "https://api.tavily.com",
}
_OTHER_CIVITAI = "https://civitai.com"
_KEYED = (HUGGINGFACE, CIVITAI, MODELSCOPE)  # where files are, and keys may be needed
PATIENCE, DOWNLOAD_PATIENCE = 60.0, 300.0  # seconds that a host may make one question wait, and one download
NEVER_SENT = ("prompts", "paths", "workflow texts", "pictures")


def label(name: str) -> str:
    """What people call a source or a catalogue on this disk."""
    return _LABELS.get(name, name)


class Sources(NamedTuple):
    """The services that may be asked in this run, over one client. None: not enabled."""

    http: Http
    files: tuple[FileSource, ...]
    registry: Registry | None
    direct: Direct | None
    web: Web | None
    names: tuple[str, ...]  # of all that are enabled
    mirrors: dict[str, str]  # host[:port] → service, for addresses of mirrors that the person set

    def file_source(self, name: str) -> FileSource | None:
        """The source of this name, when it is enabled."""
        found: FileSource | None = next((one for one in self.files if one.name == name), None)
        return found


def configured(name: str, endpoints: Mapping[str, str], keys: Collection[str]) -> bool:
    """Whether a service has what it does not work without."""
    return name != WEB or SEARXNG in endpoints or BRAVE in keys or TAVILY in keys


def build_sources(
    enabled: Collection[str],
    endpoints: Mapping[str, str],
    keys: Mapping[str, str],
    *,
    clock: Clock | None = None,
    cancel: Callable[[], bool] = lambda: False,
) -> Sources:
    """The services of these names. `endpoints`: addresses that the person set in place of the usual ones; `keys`: by name.

    Nothing is sent here. A service that lacks what it needs is left out.
    """
    bases, other = _addresses(endpoints)
    names = tuple(name for name in NAMES if name in enabled and configured(name, endpoints, keys))
    http = _client(names, endpoints, keys, clock=clock, cancel=cancel, patience=PATIENCE)
    mirrors = {_netloc(one): name for name, one in endpoints.items() if name in _KEYED}
    made = _made(names, bases, other, endpoints, keys, mirrors)
    files = tuple(made[name] for name in _KEYED if name in made)
    return Sources(http, files, made.get(REGISTRY), made.get(DIRECT), made.get(WEB), names, mirrors)


def download_client(
    endpoints: Mapping[str, str],
    keys: Mapping[str, str],
    *,
    clock: Clock | None = None,
    cancel: Callable[[], bool] = lambda: False,
) -> Http:
    """A client for downloads that a person approved, one by one: whether a service may be asked on its own is another
    question, so none has to be enabled. Each key still goes to the hosts of its own service alone. To be closed."""
    endpoints = {name: one for name, one in endpoints.items() if name in _KEYED}  # no way into the person's own search
    return _client(_KEYED, endpoints, keys, clock=clock, cancel=cancel, patience=DOWNLOAD_PATIENCE)


def _addresses(endpoints: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The base address of each service, and Civitai's other one."""
    bases = {**_BASES, **{name: one.rstrip("/") for name, one in endpoints.items()}}
    return bases, bases[CIVITAI] if CIVITAI in endpoints else _OTHER_CIVITAI


def _client(
    names: tuple[str, ...],
    endpoints: Mapping[str, str],
    keys: Mapping[str, str],
    *,
    clock: Clock | None,
    cancel: Callable[[], bool],
    patience: float,
) -> Http:
    """One client for these services."""
    from ..http import Http, Limit

    bases, other = _addresses(endpoints)
    hosts: dict[str, str] = {}
    for name in (*names, *((SEARXNG, BRAVE, TAVILY) if WEB in names else ())):
        if name in bases:
            hosts[_netloc(bases[name])] = WEB if name in (SEARXNG, BRAVE, TAVILY) else name
    if CIVITAI in names:
        hosts[_netloc(other)] = CIVITAI
    return Http(
        limits={host: Limit(*_PACE.get(name, (1.0, 5))) for host, name in hosts.items()},
        tokens=_tokens(names, bases, other, keys),
        trusted=tuple(_netloc(one) for one in endpoints.values()),
        clock=clock,
        patience=patience,
        cancel=cancel,
        shared=clock is None,  # pace and rests hold for the whole process, not for each run anew
    )


def _made(
    names: tuple[str, ...],
    bases: Mapping[str, str],
    other: str,
    endpoints: Mapping[str, str],
    keys: Mapping[str, str],
    mirrors: dict[str, str],
) -> dict[str, Any]:
    from .civitai import Civitai
    from .direct import Direct
    from .huggingface import HuggingFace
    from .modelscope import ModelScope
    from .registry import Registry
    from .web import Web

    makers: dict[str, Callable[[], Any]] = {
        HUGGINGFACE: lambda: HuggingFace(bases[HUGGINGFACE]),
        CIVITAI: lambda: Civitai(bases[CIVITAI], other),
        MODELSCOPE: lambda: ModelScope(bases[MODELSCOPE]),
        REGISTRY: lambda: Registry(bases[REGISTRY]),
        DIRECT: Direct,
        WEB: lambda: Web(
            searxng=endpoints.get(SEARXNG, ""),
            brave=bases[BRAVE] if BRAVE in keys else "",
            tavily=bases[TAVILY] if TAVILY in keys else "",
            mirrors=mirrors,
        ),
    }
    return {name: makers[name]() for name in names}


def _tokens(
    names: tuple[str, ...], bases: Mapping[str, str], other: str, keys: Mapping[str, str]
) -> dict[str, str | tuple[str, str]]:
    """By host: a key goes to the service it belongs to and to no other, so never to a mirror run by somebody else."""
    found: dict[str, str | tuple[str, str]] = {}
    for name in _KEYED:
        for address in (bases[name], other) if name == CIVITAI else (bases[name],):
            if name in names and name in keys and _own(name, address):
                found[_netloc(address)] = f"Bearer {keys[name]}"
    if WEB in names and BRAVE in keys and _own(BRAVE, bases[BRAVE]):
        found[_netloc(bases[BRAVE])] = ("X-Subscription-Token", keys[BRAVE])
    if WEB in names and TAVILY in keys and _own(TAVILY, bases[TAVILY]):
        found[_netloc(bases[TAVILY])] = f"Bearer {keys[TAVILY]}"
    return found


def _own(name: str, address: str) -> bool:
    """Whether an address is the service's own, and encrypted, or on this very computer."""
    host, scheme = urlsplit(address).hostname or "", urlsplit(address).scheme
    own = {urlsplit(_BASES[name]).hostname, urlsplit(_OTHER_CIVITAI).hostname if name == CIVITAI else ""}
    return (host in own and scheme == "https") or host in ("127.0.0.1", "::1", "localhost")


def _netloc(address: str) -> str:
    return urlsplit(address).netloc.lower()
