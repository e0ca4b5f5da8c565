"""Command lines, arguments and addresses without their secrets. In doubt a value is cut: a word costs little.

Five signs, each enough: the value stands behind a name that promises a secret, in an Authorization header,
in the user part of an address, behind a prefix that only keys have, or it is long and looks random. In names
and paths, which people must recognize, only what is a secret beyond doubt is cut (`redact_name`).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.patterns import pattern

__all__ = ["CUT", "redact", "redact_name", "redact_url", "redact_value"]

CUT = "[cut]"
"""What stands where a secret was."""

_ARGUMENT_CHARS = 16 * 1024  # what an argument holds beyond this is dropped
_JSON_DEPTH = 64  # what lies deeper is cut

_SECRET_WORDS = {
    *("apikey", "auth", "authorization", "bearer", "cookie", "credential", "credentials", "dsn", "jwt"),
    *("pass", "passcode", "passphrase", "passwd", "password", "passwords", "pat", "pwd", "secret", "secrets"),
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
# Keys that only look something up: --sort-key, issueKey.
_HARMLESS_KEYS = {
    *("cache", "column", "foreign", "group", "issue", "object", "partition", "primary", "project", "public"),
    *("row", "sort"),
}
_WORKING_FOLDERS = {"PWD", "OLDPWD"}

_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_FLAG = pattern(r"-{1,2}[A-Za-z][\w.-]*")
_NEXT_FLAG = pattern(r"--[a-z][a-z-]*|-[A-Za-z]")
_WHOLE = pattern(r"(?s)(-{0,2}[A-Za-z_][\w.-]*)(=|:\s*)(.+)")
_NAME = pattern(r"(?<![\w.-])-{0,2}[A-Za-z_][\w.-]*")
_ASSIGNED = pattern(r"""["']?\s*[=:]\s*""")
_SPACE = pattern(r"\s+")
_BEHIND_NAMES = pattern(r"[=:\s]")  # without one of these no value follows a name, and none a scheme
_VALUE = pattern(
    r"""(?si)(?P<quote>"|')(?:(?!(?P=quote))[^\\]|\\.?)*(?P=quote)?"""
    r"""|(?:(?:Bearer|Basic|Digest|Token|ApiKey)\s+)?\S+"""
)
_SCHEME_AND_SECRET = pattern(r"(?i)\b(Bearer|Basic)\s+[\w.~+/=-]{6,}")
_AUTHORITY = pattern(r"""://([^\s/?#"'\\]*)@""")
# A password with a slash in it: what looks like host and port is the beginning of the user part.
_SLASHED = pattern(
    r"""://[^\s/?#"'\\:@\[]{0,200}:(?!\d*[/?#\\])[^\s/?#"'\\@]{1,200}[/?#\\][^\s"'@]{0,200}@"""
)
_USER_OPTION = pattern(r"-u|--user|--proxy-user|--login")
_PRIVATE_KEY = pattern(r"-----BEGIN [A-Z ]*PRIVATE KEY")
# Nothing else begins so; of the others names do as well: hf_models, xai-grok.
_SURE = (
    r"(?:sk-(?:ant|or|proj|svcacct)|glpat|gldt|xapp|xox[a-z])-[\w.-]{8,}"
    r"|(?:whsec|sk_live|sk_test|rk_live|dop_v1|lin_api|tgp_v1)_\w{8,}"
    r"|gh[opsur]_\w{8,}|github_pat_\w{8,}"
    r"|AIza[\w-]{16,}|ya29\.[\w.-]{8,}|SG\.[\w.-]{16,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|AGE-SECRET-KEY-\w+"
    r"|eyJ[\w-]{8,}\.[\w.=-]+"
)
_LIKELY = (
    r"(?:sk|rk|pk|csk|xai|pplx|nvapi|pypi|tskey|dapi)-[\w.-]{8,}"
    r"|(?:hf|gsk|r8|npm|fw|jina|lsv2|ntn)_\w{8,}"
    r"|gh[a-z]_\w{8,}|AQ\.[\w-]{8,}"
    r"|eyJ[\w-]{8,}[\w.=-]*"
)
_KNOWN = pattern(rf"(?<![A-Za-z0-9])(?:(?P<sure>{_SURE})|{_LIKELY})")
_BEARER = pattern(r"(?i)\b(Bearer)\s+[\w.~+/=-]{16,}")
_KEY_CHARS = 30  # letters and digits of the shortest key whose prefix names have as well
_USER_PART = pattern(r"[^\s/@:]+:[^\s/@]+@")
_LONG = pattern(r"[A-Za-z0-9+=_-]{24,}")
_HEX = pattern(r"(?:sha256[-_:])?[0-9a-fA-F-]+")


def redact(arguments: Sequence[str], *, longest: int = _ARGUMENT_CHARS) -> tuple[str, ...]:
    """The command line with every value that looks secret replaced by `[cut]`: as many arguments as came in.

    Ordinary paths, digests, model names and numbers come back as they are; doing it twice changes nothing.
    Of an argument the first `longest` characters are looked at, and come back.
    """
    return tuple(_redacted(arguments, longest))


