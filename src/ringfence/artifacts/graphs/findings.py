"""What graphs of all frameworks share: operators that are brought along, and files outside the folder."""

from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity

__all__ = ["custom_operator", "escapes"]


def custom_operator(name: str, *, at: int | None) -> Spotted:
    """The graph needs code of its own, which its loader has to bring along."""
    return Spotted(
        check="graph-custom-operator",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=at,
        evidence=(name,),
        advice="run it only with a library of operators that you know",
    )


def escapes(path: str, *, at: int | None) -> Spotted:
    """Data are read from a file that does not lie beside the model."""
    return Spotted(
        check="external-data-escapes",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        at=at,
        evidence=(path,),
        advice="do not load it: it reads a file outside the model's folder",
    )
