"""Everything that `make_plan` asks, asked of this computer and of whom the person lets be asked."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...http import Http, NoAnswer
from ...weights.hashes import HashCache
from ..planning.disk import LocalDisk
from ..planning.make import make_plan
from ..planning.needs import Checks, graph_bytes, needs_of, rechecker, used_of
from ..policy import Policy
from ..types import COMMAND, Offer, Plan

if TYPE_CHECKING:
    from ...inventory.types import Inventory
    from ..download.announce import Announced
    from ..packs.manager import Manager
    from ..planning.make import Progress

_KEYED = ("huggingface", "civitai", "modelscope")
_PACKS = ("NODE001", "NODE002", "NODE003")
Cancel = Callable[[], bool]


class Installed(Checks, Protocol):
    """What of an App is needed here."""

    @property
    def inventory(self) -> Inventory: ...

    def found(self, folder: Path | None = None) -> Any: ...


def prepare(
    app: Installed,
    checked: Sequence[Any],
    everyone: Sequence[Any],
    *,
    policy: Policy,
    asked: Collection[str],
    keys: Mapping[str, str],
    state: Path | None,
    shared: Path | None,
    now: float,
    leave_out: Sequence[str],
    prefer: Mapping[str, str] | None,
    client: Callable[[Cancel], Http],
    manager: Callable[[Cancel], AbstractContextManager[Manager | None]],
    progress: Progress | None,
    cancel: Cancel,
) -> Plan:
    """The plan for these checked workflows. `asked`: services that may be asked. Raises ComfyFixerError `cancelled`."""
    inventory = app.inventory
    needs = needs_of(app, checked, app.found(state))
    hashes = HashCache(shared / "weights.json" if shared is not None else None)

    def hashing(path: str, done: int, total: int) -> None:
        if progress is not None:
            progress(done, total, f"Looking into {os.path.basename(path)}")

    def announce(offer: Offer, size: int | None, sha256: str | None) -> Announced:
        from ..download.announce import check_offer

        if offer.source not in asked:
            raise NoAnswer("not_asked", "you have not let it be asked", f"Let {offer.by} be asked, in the settings.")
        return check_offer(offer, size, sha256, http)

    way = COMMAND
    if any(need.finding.code in _PACKS for need in needs):
        with manager(cancel) as found:
            way = found.through if found is not None and found.permits else COMMAND
    with closing(client(cancel)) as http:
        try:
            return make_plan(
                needs,
                inventory=inventory,
                policy=policy,
                disk=LocalDisk(inventory, hashes, cancel=cancel, progress=hashing),
                now=now,
                place=inventory.directories.get("base") or inventory.place,
                used=used_of((*everyone, *checked)),
                leave_out=leave_out,
                prefer=prefer,
                manager=way,
                announce=announce,
                graph=graph_bytes,
                recheck=rechecker(app),
                keyed=[name for name in _KEYED if name in keys],
                nonce=secrets.token_hex(8),
                progress=progress,
                cancel=cancel,
            )
        finally:
            with contextlib.suppress(OSError):
                hashes.save()
