"""Hugging Face as a source, against a small Hub of our own (tests/replay/huggingface.py)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, NoAnswer
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.huggingface import HuggingFace
from comfyfixersmart.core.sources.huggingface.source import MOST_CONFIRMED
from comfyfixersmart.core.sources.types import GATED, TAKEN_DOWN, Candidate, Query

from .conftest import load

hub_module = load("huggingface")
weights, small = hub_module.weights, hub_module.small
PATHS, TREES = "/api/models/{repo...}/paths-info/{revision}", "/api/models/{repo...}/tree/{revision}"
AUTHORS = hub_module.AUTHORS


@pytest.fixture
def hub(replay: Any) -> Any:
    one = hub_module.sample()
    one.serve(replay)
    return one


@pytest.fixture
def source(replay: Any) -> HuggingFace:
    return HuggingFace(replay.address, AUTHORS)


def by_name(source: HuggingFace, asker: Asker, name: str, **known: Any) -> list[Candidate]:
    return source.by_name(asker, Query(name, **known))


def exact(found: list[Candidate], name: str) -> list[Candidate]:
    return [one for one in found if one.file.lower() == name.lower()]


# ---- by name ---------------------------------------------------------------------------------------------------


def test_a_file_is_found_with_all_that_the_hub_says_of_it(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    found = exact(by_name(source, asker, "inkwash_xl_v2.safetensors"), "inkwash_xl_v2.safetensors")
    assert [one.repo for one in found] == ["brushworks/inkwash-xl", "somebody/inkwash-mirror"]
    first, sha = found[0], hub.repos["brushworks/inkwash-xl"]["sha"]
    assert first.id == "huggingface:brushworks/inkwash-xl@inkwash_xl_v2.safetensors"
    assert first.url == f"{replay.address}/brushworks/inkwash-xl/resolve/{sha}/inkwash_xl_v2.safetensors"
    assert first.page == f"{replay.address}/brushworks/inkwash-xl/blob/main/inkwash_xl_v2.safetensors"
    assert (first.sha256, first.size) == (weights("ink 2").sha256, 6_900_000_000)
    assert (first.revision, first.author, first.licence) == (sha, "brushworks", "openrail++")
    assert (first.base_model, first.family, first.format) == ("brushworks/inkwash-base", "sdxl", "safetensors")
    assert (first.gate, first.flags, first.downloads, first.confirmed) == ("", (), 100, True)
    assert not replay.unknown


def test_the_case_of_a_name_does_not_matter(hub: Any, source: Any, asker: Asker) -> None:
    assert exact(by_name(source, asker, "InkWash_XL_v2.SafeTensors"), "inkwash_xl_v2.safetensors")


def test_a_name_without_suffix_is_compared_with_stems(hub: Any, source: Any, asker: Asker) -> None:
    found = by_name(source, asker, "glow_lora_fp16")
    assert [one.path for one in found if one.confirmed] == ["split_files/loras/glow_lora_fp16.safetensors"]
    assert found[0].folder == "loras"


def test_a_repository_that_no_curated_author_has_is_found_by_its_name(hub: Any, source: Any, asker: Asker) -> None:
    found = exact(by_name(source, asker, "tidepool.ckpt"), "tidepool.ckpt")
    assert [(one.repo, one.format, one.folder) for one in found] == [
        ("stranger/tidepool-1b", "pickle", "diffusion_models")
    ]


def test_a_file_whose_repository_is_named_otherwise_is_not_found_for_there_is_no_such_search(
    hub: Any, source: Any, asker: Asker
) -> None:
    hub.repo("stranger/collection", {"moonrise.safetensors": weights("moon")})
    assert not exact(by_name(source, asker, "moonrise.safetensors"), "moonrise.safetensors")


def test_near_names_are_told_unconfirmed(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    found = by_name(source, asker, "inkwash_xl_v3.safetensors")
    assert found and not any(one.confirmed or one.sha256 or one.size for one in found)
    assert found[0].file == "inkwash_xl_v2.safetensors" and found[0].author == "brushworks"
    assert not replay.asked(PATHS)


def test_narrower_queries_are_asked_where_the_widest_was_cut_short(
    hub: Any, source: Any, asker: Asker, replay: Any
) -> None:
    hub.page_size = 1
    by_name(source, asker, "inkwash_xl_v2.safetensors")
    asked = [one.one("search") for one in replay.asked("/api/models") if one.one("search")]
    assert asked[0] == "inkwash" and {"inkwash_xl", "inkwash-xl"} <= set(asked)


def test_every_step_is_told(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    by_name(source, asker, "inkwash_xl_v2.safetensors")
    asked = [one.one("search") for one in replay.asked("/api/models") if one.one("search")]
    assert asked == ["inkwash"], "its answer was whole, and every narrower one would be a part of it"
    told = [(step.did, step.outcome) for step in asker.steps]
    assert told == [
        ("Looked through the files of 2 authors who publish for ComfyUI", "1 file of this name"),
        ("Asked for repositories named “inkwash”", "2 repositories, 2 files of this name"),
        ("Asked for size and hash of inkwash_xl_v2.safetensors in brushworks/inkwash-xl", "1 file"),
        ("Asked for size and hash of inkwash_xl_v2.safetensors in somebody/inkwash-mirror", "1 file"),
    ]


def test_only_words_of_the_name_are_sent(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    by_name(
        source, asker, "a painting of a fox, oil on canvas, by the sea, warm light, wide shot, masterpiece, 4k, bokeh"
    )
    assert {one.one("author") for one in replay.log} == {"brushworks", "lanternlab"}


def test_a_file_that_git_keeps_itself_has_no_hash(hub: Any, source: Any, asker: Asker) -> None:
    hub.repo("brushworks/tiny", {"tiny_embed.pt": small(2_300)})
    (found,) = exact(by_name(source, asker, "tiny_embed.pt"), "tiny_embed.pt")
    assert (found.size, found.sha256, found.confirmed) == (2_300, None, True)


@pytest.mark.parametrize(("gated", "words"), [("auto", "everyone who accepts"), ("manual", "decides who")])
def test_a_gated_file_keeps_its_hash_to_itself(hub: Any, source: Any, asker: Asker, gated: str, words: str) -> None:
    hub.repo("brushworks/vault", {"vault_model.safetensors": weights("vault", 5)}, gated=gated)
    (found,) = exact(by_name(source, asker, "vault_model.safetensors"), "vault_model.safetensors")
    assert (found.gate, found.sha256, found.size, found.confirmed) == (GATED, None, 5, True)
    assert words in found.gate_text


def test_a_repository_that_tells_its_files_to_nobody_is_gated_too(hub: Any, source: Any, asker: Asker) -> None:
    hub.repo("brushworks/vault", {"vault_model.safetensors": weights("vault", 5)}, gated="manual", closed=True)
    (found,) = exact(by_name(source, asker, "vault_model.safetensors"), "vault_model.safetensors")
    assert (found.gate, found.sha256, found.size, found.confirmed) == (GATED, None, None, True)


def test_a_disabled_repository_is_told(hub: Any, source: Any, asker: Asker) -> None:
    hub.repo("brushworks/gone", {"gone_model.safetensors": weights("gone", 5)}, disabled=True)
    (found,) = exact(by_name(source, asker, "gone_model.safetensors"), "gone_model.safetensors")
    assert found.gate == TAKEN_DOWN


def test_the_scanners_warnings_are_told(hub: Any, source: Any, asker: Asker) -> None:
    bad = {"status": "unsafe", "pickleImportScan": {"status": "unsafe"}, "avScan": {"status": "safe"}}
    hub.repo("brushworks/odd", {"odd_model.ckpt": weights("odd", 5, bad)})
    (found,) = exact(by_name(source, asker, "odd_model.ckpt"), "odd_model.ckpt")
    assert found.flags == ("pickle_warning",)


def test_what_is_not_for_everybody_is_told(hub: Any, source: Any, asker: Asker) -> None:
    """The Hub's own tag; the policy goes by what a source marks."""
    hub.repo("brushworks/after-dark", {"after_dark.safetensors": weights("dark")})
    hub.repos["brushworks/after-dark"]["tags"].append("not-for-all-audiences")
    (found,) = exact(by_name(source, asker, "after_dark.safetensors"), "after_dark.safetensors")
    assert found.flags == ("nsfw",)


