"""The policy in force: found on this machine, loaded, and looked after between decisions.

A change is noticed by asking for the files' status. A document that cannot be relied on, does not load, or is
an older edition of the system's leaves the last good one in force in its place, which is kept for later
processes too; without one nothing can be decided. A document that is wrong never holds back a good one of a
higher tier, so nobody below it keeps the system's new edition out. Each change and each refusal is recorded,
once.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.core.dataclass import replace
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.text import printable
from ringfence.gate.finding import Candidate, DocumentRefused, Places, Stamp, candidates, read, stamp
from ringfence.gate.hiding import foreign
from ringfence.gate.keeping import Keeper, Kept
from ringfence.policy import problems
from ringfence.policy.files import PolicyFile
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier

if TYPE_CHECKING:  # most policies are those of last time
    from ringfence.ledger.events.policy_loaded import PolicyLoaded
    from ringfence.ledger.events.policy_refused import PolicyRefused

__all__ = ["Policies"]


class _Older(RingfenceError):
    """An older edition of the system's document, or none any more."""

    code = ExitCode.FAILED_AS_ASKED


_NOT_GOOD = (problems.PolicyRefused, DocumentRefused, _Older)


class Policies:
    """The policy for one user in one folder. Threads may share it.

    `adapted` makes what is in force out of what the documents say; what is recorded is about these alone.
    `tell` hears of a refusal where another policy stays in force. `trouble` is what is wrong with the
    documents as they are, None when they are what is in force.
    """

    def __init__(
        self,
        places: Places,
        *,
        state: Path,
        record: "Callable[[PolicyLoaded | PolicyRefused], object]",
        tell: Callable[[str], None] = lambda _line: None,
        adapted: Callable[[Policy], Policy] = lambda policy: policy,
    ) -> None:
        self._places = places
        self._candidates = candidates(places)
        self._names = tuple([os.fspath(each.path) for each in self._candidates])
        self._keeper = Keeper(state, self._candidates)
        self._record = record
        self._tell = tell
        self._adapted = adapted
        self._lock = threading.Lock()
        self._stamps: tuple[Stamp, ...] | None = None
        self._policy: Policy | None = None
        self._kept: Kept | None = None
        self.trouble: RingfenceError | None = None

    @property
    def places(self) -> tuple[Candidate, ...]:
        """Where documents were looked for, whether or not they are there."""
        return self._candidates

    def current(self) -> Policy:
        """What is in force now.

        Raises:
            PolicyRefused, DocumentRefused: a document is not right, and no good policy was kept before.
            StateRefused: the state folder cannot keep what is in force.
        """
        stamps = tuple([stamp(each) for each in self._names])
        with self._lock:
            if self._policy is None or stamps != self._stamps:
                self._policy = self._adapted(self._renewed())
                self._stamps = stamps
            return self._policy

    def _renewed(self) -> Policy:
        kept = self._keeper.kept() or self._kept
        try:
            files = _read_all(self._candidates, self._places)
            policy = self._checked(files)
        except _NOT_GOOD as error:
            return self._last_good(error, kept)
        self.trouble = None
        self._keep(policy, files, kept)
        return policy

    def _checked(self, files: Sequence[PolicyFile]) -> Policy:
        if files:
            from ringfence.policy.load import load  # YAML and all that reads it

            policy = load(files)
        else:
            from ringfence.policy.starter_document import DOCUMENT

            policy = Policy(DOCUMENT)
        self._check_serial(policy)
        return policy

    def _keep(
        self, policy: Policy, files: Sequence[PolicyFile], before: Kept | None, *, refused: str | None = None
    ) -> None:
        self._kept = Kept(digest=policy.digest, files=tuple(files), refused=refused)
        if before != self._kept:
            self._keeper.keep(self._kept)
        if before is None or before.digest != policy.digest:
            self._record(_loaded(policy, before=before.digest if before else None))

    def _last_good(self, error: RingfenceError, kept: Kept | None) -> Policy:
        """What stands in, of this process or an earlier one."""
        self.trouble = error
        standing_in = self._standing_in(kept) if kept is not None else None
        words = hashlib.sha256(_words(error).encode()).hexdigest()
        if kept is None or kept.refused != words:
            in_force = standing_in[0].digest if standing_in else None
            self._record(_refused(error, in_force=in_force))
        if standing_in is None:
            if kept is not None and kept.refused != words:
                self._keeper.keep(replace(kept, refused=words))
            raise error
        self._keep(*standing_in, kept, refused=words)
        self._tell(f"{error.what}; the last good policy stays in force")
        return standing_in[0]

    def _standing_in(self, kept: Kept) -> tuple[Policy, tuple[PolicyFile, ...]] | None:
        """As much as is good of what is there now, from the system's document down; the rest as it was."""
        system, user = self._now(Tier.SYSTEM), self._now(Tier.USER)
        of_user = tuple(each for each in kept.files if each.tier is Tier.USER)
        of_tree = tuple(each for each in kept.files if each.tier is Tier.WORKING_TREE)
        ways: list[tuple[PolicyFile, ...]] = []
        if system is not None:
            ways += [(*system, *user, *of_tree)] if user is not None else []
            ways += [(*system, *of_user, *of_tree)]
            ways += [system] if system else []
        for files in (*ways, kept.files):
            with suppress(*_NOT_GOOD):
                return self._checked(files), files
        return None

    def _now(self, tier: Tier) -> tuple[PolicyFile, ...] | None:
        """The documents of this tier as they are now; None when they cannot be relied on."""
        try:
            return tuple(_read_all([each for each in self._candidates if each.tier is tier], self._places))
        except DocumentRefused:
            return None

    def _check_serial(self, policy: Policy) -> None:
        """An edition that is older than one that was in force does not come back."""
        seen = self._keeper.serial(self._places.system)
        serials = [each.serial for each in policy.files if each.tier is Tier.SYSTEM]
        serial = max((each for each in serials if each is not None), default=None)
        if seen is not None and (serial is None or serial < seen):
            name = printable(str(self._places.system))
            what = (
                "is gone" if not serials else f"has serial {serial}" if serial else "has no serial any more"
            )
            raise _Older(
                f"{name}: it {what}, and one with serial {seen} was in force",
                hint="put the newer one back, or give this one a higher serial; to forget what was in force, "
                f"remove {printable(str(self._keeper.serials_path))}",
            )
        if serial is not None and (seen is None or serial > seen):
            self._keeper.saw_serial(self._places.system, serial)


