"""Reports to write: what an inspection and a scan of hostile things come to."""

from datetime import UTC, datetime
from pathlib import Path

from ringfence.app.inspect import Inspection
from ringfence.core.digests import Sha256
from ringfence.core.findings import Confidence, Severity, finding
from ringfence.core.inventory import Evidence, Inventory, Scope, Signal, SignalId, Skipped
from ringfence.core.judged import JudgedFile
from ringfence.core.machine import Agent, Listener
from ringfence.core.models import Model, ModelFile, Obligation
from ringfence.core.verdicts import Verdict

__all__ = ["AT", "HOSTILE", "ROOT", "inspection", "inventory"]

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROOT = Path("/somewhere")
HOSTILE = "<script>alert(1)</script>\"'`|\\| [x](http://evil) @all {{ 7*7 }} \u202egnp.exe\x1b[2J"


def inspection(name: str = "a b/m%.pkl", text: str = "os.system('id')") -> Inspection:
    """A model of one pickle in an archive, and a script beside it; `text` is what a stranger wrote."""
    call = finding(
        "pickle-dangerous-call",
        severity=Severity.CRITICAL,
        confidence=Confidence.CERTAIN,
        subject=f"{name}!/archive/data.pkl",
        offset=7,
        evidence=(text,),
        advice="do not load it",
    )
    terms = finding(
        "license-unknown",
        severity=Severity.LOW,
        confidence=Confidence.LIKELY,
        subject="tiny",
        evidence=("no license is stated",),
        advice="find where it came from",
    )
    script = finding(
        "script-attack",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        subject="run.sh",
        advice="do not run it",
    )
    path = ROOT / "models" / name
    model = Model(
        id=None,
        name="tiny",
        revision=None,
        store=None,
        location=path,
        files=(ModelFile(path=path, name="m%.pkl", format="pickle", size_bytes=9, sha256=Sha256("a" * 64)),),
        findings=(terms,),
        verdict=Verdict.MALICIOUS,
        obligations=(Obligation(id="review-before-use", text="have it read"),),
    )
    return Inspection(
        started_at=AT,
        complete=False,
        path=Path("models"),
        verdict=Verdict.MALICIOUS,
        reasons=("pickle-dangerous-call",),
        leaves_out=("what the weights make a model do",),
        findings=(call, script, terms),
        judged=(
            _judged(path, name, "pickle", Verdict.MALICIOUS, call),
            _judged(ROOT / "models" / "run.sh", "run.sh", "script", Verdict.SUSPICIOUS, script),
        ),
        models=(model,),
        skipped=(Skipped(kind="file", subject=text, reason="permission denied", count=2),),
    )


def inventory() -> Inventory:
    """A server that others can reach, and an agent with secrets, outside the working directory."""
    exposed = finding(
        "exposed-model-server",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        subject="0.0.0.0:11434",
        advice="bind it to 127.0.0.1",
    )
    holds = finding(
        "agent-holds-credentials",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        subject="claude-code",
        evidence=("github-token in ~/.netrc",),
        advice="run it elsewhere",
    )
    return Inventory(
        started_at=AT,
        complete=True,
        scope=Scope(paths=(), homes=(), min_size_bytes=1, machine=True, hashed=False),
        listeners=(
            Listener(
                address="0.0.0.0",
                port=11434,
                server="ollama",
                confidence=Confidence.CERTAIN,
                exposed=True,
                models=(),
                pid=None,
                evidence=(),
                findings=(exposed,),
            ),
        ),
        agents=(Agent(name="claude-code", version=None, locations=(Path("/home/x y"),), findings=(holds,)),),
        signals=(
            Signal(
                id=SignalId.LOCAL_SERVERS,
                raised=True,
                evidence=(
                    Evidence(subject="0.0.0.0:11434", text="reachable", confidence=Confidence.CERTAIN),
                ),
            ),
            Signal(id=SignalId.OFFLINE_ACCELERATOR, raised=None, evidence=()),
        ),
    )


def _judged(path: Path, name: str, format_: str, verdict: Verdict, found: object) -> JudgedFile:
    return JudgedFile(
        path=path,
        name=name,
        format=format_,
        size_bytes=9,
        verdict=verdict,
        leaves_out=("what the weights make a model do",),
        findings=(found,),
    )
