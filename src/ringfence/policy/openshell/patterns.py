r"""OpenShell's patterns in ours: for allowances nothing more than they mean, for denials nothing less.

There `*` stands for any characters within a part, and `**` for whole parts where it is one. Editions differ
in whether `*` crosses a separator and whether `**` may stand for nothing: an allowance takes the narrower of
both, a denial the wider. Brackets and braces have no equivalent. A path is compared there after its escapes
are decoded, and here as it is sent: a pattern with what would be escaped allows nothing, and denies more.
"""

import re

from ringfence.core.actions import FieldKind
from ringfence.policy.canonical import canonical

__all__ = ["host_pattern", "literal", "narrow", "wide", "wide_text", "without_parameters"]

_SPECIAL = re.compile(r"[*?\\\[\]{}]")
_ODD = re.compile(r"[^A-Za-z0-9/._~!$&'()+,=:@*?-]")  # what paths have escaped, and what ends a part early
_ODD_FILE = re.compile(r"[\[\]{}\\\0-\x1f\x7f]")
_LABEL = re.compile(r"[a-z0-9_*-]{1,63}")
_MOST_LABELS = 3
_HOST = canonical("host", FieldKind.HOST)


def host_pattern(text: str, *, is_wide: bool = False) -> str | None:
    """A host's pattern in ours; None for one that is refused there, too.

    A wildcard stands in the first part, or is a whole later one; `**` stands for one part or more, and `*`
    for one, unless the pattern is to be wide.
    """
    host = text.lower()
    if "*" not in host:
        return _HOST(host) if _HOST is not None else None
    labels = host.split(".")
    if len(labels) < _MOST_LABELS or not all(map(_LABEL.fullmatch, labels)):
        return None
    first, *later = labels
    if any("*" in each and each != "*" for each in later) or ("**" in first and first != "**"):
        return None
    if "*" in labels[-1]:
        return None
    one = "*" if is_wide else "?*"  # ours alone is one part or more
    begins = {"**": "*", "*": one}.get(first, first)
    return ".".join((begins, *later))


def literal(text: str) -> str:
    """A pattern of ours for this text alone."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def narrow(pattern: str, kind: FieldKind = FieldKind.NAME) -> str | None:
    """A pattern of ours, for requests' paths or files, that fits nothing else; None where there is none."""
    odd = _ODD_FILE if kind is FieldKind.PATH else _ODD
    if odd.search(pattern) or not pattern:
        return None
    parts = pattern.removeprefix("/").split("/")
    if not pattern.startswith("/") and parts[0] != "**":
        return None
    made = []
    for number, part in enumerate(parts):
        if part == "**":
            made += ["**"] if number == len(parts) - 1 else ["*", "**"]
        else:
            made.append(re.sub(r"\*+", "*", part))
    return "/" + "/".join(made)


def wide(pattern: str) -> tuple[str, ...]:
    """Patterns of ours, for requests' paths, that leave nothing out."""
    text = re.sub(r"\[[^\]]*\]?|\{[^}]*\}?|\\.?", "*", pattern)
    text = re.sub(r"[*?]+", "**", _ODD.sub("*", text))
    if text in ("", "**", "/**"):
        return ("**",)
    found = [text]
    if text.endswith("/**"):
        found += [text.removesuffix("/**"), text.removesuffix("**")]
    begun = (each if each.startswith(("/", "*")) else f"**{each}" for each in found)
    return tuple(dict.fromkeys(each for each in begun if each))


def wide_text(pattern: str) -> str:
    """A pattern of ours for a text, that leaves nothing out."""
    text = re.sub(r"\[[^\]]*\]?|\{[^}]*\}?|\\.?", "*", pattern)
    return re.sub(r"\*+", "*", text)


def without_parameters(*, allows_slash: bool) -> list[str]:
    """Paths that are read otherwise there: what follows a `;` is cut off, and escaped slashes are refused."""
    return ["**;**", *([] if allows_slash else ["**%2F**", "**%5C**"])]
