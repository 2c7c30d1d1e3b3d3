"""The questions beside exact names: renamed files, decoys, generic names, what nobody has, links, silent services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from comfyfixersmart.core.resolution.types import FILE, RESOLVED, UNCERTAIN, Want
from comfyfixersmart.core.sources.names import family_of, family_of_base_model, stem
from resolution_cases import AMBIGUOUS, EXACT_OPEN, FREE, KNOWABLE, ONE_HASH, OPEN, Case
from resolution_civitai import FOLDERS
from resolution_real import Named
from resolution_words import near, nonsense, parts, renamed
from resolution_world import World

RENAMED_CIVITAI, RENAMED_HUB, RENAMED_SLIGHTLY = "renamed, hash at Civitai", "renamed, hash at no look-up", "renamed slightly, with hash"  # fmt: skip
RENAMED_BLIND, DECOY, UNKNOWABLE = "renamed, no hash", "decoy: a near name exists", "unknowable"
GENERIC, GENERIC_TOLD = "generic name", "generic name, the notes link to it"
NO_CONFIRMING, OWN_LINK, DEAD_LINK = (
    "known to a list alone, other hosts",
    "the workflow's own link",
    "the workflow's own link, dead",
)
SILENT, SILENT_SETTLED = "a service is silent", "a service is silent, hash or link elsewhere"
_GENERIC_ENDS = ("diffusion_pytorch_model", "pytorch_lora_weights", "model.")


class Maker:
    """Makes them from one world, deterministically; `exact`: the exact names that were made before."""

    def __init__(self, world: World, exact: list[Case]) -> None:
        self.world, self.exact = world, exact
        self.rng = Random(f"{world.seed} more")
        self.hub = [one for one in (*world.real.templates, *world.real.manager) if one.repo and world.spots(one.name)]
        self.civitai = [
            (file, FOLDERS[model.type], family_of_base_model(version.base), version.id)
            for model in world.civitai.reachable()
            for version in model.versions
            for file in version.files[:1]
            if model.type in ("LORA", "LoCon", "Checkpoint", "TextualInversion") and not version.early
        ]

    def make(self) -> Iterator[Case]:
        """All kinds."""
        yield from self._renamed()
        yield from self._near()
        yield from self._generic()
        yield from self._listed_only()
        yield from self._links()

    # ---- renamed -----------------------------------------------------------------------------------------

    def _renamed(self) -> Iterator[Case]:
        for file, folder, family, _ in self.rng.sample(self.civitai, 110):
            want = Want(FILE, self._absent(renamed, file.name), (folder,), file.sha256, family=family)
            yield Case(RENAMED_CIVITAI, "", want, frozenset({file.sha256}), RESOLVED)
        for one in self.rng.sample(self.hub, 70):
            gold = self._content(one)
            want = Want(FILE, self._absent(renamed, one.name), (one.folder,), gold)
            yield Case(RENAMED_HUB, "", want, frozenset({gold}), FREE)
        for one in self.rng.sample(self.hub, 70):
            gold = self._content(one)
            want = Want(FILE, self._absent(_slightly, one.name), (one.folder,), gold)
            yield Case(RENAMED_SLIGHTLY, "", want, frozenset({gold}), FREE, top=True)
        for file, folder, family, _ in self.rng.sample(self.civitai, 60):
            yield Case(
                RENAMED_BLIND,
                "",
                Want(FILE, self._absent(renamed, file.name), (folder,), family=family),
                frozenset(),
                OPEN,
            )
        for one in self.rng.sample(self.hub, 60):
            yield Case(
                RENAMED_BLIND, "", Want(FILE, self._absent(_slightly, one.name), (one.folder,)), frozenset(), OPEN
            )

    def _near(self) -> Iterator[Case]:
        for one in self.rng.sample(self.hub, 170):
            name = self._absent(near, one.name)
            yield Case(DECOY, "", Want(FILE, name, (one.folder,), family=family_of(stem(name))), frozenset(), OPEN)
        for file, folder, family, _ in self.rng.sample(self.civitai, 90):
            yield Case(
                DECOY, "", Want(FILE, self._absent(near, file.name), (folder,), family=family), frozenset(), OPEN
            )
        for _ in range(230):
            name = self._absent(lambda _name, rng: nonsense(rng), "")
            folder = self.rng.choice(
                ("checkpoints", "loras", "vae", "diffusion_models", "controlnet", "upscale_models")
            )
            yield Case(UNKNOWABLE, "", Want(FILE, name, (folder,)), frozenset(), OPEN)

    # ---- generic names -----------------------------------------------------------------------------------

    def _generic(self) -> Iterator[Case]:
        listed = {(one.repo, one.path): one for one in self.world.real.manager if one.repo and one.name.lower() in self.world.generic}  # fmt: skip
        for one in listed.values():
            yield from self._both(one.name, one.folder, one.repo, self._content(one))
        repos = [repo for repo in self.world.repos.values() if repo.origin != "listed" and not repo.gated]
        files = [(repo, file) for repo in repos for file in repo.files.values() if file.base.startswith(_GENERIC_ENDS) and file.base in self.world.generic]  # fmt: skip
        for repo, file in self.rng.sample(files, 45):
            folder = "loras" if "lora" in file.base else "vae" if "vae/" in file.path else "diffusion_models"
            yield from self._both(file.base, folder, repo.id, file.sha256)

    def _both(self, name: str, folder: str, repo: str, gold: str) -> Iterator[Case]:
        """Bare, and with an address of its repository in a note: that tells."""
        base = Want(FILE, name, (folder,))
        yield Case(GENERIC, "", base, frozenset({gold}), UNCERTAIN)
        told = base._replace(notes=(f"https://huggingface.co/{repo}",))
        yield Case(GENERIC_TOLD, "", told, frozenset({gold}), FREE, top=True)

    # ---- what the services cannot confirm, and what links say ----------------------------------------------

    def _listed_only(self) -> Iterator[Case]:
        for one in self.world.real.manager:
            if not one.repo and "civitai.com" not in one.url and not self.world.spots(one.name):
                gold = frozenset({one.url})
                yield Case(NO_CONFIRMING, "", Want(FILE, one.name, (one.folder,)), frozenset(), OPEN, addresses=gold)

    def _links(self) -> Iterator[Case]:
        open_ = [one for one in self.hub if not self.world.held(one.repo).gated]
        for one in self.rng.sample(open_, 70):
            want = Want(FILE, one.path.rpartition("/")[2], (one.folder,), urls=(one.url,))
            yield Case(OWN_LINK, "", want, frozenset({self._content(one)}), RESOLVED)
        for file, folder, family, version in self.rng.sample(self.civitai, 40):
            url = f"https://civitai.com/api/download/models/{version}"
            yield Case(
                OWN_LINK,
                "",
                Want(FILE, file.name, (folder,), urls=(url,), family=family),
                frozenset({file.sha256}),
                RESOLVED,
            )
        for one in self.rng.sample(open_, 40):
            name = self._absent(near, one.name)
            url = f"https://huggingface.co/{one.repo}/resolve/main/{name}"
            yield Case(DEAD_LINK, "", Want(FILE, name, (one.folder,), urls=(url,)), frozenset(), OPEN)

    def silent(self, down: str) -> Iterator[Case]:
        """Names that are found when all answer, and files that are settled without that service, while it is silent."""
        rng = Random(f"{self.world.seed} {down}")
        named = [one for one in self.exact if one.kind in (KNOWABLE, ONE_HASH, AMBIGUOUS)]
        for one in rng.sample(named, 50):
            yield one._replace(kind=SILENT, group=down, must=EXACT_OPEN, top=False, down=down)
        for one in self.rng.sample(self.hub, 10):
            want = Want(FILE, one.path.rpartition("/")[2], (one.folder,), urls=(one.url,))
            yield Case(SILENT_SETTLED, down, want, frozenset({self._content(one)}), EXACT_OPEN, down=down)
        for file, folder, family, _ in rng.sample(self.civitai, 10):
            want = Want(FILE, file.name, (folder,), file.sha256, family=family)
            yield Case(SILENT_SETTLED, down, want, frozenset({file.sha256}), EXACT_OPEN, down=down)

    # ---- helpers -----------------------------------------------------------------------------------------

    def _content(self, one: Named) -> str:
        return self.world.content(self.world.key(one))

    def _absent(self, change: Callable[[str, Random], str], name: str) -> str:
        """A changed name that is nowhere in the world."""
        listed = {one.name.lower() for one in (*self.world.real.manager, *self.world.real.templates)}
        for _ in range(200):
            found = change(name, self.rng)
            if not self.world.spots(found) and found.lower() not in listed and found.lower() not in self.world.generic:
                return found
        return f"absent {parts(name)[0]}{parts(name)[1]}"


def _slightly(name: str, rng: Random) -> str:
    """What a browser or a hurried person does to a name."""
    own, suffix = parts(name)
    return (
        rng.choice((f"{own} (1)", f"{own}_copy", f"{own}-old", f"copy of {own}", own.replace("_", " ") + " new"))
        + suffix
    )
