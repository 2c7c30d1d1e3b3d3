"""The entries of custom_nodes and ComfyUI's own nodes: which are there, which load, and what they bring."""
