"""The one client for the web: whom it may reach, where tokens go, how fast it asks, how much it reads."""

from __future__ import annotations

from .address import shown
from .client import Http
from .stream import Stream
from .types import Answer, Clock, Limit, NoAnswer, Timeouts

__all__ = ["Answer", "Clock", "Http", "Limit", "NoAnswer", "Stream", "Timeouts", "shown"]
