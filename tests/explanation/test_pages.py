"""The two pages and their Markdown: they arrange facts, cite them, and take nothing out of names."""

from __future__ import annotations

import re
from typing import Any

import pytest
from comfyfixersmart.core.explanation.pages.markdown import coded, escaped, markdown
from comfyfixersmart.core.explanation.types import Explanation, Fact, Page, Row, Section
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from .telling import flux, from_picture, node, picture, told, video, with_lora


def page(explanation: Explanation, reader: str) -> Page:
    return next(one for one in explanation.pages if one.reader == reader)


def section(explanation: Explanation, key: str, reader: str = "newcomer") -> tuple[Row, ...]:
    return next((one.rows for one in page(explanation, reader).sections if one.key == key), ())


def test_a_newcomer_reads_what_it_does_before_how() -> None:
    found = page(told(flux()), "newcomer")
    assert found.line == "Picture from a sentence · FLUX.1 [dev]"
    assert [one.key for one in found.sections][:3] == ["how", "models", "tune"]
    lead = " ".join(row.text for row in found.lead)
    assert lead.startswith(
        "Takes a sentence and gives a new picture of what it says. Out comes a picture of 1024 × 1024"
    )
    assert 2 <= len(found.lead) <= 5


def test_the_steps_tell_the_way_in_the_order_of_the_data() -> None:
    rows = section(told(from_picture()), "how")
    assert [row.title for row in rows][:2] == ["Your picture", "Picture to latent"]
    assert rows[-1].title == "Decode and save" and "pier" in rows[-1].text
    assert all(row.nodes and row.facts for row in rows)


def test_an_expert_reads_one_line_per_pass_with_all_parameters() -> None:
    graph = with_lora(flux(steps=20), "flux_mist.safetensors", 0.75)
    rows = section(told(graph), "passes", "expert")
    assert len(rows) == 1
    for part in ("20 steps", "euler", "normal", "cfg 1", "guidance 3.5", "seed 11", "on flux1-dev.safetensors",
                 "LoRA flux_mist.safetensors at 0.75"):  # fmt: skip
        assert part in rows[0].text
    models = section(told(graph), "models", "expert")
    assert models[0].text == "diffusion model, FLUX.1 [dev], fp8_e4m3fn"


def test_risks_come_with_what_would_settle_them() -> None:
    found = told(picture(cfg=22.0))
    assert section(found, "mind")[0].text.startswith("cfg is 22")
    assert section(found, "improve")[0].text == "Lower cfg towards 5 to 8."


def test_costs_and_foreign_facts_have_their_place() -> None:
    extra = [
        Fact("cost.memory", "cost", "Fits: 8.1 to 9.0 GB.", measured=("8.1 to 9.0 GB",), source="the memory estimate",
             brief=("Fits", "8.1 to 9.0 GB", "Fits: 8.1 to 9.0 GB.")),
        Fact("practice.own", "practice", "A note of another part.", source="the house"),
    ]  # fmt: skip
    found = told(picture(), extra=extra)
    assert section(found, "fit")[0].side == "8.1 to 9.0 GB"
    assert section(found, "mind")[0].text == "A note of another part."


def test_markdown_has_title_line_steps_and_links_to_nodes() -> None:
    text = told(flux(), "my_pier").markdown["newcomer"]
    assert text.startswith("# my\\_pier\n\n**Picture from a sentence")
    assert re.search(r"^1\. \*\*.+\*\*: .+ \[\d+\]\(#node-\d+\)$", text, re.M)
    assert "| `t5xxl_fp16.safetensors` |" in text and "[9](#node-9)" in text


@pytest.mark.parametrize("name", ["a|b`c``d.safetensors", "x" * 300 + ".safetensors", "[x](y)_*.safetensors"])
def test_names_are_whole_and_do_no_harm(name: str) -> None:
    graph = picture(name)
    found = told(graph)
    assert found.pages[0].sections[1].rows[0].title == name
    for line in found.markdown["newcomer"].splitlines():
        if line.startswith("|") and "safetensors" in line:
            assert line.count(" | ") == 2, line
    assert "](y)" not in found.markdown["newcomer"].replace("`[x](y)_*.safetensors`", "").replace("\\]", "")