def redact_value(name: str, text: str, *, longest: int = _ARGUMENT_CHARS) -> str:
    """The value of what is called so, a tool's argument or a key in JSON, without what looks secret.

    JSON in it is looked into. Where something of that is cut it comes back in one line, its keys sorted.
    """
    text = text[:longest]
    if _promises_secret(name):
        return CUT if text else text
    whole = _document(text)
    if whole is None:
        return _argument(text)
    shown = _of_json(whole, 0)
    if shown == whole:
        return text
    spelled = "\\u" in text  # perhaps half a character, which has no other form
    return json.dumps(shown, sort_keys=True, ensure_ascii=spelled, separators=(",", ":"))


def redact_name(text: str, *, is_place: bool = False) -> str:
    """The name, path or sentence without keys, tokens and passwords that cannot be anything else.

    A place is a host, with a path or without, that may have a user part though no scheme stands before it.
    """
    if "-----" in text and _PRIVATE_KEY.search(text):
        return CUT
    if is_place and (user := _USER_PART.match(text)):
        text = f"{CUT}@{text[user.end() :]}"
    if "://" in text:
        text = _SLASHED.sub(f"://{CUT}@", text)
        text = _AUTHORITY.sub(f"://{CUT}@", text)
    if _SPACE.search(text):
        text = _BEARER.sub(rf"\1 {CUT}", text)
    return _KNOWN.sub(lambda found: CUT if found["sure"] or _is_key(found[0]) else found[0], text)


def redact_url(url: str) -> str:
    """The address without user, password, query and fragment; `[cut]` where it cannot be told apart."""
    bare = re.split(r"[?#]", url[:_ARGUMENT_CHARS], maxsplit=1)[0]
    scheme, separator, rest = bare.rpartition("://") if bare.count("://") == 1 else ("", "", bare)
    authority, *path = re.split(r"(?=[/\\])", rest, maxsplit=1)
    host = authority.rpartition("@")[2]
    if not re.fullmatch(r"(?:\[[0-9a-fA-F:.%]*\]|[^:]*)(?::\d*)?", host):
        return f"{scheme}{separator}{CUT}"
    return scheme + separator + host + _text("".join(path))


def known_tokens(text: str) -> Iterator[str]:
    """What in `text` stands behind a prefix that keys have. Names may look so too: `hf_hub_download` does."""
    for found in _KNOWN.finditer(text):
        yield found[0]


def _redacted(arguments: Sequence[str], longest: int) -> Iterator[str]:
    before = ""
    for argument in arguments:
        text = argument[:longest]
        if not before.startswith("-"):  # which every option does
            yield _argument(text)
        elif _FLAG.fullmatch(before) and _promises_secret(before) and not _NEXT_FLAG.fullmatch(text):
            yield CUT if text else text
        elif _USER_OPTION.fullmatch(before) and ":" in text:
            yield CUT
        else:
            yield _argument(text)
        before = text


def _argument(text: str) -> str:
    if "-----" in text and _PRIVATE_KEY.search(text):
        return CUT
    whole = _WHOLE.fullmatch(text) if "=" in text or ":" in text else None
    if whole and _promises_secret(whole[1]):
        return whole[1] + whole[2] + CUT
    return _text(text)


def _document(text: str) -> Json:
    """The JSON object or list that the text is; None when it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return parse(text.encode("utf-8", "surrogateescape"))
    except (BadJson, UnicodeEncodeError):
        return None


def _of_json(value: Json, depth: int) -> Json:
    if isinstance(value, str):
        return _argument(value)
    if not isinstance(value, list | dict):
        return value
    if depth == _JSON_DEPTH:
        return CUT
    if isinstance(value, dict):
        return {redact_name(key): _of_member(key, each, value, depth) for key, each in value.items()}
    texts = [each for each in value if isinstance(each, str)]
    if len(texts) == len(value):  # perhaps a command line
        return list(redact(texts))
    return [_of_json(each, depth + 1) for each in value]


def _of_member(key: str, value: Json, around: Mapping[str, Json], depth: int) -> Json:
    """What stands behind its own name, or behind one beside it: `{"name": "X-Api-Key", "value": …}`."""
    beside = (around.get("name"), around.get("key")) if key == "value" else ()
    is_secret = any(_promises_secret(each) for each in (key, *beside) if isinstance(each, str))
    if not is_secret or (key == "key" and "value" in around):
        return _of_json(value, depth + 1)
    return value if value is None or isinstance(value, bool) or value == "" else CUT


def _text(text: str) -> str:
    if "://" in text:
        text = _SLASHED.sub(f"://{CUT}@", text)
        text = _AUTHORITY.sub(f"://{CUT}@", text)
    if _BEHIND_NAMES.search(text):  # the rest of it is slow, and most paths and values have none
        text = "".join(_named_values_cut(text))
        text = _SCHEME_AND_SECRET.sub(rf"\1 {CUT}", text)
    text = _KNOWN.sub(CUT, text)
    if not _LONG.search(text):
        return text
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
        return len(words) == 1 or words[-2] not in _HARMLESS_KEYS
    if any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in words):
        return True
    return any(a in _KEY_KINDS and b.startswith("key") for a, b in pairwise(words))


def _is_key(text: str) -> bool:
    """Whether letters and digits change places within words as often as in keys, over the length of one."""
    kinds = [_kind(c) for c in text]
    changes = sum(a != b for a, b in pairwise(kinds) if "other" not in (a, b))
    named = sum(kind != "other" for kind in kinds)
    return named >= _KEY_CHARS and changes >= 0.15 * named


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
