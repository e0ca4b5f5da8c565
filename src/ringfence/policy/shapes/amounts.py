"""Numbers with their units, times, and caps."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Obligation, ObligationKind
from ringfence.policy.nodes import Node
from ringfence.policy.problems import Problems
from ringfence.policy.shapes.shape import Definitions, Schema, scalar_as

__all__ = [
    "COUNT",
    "DAYS",
    "DOLLARS",
    "DURATION",
    "MOMENT",
    "SIZE",
    "Cap",
    "CapUnit",
    "Dollars",
    "Moment",
    "Number",
    "Unit",
]

_LARGEST = 2**63 - 1
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,6})?"
_SIZES = {"": 1, "B": 1}
_SIZES |= {f"{letter}B": 1000**power for power, letter in enumerate("KMGT", start=1)}
_SIZES |= {f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", start=1)}
_SIZES |= {"kB": 1000}
_TIMES = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Unit(StrEnum):
    """What a number counts."""

    NONE = "a number"
    DAYS = "a number of days"
    BYTES = "a size such as 10 GB or 512 MiB"
    SECONDS = "a time such as 30m, 8h or 7d"


@dataclass(frozen=True, slots=True)
class Number:
    """A number from 0 on, without a fraction once its unit is counted in."""

    unit: Unit

    @property
    def says(self) -> str:
        return self.unit.value

    def read(self, node: Node, problems: Problems) -> int | None:
        return scalar_as(node, problems, self.says, self._value)

    def _value(self, text: str) -> int | None:
        if self.unit in (Unit.NONE, Unit.DAYS):
            return int(text) if re.fullmatch("[0-9]{1,18}", text) else None
        units = _SIZES if self.unit is Unit.BYTES else _TIMES
        found = re.fullmatch(rf"({_NUMBER}) ?([A-Za-z]{{0,3}})", text)
        if found is None or found[2] not in units:
            return None
        value = Decimal(found[1]) * units[found[2]]
        return int(value) if value == int(value) <= _LARGEST else None

    def schema(self, _definitions: Definitions, /) -> Schema:
        if self.unit in (Unit.NONE, Unit.DAYS):
            return {"type": "integer", "minimum": 0}
        units = "|".join(_SIZES if self.unit is Unit.BYTES else _TIMES)
        form = f"^{_NUMBER} ?({units})$"
        text: Schema = {"type": "string", "pattern": form}
        if self.unit is Unit.SECONDS:
            return text
        return {"anyOf": [{"type": "integer", "minimum": 0}, text]}


COUNT, DAYS, SIZE, DURATION = (Number(unit) for unit in Unit)


@dataclass(frozen=True, slots=True)
class Dollars:
    """An amount of money, in millionths of a dollar."""

    says: str = "dollars such as 3 or 0.25"

    def read(self, node: Node, problems: Problems) -> int | None:
        return scalar_as(node, problems, self.says, self._value)

    def _value(self, text: str) -> int | None:
        value = Decimal(text) * 1_000_000 if re.fullmatch(_NUMBER, text, re.ASCII) else None
        return int(value) if value is not None and value <= _LARGEST else None

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "number", "minimum": 0}


DOLLARS = Dollars()


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, or a time of day with its zone; the first moment that no longer counts, in UTC.

    A day counts to its end in UTC.
    """

    says: str = "a day such as 2027-06-30, or a time such as 2027-06-30T12:00:00Z"

    def read(self, node: Node, problems: Problems) -> datetime | None:
        return scalar_as(node, problems, self.says, _moment)

    def schema(self, _definitions: Definitions, /) -> Schema:
        day = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
        return {"type": "string", "pattern": f"^{day}(T[0-9:]{{5,8}}(Z|[+-][0-9]{{2}}:[0-9]{{2}}))?$"}


MOMENT = Moment()


def _moment(text: str) -> datetime | None:
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5,8}(Z|[+-][0-9]{2}:[0-9]{2})", text, re.ASCII):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None


class CapUnit(StrEnum):
    """What a cap may count."""

    ANY = "a cap such as 100 calls/hour, 5 USD/day or 10 MB/session"
    MONEY = "a cap such as 5 USD/day"
    CALLS = "a cap such as 100/hour"


_PER = "minute|hour|day|session"


@dataclass(frozen=True, slots=True)
class Cap:
    """So much for each minute, hour, day or session, as the obligation to count it."""

    unit: CapUnit

    @property
    def says(self) -> str:
        return self.unit.value

    def read(self, node: Node, problems: Problems) -> Obligation | None:
        return scalar_as(node, problems, self.says, self._cap)

    def _cap(self, text: str) -> Obligation | None:
        found = re.fullmatch(rf"({_NUMBER})(?: ?([A-Za-z]{{0,5}})) ?/ ?({_PER})", text)
        if found is None:
            return None
        number, unit, per = Decimal(found[1]), found[2], found[3]
        if unit == "USD" and self.unit is not CapUnit.CALLS:
            named, value = "usd-micro", number * 1_000_000
        elif unit in ("calls", "call") or (unit == "" and self.unit is CapUnit.CALLS):
            if self.unit is CapUnit.MONEY:
                return None
            named, value = "calls", number
        elif unit and unit in _SIZES and self.unit is CapUnit.ANY:
            named, value = "bytes", number * _SIZES[unit]
        else:
            return None
        if value != int(value) or value > _LARGEST:
            return None
        return Obligation(kind=ObligationKind.LIMIT, unit=named, amount=int(value), per=per)

    def schema(self, _definitions: Definitions, /) -> Schema:
        units = {
            CapUnit.ANY: "calls?|USD|" + "|".join(each for each in _SIZES if each),
            CapUnit.MONEY: "USD",
            CapUnit.CALLS: "(calls?)?",
        }
        return {"type": "string", "pattern": f"^{_NUMBER} ?({units[self.unit]}) ?/ ?({_PER})$"}
