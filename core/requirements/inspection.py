"""The scanner's public contract: Requirements as plain JSON, as `comfyfixersmart inspect --json` prints them. Pure."""

from __future__ import annotations

from typing import Any

from .types import EMBEDDING, INPUT_MEDIA, LORA_TAG, MODEL, NODE_TYPE, Requirements

_TEXT_KINDS = {EMBEDDING: "embedding", LORA_TAG: "lora"}


def inspection(needs: Requirements) -> dict[str, Any]:
    """One workflow. A model stands once for every node that names it; an unknown folder is `[]`."""
    active = {item.name for item in needs.of(NODE_TYPE)}
    inactive = {item.name for item in needs.of(NODE_TYPE, active=False)} - active
    models = [
        {
            "name": item.name,
            "folders": list(item.folders),
            "node_id": node.id,
            "node_type": node.class_type,
            "active": item.active,
            "hash": item.sha256,
            "url": item.urls[0] if item.urls else None,
        }
        for item in needs.items
        if item.kind == MODEL
        for node in item.nodes
    ]
    return {
        "format": needs.format,
        "node_types": sorted(active),
        "inactive_node_types": sorted(inactive),
        "virtual_types": list(needs.virtual_types),
        "models": models,
        "text_refs": [
            {"kind": _TEXT_KINDS[item.kind], "name": item.name}
            for item in needs.items
            if item.kind in _TEXT_KINDS and item.active
        ],
        "input_media": [item.name for item in needs.items if item.kind == INPUT_MEDIA and item.active],
        "warnings": list(needs.warnings),
    }
