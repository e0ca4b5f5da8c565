"""What each check means, for people: read from `checks/*.toml` when somebody asks."""

import difflib
import tomllib
from functools import cache
from pathlib import Path

from ringfence.core.dataclass import dataclass

__all__ = ["Check", "all_checks", "check_named", "nearest_checks"]

_FOLDER = Path(__file__).parent / "checks"
_NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check's page."""

    id: str
    group: str  # the file it stands in, e.g. pickles
    title: str
    meaning: str  # one paragraph: what was seen, why it matters, when it is harmless


@cache
def all_checks() -> dict[str, Check]:
    """Every check by its id, sorted by group and then as they stand in the file.

    Raises:
        ValueError: two files have the same check, or a check says too little.
    """
    found: dict[str, Check] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for id_, page in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if id_ in found:
                raise ValueError(f"{id_} stands in {found[id_].group}.toml and in {path.name}")
            if set(page) != {"title", "meaning"}:
                raise ValueError(f"{path.name}: {id_} must have a title and a meaning and nothing else")
            meaning = " ".join(page["meaning"].split())
            found[id_] = Check(id=id_, group=path.stem, title=page["title"], meaning=meaning)
    return found


def check_named(id_: str) -> Check | None:
    """The page of one check."""
    return all_checks().get(id_)


def nearest_checks(id_: str) -> tuple[str, ...]:
    """The ids that look most like `id_`, which is no check."""
    holding = [each for each in all_checks() if len(id_) > 2 and id_ in each]
    alike = difflib.get_close_matches(id_[:100], all_checks(), n=_NEAREST)
    return tuple(dict.fromkeys((*alike, *holding)))[:_NEAREST]
