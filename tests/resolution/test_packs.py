"""Packs: what the workflow names, what claims a class, and what is here already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from comfyfixersmart.core.http import NoAnswer
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.inventory.types import DISABLED, FAILED, LOADED, Pack
from comfyfixersmart.core.resolution.types import (
    CLASS_LOOKUP,
    NOT_FOUND,
    PACK,
    RESOLVED,
    UNCERTAIN,
    WORKFLOW_PACK,
    Want,
)
from comfyfixersmart.core.sources.types import PackCandidate

from .samples import resolver

TIDE = PackCandidate(
    "registry:tide-nodes",
    "registry",
    "tide-nodes",
    "https://github.com/Maplehurst/tide-nodes",
    "Tide nodes",
    version="1.2.0",
    status="Active",
    confirmed=True,
)
FORK = PackCandidate(
    "git:other/tide-nodes", "manager", "", "https://github.com/other/tide-nodes", "Tide fork", has_class=True
)


class FakeRegistry:
    """A registry that knows these packs, their classes and the best pack of a class."""

    name = "registry"

    def __init__(
        self, *packs: PackCandidate, classes: dict[str, set[str]] | None = None, best: PackCandidate | None = None
    ) -> None:
        self.packs, self.classes, self.best, self.silent = packs, classes, best, False

    def _look(self) -> None:
        if self.silent:
            raise NoAnswer("timeout", "it took longer than 15 seconds", "")

    def by_id(self, asker: Any, registry_id: str, version: str = "") -> PackCandidate | None:
        self._look()
        return next((one for one in self.packs if one.registry_id == registry_id), None)

    def by_repo(self, asker: Any, repo: str) -> PackCandidate | None:
        self._look()
        return next((one for one in self.packs if one.repo.lower().endswith(repo)), None)

    def by_class(self, asker: Any, class_type: str) -> list[PackCandidate]:
        self._look()
        return [replace(self.best, has_class=True)] if self.best else []

    def has_class(self, asker: Any, registry_id: str, version: str, class_type: str) -> bool | None:
        self._look()
        return None if self.classes is None else class_type in self.classes.get(registry_id, ())


class FakeMap:
    """The Manager's lists."""

    def __init__(self, *claims: PackCandidate, known: PackCandidate | None = None) -> None:
        self.claims, self.known = claims, known

    def of_class(self, class_type: str) -> list[PackCandidate]:
        return list(self.claims)

    def of_id(self, registry_id: str) -> PackCandidate | None:
        return self.known

    def of_repo(self, repo: str) -> PackCandidate | None:
        return self.known


def ask(registry: Any = None, packs: Any = None, *installed: Pack, **said: str) -> Any:
    inventory = nothing("")
    inventory.packs = installed
    return resolver(registry=registry, packs=packs, inventory=inventory).resolve(Want(PACK, "TideSampler", **said))


def test_the_pack_that_the_workflow_names_is_confirmed_at_the_registry() -> None:
    found = ask(FakeRegistry(TIDE, classes={"tide-nodes": {"TideSampler"}}), FakeMap(FORK), registry_id="tide-nodes")
    assert (found.state, found.rung, found.best.id) == (RESOLVED, WORKFLOW_PACK, TIDE.id)
    assert found.candidates[0].fits == ("The workflow names it", "It lists this node type")


def test_a_repository_counts_as_a_name() -> None:
    found = ask(FakeRegistry(TIDE), None, repo="maplehurst/tide-nodes")
    assert (found.state, found.rung) == (RESOLVED, WORKFLOW_PACK)


def test_offline_the_managers_list_knows_the_named_pack() -> None:
    found = ask(None, FakeMap(known=replace(FORK, has_class=None)), repo="other/tide-nodes")
    assert (found.state, found.rung, found.best.source) == (RESOLVED, WORKFLOW_PACK, "manager")


def test_a_named_pack_without_the_class_is_uncertain() -> None:
    found = ask(FakeRegistry(TIDE, classes={"tide-nodes": set()}), FakeMap(FORK), registry_id="tide-nodes")
    assert found.state == UNCERTAIN
    assert "Its version 1.2.0 does not list this node type" in found.candidates[0].against


def test_two_different_names_are_uncertain() -> None:
    other = replace(TIDE, id="registry:ebb", registry_id="ebb", repo="https://github.com/other/ebb")
    found = ask(FakeRegistry(TIDE, other), None, registry_id="tide-nodes", repo="other/ebb")
    assert (found.state, found.why) == (UNCERTAIN, "The workflow names two different packs for this node type.")


def test_one_claim_resolves_when_everybody_answered() -> None:
    same = replace(FORK, id="git:maplehurst/tide-nodes", repo="https://github.com/maplehurst/tide-nodes.git")
    found = ask(FakeRegistry(TIDE, best=TIDE), FakeMap(same))
    assert (found.state, found.rung, len(found.candidates)) == (RESOLVED, CLASS_LOOKUP, 1)


def test_a_class_of_several_packs_is_uncertain() -> None:
    found = ask(FakeRegistry(TIDE, best=TIDE), FakeMap(FORK))
    assert (found.state, found.why, len(found.candidates)) == (UNCERTAIN, "2 packs claim this node type.", 2)


def test_one_claim_with_a_silent_registry_is_uncertain() -> None:
    registry = FakeRegistry()
    registry.silent = True
    found = ask(registry, FakeMap(FORK))
    assert (found.state, found.silent[0].source) == (UNCERTAIN, "registry")


def test_nothing_known_is_not_found_only_where_somebody_was_asked() -> None:
    assert ask(FakeRegistry(), FakeMap()).state == NOT_FOUND
    assert ask(None, None).state == UNCERTAIN


def test_a_banned_pack_never_resolves() -> None:
    found = ask(FakeRegistry(replace(TIDE, status="Banned")), None, registry_id="tide-nodes")
    assert found.state == UNCERTAIN and "The registry has banned it" in found.candidates[0].against


def test_a_flagged_pack_says_so() -> None:
    found = ask(FakeRegistry(replace(TIDE, status="Flagged")), None, registry_id="tide-nodes")
    assert "The registry marks it as flagged" in found.candidates[0].against


def test_what_is_here_already_is_told_from_what_is_missing() -> None:
    failed = Pack("tide", FAILED, reason="No module named 'tidelib'", ids=("tide-nodes",))
    (one,) = ask(FakeRegistry(TIDE), None, failed, registry_id="tide-nodes").candidates
    assert "It is installed already as tide, and fails to import: No module named 'tidelib'" in one.against
    (one,) = ask(FakeRegistry(TIDE), None, replace(failed, state=DISABLED), registry_id="tide-nodes").candidates
    assert "It is on this disk already as tide, and disabled: enable it" in one.against
    (one,) = ask(FakeRegistry(TIDE), None, replace(failed, state=LOADED), registry_id="tide-nodes").candidates
    assert "It is installed already as tide, without this node type: update it" in one.against


def test_a_type_of_comfyui_itself_is_no_pack_to_install() -> None:
    core = PackCandidate(
        "git:comfyanonymous/comfyui",
        "manager",
        "",
        "https://github.com/comfyanonymous/ComfyUI",
        "ComfyUI",
        has_class=True,
    )
    (one,) = ask(None, FakeMap(core)).candidates
    assert "It belongs to ComfyUI itself, in a newer version: update ComfyUI" in one.fits
