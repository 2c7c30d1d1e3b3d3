"""Bytes → Workflow: every format and container becomes one flat graph. Pure."""
