from ringfence.policy.load import read
from ringfence.policy.starter_document import DOCUMENT


def test_the_starter_is_kept_as_it_would_be_read() -> None:
    assert read(()) == DOCUMENT, "run: python scripts/starter.py"
