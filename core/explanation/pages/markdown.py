"""A page as Markdown: what `explain` prints, reports keep and the panel copies. Pure."""

from __future__ import annotations

import re

from ..types import Page, Row, Section

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$]|&(?=#?\w+;)|:(?=//)|(?<=\bwww)\.|@(?=\w))")  # signs, entities, bare links
_BULLET = re.compile(r"^(?=[-+=](?:\s|$|[-=]{2}))")  # what would begin a list, or draw a line, within a list
_NUMBERED = re.compile(r"^(\d+)(?=[.)](?:\s|$))")
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)  # control, direction
_BROKEN = re.compile("[\ud800-\udfff]")  # halves of characters, which no file can hold
_TABLES = {"models": ("File", "Size", "What it does"), "tune": ("Setting", "Now", "What it does")}
MOST_TEXT, MOST_ID = 2000, 60  # characters of one text, of a node id as it is shown
_TICKS = re.compile(r"`+")


def markdown(name: str, page: Page) -> str:
    """The whole page. Node ids are links (`#node-192:42`); names of files are never cut."""
    blocks = [f"# {escaped(name)}"]
    if line := _bold(page.line):
        blocks.append(line)
    if page.lead:
        blocks.append(" ".join(escaped(row.text) for row in page.lead))
    for section in page.sections:
        blocks.append(f"## {section.title}\n\n{_section(section)}")
    return "\n\n".join(blocks) + "\n"


def _section(section: Section) -> str:
    if section.key == "how":
        return "\n".join(f"{place}. {_stage(row)}" for place, row in enumerate(section.rows, 1))
    if section.key in _TABLES:
        return _table(section)
    return "\n".join(f"- {_item(row)}" for row in section.rows)


def _stage(row: Row) -> str:
    said = f": {escaped(row.text)}" if row.text else ""
    return f"{_bold(row.title)}{said}{_links(row)}"


def _item(row: Row) -> str:
    head = _bold(row.title)
    side = f" ({escaped(row.side)})" if row.side else ""
    code = f"`{row.code}` " if row.code else ""
    said = escaped(row.text)
    text = f"{head}{side}: {said}" if head and said else f"{head}{side}" if head else said
    return f"{code}{text}{_links(row)}"


def _bold(text: str) -> str:
    shown = escaped(text)
    return f"**{shown}**" if shown else ""  # four stars would draw a line


def _table(section: Section) -> str:
    heads: tuple[str, ...] = _TABLES[section.key]
    sides = any(row.side for row in section.rows)
    heads = heads if sides else (heads[0], heads[2])
    lines = [f"| {' | '.join(heads)} | Node |", f"|{' --- |' * (len(heads) + 1)}"]
    for row in section.rows:
        title = coded(row.title) if section.key == "models" else escaped(row.title)
        cells = [title, *([escaped(row.side)] if sides else []), escaped(row.text), _links(row).strip()]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _links(row: Row) -> str:
    links = ", ".join(f"[{escaped(_cut(node, MOST_ID))}](#node-{_target(node)})" for node in row.nodes)
    return f" {links}" if links else ""


def _target(node: str) -> str:
    plain = _cut(node, MOST_TEXT)
    return re.sub(r"[^0-9A-Za-z:_.-]", lambda found: f"%{ord(found[0]):02X}" if ord(found[0]) < 256 else "", plain)


def escaped(text: str) -> str:
    """The text on one line, with every sign that Markdown would read taken literally; signs that cannot be seen left out."""
    flat = _SPECIAL.sub(r"\\\1", _flat(text))
    return _NUMBERED.sub(r"\1\\", _BULLET.sub(r"\\", flat))


def coded(name: str) -> str:
    """A name in code type, longer fences where it holds ticks itself; a pipe would end the cell of a table."""
    flat = _flat(name).replace("|", "¦")
    longest = max((len(run) for run in _TICKS.findall(flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _flat(text: str) -> str:
    return _cut(" ".join(_UNSEEN.sub("", _BROKEN.sub("\ufffd", " ".join(text.split()))).split()), MOST_TEXT)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
