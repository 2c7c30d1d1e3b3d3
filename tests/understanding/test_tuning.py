"""A choice of changes: which there are, which exclude each other, what their version is called."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.errors import ComfyFixerError
from comfyfixersmart.core.tuning.types import Change, Estimate, NeedsFile, Tuning
from comfyfixersmart.core.understanding.tuning import Version, chosen_of, next_name


def change(id: str, *excludes: str, needs: NeedsFile | None = None) -> Change:
    return Change(id, f"Title of {id}", (), "", "", "", "", (), (), excludes=excludes, needs=needs)


TUNING = Tuning(8, Estimate(), (change("a"), change("b", "c"), change("c", "b")))


def test_changes_come_in_their_own_order() -> None:
    assert [one.id for one in chosen_of(TUNING, ["c", "a"])] == ["a", "c"]
    assert chosen_of(TUNING, []) == ()


@pytest.mark.parametrize(
    "ids, code", [(["x"], "unknown_change"), (["a", "x"], "unknown_change"), (["b", "c"], "bad_choice")]
)
def test_a_choice_that_cannot_be_made(ids: list[str], code: str) -> None:
    with pytest.raises(ComfyFixerError) as error:
        chosen_of(TUNING, ids)
    assert error.value.code == code


def test_only_files_that_are_not_here_are_needed() -> None:
    here, far = NeedsFile("a.gguf", "unet", True), NeedsFile("b.gguf", "unet", False, 7)
    version = Version(b"{}", (change("a", needs=here), change("b", needs=far), change("c")))
    assert version.needs == (far,)


@pytest.mark.parametrize(
    "name, after",
    [("moor", "moor.v2"), ("moor.json", "moor.v2"), ("moor.v2.json", "moor.v3"), ("moor.v9", "moor.v10"), ("", ".v2")],
)
def test_what_the_next_version_is_called(name: str, after: str) -> None:
    assert next_name(name) == after
