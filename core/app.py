"""The one place that wires the stages together for one ComfyUI installation.

app = App(read_disk("~/ComfyUI"), state=Path(...))
for checked in app.check(find(["workflows"])): print(checked.readiness.status)
"""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .catalogue.build import build
from .catalogue.types import NodeCatalogue
from .inventory.types import Inventory
from .knowledge import document
from .library import WorkflowFile, read_file
from .readiness.check import Checker, unreadable
from .readiness.index import Index, build_index
from .readiness.types import INFO
from .record import Checked
from .requirements.notes import note_links
from .requirements.references import Vocabulary
from .requirements.scan import Scanner
from .requirements.types import EMBEDDING, INPUT_MEDIA, LORA_TAG, MODEL, NODE_TYPE, Requirements
from .workflow.map import graph_map
from .workflow.raw import Json
from .workflow.read import Reading, read_value
from .workflow.types import PackHint, Problem, Workflow

if TYPE_CHECKING:  # the reports and the weights are imported when they are first used: ComfyUI must start at once
    from .explanation.outline import Outline
    from .health.types import Health
    from .probe import DiskProbe
    from .reports.types import Library
    from .resolution.store import Store
    from .resolution.types import Resolution, Want
    from .understanding.understanding import Understanding

_log = logging.getLogger("comfyfixersmart.core")  # a fixed name: inside ComfyUI, __name__ is a file path
_SEARCHED = frozenset({NODE_TYPE, MODEL, INPUT_MEDIA})
_MODELS = frozenset({MODEL, EMBEDDING, LORA_TAG})

Progress = Callable[[int, int, str], None]  # files done, files in all, the name of the file at hand


class _Stages(NamedTuple):
    """The stages made for one inventory. Replaced as a whole: a check in another thread sees the old set or the new."""

    inventory: Inventory
    catalogue: NodeCatalogue
    found: Index
    probe: DiskProbe
    scanner: Scanner
    checker: Checker


class _Known(NamedTuple):
    """What a file of this name, size and mtime gave against the inventory of this digest."""

    key: tuple[WorkflowFile, str]
    maps: bool
    checked: tuple[Checked, ...]


