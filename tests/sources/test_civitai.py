"""Civitai: by hash, by link and by name, through a service of our own with the habits of the real one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, Limit, NoAnswer, Timeouts
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker
from comfyfixersmart.core.sources.civitai import Civitai
from comfyfixersmart.core.sources.names import likeness
from comfyfixersmart.core.sources.types import (
    ARCHIVED,
    EARLY,
    LOGIN,
    PAID,
    PICKLE,
    SAFETENSORS,
    TAKEN_DOWN,
    Candidate,
    Query,
)

from .conftest import load as sample

fake = sample("civitai")
HARBOUR = "inkHarborSDXL_v160.safetensors"
CHECKPOINTS = ("checkpoints",)


@pytest.fixture(scope="module")
def domains() -> Iterator[tuple[Any, Any]]:
    """Two services for all tests here: starting and stopping them takes longer than most of these."""
    server = sample("server")
    with server.serving() as first, server.serving() as second:
        yield first, second


def emptied(one: Any) -> Any:
    one._routes.clear()
    one.mend()
    one.forget()
    return one


@pytest.fixture
def replay(domains: tuple[Any, Any]) -> Any:
    return emptied(domains[0])


@pytest.fixture
def other(domains: tuple[Any, Any]) -> Any:
    return emptied(domains[1])


@pytest.fixture
def shop(replay: Any, other: Any) -> Any:
    """The service, on both of its domains."""
    one = fake.Shop()
    one.serve(replay)
    one.serve(other, everybody=True)
    return one


@pytest.fixture
def http(replay: Any, other: Any, clock: Any) -> Iterator[Http]:
    limits = {one.host: Limit(500, 500) for one in (replay, other)}
    client = Http(trusted={replay.host, other.host}, limits=limits, clock=clock)
    yield client
    client.close()


@pytest.fixture
def source(replay: Any, other: Any) -> Civitai:
    return Civitai(replay.address, other.address)


def digest(content: str) -> str:
    return str(fake.sha256(content)).lower()


def one_of(found: list[Candidate]) -> Candidate:
    assert len(found) == 1, [one.id for one in found]
    return found[0]


# ---- by hash --------------------------------------------------------------------------------------------------------


def test_a_hash_leads_to_the_one_file_with_all_that_is_told_of_it(
    source: Civitai, asker: Asker, shop: Any, replay: Any, clock: Any
) -> None:
    one = one_of(source.by_hash(asker, digest(HARBOUR).upper()))
    assert one == Candidate(
        id="civitai:2102/3102",
        source="civitai",
        file=HARBOUR,
        url=f"{replay.address}/api/download/models/2102?fileId=3102",
        page="https://civitai.com/models/1100?modelVersionId=2102",
        repo="INK-harbor-SDXL",
        revision="v16.0",
        author="quillfox",
        size=2048 * 1024 + 512,
        sha256=digest(HARBOUR),
        hashes=one.hashes,
        folder="checkpoints",
        base_model="SDXL 1.0",
        family="sdxl",
        kind="Checkpoint",
        format=SAFETENSORS,
        licence="commercial use allowed, credit required",
        nsfw_level=1,
        downloads=340,
        confirmed=True,
        asked=clock.now(),
    )
    assert set(one.hashes) == {"AutoV2", "AutoV3", "BLAKE3"} and one.hashes["AutoV2"] == digest(HARBOUR)[:10]
    assert [request.path.rpartition("v1/")[2] for request in replay.log] == [
        f"model-versions/by-hash/{digest(HARBOUR)}",
        "models/1100",
        "model-versions/mini/2102",
    ]
    assert not any(step.silent for step in asker.steps) and asker.steps[0].outcome == "1 model with 1 model file"


def test_only_the_file_with_the_hash_counts_of_a_version_with_several(source: Civitai, asker: Asker, shop: Any) -> None:
    one = one_of(source.by_hash(asker, digest("mirror_ae.safetensors")))
    assert (one.id, one.file, one.folder, one.kind) == ("civitai:2401/3403", "mirror_ae.safetensors", "vae", "VAE")


def test_the_hash_of_an_archive_names_no_model_file(source: Civitai, asker: Asker, shop: Any) -> None:
    assert source.by_hash(asker, digest("mirrorLake_v1Fp8.zip")) == []


def test_what_the_index_of_hashes_lacks_a_search_still_finds(
    source: Civitai, asker: Asker, shop: Any, replay: Any
) -> None:
    shop.unindexed.add(fake.sha256(HARBOUR))
    assert one_of(source.by_hash(asker, digest(HARBOUR))).id == "civitai:2102/3102"
    assert replay.asked("/api/v1/models")[0].one("query") == digest(HARBOUR)


def test_what_the_first_domain_does_not_have_the_other_is_asked_for(asker: Asker, replay: Any, other: Any) -> None:
    fake.Shop([]).serve(replay)
    fake.Shop().serve(other)
    one = one_of(Civitai(replay.address, other.address).by_hash(asker, digest(HARBOUR)))
    assert one.url == f"{other.address}/api/download/models/2102?fileId=3102"
    assert other.asked("/api/v1/model-versions/mini/*") and not replay.asked("/api/v1/model-versions/mini/*")


def test_a_hash_nobody_knows_is_asked_for_once(
    source: Civitai, asker: Asker, shop: Any, replay: Any, other: Any
) -> None:
    assert source.by_hash(asker, digest("nobody has it")) == []
    asked = len(replay.log), len(other.log)
    assert asked == (2, 1)  # both domains, then the search
    assert source.by_hash(asker, digest("nobody has it")) == []
    assert (len(replay.log), len(other.log)) == asked
    assert [step.outcome for step in asker.steps] == ["nothing", "nothing"] and asker.steps[1].age == 0


@pytest.mark.parametrize(
    "hash_", ["", "abc", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "g" * 64]
)
def test_what_is_no_hash_of_a_file_is_never_asked_for(
    source: Civitai, asker: Asker, shop: Any, replay: Any, hash_: str
) -> None:
    assert source.by_hash(asker, hash_) == [] and replay.log == []


def test_a_file_that_is_said_to_be_empty_has_no_hash(source: Civitai, asker: Asker, shop: Any) -> None:
    shop.models[0]["modelVersions"][0]["files"][0]["hashes"] = {
        "SHA256": "0xE3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
    }
    one = one_of(source.by_link(asker, "https://civitai.com/api/download/models/2102"))
    assert one.sha256 is None and not one.hashes


# ---- by link --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("https://civitai.com/models/1100?modelVersionId=2101", ["civitai:2101/3101"]),
        ("https://civitai.red/models/1100/ink-harbor-sdxl?modelVersionId=2101", ["civitai:2101/3101"]),
        ("https://civitai.com/api/download/models/2101", ["civitai:2101/3101"]),
        ("https://civitai.com/api/download/models/2101?type=Model&format=SafeTensor", ["civitai:2101/3101"]),
        ("https://civitai.com/api/v1/model-versions/2101", ["civitai:2101/3101"]),
        ("urn:air:sdxl:checkpoint:civitai:1100@2101", ["civitai:2101/3101"]),
        ("urn:air:flux1:checkpoint:civitai:1400@2401+3404.safetensors", ["civitai:2401/3404"]),
        ("https://civitai.com/api/download/models/2401?fileId=3402", ["civitai:2401/3402"]),
        (
            "https://civitai.com/models/1400?modelVersionId=2401",
            [f"civitai:2401/{file}" for file in (3401, 3402, 3403, 3404)],
        ),
        ("https://civitai.com/models/1100", ["civitai:2102/3102"]),
        ("https://civitai.com/models/1800?modelVersionId=2801", []),  # an archive of workflows
        ("https://civitai.com/api/download/models/2101?fileId=999", []),
        ("https://civitai.com/models/77", []),
        ("https://civitai.com/api/download/models/77", []),
        ("https://civitai.com/models/" + "9" * 400, []),
        ("https://civitai.com/models/１２", []),
        ("https://huggingface.co/inkworks/ink/resolve/main/ink.safetensors", []),
        ("https://elsewhere.example/models/1100", []),
    ],
)
def test_an_address_leads_to_its_files(source: Civitai, asker: Asker, shop: Any, url: str, ids: list[str]) -> None:
    assert [one.id for one in source.by_link(asker, url)] == ids


def test_an_address_of_the_configured_base_is_one_of_ours(
    source: Civitai, asker: Asker, shop: Any, replay: Any
) -> None:
    assert one_of(source.by_link(asker, f"{replay.address}/models/1200")).file == "paper-lantern_r8.safetensors"


def test_a_page_without_a_version_gives_the_newest_published_one_and_says_so(
    source: Civitai, asker: Asker, shop: Any
) -> None:
    newest, older = shop.models[0]["modelVersions"]
    shop.models[0]["modelVersions"] = [older, newest]  # authors sort their versions as they like
    assert one_of(source.by_link(asker, "https://civitai.com/models/1100")).revision == "v16.0"
    assert "took the newest one, “v16.0”" in [step.outcome for step in asker.steps]


@pytest.mark.parametrize("code", [500, 502, 503, 524])
def test_a_version_that_does_not_answer_is_read_from_its_model(
    source: Civitai, asker: Asker, shop: Any, replay: Any, code: int
) -> None:
    replay.fault("/api/v1/model-versions/2101", replay.Fault.status(code))
    assert (
        one_of(source.by_link(asker, "https://civitai.com/models/1100?modelVersionId=2101")).id == "civitai:2101/3101"
    )
    with pytest.raises(NoAnswer) as caught:
        source.by_link(asker, "https://civitai.com/api/download/models/2101")
    assert caught.value.code == "server_error"


def test_a_version_is_known_even_when_its_model_does_not_answer(
    source: Civitai, asker: Asker, shop: Any, replay: Any
) -> None:
    replay.fault("/api/v1/models/*", replay.Fault.status(500))
    one = one_of(source.by_link(asker, "https://civitai.com/models/1100?modelVersionId=2101"))
    assert (one.repo, one.author, one.licence) == ("INK-harbor-SDXL", "", "")


def test_a_page_that_says_404_is_not_the_service_that_says_so(
    source: Civitai, asker: Asker, shop: Any, replay: Any, other: Any
) -> None:
    for one in (replay, other):
        one.fault("/api/v1/*", one.Fault.status(404, html=True))
    with pytest.raises(NoAnswer) as caught:
        source.by_link(asker, "https://civitai.com/models/1100")
    assert caught.value.code == "not_json"


def test_mature_models_are_on_the_domain_that_shows_them(source: Civitai, asker: Asker, shop: Any) -> None:
    one = one_of(source.by_link(asker, "https://civitai.com/models/1500"))
    assert one.page == "https://civitai.red/models/1500?modelVersionId=2501"
    assert one.flags == ("nsfw",) and one.nsfw_level == 28


# ---- what stands before a download ----------------------------------------------------------------------------------

SOON, LONG_AGO = "2099-12-01T08:00:00.000Z", "2021-12-01T08:00:00.000Z"


def _set(where: str, **values: Any) -> Callable[[Any], None]:
    def change(shop: Any) -> None:
        model = shop.models[0]
        (model if where == "model" else model["modelVersions"][0]).update(values)

    return change


@pytest.mark.parametrize(
    ("change", "gate", "words"),
    [
        (_set("model"), "", ""),
        (_set("model", mode="Archived"), ARCHIVED, "archived"),
        (_set("model", mode="TakenDown"), TAKEN_DOWN, "took this model down"),
        (_set("version", earlyAccessEndsAt=SOON), EARLY, "until 2099-12-01"),
        (_set("version", earlyAccessEndsAt=LONG_AGO), "", ""),
        (_set("version", paidAccess={"endsAt": SOON}), EARLY, "until 2099-12-01"),
        (_set("version", paidAccess={"endsAt": LONG_AGO}), "", ""),
        (_set("version", availability="EarlyAccess"), EARLY, "for now"),
        (_set("version", paidAccess={"terms": {"download": {"price": 500}}}), PAID, "bought from its author"),
        (_set("version", usageControl="Generation"), PAID, "not downloaded"),
        (_set("version", requireAuth=True), LOGIN, "key"),
    ],
)
def test_each_thing_that_stands_before_a_download_is_told_apart(
    source: Civitai, asker: Asker, shop: Any, change: Callable[[Any], None], gate: str, words: str
) -> None:
    change(shop)
    one = source.by_link(asker, "https://civitai.com/models/1100?modelVersionId=2102")[0]
    assert one.gate == gate and words in one.gate_text
    assert one.file == ("" if gate == ARCHIVED else HARBOUR)  # an archived model's files are not told


def test_a_list_tells_no_deadline_so_it_is_asked_for(source: Civitai, asker: Asker, shop: Any) -> None:
    shop.models[0]["modelVersions"][0].update(availability="EarlyAccess", earlyAccessEndsAt=SOON)
    one = source.by_name(asker, Query(HARBOUR, CHECKPOINTS))[0]
    assert one.gate == EARLY and "until 2099-12-01" in one.gate_text


def test_a_model_that_is_sold_says_so_where_its_version_does_not(source: Civitai, asker: Asker, shop: Any) -> None:
    shop.models[0]["hasActivePaidAccess"] = True
    del shop.models[0]["modelVersions"][0]["paidAccess"]
    assert source.by_link(asker, "https://civitai.com/models/1100")[0].gate == PAID


@pytest.mark.parametrize(
    ("status", "body", "gate"),
    [
        (401, {"error": "Unauthorized", "message": "The creator of this asset requires you to be logged in"}, LOGIN),
        (403, {"error": "Early Access", "deadline": SOON}, EARLY),
        (403, {"error": "You do not have access"}, PAID),
        (404, {"error": "Model file not found"}, ""),
        (410, {"error": "Model archived, not available for download"}, ARCHIVED),
        (429, {"error": "slow down"}, ""),
        (500, {"error": "broken"}, ""),
    ],
)
def test_the_question_before_a_download_may_be_refused_in_each_way(
    source: Civitai, asker: Asker, shop: Any, replay: Any, status: int, body: Any, gate: str
) -> None:
    replay.fault("/api/v1/model-versions/mini/*", replay.Fault.status(status, body=body))
    one = one_of(source.by_hash(asker, digest(HARBOUR)))
    assert one.gate == gate and bool(one.gate_text) == bool(gate)


# ---- what a candidate tells -----------------------------------------------------------------------------------------


def test_flags_scans_format_and_licence_are_the_services_own(source: Civitai, asker: Asker, shop: Any) -> None:
    pickle, plain = source.by_link(asker, "https://civitai.com/models/1900")
    assert pickle.flags == ("poi", "minor", "pickle_warning", "virus_warning") and plain.flags == ("poi", "minor")
    assert (pickle.format, plain.format) == (PICKLE, SAFETENSORS)
    assert plain.licence == "no commercial use, no merges"


def test_a_format_that_name_and_statement_disagree_about_is_the_dangerous_one(
    source: Civitai, asker: Asker, shop: Any
) -> None:
    shop.models[0]["modelVersions"][0]["files"][0]["metadata"]["format"] = "PickleTensor"
    assert source.by_link(asker, "https://civitai.com/models/1100")[0].format == PICKLE


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ({"allowCommercialUse": "Sell"}, "commercial use allowed"),
        ({"allowCommercialUse": "{Image,Rent}"}, "no selling of the model"),
        ({"allowCommercialUse": ["Image"]}, "commercial use of images only"),
        ({"allowCommercialUse": []}, "no commercial use"),
        ({"allowCommercialUse": None}, ""),
        ({"allowDifferentLicense": False}, "commercial use allowed, merges under the same terms"),
    ],
)
def test_a_licence_is_told_in_words(source: Civitai, asker: Asker, shop: Any, allowed: Any, words: str) -> None:
    shop.models[1].update(allowed)
    assert one_of(source.by_link(asker, "https://civitai.com/models/1200")).licence == words


@pytest.mark.parametrize(
    ("kind", "base", "file", "told", "folder"),
    [
        ("Checkpoint", "SDXL 1.0", "a.safetensors", "Model", "checkpoints"),
        ("Checkpoint", "Illustrious", "a.safetensors", "Pruned Model", "checkpoints"),
        ("Checkpoint", "Flux.1 D", "a.safetensors", "Model", ""),  # whole or the middle part alone: nothing tells
        ("Checkpoint", "Flux.1 D", "a_unet.safetensors", "Model", "diffusion_models"),
        ("Checkpoint", "Flux.1 D", "a_checkpoint.safetensors", "Model", "checkpoints"),
        ("Checkpoint", "Flux.1 D", "a.gguf", "Model", "diffusion_models"),
        ("Checkpoint", "Some Later Family", "a.safetensors", "Model", ""),
        ("Checkpoint", "Wan Video 2.2 T2V-A14B", "a.safetensors", "Diffusion Model", "diffusion_models"),
        ("Checkpoint", "Flux.1 D", "a.safetensors", "Text Encoder", "text_encoders"),
        ("LORA", "SDXL 1.0", "a.safetensors", "Model", "loras"),
        ("LoCon", "SDXL 1.0", "a.safetensors", "Model", "loras"),
        ("TextualInversion", "SD 1.5", "a.pt", "Negative", "embeddings"),
        ("VAE", "SD 1.5", "a.pt", "Model", "vae"),
        ("Upscaler", "Other", "a.pth", "Model", "upscale_models"),
        ("Poses", "Other", "a.safetensors", "Model", ""),
    ],
)
def test_the_folder_follows_from_file_and_model_type(
    source: Civitai, asker: Asker, replay: Any, kind: str, base: str, file: str, told: str, folder: str
) -> None:
    version = fake.version(11, "v1", [fake.file(111, file, told)], base)
    fake.Shop([fake.model(1, "Plain", kind, [version])]).serve(replay)
    assert one_of(source.by_link(asker, "https://civitai.com/models/1")).folder == folder


def test_a_recommended_vae_belongs_to_its_own_version(source: Civitai, asker: Asker, shop: Any, replay: Any) -> None:
    shop.models[3]["modelVersions"][0]["files"][2]["modelVersionId"] = 9999
    one = source.by_link(asker, "https://civitai.com/models/1400")[2]
    assert one.id == "civitai:9999/3403" and one.url == f"{replay.address}/api/download/models/9999?fileId=3403"


def test_a_picture_leads_to_what_it_was_made_with(source: Civitai, asker: Asker, shop: Any) -> None:
    found = source.by_link(asker, "https://civitai.com/images/5501")
    assert {one.file for one in found} == {HARBOUR, "paper-lantern_r8.safetensors"}
    assert source.by_link(asker, "https://civitai.com/images/77") == []


# ---- by name --------------------------------------------------------------------------------------------------------


def test_a_name_that_civitai_made_is_found_by_the_words_of_its_model(
    source: Civitai, asker: Asker, shop: Any, replay: Any
) -> None:
    exact, near = source.by_name(asker, Query(HARBOUR, CHECKPOINTS))
    assert exact.id == "civitai:2102/3102" and exact.confirmed and exact.sha256 == digest(HARBOUR)
    assert near.id == "civitai:2101/3101"
    asked = replay.asked("/api/v1/models")
    assert [request.query for request in asked] == [
        {"query": [text], "limit": ["50"], "nsfw": ["true"], "types": ["Checkpoint"]}
        for text in ("ink harbor sdxl", "ink harbor")
    ]


@pytest.mark.parametrize(
    ("name", "folders", "found"),
    [
        ("paper-lantern_r8.safetensors", ("loras",), "civitai:2201/3201"),
        ("PAPER-LANTERN_r8.safetensors", ("loras",), "civitai:2201/3201"),
        ("style/paper-lantern_r8.safetensors", ("loras",), "civitai:2201/3201"),
        ("paper-lantern_r8", ("loras",), "civitai:2201/3201"),  # a LoRA tag
        ("softhands", ("embeddings",), "civitai:2301/3301"),
        ("softhands-neg", ("embeddings",), "civitai:2301/3302"),
        ("night-market.safetensors", ("loras",), "civitai:2501/3501"),  # mature ones are not left out
        ("mirror_ae.safetensors", ("vae",), "civitai:2401/3403"),
        ("pond_ae.safetensors", ("vae",), None),  # no model's name begins so
        ("mirrorLake_v1Fp8.gguf", ("diffusion_models",), "civitai:2401/3402"),
        (HARBOUR, ("my_own_folder",), "civitai:2102/3102"),
        (HARBOUR, (), "civitai:2102/3102"),
        (HARBOUR, ("loras",), None),
    ],
)
def test_names_are_found_as_far_as_the_search_reaches(
    source: Civitai, asker: Asker, shop: Any, name: str, folders: tuple[str, ...], found: str | None
) -> None:
    first = next(iter(source.by_name(asker, Query(name, folders))), None)
    assert (first.id if first else None) == found


def test_where_an_answer_gives_the_uploaded_name_the_one_that_arrives_counts(
    source: Civitai, asker: Asker, shop: Any
) -> None:
    shop.models[0]["modelVersions"][0]["files"][0]["name"] = "final_final_2.safetensors"
    first = source.by_name(asker, Query(HARBOUR, CHECKPOINTS))[0]
    assert (first.id, first.file) == ("civitai:2102/3102", HARBOUR)


def test_near_names_are_few_and_the_nearest_come_first(source: Civitai, asker: Asker, replay: Any) -> None:
    versions = [
        fake.version(100 + at, f"v{at}.0", [fake.file(1000 + at, f"inkHarborSDXL_v{at}0.safetensors")])
        for at in range(30)
    ]
    fake.Shop([fake.model(1, "INK-harbor-SDXL", "Checkpoint", versions)]).serve(replay)
    found = source.by_name(asker, Query("inkHarborSDXL_v291.safetensors", CHECKPOINTS))
    alike = [likeness("inkHarborSDXL_v291.safetensors", one.file) for one in found]
    assert len(found) == 8 and alike == sorted(alike, reverse=True) and found[0].file != found[1].file


def test_a_near_file_of_another_folder_is_not_named(source: Civitai, asker: Asker, shop: Any) -> None:
    found = source.by_name(asker, Query("mirrorLake_v2.safetensors", ("vae",)))
    assert {one.folder for one in found} <= {"vae", ""} and all("_txt" not in one.file for one in found)


def test_the_uploaded_name_of_one_file_does_not_hide_that_another_has_the_name(
    source: Civitai, asker: Asker, shop: Any
) -> None:
    """Files of one version share the name that Civitai would make; the one that really has it is meant."""
    shop.models[0]["modelVersions"][0]["files"].append(fake.file(3103, "inkHarbor_full.safetensors", "Pruned Model"))
    found = source.by_name(asker, Query(HARBOUR, CHECKPOINTS))
    assert [one.file for one in found if one.file == HARBOUR] == [HARBOUR] and found[0].id == "civitai:2102/3102"


def test_two_models_with_a_file_of_one_name_are_both_told(source: Civitai, asker: Asker, shop: Any) -> None:
    twin = fake.version(9002, "v16.0", [fake.file(9003, HARBOUR, content="another")])
    shop.models.append(fake.model(9001, "INK harbor SDXL", "Checkpoint", [twin], "somebody"))
    found = source.by_name(asker, Query(HARBOUR, CHECKPOINTS))
    assert {one.id for one in found[:2]} == {"civitai:2102/3102", "civitai:9002/9003"}
    assert len({one.sha256 for one in found[:2]}) == 2


def test_pages_are_followed_by_their_cursor_also_through_an_empty_one(
    source: Civitai, asker: Asker, replay: Any
) -> None:
    def numbered(at: int, kind: str) -> Any:
        version = fake.version(
            100 + at, "v16.0", [fake.file(1000 + at, HARBOUR if at == 5 else f"other{at}.safetensors")]
        )
        return fake.model(at, "INK-harbor-SDXL", kind, [version])

    fake.Shop([numbered(at, "Checkpoint" if at > 4 else "LORA") for at in range(1, 12)], per_page=4).serve(replay)
    assert source.by_name(asker, Query(HARBOUR, CHECKPOINTS))[0].id == "civitai:105/1005"
    asked = replay.asked("/api/v1/models")
    assert [request.one("cursor") for request in asked] == ["", "4", "8"] * 2
    assert all(request.headers["host"] == replay.host for request in asked)  # the address of the next page is not ours


def test_pages_end(source: Civitai, asker: Asker, replay: Any) -> None:
    fake.Shop([fake.model(at, "INK-harbor-SDXL", "LORA", []) for at in range(1, 60)], per_page=2).serve(replay)
    assert source.by_name(asker, Query(HARBOUR, CHECKPOINTS)) == []
    assert len(replay.asked("/api/v1/models")) == 2 * 3, "three pages at most for each text"
    replay.add("GET", "/api/v1/models", {"items": [], "metadata": {"nextCursor": 7}})
    replay.forget()
    assert source.by_name(asker, Query("tealPier_v1.safetensors", CHECKPOINTS)) == []
    assert len(replay.asked("/api/v1/models")) == 2  # the same cursor again is an end


def test_a_filter_that_the_service_ignores_is_ours_too(source: Civitai, asker: Asker, shop: Any, replay: Any) -> None:
    listed = [{**one, "type": "LORA"} for one in shop.models]
    replay.add("GET", "/api/v1/models", {"items": listed, "metadata": {}})
    assert source.by_name(asker, Query(HARBOUR, CHECKPOINTS)) == []


@pytest.mark.parametrize(
    "name",
    [
        "a portrait of an old woman, oil on canvas, dramatic light from the left, 8k, very detailed, by nobody.safetensors",
        "",
    ],
)
def test_what_is_no_name_of_a_file_is_not_sent(
    source: Civitai, asker: Asker, shop: Any, replay: Any, name: str
) -> None:
    assert source.by_name(asker, Query(name)) == [] and replay.log == []
    assert asker.steps[0].outcome == "this is no name of a file"


def test_what_a_first_search_found_is_told_even_when_the_second_is_not_answered(
    source: Civitai, asker: Asker, shop: Any, replay: Any
) -> None:
    wanted = Query("paper-lantern_big one.safetensors", ("loras",))
    replay.fault("/api/v1/models", lambda request, due: due() if request.one("query") == "paper lantern" else broken())
    broken = lambda: replay.Reply({"error": "broken"}, 500)  # noqa: E731
    with pytest.raises(NoAnswer) as caught:
        source.by_name(asker, wanted)
    assert [one.id for one in caught.value.found] == ["civitai:2201/3201"]  # type: ignore[attr-defined]


def test_names_with_the_same_words_ask_once(source: Civitai, asker: Asker, shop: Any, replay: Any) -> None:
    source.by_name(asker, Query(HARBOUR, CHECKPOINTS))
    source.by_name(asker, Query("inkHarborSDXL_v150.safetensors", CHECKPOINTS))
    assert len(replay.asked("/api/v1/models")) == 2


# ---- how it is asked, and what goes wrong ---------------------------------------------------------------------------


def test_requests_say_who_asks_and_hold_no_key_in_their_address(replay: Any, other: Any, shop: Any, clock: Any) -> None:
    http = Http(trusted={replay.host, other.host}, tokens={replay.host: "Bearer canary-key"}, clock=clock)
    asker, source = Asker(http, Answers(None)), Civitai(replay.address, other.address)
    found = source.by_name(asker, Query(HARBOUR, CHECKPOINTS)) + source.by_hash(asker, digest("unknown"))
    http.close()
    for request in replay.log + other.log:
        assert "canary" not in request.raw and "mozilla" not in request.headers["user-agent"].lower()
        assert request.headers["accept"] == "application/json" and request.method == "GET"
    assert all(request.headers["authorization"] == "Bearer canary-key" for request in replay.log)
    assert other.log and not any("authorization" in request.headers for request in other.log)
    assert "canary" not in repr(found) + repr(asker.steps)


def test_what_is_kept_holds_no_prompt_and_no_description(replay: Any, shop: Any, http: Http, tmp_path: Path) -> None:
    asker = Asker(http, Answers(tmp_path))
    source = Civitai(replay.address, replay.address)
    source.by_name(asker, Query(HARBOUR, CHECKPOINTS))
    source.by_hash(asker, digest(HARBOUR))
    source.by_link(asker, "https://civitai.com/models/1100")
    kept = "".join(file.read_text("utf-8") for file in tmp_path.rglob("*.json"))
    assert "3102" in kept
    assert not any(
        text in kept for text in (fake.PROMPT, "Made for these tests", "image.civitai.com", "Thank you", "downloadUrl")
    )


FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "400": (lambda fault: fault.status(400), "unexpected_status"),
    "401": (lambda fault: fault.status(401), "unexpected_status"),
    "403": (lambda fault: fault.status(403), "unexpected_status"),
    "410": (lambda fault: fault.status(410), "unexpected_status"),
    "429": (lambda fault: fault.status(429, retry_after="7200"), "rate_limited"),
    "500": (lambda fault: fault.status(500), "server_error"),
    "503": (lambda fault: fault.status(503, retry_after="2"), "rate_limited"),
    "524": (lambda fault: fault.status(524, html=True), "server_error"),
    "page": (lambda fault: fault.html, "not_json"),
    "challenge": (lambda fault: fault.challenge, "not_json"),
    "cut": (lambda fault: fault.truncated, "unreachable"),
    "slow": (lambda fault: fault.slow(1.5), "timeout"),
    "deep": (lambda fault: fault.deep(), "bad_json"),
    "huge": (lambda fault: fault.huge(100_000_000, told=True), "too_large"),
    "no numbers": (lambda fault: fault.nan, "unexpected_shape"),
    "list": (lambda fault: fault.text("[]"), "unexpected_shape"),
    "empty": (lambda fault: fault.text(""), "unexpected_shape"),
    "other items": (
        lambda fault: fault.drift(lambda body: {"items": [{"ident": 1}], "metadata": {}}),
        "unexpected_shape",
    ),
    "other key": (lambda fault: fault.drift(lambda body: {"models": body.get("items")}), "unexpected_shape"),
    "renamed files": (lambda fault: fault.drift(lambda body: _renamed(body)), "unexpected_shape"),
}


def _renamed(body: Any) -> Any:
    return json.loads(json.dumps(body).replace('"files"', '"assets"'))


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("way", ["hash", "link", "name"])
def test_what_goes_wrong_is_no_answer_and_never_nothing(
    source: Civitai, asker: Asker, shop: Any, replay: Any, other: Any, clock: Any, name: str, way: str
) -> None:
    fault, code = FAULTS[name]
    hasty = Http(trusted={replay.host, other.host}, clock=clock, timeouts=Timeouts(read=0.2, whole=0.5))
    asker = Asker(hasty, asker.answers) if name == "slow" else asker
    for one in (replay, other):
        one.fault("/api/v1/*", fault(one.Fault))
    with pytest.raises(NoAnswer) as caught:
        if way == "hash":
            source.by_hash(asker, digest(HARBOUR))
        elif way == "link":
            source.by_link(asker, "https://civitai.com/models/1100?modelVersionId=2102")
        else:
            source.by_name(asker, Query(HARBOUR, CHECKPOINTS))
    assert caught.value.code in (code, "unreachable") if name == "cut" else caught.value.code == code
    assert all(step.silent for step in asker.steps) and asker.steps
    replay.mend()
    other.mend()
    if caught.value.until is None:  # nothing of it was kept
        assert source.by_hash(asker, digest(HARBOUR))
    hasty.close()


def test_a_limit_holds_for_both_domains(source: Civitai, asker: Asker, shop: Any, replay: Any, other: Any) -> None:
    replay.fault("*", replay.Fault.status(429, retry_after="3600"))
    with pytest.raises(NoAnswer):
        source.by_hash(asker, digest(HARBOUR))
    assert other.log == []


def test_a_domain_that_cannot_be_reached_leaves_the_other(
    source: Civitai, asker: Asker, shop: Any, replay: Any, other: Any
) -> None:
    replay.fault("*", replay.Fault.reset)
    one = one_of(source.by_link(asker, "https://civitai.com/models/1100?modelVersionId=2102"))
    assert one.url.startswith(other.address)
    with pytest.raises(NoAnswer):  # the other one does not have it, which proves nothing
        source.by_link(asker, "https://civitai.com/models/1500")


# ---- hostile answers ------------------------------------------------------------------------------------------------


def hostile_file(**lies: Any) -> Any:
    return {**fake.file(666, "lie.safetensors"), **lies}


@pytest.mark.parametrize(
    "lies",
    [
        {"downloadUrl": "https://evil.example/steal"},
        {"sizeKB": 1e300},
        {"sizeKB": -5},
        {"sizeKB": True},
        {"sizeKB": "many"},
        {"id": "../../etc"},
        {"id": -1},
        {"id": 1.5},
        {"id": None},
        {"name": "../../escape.safetensors"},
        {"name": "a\\b.safetensors"},
        {"name": "line\nbreak.safetensors"},
        {"name": "\u202egnp.safetensors"},
        {"name": "\ud800.safetensors"},
        {"name": "x" * 5000 + ".safetensors"},
        {"name": ["list"]},
        {"name": "run.exe"},
        {"overrideName": "C:/windows/evil.safetensors"},
        {"hashes": "none"},
        {"hashes": {"SHA256": ["a"], "AutoV2": 5, "BLAKE3": "zz"}},
        {"metadata": 7},
        {"metadata": {"format": {"a": 1}}},
        {"type": {"kind": "Model"}},
        {"pickleScanResult": 5, "virusScanResult": None},
        {"modelVersionId": "x"},
    ],
)
def test_a_lie_changes_nothing_but_its_own_candidate(
    source: Civitai, asker: Asker, shop: Any, replay: Any, lies: Any
) -> None:
    shop.models[0]["modelVersions"][0]["files"].insert(0, hostile_file(**lies))
    found = source.by_name(asker, Query(HARBOUR, CHECKPOINTS))
    assert found[0].id == "civitai:2102/3102" and found[0].size == 2048 * 1024 + 512
    for one in found:
        assert one.url.startswith(f"{replay.address}/api/download/models/") and "evil" not in repr(one)
        assert one.size is None or 0 < one.size < 1 << 44
        assert "/" not in one.file and one.file.isprintable() and len(one.file) <= 255


def test_ten_thousand_files_crowd_nobody_out(
    source: Civitai, asker: Asker, shop: Any, http: Http, tmp_path: Path
) -> None:
    many = [hostile_file(id=at) for at in range(1, 10_001)]
    bad = [fake.version(5000 + at, f"v{at}", copy.deepcopy(many[:50])) for at in range(40)]
    flood = [fake.model(50, "INK harbor SDXL flood", "Checkpoint", [fake.version(5, "v", many)])]
    shop.models = [*flood, fake.model(51, "INK harbor SDXL more", "Checkpoint", bad), *shop.models]
    asker = Asker(http, Answers(tmp_path))
    found = source.by_name(asker, Query(HARBOUR, CHECKPOINTS))
    assert found[0].id == "civitai:2102/3102" and len(found) <= 9
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.json")) < 150_000