def test_very_many_of_one_name_are_all_told_and_few_of_them_asked_for(
    hub: Any, source: Any, asker: Asker, replay: Any
) -> None:
    for number in range(30):
        hub.repo(f"brushworks/set-{number}", {"model.safetensors": weights(f"set {number}")}, downloads=number)
    hub.repo("brushworks/set-loras", {"loras/model.safetensors": weights("loras")}, downloads=0)
    found = exact(by_name(source, asker, "model.safetensors", folders=("loras",)), "model.safetensors")
    assert len(found) == 31 and [one.confirmed for one in found].count(True) == MOST_CONFIRMED
    assert len(replay.asked(PATHS)) == MOST_CONFIRMED
    assert found[0].repo == "brushworks/set-loras" and found[1].repo == "brushworks/set-29"
    assert any(step.did == "Left 11 more files of this name unchecked" for step in asker.steps)


def test_pages_are_followed_by_the_link_header_but_never_to_where_it_leads(
    hub: Any, source: Any, asker: Asker, replay: Any
) -> None:
    hub.page_size, hub.link_host = 2, "https://elsewhere.example"
    for number in range(4):
        hub.repo(f"brushworks/extra-{number}", {f"extra_{number}.safetensors": weights(f"extra {number}")}, downloads=1)
    assert exact(by_name(source, asker, "extra_3.safetensors"), "extra_3.safetensors")
    pages = [one.one("cursor") for one in replay.asked("/api/models") if one.one("author") == "brushworks"]
    assert pages == ["", "2", "4"]
    assert set(asker.http.counts) == {replay.host}


