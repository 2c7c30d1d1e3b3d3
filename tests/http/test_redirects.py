"""Where a redirect may lead, and what is told to whom on the way. A canary stands for a token."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.http import Http, NoAnswer
from comfyfixersmart.core.sources.answers import Answers
from comfyfixersmart.core.sources.asking import Asker

CANARY = "canary-5ecre7"
BEARER = f"Bearer {CANARY}"


@pytest.fixture
def tokened(client: Callable[..., Http], replay: Any, other: Any) -> Http:
    """A client that may speak to both services and has a token for the first."""
    return client(trusted={replay.host, other.host}, tokens={replay.host: BEARER})


def told(service: Any) -> list[str | None]:
    """The Authorization of every request that a service got."""
    return [one.headers.get("authorization") for one in service.log]


def body_of(http: Http, url: str) -> Any:
    return http.json(url).body


def test_a_request_says_who_we_are_and_what_we_take(http: Http, replay: Any) -> None:
    http.json(
        replay.address + "/thing", params=[("q", "a b"), ("type", "LORA"), ("type", "VAE")], headers={"X-Own": "1"}
    )
    asked = replay.log[0]
    assert asked.query == {"q": ["a b"], "type": ["LORA", "VAE"]}
    assert asked.headers["user-agent"].startswith("ComfyFixerSmart/") and "Mozilla" not in asked.headers["user-agent"]
    assert (asked.headers["accept"], asked.headers["accept-encoding"]) == ("application/json", "gzip")
    assert (asked.headers["host"], asked.headers["x-own"]) == (replay.host, "1")
    assert not {"cookie", "authorization", "referer"} & asked.headers.keys()


def test_a_question_can_be_posted(http: Http, replay: Any) -> None:
    answer = http.json(replay.address + "/thing", post=["ink", "\ud800"])
    assert answer.body == {"heard": ["ink", "\ud800"]}
    assert replay.log[0].headers["content-type"] == "application/json"
    http.json(replay.address + "/thing", post=[])
    assert replay.log[1].method == "POST" and replay.log[1].json() == []


def test_odd_names_are_sent_as_they_can_be(http: Http, replay: Any) -> None:
    http.json(replay.address + "/thing?a=1", params={"q": "墨 & \ud800"})
    assert replay.log[0].query == {"a": ["1"], "q": ["墨 & ?"]}


@pytest.mark.parametrize("call", ["json", "range0"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_host_keeps_the_token(tokened: Http, replay: Any, call: str, status: int) -> None:
    replay.fault("/old", replay.Fault.redirect("/thing?x=1", status))
    answer = getattr(tokened, call)(replay.address + "/old")
    assert (answer.status, answer.url) == (200, replay.address + "/thing?x=1")
    assert told(replay) == [BEARER, BEARER]


@pytest.mark.parametrize("call", ["json", "range0"])
def test_another_port_is_another_host(tokened: Http, replay: Any, other: Any, call: str) -> None:
    """And the range is asked for there as well, but nothing that the caller said for the first host alone."""
    replay.fault("/old", replay.Fault.redirect(other.address + "/thing", 307))
    answer = getattr(tokened, call)(replay.address + "/old", headers={"X-Own": CANARY, "Cookie": CANARY})
    assert (answer.status, answer.url) == (200, other.address + "/thing")
    assert told(replay) == [BEARER] and replay.log[0].headers["x-own"] == CANARY
    assert CANARY not in str(other.log)
    assert other.log[0].headers.get("range") == ("bytes=0-0" if call == "range0" else None)


def test_a_token_does_not_come_back_from_another_host(tokened: Http, replay: Any, other: Any) -> None:
    """There and back again: who sent us back might have chosen where to."""
    replay.fault("/old", replay.Fault.redirect(other.address + "/between"))
    other.fault("/between", other.Fault.redirect(replay.address + "/thing"))
    assert tokened.json(replay.address + "/old").body == {"name": "ink"}
    assert told(replay) == [BEARER, None] and told(other) == [None]


def test_a_token_of_the_other_host_is_not_lent_to_a_redirect(client: Any, replay: Any, other: Any) -> None:
    http = client(trusted={replay.host, other.host}, tokens={other.host: BEARER})
    replay.fault("/old", replay.Fault.redirect(other.address + "/thing"))
    http.json(replay.address + "/old")
    assert told(other) == [None]
    http.json(other.address + "/thing")
    assert told(other) == [None, BEARER]


def test_a_token_may_have_a_header_of_its_own(client: Any, replay: Any, other: Any) -> None:
    http = client(trusted={replay.host, other.host}, tokens={replay.host: ("X-Subscription-Token", CANARY)})
    replay.fault("/old", replay.Fault.redirect(other.address + "/thing"))
    http.json(replay.address + "/old")
    assert replay.log[0].headers["x-subscription-token"] == CANARY and CANARY not in str(other.log)


def test_a_token_goes_to_its_host_and_port_only(client: Any, replay: Any, other: Any) -> None:
    for names in (
        {"127.0.0.1": BEARER},
        {other.host: BEARER},
        {"localhost": BEARER},
        {f"localhost:{replay.port}": BEARER},
    ):
        client(tokens=names).json(replay.address + "/thing")
    assert told(replay) == [None] * 4


def test_without_encryption_a_token_stays_here(clock: Any) -> None:
    """Whatever the caller says for one host counts as a token too."""
    http = Http(tokens={"good.example": BEARER}, trusted={"own.example"}, clock=clock)
    from comfyfixersmart.core.http.address import target
    from comfyfixersmart.core.http.types import Ask

    ask = Ask("GET", (200,), {"accept": "*/*", "x-own": CANARY})
    assert http._headers(target("http://good.example/"), ask, True) == ({"accept": "*/*"}, "")
    assert http._headers(target("https://good.example/"), ask, False) == ({"accept": "*/*"}, "")
    assert http._headers(target("https://good.example:8443/"), ask, True)[1] == ""
    assert http._headers(target("https://good.example/"), ask, True)[0]["authorization"] == BEARER
    assert http._headers(target("http://own.example/"), ask, True)[0]["x-own"] == CANARY


@pytest.mark.parametrize(
    "key", [f"{CANARY}\r\nX-Evil: 1", f"{CANARY}\n", f"{CANARY}\0", f"{CANARY}é", f"{CANARY}\ud800"]
)
def test_a_key_that_cannot_be_one_is_not_sent(client: Any, replay: Any, refusal: Any, key: str) -> None:
    error = refusal(client(tokens={replay.host: key}).json, replay.address + "/thing")
    assert error.code == "key_refused" and not replay.log


def test_a_refused_key_is_told_from_a_missing_one(client: Any, replay: Any, refusal: Any) -> None:
    replay.fault("/thing", replay.Fault.status(401))
    error = refusal(client(tokens={replay.host: BEARER}).json, replay.address + "/thing")
    assert (error.code, error.status) == ("key_refused", 401) and "key" in error.hint
    error = refusal(client().json, replay.address + "/thing")
    assert (error.code, error.status) == ("unexpected_status", 401)
    assert client().json(replay.address + "/thing", accept=(200, 401)).body == {"error": "status 401"}


def test_head_never_follows(tokened: Http, replay: Any, other: Any) -> None:
    replay.fault("/file", replay.Fault.redirect(other.address + "/thing"), times=1)
    answer = tokened.head(replay.address + "/file")
    assert (answer.status, answer.headers["location"]) == (302, other.address + "/thing")
    assert tokened.head(replay.address + "/file").headers["content-length"] == "10000"
    assert not other.log and replay.log[0].method == "HEAD"


def test_a_loop_ends(http: Http, replay: Any, refusal: Any) -> None:
    replay.fault("/old", replay.Fault.loop)
    assert refusal(http.json, replay.address + "/old").code == "too_many_redirects"
    assert len(replay.log) == 6


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://good.example/x", "data:application/json,{}", "http://169.254.169.254/latest/meta-data",
     "http://localhost/", "http://[::1]/", "http://0x7f.1/", "http://a:b@good.example/", "http://[::1", "http://127.0.0.1:1/"],
)  # fmt: skip
@pytest.mark.parametrize("call", ["json", "range0", "fetch"])
def test_a_redirect_out_of_the_web_is_refused(
    http: Http, replay: Any, refusal: Any, location: str, call: str, ways: Any
) -> None:
    replay.fault("/old", replay.Fault.redirect(location))
    asking = dict(zip(("json", "head", "range0", "fetch"), ways(http), strict=True))[call]
    error = refusal(asking, replay.address + "/old")
    assert error.code == "refused_address" and len(replay.log) == 1


def test_a_redirect_to_a_host_that_nobody_trusted(http: Http, replay: Any, other: Any, refusal: Any, ways: Any) -> None:
    replay.fault("/old", replay.Fault.redirect(other.address + "/thing"))
    for call in ways(http)[2:]:
        assert refusal(call, replay.address + "/old").code == "refused_address"
    assert refusal(http.json, replay.address + "/old").code == "refused_address"
    assert not other.log


def test_a_redirect_to_nowhere(http: Http, replay: Any, refusal: Any) -> None:
    replay.add("GET", "/old", replay.Reply(None, 302))
    error = refusal(http.json, replay.address + "/old")
    assert (error.code, error.status) == ("unexpected_status", 302)


def test_spaces_and_letters_in_a_redirect(tokened: Http, replay: Any) -> None:
    """As some storages send them: not encoded."""
    replay.add("GET", "/files/{name}", lambda request: {"name": request.names["name"]})
    replay.fault("/old", replay.Fault.redirect("/files/a b\u00e9.json"))
    assert tokened.json(replay.address + "/old").body == {"name": "a b\u00e9.json"}


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_what_is_posted_is_told_to_no_other_host(
    tokened: Http, replay: Any, other: Any, refusal: Any, status: int, method: str
) -> None:
    replay.fault("/here", replay.Fault.redirect("/thing", status))
    tokened.json(replay.address + "/here", post=["ink"])
    assert [one.method for one in replay.log] == ["POST", method]
    assert replay.log[1].body == (b'["ink"]' if method == "POST" else b"")
    replay.fault("/there", replay.Fault.redirect(other.address + "/thing", status))
    if method == "POST":
        assert refusal(tokened.json, replay.address + "/there", post=["ink"]).code == "unexpected_status"
        assert not other.log
    else:
        tokened.json(replay.address + "/there", post=["ink"])
        assert (other.log[0].method, other.log[0].body) == ("GET", b"")
        assert "content-type" not in other.log[0].headers


def test_no_cookie_is_kept(http: Http, replay: Any) -> None:
    replay.add("GET", "/cookie", replay.Reply({}, headers={"Set-Cookie": "a=1"}))
    http.json(replay.address + "/cookie")
    http.json(replay.address + "/thing")
    assert "cookie" not in replay.log[1].headers


def test_the_canary_shows_up_nowhere(
    client: Any, replay: Any, other: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every fault there is, with all logs on: not in logs, errors, their traces, the steps, nor the answers on disk."""
    caplog.set_level(logging.DEBUG)
    answers, steps = Answers(tmp_path), []
    fault = replay.Fault
    ills = [
        *(fault.status(code) for code in (401, 403, 404, 410, 422, 500, 502, 503, 524)),
        *(fault.status(429, retry_after=after) for after in ("1", "1e9", "-1", "soon")),
        *(
            fault.html,
            fault.challenge,
            fault.truncated,
            fault.reset,
            fault.loop,
            fault.nan,
            fault.deep(),
            fault.huge(9 << 20),
        ),
        *(fault.redirect(to) for to in (other.address + "/thing", "file:///x", "http://10.0.0.1/", "/thing")),
    ]
    texts: list[str] = []
    for number, ill in enumerate(ills):
        http = client(trusted={replay.host, other.host}, tokens={replay.host: BEARER})
        asker = Asker(http, answers)
        replay.fault(f"/{number}", ill)
        try:
            asker.ask("one", f"thing {number}", "Asked", partial(body_of, http, f"{replay.address}/{number}"))
        except NoAnswer as error:
            texts += [
                str(error),
                repr(error),
                json.dumps(error.as_json()),
                *traceback.format_exception(error),
                str(vars(error)),
            ]
        steps += asker.steps
        texts += [repr(http), str(http.counts)]
    texts += [caplog.text, str(steps), str(other.log)]
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert CANARY not in "".join(texts) and files
    assert not [one for one in files if CANARY.encode() in one.read_bytes() or CANARY in one.name]
    assert BEARER in told(replay) and len(steps) == len(ills)


def test_over_https(replay: Any, other: Any, secure: Any, certified: Any, client: Any, refusal: Any) -> None:
    """Encrypted, a redirect leads to what is not encrypted only where a person trusted that very host."""
    http = client(trusted={replay.host, secure.host}, tokens={secure.host: BEARER}, verify=certified[1])
    assert http.json(secure.address + "/thing").body == {"name": "secure"}
    secure.fault("/down", secure.Fault.redirect(replay.address + "/thing"))
    assert http.json(secure.address + "/down").body == {"name": "ink"} and told(replay) == [None]
    secure.fault("/stranger", secure.Fault.redirect(other.address + "/thing"))
    error = refusal(http.json, secure.address + "/stranger")
    assert (error.code, other.log) == ("refused_address", []) and "encryption" in error.message
    assert told(secure) == [BEARER] * 3


def test_a_certificate_that_nobody_vouches_for(secure: Any, client: Any, refusal: Any) -> None:
    error = refusal(client(trusted={secure.host}, tokens={secure.host: BEARER}).json, secure.address + "/thing")
    assert (error.code, error.message) == ("unreachable", "its certificate is not valid") and not secure.log
