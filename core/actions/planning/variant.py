"""A new version of a workflow that a person chose the changes of, as an action, and a plan with it. Pure but for the folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace

from ...errors import ComfyFixerError
from ..types import WRITE_VERSION, Action, Plan
from ..versions import next_version
from .types import action_id, unique

MOST_SAID = 3  # changes told in the reason


def version_action(path: str, data: bytes, workflow: str, changes: Iterable[str]) -> Action:
    """The action that writes `data` as the next version beside the workflow file `path`. `changes`: their titles.

    Raises ComfyFixerError `no_version` where none can be written there.
    """
    if not path.lower().endswith(".json"):
        raise _refused("The workflow is in no .json file.", "Save it as .json first, then tune it again.")
    folder = os.path.dirname(path)
    try:
        status, destination = os.stat(path), next_version(path)
        content = data.decode("utf-8")
    except OSError as error:
        raise _refused(f"Its file or folder cannot be read: {error.strerror}.", "Check again.") from None
    except UnicodeDecodeError:
        raise _refused("Its file is not written in UTF-8.", "Save it again in ComfyUI, then tune it again.") from None
    if not os.access(folder, os.W_OK):
        raise _refused("No new version can be written beside the workflow.", "Give ComfyUI's user the right to.")
    said = unique(changes)
    more = [f"{len(said) - MOST_SAID} more"] if len(said) > MOST_SAID else []
    return Action(
        id=action_id(WRITE_VERSION, destination),
        kind=WRITE_VERSION,
        title=os.path.basename(destination),
        destination=destination,
        root=folder,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        origin=path,
        origin_size=status.st_size,
        origin_mtime_ns=status.st_mtime_ns,
        content=content,
        workflows=(workflow,),
        why=f"A new version: {'; '.join([*said[:MOST_SAID], *more])}. The workflow itself stays as it is.",
    )


def with_version(plan: Plan, action: Action) -> Plan:
    """The plan with the new version in it, written once everything it names is here."""
    needed = tuple(one.id for one in plan.actions)
    return replace(
        plan,
        workflows=unique((*plan.workflows, *action.workflows)),
        actions=(*plan.actions, replace(action, after=needed)),
    )


def _refused(why: str, hint: str) -> ComfyFixerError:
    return ComfyFixerError("no_version", why, hint)
