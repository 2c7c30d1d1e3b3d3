"""Taking back: what we brought goes into the undo folder, what we moved goes back, and nothing is lost on the way."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from comfyfixersmart.core.actions.entries import Entry
from comfyfixersmart.core.actions.journal import Journal
from comfyfixersmart.core.actions.local import link, move
from comfyfixersmart.core.actions.running.claims import Claims
from comfyfixersmart.core.actions.types import (
    DOWNLOAD,
    HARD,
    INSTALL_PACK,
    LINK,
    MOVE,
    RELINK,
    SYMBOLIC,
    VERIFIED,
    Action,
    Done,
    Edit,
    Output,
    PackTask,
    Quiet,
)
from comfyfixersmart.core.actions.undo import Undone, can_undo, undo
from comfyfixersmart.core.actions.versions import write_version
from comfyfixersmart.core.errors import ComfyFixerError

from .places import Place, across, bramble, killed_at, local, moving, needs_fork, needs_links

RUN = "20260704-120000-aabbccdd"
WHEN = 1783166400.0  # that day
UNDO = "models/.comfyfixersmart-undo/20260704-120000-aabbccdd/vae/bramble.safetensors.undone"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state", now=lambda: WHEN)


def did(journal: Journal, action: Action, done: Done, run: str = RUN) -> Entry:
    return journal.write(
        "done", actor="wren", run=run, plan="f" * 64, action=action, outputs=done.outputs, check=done.check
    )


def brought(place: Place, journal: Journal, data: bytes = b"bramble" * 1000, aside: str = "") -> Entry:
    """A file that was downloaded into models/vae."""
    path = bramble(place.vae, data=data)
    digest = hashlib.sha256(data).hexdigest()
    action = Action(
        *("d0d0d0d0d0", DOWNLOAD, path.name, str(path), str(place.vae), "vae", len(data), digest), aside=aside
    )
    outputs = [Output(str(path), bool(aside), True, len(data), digest)]
    outputs += [Output(aside, False, True)] if aside else []
    return did(journal, action, Done(tuple(outputs), VERIFIED))


def back(place: Place, journal: Journal, *entries: Entry) -> list[Undone]:
    return undo(journal, [one.id for one in entries], actor="heron", known_roots=place.roots)


def refused(told: list[Undone], code: str) -> str:
    (one,) = told
    assert not one.ok and one.error is not None and one.error["code"] == code, one
    return one.error["message"]


# ---- each kind ----------------------------------------------------------------------------------------------


def test_what_was_downloaded_goes_into_the_undo_folder(place: Place, journal: Journal) -> None:
    entry = brought(place, journal)
    assert can_undo(entry, journal.read().entries)
    assert back(place, journal, entry) == [Undone(entry.id, True, f"Moved to {place.base / UNDO}")]
    assert place.files() == {UNDO: b"bramble" * 1000}
    last = journal.read().entries[-1]
    assert (last.event, last.undoes, last.actor, last.run, last.kind) == ("undone", entry.id, "heron", RUN, DOWNLOAD)
    assert last.outputs[0] == Output(entry.outputs[0].path, True, False)
    assert (last.outputs[1].path, last.outputs[1].after) == (str(place.base / UNDO), True)
    assert not can_undo(entry, journal.read().entries)
    refused(back(place, journal, entry), "undone_already")


def test_after_an_undo_the_same_can_be_done_and_undone_again(place: Place, journal: Journal) -> None:
    for number in range(3):
        entry = brought(place, journal, b"bramble" * 1000)
        assert back(place, journal, entry)[0].ok, number
    kept = sorted(path.rpartition("/")[2] for path in place.files())
    assert kept == [f"bramble.safetensors{more}.undone" for more in (".2", ".3", "")]


def test_what_lay_there_before_comes_back(place: Place, journal: Journal) -> None:
    aside = bramble(place.vae, "bramble.safetensors.damaged", b"half")
    entry = brought(place, journal, aside=str(aside))
    (told,) = back(place, journal, entry)
    assert told.ok and told.text.endswith(", and what lay there before is back")
    assert place.files() == {UNDO: b"bramble" * 1000, "models/vae/bramble.safetensors": b"half"}
    os.unlink(place.vae / "bramble.safetensors")
    again = brought(place, journal, aside=str(aside))  # somebody removed what had been put aside
    assert back(place, journal, again)[0].ok


def test_what_was_there_already_stays(place: Place, journal: Journal) -> None:
    path = bramble(place.vae)
    action = Action("d0", DOWNLOAD, path.name, str(path), str(place.vae), aside=f"{path}.damaged")
    entry = did(journal, action, Done((Output(str(path), True, True, 7000),)))
    assert not can_undo(entry, [entry])
    refused(back(place, journal, entry), "nothing_to_undo")
    assert path.exists()


def test_a_download_that_was_kept_aside_goes_along(place: Place, journal: Journal) -> None:
    kept = [bramble(place.vae, f"bramble.{number}.mismatch", b"wrong") for number in range(2)]
    path = bramble(place.vae)
    action = Action("d0", DOWNLOAD, path.name, str(path), str(place.vae))
    outputs = [Output(str(one), False, True, 5) for one in kept]
    entry = did(journal, action, Done((*outputs, Output(str(path), False, True, 7000))))
    os.unlink(kept[0])  # somebody tidied up
    assert back(place, journal, entry) == [Undone(entry.id, True, f"Moved to {place.base / UNDO}")]
    folder = UNDO.rpartition("/")[0]
    assert place.files() == {UNDO: b"bramble" * 1000, f"{folder}/bramble.1.mismatch.undone": b"wrong"}


def test_what_was_moved_goes_back(place: Place, journal: Journal) -> None:
    action = moving(place)
    before = place.files()
    entry = did(journal, action, move(action, Quiet()))
    assert back(place, journal, entry) == [Undone(entry.id, True, f"Back at {action.origin}")]
    assert place.files() == before
    move(action, Quiet())  # the same plan again


def test_what_was_copied_goes_back_to_its_own_volume(
    place: Place,
    elsewhere: Path,
    journal: Journal,
) -> None:
    action = across(place, elsewhere)
    entry = did(journal, action, move(action, Quiet()))
    assert back(place, journal, entry)[0].ok
    assert Path(action.origin).read_bytes() == b"bramble" * 1000
    assert os.stat(action.origin).st_mtime_ns == action.origin_mtime_ns
    assert [path for path in elsewhere.rglob("*") if path.is_file()] == [Path(action.origin)]
    assert place.files() == {UNDO: b"bramble" * 1000}


@needs_links
@pytest.mark.parametrize("kind", [HARD, SYMBOLIC])
def test_a_link_is_taken_back_and_its_file_stays(place: Place, journal: Journal, kind: str) -> None:
    origin = bramble(place.loras)
    action = local(LINK, origin, place.vae / "bramble.safetensors", place.vae, kind)
    entry = did(journal, action, link(action, Quiet()))
    assert back(place, journal, entry)[0].ok
    assert set(place.files()) == {UNDO, "models/loras/bramble.safetensors"}
    assert os.stat(origin).st_nlink == (2 if kind == HARD else 1)
    link(action, Quiet())


@needs_links
def test_a_link_to_something_else_is_not_ours(place: Place, journal: Journal) -> None:
    action = local(LINK, bramble(place.loras), place.vae / "x", place.vae, SYMBOLIC)
    entry = did(journal, action, link(action, Quiet()))
    os.unlink(action.destination)
    os.symlink(bramble(place.loras, "other"), action.destination)
    assert "not the link" in refused(back(place, journal, entry), "changed_since")
    assert os.path.islink(action.destination)


def relinked(place: Place) -> Action:
    origin = bramble(place.workflows, "sub/heron.json", b'{"name": "old"}')
    action = local(RELINK, origin, origin.with_name("heron.v2.json"), origin.parent)
    return Action(
        *(action.id, RELINK, "heron.v2.json", action.destination, action.root),
        origin=action.origin,
        origin_size=action.origin_size,
        origin_mtime_ns=action.origin_mtime_ns,
        edits=(Edit("/name", "old", "new"),),
    )


def test_a_version_is_taken_back_unless_somebody_worked_on_it(place: Place, journal: Journal) -> None:
    action = relinked(place)
    entry = did(journal, action, write_version(action, Quiet()))
    Path(action.destination).write_text('{"name": "newer"}')
    assert "holds" in (why := refused(back(place, journal, entry), "changed_since")) or "bytes" in why
    assert Path(action.destination).read_text() == '{"name": "newer"}'
    Path(action.destination).write_text('{"name": "NEW"}')  # as long as ours
    assert "holds something else now" in refused(back(place, journal, entry), "changed_since")
    Path(action.destination).write_text('{"name": "new"}')  # its time is another, its content is ours
    assert back(place, journal, entry)[0].ok
    undone = "user/default/.comfyfixersmart-undo/20260704-120000-aabbccdd/sub/heron.v2.json.undone"
    assert place.files() == {
        undone: b'{"name": "new"}',
        "user/default/workflows/sub/heron.json": b'{"name": "old"}',
    }
    events = [one.event for one in journal.read().entries]
    assert events == ["done", "undo_failed", "undo_failed", "undone"]


def test_packs_are_for_their_manager(place: Place, journal: Journal) -> None:
    action = Action("p0", INSTALL_PACK, "ComfyUI-Heron", pack=PackTask("heron"))
    entry = did(journal, action, Done((Output("/packs/heron", False, True),)))
    assert not can_undo(entry, [entry])
    (told,) = back(place, journal, entry)
    assert told.error and told.error["hint"] == "Remove it in ComfyUI-Manager."


# ---- a whole run --------------------------------------------------------------------------------------------


def test_a_run_is_undone_from_its_end(place: Place, journal: Journal) -> None:
    action = moving(place)
    before = place.files()
    journal.write("begun", actor="wren", run=RUN, action=action)
    first = did(journal, action, move(action, Quiet()))
    again = local(MOVE, Path(action.destination), place.loras / "sub" / "heron.safetensors", place.loras)
    second = did(journal, again, move(again, Quiet()))
    other = did(journal, action, Done(), run="20260705-000000-00000000")
    pack = did(journal, Action("p0", INSTALL_PACK, "ComfyUI-Heron"), Done())
    told = undo(journal, RUN, actor="heron", known_roots=place.roots)
    assert [(one.entry, one.ok) for one in told] == [(pack.id, False), (second.id, True), (first.id, True)]
    assert place.files() == before
    assert other.id not in {one.undoes for one in journal.read().entries}
    told = undo(journal, RUN, actor="heron", known_roots=place.roots)
    assert [one.entry for one in told] == [pack.id]


def test_the_order_of_the_ids_does_not_matter(place: Place, journal: Journal) -> None:
    action = moving(place)
    before = place.files()
    first = did(journal, action, move(action, Quiet()))
    again = local(MOVE, Path(action.destination), place.loras / "heron.safetensors", place.loras)
    second = did(journal, again, move(again, Quiet()))
    told = back(place, journal, first, second, first)
    assert [one.entry for one in told] == [second.id, first.id] and all(one.ok for one in told)
    assert place.files() == before


# ---- what is refused ----------------------------------------------------------------------------------------


def test_what_is_not_there_or_not_known_is_said(place: Place, journal: Journal) -> None:
    entry = brought(place, journal)
    os.unlink(entry.outputs[0].path)
    refused(back(place, journal, entry), "gone")
    refused(undo(journal, ["ffffffffffff"], actor="heron"), "unknown_entry")
    begun = journal.write("begun", actor="wren", action=moving(place))
    refused(back(place, journal, begun), "nothing_to_undo")
    existed = did(journal, moving(place), Done((Output("/models/x", True, True),)))
    refused(back(place, journal, existed), "nothing_to_undo")


def test_a_place_that_is_taken_again_is_not_overwritten(place: Place, journal: Journal) -> None:
    action = moving(place)
    entry = did(journal, action, move(action, Quiet()))
    bramble(place.loras, data=b"another")
    before = place.files()
    refused(back(place, journal, entry), "origin_taken")
    assert place.files() == before
    os.unlink(action.origin)
    assert back(place, journal, entry)[0].ok


def test_a_file_that_took_its_place_is_left_alone(place: Place, journal: Journal) -> None:
    entry = brought(place, journal)
    action = moving(place)
    for data in (b"", b"BRAMBLE" * 1000):
        bramble(place.vae, data=data)
        os.utime(entry.outputs[0].path)
        before = place.files()
        refused(back(place, journal, entry), "changed_since")
        assert place.files() == before
    os.unlink(entry.outputs[0].path)
    moved = did(journal, action, move(action, Quiet()))
    os.utime(action.destination)  # no hash was ever made of it: nothing tells it from another file
    refused(back(place, journal, moved), "changed_since")


def test_where_the_journal_is_damaged_nothing_is_undone_that_it_may_tell_of(
    place: Place,
    journal: Journal,
) -> None:
    first = brought(place, journal)
    journal.write("ended", actor="wren", run=RUN)
    bramble(place.vae, "later.safetensors")
    later = Action("l0", DOWNLOAD, "later.safetensors", str(place.vae / "later.safetensors"), str(place.vae))
    second = did(journal, later, Done((Output(later.destination, False, True, 7000),)))
    data = bytearray(journal.path.read_bytes())
    at = data.index(b'"ended"')
    data[at + 1] ^= 1
    journal.path.write_bytes(data)
    assert "line 2" in refused(back(place, journal, first), "journal_damaged")
    assert back(place, journal, second)[0].ok
    assert os.path.exists(first.outputs[0].path)


# ---- the undo folder ----------------------------------------------------------------------------------------


def test_the_undo_folder_lies_outside_of_all_that_comfyui_lists(place: Place, journal: Journal) -> None:
    entry = brought(place, journal)
    roots = [*place.roots, str(place.base / "models")]
    assert undo(journal, [entry.id], actor="heron", known_roots=roots)[0].ok
    assert list(place.files()) == [UNDO.removeprefix("models/")]


def test_where_nothing_above_can_be_written_it_lies_inside(
    place: Place,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: str(path).startswith(str(place.vae)))
    entry = brought(place, journal)
    assert back(place, journal, entry)[0].ok
    assert list(place.files()) == [UNDO.replace("models/", "models/vae/")]


def test_it_is_never_a_pack(place: Place, journal: Journal) -> None:
    folder = place.base / "custom_nodes" / "heron"
    path = bramble(folder)
    action = Action("d0", DOWNLOAD, path.name, str(path), str(folder))
    entry = did(journal, action, Done((Output(str(path), False, True, 7000),)))
    assert back(place, journal, entry)[0].ok
    (kept,) = place.files()
    assert kept.startswith(".comfyfixersmart-undo/")


@needs_links
def test_it_lies_on_the_volume_of_the_file(
    place: Place,
    elsewhere: Path,
    journal: Journal,
) -> None:
    root = place.base / "models" / "clip"
    root.symlink_to(elsewhere)
    path = bramble(elsewhere)
    action = Action("d0", DOWNLOAD, path.name, str(root / path.name), str(root))
    entry = did(journal, action, Done((Output(action.destination, False, True, 7000),)))
    assert undo(journal, [entry.id], actor="heron", known_roots=[*place.roots, str(root)])[0].ok
    (kept,) = [one for one in Path("/dev/shm").rglob("bramble.safetensors.undone") if elsewhere.name in str(one)]
    shutil.rmtree(kept.parent)
    assert not path.exists()


# ---- kills and full disks -----------------------------------------------------------------------------------


@needs_fork
@pytest.mark.parametrize("kind", [DOWNLOAD, MOVE, "aside"])
def test_killed_between_any_two_steps_an_undo_ends_alike(
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    kills = 0
    for step in range(60):
        shutil.rmtree(place.base)
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        place = Place(place.base)
        journal = Journal(tmp_path / "state", now=lambda: WHEN)
        if kind == MOVE:
            action = moving(place)
            after = place.files()
            entry = did(journal, action, move(action, Quiet()))
        else:
            aside = str(bramble(place.vae, "damaged", b"half")) if kind == "aside" else ""
            entry = brought(place, journal, aside=aside)
            after = {UNDO: b"bramble" * 1000} | ({"models/vae/bramble.safetensors": b"half"} if aside else {})
        died = killed_at(step, monkeypatch, partial(back, place, journal, entry))
        kills += died
        if not any(one.event == "undone" for one in journal.read().entries):
            assert back(place, journal, entry)[0].ok, step
        assert place.files() == after, step
        assert [one.undoes for one in journal.read().entries if one.event == "undone"] == [entry.id]
        if not died:
            break
    assert kills >= 3


def test_what_cannot_be_written_down_is_said_and_finished_later(
    place: Place,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = brought(place, journal)
    monkeypatch.setattr(os, "write", lambda fd, data: 0)
    message = refused(back(place, journal, entry), "not_written")
    assert message.startswith(f"Moved to {place.base / UNDO}")
    monkeypatch.undo()
    assert back(place, journal, entry)[0].ok
    assert place.files() == {UNDO: b"bramble" * 1000}


@pytest.mark.parametrize("name", [f"{'b' * 243}.safetensors", f"{'é' * 121}.safetensors"])
def test_the_longest_names_are_taken_back_too(place: Place, journal: Journal, name: str) -> None:
    entry = did(journal, moving(place), move(moving(place), Quiet()))
    assert back(place, journal, entry)[0].ok
    path = bramble(place.vae, name)
    action = Action(*("e0e0e0e0e0", DOWNLOAD, name, str(path), str(place.vae), "vae", 7000, "0" * 64))
    entry = did(journal, action, Done((Output(str(path), False, True, 7000, "0" * 64),), VERIFIED))
    assert back(place, journal, entry)[0].ok and not path.exists()
    assert len([data for data in place.files().values() if data == b"bramble" * 1000]) == 2


# ---- several at once ----------------------------------------------------------------------------------------


def test_one_undo_at_a_time(place: Place, journal: Journal) -> None:
    """Two at once could take away again what one of them has just put back."""
    aside = str(place.vae / "bramble.safetensors.damaged-1")
    Path(aside).write_bytes(b"damaged")
    entry = brought(place, journal, aside=aside)
    claim = Claims(journal.path.parent).take("undo")
    before = place.files()
    with pytest.raises(ComfyFixerError) as caught:
        back(place, journal, entry)
    assert (caught.value.code, place.files()) == ("busy", before)
    claim.release()
    assert back(place, journal, entry)[0].ok and refused(back(place, journal, entry), "undone_already")


@needs_fork
def test_of_several_processes_at_once_one_undoes_it(place: Place, journal: Journal) -> None:
    aside = str(place.vae / "bramble.safetensors.damaged-1")
    for _ in range(10):
        Path(aside).write_bytes(b"damaged")
        entry = brought(place, journal, aside=aside)
        start, go = os.pipe()
        children = []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                code = 1
                with contextlib.suppress(ComfyFixerError):
                    os.close(go)
                    os.read(start, 1)
                    code = 0
                    back(place, journal, entry)
                os._exit(code)
            children.append(child)
        os.close(start)
        os.close(go)
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
        assert (place.vae / "bramble.safetensors").read_bytes() == b"damaged", (
            "what lay there before is back, and stays"
        )
        os.unlink(place.vae / "bramble.safetensors")
    told = journal.read().entries
    assert [one.event for one in told].count("undone") == 10
