"""Authorities that a policy names, read once for as long as their file stays the same."""

from pathlib import Path

from ringfence.core.decisions import Place
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.unreached import NotReached
from ringfence.gate.finding import stamp

__all__ = ["authorities"]


async def authorities(core: Core, path: str | None, at: Place) -> str | None:
    """The file's text, PEM; None where no file is named. `at` is where the policy names it.

    Raises:
        NotReached: it cannot be read.
    """
    if path is None:
        return None
    now, known = stamp(path), core.authorities.get(path)
    if known is None or known[0] != now:
        try:
            known = core.authorities[path] = (now, await core.blocking(core.house.read_ca, Path(path)))
        except (OSError, ValueError):
            what = f"the authority that {at} names cannot be read"
            raise NotReached(what, hint="it is a file of certificates in PEM") from None
    return known[1]
