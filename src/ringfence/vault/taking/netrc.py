"""`machine HOST login NAME password WORD`, as curl, git and ftp read it.

Source: the netrc pages of curl and GNU Inetutils.
"""

import re
from collections.abc import Iterator

from ringfence.vault.taking.values import Found

__all__ = ["netrc"]

_TOKEN = re.compile(r'"((?:[^"\\\n]|\\.)*)"|([^\s"]\S*)')


def netrc(text: str) -> tuple[Found, ...]:
    """Each machine that has a password, as basic authentication. `default` and macros are left out."""
    found, names = list[Found](), dict[str, int]()
    for host, line, words in _machines(text):
        if "password" not in words or not host:
            continue
        names[host] = names.get(host, 0) + 1
        name = host if names[host] == 1 else f"{host}-{names[host]}"
        values = {"user": words.get("login", ""), "password": words["password"]}
        found.append(Found(name=name, line=line, kind="basic", hosts=(host.lower(),), values=values))
    return tuple(found)


def _machines(text: str) -> Iterator[tuple[str, int, dict[str, str]]]:
    host, began, words = "", 0, dict[str, str]()
    tokens = _tokens(text)
    for word, line in tokens:
        match word:
            case "machine" | "default":
                yield host, began, words
                host, began, words = "", line, {}
                if word == "machine":
                    host = next(tokens, ("", 0))[0]
            case "login" | "password" | "account":
                words[word] = next(tokens, ("", 0))[0]
    yield host, began, words


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    in_macro = False
    for number, line in enumerate(text.split("\n"), 1):
        if in_macro:
            in_macro = bool(line.strip())
            continue
        if line.lstrip().startswith("#"):
            continue
        for found in _TOKEN.finditer(line):
            if found[2] == "macdef":
                in_macro = True
                break
            yield (re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]), number
