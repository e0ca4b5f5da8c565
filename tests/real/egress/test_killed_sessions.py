"""A session that an operator kills: its grants and placeholders are worth nothing from then on."""

import re

import pytest

from egress.upstream_servers import Handler
from real.running import USERS, Place, appears, place, until
from real.world import host, keep, lead

_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_ASKS = """
  rules:
    - {id: posts, actions: [http.request], match: {method: POST}, then: ask}
"""
_READS = 'curl -s -o /dev/null -w "%{http_code} " -H "Authorization: Bearer '
_POSTS = 'curl -s -o /dev/null -w "%{http_code} " -d x https://api.example.com/'


class _Shown(Handler):
    """Says yes to the secret alone."""

    def do_GET(self) -> None:  # noqa: N802
        is_let = self.headers.get("Authorization") == f"Bearer {_TOKEN}"
        self.answer(b"hello", status=200 if is_let else 401)


def _reads(token: str) -> str:
    return f'{_READS}{token}" https://api.example.com/'


@pytest.mark.parametrize("user", USERS)
def test_grants_and_placeholders_of_a_killed_session_are_dead(user: str) -> None:
    with place(user) as here, host("api.example.com", _Shown) as api:
        lead(
            here,
            api,
            network="{host: api.example.com}",
            credentials="{name: API_TOKEN, host: api.example.com}",
            more=_ASKS,
        )
        keep(here, "API_TOKEN", "--kind", "bearer", "--host", "api.example.com", secret=_TOKEN)
        script = f"""
            echo "$API_TOKEN" > token; ({_reads("$API_TOKEN")}; {_POSTS}; {_POSTS}; echo) > codes
            echo > begun; exec sleep 1000
        """
        running = here.start("run", "--", "sh", "-c", script)
        (ask,) = until(lambda: here.document("asks")["asks"], "a question")
        here.free("approve", ask["id"], "--uses", "9")
        appears(here.tree / "begun")
        assert (here.tree / "codes").read_text() == "200 200 200 \n"
        name = here.session()
        killed = here.free("kill", name)
        assert re.fullmatch(
            rf"killed {name} \(sh\): nothing of it was left after \d+\.\d ms; 1 grant taken back\n", killed
        ), killed
        running.communicate(timeout=60)
        assert here.document("grants")["grants"] == []
        for options in (("--resume", name), ()):
            assert _tries(here, *options) == "403 403 200 \n"


def _tries(here: Place, *options: str) -> str:
    """With the dead session's placeholder, with its grant, with a placeholder of its own."""
    script = f"{_reads('$(cat token)')}; {_POSTS}; {_reads('$API_TOKEN')}; echo"
    running = here.start("run", *options, "--", "sh", "-c", script)
    (ask,) = until(lambda: here.document("asks")["asks"], "a question")
    here.free("deny", ask["id"])
    return running.communicate(timeout=60)[0].decode()
