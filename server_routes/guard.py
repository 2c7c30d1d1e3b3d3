"""Who may call our routes. One decision, values in, values out: `judge(kind, facts, rules)`.

ComfyUI asks nobody who they are, so every web page a person visits can send requests to it, and with `--listen` so can
every machine nearby. Three things are kept apart:

- **What name was asked for.** A page whose own name suddenly leads to this computer (DNS rebinding) sends that name as
  `Host`. An address as such cannot be rebound, so addresses and `localhost` pass; any other name has to be configured.
- **Which page asked.** Another site's page cannot set our header or a JSON content type without asking first, and
  browsers add `Origin` and `Sec-Fetch-*` that it cannot forge. All of them are demanded, so that none carries the weight
  alone, and none of it relies on ComfyUI's own check, which `--enable-cors-header` switches off.
- **Where it came from.** What changes something is taken from this computer only, unless the person opted in. What
  changes the rights of others, or who on the internet may be asked, is never taken from elsewhere.

A link to the dashboard in a chat or a mail is a cross-site request too: a page opened on its own (`navigate`, `document`)
may be read from anywhere, since its opener sees nothing of it; frames, pictures, scripts and `fetch` may not.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aiohttp.web import Request

READ, CHECK, CHANGE, LOCAL = "read", "check", "change", "local"  # CHECK is a POST that changes nothing

HEADER = "X-ComfyFixerSmart"  # every POST carries it with the value "1"
# Any of these says that someone else passed the request on, so its sender's address is not the person's.
PASSED_ON = frozenset(
    {"forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip"}
)
PASSED_ON_PREFIX = "x-forwarded-"


class Facts(NamedTuple):
    """What a request says of itself. A header that came twice is joined by ", ", so that it matches nothing."""

    host: str | None
    origin: str | None = None
    site: str | None = None  # Sec-Fetch-Site: absent from old browsers, programs, and pages not on HTTPS or localhost
    mode: str | None = None
    destination: str | None = None
    content_type: str | None = None
    header: str | None = None
    peer: str | None = None  # the address at the other end of the connection; None for a local socket
    passed_on: bool = False
    secure: bool = False  # this very server speaks TLS


class Rules(NamedTuple):
    """What the person allowed, and what the hints have to name. The default is the strictest."""

    allow_remote: bool = False
    allowed_hosts: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()
    settings_file: str = "settings.json in ComfyUI's folder user/__comfyfixersmart"


STRICTEST = Rules()


class Refusal(NamedTuple):
    """Why a request is not served: HTTP status, stable code, what happened, what to do now."""

    status: int
    code: str
    message: str
    hint: str

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "hint": self.hint}


class Authority(NamedTuple):
    """`name[:port]` of a Host header or an origin, as a browser would write it."""

    name: str | IPv4Address | IPv6Address
    port: int | None

    @property
    def is_loopback(self) -> bool:
        """127.0.0.0/8, ::1 or the very name localhost. 0.0.0.0 is not: pages of other sites can reach it."""
        return self.name == "localhost" if isinstance(self.name, str) else self.name.is_loopback


def judge(kind: str, facts: Facts, rules: Rules) -> Refusal | None:
    """None when a request to a route of this kind may be served, else the first rule it breaks."""
    for rule in _RULES[kind]:
        refusal = rule(facts, rules)
        if refusal:
            return refusal
    return None


def authority(text: str) -> Authority | None:
    """The parts of a `Host` header; None where a browser would not have written it so.

    No user part, no trailing dot, no zone, no letter beyond ASCII. Shortened, octal and hexadecimal addresses are
    taken for names, and no name passes that is not configured: browsers write addresses out in full.
    """
    match = _AUTHORITY.fullmatch(text)
    if not match:
        return None
    six, name, digits = match.groups()
    port = int(digits) if digits else None
    if port is not None and port > 65535:
        return None
    address = _address(six or name)
    if six and not (address and ":" in six):
        return None
    return Authority(address or name.lower(), port)


_AUTHORITY = re.compile(
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?))(?::([0-9]{1,5}))?", re.ASCII
)


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    """An address written out in full; an IPv4 address inside an IPv6 one is the IPv4 address."""
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _host(facts: Facts, rules: Rules) -> Refusal | None:
    """Against DNS rebinding: the name asked for is an address, localhost, or one that the person configured."""
    asked = authority(facts.host or "")
    if asked and (not isinstance(asked.name, str) or asked.name == "localhost" or asked.name in rules.allowed_hosts):
        return None
    return Refusal(
        403,
        "bad_host",
        f"{_shown(facts.host)} is not a name this ComfyUI is known under.",
        "Open ComfyUI by its address (such as http://127.0.0.1:8188), or name the host: start ComfyUI with "
        f'COMFYFIXERSMART_ALLOWED_HOSTS=NAME in the environment, or write "allowed_hosts": ["NAME"] into '
        f"{rules.settings_file}.",
    )


def _origin(facts: Facts, rules: Rules) -> Refusal | None:
    """A page that names its origin is a page of this very server. Programs and plain reads name none."""
    if facts.origin is None or _same_origin(facts, rules):
        return None
    return Refusal(
        403,
        "bad_origin",
        f"A page of {_shown(facts.origin)} asked, and this is {_shown(facts.host)}.",
        "Use the panel of ComfyUI itself. Behind a proxy: let it pass the Host header on unchanged, and name the "
        "host in allowed_hosts.",
    )


def _same_origin(facts: Facts, rules: Rules) -> bool:
    scheme, _, rest = (facts.origin or "").partition("://")
    page, asked = authority(rest), authority(facts.host or "")
    own = "https" if facts.secure else "http"
    if not page or not asked or scheme not in _PORTS:
        return False
    # A proxy that ends TLS is invisible here, so for a configured name HTTPS is as good.
    if scheme != own and not (scheme == "https" and asked.name in rules.allowed_hosts):
        return False
    usual = _PORTS[scheme]
    return (page.name, page.port or usual) == (asked.name, asked.port or usual)


_PORTS = {"http": 80, "https": 443}


def _not_embedded(facts: Facts, rules: Rules) -> Refusal | None:
    """Reads: our own pages, the address bar, programs, and a link from anywhere that opens a page of its own."""
    linked = (facts.mode, facts.destination) == ("navigate", "document")
    return None if linked else _same_site(facts, rules)


def _same_site(facts: Facts, rules: Rules) -> Refusal | None:
    if facts.site in (None, "same-origin", "none"):
        return None
    return Refusal(
        403,
        "cross_site",
        f"The browser says that another site asked (Sec-Fetch-Site: {_shown(facts.site)}).",
        "Use the panel of ComfyUI itself.",
    )


def _json(facts: Facts, rules: Rules) -> Refusal | None:
    """A form, or a script of another site that did not ask first, cannot send this content type."""
    if (facts.content_type or "").partition(";")[0].strip().lower() == "application/json":
        return None
    return Refusal(
        415, "bad_content_type", "The request is not JSON.", "Send the body with Content-Type: application/json."
    )


def _header(facts: Facts, rules: Rules) -> Refusal | None:
    if facts.header == "1":
        return None
    return Refusal(403, "no_header", f"The header {HEADER} is missing.", f"Send {HEADER}: 1.")


def change_refused(facts: Facts, rules: Rules) -> Refusal | None:
    """Changes: from this computer, under its own name, passed on by nobody; or from anywhere if the person said so."""
    refusal = None if rules.allow_remote else rights_refused(facts, rules)
    return refusal and refusal._replace(
        hint=f"{_at_home(rules)}To allow changes by everyone who reaches ComfyUI, start it with "
        f'COMFYFIXERSMART_ALLOW_REMOTE=1 in the environment, or write "allow_remote": true into {rules.settings_file}.'
    )


def rights_refused(facts: Facts, rules: Rules) -> Refusal | None:
    """Who may change what others may do, and who may be asked: this computer alone, whatever `allow_remote` says."""
    asked, peer = authority(facts.host or ""), _address(facts.peer)
    if facts.passed_on:
        where = "this request came through a proxy"
    elif not (peer and peer.is_loopback):
        where = f"this request came from {_shown(facts.peer)}"
    elif not (asked and asked.is_loopback):
        where = f"this page was opened as {_shown(facts.host)}"
    else:
        return None
    message = f"This is taken only from the computer that runs ComfyUI, and {where}."
    return Refusal(
        403,
        "not_local",
        message,
        f"{_at_home(rules)}Or write it into {rules.settings_file}; keys stand in keys.json beside it.",
    )


def _at_home(rules: Rules) -> str:
    """Where the panel works without any setting, if the server listens there at all."""
    bound = [_address(one) for one in rules.listen]
    open_here = any(one and (one.is_loopback or one.is_unspecified) for one in bound)
    return "On that computer, open ComfyUI as http://127.0.0.1. " if open_here else ""


def _shown(text: str | None) -> str:
    """What a request says, fit for one line of text."""
    return repr(text[:80]) if text else "nothing"


_RULES = {
    READ: (_host, _origin, _not_embedded),
    CHECK: (_host, _json, _header, _origin, _same_site),
    CHANGE: (_host, _json, _header, _origin, _same_site, change_refused),
    LOCAL: (_host, _json, _header, _origin, _same_site, rights_refused),
}


def facts_of(request: Request) -> Facts:
    """The facts of an aiohttp request."""
    headers = request.headers

    def said(name: str) -> str | None:
        return ", ".join(headers.getall(name)) if name in headers else None

    names = {name.lower() for name in headers}
    return Facts(
        host=said("Host"),
        origin=said("Origin"),
        site=said("Sec-Fetch-Site"),
        mode=said("Sec-Fetch-Mode"),
        destination=said("Sec-Fetch-Dest"),
        content_type=said("Content-Type"),
        header=said(HEADER),
        peer=request.remote,
        passed_on=bool(names & PASSED_ON) or any(name.startswith(PASSED_ON_PREFIX) for name in names),
        secure=request.secure,
    )
