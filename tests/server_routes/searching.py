"""A stand-in ComfyUI with the extension in it, and services that exist in memory only, over a clock of the test's own.

`World` is what the services know; `world.asked` is every question that was put.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from comfyfixersmart.core.resolution.store import Store
from comfyfixersmart.core.resolution.types import FILE, NOT_FOUND, Judged, Resolution, Silence, Want
from comfyfixersmart.core.schedule import GRACE, Now
from comfyfixersmart.core.sources.types import Candidate, PackCandidate, Step
from comfyfixersmart.server_routes.cycle import LOOK, Cycle
from comfyfixersmart.server_routes.host import Host, User
from comfyfixersmart.server_routes.routes import add_routes
from comfyfixersmart.server_routes.search import Asked
from comfyfixersmart.server_routes.service import Service


class World:
    """What the services know. A name that is not in `states` is found nowhere."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.down: set[str] = set()  # services that do not answer
        self.asked: list[str] = []
        self.sessions: list[dict[str, Any]] = []
        self.closed = 0
        self.fails: Exception | None = None
        self.held: str | None = None  # the name at which a search waits, until it is let go or cancelled
        self.reached = threading.Event()
        self.before: Callable[[Want], None] = lambda want: None
        self.now: Callable[[], float] = lambda: 0.0

    def verdict(self, want: Want, sources: Iterable[str]) -> Resolution:
        state = self.states.get(want.name, NOT_FOUND)
        best: Candidate | PackCandidate
        if want.kind == FILE:
            best = Candidate(f"civitai:1/{want.name}", "civitai", want.name, f"https://civitai.red/api/{want.name}")
        else:
            best = PackCandidate(f"registry:{want.name}", "registry", want.name)
        other = Candidate("civitai:2/3", "civitai", "other.safetensors", "https://civitai.red/api/other")
        silent = tuple(Silence(name, "it took too long") for name in sources if name in self.down)
        found = () if state == NOT_FOUND else (Judged(best), Judged(other))
        steps = (Step("civitai", f"Asked for “{want.name}”", "nothing"),)
        return Resolution(
            want.key, want.kind, want.name, state, "Because.", candidates=found, silent=silent, steps=steps
        )


class FakeSession:
    """Keeps verdicts as the real one does, and asks `World`."""

    def __init__(self, world: World, app: Any, **given: Any) -> None:
        self._world = world
        world.sessions.append(given)
        self.sources = SimpleNamespace(names=tuple(given["values"].sources or ()))
        self.store = Store(given["state"], now=world.now)

    def close(self) -> None:
        self._world.closed += 1

    def due(self, wants: Iterable[Want]) -> list[Want]:
        once = {want.key: want for want in wants}
        return [want for want in once.values() if self.store.fresh(want, self.sources.names) is None]

    def resolve(
        self, wants: Sequence[Want], *, again: bool = False, progress: Any = None, cancel: Any = None
    ) -> list[Resolution]:
        once = list({want.key: want for want in wants}.values())
        found: list[Resolution] = []
        for done, want in enumerate(once):
            if cancel():
                break
            kept = None if again else self.store.fresh(want, self.sources.names)
            if kept is None:
                progress(done, len(once), want, "")
                if self._stopped(want, cancel):
                    break
                kept = self.store.put(self._asked(want), self.sources.names)
            found.append(kept)
            progress(done + 1, len(once), want, "")
        return found

    def _asked(self, want: Want) -> Resolution:
        self._world.asked.append(want.name)
        if self._world.fails:
            raise self._world.fails
        return replace(self._world.verdict(want, self.sources.names), when=self._world.now())

    def _stopped(self, want: Want, cancel: Callable[[], bool]) -> bool:
        self._world.before(want)
        while self._world.held == want.name:
            self._world.reached.set()
            if cancel():
                return True
            threading.Event().wait(0.01)
        return bool(cancel())


def graph(*checkpoints: str, nodes: Sequence[str] = ()) -> str:
    """A saved workflow that needs these files, and these types that nobody has installed."""
    made = [
        {"id": at, "type": "CheckpointLoaderSimple", "mode": 0, "inputs": [], "outputs": [], "widgets_values": [name]}
        for at, name in enumerate(checkpoints)
    ]
    made += [
        {"id": 100 + at, "type": name, "mode": 0, "inputs": [], "outputs": [], "widgets_values": []}
        for at, name in enumerate(nodes)
    ]
    return json.dumps({"nodes": made, "links": [], "version": 0.4})


