"""The guard as a function: which hosts, origins and places it takes, and that nothing foreign passes whatever it is called."""

from __future__ import annotations

import ipaddress
import string
from typing import Any

import pytest
from comfyfixersmart.server_routes.guard import (
    CHANGE,
    CHECK,
    LOCAL,
    READ,
    Facts,
    Refusal,
    Rules,
    authority,
    change_refused,
    judge,
    rights_refused,
)
from hypothesis import given, settings
from hypothesis import strategies as st

STRICT = Rules()
HOME = "127.0.0.1:8188"
KINDS = (READ, CHECK, CHANGE, LOCAL)

# None of these may ever be taken for this computer, for an address, or for a name that was not configured.
FOREIGN_HOSTS = (
    *("evil.example", "evil.example:8188", "EVIL.EXAMPLE", "127.0.0.1.evil.example", "127.0.0.1.evil.example:8188"),
    *("localhost.evil.example", "evil-localhost", "localhostevil", "xlocalhost", "127-0-0-1.evil.example"),
    *("127.0.0.1.nip.io", "7f000001.rbndr.us", "localtest.me", "lvh.me", "a.localhost", "localhost.localdomain"),
    *("localhost.", "localhost.:8188", "127.0.0.1.", "127.0.0.1.:8188", ".localhost", "..", ".", "-localhost"),
    *("user@127.0.0.1", "127.0.0.1@evil.example", "evil.example@127.0.0.1:8188", "localhost@evil.example:80"),
    *("127.1", "127.0.1", "127.1:8188", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001"),
    *("127.000.000.001", "127.0.0.1/8", "127.0.0.256", "127.0.0", "127.0.0.1.1", "127.0.0.-1", "0", "1"),
    *("[::1", "::1]", "::1", "::1:8188", "[::1]]", "[[::1]]", "[::1%eth0]", "[::1%25lo]", "[127.0.0.1]", "[localhost]"),
    *("[::1]evil.example", "[::1].evil.example", "[evil.example]", "[fe80::1%1]:8188", "[::g]", "[]", "[:]", "[::1]:x"),
    *("127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1:8188:80", "127.0.0.1:+80", "127.0.0.1:-1", ":8188"),
    *("127.0.0.1, evil.example", "evil.example, 127.0.0.1", "127.0.0.1 evil.example", "127.0.0.1\tevil.example"),
    *(" 127.0.0.1", "127.0.0.1 ", "localhost ", " localhost", "", " ", "127.0.0.1\x00", "localhost\x00.evil.example"),
    *("127.0.0.1#evil.example", "127.0.0.1?x", "127.0.0.1/x", "127.0.0.1\\evil.example", "http://127.0.0.1", "*"),
    *("127.0.0.1%00.evil.example", "%6c%6f%63%61%6c%68%6f%73%74", "localhost%2eevil.example", "127。0。0。1"),
    *(
        "lоcalhost",
        "ⓛocalhost",
        "\uff4cocalhost",
        "ⅼocalhost",
        "１２７.0.0.1",
        "١٢٧.0.0.1",
        "xn--lcalhost-8ya",
        "loca\u00adlhost",
    ),
    *("null", "undefined", "a" * 300, "1" * 300, "127.0.0.1" + "0" * 300, "\udc80", "comfy.lan", "my-pc", "host_1"),
)
# (host, is it this computer's own name)
GOOD_HOSTS = (
    *(
        (each, True)
        for each in ("localhost", "LocalHost:8188", "127.0.0.1", "127.0.0.1:1", "127.8.9.10:65535", "[::1]")
    ),
    *((each, True) for each in ("[::1]:8188", "[0:0:0:0:0:0:0:1]:8188", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]:8188")),
    *((each, False) for each in ("192.168.1.5:8188", "10.0.0.1", "8.8.8.8", "0.0.0.0:8188", "[::]:8188", "[fe80::1]")),
    *((each, False) for each in ("[2001:db8::1]:8188", "[::ffff:10.0.0.1]", "255.255.255.255")),
)


def own(kind: str, **changes: Any) -> Facts:
    """What ComfyUI's own page in a current browser sends on the computer that runs it."""
    post = {} if kind == READ else {"content_type": "application/json", "header": "1", "origin": f"http://{HOME}"}
    facts = Facts(host=HOME, site="same-origin", mode="cors", destination="empty", peer="127.0.0.1", **post)
    return facts._replace(**changes)


def code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_page_is_served(kind: str) -> None:
    assert judge(kind, own(kind), STRICT) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_needs_only_what_the_contract_says(kind: str) -> None:
    assert judge(kind, own(kind, origin=None, site=None, mode=None, destination=None), STRICT) is None


@pytest.mark.parametrize("allowed", [STRICT, Rules(allow_remote=True), Rules(allowed_hosts=("comfy.home",))])
def test_no_foreign_host_passes(allowed: Rules) -> None:
    assert len(FOREIGN_HOSTS) >= 100
    passed = [
        (kind, host)
        for kind in KINDS
        for host in (*FOREIGN_HOSTS, None)
        if judge(kind, own(kind, host=host), allowed) is None
    ]
    assert not passed
    assert {code(judge(READ, own(READ, host=host), allowed)) for host in FOREIGN_HOSTS} == {"bad_host"}


@pytest.mark.parametrize(("host", "mine"), GOOD_HOSTS)
def test_addresses_and_localhost_pass(host: str, mine: bool) -> None:
    assert judge(READ, own(READ, host=host), STRICT) is None
    change = own(CHANGE, host=host, origin=f"http://{host.lower()}")
    assert code(judge(CHANGE, change, STRICT)) == (None if mine else "not_local")


def test_a_configured_name_is_read_but_changes_nothing_by_itself() -> None:
    named = Rules(allowed_hosts=("comfy.home",))
    for host in ("comfy.home", "Comfy.Home:8188"):
        assert judge(READ, own(READ, host=host), named) is None
        assert code(judge(CHANGE, own(CHANGE, host=host, origin=f"http://{host}"), named)) == "not_local"
        assert judge(CHANGE, own(CHANGE, host=host, origin=f"http://{host}"), named._replace(allow_remote=True)) is None
    for host in ("x.comfy.home", "comfy.home.evil.example", "comfy.home.", "comfyxhome"):
        assert code(judge(READ, own(READ, host=host), named)) == "bad_host"


# origin, host, this server speaks TLS, the name is configured, is it the same
ORIGINS = (
    ("http://127.0.0.1:8188", HOME, False, False, True),
    ("HTTP://127.0.0.1:8188", HOME, False, False, False),  # browsers write it small
    ("https://127.0.0.1:8188", HOME, False, False, False),
    ("https://127.0.0.1:8188", HOME, True, False, True),
    ("http://127.0.0.1:8188", HOME, True, False, False),
    ("http://127.0.0.1", "127.0.0.1:80", False, False, True),
    ("http://127.0.0.1:80", "127.0.0.1", False, False, True),
    ("https://127.0.0.1", "127.0.0.1:443", True, False, True),
    ("http://127.0.0.1:8189", HOME, False, False, False),
    ("http://127.0.0.1", HOME, False, False, False),
    ("http://localhost:8188", HOME, False, False, False),
    ("http://LOCALHOST:8188", "localhost:8188", False, False, True),
    ("http://[::1]:8188", "[0:0::1]:8188", False, False, True),
    ("http://[::ffff:127.0.0.1]:8188", HOME, False, False, True),
    ("http://comfy.home", "comfy.home", False, True, True),
    ("https://comfy.home", "comfy.home", False, True, True),  # a proxy in front speaks TLS
    ("https://comfy.home:444", "comfy.home", False, True, False),
    ("http://evil.example", "comfy.home", False, True, False),
    *(
        (origin, HOME, False, False, False)
        for origin in ("null", "", "*", "http://", "://127.0.0.1:8188", "127.0.0.1:8188")
    ),
    *(
        (f"{scheme}://{HOME}", HOME, False, False, False)
        for scheme in ("ftp", "file", "chrome-extension", "ws", "HTTP")
    ),
    *(
        (f"http://{HOME}{tail}", HOME, False, False, False)
        for tail in ("/", "/x", "?x", "#x", " ", ".", ", null", "@evil.example")
    ),
    *((f"http://{host}", HOME, False, False, False) for host in FOREIGN_HOSTS),
)


@pytest.mark.parametrize(("origin", "host", "secure", "named", "same"), ORIGINS)
def test_an_origin_is_this_server_or_nothing(origin: str, host: str, secure: bool, named: bool, same: bool) -> None:
    rules = Rules(allow_remote=True, allowed_hosts=("comfy.home",) if named else ())
    for kind in KINDS:
        verdict = judge(kind, own(kind, host=host, origin=origin, secure=secure), rules)
        served = "not_local" if kind == LOCAL and named else None
        assert code(verdict) == (served if same else "bad_origin"), kind


@pytest.mark.parametrize(
    ("site", "open_to"),
    [
        ("same-origin", KINDS),
        ("none", KINDS),
        (None, KINDS),
        *((each, ()) for each in ("same-site", "cross-site", "", "none, none", "SAME-ORIGIN", "x")),
    ],
)
def test_what_the_browser_says_of_the_asking_site(site: str | None, open_to: tuple[str, ...]) -> None:
    for kind in KINDS:
        assert (judge(kind, own(kind, site=site), STRICT) is None) == (kind in open_to)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_from_elsewhere_opens_a_page_but_nothing_is_embedded(site: str) -> None:
    opened = {"site": site, "mode": "navigate", "destination": "document"}
    assert judge(READ, own(READ, **opened), STRICT) is None
    for kind in (CHECK, CHANGE):
        assert code(judge(kind, own(kind, **opened), STRICT)) == "cross_site"
    for mode in ("navigate", "no-cors", "cors", "same-origin", "websocket", None):
        for destination in ("iframe", "frame", "embed", "object", "image", "script", "style", "empty", "report", None):
            embedded = own(READ, site=site, mode=mode, destination=destination)
            assert code(judge(READ, embedded, STRICT)) == "cross_site"


@pytest.mark.parametrize(
    ("content_type", "fine"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        *(
            (each, False)
            for each in (None, "", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded")
        ),
        *(
            (each, False)
            for each in ("text/plain; application/json", "text/plain, application/json", "application/json, text/plain")
        ),
        *(
            (each, False)
            for each in ("application/jsonp", "xapplication/json", "application/ld+json", "application /json", "*/*")
        ),
    ],
)
def test_posts_are_json(content_type: str | None, fine: bool) -> None:
    for kind in (CHECK, CHANGE):
        assert code(judge(kind, own(kind, content_type=content_type), STRICT)) == (None if fine else "bad_content_type")


@pytest.mark.parametrize("header", [None, "", "0", "true", "1, 1", "2"])
def test_posts_carry_our_header(header: str | None) -> None:
    for kind in (CHECK, CHANGE):
        assert code(judge(kind, own(kind, header=header), STRICT)) == "no_header"


ELSEWHERE = (
    *(
        {"peer": peer}
        for peer in ("192.168.1.7", "172.17.0.1", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "0.0.0.0")
    ),
    *({"peer": peer} for peer in (None, "", "localhost", "127.1", "unix", "2001:db8::1")),
    {"passed_on": True},
)


@pytest.mark.parametrize("facts", ELSEWHERE)
def test_only_this_computer_changes_anything_unless_the_person_said_otherwise(facts: dict[str, Any]) -> None:
    assert judge(READ, own(READ, **facts), STRICT) is None
    assert judge(CHECK, own(CHECK, **facts), STRICT) is None
    assert code(judge(CHANGE, own(CHANGE, **facts), STRICT)) == "not_local"
    assert judge(CHANGE, own(CHANGE, **facts), Rules(allow_remote=True)) is None
    for rules in (STRICT, Rules(allow_remote=True)):
        assert code(judge(LOCAL, own(LOCAL, **facts), rules)) == "not_local", "whatever the person allowed"
    assert code(rights_refused(own(CHANGE, **facts), Rules(allow_remote=True))) == "not_local"


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.5.5.5", "::1", "::ffff:127.0.0.1"])
def test_loopback_has_several_addresses(peer: str) -> None:
    assert judge(CHANGE, own(CHANGE, peer=peer), STRICT) is None
    assert rights_refused(own(CHANGE, peer=peer), STRICT) is None


def test_what_is_for_this_computer_says_where_else_it_can_be_set() -> None:
    refusal = judge(LOCAL, own(LOCAL, peer="192.168.1.7"), Rules(allow_remote=True, settings_file="/srv/settings.json"))
    assert refusal and "/srv/settings.json" in refusal.hint and "keys.json" in refusal.hint
    assert "ALLOW_REMOTE" not in refusal.hint, "that would not help"


def test_hints_say_how_to_opt_in() -> None:
    rules = Rules(listen=("0.0.0.0",), settings_file="/srv/user/__comfyfixersmart/settings.json")
    refusal = change_refused(own(CHANGE, peer="192.168.1.7"), rules)
    assert refusal and "192.168.1.7" in refusal.message
    for word in ("COMFYFIXERSMART_ALLOW_REMOTE=1", '"allow_remote": true', rules.settings_file, "http://127.0.0.1"):
        assert word in refusal.hint
    elsewhere = change_refused(own(CHANGE, peer="192.168.1.7"), rules._replace(listen=("192.168.1.5",)))
    assert elsewhere and "http://127.0.0.1" not in elsewhere.hint, "it does not listen there"
    named = judge(READ, own(READ, host="comfy.lan"), rules)
    assert named and "COMFYFIXERSMART_ALLOWED_HOSTS" in named.hint and rules.settings_file in named.hint


NAMES = st.text(alphabet=string.ascii_letters + string.digits + ".-_:[]%@/\\# \x00\t,ſKİé。１", max_size=40)
TAILS = st.sampled_from(["", ".", ":8188", ".evil.example", "@evil.example", "%00", " ", "\n", "]", "[", ":0x50"])


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        NAMES, st.text(max_size=60), st.builds(str.__add__, st.sampled_from(["127.0.0.1", "localhost", "[::1]"]), TAILS)
    )
)
def test_whatever_passes_as_host_is_an_address_or_localhost(host: str) -> None:
    asked = authority(host)
    if judge(READ, own(READ, host=host), STRICT) is None:
        assert asked
        bare = host[1 : host.index("]")] if host.startswith("[") else host.rpartition(":")[0] or host
        assert bare.lower() == "localhost" or ipaddress.ip_address(bare)
        assert host.isascii() and host == host.strip()


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), NAMES.map("http://".__add__), NAMES.map(f"http://{HOME}".__add__)))
def test_whatever_passes_as_origin_is_this_server(origin: str) -> None:
    for kind in KINDS:
        if judge(kind, own(kind, origin=origin), STRICT) is None:
            assert origin.lower() == f"http://{HOME}"


@settings(max_examples=200, deadline=None)
@given(
    st.builds(Facts, *[st.one_of(st.none(), st.text(max_size=20))] * 8, st.booleans(), st.booleans()),
    st.sampled_from(KINDS),
)
def test_rules_only_ever_allow_more(facts: Facts, kind: str) -> None:
    """The routes ask the strictest rules first and look at the person's only after a refusal."""
    if judge(kind, facts, STRICT) is None:
        assert judge(kind, facts, Rules(True, ("comfy.home",), ("0.0.0.0",), "x")) is None
