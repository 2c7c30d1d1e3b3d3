"""Node packs: through ComfyUI-Manager where it is there, else the exact command to paste. Nothing of a pack is run here.

http = Http(trusted={host})                        # the server is the person's own
manager = find_manager(http, "http://127.0.0.1:8188", user=user_folder)       # None: there is none; look_for says why
install(action, control, manager=manager)          # an executor, as is enable; without a Manager: ActionFailed "by_hand"
command_for(task, place)                           # what to paste
"""

from __future__ import annotations

from .command import command_for
from .doing import by_hand, enable, install
from .manager import Found, Manager, find_manager, look_for

__all__ = ["Found", "Manager", "by_hand", "command_for", "enable", "find_manager", "install", "look_for"]
