"""Which part does which kind of action. Each is imported when it is first used."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from ..types import DOWNLOAD, ENABLE_PACK, INSTALL_PACK, LINK, MOVE, RELINK, WRITE_VERSION, Action, Done

if TYPE_CHECKING:
    from .control import Handle
    from .outcomes import Executor, Tools


def _move(action: Action, control: Handle, tools: Tools) -> Done:
    from ..local import move

    return move(action, control)


def _link(action: Action, control: Handle, tools: Tools) -> Done:
    from ..local import link

    return link(action, control)


def _download(action: Action, control: Handle, tools: Tools) -> Done:
    from ..download import fetch_file

    with closing(tools.http(lambda: control.stopped)) as http:
        return fetch_file(action, http, control)


def _write_version(action: Action, control: Handle, tools: Tools) -> Done:
    from ..versions import write_version

    return write_version(action, control)


def _install(action: Action, control: Handle, tools: Tools) -> Done:
    from ..packs import install

    with tools.manager(lambda: control.stopped) as manager:
        return install(action, control, manager=manager)


def _enable(action: Action, control: Handle, tools: Tools) -> Done:
    from ..packs import enable

    with tools.manager(lambda: control.stopped) as manager:
        return enable(action, control, manager=manager)


EXECUTORS: Mapping[str, Executor] = {
    MOVE: _move,
    LINK: _link,
    DOWNLOAD: _download,
    RELINK: _write_version,
    WRITE_VERSION: _write_version,
    ENABLE_PACK: _enable,
    INSTALL_PACK: _install,
}
