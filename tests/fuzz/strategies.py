"""Hypothesis strategies for graphs in which anything may have any type."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = Any

IDS = st.one_of(
    st.integers(-25, 12),
    st.sampled_from(["1", "2", "3", "-10", "-20", "s", "t", "5:3", ""]),
    st.floats(-3, 12),
    st.none(),
    st.booleans(),
)
TYPES = st.sampled_from(
    [
        *("Wren", "LoadBramble", "PickTeal", "HeronSink", "FeedHeron", "Mystery", "s", "t", "workflow/Nest"),
        *("workflow>Nest", "workflow/", "workflow", "Reroute", "PrimitiveNode", "GetNode", "SetNode", "Note"),
        *("easy getNode", "Power Lora Loader (rgthree)", "LoRA Stacker", "CR LoRA Stack", "Anything Everywhere"),
        *(
            "CheckpointLoaderSimple",
            "LoadImage",
            "KSampler",
            "SaveImage",
            "CLIPTextEncode",
            "Lora Loader (LoraManager)",
        ),
    ]
)
WORDS = st.sampled_from(
    [
        *("thorn.safetensors", "sub\\leaf.gguf", "None", "", "fixed", "randomize", "small", "huge", "../x.pt"),
        *("embedding:soft, <lora:petal:0.8>", "urn:air:sdxl:lora:civitai:1@2", "%model%", "\ud800.pt", "heron"),
        *("a\nb", "heron.png [output]", "https://h/a.pt", "<b>", "\x00.bin", "embedding:", "<lora:", "x" * 500),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(2**63), 2**53]),
    st.floats(),
    WORDS,
    st.text(max_size=8),
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from(["name", "on", "active", "lora", "id", "link"]), st.text(max_size=4)),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=4,
)


def mostly(kind: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """`kind` nearly always, and anything at all in between."""
    return st.integers(0, 15).flatmap(lambda draw: ANY if draw == 0 else kind)


SLOTS = st.lists(
    mostly(
        st.fixed_dictionaries(
            {"name": mostly(st.sampled_from(["images", "image", "file", "size", "text", "seed", ""]))},
            optional={
                "type": mostly(st.sampled_from(["IMAGE", "MASK", "*", "IMAGE,MASK", "COMBO", ""])),
                "link": mostly(IDS),
                "widget": mostly(st.fixed_dictionaries({"name": mostly(st.sampled_from(["file", "size", "text"]))})),
            },
        )
    ),
    max_size=4,
)
VALUES = st.one_of(
    st.lists(ANY, max_size=7),
    st.dictionaries(st.sampled_from(["file", "size", "seed", "lora_count", "lora_name_1"]), ANY, max_size=4),
)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "proxyWidgets": mostly(st.lists(mostly(st.lists(mostly(IDS.map(str)), max_size=3)), max_size=4)),
        "models": mostly(
            st.lists(
                mostly(
                    st.dictionaries(st.sampled_from(["name", "url", "directory", "hash", "size"]), SCALARS, max_size=5)
                ),
                max_size=3,
            )
        ),
        "cnr_id": mostly(st.sampled_from(["comfy-core", "wren-pack", "a/b"])),
        "aux_id": ANY,
    },
)
NODES = st.fixed_dictionaries(
    {"id": mostly(IDS), "type": mostly(TYPES), "pos": mostly(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2))},
    optional={
        "mode": mostly(st.sampled_from([0, 0, 0, 2, 4])),
        "widgets_values": mostly(VALUES),
        "inputs": mostly(SLOTS),
        "outputs": ANY,
        "properties": mostly(PROPERTIES),
        "title": SCALARS,
        "size": ANY,
    },
)
SMALL = st.integers(-1, 5)
LINK = st.one_of(
    st.tuples(IDS, IDS, SMALL, IDS, SMALL, st.sampled_from(["IMAGE", "*", "MASK"])).map(list),
    st.fixed_dictionaries({"id": IDS, "origin_id": IDS, "origin_slot": SMALL, "target_id": IDS, "target_slot": SMALL}),
)
LINKS = st.one_of(st.lists(mostly(LINK), max_size=8), st.dictionaries(st.text(max_size=2), mostly(LINK), max_size=4))


def level(**more: st.SearchStrategy[Json]) -> st.SearchStrategy[dict[str, Json]]:
    """One graph level: the root, or the inside of a subgraph or group node."""
    return st.fixed_dictionaries({"nodes": mostly(st.lists(mostly(NODES), max_size=7)), "links": mostly(LINKS), **more})


NAMED = st.lists(
    mostly(st.fixed_dictionaries({"name": mostly(st.sampled_from(["file", "image", "size"]))})), max_size=4
)
DEFINITIONS = st.lists(
    mostly(level(id=mostly(st.sampled_from(["s", "t"])), inputs=mostly(NAMED), outputs=ANY)), max_size=3
)
UE_LINK = st.fixed_dictionaries({"downstream": IDS, "downstream_slot": IDS, "upstream": IDS, "upstream_slot": IDS})
EXTRA = st.fixed_dictionaries(
    {},
    optional={
        "groupNodes": mostly(st.dictionaries(st.sampled_from(["Nest", ""]), mostly(level()), max_size=2)),
        "ue_links": mostly(st.lists(mostly(UE_LINK), max_size=3)),
    },
)
UI = level(
    definitions=mostly(st.fixed_dictionaries({"subgraphs": mostly(DEFINITIONS)})),
    extra=mostly(EXTRA),
    models=ANY,
)
API = st.dictionaries(
    st.one_of(IDS.map(str), st.sampled_from(["_meta", "extra"])),
    mostly(
        st.fixed_dictionaries(
            {"class_type": mostly(TYPES)},
            optional={
                "inputs": mostly(
                    st.dictionaries(
                        st.sampled_from(["images", "file", "size", "seed", "text", "ckpt_name"]),
                        st.one_of(ANY, st.tuples(IDS, SMALL).map(list)),
                        max_size=4,
                    )
                ),
                "_meta": ANY,
            },
        )
    ),
    max_size=6,
)
GRAPHS = st.one_of(UI, API)
FILES = st.one_of(
    GRAPHS,
    st.fixed_dictionaries(
        {}, optional={"workflow": GRAPHS, "prompt": API, "input": mostly(st.fixed_dictionaries({"workflow": GRAPHS}))}
    ),
    st.lists(GRAPHS, max_size=3),
    ANY,
)
