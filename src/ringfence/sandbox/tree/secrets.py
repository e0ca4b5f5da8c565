"""Which files of a working tree hold secrets, by name or by a bounded look inside. No value is ever returned.

Some names are enough: nothing else is kept in them. Others only make a file worth opening. In configuration
files only tokens count that their issuer's prefix and their own randomness give away: a file that is masked
by mistake breaks somebody's work.
"""

import os
import stat

from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern
from ringfence.core.redaction import known_tokens

__all__ = ["secret_in", "suspicion"]

_EXAMPLES = ("example", "sample", "template", "dist", "defaults", "default", "schema", "tmpl", "tpl")

_BY_NAME = {
    ".netrc": "passwords for hosts",
    "_netrc": "passwords for hosts",
    ".git-credentials": "passwords for git",
    ".pgpass": "passwords for databases",
    ".my.cnf": "passwords for databases",
    ".vault-token": "a token",
    ".dockercfg": "passwords for registries",
    ".s3cfg": "cloud credentials",
    ".boto": "cloud credentials",
    "master.key": "a key of Rails",
    "kubeconfig": "credentials for clusters",
    "terraform.tfvars": "values for Terraform",
    "terraform.tfstate": "a state of Terraform",
}
_BY_ENDING = {
    ".p12": "a key store",
    ".pfx": "a key store",
    ".jks": "a key store",
    ".keystore": "a key store",
    ".kdbx": "a password store",
    ".tfstate": "a state of Terraform",
    ".tfstate.backup": "a state of Terraform",
    ".tfvars": "values for Terraform",
    ".tfvars.json": "values for Terraform",
    ".kubeconfig": "credentials for clusters",
    ".ppk": "a private key",
}
_BELOW = {  # folder, name
    (".aws", "credentials"): "cloud credentials",
    (".aws", "config"): "cloud credentials",
    (".kube", "config"): "credentials for clusters",
    (".docker", "config.json"): "passwords for registries",
    (".ssh", "id_rsa"): "a private key",
    (".bundle", "config"): "passwords for registries",
    (".cargo", "credentials.toml"): "a token",
    (".cargo", "credentials"): "a token",
    (".gem", "credentials"): "a token",
}
_KEY_ENDINGS = (".pem", ".key", ".p8", ".pk8", ".openssh", "_rsa", "_ed25519", "_ecdsa", "_dsa", ".priv")
_PRIVATE_KEY = pattern(rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|AGE-SECRET-KEY-1")
_INSIDE = {  # name → what makes it one
    ".npmrc": (pattern(rb"(?im)_(?:authToken|password|auth)\s*=\s*[^\s$]"), "a token for packages"),
    ".yarnrc.yml": (
        pattern(rb"(?im)npmAuth(?:Token|Ident)\s*:\s*[\"']?[^\s$\"']"),
        "a token for packages",
    ),
    ".pypirc": (pattern(rb"(?im)^\s*password\s*[=:]\s*\S"), "a password for packages"),
    "pip.conf": (pattern(rb"://[^\s/@]{1,200}:[^\s/@$]{1,400}@"), "a password for packages"),
    "credentials.json": (pattern(rb'"(?:private_key|client_secret|refresh_token)"'), "cloud credentials"),
}
_ACCOUNT = pattern(rb'"private_key"\s*:\s*"-----BEGIN|"client_secret"\s*:\s*"[^"$]')
_CONFIGURATION = (
    *(".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".npmrc", ".pypirc", ".xml"),
    *(".tf", ".envrc"),
)
_NO_CONFIGURATION = frozenset({"package-lock.json", "npm-shrinkwrap.json", "composer.lock", "tsconfig.json"})
_ENVIRONMENT = pattern(r"\.env(?:\..+)?|.+\.env")


def suspicion(folder: str, name: str) -> str | None:
    """`s` where the file is worth a look by its name, `c` where it is an ordinary configuration file near the
    tree's top, None for all others. `folder` is relative to the tree, "" for its top.
    """
    if name in _INSIDE or name.endswith(_KEY_ENDINGS) or name.startswith("id_") or _named(folder, name):
        return "s"
    if not name.endswith(_CONFIGURATION) or name in _NO_CONFIGURATION:
        return None
    depth = folder.count("/") + 1 if folder else 0
    return "c" if depth <= LIMITS.tree_settings_depth else None


def secret_in(path: str, folder: str, name: str, status: os.stat_result) -> str | None:
    """What secret the file holds, in words for people; None when none was found.

    Reads at most `LIMITS.secret_head_bytes`, follows no link, and takes only the file that `status` is of.
    A file that cannot be opened is one, where its name says so.
    """
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return None
    named = _named(folder, name)
    if named:
        return named
    if name.endswith(_CONFIGURATION) and status.st_size > LIMITS.secret_head_bytes and name not in _INSIDE:
        return None
    data = _head(path, status)
    if data is None:
        return None
    if _PRIVATE_KEY.search(data):
        return "a private key"
    inside = _INSIDE.get(name)
    if inside and inside[0].search(data):
        return inside[1]
    if name.endswith(".json") and _ACCOUNT.search(data):
        return "cloud credentials"
    if name.endswith(_CONFIGURATION) and any(map(_is_token, known_tokens(data.decode("utf-8", "replace")))):
        return "a token"
    return None


def _named(folder: str, name: str) -> str | None:
    if _ENVIRONMENT.fullmatch(name):
        words = set(name.lower().split("."))
        return None if words.intersection(_EXAMPLES) else "values for the environment"
    found = _BY_NAME.get(name) or _BELOW.get((folder.rpartition("/")[2], name))
    if found:
        return found
    ending = next((end for end in _BY_ENDING if name.endswith(end)), None)
    return _BY_ENDING[ending] if ending and not set(name.lower().split(".")).intersection(_EXAMPLES) else None


def _is_token(token: str) -> bool:
    """Whether it is as random as issuers make them: names such as `hf_hub_download` and examples are not."""
    body = token.partition("-")[2] or token.partition("_")[2] or token
    if len(token) < 20 or "EXAMPLE" in token.upper() or "xxxx" in token.lower():
        return False
    digits = sum(c.isdigit() for c in body)
    return digits >= 2 and any(c.isalpha() for c in body) and len(set(body)) >= 10


def _head(path: str, status: os.stat_result) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        now = os.fstat(fd)
        if (now.st_dev, now.st_ino) != (status.st_dev, status.st_ino):
            return None
        return os.read(fd, LIMITS.secret_head_bytes)
    except OSError:
        return None
    finally:
        os.close(fd)
