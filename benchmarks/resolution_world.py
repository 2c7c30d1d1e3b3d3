"""The world that the benchmark's services hold: real repositories and invented ones, with one rule for every content.

What is real: ids, and, where a template or the Manager names a file, its path. All hashes, most sizes and all further
files are invented, deterministically by the seed. Whether two files of one name have one content is decided so:

1. one address, one content;
2. a name that the templates give several addresses has one content, since they use them in place of each other;
3. two addresses of one name have one content where the Manager prints one size for both, or where a size is not
   printed (an original and its official repackaging); sizes that differ are different contents;
4. generic names ("model.safetensors") have a content per address;
5. re-uploads by invented owners: `COPIED` of the real names have copies of the same content; `CLASHING` names have a
   file of other content in a repository whose id tells so, `HIDDEN` ones in a repository whose id tells nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from resolution_civitai import Catalogue, make_catalogue
from resolution_distractors import Distractors
from resolution_real import Named, Real

COPIED, CLASHING, HIDDEN = 0.25, 110, 40
INVENTED = 5200  # repositories
MIRRORED = 0.4  # share of the repositories with known files that ModelScope has too
OFFICIAL = (
    "Comfy-Org",
    "Kijai",
    "city96",
    "stabilityai",
    "black-forest-labs",
    "lllyasviel",
    "h94",
)  # services.md, section 3
_GATED = re.compile(r"black-forest-labs/FLUX\.\d.*-dev|stabilityai/(stable-diffusion-3|stable-audio|stable-video-diffusion-img2vid-xt-1-1)|meta-llama/|google/gemma|CohereForAI/", re.I)  # fmt: skip
MOVED = {  # as the service itself forwards them
    "runwayml/stable-diffusion-v1-5": "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "runwayml/stable-diffusion-inpainting": "stable-diffusion-v1-5/stable-diffusion-inpainting",
}
_SIZES = {
    "loras": (18, 1400), "vae": (160, 500), "vae_approx": (2, 10), "text_encoders": (240, 16000), "clip_vision": (800,
    3700),
    "controlnet": (300, 8000), "upscale_models": (16, 130), "embeddings": (0, 1), "diffusion_models": (2500, 32000),
    "checkpoints": (1900, 23000), "ipadapter": (40, 1700),
}  # fmt: skip


class File(NamedTuple):
    """One file of a repository."""

    path: str
    sha256: str
    size: int

    @property
    def base(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(slots=True)
class Repo:
    """One repository. `origin`: "listed" (real, with real paths), "real" (a real id only) or "invented"."""

    id: str
    origin: str
    files: dict[str, File] = field(default_factory=dict)
    gated: str | bool = False
    downloads: int = 0
    likes: int = 0
    created: int = 0  # days ago

    def add(self, path: str, sha256: str, size: int) -> None:
        """A file, unless there is one at this path."""
        self.files.setdefault(path, File(path, sha256, size))


class Spot(NamedTuple):
    """A place where a name is: for the gold."""

    source: str  # "huggingface", "modelscope" or "civitai"
    id: str  # "owner/repo@path", or "versionId/fileId"
    sha256: str
    told: bool  # whether its hash can be seen


class World:
    """All of it, and an index of base names."""

    def __init__(self, seed: int, real: Real, generic: frozenset[str], scale: float = 1.0) -> None:
        """`scale` below 1 makes a smaller world, for development."""
        self.seed, self.real, self.generic = seed, real, generic
        self.repos: dict[str, Repo] = {}
        self.mirrors: dict[str, Repo] = {}
        self.clashing: set[str] = set()  # lower-case names that were given other contents on purpose, findable or not
        self._sizes: dict[str, int] = {}
        self._list_real()
        self.civitai: Catalogue = make_catalogue(self, Random(f"{seed} civitai"), int(3600 * scale))
        Distractors(self, Random(f"{seed} distractors")).make(int(INVENTED * scale))
        self._mirror(Random(f"{seed} mirrors"))
        self.names: dict[str, list[Spot]] = defaultdict(list)
        for spot, name in self._spots():
            self.names[name.lower()].append(spot)

    # ---- contents ----------------------------------------------------------------------------------------

    def content(self, key: str) -> str:
        """The SHA-256 of a content, by whatever names it."""
        return hashlib.sha256(f"{self.seed}:{key}".encode()).hexdigest()

    def size(self, sha256: str, folder: str = "", told: int | None = None) -> int:
        """Bytes of a content: as printed somewhere, else invented in the range of its folder."""
        if sha256 not in self._sizes:
            low, high = _SIZES.get(folder, (20, 4000))
            number = int(sha256[:12], 16)
            spread = (low * 10**6) + number % max(1, (high - low) * 10**6)
            self._sizes[sha256] = (told + number % 40_000) if told else spread + 1000
        return self._sizes[sha256]

    def repo(self, name: str, origin: str = "invented") -> Repo:
        """The repository of this id, made where there is none."""
        found = self.repos.get(name)
        if found is None:
            found = self.repos[name] = Repo(name, origin)
            self._dress(found)
        return found

    def held(self, name: str) -> Repo:
        """The repository that an id leads to, moved or not."""
        return self.repos[MOVED.get(name, name)]

    def _dress(self, repo: Repo) -> None:
        rng = Random(f"{self.seed} {repo.id}")
        middle = {"listed": 9.5, "real": 8.0}.get(repo.origin, 5.0)
        repo.downloads = int(rng.lognormvariate(middle, 1.8))
        repo.likes, repo.created = repo.downloads // rng.randint(20, 400), rng.randint(3, 1200)
        repo.gated = rng.choice(("auto", "manual")) if _GATED.match(repo.id) else False
        for name in ("README.md", ".gitattributes"):
            repo.add(name, self.content(f"{repo.id}/{name}"), rng.randint(400, 9000))

    # ---- the real part -----------------------------------------------------------------------------------

    def _list_real(self) -> None:
        rng = Random(f"{self.seed} real")
        for one in self.told():
            sha256 = self.content(self.key(one))
            repo = self.repo(MOVED.get(one.repo, one.repo), "listed")
            repo.add(one.path, sha256, self.size(sha256, one.folder, one.size))
        for name in self.real.ids:
            if name.lower() not in {one.lower() for one in MOVED} and name not in self.repos:
                self._lay_out(self.repo(name, "real"), rng)

    def told(self) -> Iterator[Named]:
        """Every file at Hugging Face that a template or the Manager names."""
        return (one for one in (*self.real.templates, *self.real.manager) if one.repo)

    def key(self, one: Named) -> str:
        """What names the content behind an address: see the rules above."""
        base = one.path.rpartition("/")[2].lower()
        if base in self.generic:
            return f"{one.repo}/{one.path}"
        return f"{base}#{self._groups()[base][one.repo, one.path]}"

    def _groups(self) -> dict[str, dict[tuple[str, str], int]]:
        """Base name → address → number of its content."""
        if not hasattr(self, "_grouped"):
            sizes: dict[str, dict[tuple[str, str], int | None]] = defaultdict(dict)
            for one in self.told():
                seen = sizes[one.path.rpartition("/")[2].lower()]
                seen[one.repo, one.path] = one.size or seen.get((one.repo, one.path))
            self._grouped = {base: _grouped(seen, self.templates()) for base, seen in sizes.items()}
        return self._grouped

    def templates(self) -> set[tuple[str, str]]:
        return {(one.repo, one.path) for one in self.real.templates}

    def _lay_out(self, repo: Repo, rng: Random) -> None:
        """The usual files of a repository of which only the id is known."""
        parts = (
            ("unet/", "vae/", "text_encoder/")
            if re.search("diffus|control|sd|xl|lumina|flux|wan", repo.id, re.I)
            else ("",)
        )
        for part in parts:
            own = (
                "diffusion_pytorch_model"
                if part in ("unet/", "vae/")
                else "model"
                if part or rng.random() < 0.6
                else "pytorch_model"
            )
            name = f"{part}{own}.{'bin' if own == 'pytorch_model' else 'safetensors'}"
            sha256 = self.content(f"{repo.id}/{name}")
            repo.add(name, sha256, self.size(sha256))
            repo.add(f"{part}config.json", self.content(f"{repo.id}/{part}config.json"), rng.randint(300, 2000))

    def _mirror(self, rng: Random) -> None:
        """ModelScope: the same files with the same hashes, under the same id or that of a mirroring account."""
        listed = [repo for repo in self.repos.values() if repo.origin == "listed" and not repo.gated]
        for repo in rng.sample(listed, int(MIRRORED * len(listed))):
            owner, _, name = repo.id.partition("/")
            account = "AI-ModelScope" if owner in ("stabilityai", "openai", "lllyasviel", "h94") else owner
            self.mirrors[f"{account}/{name}"] = Repo(
                f"{account}/{name}", "listed", dict(repo.files), False, repo.downloads // 9
            )
        invented = [repo for repo in self.repos.values() if repo.origin == "invented"]
        for repo in rng.sample(invented, len(invented) // 20):
            self.mirrors[repo.id] = Repo(repo.id, "invented", dict(repo.files), False, repo.downloads // 9)

    # ---- the index ---------------------------------------------------------------------------------------

    def _spots(self) -> Iterator[tuple[Spot, str]]:
        for source, repos in (("huggingface", self.repos), ("modelscope", self.mirrors)):
            for repo in repos.values():
                for file in repo.files.values():
                    yield Spot(source, f"{repo.id}@{file.path}", file.sha256, not repo.gated), file.base
        for model in self.civitai.reachable():
            for version in model.versions:
                for file in version.files:
                    yield Spot("civitai", f"{version.id}/{file.id}", file.sha256, True), file.name

    def spots(self, name: str) -> list[Spot]:
        """Where files of this base name are, in any case of letters."""
        return self.names.get(name.lower(), [])

    def counts(self) -> dict[str, int]:
        """Repositories by origin."""
        found = {"listed": 0, "real": 0, "invented": 0}
        for repo in self.repos.values():
            found[repo.origin] += 1
        return found


def _grouped(
    sizes: dict[tuple[str, str], int | None], templates: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """One number per content: addresses of the templates first, then by printed size; without one, the first."""
    official = set(templates)
    order = sorted(sizes, key=lambda place: (place not in official, place))
    first = next((sizes[one] for one in order if one in official and sizes[one]), None) or sizes[order[0]]
    numbers: list[int | None] = [first]
    found = {}
    for one in order:
        size = sizes[one]
        at = next((i for i, known in enumerate(numbers) if one in official or not size or not known or abs(size - known) <= 0.01 * known), None)  # fmt: skip
        if at is None:
            numbers.append(size)
            at = len(numbers) - 1
        elif numbers[at] is None:
            numbers[at] = size
        found[one] = at
    return found
