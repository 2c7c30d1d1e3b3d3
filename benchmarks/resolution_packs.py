"""Node packs: the class decides where exactly one pack brings it, and nothing is guessed where several do."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from comfyfixersmart.core.resolution.search import Resolver
from comfyfixersmart.core.resolution.types import PACK, RESOLVED, UNCERTAIN, Resolution, Want
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.local import PackMap, Places
from comfyfixersmart.core.sources.roster import build_sources
from comfyfixersmart.core.sources.types import PackCandidate
from resolution_registry import Pack, Registry, read_packs
from resolution_run import Options
from resolution_services import Clock, serving
from resolution_words import NOUNS, STYLES
from table import Table

ONE, SEVERAL, NAMED, NOBODY = (
    "one pack claims it",
    "several packs claim it",
    "the workflow names the pack",
    "nobody claims it",
)
EACH = {ONE: 150, SEVERAL: 150, NAMED: 80, NOBODY: 60}
FOUND, WRONG = 0.95, 0.005


class Case(NamedTuple):
    kind: str
    want: Want
    golds: frozenset[str]  # "owner/name" in lower case


def measure(table: Table, manager: Path, options: Options) -> None:
    """All kinds, with the registry and the Manager's map at hand."""
    packs = read_packs(manager, options.seed)
    cases = list(_cases(packs, Random(f"{options.seed} classes")))[:: 7 if options.quick else 1]
    map_ = PackMap(Places(node_maps=(str(manager / "extension-node-map.json"),), node_lists=(str(manager / "custom-node-list.json"),)))  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="cfs-packs-") as folder:
        found, total = _looked_up(packs, map_, [case.want for case in cases], Clock(Path(folder) / "clock"))
    _show(table, list(zip(cases, found, strict=True)), total)


def _looked_up(packs: list[Pack], map_: PackMap, wants: list[Want], clock: Clock) -> tuple[list[Resolution], int]:
    with serving([Registry(packs)], clock) as servers:
        sources = build_sources(("registry",), servers.endpoints, {}, clock=clock)
        try:
            asker = Asker(sources.http, Answers(None, now=clock.now))
            resolver = Resolver(sources, None, map_, None, asker, frozenset())
            return [resolver.resolve(want) for want in wants], servers.total()
        finally:
            sources.http.close()


def _cases(packs: list[Pack], rng: Random) -> Iterator[Case]:
    claims: dict[str, list[Pack]] = defaultdict(list)
    for pack in packs:
        for name in pack.classes:
            if not pack.secret or pack.extracted:
                claims[name].append(pack)
    several = sorted(name for name, some in claims.items() if len(some) > 1)
    one = sorted(name for name, some in claims.items() if len(some) == 1)
    for name in rng.sample(one, EACH[ONE]):
        yield Case(ONE, Want(PACK, name), frozenset({claims[name][0].repo}))
    hidden = [name for name in several if any(pack.secret for pack in claims[name])][: EACH[SEVERAL] // 3]
    shown = [name for name in several if not any(pack.secret for pack in claims[name])]
    for name in [*hidden, *rng.sample(shown, EACH[SEVERAL] - len(hidden))]:
        yield Case(SEVERAL, Want(PACK, name), frozenset(pack.repo for pack in claims[name]))
    known = [(name, pack) for name in several for pack in claims[name] if pack.id and pack.extracted]
    for at, (name, pack) in enumerate(rng.sample(known, EACH[NAMED])):
        want = Want(PACK, name, registry_id=pack.id) if at % 2 else Want(PACK, name, repo=pack.repo)
        yield Case(NAMED, want, frozenset({pack.repo}))
    for at in range(EACH[NOBODY]):
        yield Case(
            NOBODY, Want(PACK, f"{rng.choice(NOUNS).title()}{rng.choice(STYLES).title()}Node{at}Zz"), frozenset()
        )


def _show(table: Table, found: list[tuple[Case, Resolution]], requests: int) -> None:
    wrong = [_line(case, one) for case, one in found if one.state == RESOLVED and (case.kind in (SEVERAL, NOBODY) or _repo(one) not in case.golds)]  # fmt: skip
    value = f"{len(wrong)} of {len(found)}"
    table.add("packs: wrong RESOLVED", value, f"≤ {WRONG:.1%}", len(wrong) <= WRONG * len(found), wrong)
    for kind, state, share in ((ONE, RESOLVED, FOUND), (NAMED, RESOLVED, FOUND), (SEVERAL, UNCERTAIN, 1.0)):
        some = [(case, one) for case, one in found if case.kind == kind]
        missed = [_line(case, one) for case, one in some if one.state != state]
        value = f"{len(some) - len(missed)} of {len(some)} {state}"
        table.add(f"packs: {kind}", value, f"≥ {share:.0%}", len(missed) <= (1 - share) * len(some), missed)
    table.add("packs: requests per class", f"{requests / len(found):.1f}")


def _repo(one: Resolution) -> str:
    best = one.best
    return "/".join(best.repo.lower().removesuffix(".git").rstrip("/").split("/")[-2:]) if isinstance(best, PackCandidate) else ""  # fmt: skip


def _line(case: Case, one: Resolution) -> str:
    told = [judged.candidate.id for judged in one.candidates[:3]]
    return f"{case.kind} | {case.want.name} | {one.state} {one.rung} {told}, claimed by {sorted(case.golds)[:4]}"