class App:
    """Scans and checks workflows against one inventory. Holds no parsed file; verdicts are kept for unchanged files.

    `state` is the folder for caches, history and good versions; None has none, `keep` False only reads it.
    """

    def __init__(self, inventory: Inventory, *, state: Path | None = None, keep: bool = True) -> None:
        self.state, self._keep = state, keep
        self._known: dict[str, _Known] = {}
        self._vocabulary = Vocabulary.from_document(document("references"))
        self._generic = tuple(document("references")["generic_names"])
        self._use(inventory)

    def refresh(self, inventory: Inventory) -> None:
        """Go on with a newer inventory; verdicts are kept when nothing in it changed."""
        if inventory.digest != self.inventory.digest:
            self._use(inventory)

    def _use(self, inventory: Inventory) -> None:
        from .probe import DiskProbe

        catalogue = build(
            inventory.definitions,
            document("nodes"),
            document("virtual_types"),
            aliases=inventory.aliases,
            digest=inventory.digest,
            version=inventory.comfyui_version,
        )
        index = build_index(inventory)
        probe = DiskProbe(inventory, self.state)
        scanner, checker = Scanner(catalogue, self._vocabulary), Checker(index, probe, self._generic)
        self._stages = _Stages(inventory, catalogue, index, probe, scanner, checker)
        self._understanding: Understanding | None = None

    @property
    def inventory(self) -> Inventory:
        """What is installed, as it was last taken."""
        return self._stages.inventory

    @property
    def catalogue(self) -> NodeCatalogue:
        """What is known of node types here."""
        return self._stages.catalogue

    @property
    def understanding(self) -> Understanding:
        """What explains, estimates, tunes and compares workflows here."""
        known = self._understanding
        if known is None:
            from .understanding.understanding import Understanding

            known = self._understanding = Understanding(
                self._stages, self._stages.probe.headers, self.state, self._keep
            )
        return known

    # ---- reading and checking --------------------------------------------------------------------------

    def read(self, file: WorkflowFile) -> Reading:
        """What one file holds. Never raises for a bad file: that becomes a Problem."""
        return read_file(file)

    def inspect(self, file: WorkflowFile) -> tuple[list[Requirements], list[Problem]]:
        """What the workflows of one file ask for, and what is wrong with the file."""
        try:
            reading = self.read(file)
            return [self._stages.scanner.scan(one) for one in reading.workflows], reading.problems
        except Exception as error:
            return [], [_fault(file, error)]

    def _looked_at(self, file: WorkflowFile, maps: bool) -> tuple[Checked, ...]:
        """`_check_file`, but a fault of ours in one file never ends the scan of the others: it is said and logged."""
        try:
            return self._check_file(file, maps)
        except Exception as error:
            return (Checked(file.name, file.path, unreadable(_fault(file, error))),)

    def requirements(self, workflow: Workflow) -> Requirements:
        """All that one workflow asks for."""
        return self._stages.scanner.scan(workflow)

    def check_workflow(
        self, workflow: Workflow, *, path: str = "", maps: bool = False, modified: float | None = None
    ) -> Checked:
        """The verdict on one workflow."""
        stages = self._stages
        needs = stages.scanner.scan(workflow)
        readiness = stages.checker.check(needs)
        graph = None
        if maps:
            marked = {node.id for one in readiness.findings if one.weight != INFO for node in one.nodes if node.id}
            graph = graph_map(workflow, marked)
        uses = tuple([item.name for item in needs.items if item.active and item.kind in _SEARCHED])
        models = tuple([item.name for item in needs.items if item.kind in _MODELS])
        hints: tuple[tuple[str, PackHint], ...] = ()
        notes: tuple[str, ...] = ()
        codes = {one.code for one in readiness.findings}
        if "NODE001" in codes:
            lacking = {one.name for one in readiness.findings if one.code == "NODE001"}
            hints = tuple([(item.name, item.pack) for item in needs.items if item.pack and item.name in lacking])
        if "MODEL001" in codes or "MODEL004" in codes:
            notes = note_links(workflow)
        return Checked(workflow.name, path, readiness, graph, modified, uses, models, notes, hints)

    def check_file(self, file: WorkflowFile, *, maps: bool = False) -> tuple[Checked, ...]:
        """The verdicts on the workflows of one file; one `unreadable` verdict when it holds none."""
        known = self._known.get(file.path)
        if known is not None and known.key == (file, self.inventory.digest) and (known.maps or not maps):
            return known.checked
        checked = self._looked_at(file, maps)
        if file.size >= 0:
            self._known[file.path] = _Known((file, self.inventory.digest), maps, checked)
        return checked

    def _check_file(self, file: WorkflowFile, maps: bool) -> tuple[Checked, ...]:
        reading = self.read(file)
        modified = file.mtime_ns / 1e9 if file.size >= 0 else None
        checked = [self.check_workflow(one, path=file.path, maps=maps, modified=modified) for one in reading.workflows]
        for problem in reading.problems:
            if problem.code == "no_workflow" and not file.given:
                continue  # a folder holds all kinds of JSON and pictures
            checked.append(Checked(problem.name, file.path, unreadable(problem), None, modified))
        return tuple(checked)

    def look_at(self, file: WorkflowFile, name: str) -> tuple[Checked, Outline | None]:
        """The verdict on the workflow `name` of one file as it is now, and what its graph says of itself.

        Where the file no longer holds that workflow, the verdict is on what is there instead.
        """
        return self._page(self.read(file), file.path, name, file.mtime_ns / 1e9 if file.size >= 0 else None)

    def look_at_graph(self, graph: Json, name: str) -> tuple[Checked, Outline | None]:
        """The same for a graph that is in no file: the one on the canvas."""
        return self._page(read_value(graph, name), "", name, None)

    def _page(self, reading: Reading, path: str, name: str, modified: float | None) -> tuple[Checked, Outline | None]:
        from .explanation.outline import outline

        graph = next((one for one in reading.workflows if one.name == name), None)
        graph = graph or next(iter(reading.workflows), None)
        if graph is None:
            problem = next(iter(reading.problems), Problem(name, "no_workflow", "There is no workflow in it."))
            return Checked(name, path, unreadable(problem), None, modified), None
        checked = self.check_workflow(graph, path=path, maps=True, modified=modified)
        stages = self._stages
        return checked._replace(name=name), outline(graph, stages.scanner.scan(graph), stages.catalogue)

    def check(
        self,
        files: Iterable[WorkflowFile],
        *,
        maps: bool = False,
        progress: Progress | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> list[Checked]:
        """All files, one after the other: each is parsed, looked at and dropped. `cancel` ends between two files."""
        if progress is not None:
            files = list(files)
        found: list[Checked] = []
        for done, file in enumerate(files):
            if cancel is not None and cancel():
                break
            if progress is not None:
                progress(done, len(files), file.name)  # type: ignore[arg-type]
            was_on = gc.isenabled()
            gc.disable()  # nothing made here is cyclic: the collector would only walk every file's tree several times
            try:
                found += self.check_file(file, maps=maps)
            finally:
                if was_on:
                    gc.enable()
        return found

    # ---- what was found outside ------------------------------------------------------------------------

    def found(self, folder: Path | None = None) -> Store:
        """The verdicts on what is missing that are kept in this folder, by default the state folder."""
        from .resolution.store import Store

        return Store(folder or self.state)

    def wants(self, checked: Checked) -> dict[int, Want]:
        """Index of the finding → what has to come from outside."""
        from .resolution.wants import wants

        return wants(
            checked.readiness.findings,
            self.inventory,
            models=checked.models,
            notes=checked.notes,
            hints=dict(checked.hints),
        )

    def resolutions(self, checked: Checked, found: Store) -> dict[int, Resolution]:
        """Index of the finding → the kept verdict on what it lacks. Asks nobody."""
        told = {index: found.get(want.key) for index, want in self.wants(checked).items()} if found.any() else {}
        return {index: one for index, one in told.items() if one is not None}

    def forget(self) -> None:
        """Drop the verdicts that are kept for files which are gone."""
        for path in [path for path in self._known if not os.path.lexists(path)]:
            del self._known[path]

    # ---- the library -----------------------------------------------------------------------------------

    def library(
        self,
        checked: list[Checked],
        *,
        when: float | None = None,
        unread: Iterable[str] = (),
        record: Path | None = None,
        found: Store | None = None,
    ) -> Library:
        """The report's values for one finished scan; records it in the history and keeps good versions.

        `unread`: folders of the library that could not be read, in words. `record`: the folder of that history,
        where it is not the state folder (several users, each with a library of their own). `found`: where verdicts
        on what is missing are kept; by default the one in that folder.
        """
        from .understanding.library import library_of

        folder = record or self.state
        known = found or self.found(folder)
        return library_of(
            self.understanding,
            checked,
            time.time() if when is None else when,
            unread=tuple(unread),
            folder=folder,
            shared=self.state,
            resolutions=lambda one: self.resolutions(one, known),
            save_caches=self._stages.probe.save if self._keep else None,
        )

    def review(
        self,
        library: Library,
        checked: Sequence[Checked],
        *,
        seconds: float,
        record: Path | None = None,
        cancel: Callable[[], bool] = lambda: False,
    ) -> Library:
        """The library with practice notes and the fit of workflows that changed, as many as there is time for."""
        from .understanding.health import reviewed

        folder = record or self.state
        if folder is None or not self._keep:
            return library
        save = self._stages.probe.save
        return reviewed(self.understanding, library, checked, folder, save, seconds=seconds, cancel=cancel)

    def health(self, one: Checked, *, record: Path | None = None) -> Health | None:
        """What broke one workflow, as the last check found, and notes on it as it is now. None where nothing is kept."""
        from .understanding.health import health_now

        folder = record or self.state
        return health_now(self.understanding, one, folder) if folder is not None else None


def _fault(file: WorkflowFile, error: Exception) -> Problem:
    _log.debug("fault while looking at %r", file.path, exc_info=error)
    text = f"ComfyFixerSmart failed on this file ({type(error).__name__}). That is our fault, not the workflow's."
    return Problem(file.name, "internal_error", text, "Please report it, with the file if you can.")
