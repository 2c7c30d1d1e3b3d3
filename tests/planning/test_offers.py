"""Missing files: from where, proven by what, and what is left out instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from comfyfixersmart.core.actions.types import Offer, canonical
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.http import NoAnswer
from comfyfixersmart.core.resolution.types import NOT_FOUND, UNCERTAIN
from comfyfixersmart.core.sources.types import ARCHIVED, EARLY, GATED, LOGIN, PAID, PICKLE, TAKEN_DOWN

from .scene import VAE, Scene, chosen, civitai, content, hub, left, one


class Told(NamedTuple):
    size: int | None = None
    etag: str = ""
    sha256: str | None = None


# ---- mirrors ------------------------------------------------------------------------------------------------


def test_mirrors_have_the_same_content_and_nothing_else(scene: Scene) -> None:
    best = hub(VAE)
    mirror = hub(VAE, repo="other/mirror")
    alike = hub(VAE, b"other", repo="other/alike")
    scene.flow("a.json", vae=VAE)
    scene.found(best, mirror, alike, mirrors=2)
    assert [offer.id for offer in one(scene.plan()).offers] == [best.id, mirror.id]


def test_a_choice_has_no_mirrors_but_of_the_same_content(scene: Scene) -> None:
    best, same, alike = hub(VAE), hub(VAE, repo="other/mirror"), hub(VAE, b"other", repo="other/alike")
    scene.flow("a.json", vae=VAE)
    scene.found(alike, best, same, state=UNCERTAIN)
    chosen(scene, VAE, best.id)
    action = one(scene.plan())
    assert action.chosen and [offer.id for offer in action.offers] == [best.id, same.id]
    chosen(scene, VAE, alike.id)
    assert [offer.id for offer in one(scene.plan()).offers] == [alike.id]


def test_an_open_mirror_serves_in_place_of_a_gated_file(scene: Scene) -> None:
    gated, mirror = hub(VAE, gate=GATED), hub(VAE, repo="other/mirror", licence="")
    scene.flow("a.json", vae=VAE)
    scene.found(gated, mirror, mirrors=1)
    action = one(scene.plan())
    assert [offer.id for offer in action.offers] == [mirror.id]
    assert action.offers[0].licence == "apache-2.0", "the same file has the same licence"


def test_no_key_of_an_address_gets_into_a_plan(scene: Scene) -> None:
    """Of a link that somebody wrote down, the plan keeps what names the file."""
    plain = "https://github.com/heron/models/releases/download/v1/heron_vae.safetensors"
    claim = replace(
        hub(VAE), url=f"{plain}?token=canary", page=f"{plain}?token=canary", id=f"direct:{plain}?token=canary",
        source="direct", confirmed=False,
    )  # fmt: skip
    scene.flow("a.json", vae=VAE)
    scene.found(
        claim, civitai(VAE, 7, url="https://civitai.red/api/download/models/7?fileId=7&token=canary"), mirrors=1
    )
    plan = scene.plan()
    assert [(offer.id, offer.url) for offer in one(plan).offers] == [
        (f"direct:{plain}", plain),
        ("civitai:7/7", "https://civitai.red/api/download/models/7?fileId=7"),
    ]
    assert b"canary" not in canonical(plan)


# ---- what stands before a download --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "text", "hint"),
    [
        (GATED, "Terms have to be accepted", "Get access on its page, then enter your key for Hugging Face."),
        (LOGIN, "People with a key only", "Enter a key for Hugging Face"),
        (EARLY, "Early access until 2026-12-01", "See its page"),
        (PAID, "It has to be bought", "See its page"),
        (ARCHIVED, "Its author archived it", "See its page"),
        (TAKEN_DOWN, "It was taken down", "See its page"),
    ],
)
def test_what_cannot_simply_be_fetched(scene: Scene, gate: str, text: str, hint: str) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE, gate=gate, gate_text=text))
    plan = scene.plan()
    assert not plan.actions
    assert left(plan).why == f"{text}." and left(plan).hint.startswith(hint)
    assert left(plan).help == (f"https://huggingface.co/heron-lab/models/blob/main/{VAE}",)
    keyed = scene.plan(keyed=("huggingface",))
    assert bool(keyed.actions) == (gate in (GATED, LOGIN))
    if keyed.actions:
        assert one(keyed).offers[0].gate == gate
        assert [risk.code for risk in one(keyed).risks] == [gate if gate == LOGIN else "gated"]
    assert not scene.plan(keyed=("civitai",)).actions, "a key of another service opens nothing"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://files.example/x.safetensors", "files.example, which is not among the hosts"),
        ("https://huggingface.co.evil.example/x.safetensors", "not among the hosts"),
        ("https://evilhuggingface.co/x.safetensors", "not among the hosts"),
        ("http://huggingface.co/a/b/resolve/main/x.safetensors", "without encryption"),
        ("https://huggingface.co@evil.example/x.safetensors", "cannot be used"),
        ("ftp://huggingface.co/x.safetensors", "cannot be used"),
        ("https://127.1/x.safetensors", "cannot be used"),
    ],
)
def test_hosts_that_nothing_comes_from(scene: Scene, url: str, why: str) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE, url=url))
    told = left(scene.plan())
    assert why in told.why and told.code == "POLICY001" and told.hint


def test_hosts_that_the_person_added(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE, url="https://eu.files.example/x.safetensors"))
    scene.values = {"download_hosts": ("files.example",)}
    assert one(scene.plan()).offers[0].url == "https://eu.files.example/x.safetensors"


def test_a_mirror_that_the_person_set_counts_even_without_encryption(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE, url="http://127.0.0.1:8412/a/b/resolve/main/heron_vae.safetensors"))
    assert "not among the hosts" in left(scene.plan()).why
    scene.values = {"endpoints": {"huggingface": "http://127.0.0.1:8412"}}
    assert one(scene.plan()).offers[0].by == "Hugging Face"
    scene.values = {"endpoints": {"huggingface": "http://127.0.0.1:9000"}}
    assert not scene.plan().actions


def test_a_claim_belongs_to_the_service_of_its_address(scene: Scene) -> None:
    claim = hub(VAE, source="manager", confirmed=False, said_by="ComfyUI-Manager's list", licence="", gate=GATED)
    scene.flow("a.json", vae=VAE)
    scene.found(claim, state=UNCERTAIN)
    chosen(scene, VAE, claim.id)
    assert "Hugging Face" in left(scene.plan()).hint
    action = one(scene.plan(keyed=("huggingface",)))
    assert (action.offers[0].source, action.offers[0].by) == ("huggingface", "Hugging Face")
    told = {risk.code: risk.text for risk in action.risks}
    assert "ComfyUI-Manager's list names this file" in told["unconfirmed"] and "no_licence" not in told


# ---- what is open -------------------------------------------------------------------------------------------


def test_what_is_not_settled_is_left_out_with_what_to_do(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    never = left(scene.plan())
    assert (never.kind, never.code, never.why, never.hint, never.key) == (
        "file", "MODEL001", "Nobody has looked for it yet.", "Look it up first.", "",
    )  # fmt: skip
    scene.found(hub(VAE), hub(VAE, b"other", repo="a/b"), state=UNCERTAIN)
    several = left(scene.plan())
    assert several.hint == "Choose one of the 2 candidates." and len(several.key) == 20
    scene.found(hub(VAE), state=UNCERTAIN)
    assert left(scene.plan()).hint.startswith("Look at the one candidate")
    scene.found(name=VAE, state=NOT_FOUND, settle=("A link to it would settle it",))
    assert left(scene.plan()).why == "Nobody has it." and left(scene.plan()).hint == "A link to it would settle it."


def test_what_cannot_be_told_is_not_planned(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    app_inventory = replace(scene.inventory(), unlisted=frozenset({"vae"}))
    needs = [
        need._replace(finding=need.finding._replace(weight="unknown", message="It cannot be told."))
        for need in scene.needs()
    ]
    assert left(scene.plan(needs, inventory=app_inventory)).why == "It cannot be told."


# ---- hashes and sizes ---------------------------------------------------------------------------------------


def test_a_source_is_asked_only_where_no_hash_is_known(scene: Scene) -> None:
    asked: list[tuple[str, int | None, str | None]] = []

    def announce(offer: Offer, size: int | None, sha256: str | None) -> Told:
        asked.append((offer.id, size, sha256))
        return Told(500, '"strong"', None)

    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE))
    assert not one(scene.plan(announce=announce)).risks and not asked
    bare = replace(hub(VAE), sha256=None, size=None)
    scene.found(bare, rung="author_link")
    action = one(scene.plan(announce=announce))
    assert asked == [(bare.id, None, None)]
    assert (action.size, action.sha256, action.offers[0].etag) == (500, None, '"strong"')
    assert [risk.code for risk in action.risks] == ["no_hash"]
    assert "only its size can be checked" in action.risks[0].text


def test_a_hash_that_the_source_tells_now_counts(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(replace(hub(VAE), sha256=None))
    action = one(scene.plan(announce=lambda *_: Told(len(content(VAE)), "", "ab" * 32)))
    assert action.sha256 == "ab" * 32 and not action.risks


def test_another_file_under_the_address_is_left_out(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(replace(hub(VAE), sha256=None, size=5_000_000))
    assert "another file under this address" in left(scene.plan(announce=lambda *_: Told(6_000_000))).why
    assert one(scene.plan(announce=lambda *_: Told(5_000_400))).size == 5_000_400, "Civitai rounds"


def test_a_source_that_does_not_answer_leaves_it_out(scene: Scene) -> None:
    def silent(*_: Any) -> Told:
        raise NoAnswer("timeout", "it took longer than 15 seconds", "Try again later.")

    scene.flow("a.json", vae=VAE)
    scene.found(replace(hub(VAE), sha256=None))
    told = left(scene.plan(announce=silent))
    assert told.why == "Hugging Face could not be asked about it: it took longer than 15 seconds."
    scene.found(replace(hub(VAE), size=None))
    action = one(scene.plan(announce=silent))
    assert action.size is None and [risk.code for risk in action.risks] == ["unknown_size"], "its hash proves it"
    assert scene.plan(announce=silent).unsized == 1

    def cancelled(*_: Any) -> Told:
        raise NoAnswer("cancelled", "it was cancelled")

    scene.found(replace(hub(VAE), sha256=None))
    with pytest.raises(ComfyFixerError, match="cancelled"):
        scene.plan(announce=cancelled)


def test_without_asking_what_is_not_known_is_said(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(replace(hub(VAE), sha256=None, size=None))
    assert [risk.code for risk in one(scene.plan()).risks] == ["unverifiable", "unknown_size"]


def test_the_cap_and_large_files(scene: Scene) -> None:
    scene.flow("a.json", vae=VAE)
    scene.found(hub(VAE, size=101_000_000_000))
    told = left(scene.plan())
    assert told.why == "It has 101.0 GB, and files over 100.0 GB are refused." and told.code == "POLICY001"
    scene.values = {"max_file_gb": 200}
    assert [risk.text for risk in one(scene.plan()).risks] == ["A large file: 101.0 GB."]


def test_pickles_need_consent_or_are_refused(scene: Scene) -> None:
    name = "4x-FineGrain.pth"
    scene.flow("a.json", upscale_models=name)
    scene.found(hub(name, author="grain-works", format=PICKLE))
    (risk,) = one(scene.plan()).risks
    assert (risk.code, risk.consent) == ("pickle", "I trust grain-works and want this pickle file.")
    scene.values = {"pickle": "refuse"}
    assert "your settings refuse" in left(scene.plan()).why
