"""Moves and links: never over another file, never out of the folder, and finished after any kill."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.local import link, move
from comfyfixersmart.core.actions.moving import put
from comfyfixersmart.core.actions.types import (
    HARD,
    LINK,
    MOVE,
    SYMBOLIC,
    Action,
    ActionFailed,
    Done,
    Output,
    Quiet,
    Stopped,
)

from .places import Place, across, bramble, killed_at, local, moving, needs_fork, needs_links


def refused(action: Action, code: str, do: Any = move) -> ActionFailed:
    with pytest.raises(ActionFailed) as caught:
        do(action, Quiet())
    assert caught.value.code == code
    assert caught.value.message.endswith(".") and caught.value.hint
    return caught.value


# ---- moves --------------------------------------------------------------------------------------------------


def test_a_move_is_a_rename_and_says_where_it_lies_now(place: Place) -> None:
    action = moving(place)
    inode = os.stat(action.origin).st_ino
    done = move(action, Quiet())
    assert done == Done(
        (Output(action.origin, True, False, 7000), Output(action.destination, False, True, 7000)),
        text="Now in models/vae",
    )
    assert not os.path.lexists(action.origin)
    status = os.stat(action.destination)
    assert (status.st_ino, status.st_nlink, status.st_mtime_ns) == (inode, 1, action.origin_mtime_ns)
    assert move(action, Quiet()) == done, "run again, it finds its own work"


def test_a_move_makes_the_folders_that_it_needs(place: Place) -> None:
    origin = bramble(place.loras)
    destination = place.vae / "sub" / "deep" / "bramble.safetensors"
    move(local(MOVE, origin, destination, place.vae), Quiet())
    assert destination.read_bytes() == b"bramble" * 1000


def test_an_origin_that_changed_stays_where_it_is(place: Place) -> None:
    action = moving(place)
    for change in (lambda path: path.write_bytes(b"x"), lambda path: os.utime(path, ns=(1, 1)), Path.unlink):
        bramble(place.loras)
        change(Path(action.origin))
        before = place.files()
        refused(action, "changed_since")
        assert place.files() == before


def test_nothing_is_overwritten(place: Place) -> None:
    action = moving(place)
    for content in (b"other", b"heron" * 1400):  # another size, and the same size
        Path(action.destination).write_bytes(content)
        before = place.files()
        refused(action, "destination_taken")
        assert place.files() == before
    os.unlink(action.origin)
    refused(action, "destination_taken")


def test_a_destination_that_is_taken_at_the_last_moment_is_not_overwritten(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = moving(place)
    exists = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: path != action.destination and exists(path))
    Path(action.destination).write_bytes(b"heron")
    refused(action, "destination_taken")
    assert Path(action.destination).read_bytes() == b"heron" and os.path.exists(action.origin)


@pytest.mark.parametrize("destination", ["../loras/x.safetensors", "../../x", "/etc/x", "", "."])
def test_a_destination_outside_its_root_is_refused(place: Place, destination: str) -> None:
    action = moving(place)
    before = place.files()
    refused(replace(action, destination=os.path.join(action.root, destination)), "outside")
    refused(replace(action, root=""), "outside")
    refused(replace(action, root="models/vae", destination="models/vae/x"), "outside")
    assert place.files() == before


@needs_links
def test_a_link_that_leads_out_of_the_root_is_not_followed(place: Place, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (place.vae / "sub").symlink_to(away)
    origin = bramble(place.loras)
    refused(local(MOVE, origin, place.vae / "sub" / "x.safetensors", place.vae), "outside")
    refused(local(MOVE, origin, place.vae / "sub" / "deep" / "x.safetensors", place.vae), "outside")
    assert list(away.iterdir()) == [] and origin.exists()


@needs_links
def test_a_root_that_is_a_link_itself_is_fine(place: Place, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    root = place.base / "models" / "clip"
    root.symlink_to(away)
    move(local(MOVE, bramble(place.loras), root / "x.safetensors", root), Quiet())
    assert (away / "x.safetensors").is_file()


@needs_links
def test_a_link_that_is_moved_still_leads_to_its_file(place: Place) -> None:
    bramble(place.base / "store")
    origin = place.loras / "named.safetensors"
    origin.symlink_to("../../store/bramble.safetensors")
    action = local(MOVE, origin, place.vae / "named.safetensors", place.vae)
    move(action, Quiet())
    assert (place.vae / "named.safetensors").read_bytes() == b"bramble" * 1000
    assert not os.path.lexists(origin)
    assert move(action, Quiet()).text == "Now in models/vae"


@needs_links
def test_a_relative_link_behind_a_link_still_leads_to_its_file(place: Place, tmp_path: Path) -> None:
    """What stands behind ".." depends on where the folders before it really are."""
    store = tmp_path / "store"
    bramble(store)
    (store / "shelf").mkdir()
    (store / "shelf" / "bramble.safetensors").symlink_to("../bramble.safetensors")
    place.loras.rmdir()
    place.loras.symlink_to(store / "shelf")
    action = local(MOVE, place.loras / "bramble.safetensors", place.vae / "bramble.safetensors", place.vae)
    move(action, Quiet())
    assert os.path.samefile(action.destination, store / "bramble.safetensors")
    assert not os.path.lexists(action.origin)


def test_a_disk_that_is_not_plugged_in_is_not_made_up(place: Place, tmp_path: Path) -> None:
    """Its mount point is absent: a folder of that name would lie on another disk."""
    root = tmp_path / "unplugged" / "models" / "vae"
    for kind, do in ((MOVE, move), (LINK, link)):
        why = refused(local(kind, bramble(place.loras), root / "bramble.safetensors", root), "no_folder", do)
        assert "Plug in" in why.hint and not (tmp_path / "unplugged").exists()
    root.parent.mkdir(parents=True)
    move(local(MOVE, bramble(place.loras), root / "bramble.safetensors", root), Quiet())


@pytest.mark.skipif(os.name == "nt", reason="Windows renames without links")
@pytest.mark.parametrize("error", [errno.EPERM, errno.EOPNOTSUPP, errno.EACCES])
def test_a_file_system_without_second_names(place: Place, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    def no_link(*args: Any, **keywords: Any) -> None:
        raise OSError(error, os.strerror(error), args[0])

    monkeypatch.setattr(os, "link", no_link)
    action = moving(place)
    move(action, Quiet())
    assert Path(action.destination).read_bytes() == b"bramble" * 1000 and not os.path.lexists(action.origin)
    heron = bramble(place.loras, "heron.safetensors")
    with pytest.raises(FileExistsError):
        put(str(heron), action.destination)
    monkeypatch.setattr(os, "rename", no_link)
    with pytest.raises(OSError):
        put(str(heron), str(place.vae / "heron.safetensors"))
    assert heron.exists() and not (place.vae / "heron.safetensors").exists(), "the name that was taken is free again"


def test_a_disk_that_is_full_pauses(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **keywords: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", args[0])

    monkeypatch.setattr(os, "rename" if os.name == "nt" else "link", full)
    assert refused(moving(place), "disk_full").pauses


@needs_fork
def test_killed_between_any_two_steps_a_move_ends_alike(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    kills = 0
    for step in range(50):
        shutil.rmtree(place.base)
        place = Place(place.base)
        action = moving(place)
        died = killed_at(step, monkeypatch, partial(move, action, Quiet()))
        kills += died
        assert any(data == b"bramble" * 1000 for data in place.files().values()), "the file was never away"
        done = move(action, Quiet())
        assert place.files() == {"models/vae/bramble.safetensors": b"bramble" * 1000}
        assert done.outputs[1] == Output(action.destination, False, True, 7000)
        if not died:
            break
    assert kills >= 2


# ---- across volumes -----------------------------------------------------------------------------------------


def test_across_volumes_the_copy_is_compared_and_the_original_kept(place: Place, elsewhere: Path) -> None:
    action = across(place, elsewhere)
    told = Quiet()
    done = move(action, told)
    gone, came, kept = done.outputs
    assert (gone.path, gone.after) == (action.origin, False)
    assert came.sha256 == kept.sha256 and len(came.sha256 or "") == 64
    assert kept.path.startswith(str(elsewhere)) and kept.path.endswith("/bramble.safetensors.undone")
    assert Path(kept.path).read_bytes() == Path(came.path).read_bytes() == b"bramble" * 1000
    assert os.stat(came.path).st_mtime_ns == action.origin_mtime_ns
    assert place.files() == {"models/vae/bramble.safetensors": b"bramble" * 1000}, "and no part is left"
    assert (7000, 7000, "") in told.told
    assert [one.path for one in move(action, Quiet()).outputs] == [one.path for one in done.outputs]


def test_a_copy_that_differs_is_not_published(place: Place, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    action = across(place, elsewhere)
    monkeypatch.setattr("comfyfixersmart.core.actions.local._sha256", lambda path, control: "0" * 64)
    refused(action, "copy_differs")
    assert place.files() == {} and os.path.exists(action.origin)


def test_a_copy_that_is_stopped_leaves_nothing_behind(place: Place, elsewhere: Path) -> None:
    action = across(place, elsewhere)

    class Stopping(Quiet):
        def tell(self, done: int, total: int | None, note: str = "") -> None:
            raise Stopped(cancelled=True)

    with pytest.raises(Stopped):
        move(action, Stopping())
    assert place.files() == {} and os.path.exists(action.origin)


def test_two_copies_at_once_publish_one_whole_file(place: Place, elsewhere: Path) -> None:
    """Another process does the very same: it clears away what it takes for a killed one's, and is first."""
    action = across(place, elsewhere)
    other: list[Done] = []

    class Late(Quiet):
        def tell(self, done: int, total: int | None, note: str = "") -> None:
            if note and not other:
                other.append(move(action, Quiet()))

    with pytest.raises(ActionFailed) as caught:
        move(action, Late())
    assert caught.value.code in ("changed_since", "destination_taken", "os_error") and len(other) == 1
    assert place.files() == {"models/vae/bramble.safetensors": b"bramble" * 1000}
    assert move(action, Quiet()).outputs[1].path == action.destination, "and both say so afterwards"


