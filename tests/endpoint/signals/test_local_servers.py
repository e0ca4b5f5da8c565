"""Servers that answer model requests, and programs that hold weights."""

from pathlib import Path

from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.machine import Listener, Process
from ringfence.endpoint.signals.local_servers import look


def listener(
    address: str = "127.0.0.1",
    port: int = 11434,
    *,
    server: str | None = "ollama",
    confidence: Confidence = Confidence.CERTAIN,
    exposed: bool = False,
    pid: int | None = None,
) -> Listener:
    return Listener(
        address=address,
        port=port,
        server=server,
        confidence=confidence,
        exposed=exposed,
        models=(),
        pid=pid,
        evidence=(),
    )


def process(pid: int, *models: str, name: str = "python3") -> Process:
    return Process(
        pid=pid,
        name=name,
        user=None,
        command=(),
        runtime=None,
        libraries=("libllama.so",),
        models=tuple(map(Path, models)),
        evidence=(),
    )


def signal(raised: bool | None, *evidence: tuple[str, str, Confidence]) -> Signal:
    return Signal(
        id=SignalId.LOCAL_SERVERS,
        raised=raised,
        evidence=tuple(Evidence(subject=s, text=t, confidence=c) for s, t, c in evidence),
    )


def test_what_other_machines_can_reach_comes_first() -> None:
    found = look(
        [
            listener(),
            listener("::1", 8080, server=None, confidence=Confidence.POSSIBLE),
            listener("0.0.0.0", 9000, exposed=True, confidence=Confidence.LIKELY, server="vllm"),
        ],
        [],
    )
    assert found == signal(
        True,
        ("0.0.0.0:9000", "vllm answers model requests; other machines can reach it", Confidence.LIKELY),
        ("127.0.0.1:11434", "ollama answers model requests; this machine only", Confidence.CERTAIN),
        (
            "[::1]:8080",
            "a server of unknown kind answers model requests; this machine only",
            Confidence.POSSIBLE,
        ),
    )


def test_a_process_that_holds_weights_without_a_listener_is_possible() -> None:
    found = look(
        [listener(pid=7)], [process(9, "/m/b.gguf", "/m/a.gguf", name="kworker\x1b[2J"), process(7, "/m/a")]
    )
    assert found.evidence[1:] == (
        Evidence(
            subject="kworker\\x1b[2J (9)",
            text="holds a.gguf, b.gguf; no listener of it was seen",
            confidence=Confidence.POSSIBLE,
        ),
    )


def test_a_library_alone_is_no_server() -> None:
    assert look([], [process(7)]) == signal(False)


def test_without_a_look_there_is_no_answer_but_evidence_counts() -> None:
    assert look(None, None) == signal(None)
    assert look([], None) == signal(None)
    assert look(None, []) == signal(None)
    assert look(None, [process(7, "/m/a.gguf")]).raised is True
    assert look([], []) == signal(False)
