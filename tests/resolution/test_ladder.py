"""The ladder: what resolves, what does not, and in which order doubtful ones are shown."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.resolution.types import AUTHOR_LINK, EXACT_NAME, HASH, NOT_FOUND, RESOLVED, UNCERTAIN
from comfyfixersmart.core.sources.types import ARCHIVED, GATED
from hypothesis import given
from hypothesis import strategies as st

from .samples import SERVICES, candidate, case, sha, want

HERE = candidate("maplehurst/lumenpeak", "lumenpeak_v2.safetensors")


def test_one_telling_name_with_one_content_resolves() -> None:
    mirror = candidate("maplehurst/lumenpeak", "lumenpeak_v2.safetensors", source="modelscope")
    found = case(want(), HERE, mirror).verdict()
    assert (found.state, found.rung, found.mirrors) == (RESOLVED, EXACT_NAME, 1)
    assert found.best == HERE and found.folder == "checkpoints"
    assert (
        found.why
        == "Of all that was asked, 2 copies of one file carry this name, at Hugging Face and ModelScope, and it fits the node."
    )


@pytest.mark.parametrize(
    ("what", "other", "more", "why"),
    [
        ("two contents", candidate("b/x", "lumenpeak_v2.safetensors", "b"), {}, "2 different files carry this name."),
        ("a hidden hash", candidate("b/x", "lumenpeak_v2.safetensors", None, gate=GATED), {}, "A file of this name exists, but its source does not show its hash, so it cannot be compared."),
        ("a claim that nobody confirmed", candidate("b/x", "lumenpeak_v2.safetensors", confirmed=False), {}, "A file of this name is claimed, but its source could not confirm it."),
        ("a silent service", HERE, {"silent": {"civitai": "it took longer than 15 seconds"}}, "One file of this name was found, but Civitai did not answer and may have another."),
        ("a service that was not asked", HERE, {"asked": {"huggingface"}}, "No file of this very name was found, only similar names."),
    ],
)  # fmt: skip
def test_less_than_that_is_uncertain(what: str, other: object, more: dict[str, object], why: str) -> None:
    found = case(want(), HERE, other, **more).verdict()  # type: ignore[arg-type]
    assert found.state == UNCERTAIN and not found.rung
    if what != "a service that was not asked":
        assert found.why == why
    assert found.candidates and found.settle


def test_a_common_name_proves_nothing() -> None:
    found = case(want("model.safetensors"), candidate("a/b", "model.safetensors")).verdict()
    assert (found.state, found.why) == (
        UNCERTAIN,
        "Many different files carry this common name, so the name proves nothing.",
    )


@pytest.mark.parametrize(
    ("wanted", "hit", "says"),
    [
        (want(), candidate("a/b", "loras/lumenpeak_v2.safetensors"), "It is a file for loras, and the node reads checkpoints"),
        (want(), candidate("a/b", "lumenpeak_v2.safetensors", kind="LORA", folder="loras", source="civitai"), "It is a file for loras, and the node reads checkpoints"),
        (want(family="sdxl"), candidate("a/b", "lumenpeak_v2.safetensors", base_model="Flux.1 D"), "It is made for FLUX.1, and the workflow works with SDXL"),
        (want(size=5_000_000), candidate("a/b", "lumenpeak_v2.safetensors"), "It has 1 kB, and 5 MB are asked for"),
        (want(sha256=sha("z")), candidate("a/b", "lumenpeak_v2.safetensors"), "Its content is another one: the SHA-256 differs"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_shown_and_never_taken(wanted: object, hit: object, says: str) -> None:
    found = case(wanted, hit).verdict()  # type: ignore[arg-type]
    assert found.state == UNCERTAIN
    assert says in found.candidates[0].against


def test_a_file_that_does_not_fit_keeps_no_other_from_being_the_one() -> None:
    lora = candidate("a/b", "loras/lumenpeak_v2.safetensors", "b")
    assert case(want(), HERE, lora).verdict().best == HERE


@pytest.mark.parametrize("family", ["pony", "illustrious", "sdxl"])
def test_families_of_one_root_fit_each_other(family: str) -> None:
    hit = candidate("a/b", "lumenpeak_v2.safetensors", base_model="SDXL 1.0")
    assert case(want(family=family), hit).verdict().state == RESOLVED


def test_shared_parts_have_no_family() -> None:
    hit = candidate("a/wan_repackaged", "split_files/vae/lumenpeak_v2.safetensors", family="wan")
    assert case(want(folder="vae", family="flux"), hit).verdict().state == RESOLVED


def test_the_hash_resolves_whatever_the_name() -> None:
    other = candidate("a/b", "renamed.safetensors", "z")
    found = case(want(sha256=sha("z")), HERE, other, silent={"huggingface": "it is down"}).verdict()
    assert (found.state, found.rung, found.best) == (RESOLVED, HASH, other)


def test_a_hash_that_only_a_catalogue_claims_does_not_resolve() -> None:
    claim = candidate("a/b", "renamed.safetensors", "z", confirmed=False)
    assert case(want(sha256=sha("z")), claim).verdict().state == UNCERTAIN


def test_the_workflows_own_link_resolves_when_its_source_confirms_it() -> None:
    hidden = candidate("a/b", "weights/model.safetensors", None, gate=GATED)
    found = case(want("model.safetensors"), hidden, authored=[hidden.id], silent={"civitai": "it is down"}).verdict()
    assert (found.state, found.rung, found.best) == (RESOLVED, AUTHOR_LINK, hidden)
    unconfirmed = candidate("a/b", "weights/model.safetensors", confirmed=False)
    assert case(want(), unconfirmed, authored=[unconfirmed.id]).verdict().state == UNCERTAIN


def test_two_links_to_different_files_do_not() -> None:
    one, two = candidate("a/b", "x.safetensors"), candidate("a/c", "x.safetensors", "b")
    assert case(want("x.safetensors"), one, two, authored=[one.id, two.id]).verdict().state == UNCERTAIN


def test_the_workflows_link_gives_way_to_the_hash_it_names() -> None:
    link = candidate("a/b", "lumenpeak_v2.safetensors", "b")
    assert case(want(sha256=sha("z")), link, authored=[link.id]).verdict().state == UNCERTAIN


def test_what_is_gone_from_its_place_is_uncertain() -> None:
    gone = candidate("a/b", "lumenpeak_v2.safetensors", gate=ARCHIVED, gate_text="It was archived")
    found = case(want(), gone).verdict()
    assert (found.state, found.why) == (UNCERTAIN, "The file exists, but it can no longer be had there.")
    assert case(want(), gone, HERE).verdict().best == HERE


def test_nothing_found_is_said_only_when_all_answered() -> None:
    assert case(want()).verdict().state == NOT_FOUND
    silent = case(want(), silent={"civitai": "it is down"}).verdict()
    assert (silent.state, silent.silent[0].source) == (UNCERTAIN, "civitai")
    assert silent.why == "Civitai did not answer, so whether the file is there is not known."
    nobody = case(want(), asked=set(), enabled=()).verdict()
    assert (nobody.state, nobody.why) == (
        UNCERTAIN,
        "No service was asked, and this machine knows nothing of it.",
    )


def test_a_name_without_suffix_is_a_stem() -> None:
    hit = candidate("a/b", "mistglow.safetensors")
    assert case(want("mistglow", "loras"), hit).verdict().state == UNCERTAIN
    assert case(want("mistglow", "loras", stem=True), hit).verdict().best == hit


def test_the_likeliest_is_shown_first_and_each_content_once() -> None:
    other = [candidate(f"someone{n}/copy", "lumenpeak_v2.safetensors", "b", downloads=9000) for n in range(3)]
    near = candidate("a/c", "lumenpeak_v1.safetensors", "c")
    claimed = candidate("zz/own", "lumenpeak_v2.safetensors", "a")
    found = case(want(), *other, near, claimed, claimed={claimed.id: "templates"}).verdict()
    shown = [one.candidate for one in found.candidates]
    assert shown == [claimed, other[0], near]
    assert "ComfyUI's templates name it for this file" in found.candidates[0].fits


def test_another_build_is_called_so() -> None:
    found = case(want("lumenpeak_fp8_e4m3fn.safetensors"), candidate("a/b", "lumenpeak_fp16.safetensors")).verdict()
    assert found.candidates[0].against[0] == "It is another build: fp16 instead of e4m3fn fp8"


def test_room_on_the_disk_is_part_of_a_candidate() -> None:
    (little,) = case(want(), HERE, free={"checkpoints": 10}).verdict().candidates
    assert "It does not fit the disk: 1 kB of 10 bytes free on that disk" in little.against


def test_flags_and_pickles_are_said() -> None:
    hit = candidate("a/b", "lumenpeak_v2.ckpt", flags=("poi", "minor"))
    (one,) = case(want("lumenpeak_v2.ckpt"), hit).verdict().candidates
    assert "It is a pickle file, which can run code when it is loaded" in one.against
    assert "It shows a real person" in one.against and "Its author marks it as showing a minor" in one.against


CONTENTS = st.sampled_from(["a", "b", None])
NAMES = st.sampled_from(["lumenpeak_v2.safetensors", "lumenpeak_v1.safetensors", "model.safetensors"])


@given(
    st.lists(
        st.tuples(st.sampled_from(["a/b", "c/d", "e/f"]), NAMES, CONTENTS, st.booleans()),
        max_size=6,
        unique_by=lambda one: one[:2],
    ),
    st.sampled_from([None, sha("a"), sha("q")]),
    NAMES,
    st.sets(st.sampled_from(SERVICES), max_size=3),
)
def test_only_the_ladder_resolves(
    found: list[tuple[str, str, str | None, bool]], wanted: str | None, name: str, silent: set[str]
) -> None:
    hits = [candidate(repo, file, content, confirmed=sure) for repo, file, content, sure in found]
    one = case(want(name, sha256=wanted), *hits, silent=dict.fromkeys(silent, "it is down")).verdict()
    if one.state != RESOLVED:
        return
    best = one.candidates[0].candidate
    assert best.confirmed  # type: ignore[union-attr]
    if one.rung == HASH:
        assert best.sha256 == wanted  # type: ignore[union-attr]
    else:
        assert one.rung == EXACT_NAME and not silent and name != "model.safetensors"
        same = {
            hit.sha256
            for hit in {hit.id: hit for hit in hits}.values()
            if hit.file == name and hit.sha256 == best.sha256
        }  # type: ignore[union-attr]
        assert len(same) == 1
