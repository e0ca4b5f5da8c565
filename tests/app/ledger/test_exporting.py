"""CEF that no text can break, and JSON Lines from which every event can be checked elsewhere."""

import base64
import hashlib
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers import opened, scan
from making_events import TEXTS, row_of, values
from ringfence.app.ledger.cef import cef_line
from ringfence.app.ledger.choosing import Wanted, chosen
from ringfence.app.ledger.export import Export, Exporting
from ringfence.core.action_types import Durability
from ringfence.ledger.event_types import EVENTS
from ringfence.ledger.events.effect_failed import EffectFailed
from ringfence.ledger.events.grant_revoked import GrantRevoked
from ringfence.ledger.recorded import recorded_of
from ringfence.ledger.values import Foreign

_KEYS = {"rt", "externalId", "msg", "act", "app", "dst", "fileHash", "dhost", "requestMethod", "fname"} | {
    *("dpt", "dproc", "request", "filePath", "suser", "duser"),
    *(f"cs{number}{label}" for number in range(1, 6) for label in ("", "Label")),
}
_HIDING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_PAIR = re.compile(r"(\w+)=((?:[^\\=]|\\[\\=])*?)(?= \w+=|$)")


def parsed(line: str) -> tuple[list[str], dict[str, str]]:
    """The seven fields of the header, and the extension, as a reader of CEF takes them apart."""
    head, field, at = list[str](), "", 0
    while len(head) < 7:
        char = line[at]
        if char == "|":
            head, field = [*head, field], ""
        elif char == "\\":
            at += 1
            assert line[at] in "\\|"
            field += line[at]
        else:
            field += char
        at += 1
    extension = line[at:]
    pairs = _PAIR.findall(extension)
    assert " ".join(f"{key}={value}" for key, value in pairs) == extension
    return head, {key: re.sub(r"\\([\\=])", r"\1", value) for key, value in pairs}


@pytest.mark.parametrize("made", EVENTS, ids=lambda made: made.TYPE)
def test_no_event_breaks_a_line_or_adds_a_key(made: type[Any]) -> None:
    @settings(max_examples=8, deadline=None)
    @given(values(made))
    def breaks_nothing(event: Any) -> None:
        row = row_of(event)
        line = cef_line(row, recorded_of(row))
        assert line.splitlines() == [line]
        assert not {unicodedata.category(char) for char in line} & _HIDING
        head, pairs = parsed(line)
        assert head[:3] == ["CEF:0", "ringfence", "ringfence"]
        assert (head[4], len(head)) == (event.TYPE, 7)
        assert pairs.keys() <= _KEYS

    breaks_nothing()


@settings(deadline=None)
@given(st.lists(TEXTS | st.sampled_from(["\\", "|", "=", " act=allow", "\r\n", "\u2028", "x\\=", "\\|"])))
def test_a_text_comes_back_as_one_value(parts: list[str]) -> None:
    text = "".join(parts)
    row = row_of(GrantRevoked(grant="g", operator="op", note=Foreign(text=text)))
    line = cef_line(row, recorded_of(row))
    head, pairs = parsed(line)
    assert len(head) == 7
    assert pairs["duser"] == "op"
    assert "act" not in pairs


def test_a_line_of_cef_as_a_whole() -> None:
    row = row_of(
        EffectFailed(
            action_type="file.write",
            decision_stream="endpoint/one",
            decision_seq=7,
            problem=Foreign(text="no|space\\left = 0\nCEF:0|x"),
        )
    )
    version = cef_line(row, recorded_of(row)).split("|")[3]
    assert cef_line(row, recorded_of(row)) == (
        f"CEF:0|ringfence|ringfence|{version}|effect.failed/1|file.write failed|1|"
        "rt=1769860800250 externalId=endpoint/one:1 "
        "msg=file.write failed: no|space\\\\left \\= 0\\\\x0aCEF:0|x "
        f"cs5Label=hash cs5={row.hash.hex()}"
    )


def test_all_that_is_recorded_can_be_checked_from_what_is_exported(where: str) -> None:
    ledger = opened(where)
    for number in range(4):
        ledger.append(scan(f"s{number}"), stream="one", durability=Durability.WRITTEN)
        ledger.append(scan(f"t{number}"), stream="two", durability=Durability.WRITTEN)
    rows = list(ledger.rows())
    ledger.forget([rows[2].ordinal])
    told = [json.loads(line) for line in Exporting(ledger, chosen(Wanted()), Export.JSONL).lines()]
    ledger.close()
    ends: dict[str, str] = {"one": "0" * 64, "two": "0" * 64}
    for each in told:
        header = json.loads(each["header"])
        assert hashlib.sha256(each["header"].encode()).hexdigest() == each["hash"]
        assert header["prev"] == ends[each["stream"]]
        ends[each["stream"]] = each["hash"]
        if each["body"] is None:
            assert (each["stream"], each["seq"], each["salt"]) == ("one", 2, None)
            continue
        content = bytes.fromhex(each["salt"]) + base64.b64decode(each["body"])
        assert hashlib.sha256(content).hexdigest() == header["commitment"]
        assert {"stream": each["stream"], "seq": each["seq"]}.items() <= header.items()
    assert [(each["stream"], each["seq"]) for each in told] == [(row.stream, row.seq) for row in rows]


def test_a_part_of_a_stream_is_chained_to_what_comes_before_it(where: str) -> None:
    ledger = opened(where)
    for number in range(3):
        ledger.append(scan(f"s{number}"), stream="one", durability=Durability.WRITTEN)
    before, last = list(ledger.rows())[1:]
    wanted = Wanted(since=recorded_of(last).at)
    told = [json.loads(line) for line in Exporting(ledger, chosen(wanted), Export.JSONL).lines()]
    ledger.close()
    assert json.loads(told[-1]["header"])["prev"] == before.hash.hex()
    assert told[-1]["hash"] == last.hash.hex()


def test_an_export_counts_what_it_leaves_out(ledger_file: Path) -> None:
    ledger = opened(ledger_file)
    ledger.append(scan("s"), stream="one", durability=Durability.WRITTEN)
    ledger.append(GrantRevoked(grant="g", operator="o"), stream="one", durability=Durability.WRITTEN)
    ledger.append(GrantRevoked(grant="h", operator="o"), stream="one", durability=Durability.WRITTEN)
    ledger.forget([2])
    exporting = Exporting(ledger, chosen(Wanted()), Export.OCSF)
    assert len(list(exporting.lines())) == exporting.written == 1
    assert exporting.left_out == {"scan.started": 1, "grant.revoked, forgotten": 1}
    ledger.close()