def test_authors_with_many_repositories_are_narrowed(hub: Any, asker: Asker, replay: Any) -> None:
    authors = [
        {"name": "brushworks", "search": ["inkwash"]},
        {"name": "lanternlab", "repos": ["lanternlab/glow_repackaged", "lanternlab/no-more"]},
    ]
    source = HuggingFace(replay.address, authors)
    assert exact(by_name(source, asker, "glow_lora_fp16.safetensors"), "glow_lora_fp16.safetensors")
    asked = [(one.path, one.one("author"), one.one("search")) for one in replay.log[:3]]
    assert asked == [
        ("/api/models", "brushworks", "inkwash"),
        ("/api/models/lanternlab/glow_repackaged", "", ""),
        ("/api/models/lanternlab/no-more", "", ""),
    ]


def test_a_commit_that_is_no_longer_there_is_asked_for_at_main(
    hub: Any, source: Any, asker: Asker, replay: Any
) -> None:
    by_name(source, asker, "inkwash_none.safetensors")  # the listing is known now
    hub.repos["brushworks/inkwash-xl"]["sha"] = "5" * 40
    found = exact(by_name(source, asker, "inkwash_xl_v2.safetensors"), "inkwash_xl_v2.safetensors")
    assert found[0].revision == "main" and found[0].confirmed
    assert "/resolve/main/" in found[0].url


