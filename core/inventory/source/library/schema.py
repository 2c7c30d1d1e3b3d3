"""Names of ComfyUI's schema API: which are types, and what their type text is."""

from __future__ import annotations

import re

from ..interpreter.machine import Machine
from ..interpreter.values import External, Member, SchemaType, Value

# Type texts that do not follow from the class name. From comfy_api/latest/_io.py of ComfyUI 0.3.75.
_TEXTS = {
    "AnyType": "*",
    "MultiCombo": "COMBO",
    "Load3D": "LOAD_3D",
    "Load3DCamera": "LOAD3D_CAMERA",
    "Load3DAnimation": "LOAD_3D_ANIMATION",
    "Autogrow": "COMFY_AUTOGROW_V3",
    "AutogrowDynamic": "COMFY_AUTOGROW_V3",
    "DynamicCombo": "COMFY_DYNAMICCOMBO_V3",
    "ComboDynamic": "COMFY_COMBODYNAMIC_V3",
    "DynamicSlot": "COMFY_DYNAMICSLOT_V3",
    "MatchType": "COMFY_MATCHTYPE_V3",
    "MultiType": "COMFY_MULTITYPED_V3",
}
_NO_TYPES = frozenset(
    {
        "ComfyNode",
        "ComfyTypeI",
        "ComfyTypeIO",
        "Custom",
        "FolderType",
        "Hidden",
        "HiddenHolder",
        "Input",
        "NodeOutput",
        "NumberDisplay",
        "Output",
        "PriceBadge",
        "RemoteOptions",
        "Schema",
        "UploadType",
        "WidgetInput",
        "comfytype",
    }
)
_UPLOADS = {"image": "image_upload", "audio": "audio_upload", "video": "video_upload", "model": "file_upload"}


# The schema API is called io3 here, whatever module of comfy_api it is taken from.
_SCHEMA_MODULE = re.compile(r"^comfy_api\.\w+\.(?:_io|_io_public|io|IO)(?=\.|$)")


def canonical(name: str) -> str:
    """A dotted name with every spelling of the schema API's module replaced by `io3`."""
    return _SCHEMA_MODULE.sub("io3", name)


def type_text(m: Machine, name: str) -> str:
    """The type text of a class of the schema API: `ControlNet` → `CONTROL_NET`."""
    if m.host is not None and name in m.host.schema_types:
        return m.host.schema_types[name]
    return _TEXTS.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def schema_member(m: Machine, dotted: str, holder: SchemaType | None = None) -> Value:
    """`io3.X` as a type, an upload kind, or a callable known by its dotted name."""
    parts = dotted.split(".")
    if holder is not None:
        return SchemaType(f"{holder.name}.{parts[-1]}", holder.type)
    if len(parts) == 2 and parts[1] not in _NO_TYPES and parts[1][:1].isupper():
        return SchemaType(parts[1], type_text(m, parts[1]))
    if len(parts) == 3 and parts[1] == "UploadType" and parts[2] in _UPLOADS:
        return Member("UploadType", parts[2], _UPLOADS[parts[2]])
    if len(parts) == 3 and parts[1] in {"FolderType", "NumberDisplay"}:
        return Member(parts[1], parts[2], parts[2])
    return External(dotted)
