"""The panel's English reads as the reports do: both are asked about the same cases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from comfyfixersmart.core.readiness.types import STATUSES, Distance
from comfyfixersmart.core.reports import panel, words
from comfyfixersmart.core.reports.types import Change, Entry

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SIZES = (
    0,
    1,
    2,
    999,
    1000,
    1499,
    12_345,
    999_499,
    999_500,
    253_815_318,
    999_500_000,
    6_735_906_897,
    26_213_568_000,
    10**12,
    10**15,
    10**18,
)
AGES = (
    0,
    1,
    59,
    60,
    61,
    3599,
    3600,
    7199,
    43_199,
    43_200,
    86_400,
    5 * 86_400,
    6.9 * 86_400,
    8 * 86_400,
    200 * 86_400,
    800 * 86_400,
    -5,
    -90_000,
)
COUNTS = (0, 1, 2, 1284)
NAMES = (
    "i2v.json", "video/wan/i2v.json", "a/b/c", "x.JSON", ".json", "a/.json", "two.json#2", "two#x.json", "deep/er/two.json#12",
    "gpj.\u202egnp.exe", "a\x00b\x1b[31m", "tab\there\nand\r", "soft\u00adhyphen", "joined\u200dup", "\U0001f469\u200d\U0001f680", "\U000e0041tag", "",
)  # fmt: skip


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of this process cannot be set here")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def ask(show: Any) -> Any:
    """`ask("bytes", [[1], [2]])`: what the panel's functions say, in English."""
    one = show("library")

    def run(name: str, cases: list[list[Any]], module: str = "format") -> list[Any]:
        return list(
            one.page.evaluate(
                "async ([module, name, cases]) => { const m = await import(`/web/base/${module}.mjs`); return cases.map((one) => m[name](...one)) }",
                [module, name, cases],
            )
        )

    return run


def distances() -> list[Distance]:
    made = [
        Distance(),
        Distance(local=1),
        Distance(local=3),
        Distance(inputs=1),
        Distance(inputs=2),
        Distance(files=2, unsized=2),
    ]
    for files in COUNTS:
        for packs in (0, 1, 2):
            made.append(Distance(files, files * 3_400_000_000, min(files, 1), packs, packs, files % 3, 0, packs))
            made.append(Distance(files, files * 250_000_000, 0, packs, 0, 0, files % 4))
    return made


def test_sizes_ages_and_names(ask: Any, scenarios: Any) -> None:
    now = scenarios.NOW
    assert ask("bytes", [[one] for one in SIZES]) == [words.size(one) for one in SIZES]
    assert ask("ago", [[now - one, now] for one in AGES]) == [words.ago(now - one, now) for one in AGES]
    assert ask("day", [[now - one] for one in AGES]) == [words.date(now - one) for one in AGES]
    assert ask("weekday", [[now - one] for one in AGES]) == [words.weekday(now - one) for one in AGES]
    assert ask("title", [[one] for one in NAMES], "names") == [list(words.title(one)) for one in NAMES]
    assert ask("visible", [[one] for one in NAMES], "names") == [words.visible(one) for one in NAMES]


def test_distances(ask: Any) -> None:
    cases = [(one, update) for one in distances() for update in (False, True) if not update or one.packs]
    said = ask("distance", [[one._asdict(), {"update": update}] for one, update in cases])
    assert said == [words.distance(one, update=update) for one, update in cases]


def lifelike(scenarios: Any) -> list[Entry]:
    """Every status, every finding code, and many distances."""
    samples = scenarios.samples
    entries = [samples.showcase(), *scenarios.changed().entries]
    for at, away in enumerate(distances()):
        for status in STATUSES:
            one = samples.entry(samples.random.Random(at), at, status)
            entries.append(Entry(one.name, one.readiness._replace(distance=away), None))
    for finding in samples.every_code():
        ready = samples.showcase().readiness._replace(status=finding.weight, findings=(finding, finding))
        if finding.weight in STATUSES:
            entries.append(Entry("one.json", ready, None))
            entries.append(Entry("one.json", ready._replace(findings=(finding._replace(pack="comfy-core"),)), None))
    return entries


