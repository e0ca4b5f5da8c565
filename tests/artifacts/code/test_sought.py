import re

import pytest

from ringfence.artifacts.code.commands import dangerous_command
from ringfence.artifacts.code.sought import Sought, first_found

_FETCHED = Sought("^curl|wget sh", re.compile(r"\b(?:curl|wget)\b[^\n]{0,20}sh\b", re.IGNORECASE))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("then CURL x | sh", "CURL x | sh"),
        ("mycurl x | sh; wget x | sh", "wget x | sh"),
        ("\u0130 curl x | sh", "curl x | sh"),  # a letter that is longer in small
        ("curl x", None),
        ("sh", None),
        ("", None),
    ],
)
def test_a_pattern_is_found_as_if_it_were_searched_for_everywhere(text: str, found: str | None) -> None:
    match = first_found((_FETCHED,), text)
    assert (match and match.group()) == found


@pytest.mark.parametrize(
    "command",
    [
        *(
            "curl x | sudo bash",
            "wget x | python3",
            "chmod +x a; /tmp/a",
            "cat < /dev/udp/h/1",
            "nc -lvp 1 -e sh",
        ),
        *(
            "ncat h 1 -c x",
            "zsh -i",
            "mkfifo /tmp/f; nc h 1",
            "base64 --decode x |",
            "powershell -nop -enc x",
        ),
        *("IEX x", "a.DownloadString(x)", "certutil -f -urlcache x", "bitsadmin /transfer x", "mshta http:"),
        *(
            "regsvr32 /s x",
            "schtasks /f /create",
            "rm -rf /",
            "rm -fr ~/*",
            "echo x | crontab -",
            "cat /etc/sudoers",
        ),
        *(
            "launchctl load x",
            "cat k >> .ssh/authorized_keys",
            "echo x > /etc/cron.d/x",
            "chmod 755 a && /dev/shm/a",
        ),
    ],
)
def test_what_no_honest_program_runs_is_found(command: str) -> None:
    assert dangerous_command(f"x = 1\n{command} ") is not None


@pytest.mark.parametrize(
    "command", ["curl x > y", "bash x.sh", "rm -rf build", "chmod +x a", "crontabs", "sync -e"]
)
def test_what_honest_programs_run_is_not(command: str) -> None:
    assert dangerous_command(command) is None
