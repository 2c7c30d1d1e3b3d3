"""`explain`: what a workflow is, how it works, what to change first and what may go wrong, from the graph alone."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ..errors import UnreadableFile, UsageError
from ..files import to_json
from .shared import FINE, place_of, progress_of

if TYPE_CHECKING:
    from ..app import App
    from ..understanding.types import Subject

READERS = ("newcomer", "expert")


def explain(options: argparse.Namespace) -> int:
    """Explain one workflow. Markdown into a file and with --markdown, the same set for reading in a terminal."""
    app = app_of(options)
    one = opened(app, options.path)
    told = app.understanding.explain(one.workflow, sizes=sizes_of(app, one))
    if options.json:
        print(to_json({**told.as_json(), "name": one.name}))
    else:
        from ..reports.console import print_markdown

        print_markdown(told.explanation.markdown[options.reader], raw=options.markdown)
    return FINE


# ---- what `tune` and `compare` begin with as well ------------------------------------------------------------


def app_of(options: argparse.Namespace) -> App:
    """The App of the place that the options name; nothing is kept."""
    from ..app import App

    place = place_of(options)
    with progress_of(options) as progress:
        return App(place.inventory(place.state, progress, keep=False), state=place.state, keep=False)


def opened(app: App, path: str) -> Subject:
    """The first workflow of this file; of further ones it is said that they are there.

    Raises UsageError and what is wrong with the file.
    """
    from ..files import read_small
    from ..library import find
    from ..understanding.understanding import chosen, subject
    from ..workflow.read import MAX_GRAPH_BYTES

    if not os.path.lexists(path):
        raise UsageError("not_found", f"{path} does not exist", "Check the path.")
    if os.path.isdir(path):
        raise UsageError("not_a_file", f"{path} is a folder", "Name one workflow file.")
    file = next(iter(find([path])))
    try:
        data = read_small(path, MAX_GRAPH_BYTES) or b"" if path.lower().endswith(".json") else b""
    except UnreadableFile as error:
        raise UnreadableFile(error.code, f"{file.name}: {error.message}", error.hint) from None
    if data:
        return subject(data, file.name, path=os.path.abspath(path))
    reading = app.read(file)
    if len(reading.workflows) > 1:
        print(f"{file.name} holds {len(reading.workflows)} workflows; this is the first one.", file=sys.stderr)
    return chosen(reading, file.name, path=os.path.abspath(path))


def sizes_of(app: App, one: Subject) -> dict[str, int]:
    """Sizes of what is not here, as far as it was looked up."""
    from ..understanding.understanding import resolved_sizes

    return resolved_sizes(app.resolutions(app.check_workflow(one.workflow), app.found()).values())
