"""A result table: what was measured, the target, and whether it holds. Shared by the benchmark scripts."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """One line. `ok` is None for what was not run (with the reason in `value`) or has no target."""

    what: str
    value: str
    target: str = ""
    ok: bool | None = None
    details: list[str] = field(default_factory=list)
    over: float = 0.0  # how many times what the target allows, where a busy machine may be forgiven some of it


class Table:
    """Collects rows, prints them, and knows whether a target was missed."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: list[Row] = []

    def add(
        self, what: str, value: str, target: str = "", ok: bool | None = None, details: list[str] | None = None
    ) -> None:
        """One result."""
        self.rows.append(Row(what, value, target, ok, details or []))

    def not_run(self, what: str, why: str) -> None:
        """A part that could not be run: never a pass."""
        self.rows.append(Row(what, f"not run: {why}"))

    def finish(self, as_json: bool) -> int:
        """Print everything; the exit code is 1 when a target was missed."""
        missed = [row for row in self.rows if row.ok is False]
        if as_json:
            body = {"benchmark": self.title, "missed": len(missed), "rows": [asdict(row) for row in self.rows]}
            print(json.dumps(body, indent=1, ensure_ascii=False))
            return 1 if missed else 0
        width = max((len(row.what) for row in self.rows), default=0)
        values = min(max((len(row.value) for row in self.rows), default=0), 44)
        print(self.title)
        for row in self.rows:
            mark = {True: "ok", False: "MISSED", None: "-"}[row.ok]
            print(f"  {row.what:<{width}}  {row.value:<{values}}  {row.target:<14}  {mark}")
            for line in row.details[:60]:
                print(f"      {line}")
        print(f"{len(missed)} of {sum(row.ok is not None for row in self.rows)} targets missed")
        sys.stdout.flush()
        return 1 if missed else 0
