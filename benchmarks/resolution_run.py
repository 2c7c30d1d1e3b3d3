"""One run: all questions through the resolver and through the peers' rule, against services of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.resolution.search import Resolver
from comfyfixersmart.core.resolution.types import Resolution
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.local import Claims, Places
from comfyfixersmart.core.sources.roster import build_sources
from comfyfixersmart.core.sources.types import Candidate
from resolution_cases import Case, exact_cases
from resolution_civitai_api import Civitai
from resolution_huggingface import HuggingFace
from resolution_modelscope import ModelScope
from resolution_more_cases import Maker
from resolution_peer import Peer
from resolution_real import Real, read_real
from resolution_services import BUSY, CHALLENGE, REFUSED, Clock, Servers, serving
from resolution_sight import Sight
from resolution_world import World
from scan_accuracy import template_files

SERVICES = ("huggingface", "civitai", "modelscope")
WAYS = {"huggingface": BUSY, "civitai": CHALLENGE, "modelscope": REFUSED}  # how each falls silent in its turn
TOP = 3


class Options(NamedTuple):
    seed: int
    corpus: Path | None
    quick: bool


@dataclass(slots=True)
class Outcome:
    """What came of one case."""

    case: Case
    state: str
    rung: str
    content: str  # of the resolved file; "" where nothing is resolved
    place: str  # its id
    rank: int | None  # where gold is among the candidates, counted from 0
    folder: str
    silent: tuple[str, ...]
    peer: str  # the content that the peers' rule takes

    @property
    def right(self) -> bool:
        return self.content in self.case.golds or self.content in self.case.addresses


@dataclass(slots=True)
class Result:
    """All outcomes of one run, and what it cost."""

    catalogues: bool
    outcomes: list[Outcome] = field(default_factory=list)
    requests: int = 0
    virtual: float = 0.0  # seconds of the world's clock
    real: float = 0.0  # seconds of this computer's processors
    peaks: dict[str, int] = field(default_factory=dict)  # requests in the fullest five minutes, by service and kind
    refused: int = 0
    world: list[str] = field(default_factory=list)
    problems: tuple[str, ...] = ()
    real_repos: int = 0


def generic_names() -> frozenset[str]:
    """The names that the product calls generic."""
    return frozenset(document("references")["generic_names"])


def make_world(options: Options) -> World:
    """The world of a seed."""
    return World(options.seed, read_real(options.corpus), generic_names(), 0.3 if options.quick else 1.0)


def services(world: World) -> list[HuggingFace | Civitai | ModelScope]:
    """The services over it."""
    return [HuggingFace(world), Civitai(world), ModelScope(world)]


def run(catalogues: bool, options: Options) -> Result:
    """Every case; in a process of its own, since two runs go at once."""
    world = make_world(options)
    hub, civitai, scope = HuggingFace(world), Civitai(world), ModelScope(world)
    claimed = {one.name.lower() for one in (*world.real.templates, *world.real.manager)} if catalogues else set()
    exact = list(exact_cases(world, Sight(world, civitai), claimed))
    maker = Maker(world, exact)
    cases = [*exact, *maker.make()]
    silent = {down: list(maker.silent(down)) for down in SERVICES}
    if options.quick:
        cases = cases[::7]
        silent = {down: some[::7] for down, some in silent.items()}
    peer = Peer(world, hub, civitai, catalogues)
    claims = read_claims(world.real) if catalogues else None
    result = Result(catalogues, world=_described(world), problems=world.real.problems)
    result.real_repos = sum(count for origin, count in world.counts().items() if origin != "invented")
    with tempfile.TemporaryDirectory(prefix="cfs-resolution-") as folder:
        clock = Clock(Path(folder) / "clock")
        with serving([hub, civitai, scope], clock) as servers:
            begun = time.process_time()
            result.outcomes += _answers(world, cases, servers, claims, peer, Path(folder) / "answers")
            result.real = time.process_time() - begun
            result.requests, result.virtual = servers.total(), clock.steady()
            result.peaks = {
                f"{name} {kind}": peak for name, one in servers.traffic.items() for kind, peak in one.peak.items()
            }
            result.refused = sum(one.refused for one in servers.traffic.values())
            for down, some in silent.items():
                servers.down[down] = WAYS[down]
                result.outcomes += _answers(world, some, servers, claims, peer, None)
                servers.down.clear()
                clock.sleep(100_000)  # what it rested from is over
    return result


def _answers(
    world: World, cases: list[Case], servers: Servers, claims: Claims | None, peer: Peer, folder: Path | None
) -> Iterator[Outcome]:
    """Through one resolver, as a person's library goes through one."""
    sources = build_sources(SERVICES, servers.endpoints, {}, clock=servers.clock)
    try:
        asker = Asker(sources.http, Answers(folder, now=servers.clock.now))
        resolver = Resolver(sources, claims, None, None, asker, world.generic)
        for case in cases:
            yield _outcome(world, case, resolver.resolve(case.want), peer)
    finally:
        sources.http.close()


def _outcome(world: World, case: Case, found: Resolution, peer: Peer) -> Outcome:
    candidates = [judged.candidate for judged in found.candidates if isinstance(judged.candidate, Candidate)]
    contents = [content_of(world, one) for one in candidates]
    golds = case.golds | case.addresses
    rank = next((at for at, one in enumerate(contents) if one in golds), None)
    resolved = found.best is not None
    content, place = (contents[0], candidates[0].id) if resolved else ("", "")
    silent = tuple(one.source for one in found.silent)
    return Outcome(
        case, found.state, found.rung, content, place, rank, found.folder, silent, peer.takes(case.want, case.down)
    )


def content_of(world: World, one: Candidate) -> str:
    """What is really at a candidate's place, whatever it says of itself; its address where no service has it."""
    source, _, place = one.id.partition(":")
    if source == "civitai":
        version, _, file = place.partition("/")
        files = [own for model in world.civitai.models.values() for own in model.versions if str(own.id) == version]
        found = [own.sha256 for version_ in files for own in version_.files if str(own.id) == file or not file]
        return found[0] if found else one.url
    repo, _, path = place.partition("@")
    held = {"huggingface": world.repos, "modelscope": world.mirrors}.get(source, {}).get(repo)
    return held.files[path].sha256 if held and path in held.files else one.url


def read_claims(real: Real) -> Claims:
    """What the templates and the Manager's list say, as the product reads them."""
    templates = tuple({str(path.parent) for path in template_files()})
    lists = (str(real.manager_folder / "model-list.json"),) if real.manager_folder else ()
    return Claims.gather((), Places(templates=templates, model_lists=lists), None, keep=False)


def _described(world: World) -> list[str]:
    counts = world.counts()
    real, files = counts["listed"] + counts["real"], sum(len(repo.files) for repo in world.repos.values())
    mirrors = sum(repo.origin == "listed" for repo in world.mirrors.values())
    models = world.civitai.models.values()
    versions = sum(len(model.versions) for model in models)
    return [
        f"{real:6} real repositories at Hugging Face, {counts['listed']} with paths that templates or Manager name",
        f"{counts['invented']:6} invented repositories; {files} files in all of them",
        f"{len(world.mirrors):6} repositories at ModelScope, {mirrors} of them mirrors of real ones",
        f"{len(models):6} models at Civitai with {versions} versions, invented but for 6 that the Manager links to",
    ]
