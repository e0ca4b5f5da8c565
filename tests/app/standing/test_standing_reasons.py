"""Whoever meets a standing reads why: the rule's own words, else what it says."""

from pathlib import Path

from standing_home import Endpoint, pickled

_POLICY = """
version: 1
licenses:
  experiment: {review: ["llama*"]}
  rules: [{id: never, actions: [model.use], match: {name: "evil*"}, then: deny, why: Ask olga.}]
"""
_SENTENCE = (
    "Using or downloading a model needs an operator's approval if"
    " the purpose is `experiment` and the license is `llama*`."
)


def test_a_rule_without_a_reason_says_what_it_says(tmp_path: Path) -> None:
    endpoint = Endpoint(tmp_path, _POLICY)
    pickled(endpoint.home / "models" / "evil.pkl")
    pickled(endpoint.home / "models" / "one.pkl")
    said = {each.name: each.standing for each in endpoint.scan().models}
    assert {name: (each.rule, each.why) for name, each in said.items() if each is not None} == {
        "evil.pkl": ("never", "Ask olga."),
        "one.pkl": (
            "licenses:4",
            _SENTENCE,
        ),
    }
