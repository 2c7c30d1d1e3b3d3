"""Explain, estimate, tune and compare workflows over one installation. Asks nobody and changes nothing.

known = app.understanding
print(known.explain(known.subject(data, "portrait.json")).explanation.markdown["newcomer"])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..catalogue.types import NodeCatalogue
from ..comparison.types import Comparison, Difference
from ..errors import ComfyFixerError
from ..explanation.graph import View
from ..explanation.types import Anatomy
from ..health.stamp import Here
from ..inventory.types import Inventory
from ..library import file_of
from ..readiness.check import Checker
from ..readiness.index import Index, base
from ..readiness.types import Readiness
from ..requirements.scan import Scanner
from ..requirements.types import MODEL, Requirements
from ..sources.names import family_of
from ..tuning.types import Change, Estimate, Profile, Tuning
from ..workflow.read import Reading, read_bytes
from ..workflow.types import Workflow
from .docs import Docs
from .files import Files, Headers
from .types import Explained, Subject
from .variants import Builds

_REMEMBERED = 8  # answers of `tune`


class Stages(Protocol):
    """What of an App's stages is needed here."""

    @property
    def inventory(self) -> Inventory: ...
    @property
    def catalogue(self) -> NodeCatalogue: ...
    @property
    def found(self) -> Index: ...
    @property
    def scanner(self) -> Scanner: ...
    @property
    def checker(self) -> Checker: ...


class Seen(NamedTuple):
    """One workflow with all that the stages before say of it."""

    workflow: Workflow
    needs: Requirements
    readiness: Readiness
    view: View
    anatomy: Anatomy
    files: Files


class Understanding:
    """Everything that is understood of workflows against one inventory. Headers and documentation are read once."""

    def __init__(self, stages: Stages, headers: Headers, state: Path | None = None, keep: bool = False) -> None:
        self._stages = stages
        self._headers = headers
        self._docs = Docs(stages.inventory)
        self._builds = Builds(stages.found, state, keep)
        self._tuned: dict[tuple[Any, ...], Tuning] = {}
        self.here = Here(stages.found)

    @cached_property
    def machine(self) -> Profile:
        """The machine that the inventory was taken of."""
        return self.profile(None)

    def profile(self, assumed: int | None) -> Profile:
        """The machine, or the same with GPU memory of `assumed` bytes."""
        from ..tuning.profile import profile

        return profile(self._stages.inventory.hardware, assumed=assumed)

    def view(self, workflow: Workflow) -> View:
        """The workflow's graph, to be asked."""
        from ..explanation.anatomy.build import view_of

        return view_of(workflow, self._stages.catalogue)

    # ---- explain -----------------------------------------------------------------------------------------

    def see(self, workflow: Workflow, *, sizes: Mapping[str, int] | None = None) -> Seen:
        """The workflow in the field's terms. `sizes`: of files that are not here, by base name in lower case."""
        from ..explanation.anatomy.build import anatomy

        stages, view = self._stages, self.view(workflow)
        needs = stages.scanner.scan(workflow)
        readiness = stages.checker.check(needs)
        files = Files(stages.found, self._headers, {**told_sizes(needs, readiness), **(sizes or {})})
        families = self._families(needs, files)
        body = anatomy(workflow, needs, stages.catalogue, families=families, view=view)
        return Seen(workflow, needs, readiness, view, body, files)

    def _families(self, needs: Requirements, files: Files) -> dict[str, str]:
        """Model name → family, where the header of its file tells one."""
        found = {}
        for item in needs.of(MODEL):
            told = family_of(files.family(item.name, item.folders).replace("-", " ").replace("/", " "))
            if told:
                found[item.name] = told
        return found

    def estimate(self, seen: Seen, profile: Profile | None = None) -> Estimate:
        """What it wants of the machine, or of another one."""
        from ..tuning.estimate import estimate

        return estimate(seen.anatomy, files=seen.files, profile=profile or self.machine)

    def explain(
        self,
        workflow: Workflow,
        *,
        sizes: Mapping[str, int] | None = None,
        readiness: Readiness | None = None,
    ) -> Explained:
        """All that can be said of one workflow here. `readiness`: where it was checked already."""
        from ..explanation.explain import explain
        from ..tuning.facts import cost_facts

        seen = self.see(workflow, sizes=sizes)
        fit = self.estimate(seen)
        explanation = explain(
            workflow,
            seen.needs,
            self._stages.catalogue,
            readiness=readiness or seen.readiness,
            extra=cost_facts(fit),
            docs=self._docs,
            sizes=self._known_sizes(seen),
            known=(seen.anatomy, seen.view),
        )
        return Explained(explanation, readiness or seen.readiness, self.machine, fit)

    def _known_sizes(self, seen: Seen) -> dict[str, int]:
        facts = {part.name: seen.files(part.name, part.folders) for part in seen.anatomy.models}
        return {name: one.size for name, one in facts.items() if one is not None and one.size}

    # ---- tune ----------------------------------------------------------------------------------------------

    def tune(
        self, workflow: Workflow, memory: int | None, *, sizes: Mapping[str, int] | None = None, key: str = ""
    ) -> Tuning:
        """Changes that make it fit `memory` bytes of GPU memory, None for this machine's.

        `key`: a name of the workflow's content, under which the answer is remembered: a person asks again with each tick.
        Raises ComfyFixerError `no_memory` where neither is known.
        """
        from ..tuning.advice.tune import tune

        target = memory if memory is not None else self.machine.memory
        if target is None:
            raise ComfyFixerError(
                "no_memory",
                "How much GPU memory this machine has is not known.",
                "Say to how many GB it is to be fitted.",
            )
        asked = (key, target, tuple(sorted((sizes or {}).items())))
        if key and asked in self._tuned:
            return self._tuned[asked]
        seen = self.see(workflow, sizes=sizes)
        found = tune(
            seen.anatomy,
            seen.view,
            target=target,
            files=seen.files,
            reread=self._reader(seen),
            profile=self.machine,
            here=self._builds.here,
            known=self._builds.known,
        )
        if key:
            while len(self._tuned) >= _REMEMBERED:
                self._tuned.pop(next(iter(self._tuned)), None)
            self._tuned[asked] = found
        return found

    def with_changes(
        self,
        workflow: Workflow,
        memory: int | None,
        changes: Sequence[Change],
        *,
        sizes: Mapping[str, int] | None = None,
    ) -> Estimate:
        """What it would want with these changes. Raises ComfyFixerError `not_edited` where one cannot be made."""
        from ..tuning.advice.trial import Trials

        seen = self.see(workflow, sizes=sizes)
        profile = self.profile(memory)

        def measure(anatomy: Anatomy, files: Callable[..., Any]) -> Estimate:
            from ..tuning.estimate import estimate

            return estimate(anatomy, files=files, profile=profile)

        trials = Trials(seen.view, seen.anatomy, self.view, self._reader(seen), measure, seen.files)
        state = trials.after(trials.start, changes) if changes else trials.start
        if state is None:
            why = next(iter(trials.refused.values()), "It cannot be made here.")
            raise ComfyFixerError("not_edited", why, "Make this change by hand on the canvas.")
        return state.estimate

    def _reader(self, seen: Seen) -> Callable[[Workflow], Anatomy]:
        """Reads the same workflow anew once it was changed."""
        from ..explanation.anatomy.build import anatomy

        def reread(workflow: Workflow) -> Anatomy:
            needs = self._stages.scanner.scan(workflow)
            return anatomy(workflow, needs, self._stages.catalogue, families=self._families(needs, seen.files))

        return reread

    # ---- compare -----------------------------------------------------------------------------------------

    def differ(self, old: Workflow, new: Workflow) -> Sequence[Difference]:
        """What is not the same in `new`, and nothing about what that means."""
        from ..comparison.compare import differ

        return differ(old, new, self._stages.catalogue)[0]

    def compare(self, old: Workflow, new: Workflow, *, sizes: Mapping[str, int] | None = None) -> Comparison:
        """What is not the same in `new`, and what that means here."""
        from ..comparison.compare import compare

        before, after = (self.see(one, sizes=sizes) for one in (old, new))
        return compare(
            old,
            new,
            self._stages.catalogue,
            needs=(before.needs, after.needs),
            anatomies=(before.anatomy, after.anatomy),
            estimates=(self.estimate(before), self.estimate(after)),
            readiness=(before.readiness, after.readiness),
        )