@given(st.text(max_size=60))
def test_no_text_breaks_out_of_markdown(text: str) -> None:
    safe = escaped(text)
    assert "\n" not in safe
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>|#]", safe)
    assert "\n" not in coded(text) and "|" not in coded(text)


EVIL = (
    "](javascript:alert(1))", "<img src=x onerror=alert(1)>", "`a` ``b``", "one\r\n\r\n# two", "![x](http://mist.example/x.png)",
    "<!--", "&lt;b&gt;", "1. pier", "- pier", "+ pier", "---", "~~~", "| a | b |", "\\", "\\](#x)", "[a]: http://mist.example",
    "https://mist.example www.mist.example a@mist.example", "\u202epier\u202c", "\x00\x07", "\ud800", "=" * 9, "<http://mist.example>",
)  # fmt: skip
lines = st.lists(st.sampled_from(EVIL) | st.text(max_size=6), max_size=3).map("".join)
pieces = st.builds(
    Row, lines, lines, lines, st.lists(lines, max_size=2).map(tuple), st.just(()), st.sampled_from(["", "LIC001"])
)
sheets = st.builds(
    Page, st.just("newcomer"), lines, st.lists(pieces, max_size=2).map(tuple),
    st.lists(
        st.builds(Section, st.sampled_from(["how", "models", "tune", "mind"]), st.just("Pier"), st.lists(pieces, min_size=1, max_size=3).map(tuple)),
        max_size=3,
    ).map(tuple),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(lines, sheets)
def test_a_reader_of_markdown_finds_our_links_and_nothing_of_the_texts_own(name: str, sheet: Page) -> None:
    text = markdown(name, sheet)
    text.encode()
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inner = [part for token in tokens for part in token.children or ()]
    assert {part.type for part in inner} <= {
        "text",
        "strong_open",
        "strong_close",
        "link_open",
        "link_close",
        "code_inline",
    }
    assert all(str(part.attrs["href"]).startswith("#node-") for part in inner if part.type == "link_open")
    links = sum(part.type == "link_open" for part in inner)
    assert links == sum(len(row.nodes) for section in sheet.sections for row in section.rows)
    blocks = [token.type for token in tokens]
    assert not {"html_block", "fence", "code_block", "hr", "blockquote_open"} & {*blocks}
    assert blocks.count("heading_open") == 1 + len(sheet.sections)
    assert max((token.level for token in tokens if token.type.endswith("list_open")), default=0) == 0
    tables = [section for section in sheet.sections if section.key in ("models", "tune")]
    assert blocks.count("tr_open") == sum(1 + len(section.rows) for section in tables)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\ud800-\udfff]", text)


def test_no_name_makes_a_page_endless() -> None:
    graph = picture("x" * 10_000 + ".safetensors")
    graph["5"]["_meta"] = {"title": "y" * 10_000}
    assert max(map(len, told(graph).markdown["expert"].splitlines())) < 4_000


def test_a_pass_through_many_models_names_the_first_ones() -> None:
    graph: dict[str, Any] = picture()
    for number in range(100, 140):
        below = ["1", 0] if number == 100 else [str(number - 1), 0]
        graph[str(number)] = node("LoraLoaderModelOnly", lora_name=f"mist_{number}.safetensors", model=below)
    graph["5"]["inputs"]["model"] = ["139", 0]
    assert section(told(graph), "passes", "expert")[0].text.count("LoRA") < 15


def test_json_holds_facts_pages_drawing_and_markdown() -> None:
    body = told(video()).as_json()
    assert set(body) >= {"name", "kinds", "facts", "drawing", "pages", "markdown"}
    assert {"text", "nodes", "source", "url"} <= set(body["facts"][0])


def test_a_huge_graph_gives_bounded_pages() -> None:
    graph: dict[str, Any] = picture()
    for number in range(100, 1100):
        graph[str(number)] = node("LoraLoaderModelOnly", lora_name=f"mist_{number}.safetensors", strength_model=0.5)
    found = told(graph)
    assert all(len(one.rows) <= 60 for sheet in found.pages for one in sheet.sections)
