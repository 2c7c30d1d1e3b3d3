"""ComfyFixerSmart: a true answer, for every saved workflow, to "can I run this here?".

This module is what ComfyUI imports at start. It does nothing heavy: no scan, no network, no file is
written, and none of the product's packages is loaded. Everything else is imported on first use.
"""

import sys

__version__ = "0.1.0"

NODE_CLASS_MAPPINGS: dict[str, type] = {}
NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {}
WEB_DIRECTORY = "./web"

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY", "__version__"]

# Inside ComfyUI, `server` is loaded and its instance made before any pack is imported; anywhere else there is none.
_server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
if _server is not None:
    from .server_routes import register

    register(_server, __version__)
