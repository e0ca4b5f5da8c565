"""Secrets in documents and text: kinds and locations, never values."""

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Credential
from ringfence.endpoint.credentials.search import in_document, in_text

CANARY = "canary0123456789"


def found(*pairs: tuple[str, str]) -> list[Credential]:
    return [Credential(kind=kind, location=location) for kind, location in pairs]


def test_secrets_in_a_document_are_told_by_the_keys_that_lead_to_them() -> None:
    document = {
        "model": "gpt-5",
        "mcpServers": {
            "github": {"command": "npx", "env": {"GITHUB_TOKEN": CANARY, "LOG": "debug", "OTHER": "$TOKEN"}},
            "remote": {"headers": {"Authorization": f"Bearer {CANARY}"}, "url": f"https://a:{CANARY}@b/"},
        },
        "profiles": [{"apiKey": CANARY}, {"apiKey": "${KEY}"}],
        "maxTokens": 4096,
    }
    assert list(in_document(document, shown="~/a.json")) == found(
        ("github-token", "~/a.json: mcpServers.github.env.GITHUB_TOKEN"),
        ("authorization", "~/a.json: mcpServers.remote.headers.Authorization"),
        ("url-credentials", "~/a.json: mcpServers.remote.url"),
        ("api-key", "~/a.json: profiles.0.apiKey"),
    )


def test_secrets_among_arguments_are_told_by_their_position() -> None:
    document = {
        "args": ["--api-key", CANARY, f"--token={CANARY}", "-e", f"GH_TOKEN={CANARY}", "--header", "X: y"]
    }
    assert list(in_document(document, shown="a")) == found(
        ("api-key", "a: args.1"), ("token", "a: args.2"), ("gh-token", "a: args.4")
    )
    header = {"args": ["--header", f"Authorization: Bearer {CANARY}"]}
    assert list(in_document(header, shown="a")) == found(("authorization", "a: args.1"))


def test_a_key_that_is_a_secret_itself_is_cut() -> None:
    secret = "sk-ant-api03-aB3dE5gH7jK9mN1pQ3sT5vW7xY9"
    told = list(in_document({secret: {"token": CANARY}}, shown="a"))
    assert [each.kind for each in told] == ["token"]
    assert secret not in repr(told)


def test_a_document_with_too_many_values_is_said_to_be_searched_in_part() -> None:
    many = [0] * LIMITS.settings_values
    assert list(in_document({"token": CANARY, "many": many, "later": CANARY}, shown="a")) == [
        *found(("token", "a: token")),
        Skipped(
            kind="credential",
            subject="a",
            reason=f"only its first {LIMITS.settings_values} values were searched for secrets",
        ),
    ]


def test_a_very_deep_document_is_searched_to_its_end() -> None:
    document: object = {"token": CANARY}
    for _ in range(100_000):
        document = {"a": document}
    assert [each.kind for each in in_document(document, shown="a")] == ["token"]


def test_secrets_in_text_are_told_by_line() -> None:
    text = "\n".join(
        [
            "# a comment about API_KEY=value",
            f"export ANTHROPIC_API_KEY={CANARY}",
            'export OPENAI_API_KEY="$OTHER"',
            f"GEMINI_API_KEY='{CANARY}'  # mine",
            f"set -gx HF_TOKEN {CANARY}",
            f'$env:GROQ_API_KEY = "{CANARY}"',
            f"//registry.example.com/:_authToken={CANARY}",
            f"aws_secret_access_key = {CANARY}",
            f"machine api.example.com login eve password {CANARY}",
            f"https://eve:{CANARY}@example.com",
            "alias ll='ls -l'",
            "export PATH=$HOME/bin:$PATH",
            "export TOKEN=$(pass show token)",
        ]
    )
    assert list(in_text(text, shown="~/.bashrc")) == found(
        ("anthropic-api-key", "~/.bashrc:2"),
        ("gemini-api-key", "~/.bashrc:4"),
        ("hf-token", "~/.bashrc:5"),
        ("groq-api-key", "~/.bashrc:6"),
        ("auth-token", "~/.bashrc:7"),
        ("aws-secret-access-key", "~/.bashrc:8"),
        ("password", "~/.bashrc:9"),
        ("url-credentials", "~/.bashrc:10"),
    )


def test_a_file_of_nothing_but_a_secret_is_told_by_its_kind() -> None:
    assert list(in_text("whatever\n\n", shown="t", secret_lines="huggingface-token")) == found(
        ("huggingface-token", "t:1")
    )
