"""Thousands of invented repositories around the real ones: other builds, versions, LoRAs, collections, re-uploads."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING

from resolution_words import GGUF, NOUNS, STYLES, near, owner, parts, phrase

if TYPE_CHECKING:
    from resolution_world import File, World

_KINDS = (("gguf", 18), ("lora", 36), ("tuned", 22), ("pack", 8), ("diffusers", 16))
_END = re.compile(r"\.(safetensors|sft|gguf|pt|pth|ckpt|bin|onnx)$", re.I)
_ENDINGS = ("finetune", "fp8", "ComfyUI", "merge", "turbo")
_HALF_TELLING = re.compile(r"[a-z]{2,}[\w.]*", re.I)


class Distractors:
    """Makes them inside a world, deterministically."""

    def __init__(self, world: World, rng: Random) -> None:
        self.world, self.rng = world, rng
        self.owners = [owner(rng) for _ in range(900)]
        told = {one.path.rpartition("/")[2] for one in world.told()}
        self.real = sorted(name for name in told if name.lower() not in world.generic and _END.search(name))
        self.taken = {name.lower() for name in told}
        for model in world.civitai.models.values():
            self.taken |= {file.name.lower() for version in model.versions for file in version.files}

    def make(self, count: int) -> None:
        """About so many repositories, then the copies and the clashes."""
        for _ in range(count if self.real else 0):
            kind = self.rng.choices([name for name, _ in _KINDS], [weight for _, weight in _KINDS])[0]
            getattr(self, f"_{kind}")(self.rng.choice(self.real))
        self._copies()
        self._clashes()
        self._from_civitai()

    # ---- the kinds ---------------------------------------------------------------------------------------

    def _id(self, text: str) -> str:
        return f"{self._owner()}/{re.sub(r'[^A-Za-z0-9._-]', '-', text).strip('-._')[:90]}"

    def _owner(self) -> str:
        return self.owners[min(int(self.rng.paretovariate(0.6)) - 1, len(self.owners) - 1) if self.rng.random() < 0.4 else self.rng.randrange(len(self.owners))]  # fmt: skip

    def _lead(self, name: str, most: int = 4) -> str:
        """The first words of a file's name, joined as somebody may write them."""
        words = [word for word in re.split(r"[_\-\s]+", parts(name)[0]) if word]
        return self.rng.choice(("-", "-", "_")).join(words[: self.rng.randint(1, min(most, len(words)))])

    def _own(self, repo: str, path: str, folder: str = "") -> None:
        """A file with a content of its own, unless its name would be a real one's by chance."""
        if path.rpartition("/")[2].lower() not in self.taken:
            sha256 = self.world.content(f"{repo}/{path}")
            self.world.repo(repo).add(path, sha256, self.world.size(sha256, folder))

    def _gguf(self, name: str) -> None:
        repo = self._id(f"{self._lead(name, 6)}-{self.rng.choice(('GGUF', 'gguf'))}")
        for build in self.rng.sample(GGUF, self.rng.randint(2, 6)):
            self._own(repo, f"{parts(name)[0]}-{build}.gguf", "diffusion_models")
        self._own(repo, "config.json")

    def _lora(self, name: str) -> None:
        words = phrase(self.rng)
        mark = self._lead(name, 2)
        repo = self._id(
            self.rng.choice((f"{mark}-{'-'.join(words)}-lora", f"{'_'.join(words)}_{mark}", f"{mark}-LoRA-{words[-1]}"))
        )
        file = self.rng.choice(("pytorch_lora_weights", "lora", "_".join(words), f"{'_'.join(words)}_{mark}", f"{words[0]}{words[1].title()}-{self.rng.randint(1, 30):06d}"))  # fmt: skip
        self._own(repo, f"{file}.safetensors", "loras")
        for at in range(self.rng.randint(0, 3)):
            self._own(repo, f"images/{at}.png")

    def _tuned(self, name: str) -> None:
        repo = self._id(f"{self._lead(name, 5)}-{self.rng.choice((*_ENDINGS, self.rng.choice(STYLES)))}")
        folder = self.rng.choice(("", "", "split_files/diffusion_models/", "vae/", "text_encoders/"))
        for _ in range(self.rng.randint(1, 5)):
            self._own(repo, folder + near(name, self.rng), "diffusion_models")

    def _pack(self, name: str) -> None:
        """A collection whose id says nothing; it holds copies and near names."""
        repo = self._id(
            self.rng.choice(
                (f"my-{self.rng.choice(NOUNS)}", "backup", "comfy", f"{self.rng.choice(NOUNS)}-files", "stuff")
            )
        )
        for other in self.rng.sample(self.real, 4):
            self._own(repo, near(other, self.rng))
        self._copy(name, repo)

    def _diffusers(self, name: str) -> None:
        repo = self._id(f"{self._lead(name, 3)}-{self.rng.choice(('diffusers', self.rng.choice(STYLES), 'base'))}")
        for part, own in (
            ("unet", "diffusion_pytorch_model"),
            ("vae", "diffusion_pytorch_model"),
            ("text_encoder", "model"),
        ):
            self._own(repo, f"{part}/config.json")
            path = f"{part}/{own}.safetensors"
            sha256 = self.world.content(f"{repo}/{path}")
            self.world.repo(repo).add(path, sha256, self.world.size(sha256))

    # ---- re-uploads --------------------------------------------------------------------------------------

    def _found(self, name: str) -> File | None:
        return self._by_name().get(name.lower())

    def _by_name(self) -> dict[str, File]:
        if not hasattr(self, "_files"):
            listed = [one for one in self.world.repos.values() if one.origin == "listed"]
            self._files = {file.base.lower(): file for repo in reversed(listed) for file in repo.files.values()}
        return self._files

    def _copy(self, name: str, repo: str) -> None:
        file = self._found(name)
        if file:
            folder = self.rng.choice(("", "", "models/", "vae/" if "vae" in name.lower() else ""))
            self.world.repo(repo).add(folder + file.base, file.sha256, file.size)

    def _telling(self, name: str) -> str:
        """An id with the name of the file itself, or most of it, in it."""
        stem = parts(name)[0]
        words = re.split(r"[_\-\s]+", stem)
        text = self.rng.choice((stem, stem, "-".join(words), "-".join(words[:3]), "_".join(words[:3])))
        return self._id(self.rng.choice((text, text, f"{text}-copy", f"{text}-mirror")))

    def _copies(self) -> None:
        from resolution_world import COPIED

        for name in self.rng.sample(self.real, int(COPIED * len(self.real))):
            for _ in range(self.rng.randint(1, 3)):
                self._copy(
                    name, self._telling(name) if self.rng.random() < 0.6 else self._id(f"my-{self.rng.choice(NOUNS)}")
                )

    def _clashes(self) -> None:
        """Other contents under a real name: where a search leads to them, and where none does."""
        from resolution_world import CLASHING, HIDDEN

        open_names = [name for name in self.real if _HALF_TELLING.match(name)]
        chosen = self.rng.sample(open_names, min(len(open_names), CLASHING + HIDDEN))
        for at, name in enumerate(chosen):
            repo = (
                self._telling(name)
                if at < CLASHING
                else self._id(f"{self.rng.choice(NOUNS)}-{self.rng.randint(10, 99)}")
            )
            file = self._found(name)
            if file and not any(one.base.lower() == name.lower() for one in self.world.repo(repo).files.values()):
                sha256 = self.world.content(f"clash {repo}/{name}")
                self.world.repo(repo).add(
                    file.base, sha256, self.world.size(sha256, "", int(file.size * self.rng.uniform(0.5, 1.2)))
                )
                self.world.clashing.add(name.lower())

    def _from_civitai(self) -> None:
        """Authors who publish at both places, and others who publish something else under a Civitai file's name."""
        files = [
            (file, version)
            for model in self.world.civitai.reachable()
            for version in model.versions
            for file in version.files
            if model.type in ("LORA", "LoCon", "Checkpoint") and file.type == "Model"
        ]
        for at, (file, _) in enumerate(self.rng.sample(files, len(files) // 20)):
            repo = self._telling(file.name)
            other = at % 3 == 0
            sha256 = self.world.content(f"clash {repo}/{file.name}") if other else file.sha256
            self.world.repo(repo).add(file.name, sha256, self.world.size(sha256, "loras") if other else file.size)
            if other:
                self.world.clashing.add(file.name.lower())