def test_a_mirror_without_paths_info_is_asked_for_the_tree(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    hub.no_paths, hub.tree_page = True, 2
    found = exact(by_name(source, asker, "inkwash_vae.safetensors"), "inkwash_vae.safetensors")
    assert (found[0].sha256, found[0].folder) == (weights("ink vae").sha256, "vae")
    assert len(replay.asked(TREES)) >= 2


# ---- by link ---------------------------------------------------------------------------------------------------


def test_a_link_is_confirmed_at_its_revision(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    (found,) = source.by_link(
        asker, "https://huggingface.co/brushworks/inkwash-xl/resolve/main/vae/inkwash_vae.safetensors?download=true"
    )
    assert (found.path, found.size, found.confirmed) == ("vae/inkwash_vae.safetensors", 330_000_000, True)
    assert found.url.startswith(f"{replay.address}/brushworks/inkwash-xl/resolve/{found.revision}/vae/")
    assert len(replay.log) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://huggingface.co/brushworks/inkwash-xl/resolve/main/not_there.safetensors",
        "https://huggingface.co/brushworks/no-such/resolve/main/inkwash_xl_v2.safetensors",
        "https://huggingface.co/brushworks/inkwash-xl/resolve/no-branch/inkwash_xl_v2.safetensors",
        "https://huggingface.co/brushworks/inkwash-xl/blob/main/vae",
        "https://huggingface.co/datasets/brushworks/inkwash/resolve/main/a.safetensors",
        "https://huggingface.co/brushworks/inkwash-xl/resolve/main/%00.safetensors",
        "https://civitai.com/models/12",
        "https://example.org/inkwash_xl_v2.safetensors",
        "no address",
    ],
)
def test_what_is_gone_or_not_its_own_has_no_candidates(hub: Any, source: Any, asker: Asker, url: str) -> None:
    assert source.by_link(asker, url) == []


def test_a_renamed_repository_is_followed(hub: Any, source: Any, asker: Asker) -> None:
    hub.rename("oldname/inkwash", "brushworks/inkwash-xl")
    (found,) = source.by_link(asker, "https://huggingface.co/oldname/inkwash/resolve/main/inkwash_xl_v2.safetensors")
    assert found.repo == "brushworks/inkwash-xl" and found.confirmed


def test_another_host_is_not_followed(hub: Any, source: Any, asker: Asker, replay: Any, other: Any) -> None:
    replay.fault("/api/models/brushworks/inkwash-xl", replay.Fault.redirect(f"{other.address}/api/models/a/b", 307))
    with pytest.raises(NoAnswer):
        source.by_link(asker, "https://huggingface.co/brushworks/inkwash-xl/resolve/main/inkwash_xl_v2.safetensors")
    assert other.log == []


