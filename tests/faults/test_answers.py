"""Answers that are wrong about themselves: lengths, ranges, marks. Nothing of them is ever taken for the file."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from comfyfixersmart.core.actions.types import SIZE_ONLY, VERIFIED

faults = sys.modules["faults_scripted"]
cut, usual, answer, says = faults.cut, faults.usual, faults.answer, faults.says


def untouched(bench: Any) -> bool:
    """Nothing has the final name, and nothing is left beside it."""
    return bench.lies() == []


# ---- lengths ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hashed", [True, False])
@pytest.mark.parametrize("length", [200_000, 5, 0, 400_000, 1 << 40])
def test_a_length_other_than_planned_is_another_file(bench: Any, length: int, hashed: bool) -> None:
    bench.server.always = answer(Content_Length=length)
    failed = bench.fails(bench.action() if hashed else bench.action(sha256=None))
    assert (failed.code, failed.voids, failed.pauses) == ("source_changed", True, False) and untouched(bench)
    assert len(bench.server.asks) == 1


def test_without_a_hash_one_byte_more_is_another_file(bench: Any) -> None:
    bench.server.always = answer(data=bench.data + b"x")
    assert bench.fails(bench.action(sha256=None)).code == "source_changed" and untouched(bench)


def test_a_size_that_is_a_little_off_is_settled_by_the_hash(bench: Any) -> None:
    """Civitai tells sizes in parts of a kilobyte."""
    assert bench.fetch(bench.action(size=len(bench.data) - 1)).check == VERIFIED and bench.whole()


def test_two_lengths(bench: Any) -> None:
    bench.server.always = answer(Content_Length="300000\r\nContent-Length: 299000")
    assert bench.fails().code == "unexpected_shape" and untouched(bench)


@pytest.mark.parametrize("how", ["chunked", "plain"])
def test_no_length_is_well_where_the_plan_knows_it(bench: Any, how: str) -> None:
    bench.server.always = answer(**{how: True})
    assert bench.fetch().check == VERIFIED and bench.whole()
    bench.path.unlink()
    assert bench.fetch(bench.action(sha256=None)).check == SIZE_ONLY and bench.whole()
    bench.path.unlink()
    assert bench.fetch(bench.action(size=None)).check == VERIFIED and bench.whole()


def test_no_length_at_all_where_nothing_could_tell(bench: Any) -> None:
    bench.server.always = answer(chunked=True, data=b"\x80\x02" + bench.data)
    path = bench.models / "ink.ckpt"
    failed = bench.fails(bench.action(sha256=None, size=None, destination=str(path)))
    assert failed.code == "unusable_answer" and untouched(bench)


@pytest.mark.parametrize("how", ["chunked", "plain"])
def test_a_body_that_is_too_long_is_cut_and_refused(bench: Any, how: str) -> None:
    bench.server.always = answer(data=bench.data + b"x" * 5_000_000, **{how: True})
    assert bench.fails().code == "too_large" and untouched(bench)
    assert len(bench.server.asks) == 1


def test_a_short_body_under_the_right_length_is_a_cut(bench: Any) -> None:
    bench.server.then(cut(299_990), usual)
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [None, 299_990]


def test_a_short_body_that_says_it_is_whole(bench: Any) -> None:
    """The last chunk comes too early: what is missing is asked for."""
    bench.server.then(answer(data=bench.data[:100_000], chunked=True), usual)
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [None, 100_000]


def test_with_neither_hash_nor_size_a_header_that_is_cut_off_tells(bench: Any) -> None:
    bench.server.always = answer(data=bench.data[:100_000], chunked=True)
    failed = bench.fails(bench.action(sha256=None, size=None))
    assert (failed.code, failed.check) == ("mismatch", "mismatch") and not bench.path.exists()


# ---- ranges -----------------------------------------------------------------------------------------------


def test_a_range_that_is_ignored_begins_at_0_with_that_very_answer(bench: Any) -> None:
    bench.begin(100_000)
    bench.server.always = answer(ranges=False)
    assert bench.fetch().check == VERIFIED and bench.whole()
    assert bench.server.starts == [100_000] and bench.server.served == len(bench.data)


def test_a_range_that_is_answered_with_200_and_content_range(bench: Any) -> None:
    """ModelScope does so: Content-Range decides, not the status."""
    bench.begin(100_000)
    bench.server.always = answer(status=200)
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.served == 200_000


WRONG = [
    "bytes 99999-299999/300000",
    "bytes 100001-299999/300000",
    "bytes 100000-299999/300001",
    "bytes 100000-300000/300000",
    "bytes 100000-99999/300000",
    "bytes 100000-299998/300000",
    "bytes */300000",
    "items 100000-299999/300000",
    "",
    "bytes 100000-299999/300000\r\nContent-Range: bytes 0-1/300000",
]


@pytest.mark.parametrize("told", WRONG)
def test_another_part_than_asked_for(bench: Any, told: str) -> None:
    bench.begin(100_000)
    bench.server.then(answer(Content_Range=told))
    assert bench.fetch().check == VERIFIED and bench.whole()
    assert bench.server.starts == [100_000, None]


def test_another_part_each_time(bench: Any) -> None:
    bench.begin(100_000)
    bench.server.then(answer(Content_Range=WRONG[0]), cut(50_000), answer(Content_Range=WRONG[0]))
    failed = bench.fails()
    assert failed.code == "unusable_answer" and not bench.path.exists()


def test_several_parts(bench: Any) -> None:
    """What we cannot read is not asked for again and again: without a range the whole file comes."""
    bench.begin(100_000)
    kind = "multipart/byteranges; boundary=x"
    bench.server.always = lambda wire: wire.serve(Content_Type=kind) if wire.ask.start else wire.serve()
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [100_000, None]
    bench.path.unlink()
    bench.server.asks.clear()
    bench.server.always = answer(Content_Type=kind)
    failed = bench.fails()
    assert "several parts" in failed.message and len(bench.server.asks) == 1 and untouched(bench)


def test_206_without_a_range_asked_for(bench: Any) -> None:
    bench.server.always = answer(status=206)
    assert bench.fails().code == "unusable_answer" and untouched(bench)


def test_parts_as_small_as_the_source_likes(bench: Any) -> None:
    """Each answer brings less than was asked for, and says so."""

    def little(wire: Any) -> None:
        start = wire.ask.start or 0
        end = min(start + 40_000, len(bench.data))
        told = {"Content-Range": f"bytes {start}-{end - 1}/{len(bench.data)}", "Content-Length": end - start}
        wire.head(206, {**told, "ETag": '"one"'})
        wire.body(bench.data[start:end], at=start)

    bench.server.always = little
    assert bench.fetch().check == VERIFIED and bench.whole() and len(bench.server.asks) == 8
    assert bench.clock.slept == 0


# ---- 416 --------------------------------------------------------------------------------------------------


def test_416_where_all_is_here(bench: Any) -> None:
    """The plan knows no size, so it has to be asked for more than there is."""
    action = bench.action(size=None)
    bench.server.then(cut(300_000, plain=True, rst=True), *[faults.drops] * 40)
    bench.fails(action)
    bench.part.write_bytes(bench.data)
    (bench.models / (bench.part.name + ".json")).unlink()
    bench.server._next.clear()
    bench.server.asks.clear()
    assert bench.fetch(action).check == VERIFIED and bench.whole() and bench.server.starts == [300_000]


def test_416_where_nothing_but_its_mark_is_known(bench: Any) -> None:
    """Neither size nor hash; it was cut off in its last byte, so that nobody saw its end."""
    action = bench.action(size=None, sha256=None)
    bench.server.then(cut(300_000, chunked=True), usual)
    assert bench.fetch(action).check == SIZE_ONLY and bench.whole() and bench.server.starts == [None, 300_000]


@pytest.mark.parametrize("told", ["bytes */300000", "bytes */100000", "nonsense", None])
def test_416_where_something_is_missing(bench: Any, told: str | None) -> None:
    bench.begin(100_000)
    bench.server.then(says(416, **({"Content_Range": told} if told else {})))
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [100_000, None]


def test_416_each_time(bench: Any) -> None:
    bench.begin(100_000)
    bench.server.always = says(416, Content_Range="bytes */300000")
    assert bench.fails().code == "unusable_answer" and not bench.path.exists()


# ---- marks ------------------------------------------------------------------------------------------------


def test_another_file_from_now_on(bench: Any) -> None:
    """The content of the same size changed midway: what was here of the old one goes."""
    bench.server.then(cut(100_000, etag='"old"', data=bytes(264) + bench.data[264:]))
    bench.server.data = bench.data
    old = bench.data[:9] + b" " * 3 + bench.data[12:]
    bench.server._next[:] = [cut(100_000, etag='"old"', data=old)]
    assert bench.fetch().check == VERIFIED and bench.whole()
    assert bench.server.asks[1].headers["if-range"] == '"old"' and bench.server.served == 400_000


@pytest.mark.parametrize("etag", ['W/"weak"', None, "bare", '""'])
def test_without_a_strong_mark_the_hash_decides(bench: Any, etag: str | None) -> None:
    bench.server.then(cut(100_000, etag=etag), answer(etag=etag))
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.served == 300_000
    assert "if-range" not in bench.server.asks[1].headers


def test_without_mark_and_hash_it_begins_at_0(bench: Any) -> None:
    bench.server.then(cut(100_000, etag=None), answer(etag=None))
    assert bench.fetch(bench.action(sha256=None)).check == SIZE_ONLY and bench.whole()
    assert bench.server.starts == [None, None]


def test_a_range_that_lies_about_its_mark_is_found_by_the_hash(bench: Any) -> None:
    """No mark, another content, and only the hash sees it: all of it once more, in one go."""
    other = bench.data[:200_000] + bytes(100_000)
    bench.server.then(cut(100_000, etag=None), answer(etag=None, data=other))
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [None, 100_000, None]


def test_206_with_another_mark(bench: Any) -> None:
    bench.begin(100_000)

    def careless(wire: Any) -> None:
        wire.ask.headers.pop("if-range", None)
        wire.serve(etag='"two"')

    bench.server.then(careless)
    bench.server.always = answer(etag='"two"')
    assert bench.fetch().check == VERIFIED and bench.whole() and bench.server.starts == [100_000, None]


def test_another_mark_each_time_without_a_hash(bench: Any) -> None:
    bench.server.then(cut(100_000, etag='"a"'), cut(100_000, etag='"b"'), cut(100_000, etag='"c"'), cut(9, etag='"d"'))
    failed = bench.fails(bench.action(sha256=None))
    assert (failed.code, failed.voids) == ("source_changed", True) and not bench.path.exists()


def test_another_mark_each_time_with_a_hash(bench: Any) -> None:
    """Two servers behind one name that number the same file differently: the hash decides."""
    bench.server.then(cut(100_000, etag='"a"'), cut(100_000, etag='"b"'), cut(100_000, etag='"c"'), answer(etag='"d"'))
    assert bench.fetch().check == VERIFIED and bench.whole()


def test_another_mark_than_planned(bench: Any) -> None:
    action = bench.action(sha256=None)
    action = bench.action(sha256=None, offers=(action.offers[0]._replace(etag='"planned"'),))
    failed = bench.fails(action)
    assert (failed.code, failed.voids) == ("source_changed", True) and untouched(bench)
