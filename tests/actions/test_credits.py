"""Attribution: what plans brought is told in the reports of the workflows that use it, until it is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from comfyfixersmart.core.actions.credits import credits, used
from comfyfixersmart.core.actions.journal import Journal
from comfyfixersmart.core.actions.types import DOWNLOAD, MOVE, VERIFIED, Action, Offer, Output
from comfyfixersmart.core.readiness.types import RUNNABLE, Readiness
from comfyfixersmart.core.record import Checked, entry
from comfyfixersmart.core.reports.data import workflow_json
from comfyfixersmart.core.reports.markdown import workflow_md

INK = "/c/models/loras/inkwash/brush.safetensors"
OFFER = Offer(
    "huggingface:a/b@c", "huggingface", "Hugging Face", "https://x/y?sig=1", "https://x/p", author="ada", licence="mit"
)


def brought(journal: Journal, path: str) -> str:
    action = Action("a1", DOWNLOAD, Path(path).name, destination=path, offers=(OFFER,))
    output = Output(path, False, True, 5, "ab" * 32)
    return journal.write("done", actor="cli", action=action, outputs=(output,), check=VERIFIED).id


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def test_the_newest_of_each_file_that_was_not_taken_back(journal: Journal, tmp_path: Path) -> None:
    brought(journal, INK)
    brought(journal, INK)
    gone = brought(journal, "/c/models/vae/gone.safetensors")
    reading = {one.id: one for one in journal.read().entries}
    journal.write("undone", actor="cli", about=reading[gone])
    moved = Action("a2", MOVE, "x", destination="/c/models/vae/x.safetensors", origin="/c/x.safetensors")
    journal.write("done", actor="cli", action=moved, outputs=(Output(moved.destination, False, True),))
    (one,) = credits(tmp_path)
    assert (one.path, one.author, one.source, one.licence, one.check) == (INK, "ada", "Hugging Face", "mit", VERIFIED)
    assert one.sha256 == "ab" * 32 and "sig" not in str(one)


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("inkwash/brush.safetensors", True),
        ("inkwash\\brush.safetensors", True),
        ("brush.safetensors", True),
        ("inkwash/brush", True),
        ("rush.safetensors", False),
        ("brush.ckpt", False),
        ("", False),
    ],
)
def test_by_the_names_of_a_workflow(journal: Journal, tmp_path: Path, name: str, means: bool) -> None:
    brought(journal, INK)
    assert bool(used(credits(tmp_path), [name])) is means


def test_reports_name_author_and_licence(journal: Journal, tmp_path: Path) -> None:
    brought(journal, INK)
    checked = Checked("a.json", "/w/a.json", Readiness("a.json", RUNNABLE, ()), models=("inkwash/brush.safetensors",))
    shown = entry(checked, credits=credits(tmp_path))
    text = workflow_md(shown)
    assert "## Fetched for it" in text and "Hugging Face, ada; licence mit; SHA-256 verified" in text
    assert workflow_json(shown, "a")["workflow"]["credits"][0]["author"] == "ada"
    assert "Fetched for it" not in workflow_md(entry(checked))


def test_no_journal_no_credits(tmp_path: Path) -> None:
    assert credits(None) == credits(tmp_path) == ()
