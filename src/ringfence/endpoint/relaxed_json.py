"""Turns JSON as people write it into JSON as parsers read it.

Editors and agents allow comments, trailing commas, keys without quotes and single quotes in their settings.
This rewrites those, token by token and in linear time, and leaves the rest for the JSON parser to judge.

Source: JSON5 1.0 (without its numbers and line continuations), "JSON with Comments" of VS Code.
"""

import io
import json
import re

__all__ = ["strict"]

# Repeats are possessive and no token needs its closing mark: no input makes this look at a character twice.
_TOKEN = re.compile(
    r"""
      (?P<string> "[^"\\]*+(?:\\.[^"\\]*+)*+"? )
    | (?P<single> '[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'? )
    | (?P<gap> (?: \s | //[^\n]*+ | /\*.*?(?:\*/|\Z) )++ )
    | (?P<comma> , )
    | (?P<close> [\]}] )
    | (?P<number> -?[0-9][-+.0-9eE]*+ )
    | (?P<word> [A-Za-z_$][A-Za-z0-9_$]*+ )
    | (?P<other> [^"'/,\]}\sA-Za-z_$0-9-]++ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)|\"", re.DOTALL)
_WORDS = frozenset({"true", "false", "null"})


def strict(text: str) -> str:
    """`text` without comments and trailing commas, every key and string in double quotes."""
    written = io.StringIO()
    held = False  # a comma after a value, until it shows that something other than a closing bracket follows
    after_value = False
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group()
        if kind == "gap":
            written.write(" ")  # keeps apart what a comment kept apart: `1/**/2` is not 12
        elif kind == "comma" and after_value:
            held, after_value = True, False
        else:
            comma = "," if held and kind != "close" else ""
            written.write(comma + _written(kind, token))
            held, after_value = held and kind == "comma", token[-1] not in "[{:,"
    return written.getvalue()


def _written(kind: str | None, token: str) -> str:
    if kind == "single" and len(token) > 1 and token[-1] == "'":
        return '"' + _ESCAPE.sub(_requoted, token[1:-1]) + '"'
    if kind == "word" and token not in _WORDS:
        return json.dumps(token)
    return token


def _requoted(match: re.Match[str]) -> str:
    if match.group() == '"':
        return '\\"'
    return "'" if match.group(1) == "'" else match.group()
