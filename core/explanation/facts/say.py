"""How facts put values into words: numbers as the file has them, names whole, quotes short. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ...workflow.raw import Json

MAX_QUOTE = 60  # characters of a person's own text, for orientation only
MAX_NAME = 500  # characters of a name: no file has more than 255, and a title of more is none
MAX_LISTED = 4  # of a list in a sentence; the rest is counted
_UNITS = ("kB", "MB", "GB", "TB", "PB")
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(value: Json) -> str:
    """A number as people write it: 20.0 becomes "20", 3.50 "3.5"; long tails of floats are cut. "" for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return ""
    whole = round(value)
    if abs(value - whole) < 1e-9 and abs(value) < 1e15:
        return str(whole)
    return f"{value:.6g}"


def value(given: Json) -> str:
    """Any single value in words: numbers as `number`, switches as on and off, texts as they are up to MAX_NAME; "" for lists and objects."""
    if isinstance(given, bool):
        return "on" if given else "off"
    if isinstance(given, str):
        flat = " ".join(given.split())
        return flat if len(flat) <= MAX_NAME else f"{flat[: MAX_NAME - 1]}…"
    return number(given)


def quote(text: str) -> str:
    """The beginning of a text in quotation marks, at most MAX_QUOTE characters of it, on one line."""
    flat = " ".join(text.split())
    if len(flat) > MAX_QUOTE:
        cut = flat[: MAX_QUOTE - 1]
        space = cut.rfind(" ")
        flat = (cut[:space] if space > MAX_QUOTE // 2 else cut).rstrip(" ,;:.") + "…"
    return f"“{flat}”"


def unmarked(text: str) -> str:
    """The text without Markdown's marks for bold and code."""
    return text.replace("**", "").replace("`", "")


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 file", "2 files"; `many` where an s is not enough."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def spelled(count: int, one: str, many: str = "") -> str:
    """ "one picture", "two pictures", "12 pictures": small counts as words."""
    word = WORDS[count] if 0 <= count < len(WORDS) else str(count)
    return f"{word} {one if count == 1 else many or one + 's'}"


def article(noun: str) -> str:
    """ "a picture", "an upscaler": with the article that its first letter wants."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def shortly(parts: Sequence[str], most: int = MAX_LISTED) -> tuple[str, int]:
    """As `listed`, with what is over the limit counted: ("a, b, c and 3 more", 3)."""
    if len(parts) <= most:
        return listed(parts), 0
    more = len(parts) - (most - 1)
    return f"{', '.join(parts[: most - 1])} and {more} more", more


def sentence(text: str) -> str:
    """The text with a capital at its beginning and a full stop at its end. Not for texts that begin with a name."""
    text = text.strip()
    return stop(text[0].upper() + text[1:]) if text else ""


def stop(text: str) -> str:
    """The text with a full stop at its end, where none stands there."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…" or text.endswith(("…”", ".”", "!”", "?”")) else f"{text}."


def size(count: int) -> str:
    """Bytes in decimal units: "6.7 GB", "254 MB", "12 kB". One decimal from a gigabyte on, none below."""
    amount = float(max(count, 0))
    unit, decimals = "bytes", 0
    for unit in _UNITS:
        amount /= 1000
        decimals = 0 if unit in ("kB", "MB") else 1
        if round(amount, decimals) < 1000:
            break
    return f"{amount:.{decimals}f} {unit}"


def seconds(amount: float) -> str:
    """A length of time with one decimal at most: "5 seconds", "1 second", "4.8 seconds"."""
    rounded = round(amount, 1)
    return f"{number(rounded)} second{'' if rounded == 1 else 's'}"


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """Each item once, in the order of first sight."""
    return tuple(dict.fromkeys(items))
