"""Logins that programs keep in their user's home: where they lie, and what of them is a credential.

What a program got for a password or at a web page is a pair of tokens mostly: of these the one that lasts is
taken, and others are made of it outside of boxes. What refers to a variable, or holds nothing, is left out.

Sources: Claude Code's and Codex' own files and programs; the manuals of gh (`hosts.yml`), npm (`.npmrc`), pip
(configuration files) and curl (`.netrc`).
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from configparser import Error, RawConfigParser
from urllib.parse import unquote, urlsplit

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.vault.taking.netrc import netrc
from ringfence.vault.taking.values import Found

__all__ = ["ACCOUNT_HEADER", "LOGINS", "Login", "gh_found", "gh_hosts"]

ACCOUNT_HEADER = "chatgpt-account-id"
_CLAUDE = {
    "token_url": "https://console.anthropic.com/v1/oauth/token",
    "client_id": "9d1c250a-e61b-44d9-88ed-5944d1962f5e",  # the program's own, which it shows to everybody
}
_CODEX = {
    "token_url": "https://auth.openai.com/oauth/token",
    "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
}
_NPM = re.compile(
    r"//([a-z0-9.-]+(?::[0-9]{1,5})?)(/[!-~]*?)?:(_authToken|_auth|_password|username)\s*=\s*(.+)"
)
_YAML = re.compile(r"( *)([^\s:#'\"][^\s:#]*|'[^'\s]+'|\"[^\"\s]+\"):(?: +(.*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One file. It lies in `folder` of the home, or where the variable says."""

    program: str
    folder: str  # relative to the home; empty: the home itself
    file: str
    read: Callable[[str], tuple[Found, ...]]
    variable: str = ""  # that says where the folder is
    is_json: bool = False

    def is_whole(self, text: str) -> bool:
        """Whether it can be the file as its program writes it; half of one, of JSON, cannot."""
        return not self.is_json or isinstance(_document(text), dict)


def _claude(text: str) -> tuple[Found, ...]:
    tokens = _member(_document(text), "claudeAiOauth")
    hosts = ("api.anthropic.com",)
    if refresh := _text(tokens, "refreshToken"):
        values = {**_CLAUDE, "refresh_token": refresh}
        return (Found(name="claude-code", line=0, kind="oauth", hosts=hosts, values=values),)
    if access := _text(tokens, "accessToken"):
        return (Found(name="claude-code", line=0, kind="bearer", hosts=hosts, values={"token": access}),)
    return ()


def _codex(text: str) -> tuple[Found, ...]:
    document, found = _document(text), list[Found]()
    tokens = _member(document, "tokens")
    if key := _text(document, "OPENAI_API_KEY"):
        hosts = ("api.openai.com",)
        found.append(Found(name="codex-key", line=0, kind="bearer", hosts=hosts, values={"token": key}))
    if refresh := _text(tokens, "refresh_token"):
        values = {**_CODEX, "refresh_token": refresh}
        found.append(
            Found(
                name="codex",
                line=0,
                kind="oauth",
                hosts=("chatgpt.com", "api.openai.com"),
                values=values,
            )
        )
        if account := _text(tokens, "account_id"):
            values = {"header": ACCOUNT_HEADER, "value": account}
            found.append(
                Found(name="codex-account", line=0, kind="header", hosts=("chatgpt.com",), values=values)
            )
    return tuple(found)


def gh_hosts(text: str) -> Iterator[tuple[str, int, str]]:
    """Each host of gh's file with its line, and its token; an empty one lies in the system's keyring."""
    host, began, token = "", 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        told = _YAML.fullmatch(line.rstrip())
        if told is None:
            continue
        indent, key, value = len(told[1]), told[2].strip("'\""), (told[3] or "").strip().strip("'\"")
        if not indent:
            if host:
                yield host, began, token
            host, began, token = key.lower(), number, ""
        elif key == "oauth_token" and not token:
            token = value
    if host:
        yield host, began, token


def _gh(text: str) -> tuple[Found, ...]:
    return tuple(found for host, line, token in gh_hosts(text) if (found := gh_found(host, line, token)))


