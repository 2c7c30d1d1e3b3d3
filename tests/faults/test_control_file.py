"""What a kill, a power cut or a bad disk leaves: it is never trusted further than it can be."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.download import part as parts
from comfyfixersmart.core.actions.download.place import opened
from comfyfixersmart.core.actions.types import SIZE_ONLY, VERIFIED

faults = sys.modules["faults_scripted"]


def control(bench: Any) -> Path:
    return Path(f"{bench.part}.json")


def small(bench: Any, make_file: Any) -> bytes:
    """A part of 5,000 of 9,000 bytes; what its control file says."""
    bench.data = bench.server.data = make_file("small", 9_000)
    bench.begin(5_000)
    return control(bench).read_bytes()


def again(bench: Any, told: bytes, kept: bytes) -> None:
    bench.path.unlink(missing_ok=True)
    bench.part.write_bytes(kept)
    control(bench).write_bytes(told)
    bench.server.asks.clear()


def believed(bench: Any) -> parts.Kept | None:
    """What is believed of the control file."""
    with opened(str(bench.models), str(bench.path)) as place:
        return parts.Part(place, parts.names_of(bench.action(), bench.path.name)).kept


def test_a_control_file_that_ends_anywhere(bench: Any, make_file: Any) -> None:
    """Nothing of it is believed, and where the hash is known the part is gone on with all the same."""
    told = small(bench, make_file)
    whole = believed(bench)
    for end in range(len(told)):
        control(bench).write_bytes(told[:end])
        assert believed(bench) == (whole if end == len(told) - 1 else None), end
    for end in (*range(0, len(told), 24), len(told) - 1):
        again(bench, told[:end], bench.data[:5_000])
        assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [5_000], end
        assert bench.lies() == [bench.path.name]


def test_a_control_file_with_any_byte_changed(bench: Any, make_file: Any) -> None:
    told = small(bench, make_file)
    for at in range(len(told)):
        flipped = told[:at] + bytes([told[at] ^ 1]) + told[at + 1 :]
        control(bench).write_bytes(flipped)
        assert believed(bench) is None, at
        if at % 24 == 0:
            again(bench, flipped, bench.data[:5_000])
            assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [5_000], at


def hashless(bench: Any) -> tuple[Any, Path, Path]:
    """The same with nothing known but the size."""
    action = bench.action(sha256=None)
    bench.server.then(faults.cut(5_000), *[faults.drops] * 20)
    bench.fails(action)
    bench.server._next.clear()
    bench.server.asks.clear()
    (path,) = bench.models.glob("*.part")
    return action, path, Path(f"{path}.json")


def test_without_a_hash_a_damaged_control_file_means_to_begin_at_0(bench: Any, make_file: Any) -> None:
    bench.data = bench.server.data = make_file("small", 9_000)
    action, path, told_at = hashless(bench)
    told = told_at.read_bytes()
    for at in range(0, len(told), 24):
        bench.path.unlink(missing_ok=True)
        bench.server.asks.clear()
        path.write_bytes(bytes(5_000))  # of which nothing is right
        told_at.write_bytes(told[:at] + bytes([told[at] ^ 1]) + told[at + 1 :])
        assert bench.fetch(action).check == SIZE_ONLY and bench.whole() and bench.server.starts == [None], at


def rewritten(path: Path, **more: Any) -> None:
    """Another control file that is as sound as this one."""
    body = {**json.loads(path.read_bytes()), **more}
    del body["sum"], body["schema"]
    path.write_bytes(parts._written(parts.Kept(**body)))


def test_after_a_power_cut_only_what_was_committed_counts(bench: Any, make_file: Any) -> None:
    """The part is longer than what the disk surely has; the rest may be anything."""
    bench.data = bench.server.data = make_file("small", 9_000)
    action, path, told_at = hashless(bench)
    rewritten(told_at, committed=3_000, boot="another")
    path.write_bytes(bench.data[:3_000] + bytes(2_000))
    assert bench.fetch(action).check == SIZE_ONLY and bench.whole() and bench.server.starts == [3_000]


def test_after_a_power_cut_the_same_holds_with_a_hash(bench: Any) -> None:
    bench.begin(200_000)
    rewritten(control(bench), committed=150_000, boot="another")
    bench.part.write_bytes(bench.data[:150_000] + bytes(50_000))
    assert bench.fetch().check == VERIFIED and bench.server.starts == [150_000]


def test_after_a_kill_all_of_it_counts(bench: Any) -> None:
    bench.begin(200_000)
    rewritten(control(bench), committed=0)
    assert bench.fetch().check == VERIFIED and bench.server.starts == [200_000]


@pytest.mark.parametrize("at", [0, 300, 99_999])
def test_a_part_with_a_wrong_byte_is_fetched_once_more(bench: Any, at: int) -> None:
    """The hash sees it at the end: that is no fault of the source, so nothing is called a mismatch."""
    bench.begin(100_000)
    kept = bytearray(bench.data[:100_000])
    kept[at] ^= 1
    bench.part.write_bytes(kept)
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [100_000, None]
    assert bench.lies() == [bench.path.name]


def test_a_part_that_is_longer_than_the_file(bench: Any) -> None:
    bench.begin(100_000)
    bench.part.write_bytes(bench.data + b"more")
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [None]


def test_a_part_without_its_control_file(bench: Any) -> None:
    bench.begin(100_000)
    control(bench).unlink()
    assert bench.fetch().check == VERIFIED and bench.server.starts == [100_000]
    assert "if-range" not in bench.server.asks[0].headers


def test_a_control_file_without_its_part(bench: Any) -> None:
    bench.begin(100_000)
    bench.part.unlink()
    assert bench.fetch().check == VERIFIED and bench.server.starts == [None]


def test_a_newer_version_s_part_is_left_alone(bench: Any) -> None:
    bench.begin(100_000)
    body = {**json.loads(control(bench).read_bytes()), "schema": 2, "more": "fields"}
    del body["sum"]
    control(bench).write_text(json.dumps({**body, "sum": parts._sum(body)}))
    before = (control(bench).read_bytes(), bench.part.read_bytes())
    assert bench.fails().code == "newer_schema" and not bench.server.asks
    assert (control(bench).read_bytes(), bench.part.read_bytes()) == before


def test_what_a_control_file_says(bench: Any) -> None:
    """For who looks at it, and for programs: no query, no token."""
    bench.begin(100_000)
    body = json.loads(control(bench).read_bytes())
    assert body.pop("sum") and body.pop("boot")
    assert body == {
        "schema": 1,
        "url": bench.server.address,
        "etag": '"one"',
        "size": len(bench.data),
        "sha256": bench.action().sha256,
        "committed": 100_000,
        "ready": False,
    }
