"""Command lines and addresses without their secrets. In doubt a value is cut: losing a word costs little.

Five signs, each enough: the value stands behind a name that promises a secret, in an Authorization header,
in the user part of an address, behind a prefix that only keys have, or it is long and looks random.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

__all__ = ["CUT", "redact", "redact_url"]

CUT = "[cut]"
"""What stands where a secret was."""

_ARGUMENT_CHARS = 16 * 1024  # what an argument holds beyond this is dropped

_SECRET_WORDS = {
    *("apikey", "auth", "authorization", "bearer", "cookie", "credential", "credentials", "dsn", "jwt"),
    *("pass", "passcode", "passphrase", "passwd", "password", "pat", "pwd", "secret", "secrets"),
    *("sig", "signature", "token"),
}
_SECRET_ENDINGS = ("apikey", "password", "passwd", "secret", "token")
_KEY_KINDS = {"access", "account", "admin", "api", "auth", "client", "encryption", "license", "private"}
# A name that ends so speaks about a secret and does not hold one: --password-file, --token-limit.
_HARMLESS_ENDINGS = {
    *("budget", "count", "dir", "dtype", "endpoint", "env", "expiry", "file", "format", "header", "length"),
    *("limit", "method", "mode", "name", "path", "provider", "size", "threshold", "timeout", "ttl", "type"),
    *("uri", "url", "var"),
}
# Tokens that models read (--eos-token) and switches (--no-auth).
_HARMLESS_WORDS = {
    *("bos", "cls", "disable", "eos", "mask", "max", "min", "no", "num", "pad", "sep", "special", "stop"),
    *("unk", "vocab"),
}
_WORKING_FOLDERS = {"PWD", "OLDPWD"}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_FLAG = re.compile(r"-{1,2}[A-Za-z][\w.-]*")
_NEXT_FLAG = re.compile(r"--[a-z][a-z-]*|-[A-Za-z]")
_WHOLE = re.compile(r"(?s)(-{0,2}[A-Za-z_][\w.-]*)(=|:\s*)(.+)")
_NAME = re.compile(r"(?<![\w.-])-{0,2}[A-Za-z_][\w.-]*")
_ASSIGNED = re.compile(r"""["']?\s*[=:]\s*""")
_SPACE = re.compile(r"\s+")
_VALUE = re.compile(
    r"""(?si)(?P<quote>"|')(?:(?!(?P=quote))[^\\]|\\.?)*(?P=quote)?"""
    r"""|(?:(?:Bearer|Basic|Digest|Token|ApiKey)\s+)?\S+"""
)
_SCHEME_AND_SECRET = re.compile(r"(?i)\b(Bearer|Basic)\s+[\w.~+/=-]{6,}")
_AUTHORITY = re.compile(r"""://([^\s/?#"'\\]*)@""")
# A password with a slash in it: what looks like host and port is the beginning of the user part.
_SLASHED = re.compile(
    r"""://[^\s/?#"'\\:@\[]{0,200}:(?!\d*[/?#\\])[^\s/?#"'\\@]{1,200}[/?#\\][^\s"'@]{0,200}@"""
)
_USER_OPTION = re.compile(r"-u|--user|--proxy-user|--login")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_KNOWN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|rk|pk|csk|xai|pplx|nvapi|glpat|gldt|pypi|tskey|xapp|xox[a-z]|dapi)-[\w.-]{8,}"
    r"|(?:hf|gsk|r8|npm|fw|jina|lsv2|ntn|whsec|sk_live|sk_test|rk_live|dop_v1|lin_api|tgp_v1)_\w{8,}"
    r"|gh[a-z]_\w{8,}|github_pat_\w{8,}"
    r"|AIza[\w-]{16,}|AQ\.[\w-]{8,}|ya29\.[\w.-]{8,}|SG\.[\w.-]{16,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|AGE-SECRET-KEY-\w+"
    r"|eyJ[\w-]{8,}[\w.=-]*"
    r")"
)
_LONG = re.compile(r"[A-Za-z0-9+=_-]{24,}")
_HEX = re.compile(r"(?:sha256[-_:])?[0-9a-fA-F-]+")


