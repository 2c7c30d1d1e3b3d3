"""The files of the input folder, which workflows name as pictures, videos and sounds."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from .models import list_models
from .types import Folder


@dataclass(frozen=True, slots=True)
class Inputs:
    """File names below the input folder, with "/" between. `known` is False when some could not be listed."""

    names: frozenset[str]
    gaps: tuple[str, ...] = ()
    known: bool = True

    def digest(self) -> str:
        """Changes when a name comes or goes."""
        return hashlib.sha256("\n".join(sorted(self.names)).encode("utf-8", "surrogatepass")).hexdigest()


def list_inputs(folder: str) -> Inputs:
    """List `folder` with its sub-folders. An absent folder is empty; "" means that it is not known."""
    if not folder:
        return Inputs(frozenset(), known=False)
    listing = list_models([Folder("input", (folder,), frozenset())])
    names = frozenset(file.name.replace(os.sep, "/") for file in listing.models["input"])
    return Inputs(names, tuple(listing.gaps), known=not listing.unlisted)
