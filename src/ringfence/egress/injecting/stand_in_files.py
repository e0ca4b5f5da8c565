"""Files of logins as a box finds them: where programs look for them, with placeholders in them.

They are written anew for each session from what the vault says, never from the user's own files. That a login
has ended is nothing that a box would find out: what it has never expires, and tokens are got outside.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from configparser import RawConfigParser
from datetime import datetime
from io import StringIO
from urllib.parse import quote

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.vault.credential import host_and_port
from ringfence.vault.taking.logins import ACCOUNT_HEADER

__all__ = ["InBox", "StandInFile", "stand_in_files"]

_FOREVER = 4_102_444_800  # 2100
_OF_REPOSITORIES = frozenset({"github.com"})  # that take a token as a password
_TOKEN_USER = "x-access-token"  # noqa: S105 - a name
_SCOPES: list[Json] = ["user:inference", "user:profile", "user:sessions:claude_code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InBox:
    """A credential that a session may use."""

    name: str
    kind: str
    public: Mapping[str, str]
    hosts: tuple[str, ...]  # patterns that it is bound to
    paths: tuple[str, ...]
    placeholders: Mapping[str, str]  # by part


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInFile:
    """One file, mode 0600. `path` is relative to the home."""

    path: str
    content: str


def stand_in_files(credentials: Iterable[InBox], *, now: datetime) -> tuple[StandInFile, ...]:
    """The files for programs whose logins the vault has, by the names that `vault adopt` gives; sorted."""
    by_name = {each.name: each for each in credentials}
    made = {
        ".claude/.credentials.json": _claude(by_name),
        ".codex/auth.json": _codex(by_name, now),
        ".config/gh/hosts.yml": _gh(by_name),
        ".npmrc": _npmrc(by_name),
        ".config/pip/pip.conf": _pip(by_name),
        ".netrc": _netrc(by_name),
    }
    if made[".config/gh/hosts.yml"]:
        made[".config/gh/config.yml"] = 'version: "1"\n'  # of an older one gh asks its server
    return tuple(StandInFile(path=path, content=text) for path, text in sorted(made.items()) if text)


def _claude(by_name: Mapping[str, InBox]) -> str:
    login = by_name.get("claude-code")
    if login is None:
        return ""
    facts: dict[str, Json] = {
        "accessToken": login.placeholders.get("access_token") or login.placeholders.get("token"),
        "refreshToken": login.placeholders.get("refresh_token", ""),
        "expiresAt": _FOREVER * 1000,
        "scopes": _SCOPES,
        "subscriptionType": None,
    }
    return json.dumps({"claudeAiOauth": facts}) + "\n"


def _codex(by_name: Mapping[str, InBox], now: datetime) -> str:
    login = by_name.get("codex")
    key = by_name.get("codex-key")
    if key is None and login is None:  # it keeps what it is told once, and of a variable asks first
        key = by_name.get("OPENAI_API_KEY")
    if key is None and login is None:
        return ""
    facts: dict[str, Json] = {"OPENAI_API_KEY": key.placeholders.get("token") if key else None}
    if login is not None:
        account = _account(by_name.get("codex-account"))
        facts["tokens"] = {
            "id_token": _web_token({"chatgpt_account_id": account} if account else {}),
            "access_token": login.placeholders.get("access_token"),
            "refresh_token": login.placeholders.get("refresh_token"),
            "account_id": account,
        }
        facts["last_refresh"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(facts) + "\n"


def _account(kept: InBox | None) -> str | None:
    is_it = kept is not None and kept.kind == "header" and kept.public.get("header") == ACCOUNT_HEADER
    return kept.placeholders.get("value") if kept is not None and is_it else None


def _web_token(facts: dict[str, Json]) -> str:
    """An identity token that says nothing but what clients look for, and is signed by nobody."""
    head: dict[str, Json] = {"alg": "none", "typ": "JWT"}
    body: dict[str, Json] = {"exp": _FOREVER, "https://api.openai.com/auth": facts}
    parts = (base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in (head, body))
    return ".".join(each.rstrip("=") for each in (*parts, "bm9uZQ"))


def _gh(by_name: Mapping[str, InBox]) -> str:
    lines = []
    for name, each in sorted(by_name.items()):
        text = each.placeholders.get("token") or each.placeholders.get("access_token")
        if not name.startswith("gh/") or text is None:
            continue
        told = json.dumps(text)  # which is YAML too
        lines += [
            f"{name.removeprefix('gh/')}:",
            "    users:",
            "        ringfence:",
            f"            oauth_token: {told}",
            f"    oauth_token: {told}",
            "    git_protocol: https",
            "    user: ringfence",
        ]
    return "\n".join([*lines, ""])


def _npmrc(by_name: Mapping[str, InBox]) -> str:
    lines = []
    for name, each in sorted(by_name.items()):
        if not name.startswith("npm/"):
            continue
        where = f"//{each.hosts[0]}{_path(each)}"
        if each.kind == "bearer":
            lines.append(f"{where}:_authToken={each.placeholders['token']}")
        elif each.kind == "basic":
            pair = f"{each.public['user']}:{each.placeholders['password']}"
            lines.append(f"{where}:_auth={base64.b64encode(pair.encode()).decode()}")
    return "\n".join([*lines, ""])


def _pip(by_name: Mapping[str, InBox]) -> str:
    addresses = [
        f"https://{quote(each.public['user'], '')}:{quote(each.placeholders['password'], '')}"
        f"@{each.hosts[0]}{_path(each).rstrip('/')}"
        for name, each in sorted(by_name.items())
        if name.startswith("pip/") and each.kind == "basic"
    ]
    if not addresses:
        return ""
    made, text = RawConfigParser(), StringIO()
    made["global"] = {"index-url": addresses[0]}
    if addresses[1:]:
        made["global"]["extra-index-url"] = "\n".join(addresses[1:])
    made.write(text)
    return text.getvalue()


def _netrc(by_name: Mapping[str, InBox]) -> str:
    """What git, curl and others look up by host. Tokens stand there only for hosts of repositories: some
    programs send what stands there instead of what they were told to.
    """
    lines = dict[str, str]()
    for name, each in sorted(by_name.items()):
        if name.startswith(("npm/", "pip/")):  # these have files of their own
            continue
        user, password = _pair(each)
        for host in (host_and_port(pattern)[0] for pattern in each.hosts):
            if "*" not in host and (each.kind == "basic" or host in _OF_REPOSITORIES):
                line = f"machine {host} login {_quoted(user)} password {_quoted(password)}"
                lines.setdefault(host, line)
    return "\n".join([*lines.values(), ""]) if lines else ""


def _pair(each: InBox) -> tuple[str, str]:
    if each.kind == "basic":
        return each.public["user"], each.placeholders["password"]
    return _TOKEN_USER, next(iter(each.placeholders.values()), "")


def _path(each: InBox) -> str:
    """Where a registry begins, as the login that was taken said it."""
    return each.paths[0].removesuffix("**") if each.paths else "/"


def _quoted(text: str) -> str:
    if text and not any(char in " \t\"'\\#" for char in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
