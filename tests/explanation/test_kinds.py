"""What a workflow is for, told by the graph alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from comfyfixersmart.core.explanation.kinds.marks import table
from comfyfixersmart.core.explanation.kinds.tell import MOST_KINDS, kinds
from comfyfixersmart.core.knowledge import document
from hypothesis import given, settings
from hypothesis import strategies as st

from .built import graph, sampled, understood

PICTURE, SECOND = (10, "LoadImage", {}), (11, "LoadImage", {}, {"values": ["quay.png", "image"]})
VIDEO, SOUND = (20, "LoadVideo", {}), (21, "LoadAudio", {})
SAVE, SAVE_VIDEO = (30, "SaveImage", {"images": (6, 0)}), (30, "SaveVideo", {"video": (7, 0)})
ENCODE = (12, "VAEEncode", {"pixels": (10, 0), "vae": (1, 2)})
FRAMES = (7, "CreateVideo", {"images": (6, 0)})


def saved(
    kind: str, feeds: dict[str, tuple[int, int]], *before: tuple[Any, ...], save: str = "SaveVideo", slot: int = 0
) -> list[Any]:
    """One node that does it all, and a node that saves what it gives."""
    return [*before, (50, kind, feeds), (51, save, {"video": (50, slot)})]


CASES: list[tuple[str, list[Any]]] = [
    ("text_to_image", sampled(SAVE)),
    ("image_to_image", sampled(PICTURE, ENCODE, SAVE, latent=(12, 0))),
    ("inpaint", sampled(PICTURE, ENCODE, (13, "SetLatentNoiseMask", {"samples": (12, 0), "mask": (10, 1)}), SAVE, latent=(13, 0))),
    ("outpaint", sampled(
        PICTURE, (14, "ImagePadForOutpaint", {"image": (10, 0)}), (12, "VAEEncode", {"pixels": (14, 0), "vae": (1, 2)}),
        (13, "SetLatentNoiseMask", {"samples": (12, 0), "mask": (14, 1)}), SAVE, latent=(13, 0))),
    ("controlnet", sampled(
        PICTURE, (14, "Canny", {"image": (10, 0)}), (15, "ControlNetLoader", {}),
        (16, "ControlNetApplyAdvanced", {"positive": (2, 0), "negative": (3, 0), "control_net": (15, 0), "image": (14, 0)}),
        SAVE, positive=(16, 0))),
    ("image_edit", sampled(
        PICTURE, ENCODE, (13, "ReferenceLatent", {"conditioning": (2, 0), "latent": (12, 0)}), SAVE,
        latent=(12, 0), positive=(13, 0), canvas=False)),
    ("reference_to_image", sampled(
        PICTURE, ENCODE, (13, "ReferenceLatent", {"conditioning": (2, 0), "latent": (12, 0)}), SAVE, positive=(13, 0))),
    ("image_edit", saved("GeminiImage2Node", {"images": (10, 0)}, PICTURE, save="SaveImage")),
    ("upscale_image", [
        PICTURE, (8, "UpscaleModelLoader", {}), (9, "ImageUpscaleWithModel", {"upscale_model": (8, 0), "image": (10, 0)}),
        (30, "SaveImage", {"images": (9, 0)})]),
    ("media_tools", [PICTURE, SECOND, (9, "ImageStitch", {"image1": (10, 0), "image2": (11, 0)}), (30, "SaveImage", {"images": (9, 0)})]),
    ("remove_background", [PICTURE, (9, "RemoveBackground", {"image": (10, 0)}), (30, "MaskPreview", {"mask": (9, 0)})]),
    ("vector", saved("RecraftTextToVectorNode", {}, save="SaveSVGNode")),
    ("text_to_video", sampled(FRAMES, SAVE_VIDEO)),
    ("image_to_video", sampled(
        PICTURE, (13, "WanImageToVideo", {"positive": (2, 0), "negative": (3, 0), "vae": (1, 2), "start_image": (10, 0)}),
        FRAMES, SAVE_VIDEO, latent=(13, 2), positive=(13, 0), canvas=False)),
    ("first_last_frame_to_video", sampled(
        PICTURE, SECOND,
        (13, "WanFirstLastFrameToVideo", {"positive": (2, 0), "vae": (1, 2), "start_image": (10, 0), "end_image": (11, 0)}),
        FRAMES, SAVE_VIDEO, latent=(13, 2), positive=(13, 0), canvas=False)),
    ("image_to_video", saved("KlingFirstLastFrameNode", {"first_frame": (10, 0)}, PICTURE)),
    ("first_last_frame_to_video", saved("KlingFirstLastFrameNode", {"first_frame": (10, 0), "end_frame": (11, 0)}, PICTURE, SECOND)),
    ("control_to_video", sampled(
        VIDEO, (22, "GetVideoComponents", {"video": (20, 0)}), (14, "Canny", {"image": (22, 0)}),
        (13, "WanVaceToVideo", {"positive": (2, 0), "vae": (1, 2), "control_video": (14, 0)}),
        FRAMES, SAVE_VIDEO, latent=(13, 2), positive=(13, 0), canvas=False)),
    ("motion_control", saved("HiggsfieldMotionTransferNode", {"model.video": (20, 0), "model.reference_images.image_1": (10, 0)}, VIDEO, PICTURE)),
    ("audio_to_video", saved("VeedLipsyncNode", {"model.video": (20, 0), "model.audio": (21, 0)}, VIDEO, SOUND)),
    ("frame_interpolation", [
        VIDEO, (22, "GetVideoComponents", {"video": (20, 0)}), (9, "FrameInterpolate", {"images": (22, 0)}),
        (7, "CreateVideo", {"images": (9, 0), "audio": (22, 1)}), SAVE_VIDEO]),
    ("video_to_audio", saved("MireloVideoToSFX", {"model.video": (20, 0)}, VIDEO, save="SaveAudio")),
    ("text_to_music", [
        (1, "CheckpointLoaderSimple", {}), (2, "TextEncodeAceStepAudio", {"clip": (1, 1)}), (4, "EmptyAceStepLatentAudio", {}),
        (5, "KSampler", {"model": (1, 0), "positive": (2, 0), "negative": (2, 0), "latent_image": (4, 0)}),
        (6, "VAEDecodeAudio", {"samples": (5, 0), "vae": (1, 2)}), (30, "SaveAudio", {"audio": (6, 0)})]),
    ("audio_edit", [
        SOUND, (1, "CheckpointLoaderSimple", {}), (2, "TextEncodeAceStepAudio", {"clip": (1, 1)}),
        (4, "VAEEncodeAudio", {"audio": (21, 0), "vae": (1, 2)}),
        (5, "KSampler", {"model": (1, 0), "positive": (2, 0), "negative": (2, 0), "latent_image": (4, 0)}),
        (6, "VAEDecodeAudio", {"samples": (5, 0), "vae": (1, 2)}), (30, "SaveAudio", {"audio": (6, 0)})]),
    ("image_to_3d", saved("TripoImageToModelNodeV2", {"image": (10, 0)}, PICTURE, save="SaveGLB", slot=1)),
    ("text_generation", saved("ClaudeNode", {"images.image_1": (10, 0)}, PICTURE, save="SaveText")),
    ("speech_to_text", saved("ElevenLabsSpeechToText", {"audio": (21, 0)}, SOUND, save="SaveText")),
]  # fmt: skip


def told(nodes: list[Any]) -> tuple[str, ...]:
    return understood(graph(*nodes))[0].kinds


@pytest.mark.parametrize(("kind", "nodes"), CASES, ids=[f"{at}-{kind}" for at, (kind, _) in enumerate(CASES)])
def test_told_by_the_graph(kind: str, nodes: list[Any]) -> None:
    found, _ = understood(graph(*nodes))
    assert found.kinds[:1] == (kind,)
    assert set(found.kind_nodes) <= {str(one[0]) for one in nodes}


def test_a_second_pass_and_an_enlargement_are_named_beside_the_kind() -> None:
    nodes = sampled(
        (7, "LatentUpscaleBy", {"samples": (5, 0)}),
        (8, "KSampler", {"model": (1, 0), "positive": (2, 0), "negative": (3, 0), "latent_image": (7, 0)}),
        (9, "VAEDecode", {"samples": (8, 0), "vae": (1, 2)}),
        (30, "SaveImage", {"images": (9, 0)}),
    )
    assert told(nodes) == ("text_to_image", "hires_fix")


def test_a_picture_that_is_only_measured_or_described_does_not_go_in() -> None:
    measured = sampled(PICTURE, (13, "GetImageSize", {"image": (10, 0)}), SAVE)
    measured = [
        (4, "EmptyLatentImage", {"width": (13, 0), "height": (13, 1)}) if one[0] == 4 else one for one in measured
    ]
    assert told(measured) == ("text_to_image",)
    described = sampled(PICTURE, (13, "TextGenerate", {"image": (10, 0), "clip": (1, 1)}), SAVE)
    described = [(2, "CLIPTextEncode", {"clip": (1, 1), "text": (13, 0)}) if one[0] == 2 else one for one in described]
    assert told(described) == ("text_to_image",)


def test_a_handle_of_pictures_stands_for_them() -> None:
    nodes = [
        PICTURE,
        (13, "RecraftCreateStyleNode", {"images.image0": (10, 0)}),
        *saved("RecraftTextToImageNode", {"style_id": (13, 0)}, save="SaveImage"),
    ]
    assert told(nodes) == ("style_reference",)


def test_sound_beside_the_frames_does_not_drive_them() -> None:
    nodes = sampled(SOUND, (7, "CreateVideo", {"images": (6, 0), "audio": (21, 0)}), SAVE_VIDEO)
    assert told(nodes) == ("text_to_video",)


def test_muted_nodes_tell_nothing() -> None:
    picture, encode = (*PICTURE, {"mode": 2}), (*ENCODE, {"mode": 2})
    assert told(sampled(picture, encode, SAVE)) == ("text_to_image",)


def test_the_biggest_result_comes_first() -> None:
    nodes = [*saved("GeminiImage2Node", {"images": (10, 0)}, PICTURE, save="SaveImage"),
             (60, "KlingFirstLastFrameNode", {"first_frame": (50, 0)}), (61, "SaveVideo", {"video": (60, 0)})]  # fmt: skip
    assert told(nodes) == ("image_to_video", "image_edit")


def test_whose_picture_is_enlarged_tells_what_the_enlargement_is_for() -> None:
    model = (8, "UpscaleModelLoader", {})
    yours = sampled(
        PICTURE, model, (9, "ImageUpscaleWithModel", {"upscale_model": (8, 0), "image": (10, 0)}),
        (12, "VAEEncode", {"pixels": (9, 0), "vae": (1, 2)}), SAVE, latent=(12, 0), canvas=False,
    )  # fmt: skip
    assert told(yours) == ("upscale_image",)
    made = sampled(
        PICTURE, ENCODE, model, (9, "ImageUpscaleWithModel", {"upscale_model": (8, 0), "image": (6, 0)}),
        (30, "SaveImage", {"images": (9, 0)}), latent=(12, 0), canvas=False,
    )  # fmt: skip
    assert told(made) == ("image_to_image", "upscale_image")


def test_a_video_with_new_frames_behind_it_is_continued() -> None:
    nodes = sampled(
        VIDEO, (22, "GetVideoComponents", {"video": (20, 0)}), (23, "ImageFromBatch", {"image": (22, 0)}),
        (13, "WanImageToVideo", {"positive": (2, 0), "negative": (3, 0), "vae": (1, 2), "start_image": (23, 0)}),
        (24, "ImageBatch", {"image1": (22, 0), "image2": (6, 0)}), (7, "CreateVideo", {"images": (24, 0)}), SAVE_VIDEO,
        latent=(13, 2), positive=(13, 0), canvas=False,
    )  # fmt: skip
    assert told(nodes) == ("video_extend",)


def test_a_picture_of_which_only_the_mask_is_read_is_no_picture() -> None:
    regions = sampled(
        PICTURE, (13, "ConditioningSetMask", {"conditioning": (2, 0), "mask": (10, 1)}), SAVE, positive=(13, 0)
    )
    assert told(regions) == ("text_to_image",)


def test_a_picture_padded_and_masked_is_painted_beyond_its_border() -> None:
    nodes = sampled(
        PICTURE, (14, "PadImageNode", {"image": (10, 0)}), (12, "VAEEncode", {"pixels": (14, 0), "vae": (1, 2)}),
        (13, "SetLatentNoiseMask", {"samples": (12, 0), "mask": (10, 1)}), SAVE, latent=(13, 0), canvas=False,
    )  # fmt: skip
    assert told(nodes) == ("outpaint",)


@pytest.mark.parametrize(("file", "kind"), [("harbour-canny-dev.safetensors", "controlnet"), ("harbour_depth_of_field.safetensors", "image_edit")])  # fmt: skip
def test_a_model_for_outlines_makes_the_picture_a_guide(file: str, kind: str) -> None:
    nodes = sampled(
        PICTURE, ENCODE, (13, "ReferenceLatent", {"conditioning": (2, 0), "latent": (12, 0)}),
        (9, "LoraLoaderModelOnly", {"model": (1, 0)}, {"values": [file, 1.0]}), SAVE, positive=(13, 0), canvas=False,
        latent=(12, 0),
    )  # fmt: skip
    nodes = [(5, "KSampler", {**one[2], "model": (9, 0)}) if one[0] == 5 else one for one in nodes]
    assert told(nodes) == (kind,)


def test_a_service_that_goes_on_from_an_earlier_result_is_told_by_where_that_came_from() -> None:
    first = (50, "ByteDance2FirstLastFrameNode", {"first_frame": (10, 0)})
    last = (51, "ByteDance2DraftToFinalVideoNode", {"draft_task_id": (50, 1)})
    assert told([PICTURE, first, last, (52, "SaveVideo", {"video": (51, 0)})]) == ("image_to_video",)


def test_a_file_that_an_unknown_node_makes_is_not_called_the_persons_own() -> None:
    made = [
        (50, "MadeUpFilmNode", {}),
        (51, "LoadVideoFromURL", {"url": (50, 0)}),
        (52, "PreviewImage", {"images": (51, 0)}),
    ]
    assert told(made) == ()


def test_an_unknown_node_with_a_prompt_makes_what_it_gives() -> None:
    plain = [(50, "MadeUpDreamNode", {}), (51, "SaveVideo", {"video": (50, 0)})]
    assert told(plain) == ()
    prompted = [(50, "MadeUpDreamNode", {}, {"names": ["prompt"], "values": ["fog"]}), plain[1]]
    assert told(prompted) == ("text_to_video",)
    unnamed = [(50, "MadeUpDreamNode", {}, {"values": ["a pier in the early morning fog", "16:9"]}), plain[1]]
    assert told(unnamed) == ("text_to_video",)
    assert told([(50, "MadeUpDreamNode", {}, {"values": ["very high quality", "16:9"]}), plain[1]]) == ()


def test_nothing_is_told_where_nothing_is_known() -> None:
    assert told([(1, "FogFilter", {})]) == ()
    assert told([]) == ()


def test_the_name_of_the_file_is_not_looked_at() -> None:
    nodes = sampled((30, "SaveImage", {"images": (6, 0)}, {"values": ["image_to_video_inpaint_upscale"]}))
    assert told(nodes) == ("text_to_image",)


# ---- the tables ----------------------------------------------------------------------------------------------


def test_rules_name_tasks_and_marks_that_exist() -> None:
    body = document("tasks")
    marks = {mark.name for mark in table()} | {"own_canvas", "own_enlarged", "own_continued"}
    for line in (*body["rules"], *body["also"]):
        assert line["kind"] in body["tasks"]
        named = {one for group in line.get("marks", ()) for one in group.split("|")}
        named |= {*line.get("no", ()), *line.get("twice", ())}
        assert named <= marks, named - marks
        assert set(line) <= {"kind", "out", "in", "without", "marks", "no", "pictures", "twice"}
    assert {line["kind"] for line in (*body["rules"], *body["also"])} == set(body["tasks"])


def test_what_does_is_a_word_of_the_roles() -> None:
    does = set(document("roles")["does"])
    assert {one for mark in table() for one in mark.does} <= does
    for line in document("tasks")["stages"].values():
        assert set(line.get("does", ())) <= does | {"text"}


def test_tasks_are_described_in_full() -> None:
    for kind, line in document("tasks")["tasks"].items():
        assert set(line) == {"label", "noun", "gives", "sentence"}, kind
        assert line["sentence"].endswith(".") and not line["label"][0].islower()


# ---- any graph -------------------------------------------------------------------------------------------------

TYPES = [
    "KSampler",
    "LoadImage",
    "SaveImage",
    "VAEDecode",
    "SaveVideo",
    "TextGenerate",
    "GeminiImage2Node",
    "CreateVideo",
    "WanVaceToVideo",
    "Odd",
]
NODE = st.fixed_dictionaries(
    {
        "id": st.integers(0, 6),
        "type": st.sampled_from(TYPES),
        "mode": st.sampled_from([0, 0, 0, 2, 4]),
        "inputs": st.lists(st.fixed_dictionaries({"name": st.sampled_from(["image", "mask", "video", "a.b"]), "type": st.sampled_from(["IMAGE", "*", ""]), "link": st.integers(0, 9) | st.none()}), max_size=3),
        "outputs": st.lists(st.fixed_dictionaries({"type": st.sampled_from(["IMAGE", "STRING", "LATENT", "VIDEO", "IMAGE,MASK", ""]) | st.integers()}), max_size=2),
        "widgets_values": st.lists(st.none() | st.text(max_size=3) | st.floats(allow_nan=False) | st.lists(st.integers(), max_size=2), max_size=3),
    }
)  # fmt: skip
LINK = st.tuples(
    st.integers(0, 9), st.integers(0, 6), st.integers(0, 2), st.integers(0, 6), st.integers(0, 2), st.just("*")
)
GRAPHS = st.fixed_dictionaries({"nodes": st.lists(NODE, max_size=7, unique_by=lambda one: one["id"]), "links": st.lists(LINK.map(list), max_size=10, unique_by=lambda one: one[0])})  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(GRAPHS)
def test_any_graph_has_an_answer(body: dict[str, Any]) -> None:
    if not body["nodes"]:
        return
    found, view = understood(body)
    ids = {node.id for node in view.nodes}
    assert len(found.kinds) <= MOST_KINDS and set(found.kind_nodes) <= ids
    assert set(found.kinds) <= set(document("tasks")["tasks"])
    assert kinds(view) == kinds(view)
    json.dumps(found.kinds)
