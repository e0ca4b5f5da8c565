"""Which license is for which use."""

import pytest

from ringfence.app.lock.uses import license_finding
from ringfence.core.locks import Use

FORBIDDEN = {
    "Apache-2.0": set(),
    "CC-BY-NC-4.0": {Use.INTERNAL, Use.PRODUCTION, Use.DISTRIBUTION},
    "CC-BY-ND-4.0": {Use.DISTRIBUTION},
    "CC-BY-NC-4.0 OR MIT": set(),
    "CC-BY-NC-4.0 AND MIT": {Use.INTERNAL, Use.PRODUCTION, Use.DISTRIBUTION},
    "LicenseRef-unknown": set(Use),
    None: set(Use),
}


@pytest.mark.parametrize("expression", FORBIDDEN)
def test_each_use_asks_what_the_one_before_asks_and_more(expression: str | None) -> None:
    refused = {use for use in Use if license_finding("a model", expression, use)}
    assert refused == FORBIDDEN[expression]


def test_the_finding_says_what_is_wrong_in_plain_words() -> None:
    found = license_finding("a model", "CC-BY-NC-4.0", Use.PRODUCTION)
    assert found is not None
    assert found.evidence == ("non-commercial weights in a production build", "CC-BY-NC-4.0")
    assert license_finding("a model", None, Use.INTERNAL) is not None
