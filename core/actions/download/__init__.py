"""Fetches one file: a part beside its destination, one owner, resumed after anything, verified before it gets its name."""

from __future__ import annotations

from .announce import Announced, check_offer
from .fetch import fetch_file
from .place import safe_destination

__all__ = ["Announced", "check_offer", "fetch_file", "safe_destination"]
