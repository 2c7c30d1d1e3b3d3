"""`compare`: what is not the same in another version of a workflow, and what that means here."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..files import to_json
from .explain import app_of, opened, sizes_of
from .shared import FINDINGS, FINE, place_of

if TYPE_CHECKING:
    from ..understanding.types import Subject


def compare(options: argparse.Namespace) -> int:
    """Compare two versions. Exit code 1 where they would not do the same."""
    if (options.new is None) != options.good or (options.save and not options.good):
        raise UsageError("bad_usage", "Name two files, or one with --good", "See `comfyfixersmart compare --help`.")
    if options.save:
        return _save(options)
    app = app_of(options)
    new = opened(app, options.new or options.old)
    old = _good(options) if options.good else opened(app, options.old)
    told = app.understanding.compare(old.workflow, new.workflow, sizes=sizes_of(app, new))
    if options.json:
        print(to_json({**told.as_json(), "old": old.name, "new": new.name}))
    else:
        from ..reports.console import print_markdown

        print_markdown(told.markdown, raw=options.markdown)
    return FINE if told.same else FINDINGS


def _save(options: argparse.Namespace) -> int:
    """Write the version that last ran into a new file. The file that does not run may be one that nobody can read."""
    data = _good(options).data
    try:
        with open(options.save, "xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError("exists", f"{options.save} is there already", "Name a new file.") from None
    if options.json:
        print(to_json({"saved": os.path.abspath(options.save), "bytes": len(data)}))
    else:
        from ..reports.words import visible

        print(f"Written: {visible(os.path.abspath(options.save))}")
    return FINE


def _good(options: argparse.Namespace) -> Subject:
    """The version of this saved workflow that ran here last. Raises UsageError, ComfyFixerError `no_good_version`."""
    from ..library import find
    from ..understanding.understanding import good_version

    place = place_of(options)
    state = Path(options.state) if options.state else place.state
    if state is None:
        raise UsageError("no_state", "It is not said which installation is meant", "Add --comfyui DIR.")
    given = os.path.realpath(options.old)
    saved = find(place.workflow_folders, media=False)
    listed = [file.name for file in saved if os.path.realpath(file.path) == given]
    return good_version(state / "good", next(iter(listed), os.path.basename(options.old)))
