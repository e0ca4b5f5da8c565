"""Whether one commit comes before another one, as far as a pack tells."""

from ringfence.protocols.git.packs import Known

__all__ = ["is_before"]


def is_before(old: str, new: str, known: Known) -> bool | None:
    """True: `old` is an ancestor of `new`, or the same. False: it is none. None: the pack does not say.

    What the pack has no commit of is somewhere on the server, and `old` may come before it.
    """
    waiting, seen, is_all = [known.tags.get(new, new)], set[str](), True
    while waiting:
        commit = waiting.pop()
        if commit == old:
            return True
        if commit in seen:
            continue
        seen.add(commit)
        parents = known.parents.get(commit)
        if parents is None:
            is_all = False
        else:
            waiting += parents
    return False if is_all else None
