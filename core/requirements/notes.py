"""What the notes of a workflow point to: the addresses of model files that its author wrote down. Pure."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import unquote

from ..knowledge import document
from ..workflow.raw import Json
from ..workflow.types import PASSING, PRIMITIVES, Workflow
from .references import strings

MOST_LINKS = 200  # of one workflow
MOST_TEXT = 200_000  # characters of one text that are looked at
MOST_TEXTS = 2000  # of one workflow
LONGEST = 2000  # characters of an address

# What ends an address in a text: blanks, quotes, brackets, and the punctuation of Chinese and Japanese texts.
_ADDRESS = re.compile(
    r"https?://[^\s<>\"'`\\^{}|\[\]\u2018-\u201f\u2026\u3001-\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]+", re.I
)
_TRAILING = ".,;:!?*_~"
_HOSTS = ("huggingface", "hf.co", "hf-mirror", "civitai", "modelscope", "github.com")
# What names a file there. Keys and tokens, which people paste along, are not among them.
_TELLING = frozenset({"modelversionid", "fileid", "type", "format", "size", "fp", "quanttype", "filepath", "revision"})
_SECRET = re.compile(r"token|key|auth|secret|passw|credential|session|jwt|sig(?:nature)?$|policy", re.I)


def note_links(workflow: Workflow) -> tuple[str, ...]:
    """The addresses on hosts of models in the notes of a workflow, in order, each once, at most MOST_LINKS.

    Muted notes count too: a note is never sent to the server. Keys and tokens in an address are left out.
    """
    found: dict[str, None] = {}
    seen: set[int] = set()  # every instance of a subgraph shows the notes of its definition
    texts = 0
    types = note_types()
    for node in workflow.nodes:
        if node.class_type not in types or id(node.raw) in seen:
            continue
        seen.add(id(node.raw))
        for text in note_texts(node.raw):
            texts += 1
            for raw in _ADDRESS.findall(text[:MOST_TEXT]):
                if one := _on_host(raw):
                    found[one] = None
            if len(found) >= MOST_LINKS or texts >= MOST_TEXTS:
                return tuple(found)[:MOST_LINKS]
    return tuple(found)


@lru_cache(4096)  # workflows of one author link to the same pages
def _on_host(raw: str) -> str:
    """The address as it is kept; "" where it is not on a host of models."""
    if not any(word in raw.lower() for word in _HOSTS):
        return ""
    one = without_secrets(_cut(raw))
    return one if one and on_model_host(one) else ""


@cache
def note_types() -> frozenset[str]:
    """Node types that only hold or show a text: what the browser keeps to itself without handing a value on, and
    displays."""
    kept = frozenset(document("virtual_types")["types"]) - PASSING - PRIMITIVES
    return kept | frozenset(document("references")["display"])


def note_texts(raw: dict[str, Json]) -> list[str]:
    """The texts of a note as the file has it that may hold an address: its widgets, its title, its own property."""
    properties = raw.get("properties")
    own = properties.get("text") if isinstance(properties, dict) else None
    texts = strings(raw.get("widgets_values"))[:MOST_TEXTS]
    return [text for text in (*texts, own, raw.get("title")) if isinstance(text, str) and "://" in text]


def addresses(text: str) -> list[str]:
    """The http(s) addresses in a text, plain or in Markdown, without keys and tokens."""
    found = (without_secrets(_cut(one)) for one in _ADDRESS.findall(text[:MOST_TEXT]))
    return [one for one in found if one]


def on_model_host(address: str) -> bool:
    """Whether the host of an address is one where models are kept."""
    return any(word in _host(address) for word in _HOSTS)


def without_secrets(address: str) -> str:
    """An address with only what names the file: no fragment, no key, no token. "" where it holds a password, or is none."""
    plain = address.partition("#")[0]
    if len(plain) > LONGEST or not plain.isprintable() or "@" in _host(plain) or not _host(plain):
        return ""
    head, asked, query = plain.partition("?")
    if not asked:
        return plain
    known = on_model_host(plain)
    kept = [part for part in query.split("&") if part and _kept(unquote(part.partition("=")[0]), known)]
    return f"{head}?{'&'.join(kept)}" if kept else head


def _kept(name: str, known: bool) -> bool:
    return name.lower() in _TELLING if known else not _SECRET.search(name)


def _host(address: str) -> str:
    """With the part before an "@", if any: "user:password@host:port"."""
    rest = address.partition("://")[2]
    return re.split(r"[/?#]", rest, maxsplit=1)[0].lower()


def _cut(address: str) -> str:
    """Without the ")" that ends a Markdown link and what follows it, and without the full stop of a sentence."""
    depth = 0
    for one in re.finditer(r"[()]", address) if ")" in address else ():
        depth += 1 if one[0] == "(" else -1
        if depth < 0:
            address = address[: one.start()]
            break
    return address.rstrip(_TRAILING)
