"""What a file says of one secret, before it is a credential."""

from collections.abc import Mapping
from dataclasses import field

from ringfence.core.dataclass import dataclass

__all__ = ["Found"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One secret. `kind` is empty where only a name and a value stand there."""

    name: str
    line: int  # from 1; 0 where lines say nothing
    kind: str = ""
    hosts: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    values: Mapping[str, str] = field(repr=False)  # the kind's parts; of no kind, `value` alone
