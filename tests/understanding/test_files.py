"""What is known of model files: from headers where they are here, else as somebody says; nothing else is read."""

from __future__ import annotations

from comfyfixersmart.core.readiness.index import build_index
from comfyfixersmart.core.tuning.types import FileFacts
from comfyfixersmart.core.understanding.files import Files, find
from comfyfixersmart.core.weights.types import Parts

from ..readiness.places import file, place

HERE = place(
    models={
        "checkpoints": [file("xl/moss.safetensors", 6_000), file("plain.ckpt", 4_000)],
        "loras": [file("glow.safetensors", 100)],
    },
    aliases={"clip": "text_encoders"},
)


class Headers:
    """Knows one file, and counts."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def parts(self, path: str) -> Parts | None:
        self.read.append(path)
        return Parts({"diffusion": 5_000, "vae": 900}, {"diffusion": 16.0}, "moss-xl") if "moss" in path else Parts()


def files(**more: object) -> tuple[Files, Headers]:
    headers = Headers()
    return Files(build_index(HERE), headers, **more), headers  # type: ignore[arg-type]


def test_a_file_that_is_here_says_it_by_its_header() -> None:
    known, headers = files()
    found = known("xl/moss.safetensors", ("checkpoints",))
    assert found == FileFacts(6_000, {"diffusion": 5_000, "vae": 900}, {"diffusion": 16.0})
    assert headers.read == ["/models/xl/moss.safetensors"]
    assert known.family("xl/moss.safetensors", ("checkpoints",)) == "moss-xl"


def test_a_header_that_says_nothing_leaves_the_size() -> None:
    assert files()[0]("plain.ckpt", ("checkpoints",)) == FileFacts(4_000, known_from="size")


def test_a_file_that_is_not_here_is_as_large_as_somebody_says() -> None:
    known, headers = files(sizes={"far.safetensors": 70})
    assert known("sub/Far.safetensors", ("vae",)) == FileFacts(70, known_from="size")
    assert known("nobody.gguf", ("unet",)) is None
    assert not headers.read


def test_names_are_found_as_their_nodes_find_them() -> None:
    index = build_index(HERE)
    assert find(index, "xl\\moss.safetensors", ("checkpoints",)) is not None
    assert find(index, "xl/moss.safetensors", ("vae",)) is None
    assert find(index, "glow", ("loras",)) is not None, "prompts name LoRAs without their suffix"
    assert find(index, "elsewhere/moss.safetensors", ()) is not None, "the folder is not known"
    assert find(index, "", ()) is None
