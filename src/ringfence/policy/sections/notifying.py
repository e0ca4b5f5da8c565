"""Key `notify` of the section `operators`: who is told that a question waits, beside those who look."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ringfence.core.actions import FieldKind
from ringfence.policy.canonical import canonical
from ringfence.policy.sections.egress import ADDRESSES
from ringfence.policy.sections.making import Maker
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import YES_NO, Text
from ringfence.policy.values import Switch, Webhook

__all__ = ["NOTIFY", "desktop", "webhooks"]

_LAST_PORT = 65_535
_PATH = "/[^\0\n]{1,400}"
_WEBHOOK = Table(
    "webhook",
    "An address that is told by HTTPS of questions and of what became of them. What it answers says nothing.",
    (
        Key(
            "url",
            Text(
                "an address such as https://chat.example.com/hooks/1",
                r"https://(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
                r"(?::[0-9]{1,5})?(?:/[!-\"$-~]{0,2000})?",
            ),
            "where; without a user, a password or `#`",
            needed=True,
        ),
        Key(
            "secret",
            Text("an absolute path, or one that begins with ~/", f"~?{_PATH}"),
            "a file of 16 to 4,096 bytes that its user alone can read: signs messages (HMAC-SHA256)",
        ),
        Key("private", ListOf(ADDRESSES, or_one=True), "private addresses that the host may have"),
        Key(
            "ca",
            Text("an absolute path", _PATH),
            "a file of the authorities to trust there, in PEM; default: the system's",
        ),
    ),
)
NOTIFY = Table(
    "notify",
    "Who is told that a question waits. What several documents name is told, all of it.",
    (
        Key("desktop", YES_NO, "whether the desktop shows it; default: yes. In any document `false` holds"),
        Key("webhook", ListOf(_WEBHOOK, or_one=True), "addresses that are told"),
    ),
)


def desktop(entry: Entry | None, maker: Maker) -> Switch | None:
    """Whether the desktop is told; None where nothing is said."""
    is_on: bool | None = None if entry is None else entry.get("desktop")
    if entry is None or is_on is None:
        return None
    return Switch(is_on=is_on, at=maker.place(entry.at("desktop")))


def webhooks(entry: Entry | None, maker: Maker) -> Iterator[Webhook]:
    """Those that are told; adds a problem for a host or port that there is not."""
    for each in (entry.get("webhook") if entry is not None else None) or ():
        host, port, target = _parts(each.get("url"))
        known = (canonical("host", FieldKind.HOST) or str)(host)
        if not known or not 1 <= port <= _LAST_PORT:
            what = "there is no such host or port"
            maker.problems.add(each.at("url"), what, hint="an address such as https://chat.example.com/hooks")
            continue
        yield Webhook(
            host=known,
            port=port,
            target=target,
            secret=each.get("secret"),
            private=tuple(each.get("private") or ()),
            ca=each.get("ca"),
            at=maker.place(each),
        )


def _parts(url: str) -> tuple[str, int, str]:
    """Host, port (0: none that there is), path with parameters. The shape of the key has been seen to."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError:
        return "", 0, "/"
    target = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return host, 443 if port is None else port, target