def redact(arguments: Sequence[str]) -> tuple[str, ...]:
    """The command line with every value that looks secret replaced by `[cut]`: as many arguments as came in.

    Ordinary paths, digests, model names and numbers come back as they are; doing it twice changes nothing.
    """
    return tuple(_redacted(arguments))


def redact_url(url: str) -> str:
    """The address without user, password, query and fragment; `[cut]` where it cannot be told apart."""
    bare = re.split(r"[?#]", url[:_ARGUMENT_CHARS], maxsplit=1)[0]
    scheme, separator, rest = bare.rpartition("://") if bare.count("://") == 1 else ("", "", bare)
    authority, *path = re.split(r"(?=[/\\])", rest, maxsplit=1)
    host = authority.rpartition("@")[2]
    if not re.fullmatch(r"(?:\[[0-9a-fA-F:.%]*\]|[^:]*)(?::\d*)?", host):
        return f"{scheme}{separator}{CUT}"
    return scheme + separator + host + _text("".join(path))


def _redacted(arguments: Sequence[str]) -> Iterator[str]:
    before = ""
    for argument in arguments:
        text = argument[:_ARGUMENT_CHARS]
        if _FLAG.fullmatch(before) and _promises_secret(before) and not _NEXT_FLAG.fullmatch(text):
            yield CUT if text else text
        elif _USER_OPTION.fullmatch(before) and ":" in text:
            yield CUT
        else:
            yield _argument(text)
        before = text


def _argument(text: str) -> str:
    if _PRIVATE_KEY.search(text):
        return CUT
    whole = _WHOLE.fullmatch(text)
    if whole and _promises_secret(whole[1]):
        return whole[1] + whole[2] + CUT
    return _text(text)


def _text(text: str) -> str:
    text = _SLASHED.sub(f"://{CUT}@", text)
    text = _AUTHORITY.sub(f"://{CUT}@", text)
    text = "".join(_named_values_cut(text))
    text = _SCHEME_AND_SECRET.sub(rf"\1 {CUT}", text)
    text = _KNOWN.sub(CUT, text)
    return "".join(CUT if _has_random_part(word) else word for word in re.split(r"(\s+)", text))


def _named_values_cut(text: str) -> Iterator[str]:
    """Pieces of `text`: what stands behind a secret's name, within quotes or up to the next space, is cut."""
    at = 0
    while name := _NAME.search(text, at):
        yield text[at : name.end()]
        at = name.end()
        if not _promises_secret(name[0]):
            continue
        between = _ASSIGNED.match(text, at) or (_SPACE.match(text, at) if name[0][0] == "-" else None)
        value = _VALUE.match(text, between.end()) if between else None
        if between and value and not _NEXT_FLAG.fullmatch(value[0]):
            quote = value["quote"] or ""
            yield between[0] + quote + CUT + quote
            at = value.end()
    yield text[at:]


def _promises_secret(name: str) -> bool:
    if name in _WORKING_FOLDERS:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _HARMLESS_ENDINGS or _HARMLESS_WORDS.intersection(words):
        return False
    if words[-1] in ("key", "keys"):
        return True
    if any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in words):
        return True
    return any(a in _KEY_KINDS and b.startswith("key") for a, b in pairwise(words))


def _has_random_part(word: str) -> bool:
    return any(_looks_random(run) for run in _LONG.findall(word))


def _looks_random(run: str) -> bool:
    """Upper case, lower case and digits that change places as often as in random text: names do not."""
    if _HEX.fullmatch(run):
        return False
    kinds = [_kind(c) for c in run]
    changes = sum(a != b for a, b in pairwise(kinds) if "other" not in (a, b))
    named = [kind for kind in kinds if kind != "other"]
    return set(named) == {"upper", "lower", "digit"} and changes >= 0.45 * len(named) and len(named) >= 20


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isalpha():
        return "upper" if character.isupper() else "lower"
    return "other"
