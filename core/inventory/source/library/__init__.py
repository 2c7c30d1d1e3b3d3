"""What lies outside a pack's own source: Python's functions and methods, and the names of ComfyUI."""
