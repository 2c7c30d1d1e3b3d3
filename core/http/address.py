"""Which addresses may be spoken to: nobody's workflow or model card leads us into a private network. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from .types import NoAnswer

PORTS = {"http": 80, "https": 443}
LONGEST = 8192  # characters of an address
_SECRET = {"token", "key", "api_key", "apikey", "api-key", "access_token", "password", "secret", "signature", "sig"}

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# By hand, not by `is_global`, whose answer changed between Python versions. IANA's registries of special addresses.
_NOT_PUBLIC_4 = [
    ipaddress.IPv4Network(one)
    for one in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("168.63.129.16/32", "100.100.100.200/32"),  # what two clouds use for their machines' metadata
    )
]
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")  # all that is given out so far; ::1, fc00::, fe80::, ff00:: lie outside
_NOT_PUBLIC_6 = [ipaddress.IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "3fff::/20")]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # the IPv4 address behind a provider's translator: its last 32 bits
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")  # the same in bits 16 to 48
_DOTTED = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|\d+)", re.I)


class Target(NamedTuple):
    """Where a request goes. `host` is in lower case, without brackets; `name` has the port where it is unusual."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be equal for a token to go there."""
        return self.scheme, self.host, self.port

    @property
    def name(self) -> str:
        """ "civitai.com", "127.0.0.1:8188", "[::1]:8080": how settings, limits and messages call it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def among(self, names: Collection[str]) -> bool:
        """Whether one of these "host[:port]" means it. Without a port, the usual one of http and https is meant."""
        return bool(self.names & set(names))

    @property
    def names(self) -> set[str]:
        """All spellings of `name`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return {self.name, f"{host}:{self.port}"}


def target(url: str, trusted: Collection[str] = ()) -> Target:
    """The address taken apart. Raises NoAnswer `refused_address` for what is no plain address of the web."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
        userinfo = "@" in parts.netloc
    except ValueError:
        raise refused("its address cannot be read") from None
    if parts.scheme not in PORTS or not host or len(url) > LONGEST:
        raise refused("its address is none of the web")
    odd = any(ord(one) <= 32 or ord(one) == 127 for one in url) or "\\" in url or not host.isascii()
    if userinfo or odd:  # two readers of such an address may see two hosts in it
        raise refused("its address holds what no address should hold", host)
    if port == 0:
        raise refused("its address has no usable port", host)
    one = Target(url, parts.scheme, host, port or PORTS[parts.scheme])
    if not one.among(trusted) and _odd_number(host):
        raise refused("its address is a number in disguise", one.name)
    return one


def onward(here: Target, location: str, trusted: Collection[str]) -> Target:
    """Where a redirect leads. Raises NoAnswer: never to another kind of address, never from https to http."""
    try:
        there = target(urljoin(here.url, location.replace(" ", "%20")), trusted)  # some storages do not encode
    except ValueError:
        raise refused("it sent us on to an address that cannot be read", here.name) from None
    except NoAnswer as error:
        raise refused(f"it sent us on, and {error.message}", here.name) from None
    if here.scheme == "https" and there.scheme == "http" and not there.among(trusted):
        raise refused("it sent us on to an address without encryption", here.name)
    return there


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, seen through all ways to write an IPv4 address as IPv6."""
    try:
        ip: _Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in _NAT64:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip in _SIX_TO_FOUR:
            ip = ipaddress.IPv4Address((int(ip) >> 80) & 0xFFFFFFFF)
    if isinstance(ip, ipaddress.IPv6Address):
        return ip in _PUBLIC_6 and not any(ip in one for one in _NOT_PUBLIC_6)
    return not any(ip in one for one in _NOT_PUBLIC_4)


def _odd_number(host: str) -> bool:
    """2130706433, 0x7f.1, 127.1, 0177.0.0.1: old spellings of an IPv4 address that only attackers use today."""
    last = host.rpartition(".")[2]
    if not _NUMBER.fullmatch(last):
        return False
    return not _DOTTED.fullmatch(host) or any(len(one) > 1 and one[0] == "0" for one in host.split("."))


def refused(message: str, host: str = "") -> NoAnswer:
    """The error for an address that is not spoken to."""
    return NoAnswer(
        "refused_address",
        message,
        "If you run this server yourself, enter its address in the settings. Otherwise leave it alone.",
        host=host,
    )


def shown(url: str) -> str:
    """The address as a message or log may hold it: no values of keys that stand for a secret, no user name."""
    try:
        parts = urlsplit(url)
        query = [(key, "***" if key.lower() in _SECRET else value) for key, value in parse_qsl(parts.query, True)]
    except ValueError:
        return "(an address that cannot be read)"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, urlencode(query, safe="*/:"), ""))
