"""What a pickle does, as findings: each import, call and oddity with what it means and what to do."""

import re
from collections.abc import Generator, Iterable, Iterator

from ringfence.artifacts.format import Inside
from ringfence.artifacts.pickles.policy import (
    Kind,
    arguments_look_dangerous,
    danger,
    holds_code,
    is_watched,
    kind_of,
    kind_used,
    library_of,
    names_what_acts,
    runs_text,
    text_acts,
)
from ringfence.artifacts.pickles.seen import Anomaly, How, Seen, Use
from ringfence.artifacts.pickles.states import OPENS
from ringfence.artifacts.pickles.walk import Readings, walk
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity

__all__ = ["judge", "judged_by_lists", "severe"]

_DO_NOT_LOAD = "do not load it: loading runs what is named here"
_ASK = "load it only if you know this code and where the file comes from; safetensors needs no code at all"
_STORAGE_IDS = ("storage",)


def judge(
    reader: Reader, *, pickles: int | None = None, with_storages: bool = False
) -> Generator[Spotted | Problem | Inside, None, Seen]:
    """What was spotted in the stream of pickles that `reader` holds; nothing when it only makes plain data.

    Files within its bytes are for the dispatcher, but for pickles: what they do counts as done here.

    `pickles` says how many there are where raw data follows them; `with_storages` that persistent ids are
    PyTorch's. Returns all that was seen.
    """
    readings = walk(reader, judged_by_lists(), pickles=pickles)
    main = readings.main
    yield from _imports(main)
    yield from _uses(main)
    yield from _hidden(main, with_storages=with_storages)
    yield from _anomalies(main.anomalies.values())
    yield from _other_readings(readings)
    yield from _files(main)
    return main


def judged_by_lists() -> Seen:
    """Nothing seen yet; what matters is what the lists say."""
    return Seen(is_watched, _is_urgent, runs_text, holds_code)


def severe(seen: Seen, *, is_sure: bool) -> Iterator[Spotted]:
    """Of what may be no pickle at all, what surely acts; all that is severe when it `is_sure` to be one."""
    least = Severity.HIGH if is_sure else Severity.CRITICAL
    for found in (*_imports(seen), *_uses(seen)):
        if found.severity >= least:
            yield found


def _is_urgent(module: str, name: str) -> bool:
    return kind_of(module, name) is Kind.DANGEROUS


def _imports(seen: Seen) -> Iterator[Spotted]:
    called = {(use.module, use.name) for use in seen.uses.values()}
    libraries: dict[str, list[str]] = {}
    first_at: dict[str, int] = {}
    for (module, name), found in seen.imports.items():
        if (library := library_of(module, name)) is not None and kind_of(module, name) is Kind.LIBRARY:
            libraries.setdefault(library, []).append(f"{module}.{name}")
            first_at.setdefault(library, found.at)
        elif (module, name) not in called and kind_of(module, name) is not Kind.DATA:
            yield _import(module, name, found.at)
    for library, names in libraries.items():
        yield Spotted(
            check="pickle-needs-library",
            severity=Severity.INFO,
            confidence=Confidence.CERTAIN,
            at=first_at[library],
            evidence=(f"{library}: {', '.join(sorted(names)[:8])}",),
            advice=f"load it with {library} as its publisher ships it",
        )


def _import(module: str, name: str, at: int) -> Spotted:
    kind = kind_of(module, name)
    severity, check = {
        Kind.DANGEROUS: (Severity.CRITICAL, "pickle-dangerous-import"),
        Kind.CODE: (Severity.HIGH, "pickle-contains-code"),
        Kind.STANDARD_LIBRARY: (Severity.HIGH, "pickle-suspicious-import"),
        Kind.DOTTED: (Severity.HIGH, "pickle-suspicious-import"),
        Kind.MODULE: (Severity.HIGH, "pickle-suspicious-import"),
    }.get(kind, (Severity.LOW, "pickle-unknown-import"))
    why = danger(module, name) if kind is Kind.DANGEROUS else kind.value
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.LIKELY,
        at=at,
        evidence=(f"{module}.{name}", why or ""),
        advice=_ASK if severity == Severity.LOW else _DO_NOT_LOAD,
    )


def _uses(seen: Seen) -> Iterator[Spotted]:
    for use in seen.uses.values():
        if (found := _use(use)) is not None:
            yield found