def test_a_page_of_a_repository_leads_to_all_its_model_files(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    found = source.by_link(asker, "https://huggingface.co/brushworks/inkwash-xl")
    assert [one.path for one in found] == ["inkwash_xl_v2.safetensors", "vae/inkwash_vae.safetensors"]
    assert all(one.confirmed and one.sha256 for one in found) and len(replay.log) == 2


def test_a_page_with_very_many_files_gives_the_first(hub: Any, source: Any, asker: Asker) -> None:
    hub.repo("brushworks/many", {f"part_{number}.safetensors": weights(str(number)) for number in range(80)})
    assert len(source.by_link(asker, "https://huggingface.co/brushworks/many/tree/main")) == 50
    assert any("80 model files" in step.outcome for step in asker.steps)


def test_a_file_that_was_added_since_the_listing_is_found(hub: Any, source: Any, asker: Asker) -> None:
    page = "https://huggingface.co/brushworks/inkwash-xl/resolve/main/"
    source.by_link(asker, f"{page}inkwash_xl_v2.safetensors")
    repo = hub.repos["brushworks/inkwash-xl"]
    repo["sha"] = "6" * 40
    repo["files"]["inkwash_xl_v3.safetensors"] = weights("ink 3")
    (found,) = source.by_link(asker, f"{page}inkwash_xl_v3.safetensors")
    assert found.revision == "main" and found.sha256 == weights("ink 3").sha256


def test_a_mirror_has_its_own_links(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    (found,) = source.by_link(asker, f"{replay.address}/stranger/tidepool-1b/blob/main/unet/tidepool.ckpt")
    assert found.sha256 == weights("tide").sha256


def test_odd_letters_in_paths_are_encoded(hub: Any, source: Any, asker: Asker, replay: Any) -> None:
    hub.repo("brushworks/odd", {"Größe 100% #1?.safetensors": weights("odd")})
    found = exact(by_name(source, asker, "Größe 100% #1?.safetensors"), "Größe 100% #1?.safetensors")
    assert found[0].url.endswith("/Gr%C3%B6%C3%9Fe%20100%25%20%231%3F.safetensors")
    assert source.by_link(asker, found[0].url)[0].id == found[0].id


def test_it_cannot_be_asked_for_a_hash(source: Any, asker: Asker, replay: Any) -> None:
    assert source.by_hash(asker, "a" * 64) == [] and replay.log == []


# ---- what it costs ---------------------------------------------------------------------------------------------


def test_two_hundred_names_cost_the_index_and_the_distinct_queries_only(
    hub: Any, source: Any, asker: Asker, replay: Any
) -> None:
    names = [f"inkwash_xl_v{number}.safetensors" for number in range(100, 300)]
    for name in names:
        asker.steps.clear()
        by_name(source, asker, name)
    searches = [one.one("search") for one in replay.log if one.one("search")]
    assert searches == ["inkwash"], "the one that all of them share was answered whole"
    assert len(replay.log) == len(AUTHORS) + len(searches)


def test_several_threads_list_the_authors_once(hub: Any, source: Any, http: Http, clock: Any, replay: Any) -> None:
    answers = Answers(None, now=clock.now)
    askers = [Asker(http, answers) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: by_name(source, one, "inkwash_xl_v2.safetensors"), askers))
    assert all(one == found[0] for one in found) and found[0]
    asked = [one.raw for one in replay.log]
    assert len(asked) == len(set(asked)) == len(AUTHORS) + 1 + 2


def test_answers_on_disk_are_not_asked_for_again(hub: Any, http: Http, clock: Any, replay: Any, tmp_path: Any) -> None:
    for _ in range(2):  # two processes
        asker = Asker(http, Answers(tmp_path, now=clock.now))
        found = by_name(HuggingFace(replay.address, AUTHORS), asker, "inkwash_xl_v2.safetensors")
        assert exact(found, "inkwash_xl_v2.safetensors")[0].confirmed
        clock.forward(60)
    assert len(replay.log) == len(AUTHORS) + 1 + 2
    assert asker.steps[0].age == 60


def test_the_index_is_looked_at_again_after_two_days(hub: Any, source: Any, asker: Asker, clock: Any) -> None:
    by_name(source, asker, "sunrise.safetensors")
    hub.repo("lanternlab/dawn", {"sunrise.safetensors": weights("sun")})
    assert not exact(by_name(source, asker, "sunrise.safetensors"), "sunrise.safetensors")
    clock.forward(2 * 86_400 + 1)
    assert exact(by_name(source, asker, "sunrise.safetensors"), "sunrise.safetensors")


def test_a_listing_that_is_too_large_is_asked_for_in_smaller_pieces(
    hub: Any, source: Any, asker: Asker, replay: Any
) -> None:
    replay.fault("/api/models", replay.Fault.huge(40 << 20), times=1)
    assert exact(by_name(source, asker, "inkwash_xl_v2.safetensors"), "inkwash_xl_v2.safetensors")
    assert [one.one("limit") for one in replay.log[:2]] == ["100", "20"]


# ---- the list of authors ---------------------------------------------------------------------------------------


def test_the_list_of_authors_is_sound() -> None:
    body = document("authors")
    names = [one["name"].lower() for one in body["authors"]]
    assert len(names) == len(set(names)) and 40 <= len(names) <= 80
    assert {"date", "source", "note"} <= body.keys()
    for one in body["authors"]:
        assert one["why"] and one.keys() <= {"name", "why", "pages", "search", "repos"}
        assert all(repo.startswith(f"{one['name']}/") for repo in one.get("repos", ()))
    costs = sum(len(one.get("repos", one.get("search", ["all"]))) for one in body["authors"])
    assert costs <= 80
