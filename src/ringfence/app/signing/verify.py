"""Verifies a signature: first who signed, then every file against what was signed, then that nothing moved
meanwhile. Nothing of the statement is believed before its signature holds, and no name in it is opened.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from ringfence.app.scan.here import Here
from ringfence.app.scan.request import Progress
from ringfence.app.signing.comparing import Compared, compare
from ringfence.app.signing.own_files import name_within, shown, within
from ringfence.app.signing.sign import signature_path
from ringfence.app.signing.trust import Trust
from ringfence.artifacts.signing import BadSignature, Manifest, left_out, read_bundle, read_statement
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UnreadableScope
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.model_tree import ModelTree, list_model
from ringfence.endpoint.opening import read_small, refusal

__all__ = ["Verification", "VerifyRequest", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """What is to be verified."""

    path: Path
    signature: Path | None = None  # None: where `sign` would have written it
    allow_symlinks: bool = False  # also where the signer did not
    ignore_paths: tuple[Path, ...] = ()  # unsigned files that do not count
    ignore_unsigned_files: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether a model is what somebody signed. `complete` is false when a part could not be examined."""

    started_at: datetime  # UTC
    complete: bool
    verified: bool  # everything was examined and nothing is wrong
    path: Path
    signature: Path
    signer: str | None  # a key's name, an identity or a certificate's name; None when it did not hold
    signed_files: int
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


def verify(request: VerifyRequest, trust: Trust, here: Here, progress: Progress) -> Verification:
    """The answer. Whatever does not hold is a finding.

    Raises:
        UnreadableScope: the model or the means of verification cannot be examined.
        UsageError: a path to ignore is not within the model.
    """
    return _Verifying(request, trust, here, progress).run()


class _Verifying:
    def __init__(self, request: VerifyRequest, trust: Trust, here: Here, progress: Progress) -> None:
        self._request = request
        self._trust = trust
        self._here = here
        self._progress = progress
        self._started_at = here.now()
        self._root = _resolved(request.path)
        self._signature = request.signature or signature_path(request.path)

    def run(self) -> Verification:
        data = read_small(self._signature, max_bytes=LIMITS.signature_bytes)
        if data is None:
            return self._not_verified("signature-missing", "there is no such file", _ADVICE_MISSING)
        if isinstance(data, Skipped):
            return self._result(signer=None, signed_files=0, findings=(), skipped=(data,))
        try:
            bundle = read_bundle(data)
            signer = self._trust.signer(bundle, data)
            manifest = read_statement(bundle.payload)
            self._check_kind(manifest)
        except BadSignature as error:
            return self._not_verified("signature-invalid", error.reason, _ADVICE_INVALID)
        compared = self._compared(manifest)
        return self._result(
            signer=signer,
            signed_files=len(manifest.files),
            findings=compared.findings,
            skipped=compared.skipped,
        )

    def _check_kind(self, manifest: Manifest) -> None:
        if ("." in manifest.files) is self._root.is_dir():
            signed = "one file" if self._root.is_dir() else "a folder"
            raise BadSignature(f"what was signed is {signed}, and this is not")

    def _compared(self, manifest: Manifest) -> Compared:
        passing = self._passing(manifest)
        allow = self._request.allow_symlinks or manifest.allow_symlinks
        tree = list_model(self._root, allow_symlinks=allow, passing=passing)
        compared = compare(
            manifest,
            tree,
            ignore_unsigned_files=self._request.ignore_unsigned_files,
            own=name_within(self._root, self._signature),
            here=self._here,
            progress=self._progress,
        )
        moved = _moved(tree, list_model(self._root, allow_symlinks=allow, passing=passing))
        return Compared(findings=compared.findings, skipped=(*compared.skipped, *moved))

    def _passing(self, manifest: Manifest) -> Callable[[str], bool]:
        """Leaves out what signer or user left out, and the signature; never what is signed."""
        own = name_within(self._root, self._signature)
        ignored = {*manifest.ignore_paths, *within(self._root, self._request.ignore_paths)}
        ignored |= {own} if own else set()
        signed = sorted(manifest.files)
        return lambda name: left_out(name, ignored) and not _holds(signed, name)

    def _not_verified(self, check: str, reason: str, advice: str) -> Verification:
        found = finding(
            check,
            severity=Severity.HIGH,
            confidence=Confidence.CERTAIN,
            subject=shown(self._signature),
            evidence=(reason,),
            advice=advice,
        )
        return self._result(signer=None, signed_files=0, findings=(found,), skipped=())

    def _result(
        self,
        *,
        signer: str | None,
        signed_files: int,
        findings: tuple[Finding, ...],
        skipped: tuple[Skipped, ...],
    ) -> Verification:
        wrong = any(each.severity > Severity.INFO for each in findings)
        return Verification(
            started_at=self._started_at,
            complete=not skipped,
            verified=signer is not None and not wrong and not skipped,
            path=self._request.path,
            signature=self._signature,
            signer=signer,
            signed_files=signed_files,
            findings=findings,
            skipped=skipped,
        )


_ADVICE_MISSING = "get the signature from whoever published the model, and name it with --signature"
_ADVICE_INVALID = (
    "do not trust the model: get it, its signature and the signer's key again from where they come"
)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        why = (
            refusal(error).reason if isinstance(error, OSError | ValueError) else "symbolic links in a circle"
        )
        raise UnreadableScope(
            f"{shown(path)}: {'not found' if missing else why}", hint="name a model's file or folder"
        ) from error


def _holds(names: list[str], name: str) -> bool:
    """Whether `name`, or something below it, is among the sorted names."""
    at = bisect_left(names, name)
    below = bisect_left(names, f"{name}/", lo=at)
    return names[at : at + 1] == [name] or any(
        each.startswith(f"{name}/") for each in names[below : below + 1]
    )


def _moved(before: ModelTree, after: ModelTree) -> Iterable[Skipped]:
    """What is not as it was when it was listed."""
    names = before.files.keys() | after.files.keys() | before.refused.keys() | after.refused.keys()
    moved = sorted(
        name
        for name in names
        if (before.files.get(name), before.refused.get(name))
        != (after.files.get(name), after.refused.get(name))
    )
    for name in moved[: LIMITS.evidence_items]:
        yield Skipped(
            kind="file", subject=shown(Path(name)), reason="it changed while the model was verified"
        )
