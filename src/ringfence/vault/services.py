"""Which variables hold credentials of which services: the names that their own programs read.

Sources: the pages of each service on its API keys and command-line programs, September 2026.
"""

import re
from collections.abc import Mapping

from ringfence.core.dataclass import dataclass
from ringfence.vault.credential import host_and_port
from ringfence.vault.kinds import kind_named
from ringfence.vault.taking.values import Found

__all__ = ["SERVICES", "Service", "completed", "variables_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where a credential belongs, and how it is sent there."""

    kind: str
    secret: str  # the part that the variable's value is
    hosts: tuple[str, ...]
    public: Mapping[str, str]


def _bearer(*hosts: str) -> Service:
    return Service(kind="bearer", secret="token", hosts=hosts, public={})  # noqa: S106 - a part's name


def _header(name: str, *hosts: str) -> Service:
    return Service(kind="header", secret="value", hosts=hosts, public={"header": name})  # noqa: S106


_GITHUB = _bearer("api.github.com")
_HUGGING_FACE = _bearer("huggingface.co")

SERVICES: Mapping[str, Service] = {
    "ANTHROPIC_API_KEY": _header("x-api-key", "api.anthropic.com"),
    "CLAUDE_CODE_OAUTH_TOKEN": _bearer("api.anthropic.com"),
    "COHERE_API_KEY": _bearer("api.cohere.com"),
    "DEEPSEEK_API_KEY": _bearer("api.deepseek.com"),
    "GEMINI_API_KEY": _header("x-goog-api-key", "generativelanguage.googleapis.com"),
    "GH_TOKEN": _GITHUB,
    "GITHUB_TOKEN": _GITHUB,
    "GITLAB_TOKEN": _header("PRIVATE-TOKEN", "gitlab.com"),
    "GOOGLE_API_KEY": _header("x-goog-api-key", "generativelanguage.googleapis.com"),
    "GROQ_API_KEY": _bearer("api.groq.com"),
    "HF_TOKEN": _HUGGING_FACE,
    "HUGGING_FACE_HUB_TOKEN": _HUGGING_FACE,
    "LINEAR_API_KEY": _header("Authorization", "api.linear.app"),
    "MISTRAL_API_KEY": _bearer("api.mistral.ai"),
    "NOTION_TOKEN": _bearer("api.notion.com"),
    "OPENAI_API_KEY": _bearer("api.openai.com"),
    "OPENROUTER_API_KEY": _bearer("openrouter.ai"),
    "PERPLEXITY_API_KEY": _bearer("api.perplexity.ai"),
    "REPLICATE_API_TOKEN": _bearer("api.replicate.com"),
    "SENTRY_AUTH_TOKEN": _bearer("sentry.io"),
    "SLACK_BOT_TOKEN": _bearer("slack.com"),
    "STRIPE_API_KEY": _bearer("api.stripe.com"),
    "XAI_API_KEY": _bearer("api.x.ai"),
}
"""By the variable's name."""


def completed(found: Found, *, hosts: tuple[str, ...]) -> Found | None:
    """What was found, with kind and hosts where its name says them, or as a bearer of `hosts`; else None."""
    if found.kind:
        return found
    value, service = found.values["value"], SERVICES.get(found.name)
    if service is None:
        service = _bearer(*hosts) if hosts else None
    if service is None:
        return None
    return Found(
        name=found.name,
        line=found.line,
        kind=service.kind,
        hosts=service.hosts,
        values={**service.public, service.secret: value},
    )


_OWN = {
    "aws": {"AWS_ACCESS_KEY_ID": "key_id", "AWS_SECRET_ACCESS_KEY": "secret_key"},
    "postgresql": {"PGPASSWORD": "password"},
}
_MADE_OUTSIDE = frozenset({"oauth", "github-app"})  # a box has what is sent as a bearer token
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


def variables_of(
    name: str, kind: str, public: Mapping[str, str], hosts: tuple[str, ...]
) -> Mapping[str, str]:
    """The variables in which programs look for such a credential, with the part that each holds.

    A credential that is called like a variable, as `import` names them, stands there too.
    """
    sent, bare = ("bearer" if kind in _MADE_OUTSIDE else kind), {host_and_port(each)[0] for each in hosts}
    found = dict(_OWN.get(kind, {}))
    part = "access_token" if kind in _MADE_OUTSIDE else next(each.name for each in kind_named(kind).secrets)
    for variable, each in SERVICES.items():
        if each.kind == sent and bare & set(each.hosts) and (sent != kind or each.public == dict(public)):
            found[variable] = part
    if _VARIABLE.fullmatch(name) and kind not in _OWN:
        found[name] = part
    return dict(sorted(found.items()))
