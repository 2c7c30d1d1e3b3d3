"""The product: stages from bytes to a verdict. Imports nothing from ComfyUI (see core/README.md)."""
