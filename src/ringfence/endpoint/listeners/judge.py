"""What a listener is: its answers and its process weighed against each other. Pure.

Answers are cheap to imitate. They are certain only when what the process runs agrees; a process that
contradicts them is a finding; without a visible process a telling answer is likely.
"""

import ipaddress
from collections.abc import Sequence

from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Listener
from ringfence.core.text import clip, printable
from ringfence.endpoint.listeners.answer import Answer
from ringfence.endpoint.listeners.questions import TELLING, server_of_runtime, signs_seen
from ringfence.endpoint.listeners.servers import Server, Sign, listed_models
from ringfence.endpoint.platform import ListeningSocket, RunningProcess
from ringfence.endpoint.runtime_signs import inference_libraries, is_interpreter, runtime_of

__all__ = ["is_exposed", "judge"]

# They hand connections on: what answers is another process, often in another namespace.
_FORWARDERS = frozenset(
    {
        "docker-proxy",
        "rootlessport",
        "slirp4netns",
        "pasta",
        "passt",
        "socat",
        "ssh",
        "sshd",
        "nginx",
        "caddy",
    }
    | {"haproxy", "envoy", "traefik", "kubectl", "gvproxy", "systemd", "conmon", "tailscaled"}
)


def judge(
    socket: ListeningSocket, answers: Sequence[Answer], process: RunningProcess | None
) -> Listener | None:
    """The listener, None when neither its answers nor its process have to do with models."""
    runtime = runtime_of(process) if process else None
    libraries = inference_libraries(process) if process else ()
    seen = signs_seen(answers)
    models = next((names for answer in answers if (names := listed_models(answer)) is not None), None)
    server, confidence, contradicted = _weighed(seen, process, runtime and runtime[0], libraries)
    if server is None and runtime is None and models is None and not (libraries and answers):
        return None
    findings = []
    if server and process and contradicted:
        findings.append(_mismatch(socket, server, process))
    if is_exposed(socket.address) and (models is not None or any(_open(server, a) for a in answers)):
        findings.append(_exposed(socket, server))
    evidence = [f"GET {sign.path}: {sign.says}" for owner, sign in seen if owner is server]
    evidence += [f"also answers like {owner.name}" for owner, _ in seen if owner is not server]
    if models is not None:
        evidence.append(f"lists {len(models)} models" if len(models) != 1 else "lists 1 model")
    evidence += [*_said_of_process(process, runtime and runtime[1]), *(f"maps {name}" for name in libraries)]
    return Listener(
        address=socket.address,
        port=socket.port,
        server=server.name if server else (runtime[0] if runtime else None),
        confidence=confidence,
        exposed=is_exposed(socket.address),
        models=tuple(clip(name, chars=LIMITS.name_chars) for name in (models or ())[: LIMITS.answer_models]),
        pid=process.pid if process else None,
        evidence=tuple(
            clip(printable(text), chars=LIMITS.evidence_chars)
            for text in dict.fromkeys(evidence[: LIMITS.evidence_items])
        ),
        findings=tuple(findings),
    )


def is_exposed(address: str) -> bool:
    """Whether other machines can reach what is bound to `address`, as far as the address goes."""
    bound = ipaddress.ip_address(address)
    mapped = bound.ipv4_mapped if isinstance(bound, ipaddress.IPv6Address) else None
    return not (mapped or bound).is_loopback


def _weighed(
    seen: list[tuple[Server, Sign]],
    process: RunningProcess | None,
    runtime: str | None,
    libraries: tuple[str, ...],
) -> tuple[Server | None, Confidence, bool]:
    """Server, confidence in it, and whether the process contradicts the answers."""
    expected = server_of_runtime(runtime)
    if expected:
        confirmed = any(server is expected for server, _ in seen)
        certain = confirmed and process is not None and process.executable is not None
        return expected, Confidence.CERTAIN if certain else Confidence.LIKELY, False
    if not seen:
        return None, Confidence.LIKELY if runtime else Confidence.POSSIBLE, False
    server, sign = seen[0]
    if any(name.startswith(server.libraries) for name in libraries if server.libraries):
        return server, Confidence.CERTAIN if sign.rank >= TELLING else Confidence.LIKELY, False
    hidden = process is None or process.executable is None or _forwards(process)
    if hidden or _may_run(server, process):
        return server, Confidence.LIKELY if sign.rank >= TELLING else Confidence.POSSIBLE, False
    return server, Confidence.POSSIBLE, True


def _may_run(server: Server, process: RunningProcess | None) -> bool:
    return server.scripted and process is not None and is_interpreter(process)


def _forwards(process: RunningProcess) -> bool:
    return process.executable is not None and process.executable.name in _FORWARDERS


def _open(server: Server | None, answer: Answer) -> bool:
    """Whether the answer shows that anybody may ask for what this server serves."""
    return server is not None and answer.ok and answer.path == server.models


def _said_of_process(process: RunningProcess | None, why: str | None) -> list[str]:
    if process is None:
        return ["its process may not be seen"]
    if why:
        return [why]
    return [f"its process runs {process.executable}" if process.executable else "its program may not be seen"]


def _mismatch(socket: ListeningSocket, server: Server, process: RunningProcess) -> Finding:
    return finding(
        "server-process-mismatch",
        severity=Severity.MEDIUM,
        confidence=Confidence.LIKELY,
        subject=_shown(socket),
        evidence=(f"answers as {server.name}", f"its process runs {process.executable}"),
        advice="Find out what this program is: it may be a proxy, an imitation for compatibility, or a trap.",
    )


def _exposed(socket: ListeningSocket, server: Server | None) -> Finding:
    return finding(
        "exposed-model-server",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN if server else Confidence.LIKELY,
        subject=_shown(socket),
        evidence=(f"bound to {socket.address}", "answered without asking for a key"),
        advice="Bind it to 127.0.0.1, or put a firewall or a proxy that asks who is there in front of it.",
    )


def _shown(socket: ListeningSocket) -> str:
    return f"[{socket.address}]:{socket.port}" if ":" in socket.address else f"{socket.address}:{socket.port}"
