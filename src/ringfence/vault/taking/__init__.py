"""Files in which people keep secrets, read: pure, bytes → what stands there. Errors never quote a line."""

from ringfence.core.limits import LIMITS
from ringfence.vault.errors import CredentialRefused
from ringfence.vault.taking.env_file import env_file
from ringfence.vault.taking.json_map import json_map
from ringfence.vault.taking.netrc import netrc
from ringfence.vault.taking.values import Found

__all__ = ["Found", "taken"]


def taken(data: bytes, name: str) -> tuple[Found, ...]:
    """What stands in a file of this name: JSON, a netrc, or else a list of variables.

    Raises:
        CredentialRefused: it is none of them.
    """
    if len(data) > LIMITS.vault_import_bytes:
        raise CredentialRefused(
            f"the file has more than {LIMITS.vault_import_bytes} bytes", hint="take in a smaller one"
        )
    if name.endswith(".json") or data.lstrip().startswith(b"{"):
        return json_map(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialRefused("the file is not UTF-8", hint="a .env file, a netrc or JSON") from None
    if "netrc" in name or text.split(maxsplit=1)[:1] == ["machine"]:
        return netrc(text)
    return env_file(text)
