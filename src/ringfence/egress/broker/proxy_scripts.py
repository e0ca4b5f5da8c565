"""A company's scripts of automatic configuration: read from a file, or fetched, and asked about hosts.

One that has an address is fetched when a session opens, by no proxy, and kept with ringfence's state. Where
its server is not to be reached, the kept one serves for some days, which is told; without it, no session
opens. The address is an operator's, so whatever it leads to is asked.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.authorities import authorities
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.unreached import NotReached
from ringfence.egress.broker.upstream import BrokenOff, opened
from ringfence.egress.wire import BadMessage, decode_fields, encode_fields
from ringfence.gate.finding import stamp
from ringfence.gate.state import StateRefused, read_private, write_private
from ringfence.policy.egressing import Egressing
from ringfence.policy.values import UpstreamProxy
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.http1 import write_head
from ringfence.protocols.pac import Fetched, PacQuestion

__all__ = ["answer_of_script", "scripts_ready"]

_CALLED = "FindProxyForURL"  # what has no such word is a page that wants a login, and no script


async def scripts_ready(core: Core, said: Egressing) -> tuple[str, ...]:
    """All scripts that a session may need, there from now on; what its user should know of them.

    Raises:
        NotReached: one is not to be had.
    """
    told = []
    for each in {
        one.pac: one for egress in said.upper for one in egress.upstream if _is_fetched(one)
    }.values():
        known = core.scripts.get(_key(each))
        if known is None or not 0 <= _age_s(core, known) < LIMITS.pac_fresh_s:
            told.append(await _look(core, each))
    return tuple(filter(None, told))


async def answer_of_script(core: Core, proxied: UpstreamProxy, url: str, host: str, address: str) -> str:
    """What the script says of a host: asked once for as long as it stays the same.

    Raises:
        NotReached: there is no script.
        RingfenceError: it has no answer.
    """
    assert proxied.pac is not None
    if _is_fetched(proxied):
        if _key(proxied) not in core.scripts:  # the policy has changed since the session opened
            await _look(core, proxied)
        script = core.scripts[_key(proxied)].text
        version: object = script
    else:
        version, script = stamp(Path(proxied.pac)), ""
    key = (proxied.pac, version, url, address)
    known = core.pac_answers.get(key)
    if known is None:
        script = script or await _read(core, Path(proxied.pac))
        question = PacQuestion(script=script, url=url, host=host, address=address)
        known = await core.blocking(core.house.ask_pac, question)
        if len(core.pac_answers) >= LIMITS.pac_hosts:
            core.pac_answers.clear()
        core.pac_answers[key] = known
    return known


async def _read(core: Core, path: Path) -> str:
    try:
        return await core.blocking(core.house.read_pac, path)
    except (OSError, ValueError):
        what = "the file of automatic proxy configuration cannot be read"
        raise NotReached(what, hint=f"`pac` of `egress: {{upstream}}` names {path}") from None


async def _look(core: Core, proxied: UpstreamProxy) -> str | None:
    """Has the newest script, or the kept one: then it says so."""
    key = _key(proxied)
    kept = core.scripts.get(key) or await core.blocking(_kept, core.house.scripts / key)
    told = None
    try:
        async with asyncio.timeout(LIMITS.pac_fetch_s):
            found = await _fetch(core, proxied, kept)
    except (RingfenceError, BrokenOff, BadHttp, ValueError, TimeoutError) as error:
        why = "its server does not answer" if isinstance(error, TimeoutError) else str(error)
        what = f"the proxy's script at {urlsplit(proxied.pac or '').hostname} is not to be had: {why}"
        if kept is None or not 0 <= _age_s(core, kept) < LIMITS.pac_kept_s:
            hint = "is it reached from here? `pac` of `egress: {upstream}` may name a file instead"
            raise NotReached(what, hint=hint) from None
        found, told = kept, f"{what}; the one of {datetime.fromtimestamp(kept.at, UTC):%F %H:%M} UTC is used"
    else:
        with suppress(StateRefused):  # it is had all the same
            data = json.dumps(encode_fields(found)).encode()
            await core.blocking(_keep, core.house.scripts / key, data)
    core.scripts[key] = found
    return told


async def _fetch(core: Core, proxied: UpstreamProxy, kept: Fetched | None) -> Fetched:
    """The script as its server has it now.

    Raises:
        RingfenceError, BrokenOff, BadHttp: nobody answers there, or nobody who is trusted.
        ValueError: what is answered is no script.
    """
    parts = urlsplit(proxied.pac or "")
    host, tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    ca_pem = await authorities(core, proxied.ca, proxied.at)
    way = Way(host=host, port=port, to=(host, port), tls=tls, ca_pem=ca_pem, with_system=True)
    upstream = await opened(await core.house.dialer.where_named(way), way, tls=tls, trust=core.trust)
    try:
        asked = {"Host": parts.netloc, "Accept": "*/*", **_newer_than(kept)}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = RequestHead(method="GET", target=target, headers=Headers(tuple(asked.items())))
        await upstream.send(write_head(head))
        answer, _ = await upstream.head("GET")
        now = int(core.house.now().timestamp())
        if answer.status == 304 and kept is not None:
            return Fetched(text=kept.text, etag=kept.etag, at=now)
        if answer.status != 200:
            raise ValueError(f"its server answers {answer.status}")
        body = bytearray()
        while piece := await upstream.read():
            body += piece
            if len(body) > LIMITS.pac_bytes:
                raise ValueError("it is too long")
        etag = (answer.headers.all("etag") or ("",))[0]
        return Fetched(text=_script(bytes(body)), etag=etag, at=now)
    finally:
        upstream.close()


def _newer_than(kept: Fetched | None) -> Mapping[str, str]:
    return {"If-None-Match": kept.etag} if kept is not None and kept.etag else {}


def _script(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if _CALLED not in text:
        raise ValueError("what its server answers is no script")
    return text


def _is_fetched(proxied: UpstreamProxy) -> bool:
    return proxied.pac is not None and not proxied.pac.startswith("/")


def _key(proxied: UpstreamProxy) -> str:
    """Its name among those that are kept: by the authorities, too, which vouched for it."""
    said = f"{proxied.pac}\n{proxied.ca or ''}"
    return f"proxy-script-{hashlib.sha256(said.encode()).hexdigest()[:32]}.json"


def _age_s(core: Core, script: Fetched) -> float:
    return core.house.now().timestamp() - script.at


def _kept(path: Path) -> Fetched | None:
    try:
        data = read_private(path, most_bytes=LIMITS.channel_bytes)
        return None if data is None else decode_fields(Fetched, data)
    except (StateRefused, BadMessage):
        return None


def _keep(path: Path, data: bytes) -> None:
    write_private(path, data, replace=True, lasts=False)
