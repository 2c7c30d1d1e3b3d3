"""Several sources of one file: the next one when one fails, and never another content in the place of the one planned."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import pytest
from comfyfixersmart.core.actions.download import check_offer, fetch_file
from comfyfixersmart.core.actions.download.announce import head_of, strong
from comfyfixersmart.core.actions.types import MISMATCH, VERIFIED, ActionFailed, Offer, Quiet
from comfyfixersmart.core.http import Http, NoAnswer

faults = sys.modules["faults_scripted"]
cut, usual, drops, answer, says = faults.cut, faults.usual, faults.drops, faults.answer, faults.says


def other_body(data: bytes) -> bytes:
    """Of the same size, with a sound header."""
    return data[:-1000] + bytes(1000)


def test_the_next_source_goes_on_where_the_first_one_stopped(bench: Any, serve: Any) -> None:
    mirror = serve(bench.data)
    bench.server.then(cut(100_000))
    bench.server.always = drops
    done = bench.fetch(bench.action(bench.server, mirror))
    assert (done.check, done.offer) == (VERIFIED, "direct:2") and bench.whole() and mirror.starts == [100_000]
    assert "if-range" not in mirror.asks[0].headers  # that mark is the other one's


@pytest.mark.parametrize("first", [says(404), says(401), says(410), says(403), answer(Content_Type="text/html"), drops])
def test_the_next_source_when_one_refuses(bench: Any, serve: Any, first: Any) -> None:
    mirror = serve(bench.data)
    bench.server.always = first
    assert bench.fetch(bench.action(bench.server, mirror)).offer == "direct:2" and bench.whole()


def test_another_body_of_the_same_size(bench: Any) -> None:
    """Kept aside, never under the final name, and said so."""
    bench.server.always = answer(data=other_body(bench.data))
    failed = bench.fails()
    assert (failed.code, failed.check, failed.voids) == ("mismatch", MISMATCH, False)
    (output,) = failed.outputs
    assert output.path == str(bench.part).removesuffix(".part") + ".mismatch" and (output.before, output.after) == (
        False,
        True,
    )
    assert bench.lies() == [output.path.rpartition("/")[2]]
    assert (bench.models / bench.lies()[0]).read_bytes() == other_body(bench.data)
    assert len(bench.server.asks) == 1


def test_a_second_mismatch_does_not_replace_the_first(bench: Any) -> None:
    bench.server.always = answer(data=other_body(bench.data))
    bench.fails()
    bench.fails()
    assert [name.rpartition(".")[0].rpartition(".")[2][12:] for name in bench.lies()] == ["-2", ""]


def test_a_mismatch_and_the_next_source(bench: Any, serve: Any) -> None:
    mirror = serve(bench.data)
    bench.server.always = answer(data=other_body(bench.data))
    done = bench.fetch(bench.action(bench.server, mirror))
    assert (done.check, done.offer) == (VERIFIED, "direct:2") and bench.whole()
    assert [one.path.endswith(".mismatch") for one in done.outputs] == [False, True]
    assert mirror.starts == [None]


def test_a_source_that_changed_voids_only_where_no_other_has_it(bench: Any, serve: Any) -> None:
    mirror = serve(bench.data)
    bench.server.always = answer(data=bench.data + bytes(5000))
    assert bench.fetch(bench.action(bench.server, mirror)).check == VERIFIED
    bench.path.unlink()
    mirror.always = drops
    failed = bench.fails(bench.action(bench.server, mirror))
    assert (failed.code, failed.pauses, failed.voids) == ("unreachable", True, False)
    assert "Hugging Face serves something else now" in failed.message
    mirror.always = answer(data=bench.data + bytes(6000))
    assert bench.fails(bench.action(bench.server, mirror)).voids


def test_a_mirror_that_changed_costs_nothing_of_what_is_here(bench: Any, serve: Any) -> None:
    mirror = serve(bench.data)
    bench.begin(100_000)
    bench.server.always = drops
    for size, ranges in ((306_000, True), (200_000, False)):
        mirror.data, mirror.always = bytes(size), answer(ranges=ranges)
        assert bench.fails(bench.action(bench.server, mirror)).pauses and bench.part.stat().st_size == 100_000
    bench.server.always = usual
    bench.server.asks.clear()
    assert bench.fetch().check == VERIFIED and bench.server.starts == [100_000]


def test_what_can_still_work_is_what_is_said_first(bench: Any, serve: Any) -> None:
    mirror = serve(bench.data)
    bench.server.always = says(410)
    mirror.always = cut(0)
    failed = bench.fails(bench.action(bench.server, mirror))
    assert failed.pauses and failed.message.startswith("Mirror 2 did not answer") and "archived" in failed.message


def test_no_source_at_all(bench: Any) -> None:
    assert bench.fails(bench.action(offers=())).code == "no_source"


def test_a_part_of_another_source_is_not_gone_on_with_unless_there_is_a_hash(bench: Any, serve: Any) -> None:
    """The address of the one source changed between two runs, and nothing but its size is known."""
    action = bench.action(sha256=None)
    bench.server.then(cut(100_000), *[drops] * 20)
    bench.fails(action)
    bench.server._next.clear()
    bench.server.asks.clear()
    moved = action.offers[0]._replace(url=bench.server.address + "2")
    assert bench.fetch(bench.action(sha256=None, offers=(moved,))).check == "size_only" and bench.whole()
    assert bench.server.starts == [None]


# ---- what a source announces --------------------------------------------------------------------------------


def linked(bench: Any, sha256: str, size: int) -> Any:
    """A hub: HEAD tells the hash, GET sends the file."""

    def it(wire: Any) -> None:
        if wire.ask.method == "HEAD":
            told = {
                "X-Linked-Size": size,
                "X-Linked-ETag": f'"{sha256}"',
                "Location": bench.server.address,
                "ETag": '"x"',
            }
            return wire.head(302, {**told, "Content-Length": 0})
        return wire.serve()

    return it


def test_a_hub_that_has_another_hash_by_now(bench: Any) -> None:
    bench.server.always = linked(bench, "b" * 64, len(bench.data))
    hub = bench.action().offers[0]._replace(source="huggingface")
    failed = bench.fails(bench.action(offers=(hub,)))
    assert (failed.code, failed.voids) == ("source_changed", True) and bench.server.served == 0
    bench.server.always = linked(bench, bench.action().sha256, len(bench.data))
    assert bench.fetch(bench.action(offers=(hub,))).check == VERIFIED


def asked(bench: Any, source: str, size: int | None = None, sha256: str | None = None) -> Any:
    offer = Offer("x", source, "Somewhere", bench.server.address)
    with contextlib.closing(Http(trusted={bench.server.host}, clock=bench.clock)) as http:
        return check_offer(offer, size, sha256, http)


def test_what_an_offer_announces(bench: Any) -> None:
    assert asked(bench, "civitai") == (300_000, '"one"', None)
    assert [one.method for one in bench.server.asks] == ["GET"]
    bench.server.always = linked(bench, "c" * 64, 300_000)
    assert asked(bench, "huggingface") == (300_000, "", "c" * 64)
    bench.server.always = linked(bench, "*" * 64, 300_000)
    assert asked(bench, "modelscope") == (300_000, '"one"', None)
    bench.server.always = answer(ranges=False, etag='W/"weak"')
    assert asked(bench, "direct") == (300_000, "", None)
    bench.server.always = says(401, b'{"message": "log in"}')
    with pytest.raises(NoAnswer) as caught:
        asked(bench, "direct")
    assert caught.value.said == "log in"


@pytest.mark.parametrize(("source", "accept"), [("civitai", "application/json, */*;q=0.9"), ("huggingface", "*/*")])
def test_who_answers_in_pages_is_asked_for_data(bench: Any, source: str, accept: str) -> None:
    """Civitai shows its page to sign in to whoever does not ask for JSON."""
    asked(bench, source)
    offer = bench.action().offers[0]._replace(source=source)
    assert bench.fetch(bench.action(offers=(offer,))).check == VERIFIED
    assert {one.headers["accept"] for one in bench.server.asks} == {accept} and len(bench.server.asks) > 1


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (206, {"content-range": "bytes 5-9/20", "content-length": "5"}, (True, 5, 10, 20, "", True)),
        (200, {"content-range": "bytes 5-9/*"}, (True, 5, 10, None, "", True)),
        (200, {"content-length": "20, 20"}, (False, 0, 20, 20, "", True)),
        (200, {}, (False, 0, None, None, "", True)),
        (206, {}, (False, 0, None, None, "", False)),
        (206, {"content-range": "bytes 5-9/20", "content-length": "6"}, (True, 5, 10, 20, "", False)),
        (206, {"content-range": "bytes 9-5/20"}, (True, 9, 6, 20, "", False)),
        (206, {"content-range": "bytes 5-25/20"}, (True, 5, 26, 20, "", False)),
        (416, {"content-range": "bytes */20", "etag": '"e"'}, (True, 0, 0, 20, '"e"', True)),
        (416, {}, (True, 0, 0, None, "", True)),
    ],
)
def test_heads(status: int, headers: dict[str, str], expected: tuple[Any, ...]) -> None:
    assert head_of(status, headers) == expected


def test_strong_marks() -> None:
    assert strong(' "a-1" ') == '"a-1"'
    assert [strong(one) for one in ("", '""', 'W/"a"', "a", '"a', '"a" , "b"', '"a\x7f"', '"\xe9"')] == [""] * 8


def test_a_client_that_was_cancelled(bench: Any) -> None:
    http = Http(trusted={bench.server.host}, cancel=lambda: True)
    with contextlib.closing(http), pytest.raises(NoAnswer) as caught:
        fetch_file(bench.action(), http, Quiet())
    assert caught.value.code == "cancelled" and not isinstance(caught.value, ActionFailed) and bench.lies() == []