def test_verdicts_and_the_column_of_the_list(ask: Any, scenarios: Any) -> None:
    entries = lifelike(scenarios)
    pages = [panel.workflow_body(entry, "x", None, None) for entry in entries]
    lines = panel.library_body(scenarios.Library(0.0, scenarios.samples.place(), tuple(entries)), _Slugs(), {})[
        "workflows"
    ]
    assert ask("verdict", [[page] for page in pages]) == [words.verdict(entry.readiness) for entry in entries]
    assert ask("short", [[page] for page in pages]) == [words.short(entry.readiness) for entry in entries]
    assert ask("short", [[line] for line in lines]) == [line["short"] for line in lines]
    assert ask("nearness", [[page] for page in pages]) == [list(words.nearness(entry.readiness)) for entry in entries]


class _Slugs(dict):
    def __missing__(self, key: str) -> str:
        return key


def test_changes(ask: Any, scenarios: Any) -> None:
    now, day = scenarios.NOW, 86_400.0
    changes = [
        Change(now - days * day, before, after, why, good)
        for days in (0, 1, 5, 6.9)
        for before in STATUSES
        for after in STATUSES
        for why, good in (("", None), ("a file is gone.", now - 9 * day))
    ]
    assert ask("story", [[one._asdict()] for one in changes]) == [words.story(one) for one in changes]
    badges = ask("badge", [[one._asdict(), now] for one in changes])
    for change, badge in zip(changes, badges, strict=True):
        label, tone = words.changed(change, now)
        if tone:  # the panel leaves out when it began to run again, and changes that are neither
            assert badge is not None and badge["tone"] == tone and label.startswith(badge["text"])
        else:
            assert badge is None


def test_old_changes_have_no_badge(ask: Any, scenarios: Any) -> None:
    old = Change(scenarios.NOW - 8 * 86_400, "runnable", "blocked", "", scenarios.NOW - 9 * 86_400)
    assert ask("badge", [[old._asdict(), scenarios.NOW], [None, 0]]) == [None, None]


def test_a_row_of_one_line_says_what_weighs_most(ask: Any) -> None:
    said = ask(
        "brief",
        [
            [{"status": "blocked", "distance": {"files": 4, "bytes": 6_800_000_000, "packs": 1}}],
            [{"status": "blocked", "distance": {"files": 2, "unsized": 2, "local": 1, "inputs": 1}}],
            [{"status": "blocked", "distance": {"packs": 2}}],
            [{"status": "runnable", "distance": {}}],
        ],
    )
    assert said == ["4 files · 6.8 GB +1", "2 files +2", "2 packs", ""]


PATHS = (
    ("/home/ada/ComfyUI/models/vae/x.pt", "/home/ada/ComfyUI", "models/vae/x.pt"),
    ("/home/ada/ComfyUI/models/vae/x.pt", "/home/ada/ComfyUI/", "models/vae/x.pt"),
    ("C:\\ComfyUI\\models\\vae\\x.pt", "C:\\ComfyUI", "models/vae/x.pt"),
    ("/home/ada/ComfyUI2/vae/x.pt", "/home/ada/ComfyUI", "/home/ada/ComfyUI2/vae/x.pt"),
    ("/srv/models/x.pt", "", "/srv/models/x.pt"),
)


def test_a_path_is_told_from_comfyuis_folder_on(ask: Any) -> None:
    assert ask("within", [[path, base] for path, base, _ in PATHS], "names") == [told for *_, told in PATHS]


def test_the_checks_sentences_in_another_language(show: Any) -> None:
    one = show("library", locale="zh")
    said = one.page.evaluate(
        "async (all) => { const { said } = await import('/web/base/said.mjs'); return all.map(said) }",
        [
            "Missing. The node reads the folder heron.",
            "In the wrong folder. The node reads the folders a, b or c.",
            "type does not take x. y. The installed version takes one of 2: a, b.",
            "Missing. Nobody has said this before.",
            "Move or link it from loras to vae.",
        ],
    )
    assert said[0] == "缺失。该节点读取文件夹 heron。"
    assert said[1] == "放错了文件夹。该节点读取文件夹 a, b 或 c。"
    assert "x. y" in said[2] and "does not take" not in said[2]
    assert said[3].endswith("Nobody has said this before."), "what is not known stays"
    assert said[4] == "把它从 loras 移动或链接到 vae。"
