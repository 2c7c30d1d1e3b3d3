"""The policy: its file, what a person's settings change, what is refused and what has to be confirmed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from comfyfixersmart.core.actions.content import content, words
from comfyfixersmart.core.actions.policy import Policy
from comfyfixersmart.core.knowledge import FOLDER, document
from comfyfixersmart.core.settings import Values
from comfyfixersmart.core.sources.roster import ROSTER
from comfyfixersmart.core.sources.types import PICKLE, Candidate

from .scene import GB, civitai, hub, pack


def policy(**values: Any) -> Policy:
    return Policy.load(Values(**values))


def codes(candidate: Candidate, **values: Any) -> list[str]:
    judged = policy(**values).judge(candidate)
    assert judged.refused is None, judged.refused
    return [risk.code for risk in judged.risks]


# ---- the file ----------------------------------------------------------------------------------------------


def test_the_file_says_what_it_is_and_repeats_nothing() -> None:
    body = document("policy")
    assert body["schema"] == 1 and re.fullmatch(r"\d{4}-\d\d-\d\d", body["date"]) and body["source"] and body["note"]
    pairs: list[str] = []

    def keep(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        pairs.extend(key for key in set(keys) if keys.count(key) > 1)
        return dict(items)

    json.loads((FOLDER / "policy.json").read_text(encoding="utf-8"), object_pairs_hook=keep)
    lists = [body["hosts"], *(body["words"][name] for name in ("refused", "young", "adult", "harmless"))]
    assert not pairs and all(len(one) == len(set(one)) for one in lists)


def test_the_hosts_are_those_that_can_be_asked() -> None:
    """What a source may answer with can be fetched: one list cannot know a host that the other does not."""
    allowed = policy()
    for host in [entry.host for entry in ROSTER if "." in entry.host and " " not in entry.host]:
        assert host == "api.comfy.org" or allowed.address(f"https://{host}/x") is None, host
    for entry in document("authors")["direct_hosts"]:
        assert allowed.address(f"https://{entry['host']}/x") is None


def test_every_text_can_be_filled_in_and_says_what_to_do() -> None:
    keys = ("source", "author", "licence", "size", "cap", "host", "reason", "evidence", "repo", "said_by")
    given = dict.fromkeys(keys, "x")
    for entry in document("policy")["risks"].values():
        assert entry["text"].format(**given).endswith(".")
        assert entry.get("consent", "").format(**given).endswith(".") or not entry.get("consent")
    for kind, entry in document("policy")["refusals"].items():
        assert entry["why"].format(**given) and entry["hint"].format(**given), kind
    for table in document("policy")["turn_to"].values():
        assert all(address.startswith("https://") for listed in table.values() for address in listed)


# ---- settings ----------------------------------------------------------------------------------------------


def test_what_the_person_set_wins() -> None:
    plain = policy()
    assert (plain.max_bytes, plain.at_once, plain.plan_minutes, plain.approval_minutes) == (100 * GB, 2, 60, 15)
    assert plain.at_once == Values().downloads_at_once, "the file and the setting say the same"
    own = policy(max_file_gb=0.5, downloads_at_once=5, download_hosts=("files.example",), refused_licences=("nc",))
    assert (own.max_bytes, own.at_once) == (GB // 2, 5)
    assert own.hosts[-1] == "files.example" and own.refused_licences == ("nc",)


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://files.example/x", True),
        ("https://a.b.files.example:8443/x", True),
        ("https://files.example.evil.com/x", False),
        ("https://xfiles.example/x", False),
        ("http://files.example/x", False),
        ("https://nas/x", True),
        ("https://evil.nas/x", False),
        ("http://127.0.0.1:9000/x", True),
        ("http://10.0.0.7/x", False),
    ],
)
def test_hosts_of_the_person(url: str, ok: bool) -> None:
    """A name without a dot means itself only; without encryption nothing comes but from this computer."""
    own = policy(download_hosts=("files.example", "nas", "127.0.0.1", "10.0.0.7"))
    assert (own.address(url) is None) == ok


def test_an_endpoint_is_allowed_and_known_as_its_service() -> None:
    own = policy(endpoints={"huggingface": "http://10.0.0.7:8080", "searxng": "http://127.0.0.1:8888"})
    url = "http://10.0.0.7:8080/a/b/resolve/main/x.safetensors"
    assert own.address(url) is None and own.service(url, "manager") == "huggingface"
    assert own.address("http://10.0.0.7:9090/x") is not None
    assert own.address("http://127.0.0.1:8888/x") is not None, "a search is no source of files"


# ---- risks -------------------------------------------------------------------------------------------------


def test_a_plain_file_has_no_risk() -> None:
    assert codes(hub("x.safetensors")) == []


def test_what_has_to_be_confirmed_comes_first() -> None:
    bad = hub("x.pth", format=PICKLE, flags=("nsfw", "virus_warning", "pickle_warning"), licence="cc-by-nc-sa-4.0")
    judged = policy().judge(bad)
    assert [(risk.code, bool(risk.consent)) for risk in judged.risks] == [
        ("pickle", True),
        ("virus_warning", True),
        ("pickle_warning", True),
        ("adult", False),
        ("non_commercial", False),
    ]
    assert "heron-lab" in judged.risks[0].consent and "Hugging Face's virus scan" in judged.risks[1].text


@pytest.mark.parametrize(
    ("licence", "code"),
    [
        *(("cc-by-nc-4.0", "non_commercial"), ("flux-1-dev-non-commercial-license", "non_commercial")),
        *(
            ("no commercial use, credit required", "non_commercial"),
            ("commercial use of images only", "non_commercial"),
        ),
        *(
            ("qwen-research", "non_commercial"),
            ("stabilityai-ai-community", "non_commercial"),
            ("mnpl", "non_commercial"),
        ),
        *(("other", "unclear_licence"), ("Unknown", "unclear_licence"), ("another", "")),
        *(("apache-2.0", ""), ("openrail++", ""), ("commercial use allowed", ""), ("ncsa", ""), ("", "no_licence")),
    ],
)
def test_licences(licence: str, code: str) -> None:
    assert codes(hub("x.safetensors", licence=licence)) == ([code] if code else [])


def test_refused_licences() -> None:
    own = policy(refused_licences=("NC", "Flux 1 Dev non-commercial license", "none"))
    for licence in ("cc-by-nc-4.0", "flux-1-dev-non-commercial-license", ""):
        refused = own.judge(hub("x.safetensors", licence=licence)).refused
        assert refused is not None and "refused_licences" in refused.hint
    assert own.judge(hub("x.safetensors", licence="apache-2.0")).refused is None
    bare, told = hub("x.safetensors", licence=""), hub("x.safetensors", licence="cc-by-nc-4.0", repo="a/b")
    assert own.judge(bare, [told]).refused.kind == "licence", "a copy tells what it is"  # type: ignore[union-attr]
    vague = hub("x.safetensors", licence="other")
    assert own.judge(vague, [told]).refused.kind == "licence", "“other” tells nothing"  # type: ignore[union-attr]


def test_a_real_person_needs_a_promise_and_tells_where_to_turn() -> None:
    (risk, *_) = policy().judge(civitai("x.safetensors", 41, flags=("poi",))).risks
    assert risk.code == "real_person" and "consent of the person shown" in risk.consent
    assert "sexual" in risk.text and "deceive" in risk.text
    assert risk.help == (
        "https://civitai.com/content/likeness-claim-request",
        "https://civitai.com/models/41?modelVersionId=41",
    )


@pytest.mark.parametrize(("level", "adult"), [(1, False), (2, False), (3, False), (4, True), (5, True), (31, True)])
def test_the_levels_of_civitai(level: int, adult: bool) -> None:
    """A level is a set of bits: 1 and 2 are for everybody, 4 is R."""
    assert ("adult" in codes(civitai("x.safetensors", 41, nsfw_level=level))) == adult


def test_marks_of_any_copy_count() -> None:
    clean, marked = hub("x.safetensors"), civitai("x.safetensors", 41, flags=("minor", "nsfw"))
    assert policy().judge(clean).refused is None
    assert policy().judge(clean, [marked]).refused is not None


# ---- minors ------------------------------------------------------------------------------------------------


def refused(candidate: Candidate, name: str = "") -> bool:
    judged = policy(pickle="ask").judge(candidate, name=name)
    return judged.refused is not None and judged.refused.kind == "minors"


def test_a_minor_is_told_and_a_sexualised_one_refused() -> None:
    assert codes(civitai("x.safetensors", 41, flags=("minor",))) == ["minor"]
    for more in (
        {"flags": ("minor", "nsfw")},
        {"flags": ("minor",), "nsfw_level": 4},
        {"flags": ("minor",), "repo": "Nude art"},
    ):
        judged = policy().judge(civitai("x.safetensors", 41, **more))
        assert judged.refused is not None and judged.refused.kind == "minors" and not judged.risks
        assert judged.refused.help[0].startswith("https://www.inhope.org/") and "models/41" not in repr(
            judged.refused.help
        )


@pytest.mark.parametrize(
    "name",
    [
        *("lolicon_v3.safetensors", "LoliconStyle.safetensors", "shotacon-xl.safetensors", "some_LOLICON.safetensors"),
        *(
            "anime lolicon 2.safetensors",
            "ロリコン風.safetensors",
            "儿童色情.safetensors",
            "ｌｏｌｉｃｏｎ.safetensors",
        ),
    ],
)
def test_words_that_are_enough_alone(name: str) -> None:
    assert refused(hub(name)) and refused(hub("x.safetensors"), name=name)
    assert refused(hub("x.safetensors", path=f"{name.partition('.')[0]}/x.safetensors"))


@pytest.mark.parametrize(
    "name",
    [
        *("cute_loli.safetensors", "loli2-xl.safetensors", "shota-mix.safetensors", "little-girl.safetensors"),
        *(
            "LittleGirl.safetensors",
            "schoolgirl_v1.safetensors",
            "teen.safetensors",
            "12yo.safetensors",
            "萝莉风格.safetensors",
        ),
        *("girl 14 years old.safetensors", "Kids_drawing.safetensors", "可爱幼女.safetensors", "ロリ_v1.safetensors"),
    ],
)
def test_words_of_youth_are_refused_with_a_mark_of_adult_content_only(name: str) -> None:
    assert not refused(hub(name)), "no adult content"
    assert refused(hub(name, flags=("nsfw",))) and refused(hub(name, nsfw_level=8))
    assert refused(hub(name, repo="heron-lab/nsfw-models")) and refused(hub(name, path=f"hentai/{name}"))


@pytest.mark.parametrize(
    "name",
    [
        *("lolita-fashion-dress.safetensors", "Gothic_Lolita_v2.safetensors", "sweetLolita.safetensors"),
        *("Lolipop.safetensors", "lollipop_xl.safetensors", "lolirock.safetensors", "kidney.safetensors"),
        *(
            "childish-gambino.safetensors",
            "Essex_Sussex.safetensors",
            "Middlesex.safetensors",
            "brainchild.safetensors",
        ),
        *("no_children.safetensors", "flux1-dev.safetensors", "minority-report.safetensors", "Canteen.safetensors"),
        *("shotadd.safetensors", "wan2.2_i2v_14B.safetensors", "120yo_oak.safetensors", "kid_icarus.safetensors"),
        *(
            "フロリダ.safetensors",
            "ロリータ.safetensors",
            "Pedometer.safetensors",
            "torpedo.safetensors",
            "epoch-14.safetensors",
        ),
    ],
)
def test_other_names_are_not(name: str) -> None:
    assert not refused(hub(name, flags=("nsfw",))), name
    assert not refused(hub(name))


def test_adult_content_of_adults_is_told_and_not_refused() -> None:
    assert codes(hub("nude_photography.safetensors", flags=("nsfw",))) == ["adult"]
    assert not refused(hub("hentai_style_xl.safetensors", nsfw_level=31))


def test_no_setting_opens_it() -> None:
    every = {"refused_licences": (), "pickle": "ask", "download_hosts": ("civitai.com",), "max_file_gb": 1000.0}
    judged = policy(**every).judge(hub("lolicon.safetensors"))
    assert judged.refused is not None and "no setting" in judged.refused.hint


def test_a_name_of_any_kind_is_read() -> None:
    """Whatever a file is called, an answer comes and none is refused by chance."""
    for name in ("", "\ud800", "a" * 5000, "💙", "\0", "((((", "[ロリ", " ", "_-_", "ſex"):
        assert words((name,)).refused is False
        content((replace(hub("x.safetensors"), file=name),), "Civitai", name)


# ---- packs -------------------------------------------------------------------------------------------------


def test_packs_run_code() -> None:
    judged = policy().judge_pack(pack())
    assert judged.refused is None and [risk.code for risk in judged.risks] == ["runs_code"]
    assert policy().judge_pack(pack(status="Flagged")).refused is not None
