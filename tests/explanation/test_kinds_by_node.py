"""What a workflow of one node is for: what the node needs, the node, and what saves or samples what it gives.

The kinds were decided from what ComfyUI documents of each node, without a look at any workflow that uses it.
"""

from __future__ import annotations

import pytest

from .built import VALUES, understood

# class_type, then what is linked to it as name:letter, then what it gives ("video": its frames are saved as one).
# I a picture, M a mask, V a video, F the frames of a video, A a sound, C a picture as CLIP vision sees it, E a sound as
# an audio encoder hears it, L a picture as a latent, 3 a 3D model.
NODES = {
    "audio_edit": """
        ElevenLabsAudioIsolation audio:A > AUDIO ; VeedCleanAudioNode audio:A > AUDIO
        VeedCleanVideoAudioNode video:V > VIDEO
    """,
    "audio_to_video": """
        HeyGenAvatarVideoNode audio:A > VIDEO ; HeyGenVideoTranslateNode video:V > VIDEO
        KlingLipSyncAudioToVideoNode video:V audio:A > VIDEO
        LTXVReferenceAudio reference_audio:A > MODEL+COND+COND video ; PrunaTextToVideoNode model.audio:A > VIDEO
        SyncTalkingImageNode image:I audio:A > VIDEO ; VeedLipsyncNode video:V audio:A > VIDEO
        WanHuMoImageToVideo audio_encoder_output:E > COND+COND+LATENT video
    """,
    "control_to_video": """
        Wan22FunControlToVideo ref_image:I > COND+COND+LATENT video
        WanFunControlToVideo clip_vision_output:C > COND+COND+LATENT video
        WanVaceToVideo control_video:F > COND+COND+LATENT video
    """,
    "controlnet": """
        ControlNetApply image:I > COND+COND ; ControlNetApplyAdvanced image:I > COND+COND
        ControlNetApplySD3 image:I > COND+COND ; MOSSImageControl color_map:I > COND+COND
        QwenImageDiffsynthControlnet image:I > MODEL ; AnimaLLLiteApply image:I > MODEL
        ZImageFunControlnet image:I > MODEL
    """,
    "first_last_frame_to_video": """
        ByteDance2FirstLastFrameNode last_frame:I > VIDEO ; CosmosImageToVideoLatent end_image:I > LATENT video
        KlingFirstLastFrameNode first_frame:I end_frame:I > VIDEO ; LtxApi25ImageToVideo image:I last_frame:I > VIDEO
        LumaRay32ImageToVideoNode end_frame:I > VIDEO ; PixverseTransitionVideoNode first_frame:I last_frame:I > VIDEO
        PrunaImageToVideoNode model.first_frame:I model.last_frame:I > VIDEO
        Vidu2StartEndToVideoNode first_frame:I end_frame:I > VIDEO
        Wan2ImageToVideoApi first_frame:I last_frame:I > VIDEO
    """,
    "image_edit": """
        BeebleSwitchXImageEdit image:I > IMAGE ; BriaEraseByText image:I > IMAGE ; BriaImageEditNode image:I > IMAGE
        BriaRelight image:I > IMAGE ; BriaReplaceObject image:I > IMAGE ; BriaRestorePhoto image:I > IMAGE
        Flux2ImageNode model.images:I > IMAGE ; FluxProUltraImageNode image_prompt:I > IMAGE
        GeminiNanoBanana2 images:I > IMAGE ; HeyGenCreateAvatarNode identity_photo:I > IMAGE
        IdeogramEditApi images:I > IMAGE ; InstructPixToPixConditioning pixels:I > COND+COND+LATENT
        KlingTryOnNode person_image:I garment_image:I > IMAGE ; LumaImageModifyNode image:I > IMAGE
        MetaMuseImageEditApi images:I > IMAGE ; OpenRouterImageNode image_1:I > IMAGE
        RecraftReplaceBackgroundNode image:I > IMAGE ; ReveImageEditNode image:I > IMAGE
    """,
    "image_to_3d": """
        MeshyImageToModelNode image:I > FILE_3D ; MeshyMultiImageToModelNode images:I > FILE_3D
        Rodin3D_Gen2 Images:I > FILE_3D ; Rodin3D_Regular Images:I > FILE_3D ; Rodin3D_Smooth Images:I > FILE_3D
        TripoImageToModelNode image:I > FILE_3D ; TripoP1ImageToModelNode image:I > FILE_3D
        TripoPSeriesImageToModelNode model.image:I > FILE_3D
    """,
    "image_to_video": """
        ARVideoI2V start_image:I > MODEL+LATENT video
        ComfyCloudMiniMaxH3FirstLastFrameToVideoNode first_frame:I > VIDEO
        CosmosPredict2ImageToVideoLatent start_image:I > LATENT video ; HappyHorseImageToVideoApi first_frame:I > VIDEO
        HunyuanVideo15ImageToVideo start_image:I > COND+COND+LATENT video
        KlingImageToVideoWithAudio start_frame:I > VIDEO ; LTXVImgToVideo image:I > COND+COND+LATENT video
        LumaImageToVideoNode first_image:I > VIDEO ; MinimaxHailuo03FirstLastFrameNode first_frame:I > VIDEO
        PixverseImageToVideoNode image:I > VIDEO ; RunwayImageToVideoNodeGen4 start_frame:I > VIDEO
        Vidu2ImageToVideoNode image:I > VIDEO
        WanFirstLastFrameToVideo clip_vision_start_image:C > COND+COND+LATENT video
    """,
    "inpaint": """
        BriaEraser image:I mask:M > IMAGE ; BriaGenFill image:I mask:M > IMAGE
        ControlNetInpaintingAliMamaApply image:I mask:M > COND+COND ; FluxEraseNode image:I mask:M > IMAGE
        IdeogramV3 image:I mask:M character_image:I character_mask:M > IMAGE ; OpenAIGPTImage1 image:I mask:M > IMAGE
        RecraftImageInpaintingNode image:I mask:M > IMAGE
        VOIDInpaintConditioning video:F quadmask:M > COND+COND+LATENT video
        QwenImageDiffsynthControlnet image:I mask:M > MODEL ; SetLatentNoiseMask samples:L mask:M > LATENT
    """,
    "layer_separation": """
        ByteDanceSeedreamLayerSeparationNode image:I > IMAGE
    """,
    "media_tools": """
        AudioConcat audio1:A audio2:A > AUDIO ; ConcatenateVideo videos:V > VIDEO ; ImageStitch image1:I > IMAGE
        TextOverlay images:I > IMAGE ; VideoTrim video:V > VIDEO ; ImageColorSpace image:I > IMAGE
    """,
    "model_3d_edit": """
        Tencent3DPartNode model_3d:3 > FILE_3D ; Tencent3DTextureEditNode model_3d:3 > FILE_3D
        TencentModelTo3DUVNode model_3d:3 > FILE_3D ; TencentSmartTopologyNode model_3d:3 > FILE_3D
    """,
    "motion_control": """
        HiggsfieldMotionTransferNode video:V reference_images:I > VIDEO
        KlingMotionControl reference_image:I reference_video:V > VIDEO
        WanAnimate2ToVideo reference_image:I > COND+COND+LATENT video
        WanAnimateToVideo clip_vision_output:C > COND+COND+LATENT video
        WanCameraImageToVideo clip_vision_output:C > COND+COND+LATENT video
        WanMoveTrackToVideo start_image:I > COND+COND+LATENT video
        WanSCAILToVideo pose_video:F > COND+COND+LATENT video ; WanTrackToVideo start_image:I > COND+COND+LATENT video
        ToraEncodeTrajectory image:I > COND video
    """,
    "new_views": """
        SV3D_Conditioning init_image:I > COND+COND+LATENT ; StableZero123_Conditioning init_image:I > COND+COND+LATENT
        TripoImageToMultiviewNode image:I > IMAGE ; TripoEditMultiviewNode image:I > IMAGE
    """,
    "outpaint": """
        BriaExpandImage image:I > IMAGE ; FluxProExpandNode image:I > IMAGE ; LumaRay32VideoReframeNode video:V > VIDEO
    """,
    "reference_to_image": """
        HeyGenCreateAvatarNode identity_photo:I reference_images:I > IMAGE
        HiDreamO1ReferenceImages images:I > COND+COND ; KlingOmniProImageNode reference_images:I > IMAGE
        ReveImageRemixNode reference_images:I > IMAGE ; TextEncodeBooguEdit images:I > COND+COND
        TextEncodeJoyImageEdit images:I > COND ; TextEncodeMingImageEdit images:I > COND
        TextEncodeQwenImageEditPlus image1:I > COND ; PhotoMakerEncode image:I > COND ; ApplyPulid image:I > MODEL
        IPAdapterFaceID image:I > MODEL
    """,
    "reference_to_video": """
        BerniniConditioning reference_video:F > COND+COND+LATENT video
        GrokVideoReferenceNode reference_images:I > VIDEO ; HeyGenReferenceToVideoNode reference_images:I > VIDEO
        KlingOmniProImageToVideoNode reference_images:I > VIDEO
        MiniMaxH3ReferenceToVideo ref_images:I > COND+LATENT video ; PixverseV6FusionVideoNode subjects:I > VIDEO
        Wan2ReferenceVideoApi reference_videos:V > VIDEO ; WanImageToVideo ref_pad_image:I > COND+COND+LATENT video
        ByteDance2ReferenceNodeV2 reference_audios:A > VIDEO ; GeminiVideoOmni images.image0:I images.image1:I > VIDEO
    """,
    "remove_background": """
        BriaGuidedRemoveBackground image:I > IMAGE ; BriaRemoveImageBackground image:I > IMAGE
        BriaRemoveVideoBackground video:V > VIDEO ; BriaTransparentVideoBackground video:V > IMAGE video
        BriaVideoGreenScreen video:V > VIDEO ; RecraftRemoveBackgroundNode image:I > IMAGE
        VeedRemoveVideoBackgroundNode video:V > IMAGE video
    """,
    "scene_maps": """
        Canny image:I > IMAGE
    """,
    "segmentation": """
        SAM3_Detect image:I > MASK ; MediaPipeFaceMask face_landmarks:I > MASK
    """,
    "speech_to_text": """
        ElevenLabsSpeechToText audio:A > STRING ; FishAudioSpeechToText audio:A > STRING
    """,
    "style_reference": """
        LumaImageNode style_image:I > IMAGE ; MagnificImageStyleTransferNode image:I reference_image:I > IMAGE
        RecraftV4TextToImageNode style_references:I > IMAGE ; StyleModelApply clip_vision_output:C > COND
        unCLIPConditioning clip_vision_output:C > COND ; IPAdapterAdvanced image:I > MODEL
        USOStyleReference clip_vision_output:C > MODEL
    """,
    "text_generation": """
        ByteDanceSeedNode > STRING ; ClaudeNode > STRING ; GeminiNode > STRING ; MinimaxHailuo03ContextIRNode > STRING
        OpenAIChatNode > STRING ; OpenRouterLLMNode > STRING ; TextGenerate image:I > STRING
    """,
    "text_to_3d": """
        MeshyTextToModelNode > FILE_3D ; MeshyTextToModelSmartTopologyNode > FILE_3D ; Rodin3D_Gen25_Text > FILE_3D
        TencentTextToModelNode > FILE_3D ; TripoP1TextToModelNode > FILE_3D ; TripoPSeriesTextToModelNode > FILE_3D
        TripoTextToModelNode > FILE_3D
    """,
    "text_to_audio": """
        ByteDanceSeedAudio > AUDIO ; ElevenLabsTextToSoundEffects > AUDIO ; MireloTextToSFX > AUDIO
    """,
    "text_to_image": """
        BriaImageGenerate > IMAGE ; ComfyCloudMageFlowTextToImageNode > IMAGE ; Flux2ImageNode > IMAGE
        GeminiImage2Node > IMAGE ; HunyuanImageTextToImageApi > IMAGE ; IdeogramV3 > IMAGE ; Krea2ImageNode > IMAGE
        OpenAIGPTImage1 > IMAGE ; RecraftTextToImageNode > IMAGE ; ConditioningSetMask mask:M > COND
        LatentCompositeMasked mask:M > LATENT
    """,
    "text_to_music": """
        ComfyCloudMiniMaxMusic3TextToAudioNode > AUDIO ; SoniloTextToMusic > AUDIO
    """,
    "text_to_speech": """
        ElevenLabsTextToSpeech > AUDIO ; FishAudioTextToSpeech > AUDIO ; HeyGenTextToSpeechNode > AUDIO
        HeyGenVoiceTextToSpeechNode > AUDIO
    """,
    "text_to_video": """
        ByteDance2FirstLastFrameNode > VIDEO ; ComfyCloudMiniMaxH3TextToVideoNode > VIDEO
        HappyHorseTextToVideoApi > VIDEO ; KlingTextToVideoWithAudio > VIDEO ; LumaRay32ImageToVideoNode > VIDEO
        MinimaxHailuo03ReferenceNode > VIDEO ; PixverseTextToVideoNode > VIDEO ; Vidu2TextToVideoNode > VIDEO
    """,
    "upscale_image": """
        BriaIncreaseResolution image:I > IMAGE ; ClarityCrystalUpscaleNode image:I > IMAGE
        HitPawGeneralImageEnhance image:I > IMAGE ; MagnificImageUpscalerCreativeNode image:I > IMAGE
        MagnificImageUpscalerPreciseV2Node image:I > IMAGE ; RecraftCreativeUpscaleNode image:I > IMAGE
        SD_4XUpscale_Conditioning images:I > COND+COND+LATENT ; TopazImageEnhance image:I > IMAGE
        SUPIRApply image:I > MODEL ; FaceRestoreCFWithModel image:I > IMAGE
    """,
    "vector": """
        IdeogramVectorGenerateApi > SVG ; IdeogramVectorImageToSVGApi image:I > SVG ; QuiverImageToSVGNode image:I > SVG
        QuiverTextToSVGNode > SVG ; RecraftTextToVectorNode > SVG ; RecraftVectorizeImageNode image:I > SVG
    """,
    "video_edit": """
        BeebleSwitchXVideoEdit video:V > VIDEO ; BerniniConditioning source_video:F > COND+COND+LATENT video
        BriaVideoReplaceBackground video:V > VIDEO ; FluxVideoEditNode video:V > VIDEO
        GrokVideoEditNode video:V > VIDEO ; HappyHorseVideoEditApi video:V > VIDEO
        LumaRay32VideoEditNode video:V > VIDEO ; RunwayAleph2VideoToVideoNode video:V > VIDEO
    """,
    "video_extend": """
        Flux3VideoContinuationNode video:V > VIDEO ; GrokVideoExtendNode video:V > VIDEO
        PixverseV6ExtendVideoNode video:V > VIDEO ; ViduExtendVideoNode video:V > VIDEO
        Wan2VideoContinuationApi first_clip:V > VIDEO
    """,
    "video_to_audio": """
        MireloVideoToSFX video:V > AUDIO ; SoniloVideoToMusic video:V > AUDIO
    """,
    "video_upscale": """
        ByteDanceVideoEnhanceNode video:V > VIDEO ; ClarityCrystalVideoUpscaleNode video:V > VIDEO
        FluxVideoUpscaleNode video:V > VIDEO ; HitPawVideoEnhance video:V > VIDEO
        MinimaxHailuo03RegenerateNode video:V > VIDEO ; TopazVideoEnhance video:V > VIDEO
        WavespeedFlashVSRNode video:V > VIDEO
    """,
    "voice_clone": """
        ByteDanceSeedAudio reference_audio_1:A > AUDIO ; ElevenLabsSpeechToSpeech audio:A > AUDIO
    """,
}  # fmt: skip
ROWS = [(kind, row.strip()) for kind, text in NODES.items() for line in text.split("\n") for row in line.split(" ; ") if row.strip()]  # fmt: skip

