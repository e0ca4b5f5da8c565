"""Automatic proxy configuration: the functions that such files call, and what their answers mean.

A file is JavaScript of a company's own: `FindProxyForURL(url, host)` answers for each host. It is evaluated
in a process apart (`daemon.pac`), which knows of the world what it is asked with: an address of the host,
where this machine knows any, and no other name's. What depends on the time of day is not offered.

Source: MDN, "Proxy Auto-Configuration (PAC) file".
"""

import json
import re

from ringfence.core.dataclass import dataclass

__all__ = ["FUNCTIONS", "Direct", "Fetched", "NoProxy", "PacQuestion", "Proxy", "answer_of", "call_of"]

FUNCTIONS = r"""
function isPlainHostName(host) { return host.indexOf(".") < 0; }
function dnsDomainIs(host, domain) {
  return host.length >= domain.length && host.substring(host.length - domain.length) === domain;
}
function localHostOrDomainIs(host, full) { return host === full || full.lastIndexOf(host + ".", 0) === 0; }
function dnsDomainLevels(host) { return host.split(".").length - 1; }
function shExpMatch(text, pattern) {
  let at = 0, from = 0, star = -1, kept = 0;
  while (at < text.length) {
    if (pattern[from] === "*") { star = from++; kept = at; }
    else if (pattern[from] === "?" || pattern[from] === text[at]) { at++; from++; }
    else if (star >= 0) { from = star + 1; at = ++kept; }
    else { return false; }
  }
  while (pattern[from] === "*") { from++; }
  return from === pattern.length;
}
function convert_addr(text) {
  const parts = String(text).split(".").map(Number);
  return parts.length === 4 ? ((parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]) >>> 0 : 0;
}
function dnsResolve(host) { return host === _asked.host && _asked.address ? _asked.address : null; }
function isResolvable(host) { return dnsResolve(host) !== null; }
function isInNet(host, network, mask) {
  const address = /^[0-9]+(\.[0-9]+){3}$/.test(host) ? host : dnsResolve(host);
  if (address === null) { return false; }
  const bits = convert_addr(mask);
  return ((convert_addr(address) & bits) >>> 0) === ((convert_addr(network) & bits) >>> 0);
}
function myIpAddress() { return "127.0.0.1"; }
function alert() {}
"""
_ONE = re.compile(r"(DIRECT|[A-Z0-9]{1,8})(?:\s+([^\s:;]{1,253}):([0-9]{1,5}))?")
_KINDS = {"PROXY": False, "HTTP": False, "HTTPS": True, "SOCKS5": False}  # and whether TLS is spoken to it
_ANSWERS = 32


class NoProxy(ValueError):
    """The answer names nothing that can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacQuestion:
    """What a file is asked."""

    script: str
    url: str  # without path, as browsers ask
    host: str
    address: str  # the host's first of IPv4; empty: none is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A script that was fetched."""

    text: str
    etag: str  # empty: it had none
    at: int  # when its server last said that it is the newest: seconds of UTC since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """No proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """This one."""

    host: str
    port: int
    tls: bool
    is_socks: bool = False


def call_of(question: PacQuestion) -> str:
    """The expression that asks."""
    return f"String(FindProxyForURL({json.dumps(question.url)}, {json.dumps(question.host)}))"


def answer_of(text: str) -> Direct | Proxy:
    """The first of an answer that is understood: what comes after it is for when that is down.

    Raises:
        NoProxy: there is none; what is called SOCKS alone is version 4, which is not spoken.
    """
    for part in text.split(";")[:_ANSWERS]:
        found = _ONE.fullmatch(part.strip())
        if found is None:
            continue
        kind, host, port = found.groups()
        if kind == "DIRECT" and host is None:
            return Direct()
        if kind in _KINDS and host is not None and 0 < int(port) < 1 << 16:
            return Proxy(host=host.lower(), port=int(port), tls=_KINDS[kind], is_socks=kind == "SOCKS5")
    raise NoProxy