def _use(use: Use) -> Spotted | None:
    kind = kind_used(use)
    if kind is Kind.FUNCTION and use.how is How.NEW:
        kind = Kind.CLASS
    evidence: tuple[str, ...] = (f"{use.module}.{use.name}{use.shown}",)
    if use.how is How.CHANGE:
        check, severity = "pickle-changes-import", Severity.HIGH
        evidence = (f"{use.module}.{use.name} is changed",)
        if kind is Kind.DANGEROUS:
            severity = Severity.CRITICAL
    elif use.how is How.STATE:
        check = "pickle-odd-arguments" if use.name in OPENS else "pickle-runs-text"
        severity = Severity.HIGH if use.name in OPENS else _severity_of_text(use)
        evidence = (f"{use.module}.{use.name}", use.shown)
    elif use.name == "_load_from_bytes" and kind is Kind.DATA:
        check, severity = "pickle-nested-loader", Severity.HIGH  # of bytes that are not in the file
    elif kind in (Kind.DATA, Kind.LIBRARY):
        if not arguments_look_dangerous(use):
            return None
        check, severity = "pickle-odd-arguments", Severity.HIGH
    elif kind is Kind.DANGEROUS:
        check, severity = "pickle-dangerous-call", Severity.CRITICAL
        evidence = (*evidence, danger(use.module, use.name) or "")
    elif kind is Kind.CODE:
        acting = sorted(filter(names_what_acts, use.texts))
        check, severity = "pickle-contains-code", Severity.CRITICAL if acting else Severity.HIGH
        evidence = (*evidence, f"code that names {', '.join(acting[:8])}" if acting else kind.value)
    elif kind is Kind.METHOD:
        check, severity = "pickle-keeps-method", Severity.LOW
    elif kind is Kind.CLASS:
        risky = arguments_look_dangerous(use)
        check, severity = "pickle-unknown-class", Severity.HIGH if risky else Severity.LOW
    else:
        check, severity = "pickle-unknown-call", Severity.HIGH
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.LIKELY if severity < Severity.CRITICAL else Confidence.CERTAIN,
        at=use.at,
        evidence=evidence,
        advice=_ASK if severity == Severity.LOW else _DO_NOT_LOAD,
    )


def _severity_of_text(use: Use) -> Severity:
    return Severity.CRITICAL if any(map(text_acts, use.texts)) else Severity.HIGH


def _hidden(seen: Seen, *, with_storages: bool) -> Iterator[Spotted]:
    for code, at in seen.extensions.items():
        yield Spotted(
            check="pickle-extension",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=at,
            evidence=(f"extension code {code}",),
            advice="do not load it: what the code stands for is decided by whoever loads it",
        )
    for word, at in seen.persistent.items():
        if not (with_storages and word in _STORAGE_IDS):
            yield Spotted(
                check="pickle-persistent-id",
                severity=Severity.LOW,
                confidence=Confidence.CERTAIN,
                at=at,
                evidence=(f"persistent id {word!r}",),
                advice="find out which program wrote it: only that one knows what the id stands for",
            )


def _anomalies(anomalies: Iterable[Anomaly]) -> Iterator[Spotted]:
    for odd in anomalies:
        check = "pickle-hidden-name" if "whose name is computed" in odd.detail else "pickle-anomaly"
        if odd.over_limit:
            check = "over-limit"
        yield Spotted(
            check=check,
            severity=Severity.HIGH if odd.serious else Severity.MEDIUM,
            confidence=Confidence.LIKELY if odd.serious else Confidence.CERTAIN,
            at=odd.at,
            evidence=(odd.detail,),
            advice="do not load it: no honest program writes such a pickle"
            if odd.serious
            else "look at the file by hand; what follows could not be examined with certainty",
        )


def _other_readings(readings: Readings) -> Iterator[Spotted]:
    """Of another reading what is surely dangerous counts; all that is severe when it reads without a flaw."""
    known = {f"{module}.{name}" for module, name in readings.main.imports}
    for other in readings.others:
        yield from _anomalies(odd for odd in other.anomalies.values() if odd.over_limit)
        for found in severe(other, is_sure=not other.anomalies):
            if _path(found) not in known:
                yield found


def _path(found: Spotted) -> str:
    """What is imported, with which the evidence of imports and uses begins."""
    return re.split(r"[(\s]", found.evidence[0], maxsplit=1)[0]


def _files(seen: Seen) -> Iterator[Spotted | Inside]:
    for program in seen.programs:
        yield Spotted(
            check="pickle-holds-program",
            severity=Severity.LOW,  # loading leaves it where it is; what would start it is severe itself
            confidence=Confidence.CERTAIN,
            at=program.at,
            evidence=(f"a program within {program.size_bytes} bytes",),
            advice="find out what the program is for before anything writes it to a file or starts it",
        )
    done: set[tuple[int, int]] = set()
    for name, contents in (("bytes.pt", seen.loaded), ("bytes", seen.files)):
        for content in contents:
            place = (id(content.source), content.start)
            if place not in done:
                done.add(place)
                yield Inside(name=name, reader=content.opened(), at=None if content.is_text else content.at)