def told_sizes(needs: Requirements, readiness: Readiness) -> dict[str, int]:
    """What the workflow itself says of the sizes of its files, and what is remembered of those that were here."""
    found = {base(one.name).lower(): one.size for one in readiness.findings if one.size}
    return found | {base(item.name).lower(): item.size for item in needs.items if item.size}


def resolved_sizes(resolutions: Iterable[Any]) -> dict[str, int]:
    """Sizes of the files that were found for what is missing."""
    found = {}
    for one in resolutions:
        best = getattr(one, "best", None)
        size = getattr(best, "size", None)
        if size:
            found[base(one.name).lower()] = size
    return found


def subject(data: bytes, name: str, *, path: str = "", graph: str = "") -> Subject:
    """The workflow in these bytes. `graph`: its name where there are several ("x.json#2"). Raises ComfyFixerError
    `no_workflow` and what is wrong with the bytes."""
    return chosen(read_bytes(data, name), name, data, path, graph)


def chosen(reading: Reading, name: str, data: bytes = b"", path: str = "", graph: str = "") -> Subject:
    """The workflow of this name, else the first one. Raises ComfyFixerError where there is none."""
    found = next((one for one in reading.workflows if one.name == graph), None) or next(iter(reading.workflows), None)
    if found is None:
        problem = next(iter(reading.problems), None)
        code = problem.code if problem else "no_workflow"
        message = problem.message if problem else "There is no workflow in it."
        raise ComfyFixerError(code, f"{name}: {message}", problem.hint if problem else "Give a workflow file.")
    return Subject(graph or found.name, found, data, path)


def good_version(folder: Path, name: str) -> Subject:
    """The version of the workflow `name` that ran here last. `folder`: where those are kept.

    Raises ComfyFixerError `no_good_version`, NewerSchema.
    """
    from ..reports.versions import GoodVersions

    data = GoodVersions(folder).read(name)
    if data is None:
        raise ComfyFixerError(
            "no_good_version",
            f"No version of {name} that ran here is kept.",
            "One is kept whenever a check finds the workflow running.",
        )
    found = subject(data, file_of(name), graph=name)
    found.workflow.name = f"{name} as it last ran here"
    return found._replace(name=found.workflow.name)
