"""The nodes a person puts on the canvas. There are none yet."""
