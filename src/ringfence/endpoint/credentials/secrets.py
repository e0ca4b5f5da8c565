"""Says what kind of secret a value is, by its shape or its name. Keeps and returns no value.

A name alone proves little: what only refers to a secret (`${VARIABLE}`, a path, a placeholder) is not one.
"""

import re

from ringfence.core.redaction import redact
from ringfence.core.text import clip, printable

__all__ = ["kind_by_shape", "kind_of", "label"]

_LABEL_CHARS = 80

# Most specific first. Prefixes as the issuers document them, September 2026.
_SHAPES = tuple(
    (kind, re.compile(rf"(?<![A-Za-z0-9_-])(?:{shape})"))
    for kind, shape in (
        ("private-key", r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY"),
        ("anthropic-oauth-token", r"sk-ant-o[ar]t[\w-]{12,}"),
        ("anthropic-api-key", r"sk-ant-[\w-]{12,}"),
        ("openrouter-api-key", r"sk-or-[\w-]{16,}"),
        ("stripe-api-key", r"[sr]k_(?:live|test)_\w{16,}"),
        ("openai-api-key", r"sk-[\w-]{20,}"),
        ("google-api-key", r"AIza[\w-]{35}|AQ\.[\w-]{20,}"),
        ("google-oauth-token", r"ya29\.[\w.-]{16,}|1//0[\w-]{20,}"),
        ("huggingface-token", r"hf_[A-Za-z0-9]{16,}"),
        ("github-token", r"gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"),
        ("gitlab-token", r"glpat-[\w-]{16,}"),
        ("slack-token", r"xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}"),
        ("aws-access-key", r"(?:AKIA|ASIA)[A-Z0-9]{16}"),
        ("npm-token", r"npm_[A-Za-z0-9]{20,}"),
        ("pypi-token", r"pypi-[\w-]{20,}"),
        ("groq-api-key", r"gsk_[A-Za-z0-9]{16,}"),
        ("xai-api-key", r"xai-[\w-]{20,}"),
        ("perplexity-api-key", r"pplx-[\w-]{16,}"),
        ("nvidia-api-key", r"nvapi-[\w-]{16,}"),
        ("replicate-token", r"r8_[A-Za-z0-9]{16,}"),
        ("databricks-token", r"dapi[0-9a-f]{32}"),
        ("jwt", r"eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"),
    )
)
_ANY_SHAPE = re.compile(
    r"PRIVATE KEY|sk[-_]|rk_|AIza|AQ\.|ya29\.|1//0|hf_|gh[oprsu]_|github_pat_|glpat-|xox|xapp-|AKIA|ASIA|npm_"
    r"|pypi-|gsk_|xai-|pplx-|nvapi-|r8_|dapi|eyJ"
)
# Bounded repeats: where one fails, the next begins a few characters on.
_IN_URL = re.compile(r"://[^\s/?#@:$<{]{0,100}:[^\s/?#@$<{][^\s/?#@]{2,200}@")
_IN_QUERY = re.compile(r"[?&]([A-Za-z_-]{1,40})=([^\s&#]{8,64})")

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LAST_WORDS = {
    *(
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "apikey",
        "pat",
        "jwt",
        "authorization",
        "cookie",
    ),
    *("bearer", "psk"),
}
_KINDS_OF_KEY = {
    *("api", "access", "secret", "private", "auth", "client", "encryption", "signing", "service", "master"),
    *("account", "subscription", "license", "app"),
}
_OAUTH = {"access", "refresh", "id", "oauth", "session", "bearer"}
_BARE_NAMES = {"key", "access", "refresh", "auth", "value", "session", "code"}  # as auth files spell it

_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|apikey)\s+")
_REFERENCE = re.compile(
    r"""(?ix) [$%!@<({*.]                                        # $VAR ${env:VAR} {env:VAR} <your key> ...
    | (?:env|file|op|keyring|keychain|vault|secret|https?|wss?):  # op://vault/item, https://...
    | (?:~|\.\.?|/(?:home|users|root|etc|opt|usr|var|run|tmp|dev|proc)|[a-z]:\\)[/\\\w]
    | (?:your|my|insert|enter|add|replace|paste|put|change|example|dummy|fake|none|test|not)  # your-key-here
      [-_ ]?(?:me\b|your|the|a[-_ ]|api|key|token|secret|here|needed|required|set)
    | x{4,} | \[
    """
)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


def kind_of(name: str, value: str, *, auth_file: bool = False) -> str | None:
    """The kind of secret that `value` is under `name`, e.g. `github-token`; None when it is none.

    In an `auth_file`, one that holds little but secrets, names such as `key` and `refresh` count too.
    """
    shape = kind_by_shape(value)
    if shape:
        return shape
    words = _words(name)
    bare = auth_file and len(words) == 1 and words[0] in _BARE_NAMES
    if not (bare or _promises(words)) or not _literal(value, at_least=16 if bare else 8):
        return None
    if bare:
        return "api-key" if words[0] in ("key", "value") else "oauth-token"
    if len(words) == 2 and words[0] in _OAUTH and words[1] == "token":
        return "oauth-token"
    if redact((name,)) != (name,):
        return "secret"
    return "-".join(words[-4:])


def kind_by_shape(text: str) -> str | None:
    """The kind of the first secret in `text` that its own form gives away."""
    if _ANY_SHAPE.search(text):
        for kind, shape in _SHAPES:
            if shape.search(text):
                return kind
    in_url = "://" in text and (
        _IN_URL.search(text) or any(_is_secret(*pair) for pair in _IN_QUERY.findall(text))
    )
    return "url-credentials" if in_url else None


def _is_secret(name: str, value: str) -> bool:
    """Whether a query says so: there, `key` mostly is one."""
    words = _words(name)
    return (
        _literal(value, at_least=8) if _promises(words) else words == ["key"] and _literal(value, at_least=16)
    )


def label(text: str) -> str:
    """A name that strangers chose (a key, a server): harmless to print, cut where it is itself a secret."""
    return clip(printable(redact((text[: 4 * _LABEL_CHARS],))[0]), chars=_LABEL_CHARS)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name[:_LABEL_CHARS])]


def _promises(words: list[str]) -> bool:
    if not words:
        return False
    if words[-1] in _LAST_WORDS:
        return True
    if words[-1] in ("key", "keys"):
        return len(words) > 1 and words[-2] in _KINDS_OF_KEY
    return False


def _literal(value: str, *, at_least: int) -> bool:
    bare = _SCHEME.sub("", value.strip(), count=1) if _SCHEME.match(value.strip()) else value.strip()
    if len(bare) < at_least or any(c.isspace() for c in bare):
        return False
    return not (_REFERENCE.match(bare) or _VARIABLE.fullmatch(bare))
