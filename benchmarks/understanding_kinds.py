"""Is the kind of a workflow told right? Official templates, judged by the tags of their own index.

The graph alone is shown to the program. `understanding_tags.json` says which kinds each tag can mean. Rules were
written on the templates whose sha256(name) is even; those that are odd are the judged half.

    python benchmarks/understanding_kinds.py [--verbose]

`--verbose` lists what is not as the tags say, of the half that rules may be written on only.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))
from table import Row

TAGS = Path(__file__).resolve().parent / "understanding_tags.json"
TARGET = 0.95


class Case(NamedTuple):
    """One template: `accepted` kinds, by which tags or category, and what was told."""

    name: str
    judged: bool  # of the half that rules were not written on
    by: str
    accepted: frozenset[str]
    told: tuple[str, ...]
    contradicted: bool = False  # by the index's own list of what goes in

    @property
    def right(self) -> bool:
        """Whether the main kind is one of those accepted."""
        return bool(self.told) and self.told[0] in self.accepted


def rows(verbose: bool = False) -> list[Row]:
    """The two halves, and what is not judged."""
    try:
        import comfyui_workflow_templates_json as package
    except ImportError:
        return [Row("type of workflow", "not run: the package comfyui-workflow-templates-json is not installed")]
    found = list(cases(Path(package.__file__).parent / "templates"))
    judged = [case for case in found if case.accepted]
    plain = [case for case in judged if not case.contradicted]
    table = [
        _row("type right, half the rules were written on", [case for case in judged if not case.judged]),
        _row("type right, the other half", [case for case in judged if case.judged], TARGET),
        _row("the same, where the index agrees with itself", [case for case in plain if case.judged]),
        Row("neither tag nor category tells a kind", f"{len(found) - len(judged)} not judged"),
    ]
    if verbose:
        open_half = [case for case in judged if not case.judged and not case.right]
        table[0].details = [_line(case) for case in open_half]
        table[0].details += [f"confusion: {line}" for line in confusion(open_half)]
    return table


def _row(name: str, found: list[Case], target: float | None = None) -> Row:
    right = sum(case.right for case in found)
    share = right / len(found) if found else 0.0
    ok = share >= target if target is not None else None
    over = (1 - share) / (1 - target) if target is not None else 0.0
    return Row(name, f"{right} of {len(found)} ({share:.1%})", f"≥ {target:.0%}" if target else "", ok, over=over)


def cases(folder: Path) -> Iterator[Case]:
    """Every template of the index that is there."""
    from comfyfixersmart.core.app import App
    from comfyfixersmart.core.explanation.anatomy.build import anatomy
    from comfyfixersmart.core.inventory.known import nothing
    from comfyfixersmart.core.workflow.read import read_bytes

    app = App(nothing("no installation: only the graph is looked at"))
    tags, gives = json.loads(TAGS.read_bytes()), _gives()
    for group in json.loads((folder / "index.json").read_bytes()):
        for entry in group["templates"]:
            path = folder / f"{entry['name']}.json"
            if not path.is_file():
                continue
            (workflow,) = read_bytes(path.read_bytes(), "workflow").workflows
            told = anatomy(workflow, app.requirements(workflow), app.catalogue).kinds
            by, accepted = expected(tags, gives, group, entry)
            yield Case(entry["name"], odd(entry["name"]), by, accepted, told, contradicted(tags, entry))


def odd(name: str) -> bool:
    """Whether a template is of the judged half."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1


def expected(
    tags: dict[str, Any], gives: dict[str, set[str]], group: dict[str, Any], entry: dict[str, Any]
) -> tuple[str, frozenset[str]]:
    """By what a template is judged, and the kinds accepted."""
    own = entry.get("tags") or []
    unknown = [tag for tag in own if tag not in tags["kinds"] and tag not in tags["silent"]]
    if unknown:
        raise ValueError(f"tags without a line in {TAGS.name}: {unknown}")
    telling = [tag for tag in own if tag in tags["kinds"]]
    if telling:
        lists = [tags["kinds"][tag] for tag in telling]
        lists += [line["kinds"] for line in tags["together"] if set(line["tags"]) <= set(telling)]
        return ", ".join(telling), frozenset(kind for some in lists for kind in some)
    medium = tags["categories"].get(group["title"])
    return f"category {group['title']}", frozenset({*gives[medium], *tags["either"][medium]} if medium else ())


def contradicted(tags: dict[str, Any], entry: dict[str, Any]) -> bool:
    """Whether the index lists a picture or video that goes in where its tags speak of text alone, or the other way."""
    if "io" not in entry:
        return False
    given = {one.get("mediaType") for one in entry["io"].get("inputs", ())} & {"image", "video"}
    telling = {tag for tag in entry.get("tags") or () if tag in tags["kinds"]}
    lists = tags["contradicted"]
    return bool(telling) and telling <= set(lists["from_text" if given else "from_media"])


def _gives() -> dict[str, set[str]]:
    from comfyfixersmart.core.knowledge import document

    found: dict[str, set[str]] = {}
    for kind, task in document("tasks")["tasks"].items():
        found.setdefault(task["gives"], set()).add(kind)
    return found


def confusion(wrong: list[Case]) -> list[str]:
    """How often what was told instead of what."""
    pairs = Counter((case.by, case.told[0] if case.told else "nothing") for case in wrong)
    return [f"{count} × {by}: told {told}" for (by, told), count in pairs.most_common()]


def _line(case: Case) -> str:
    return f"{case.name}: told {', '.join(case.told) or 'nothing'}; {case.by}"


def main() -> int:
    """The table alone."""
    from table import Table

    table = Table("type of workflow")
    table.rows = rows("--verbose" in sys.argv)
    return table.finish("--json" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
