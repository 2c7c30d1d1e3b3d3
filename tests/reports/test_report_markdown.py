from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from comfyfixersmart.core.readiness.types import BLOCKED, Distance, Readiness
from comfyfixersmart.core.reports.markdown import code, index_md, text, workflow_md
from comfyfixersmart.core.reports.slugs import slugs
from comfyfixersmart.core.reports.types import Entry, Library
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from report_samples import HOSTILE, all_fine, empty, every_code, hostile, library, no_installation, showcase

MD = MarkdownIt("commonmark", {"html": True}).enable("table")


def tokens(markdown: str) -> list[tuple[str, str]]:
    """Every block and inline token of the rendered text: type and content or target."""
    found = []
    for block in MD.parse(markdown):
        for token in (block, *(block.children or ())):
            found.append((token.type, token.attrGet("href") or token.attrGet("src") or token.content))
    return [(kind, str(content)) for kind, content in found]


def assert_harmless(markdown: str) -> None:
    markdown.encode()
    assert all(
        c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for c in markdown
        if c not in "\u200c\u200d"
    )
    for kind, content in tokens(markdown):
        assert kind != "image"
        if kind in ("html_block", "html_inline"):
            assert re.fullmatch(r"<!--( comfyfixersmart-report 1 )? ?-->\n?", content), content
        if kind == "link_open":
            assert re.fullmatch(r"[\w%-]+\.md", content), content


@pytest.mark.parametrize("made", [library, empty, all_fine, no_installation, hostile])
def test_nothing_from_a_file_becomes_markup(made: Callable[[], Library]) -> None:
    scan = made()
    slug = slugs(entry.name for entry in scan.entries)
    assert_harmless(index_md(scan, slug))
    for entry in scan.entries:
        assert_harmless(workflow_md(entry))


@pytest.mark.parametrize("evil", HOSTILE)
def test_a_table_keeps_its_columns(evil: str) -> None:
    entry = Entry(evil, Readiness(evil, BLOCKED, (), Distance(1)))
    rows = [
        line for line in index_md(replace(empty(), entries=(entry,)), {evil: "x"}).splitlines() if line.startswith("|")
    ]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [5, 5, 5]


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("\\`*_{}[]()<>#+-.!|~& \n\t1aw:/x\u202e") | st.characters(), max_size=30))
def test_any_text_stays_text(evil: str) -> None:
    assert_harmless(f"{text(evil)}\n\n- {code(evil)} {text(evil)}\n\n| {text(evil)} | {code(evil)} |\n|---|---|\n")


def test_a_plain_name_is_not_disturbed() -> None:
    assert text("video heron 2.2, take 14") == "video heron 2.2, take 14"
    assert code("heron_2.1_vae.safetensors") == "`heron_2.1_vae.safetensors`"


def test_golden(golden: Callable[[str, str], None]) -> None:
    ready = Readiness(
        "all/every code.json", BLOCKED, every_code(), Distance(2, 12_811_888_827, 0, 2, 3, 4, 1), 60, 7, 1
    )
    every = Entry(ready.workflow, ready)
    scan = replace(
        library(), entries=(every, showcase(), library(0, 1, 0, 0, 0).entries[0]), unused=library().unused[:3]
    )
    slug = slugs(entry.name for entry in scan.entries)
    golden("index.md", index_md(scan, slug))
    golden("empty-index.md", index_md(empty(), {}))
    for entry in scan.entries:
        golden(f"{slug[entry.name]}.md", workflow_md(entry))