def _read_all(places: Sequence[Candidate], at: Places) -> list[PolicyFile]:
    found = (read(each, at) for each in places)
    return [each for each in found if each is not None]


def _loaded(policy: Policy, *, before: str | None) -> "PolicyLoaded":
    from ringfence.ledger.events.policy_loaded import PolicyLoaded, PolicyPart

    parts = tuple(
        PolicyPart(
            tier=each.tier.name.lower().replace("_", "-"),
            name=each.name,
            sha256=each.digest,
            rules=sum(each.rules.values()),
        )
        for each in policy.files
    )
    return PolicyLoaded(digest=policy.digest, files=parts, before=before)


def _refused(error: RingfenceError, *, in_force: str | None) -> "PolicyRefused":
    from ringfence.ledger.events.policy_refused import PolicyFault, PolicyRefused

    if isinstance(error, problems.PolicyRefused):
        faults = tuple(
            PolicyFault(file=each.file, line=each.line, column=each.column, what=foreign(each.what))
            for each in error.problems
        )
    else:
        file, _, what = error.what.partition(": ")
        faults = (PolicyFault(file=file, line=None, column=None, what=foreign(what)),)
    return PolicyRefused(faults=faults, in_force=in_force)


def _words(error: RingfenceError) -> str:
    if isinstance(error, problems.PolicyRefused):
        return "\n".join(str(each) for each in error.problems)
    return error.what
