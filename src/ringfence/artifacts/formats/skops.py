"""skops' own format for scikit-learn's models: a zip file of arrays and a JSON document of what to build.

Every node of the document names a class or function, and one of skops' loaders that builds it. The names are
weighed by the same lists as those in pickles. Nothing is imported.

Source: skops/io in skops 0.16, with the old protocols that it still reads.
"""

from collections.abc import Iterator

from ringfence.artifacts import zip_directory, zip_layout, zip_members
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_directory import Member
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_SCHEMA, _RAW = "schema.json", ".bin"
_MARK = b'"__loader__"'


def _sniff(reader: Reader) -> bool:
    if not zip_directory.first_name(reader) or _SCHEMA not in reader.once(zip_directory.names):
        return False
    members: list[Member] = []
    for _problem in zip_directory.read_members(reader, members):
        pass
    schemas = (member for member in members if member.name == _SCHEMA)
    return any(_MARK in zip_directory.content(reader, each, max_bytes=LIMITS.sniff_bytes) for each in schemas)


def _sniff_named(reader: Reader) -> bool:
    return bool(zip_directory.first_name(reader))


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    members: list[Member] = []
    yield from zip_directory.read_members(reader, members)
    yield Fact(name=FactName.MEMBERS, value=len(members))
    yield from zip_directory.check_members(reader, members)


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts import skops_schema

    for found in zip_layout.laid_out(reader):
        if not isinstance(found, Entry):
            yield found
        elif found.name == _SCHEMA:
            yield from zip_members.inside(reader, found, judge=skops_schema.judge)
        elif not found.name.endswith(_RAW):  # the bytes of a bytes object, which nobody interprets
            yield from zip_members.inside(reader, found)


FORMAT = Format(
    name="skops",
    title="skops (scikit-learn)",
    suffixes=(".skops",),
    sniff=_sniff,
    starts=(zip_directory.LOCAL,),
    sniff_named=_sniff_named,
    read=_read,
    holds_anything=True,
    judge=_judge,
    judges_structure=True,
)
