"""The figures of a run: each target with ours and the peers' rule side by side, and every miss by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from comfyfixersmart.core.resolution.types import EXACT_NAME, RESOLVED, UNCERTAIN
from resolution_cases import (
    AMBIGUOUS,
    CLASH_OUT_OF_SIGHT,
    KNOWABLE,
    ONE_HASH,
    ONLY_ANOTHER,
    OPEN,
    OTHER_FAMILY,
    OUT_OF_SIGHT,
    TEMPLATES,
)
from resolution_more_cases import (
    DEAD_LINK,
    DECOY,
    GENERIC,
    GENERIC_TOLD,
    NO_CONFIRMING,
    OWN_LINK,
    RENAMED_BLIND,
    RENAMED_CIVITAI,
    RENAMED_HUB,
    RENAMED_SLIGHTLY,
    SILENT,
    SILENT_SETTLED,
    UNKNOWABLE,
)
from resolution_run import TOP, Outcome, Result
from resolution_services import LATENCY
from table import Table

CASES, REAL_REPOS = 2000, 1000
WRONG, FOUND, TOP_SHARE, FOLDER = 0.005, 0.95, 0.95, 0.97
_NEVER = (UNKNOWABLE, DECOY, RENAMED_BLIND, NO_CONFIRMING, DEAD_LINK)


def show(table: Table, result: Result) -> None:
    """All rows of one run."""
    name = "catalogues on" if result.catalogues else "catalogues off"
    rows = _Rows(table, name, result)
    rows.size()
    rows.wrong()
    rows.knowable()
    rows.ambiguous()
    rows.never()
    rows.others()
    rows.folders()
    rows.silent()
    rows.cost()


class _Rows:
    def __init__(self, table: Table, name: str, result: Result) -> None:
        self.table, self.name, self.result = table, name, result
        self.all = result.outcomes

    def of(self, *kinds: str) -> list[Outcome]:
        return [one for one in self.all if one.case.kind in kinds]

    def add(self, what: str, value: str, target: str = "", ok: bool | None = None, details: Iterable[str] = ()) -> None:
        self.table.add(f"{self.name}: {what}", value, target, ok, list(details))

    # ---- the targets -------------------------------------------------------------------------------------

    def size(self) -> None:
        kinds = Counter((one.case.kind, one.case.group) for one in self.all)
        lines = [
            f"{number:5} {kind}{f' ({group})' if group else ''}" for (kind, group), number in sorted(kinds.items())
        ]
        self.add("cases", str(len(self.all)), f"≥ {CASES}", len(self.all) >= CASES, lines)

    def wrong(self) -> None:
        ours = [one for one in self.all if is_wrong(one)]
        peers = [one for one in self.all if peer_wrong(one)]
        value = f"{_share(len(ours), len(self.all))}; peers' rule {_share(len(peers), len(self.all))}"
        lines = [
            f"{number:5} by the peers' rule, {kind}" for kind, number in Counter(one.case.kind for one in peers).items()
        ]
        self.add(
            "wrong RESOLVED", value, f"≤ {WRONG:.1%}", len(ours) <= WRONG * len(self.all), [*map(line, ours), *lines]
        )

    def knowable(self) -> None:
        some = self.of(KNOWABLE, ONE_HASH)
        self._resolved("knowable exact names RESOLVED", some, FOUND)
        for group in sorted({one.case.group for one in some}):
            self._resolved(f"  of {group}", [one for one in some if one.case.group == group], None)
        self._resolved("  one content in several places", self.of(ONE_HASH), None)

    def _resolved(self, what: str, some: list[Outcome], target: float | None) -> None:
        missed = [one for one in some if not (one.state == RESOLVED and one.right)]
        peers = sum(one.peer in one.case.golds for one in some)
        value = f"{_share(len(some) - len(missed), len(some))}; peers' rule {_share(peers, len(some))}"
        lines = map(line, missed) if target is not None else ()
        self.add(what, value, f"≥ {target:.0%}" if target is not None else "", len(missed) <= (1 - target) * len(some) if target is not None else None, lines)  # fmt: skip

    def ambiguous(self) -> None:
        some = self.of(AMBIGUOUS, GENERIC)
        missed = [one for one in some if one.state != UNCERTAIN]
        peers = sum(not one.peer for one in some)
        value = f"{_share(len(some) - len(missed), len(some))}; peers' rule leaves open {peers}"
        self.add("ambiguous UNCERTAIN", value, "100 %", not missed, map(line, missed))
        top = [
            one
            for one in self.all
            if one.case.top and one.case.kind in (AMBIGUOUS, GENERIC_TOLD) and one.state != RESOLVED
        ]
        self._among("ambiguous: gold in the first 3", top, TOP_SHARE)
        self._among("  of several contents", self.of(AMBIGUOUS), None)
        told = self.of(GENERIC_TOLD)
        settled = sum(one.state == RESOLVED and one.right for one in told)
        self.add(
            "  generic name that the notes tell",
            f"{settled} settled by the note's link, {len(told) - settled} of {len(told)} open",
        )

    def _among(self, what: str, some: list[Outcome], target: float | None) -> None:
        missed = [one for one in some if one.rank is None or one.rank >= TOP]
        lines = [
            f"{line(one)}: gold {'not among them' if one.rank is None else f'is number {one.rank + 1}'}"
            for one in missed
        ]
        ok = len(missed) <= (1 - target) * len(some) if target is not None else None
        self.add(what, _share(len(some) - len(missed), len(some)), f"≥ {target:.0%}" if target is not None else "", ok, lines if target else ())  # fmt: skip

    def never(self) -> None:
        for kind in _NEVER:
            some = self.of(kind)
            taken = [one for one in some if one.state == RESOLVED]
            peers = sum(bool(one.peer) for one in some)
            value = f"{len(taken)} of {len(some)} RESOLVED; peers' rule {peers}"
            self.add(kind, value, "0", not taken, map(line, taken))

    def others(self) -> None:
        self._resolved("renamed, hash at Civitai", self.of(RENAMED_CIVITAI), FOUND)
        self._resolved("the workflow's own link", self.of(OWN_LINK), FOUND)
        for kind in (RENAMED_HUB, RENAMED_SLIGHTLY, OTHER_FAMILY, CLASH_OUT_OF_SIGHT, OUT_OF_SIGHT, ONLY_ANOTHER):
            some = self.of(kind)
            states = Counter(
                f"{one.state}{'' if one.state != RESOLVED else ' right' if one.right else ' wrong'}" for one in some
            )
            self.add(
                f"  {kind} (no target)",
                ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none",
            )

    def folders(self) -> None:
        """Where neither node nor catalogue names a folder, nothing tells but the path in a repository: no target."""
        self._folder("right folder", TEMPLATES, True)
        self._folder("right folder, none given", f"{TEMPLATES}, folder not known", self.result.catalogues)

    def _folder(self, what: str, group: str, aimed: bool) -> None:
        some = [one for one in self.all if one.case.group == group and not one.case.down]
        missed = [one for one in some if one.folder not in one.case.folders]
        lines = [
            f"{one.case.want.name}: {one.folder or 'none'}, it is {sorted(one.case.folders)} ({one.state} {one.place})"
            for one in missed
        ]
        enough = len(missed) <= (1 - FOLDER) * len(some)
        value = _share(len(some) - len(missed), len(some))
        self.add(what, value, f"≥ {FOLDER:.0%}" if aimed else "", enough if aimed else None, lines if aimed else ())

    def silent(self) -> None:
        some = self.of(SILENT, SILENT_SETTLED)
        by_name = [one for one in some if one.rung == EXACT_NAME]
        unnamed = [one for one in some if one.state != RESOLVED and one.case.down not in one.silent]
        settled = sum(one.state == RESOLVED and one.right for one in some)
        value = f"{len(by_name)} of {len(some)}; {settled} by hash or link"
        self.add("a service is silent: RESOLVED by name", value, "0", not by_name, map(line, by_name))
        self.add(
            "a service is silent: not named",
            f"{len(unnamed)} of {len(some) - settled}",
            "0",
            not unnamed,
            map(line, unnamed),
        )

    def cost(self) -> None:
        result = self.result
        asked = [one for one in self.all if not one.case.down]
        resolved = sum(one.state == RESOLVED for one in asked)
        self.add(
            "requests per RESOLVED file",
            f"{result.requests / max(1, resolved):.1f}, {result.requests / len(asked):.1f} per name",
        )
        latency = LATENCY * result.requests / len(asked)
        self.add("virtual seconds per name", f"{result.virtual / len(asked):.1f}, {latency:.2f} of them latency")
        self.add(
            "real processor seconds per name", f"{result.real / len(asked):.3f}, services and peers' rule included"
        )
        for name, peak in sorted(result.peaks.items()):
            documented = {"huggingface api": 500, "huggingface resolvers": 3000}.get(name)
            target, ok = (f"≤ {documented}", peak <= documented) if documented else ("", None)
            self.add(f"requests in the fullest 5 minutes, {name}", str(peak), target, ok)
        self.add("requests refused for coming too often", str(result.refused), "0", not result.refused)


def is_wrong(one: Outcome) -> bool:
    """RESOLVED to another content than the gold, or where it must not be resolved."""
    if one.state != RESOLVED:
        return False
    return one.case.must in (UNCERTAIN, OPEN) or not one.right


def peer_wrong(one: Outcome) -> bool:
    """The same for the peers' rule, to which a hash or an address means nothing."""
    if not one.peer:
        return False
    return one.case.must in (UNCERTAIN, OPEN) or one.peer not in one.case.golds | one.case.addresses


def line(one: Outcome) -> str:
    """A case and what came of it."""
    case = one.case
    kind = f"{case.kind} ({case.group})" if case.group else case.kind
    told = f"{kind} | {case.want.name} {list(case.want.folders)} {case.want.family}"
    came = f"{one.state}{f' by {one.rung} at {one.place}' if one.rung else ''}"
    return f"{told} | {came}{f', silent: {list(one.silent)}' if one.silent else ''}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%} ({part} of {whole})" if whole else "none"
