"""What commands look like that no honest program has. Each has one gap at most that may be any text, so that
the time grows with the text alone.
"""

import re
from typing import Final

from ringfence.artifacts.code.sought import Sought, first_found

__all__ = ["dangerous_command"]

_COMMANDS: Final = tuple(
    Sought(needs, re.compile(pattern, re.VERBOSE))
    for needs, pattern in (
        ("^curl|wget|fetch sh|python|perl|node|iex",
         r"""\b(?:curl|wget|fetch)\b[^\n|]{0,300}\|\s{0,4}(?:sudo\s{1,4})?
             (?:(?:ba|z|da|k)?sh|python\d?|perl|node|iex)\b"""),
        ("^chmod tmp/|shm/",
         r"""\bchmod\s{1,4}(?:\+x|[0-7]{0,2}7[0-7]{0,2})[^\n]{0,80}(?:&&|;)
             \s{0,4}(?:nohup\s)?(?:/var)?/(?:tmp|dev/shm)/"""),
        ("^/dev/tcp/|/dev/udp/", r"/dev/(?:tcp|udp)/[\w.$]"),
        ("^nc -", r"\bn(?:c|cat)\b[^\n|;]{0,60}\s-[a-z]{0,5}[ec]\b"),
        ("^bash|zsh|sh -i", r"\b(?:ba|z)?sh\s{1,4}-i\b"),
        ("^mkfifo", r"\bmkfifo\b[^\n]{0,120}\b(?:nc|ncat|sh|bash|telnet)\b"),
        ("^base64 -d|--decode", r"\bbase64\s{1,4}(?:-d|-D|--decode)\b[^\n|]{0,80}\|"),
        ("^powershell", r"(?i:powershell(?:\.exe)?\b[^\n]{0,80}\s-e(?:nc|ncodedcommand)?\s)"),
        ("^iex", r"\bIEX\b"),
        ("^downloadstring(", r"DownloadString\("),
        ("^certutil -urlcache", r"\bcertutil\b[^\n]{0,80}-urlcache"),
        ("^bitsadmin /transfer", r"\bbitsadmin\b[^\n]{0,40}/transfer"),
        ("^mshta", r"\bmshta\s{1,4}\S"),
        ("^regsvr32", r"\bregsvr32\s{1,4}\S"),
        ("^schtasks /create", r"\bschtasks\b[^\n]{0,40}/create"),
        ("^rm -r|-f", r"\brm\s{1,4}-[rf]{2}\s{1,4}(?:/|~|\$HOME)(?:\s|\*|/\*|$)"),
        ("^crontab", r"\bcrontab\s{1,4}-"),
        ("^launchctl", r"\blaunchctl\s{1,4}load\b"),
        ("^/etc/", r"/etc/(?:shadow|sudoers|ld\.so\.preload|cron)"),
        ("^.ssh/authorized_keys", r"\.ssh/authorized_keys\b"),
    )
)  # fmt: skip


def dangerous_command(text: str) -> str | None:
    """The part of a command that no honest program has: fetch and run, a shell to elsewhere, wiping."""
    found = first_found(_COMMANDS, text)
    return None if found is None else found.group()
