"""The inventory of nowhere: no installation was given or found."""

from __future__ import annotations

from ..knowledge import document
from .types import Inventory


def nothing(reason: str) -> Inventory:
    """An inventory that knows nothing, for `reason` (a sentence for people). Every check against it is unknown."""
    return Inventory(
        origin="none",
        place="",
        aliases=dict(document("folders")["aliases"]),
        gaps=(reason,),
        types_known=False,
        models_known=False,
        inputs_known=False,
        digest="none",
    )
