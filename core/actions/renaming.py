"""A file's name within one text of a workflow: the whole text, or said in a prompt. Pure."""

from __future__ import annotations

import re

from ..requirements.references import EMBEDDING_NAME, LORA_TAG_NAME

_UNSAYABLE = re.compile(r"[\s,<>|:]")  # ends the name of an embedding in a prompt


def renamed(text: str, before: str, after: str) -> str | None:
    """`text` with `before` replaced where it is the whole text, an `embedding:` or a `<lora:>` of a prompt; None where it
    names it nowhere, or where a prompt cannot say `after`."""
    if text == before:
        return after
    if before not in text.replace("\\(", "(").replace("\\)", ")"):
        return None
    spans: list[tuple[int, int, str]] = []
    for one in EMBEDDING_NAME.finditer(text) if "embedding:" in text else ():
        said = one[1].rstrip(".")
        if said.replace("\\(", "(").replace("\\)", ")") == before:
            if not after or after.endswith(".") or _UNSAYABLE.search(after):
                return None
            new = after.replace("(", "\\(").replace(")", "\\)")
            spans.append((one.start(1), one.start(1) + len(said), new))
    for one in LORA_TAG_NAME.finditer(text) if "<l" in text else ():
        said = one[1].strip()
        if said == before:
            if after.strip() != after or not after or set(after) & set(":<>\n"):
                return None
            start = one.start(1) + one[1].index(said)
            spans.append((start, start + len(said), after))
    if not spans:
        return None
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text
