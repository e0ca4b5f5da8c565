"""What a box's programs may spend, with a model's interface outside of it."""

import pytest

from real.running import USERS, place
from real.scripted_model import Model
from real.world import host, keep, lead

_SECRET = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_PRICES = """
prices:
  as_of: 2026-11-01
  hosts:
    - host: api.example.com
      models: [{model: small, input: 1000, output: 2000, most_output: 10}]
"""


@pytest.mark.parametrize("user", USERS)
def test_a_box_spends_what_the_policy_grants_and_its_report_says_how_much(user: str) -> None:
    """Each answer has one token of each, which cost 0.003 dollars."""
    with place(user) as here, host("api.example.com", Model) as api:
        given = "{name: API_TOKEN, host: api.example.com, spend: 0.006 USD/day}"
        lead(here, api, network="{host: api.example.com}", credentials=given, more=_PRICES)
        keep(here, "API_TOKEN", "--kind", "bearer", "--host", "api.example.com", secret=_SECRET)
        script = """
            asked='{"model": "small", "max_tokens": 5, "messages": [], "stream": '
            for stream in true false true; do
                curl -s -m 15 -o said -w '%{http_code} ' -H "Authorization: Bearer $API_TOKEN" \\
                    -H 'Content-Type: application/json' https://api.example.com/v1/messages \\
                    -d "$asked$stream}"
            done
            cat said
        """
        done = here.sh(script)
        assert done.out.split()[:3] == ["200", "200", "429"], done
        assert "grants 0.006 USD for each day, and 0.006 USD are spent by list prices" in done.out
        report = here.report()
        paid = {"usd_micro": 6000, "answers": 2, "at_most": 0, "prices_of": "2026-11-01"}
        assert report["paid"] == paid
        told = here.ringfence("run", "--report", str(report["name"])).out
        assert "spent 0.0060 USD by list prices of 2026-11-01: 2 answers" in told
