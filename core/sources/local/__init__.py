"""What lies on this disk already: saved workflows, the installed templates, ComfyUI-Manager's lists.

They cost nothing and answer offline, but nobody has checked what they say: they claim, they never confirm.
"""

from __future__ import annotations

from .claims import Claims, Listed
from .packs import PackMap
from .places import Places, find_places, own_site_packages

__all__ = ["Claims", "Listed", "PackMap", "Places", "find_places", "own_site_packages"]