GIVEN = {
    "I": ("LoadImage", ["IMAGE", "MASK"], 0), "M": ("LoadImage", ["IMAGE", "MASK"], 1), "V": ("LoadVideo", ["VIDEO"], 0),
    "A": ("LoadAudio", ["AUDIO"], 0), "3": ("Load3DAdvanced", ["FILE_3D"], 0),
}  # fmt: skip
AFTER = {
    "F": ("V", "GetVideoComponents", "video", "IMAGE"), "C": ("I", "CLIPVisionEncode", "image", "CLIP_VISION_OUTPUT"),
    "E": ("A", "AudioEncoderEncode", "audio", "AUDIO_ENCODER_OUTPUT"), "L": ("I", "VAEEncode", "pixels", "LATENT"),
}  # fmt: skip
SAVES = {
    "IMAGE": ("SaveImage", "images"), "VIDEO": ("SaveVideo", "video"), "AUDIO": ("SaveAudio", "audio"), "SVG": ("SaveSVGNode", "svg"),
    "FILE_3D": ("SaveGLB", "mesh"), "STRING": ("SaveText", "text"), "MASK": ("MaskPreview", "mask"),
}  # fmt: skip
Feed = tuple[int, int, str]  # node, slot, link type


class Small:
    """A graph that grows node by node."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, object]] = []
        self.links: list[list[object]] = []

    def add(self, kind: str, feeds: dict[str, Feed], outs: list[str]) -> int:
        number, slots = len(self.nodes) + 1, []
        for name, (origin, slot, told) in feeds.items():
            self.links.append([len(self.links) + 1, origin, slot, number, len(slots), told])
            slots.append({"name": name, "type": told, "link": len(self.links)})
        self.nodes.append({
            "id": number, "type": kind, "mode": 0, "pos": [0, 0], "inputs": slots, "widgets_values": VALUES.get(kind, []),
            "outputs": [{"name": one, "type": one} for one in outs],
        })  # fmt: skip
        return number

    def given(self, letter: str) -> Feed:
        if letter in AFTER:
            before, kind, name, told = AFTER[letter]
            return (self.add(kind, {name: self.given(before)}, [told]), 0, told)
        kind, outs, slot = GIVEN[letter]
        return (self.add(kind, {}, outs), slot, outs[slot])

    def save(self, feed: Feed, video: bool = False) -> None:
        if video:
            feed = (self.add("CreateVideo", {"images": feed}, ["VIDEO"]), 0, "VIDEO")
        kind, name = SAVES[feed[2]]
        self.add(kind, {name: feed}, [])

    def sampled(self, node: int, outs: list[str], video: bool) -> None:
        """A sampler that takes what the node gives, and its own of the rest."""
        loader = self.add("CheckpointLoaderSimple", {}, ["MODEL", "CLIP", "VAE"])
        text = self.add("CLIPTextEncode", {"clip": (loader, 1, "CLIP")}, ["CONDITIONING"])
        feeds: dict[str, Feed] = {"model": (loader, 0, "MODEL"), "positive": (text, 0, "CONDITIONING"), "negative": (text, 0, "CONDITIONING")}  # fmt: skip
        names = {"MODEL": ["model"], "CONDITIONING": ["positive", "negative"], "LATENT": ["latent_image"]}
        for slot, told in enumerate(outs):
            feeds[names[told].pop(0)] = (node, slot, told)
        if "latent_image" not in feeds:
            feeds["latent_image"] = (self.add("EmptyLatentImage", {}, ["LATENT"]), 0, "LATENT")
        sampler = self.add("KSampler", feeds, ["LATENT"])
        picture = self.add("VAEDecode", {"samples": (sampler, 0, "LATENT"), "vae": (loader, 2, "VAE")}, ["IMAGE"])
        self.save((picture, 0, "IMAGE"), video)

    def body(self) -> dict[str, object]:
        return {"nodes": self.nodes, "links": self.links}


def small(row: str) -> dict[str, object]:
    """The graph of one row."""
    needs, gives = row.split(" > ") if " > " in row else (row.rstrip(" >"), "")
    kind, *inputs = needs.split()
    outs = gives.removesuffix(" video").replace("COND", "CONDITIONING").split("+")
    graph = Small()
    feeds = {name: graph.given(letter) for name, letter in (one.rsplit(":", 1) for one in inputs)}
    node = graph.add(kind, feeds, outs)
    if outs[0] in SAVES:
        graph.save((node, 0, outs[0]), gives.endswith(" video"))
    else:
        graph.sampled(node, outs, gives.endswith(" video"))
    return graph.body()


@pytest.mark.parametrize(("kind", "row"), ROWS, ids=[row.replace(" > ", " to ") for _, row in ROWS])
def test_a_workflow_of_one_node_is_told_by_what_the_node_does(kind: str, row: str) -> None:
    found, _ = understood(small(row))
    assert found.kinds[:1] == (kind,)


@pytest.mark.parametrize("row", ["RecraftCreateStyleNode images:I > STRING", "HeyGenVoiceCloneNode audio:A > STRING"])
def test_a_handle_is_no_text_of_a_language_model(row: str) -> None:
    assert understood(small(row))[0].kinds == ()