def gh_found(host: str, line: int, token: str) -> Found | None:
    """gh's token for a host, and git's; None without one."""
    hosts = ("api.github.com", "github.com", "uploads.github.com") if host == "github.com" else (host,)
    values = {"token": token}
    return Found(name=f"gh/{host}", line=line, kind="bearer", hosts=hosts, values=values) if token else None


def _npmrc(text: str) -> tuple[Found, ...]:
    by_place: dict[tuple[str, str], dict[str, tuple[int, str]]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        told = _NPM.fullmatch(line.strip())
        if told is not None and "${" not in told[4]:
            value = told[4].strip().strip("'\"")
            by_place.setdefault((told[1], told[2] or "/"), {})[told[3]] = (number, value)
    return tuple(filter(None, (_npm(*place, said) for place, said in by_place.items())))


def _npm(host: str, path: str, said: dict[str, tuple[int, str]]) -> Found | None:
    name, paths = f"npm/{host.replace(':', '-')}", () if path == "/" else _below(path)
    kind, line, values = "basic", 0, dict[str, str]()
    if "_authToken" in said:
        kind, (line, token) = "bearer", said["_authToken"]
        values = {"token": token}
    elif "_auth" in said:
        line, pair = said["_auth"][0], _unbased(said["_auth"][1])
        user, _, password = pair.partition(":")
        values = {"user": user, "password": password}
    elif "_password" in said and "username" in said:
        line, values = (
            said["_password"][0],
            {"user": said["username"][1], "password": _unbased(said["_password"][1])},
        )
    if not all(values.values()) or not values:
        return None
    return Found(name=name, line=line, kind=kind, hosts=(host,), paths=paths, values=values)


def _pip(text: str) -> tuple[Found, ...]:
    read = RawConfigParser(strict=False)
    try:
        read.read_string(text)
    except Error:
        return ()
    found = dict[str, Found]()
    for section in read.sections():
        for option in ("index-url", "extra-index-url"):
            for url in read.get(section, option, fallback="").split():
                made = _in_address(url)
                if made is not None:
                    found.setdefault(made.name, made)
    return tuple(found.values())


def _in_address(url: str) -> Found | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or not parts.password or "$" in parts.password:
        return None
    host = parts.hostname if port is None else f"{parts.hostname}:{port}"
    values = {"user": unquote(parts.username or ""), "password": unquote(parts.password)}
    name, paths = f"pip/{host.replace(':', '-')}", _below(parts.path)
    return Found(name=name, line=0, kind="basic", hosts=(host,), paths=paths, values=values)


def _below(path: str) -> tuple[str, ...]:
    """Where an index begins, and the rest of its server: files lie elsewhere than their list."""
    return f"{path.rstrip('/')}/**", "/**"


def _netrc(text: str) -> tuple[Found, ...]:
    return tuple(
        Found(name=f"netrc/{each.name}", line=each.line, kind=each.kind, hosts=each.hosts, values=each.values)
        for each in netrc(text)
    )


LOGINS = (
    Login(
        program="Claude Code",
        folder=".claude",
        file=".credentials.json",
        read=_claude,
        variable="CLAUDE_CONFIG_DIR",
        is_json=True,
    ),
    Login(
        program="Codex", folder=".codex", file="auth.json", read=_codex, variable="CODEX_HOME", is_json=True
    ),
    Login(program="gh", folder=".config/gh", file="hosts.yml", read=_gh, variable="GH_CONFIG_DIR"),
    Login(program="npm", folder="", file=".npmrc", read=_npmrc),
    Login(program="pip", folder=".config/pip", file="pip.conf", read=_pip),
    Login(program="pip", folder=".pip", file="pip.conf", read=_pip),
    Login(program="netrc", folder="", file=".netrc", read=_netrc),
)


def _document(text: str) -> Json:
    try:
        return parse(text.encode())
    except BadJson:
        return None


def _member(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Json, name: str) -> str:
    found = _member(value, name)
    return found if isinstance(found, str) else ""


def _unbased(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
