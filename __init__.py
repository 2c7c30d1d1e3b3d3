"""ComfyFixerSmart: a true answer, for every saved workflow, to "can I run this here?".

This module is what ComfyUI imports at start. It does nothing heavy: no scan, no network, no file is
written, and none of the product's packages is loaded. Everything else is imported on first use.
"""

__version__ = "0.1.0"

NODE_CLASS_MAPPINGS: dict[str, type] = {}
NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {}
WEB_DIRECTORY = "./web"

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY", "__version__"]