class Place:
    """ComfyUI with the extension in it, driven turn by turn."""

    def __init__(self, comfyui: Any) -> None:
        self.comfyui = comfyui
        self.world = World()
        self.world.now = lambda: self.wall
        self.session: Callable[..., Any] = lambda app, **given: FakeSession(self.world, app, **given)
        self.wall, self.steady = 1_800_000_000.0, 100.0
        self._started: list[Service] = []
        self.start()

    def start(self) -> None:
        """ComfyUI starts (again)."""
        self.service = Service(Host(self.comfyui.server), "0.0.0")
        self._started.append(self.service)
        self.search = self.service.search
        self.search._session = self.session
        self.cycle = Cycle(self.service, lambda: Now(self.wall, self.steady))
        self.cycle._load()

    def end(self) -> None:
        """Nothing goes on in any thread afterwards."""
        self.world.held = None
        for service in self._started:
            service.search.end()
            service.discovery.end()
            over = threading.Event()
            service.search.worker.do(over.set)
            assert over.wait(20)

    def save(self, name: str, text: str, user: str = "default") -> None:
        self.comfyui.put(f"user/{user}/workflows/{name}", text)

    @property
    def user(self) -> User:
        return self.service.host.users()[0]

    def named(self, name: str) -> User:
        return next(user for user in self.service.host.users() if user.name == name)

    def consent(self, *sources: str, discovery: bool | None = None) -> None:
        self.service.preferences.consent(sources, discovery)

    # ---- time ------------------------------------------------------------------------------------------

    async def pass_(self, seconds: float) -> None:
        """Time goes by, with a turn every second, at most 60."""
        step = max(1.0, seconds / 60)
        while seconds > 0:
            self.wall += min(step, seconds)
            self.steady += min(step, seconds)
            seconds -= step
            await self.cycle.turn()

    def sleep(self, seconds: float) -> None:
        """The computer sleeps: only the wall clock goes on."""
        self.wall += seconds

    async def first_cycle(self) -> None:
        await self.pass_(GRACE + 2)
        assert self.service.shelf(self.user).last is not None

    async def check(self) -> None:
        """A cycle that somebody asked for."""
        self.service.request_scan(self.user)
        await self.pass_(LOOK + 1)

    async def until(self, done: Callable[[], Any]) -> None:
        for _ in range(1000):
            if done():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not come")

    async def at_rest(self) -> None:
        """What was given to the search's thread is done."""
        await self.search.worker.run(lambda: None)

    async def looked_up(self) -> dict[str, Any]:
        """What is on its way is done, and noted; the discovery's part of the status."""
        for _ in range(3):
            await self.at_rest()
            await self.cycle.turn()
        return self.discovery()

    # ---- what is seen ----------------------------------------------------------------------------------

    def discovery(self) -> dict[str, Any]:
        told: dict[str, Any] = self.service.status(self.user)["discovery"]
        return told

    def begin(self, user: User | None = None, **asked: Any) -> dict[str, Any]:
        job: dict[str, Any] = self.search.start(user or self.user, Asked(**asked))["job"]
        return job

    async def ended(self, user: User | None = None, **asked: Any) -> dict[str, Any]:
        """The job of a search that was begun and went to its end."""
        self.begin(user, **asked)
        await self.at_rest()
        return self.job(user)

    def job(self, user: User | None = None) -> dict[str, Any]:
        job: dict[str, Any] = self.search.job(user or self.user)["job"]
        return job

    def library(self, user: User | None = None) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.service.library_json(user or self.user)[1])
        return body

    def found(self, slug: str, user: User | None = None) -> dict[str, str]:
        """By name of the missing thing, the state of its verdict on the workflow's page."""
        page = self.service.workflow(user or self.user, slug)
        return {one["name"]: one["resolution"]["state"] for one in page["findings"] if one["resolution"]}

    def events(self, name: str) -> list[Any]:
        return [data for event, data, _ in self.comfyui.server.sent if event == f"comfyfixersmart.{name}"]

    def reports(self) -> Path:
        folder: Path = self.comfyui.base / "output/reports/workflows"
        return folder

    def served(self) -> Any:
        """The application with our routes in it, as ComfyUI serves them."""
        add_routes(self.comfyui.server.routes, self.service)
        self.comfyui.server.add_routes()
        return self.comfyui.server.app


@contextmanager
def place_in(standing: AbstractContextManager[Any]) -> Iterator[Place]:
    """`with place_in(stand_in(folder)) as place: …`; what was begun ends with it."""
    with standing as comfyui:
        place = Place(comfyui)
        try:
            yield place
        finally:
            place.end()