def test_another_file_of_that_size_and_time_is_told_apart(place: Place, elsewhere: Path) -> None:
    action = across(place, elsewhere)
    bramble(place.vae, data=b"BRAMBLE" * 1000)
    refused(action, "destination_taken")
    assert os.path.exists(action.origin)


@needs_fork
def test_killed_between_any_two_steps_a_copy_ends_alike(
    place: Place, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = 0
    for step in range(60):
        shutil.rmtree(place.base)
        shutil.rmtree(elsewhere)
        place = Place(place.base)
        action = across(place, elsewhere)
        died = killed_at(step, monkeypatch, partial(move, action, Quiet()))
        kills += died
        done = move(action, Quiet())
        assert place.files() == {"models/vae/bramble.safetensors": b"bramble" * 1000}
        (kept,) = [path for path in elsewhere.rglob("*") if path.is_file()]
        assert [one.path for one in done.outputs] == [action.origin, action.destination, str(kept)]
        if not died:
            break
    assert kills >= 6


# ---- links --------------------------------------------------------------------------------------------------


@needs_links
@pytest.mark.parametrize("kind", [HARD, SYMBOLIC])
def test_a_link_is_made_once(place: Place, kind: str) -> None:
    origin = bramble(place.loras)
    action = local(LINK, origin, place.vae / "sub" / "heron.safetensors", place.vae, kind)
    done = link(action, Quiet())
    assert done == Done((Output(action.destination, False, True, 7000),), text="Now in models/vae")
    assert os.path.samefile(origin, action.destination)
    assert os.path.islink(action.destination) == (kind == SYMBOLIC)
    if kind == SYMBOLIC:
        assert os.readlink(action.destination) == str(origin)
    assert link(action, Quiet()) == done
    assert refused(replace(action, link=SYMBOLIC if kind == HARD else HARD), "destination_taken", link)


@needs_links
@pytest.mark.parametrize("kind", [HARD, SYMBOLIC])
def test_a_link_is_never_made_over_a_file_nor_to_another(place: Place, kind: str) -> None:
    origin = bramble(place.loras)
    action = local(LINK, origin, place.vae / "heron.safetensors", place.vae, kind)
    Path(action.destination).write_bytes(b"heron")
    refused(action, "destination_taken", link)
    os.unlink(action.destination)
    refused(replace(action, destination=str(place.loras / "x")), "outside", link)
    origin.write_bytes(b"changed")
    refused(action, "changed_since", link)
    assert place.files() == {"models/loras/bramble.safetensors": b"changed"}


@needs_links
def test_a_hard_link_to_a_link_is_one_to_its_file(place: Place) -> None:
    store = bramble(place.base / "store")
    origin = place.loras / "named.safetensors"
    origin.symlink_to(store)
    action = local(LINK, origin, place.vae / "heron.safetensors", place.vae, HARD)
    link(action, Quiet())
    assert not os.path.islink(action.destination) and os.path.samefile(store, action.destination)


@needs_links
def test_a_link_that_cannot_be_made_says_what_else_can_be_done(place: Place, elsewhere: Path) -> None:
    action = local(LINK, bramble(elsewhere), place.vae / "heron.safetensors", place.vae, HARD)
    assert "moved" in refused(action, "cannot_link", link).hint
    link(replace(action, link=SYMBOLIC), Quiet())
    assert os.path.samefile(action.origin, action.destination)


@needs_links
@pytest.mark.parametrize("kind", [HARD, SYMBOLIC])
def test_where_links_cannot_be_made_a_known_content_is_copied(
    place: Place, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Such as exFAT: to plan again would offer the same link for ever."""

    def refuses(*args: Any, **more: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted", args[0])

    action = local(LINK, bramble(place.loras), place.vae / "heron.safetensors", place.vae, kind)
    known = replace(action, sha256=hashlib.sha256(b"bramble" * 1000).hexdigest())
    for name in ("link", "symlink"):
        monkeypatch.setattr(os, name, refuses)
    refused(action, "cannot_link", link)
    refused(replace(action, sha256="0" * 64), "copy_differs", link)
    assert place.files() == {"models/loras/bramble.safetensors": b"bramble" * 1000}
    done = link(known, Quiet())
    assert place.files() == dict.fromkeys(
        ("models/loras/bramble.safetensors", "models/vae/heron.safetensors"), b"bramble" * 1000
    )
    assert not os.path.samefile(known.origin, known.destination)
    assert link(known, Quiet()) == done, "run again, it finds its own work"
    (place.vae / "heron.safetensors").write_bytes(b"BRAMBLE" * 1000)
    refused(known, "destination_taken", link)
