"""What a git configuration may say without power over the host, what flows back of one, and what is secret.

Pure. A key counts as harmless only when it stands in the table below: git gains keys that run programs with
every release. Transports such as `ext::` and addresses that begin with a dash run programs too.

Source: git-config(1), gitremote-helpers(7), git-check-ref-format(1).
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator

from ringfence.core.patterns import pattern
from ringfence.core.redaction import known_tokens
from ringfence.sandbox.tree.git_config import Config, Entry, parse, without, written

__all__ = ["cut", "flowed", "harmful", "named_paths", "stays_behind"]

_PLAIN = {  # section → keys that only say how git shows or keeps things
    b"core": b"repositoryformatversion filemode bare logallrefupdates ignorecase precomposeunicode symlinks"
    b" autocrlf eol safecrlf quotepath abbrev compression untrackedcache splitindex trustctime checkstat"
    b" preloadindex commitgraph multipackindex",
    b"user": b"name email",
    b"author": b"name email",
    b"committer": b"name email",
    b"init": b"defaultbranch",
    b"extensions": b"objectformat refstorage partialclone worktreeconfig noop preciousobjects"
    b" compatobjectformat relativeworktrees",
    b"pull": b"rebase ff",
    b"push": b"default autosetupremote followtags",
    b"fetch": b"prune prunetags parallel",
    b"merge": b"ff conflictstyle log",
    b"rebase": b"autostash autosquash updaterefs",
    b"rerere": b"enabled autoupdate",
    b"gc": b"auto autodetach pruneexpire reflogexpire",
    b"pack": b"threads windowmemory",
    b"feature": b"manyfiles",
    b"color": b"ui",
    b"log": b"date",
    b"diff": b"algorithm renames mnemonicprefix colormoved",
    b"commit": b"verbose",
    b"branch": b"autosetupmerge autosetuprebase sort",
    b"lfs": b"repositoryformatversion",
    b"submodule": b"active",
}
_KEYS = frozenset((section, key) for section, keys in _PLAIN.items() for key in keys.split())
_REMOTE = frozenset((b"fetch", b"prune", b"promisor", b"partialclonefilter", b"gh-resolved"))
_SUBMODULE = frozenset((b"active", b"branch", b"ignore", b"fetchrecursesubmodules", b"shallow"))
_UPDATES = frozenset((b"checkout", b"rebase", b"merge", b"none"))
_REBASE = frozenset(b"true false yes no on off 1 0 interactive i merges m".split())
_FLOWS = frozenset((b"remote", b"pushremote", b"merge", b"rebase", b"description", b"vscode-merge-base"))

_SCHEME = pattern(rb"(?:https?|ssh|git|git\+ssh|file)://(?!-)[^\s-][^\s]*")
_SCP = pattern(rb"(?:[A-Za-z0-9_.]+@)?[A-Za-z0-9_.][A-Za-z0-9_.-]*:(?!:)[^\s]*")
_LOCAL = pattern(rb"[./A-Za-z0-9_][^:\s]*")
_REF = pattern(rb"(?!-)(?!.*(?:\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\\"-][^\x00-\x20\x7f~^:?*\[\\\"]{0,254}")
_CONTROL = pattern(rb"[\x00-\x08\x0b-\x1f\x7f]")
_DESCRIPTION_BYTES = 4096
_SECRET_USER = pattern(rb"([A-Za-z][A-Za-z0-9+.-]{0,20}://)[^/\s@]{0,500}:[^/\s@]{0,2000}@")
_SECRET_KEYS = frozenset(
    b"extraheader pass password smtppass token oauthtoken secret apikey proxyauth cookiefile sslkey".split()
)
_RUNS = pattern(
    rb"core\.(?:fsmonitor|hookspath|sshcommand|editor|pager|askpass|gitproxy|alternaterefscommand)"
    rb"|(?:include|includeif\..*)\.path|filter\..*\.(?:clean|smudge|process)|diff\..*\.(?:command|textconv)"
    rb"|diff\.external|merge\..*\.driver|(?:diff|merge)tool\..*\.(?:cmd|path)|credential\.(?:.*\.)?helper"
    rb"|gpg\.(?:.*\.)?program|sequence\.editor|pager\..*|interactive\.difffilter"
    rb"|trailer\..*\.(?:command|cmd)|remote\..*\.(?:uploadpack|receivepack)|commit\.template",
    re.DOTALL,
)
_NAMED = 64


def harmful(now: Config, before: Config | None, *, inside: Callable[[bytes], bool]) -> Iterator[bytes]:
    """Names of keys in `now` that could act on the host and did not stand in `before`.

    `inside` says whether a working tree that the configuration names lies where the box could write anyway.
    """
    known = Counter((e.name, e.value) for e in before.entries) if before else Counter()
    remotes = _remotes(before or now)
    for entry in now.entries:
        same = (entry.name, entry.value)
        if known[same]:
            known[same] -= 1
        elif entry.name == b"core.worktree" and inside(entry.value or b""):
            continue
        elif not _is_harmless(entry, remotes) or (before and _is_where_it_sends(entry)):
            yield entry.name


def cut(config: Config) -> bytes:
    """The configuration without what is secret: passwords in addresses, headers, tokens, comments."""
    text, section = list[bytes](), None
    for entry in config.entries:
        value = _without_secret(entry)
        if value is None:
            continue
        if (entry.section, entry.subsection) != section:
            section = (entry.section, entry.subsection)
            text.append(_header(entry))
        if entry.value is None:
            text.append(b"\t" + entry.key + b"\n")
        else:
            text.append(written(b"", b"", [(entry.key, value)]).partition(b"\n")[2])
    return b"".join(text)


def flowed(given: Config, left: Config, host: Config) -> bytes | None:
    """The host's file after the run: its branches as they were left, where the run changed them.

    None when nothing changes. `given` is what the box began with. A value flows only when it has no power: a
    remote that the host knows, a reference, a word.
    """
    before, after = _branches(given, None), _branches(left, None)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    there = _branches(host, None)
    allowed = _branches(left, _remotes(host))
    wanted = {}
    for name in changed:
        flows = [pair for pair in allowed.get(name, []) if pair[0] in _FLOWS]
        stays = [pair for pair in there.get(name, []) if pair[0] not in _FLOWS]
        if sorted(flows + stays) != sorted(there.get(name, [])) and _REF.fullmatch(name):
            wanted[name] = flows + stays
    if not wanted:
        return None
    text = without(host, b"branch", wanted)
    if text and not text.endswith(b"\n"):
        text += b"\n"
    text += b"".join(written(b"branch", name, wanted[name]) for name in sorted(wanted) if wanted[name])
    parse(text)  # what was written is what git reads
    return text


def stays_behind(given: Config, left: Config, host: Config) -> list[bytes]:
    """Names of keys that the run set and that do not flow back. Sorted, each once."""
    known = Counter((e.name, e.value) for e in given.entries)
    remotes, names = _remotes(host), set[bytes]()
    for entry in left.entries:
        same = (entry.name, entry.value)
        if known[same]:
            known[same] -= 1
        elif not (entry.section == b"branch" and entry.key in _FLOWS and _is_harmless(entry, remotes)):
            names.add(entry.name)
    return sorted(names)


def named_paths(config: Config) -> Iterator[tuple[bytes, str]]:
    """What it names that git reads or runs by itself, and as what: `include`, `folder`, `word`.

    Words of commands come one by one: whoever asks looks which of them are files.
    """
    for entry in config.entries:
        if entry.value and _RUNS.fullmatch(entry.name):
            if entry.section in (b"include", b"includeif"):
                yield entry.value, "include"
            elif entry.name == b"core.hookspath":
                yield entry.value, "folder"
            else:
                words = entry.value.lstrip(b"!").replace(b'"', b" ").replace(b"'", b" ").split()
                yield from ((word, "word") for word in words[:_NAMED])


def _is_harmless(entry: Entry, remotes: frozenset[bytes]) -> bool:
    value, key = entry.value or b"", entry.key
    if _CONTROL.search(value) or (entry.subsection and _CONTROL.search(entry.subsection)):
        return False
    if entry.subsection is None:
        return (entry.section, key) in _KEYS
    match entry.section:
        case b"remote":
            return _is_address(value) if key in (b"url", b"pushurl") else _is_plain_remote(key, value)
        case b"branch":
            return _is_branch_s(key, value, remotes)
        case b"submodule":
            if key == b"url":
                return _is_address(value)
            return value in _UPDATES if key == b"update" else key in _SUBMODULE
    return False


def _is_where_it_sends(entry: Entry) -> bool:
    """A new address of a repository that was there already: work would be sent to a stranger."""
    return entry.section == b"remote" and entry.key in (b"url", b"pushurl")


def _is_plain_remote(key: bytes, value: bytes) -> bool:
    return value in (b"--no-tags", b"--tags") if key == b"tagopt" else key in _REMOTE


def _is_branch_s(key: bytes, value: bytes, remotes: frozenset[bytes]) -> bool:
    match key:
        case b"remote" | b"pushremote":
            return value == b"." or value in remotes
        case b"merge":
            return value.startswith(b"refs/") and bool(_REF.fullmatch(value))
        case b"vscode-merge-base":
            return bool(_REF.fullmatch(value))
        case b"rebase":
            return value.lower() in _REBASE
        case b"description":
            return len(value) <= _DESCRIPTION_BYTES
    return False


def _is_address(value: bytes) -> bool:
    if b"::" in value.partition(b"/")[0] or value.startswith(b"-"):
        return False
    if b"://" in value:
        return bool(_SCHEME.fullmatch(value))
    return bool(_SCP.fullmatch(value) or _LOCAL.fullmatch(value))


def _remotes(config: Config) -> frozenset[bytes]:
    """Names of remotes whose every address is harmless."""
    addresses = [e for e in config.entries if e.section == b"remote" and e.subsection]
    named = {e.subsection for e in addresses if e.key == b"url" and e.subsection}
    bad = {
        e.subsection for e in addresses if e.key in (b"url", b"pushurl") and not _is_address(e.value or b"")
    }
    return frozenset(named - bad)


def _branches(config: Config, remotes: frozenset[bytes] | None) -> dict[bytes, list[tuple[bytes, bytes]]]:
    """What stands of each branch; with `remotes`, only what is harmless."""
    found: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for entry in config.entries:
        if entry.section == b"branch" and entry.subsection is not None:
            values = found.setdefault(entry.subsection, [])
            if remotes is None or _is_harmless(entry, remotes):
                values.append((entry.key, entry.value if entry.value is not None else b"true"))
    return found


def _without_secret(entry: Entry) -> bytes | None:
    """The value as a box may see it; None when the key itself must go."""
    value = entry.value or b""
    if entry.key in _SECRET_KEYS or (entry.subsection and _SECRET_USER.search(entry.subsection)):
        return None
    value = _SECRET_USER.sub(rb"\1", value)
    for text in (value, entry.subsection or b""):
        if any(len(token) >= 20 for token in known_tokens(os.fsdecode(text))) or b"password=" in text.lower():
            return _anonymous(value) if entry.key in (b"url", b"pushurl") else None
    return value


def _anonymous(address: bytes) -> bytes | None:
    """The address without whoever it names; None where a token stands elsewhere in it."""
    bare = re.sub(rb"://[^/\s@]{0,2000}@", b"://", address)
    return None if any(len(token) >= 20 for token in known_tokens(os.fsdecode(bare))) else bare


def _header(entry: Entry) -> bytes:
    if entry.subsection is None:
        return b"[" + entry.section + b"]\n"
    return written(entry.section, entry.subsection, ())
