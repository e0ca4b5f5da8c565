"""Fuzzes what is read within requests and answers: calls, GraphQL, pushes, credentials, codings, secrets."""

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["ringfence"]):
    from ringfence.core.limits import LIMITS
    from ringfence.protocols.client_credentials import brought
    from ringfence.protocols.content_codings import CODINGS, BadCoding, Decoder
    from ringfence.protocols.http import BadHttp, Headers, RequestHead
    from ringfence.protocols.interpreting import interpret, needs_body
    from ringfence.protocols.mcp import allowed_tools
    from ringfence.protocols.scrubbing import Scrubber, Secrets

_KINDS = ("application/json", "application/graphql", "application/x-www-form-urlencoded", "text/plain", "")
_TARGETS = ("/mcp", "/graphql", "/o/r.git/git-receive-pack", "/a?query={b}&key=c")
_SECRETS = {b"ghp_abcdefgh": b"ghp_hgfedcba", b'a/b+c"defgh': b'h/g+f"edcba'}
_SOUGHT = Secrets(_SECRETS)


def _requests(data: bytes) -> None:
    if not data:
        return
    choice, body = data[0], data[1:]
    headers = Headers((("content-type", _KINDS[choice % len(_KINDS)]),))
    head = RequestHead(method="POST", target=_TARGETS[choice // 8 % len(_TARGETS)], headers=headers)
    for is_whole in (True, False):
        with suppress(BadHttp):
            made = interpret(
                head, host="h", port=443, session="s", agent="a", context=None, program=None,
                body=body[: needs_body(head)], is_whole=is_whole,
            )  # fmt: skip
            assert len(made) <= 1 + LIMITS.git_commands
    with suppress(BadHttp):
        brought(head, body)
    with suppress(BadHttp):
        allowed_tools(body, lambda name: "a" in name)
    with suppress(BadCoding):
        decoder = Decoder(CODINGS[choice % len(CODINGS)])
        decoder.feed(body[:20])
        decoder.feed(body[20:])
        decoder.finish()
    scrubber = Scrubber(_SOUGHT)
    cut = choice % (len(body) + 1)
    made = scrubber.feed(body[:cut]) + scrubber.feed(body[cut:]) + scrubber.finish()
    whole = Scrubber(_SOUGHT)
    assert made == whole.feed(body) + whole.finish()
    assert not any(secret in made for secret in _SECRETS)


if __name__ == "__main__":
    atheris.Setup(sys.argv, _requests)
    atheris.Fuzz()
