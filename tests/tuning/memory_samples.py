"""Anatomies made by hand, for tests of the memory estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comfyfixersmart.core.explanation.graph import Given
from comfyfixersmart.core.explanation.outline import Counts
from comfyfixersmart.core.explanation.types import Anatomy, ModelPart, Sampling, Size, Step
from comfyfixersmart.core.tuning.types import FileFacts

GB = 1_000_000_000


def given(value: Any, node: str = "9", name: str = "value") -> Given:
    return Given(value, node, name)


def model(name: str, role: str, family: str = "", *, node: str = "1", dtype: str | None = None) -> ModelPart:
    folders = ("models",)
    told = given(dtype, node, "weight_dtype") if dtype else None
    return ModelPart(name, folders, node, "file", "Loader", role, family, "file name" if family else "", dtype=told)


def size(width: Any, height: Any, frames: Any = None, batch: Any = 1, of: str = "image") -> Size:
    return Size("5", of, given(width), given(height), given(frames) if frames else None, given(batch))


def sampling(*models: int, steps: Any = 20, cfg: Any = 1.0, size: int | None = 0, node: str = "3") -> Sampling:
    return Sampling(
        node, "KSampler", "KSampler", (node,), given(steps), given(cfg), models=models, size=size, start="noise"
    )


def step(does: str, node: str = "8", medium: str = "image", **values: Any) -> Step:
    return Step(node, "VAEDecode", "VAE Decode", does, medium, tuple(given(v, node, k) for k, v in values.items()))


def anatomy(
    models: tuple[ModelPart, ...] = (),
    samplings: tuple[Sampling, ...] = (),
    sizes: tuple[Size, ...] = (),
    steps: tuple[Step, ...] = (),
    **more: Any,
) -> Anatomy:
    empty: dict[str, Any] = dict.fromkeys(
        ("inputs", "outputs", "texts", "switches", "partners", "opaque", "off", "notes", "groups"), ()
    )
    return Anatomy(
        "heron.json",
        "ui",
        ("text_to_image",),
        (),
        models=models,
        samplings=samplings,
        sizes=sizes,
        steps=steps,
        counts=Counts(0, 0, 0, 0, 0),
        **{**empty, **more},
    )


def files(**known: FileFacts | int) -> Callable[[str, tuple[str, ...]], FileFacts | None]:
    """`files` of an estimate: stems of names → facts, or a plain size."""
    facts = {name: FileFacts(one, known_from="size") if isinstance(one, int) else one for name, one in known.items()}
    return lambda name, folders: facts.get(name.partition(".")[0].replace("-", "_"))
