"""Node packs: through ComfyUI-Manager where it is there, else the exact command to paste. Nothing of a pack is run here."""
