"""The search: in which order things are looked at, what saves a question, and what a silent service means."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.http import NoAnswer
from comfyfixersmart.core.resolution.store import Store
from comfyfixersmart.core.resolution.types import AUTHOR_LINK, EXACT_NAME, HASH, NOT_FOUND, RESOLVED, UNCERTAIN
from comfyfixersmart.core.sources.types import Claim

from .samples import FakeSource, candidate, resolver, sha, want

HERE = candidate("maplehurst/lumenpeak", "lumenpeak_v2.safetensors")
LINK = "https://huggingface.co/maplehurst/lumenpeak/resolve/main/lumenpeak_v2.safetensors"
PAGE = "https://civitai.com/models/77?modelVersionId=88"


class FakeClaims:
    """Catalogues on this disk."""

    def __init__(self, *claims: Claim) -> None:
        self.claims = claims

    def of(self, name: str) -> tuple[Claim, ...]:
        return tuple(one for one in self.claims if one.name.lower() == name.lower())

    def near(self, name: str, most: int = 8) -> tuple[Claim, ...]:
        return self.claims[:most]

    def of_hash(self, sha256: str) -> tuple[Claim, ...]:
        return tuple(one for one in self.claims if one.sha256 == sha256)


def services(**given: Any) -> tuple[FakeSource, FakeSource]:
    hugging = FakeSource("huggingface", named=given.pop("named", ()), links=given.pop("links", {}))
    return hugging, FakeSource("civitai", **given)


def test_a_confirmed_link_asks_for_no_name() -> None:
    hugging, civitai = services(links={LINK: [HERE]})
    found = resolver(hugging, civitai).resolve(want(urls=(LINK,)))
    assert (found.state, found.rung) == (RESOLVED, AUTHOR_LINK)
    assert hugging.asked == [f"link {LINK}"] and civitai.asked == []


def test_a_link_that_leads_nowhere_is_followed_by_the_search() -> None:
    hugging, civitai = services(named=[HERE])
    found = resolver(hugging, civitai).resolve(want(urls=(LINK,)))
    assert (found.state, found.rung) == (RESOLVED, EXACT_NAME)
    assert hugging.asked == [f"link {LINK}", "name lumenpeak_v2.safetensors"]


def test_a_page_in_the_notes_counts_for_the_file_of_this_name_on_it() -> None:
    right = candidate("Lumenpeak", "lumenpeak_v2.safetensors", source="civitai")
    other = candidate("Lumenpeak", "lumenpeak_v2_inpaint.safetensors", "b", source="civitai")
    hugging, civitai = services()
    civitai.links[PAGE] = [other, right]
    found = resolver(hugging, civitai).resolve(
        want(notes=("https://huggingface.co/x/y/resolve/main/other.safetensors", PAGE))
    )
    assert (found.state, found.rung, found.best) == (RESOLVED, AUTHOR_LINK, right)
    assert hugging.asked == []


def test_a_link_to_a_model_page_means_no_file_of_another_name() -> None:
    other = candidate("Lumenpeak", "lumenpeak_v3.safetensors", "b", source="civitai")
    hugging, civitai = services()
    civitai.links["https://civitai.com/models/77"] = [other]
    found = resolver(hugging, civitai).resolve(want(urls=("https://civitai.com/models/77",)))
    assert found.state == UNCERTAIN


def test_the_authors_link_may_lead_to_a_file_of_another_name() -> None:
    url = "https://huggingface.co/a/b/resolve/main/weights/model.safetensors"
    file = candidate("a/b", "weights/model.safetensors")
    hugging, civitai = services(links={url: [file]})
    assert resolver(hugging, civitai).resolve(want(urls=(url,))).best == file


def test_a_known_hash_comes_before_any_name() -> None:
    hit = candidate("x", "other_name.safetensors", "z", source="civitai")
    hugging, civitai = services(hashed=[hit])
    found = resolver(hugging, civitai).resolve(want(sha256=sha("z")))
    assert (found.rung, found.best) == (HASH, hit)
    assert not any(one.startswith("name") for one in hugging.asked + civitai.asked)


def test_the_name_of_an_air_is_an_id() -> None:
    air = "urn:air:sdxl:lora:civitai:77@88"
    hit = candidate("x", "mistglow.safetensors", source="civitai")
    hugging, civitai = services()
    civitai.links[air] = [hit]
    found = resolver(hugging, civitai).resolve(want(air, "loras"))
    assert (found.rung, found.best) == (AUTHOR_LINK, hit)


def test_what_the_catalogues_claim_is_confirmed_and_compared_with_all_others() -> None:
    claims: Any = FakeClaims(Claim("lumenpeak_v2.safetensors", LINK, "checkpoints", by="templates", where="a.json"))
    hugging, civitai = services(links={LINK: [HERE]})
    found = resolver(hugging, civitai, claims=claims).resolve(want())
    assert (found.rung, found.best.id) == (EXACT_NAME, HERE.id)  # type: ignore[union-attr]
    assert "name lumenpeak_v2.safetensors" in hugging.asked and "name lumenpeak_v2.safetensors" in civitai.asked
    rival = candidate("rival", "lumenpeak_v2.safetensors", "b", source="civitai")
    hugging, civitai = services(links={LINK: [HERE]})
    civitai.named = [rival]
    found = resolver(hugging, civitai, claims=claims).resolve(want())
    assert found.state == UNCERTAIN and found.candidates[0].candidate.id == HERE.id


def test_offline_the_catalogues_still_answer_and_nothing_is_called_resolved() -> None:
    claims: Any = FakeClaims(Claim("lumenpeak_v2.safetensors", LINK, "checkpoints", by="templates", where="a.json"))
    found = resolver(claims=claims).resolve(want())
    assert found.state == UNCERTAIN and found.candidates[0].candidate.url == LINK
    assert "Let services be asked: they can confirm a file and its hash" in found.settle


def test_a_silent_service_is_named_and_the_name_is_not_settled() -> None:
    hugging, civitai = services(named=[HERE])
    civitai.silent = {"name"}
    found = resolver(hugging, civitai).resolve(want())
    assert (found.state, found.silent) == (UNCERTAIN, (("civitai", "it took longer than 15 seconds"),))


def test_a_text_that_is_no_name_is_sent_to_nobody() -> None:
    hugging, civitai = services()
    text = (
        "a long sentence that a person wrote about a house by the sea in the evening light with many birds.safetensors"
    )
    found = resolver(hugging, civitai).resolve(want(text))
    assert hugging.asked == civitai.asked == []
    assert found.state == UNCERTAIN and "sent to nobody" in found.steps[-1].outcome


def test_only_the_base_name_is_asked_for() -> None:
    hugging, civitai = services()
    found = resolver(hugging, civitai).resolve(want("my private folder\\lumenpeak_v2.safetensors"))
    assert found.state == NOT_FOUND
    assert set(hugging.asked + civitai.asked) == {"name lumenpeak_v2.safetensors"}


def test_an_earlier_answer_for_the_name_is_looked_at_again(tmp_path: Any) -> None:
    store = Store(tmp_path)
    hugging, civitai = services(named=[HERE], links={HERE.url: [HERE]})
    one = resolver(hugging, civitai, store=store)
    store.put(one.resolve(want()), ("huggingface", "civitai"))
    hugging.named = []
    found = resolver(hugging, civitai, store=Store(tmp_path)).resolve(want(family="sdxl"))
    assert (found.state, found.best) == (RESOLVED, HERE)
    assert found.steps[0].source == "earlier"


def test_a_cancelled_search_ends_at_once() -> None:
    hugging, civitai = services()
    one = resolver(hugging, civitai)
    one.asker.http.cancelled = True  # type: ignore[attr-defined]
    with pytest.raises(NoAnswer) as error:
        one.resolve(want())
    assert error.value.code == "cancelled" and hugging.asked == []
