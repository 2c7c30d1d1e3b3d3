"""The shell inside ComfyUI. It has no routes yet; the command line is the way in."""
