"""What counts as a secret, and as which kind."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.endpoint.credentials.secrets import kind_by_shape, kind_of, label

LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA2cD4"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"sk-ant-api03-{LETTERS}", "anthropic-api-key"),
        (f"sk-ant-oat01-{LETTERS}", "anthropic-oauth-token"),
        (f"sk-or-v1-{LETTERS}", "openrouter-api-key"),
        (f"sk-proj-{LETTERS}", "openai-api-key"),
        (f"AIza{LETTERS}ab", "google-api-key"),
        (f"AQ.{LETTERS}", "google-api-key"),
        (f"ya29.{LETTERS}", "google-oauth-token"),
        (f"hf_{LETTERS}", "huggingface-token"),
        (f"ghp_{LETTERS}", "github-token"),
        (f"github_pat_{LETTERS}", "github-token"),
        ("AKIAABCDEFGHIJKLMNOP", "aws-access-key"),
        (f"eyJhbGciOiJ9.{LETTERS}.{LETTERS}", "jwt"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private-key"),
        (f"Authorization: Bearer gho_{LETTERS}", "github-token"),
        ("https://eve:hunter22@example.com/", "url-credentials"),
        ("https://example.com/mcp?api_key=hunter22hunter22", "url-credentials"),
        ("http://127.0.0.1:8931/sse?a=b&key=hunter22hunter22", "url-credentials"),
    ],
)
def test_a_shape_gives_the_kind_away_wherever_it_stands(text: str, kind: str) -> None:
    assert kind_by_shape(text) == kind
    assert kind_by_shape(f"before {text} after") == kind


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "sk-",
            "ask-about-something-very-long-indeed",
            "https://example.com/a?page=2&key=name",
            "hf_",
            "risk-free-x",
        ),
        *("https://example.com:8080/a@b", "git@github.com:a/b.git", "https://${USER}:${PASS}@host/"),
        *("disk-usage-of-the-whole-machine", "eyJ", "sha256:" + "0" * 64),
    ],
)
def test_ordinary_text_is_no_secret(text: str) -> None:
    assert kind_by_shape(text) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BRAVE_API_KEY", "brave-api-key"),
        ("apiKey", "api-key"),
        ("openRouterApiKey", "open-router-api-key"),
        ("AWS_SECRET_ACCESS_KEY", "aws-secret-access-key"),
        ("access_token", "oauth-token"),
        ("refreshToken", "oauth-token"),
        ("botToken", "bot-token"),
        ("password", "password"),
        ("client_secret", "client-secret"),
        ("Authorization", "authorization"),
        ("GH_PAT", "gh-pat"),
    ],
)
def test_a_name_promises_a_secret(name: str, kind: str) -> None:
    assert kind_of(name, "hunter22hunter22") == kind
    assert kind_of(name, "Bearer hunter22hunter22") == kind


@pytest.mark.parametrize(
    "value",
    [
        *("", "short", "${TOKEN}", "$TOKEN", "Bearer ${env:TOKEN}", "{env:TOKEN}", "op://vault/item/field"),
        *(
            "MY_TOKEN_VARIABLE",
            "<your token here>",
            "your-api-key",
            "YOUR_API_KEY",
            "xxxxxxxxxxxx",
            "not-needed",
        ),
        *("https://example.com/token", "/home/eve/.token", "~/.config/token", "two words of text", "%TOKEN%"),
        *("[ADD_FROM_PASSWORD_MANAGER]", "********", "C:\\secrets\\token"),
    ],
)
def test_a_reference_or_placeholder_is_no_secret(value: str) -> None:
    assert kind_of("api_token", value) is None


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens",
        "tokenizer",
        "token_url",
        "token_type",
        "bearer_token_env_var",
        "publicKey",
        "sort_key",
        "author",
        "",
    ],
)
def test_names_that_only_sound_alike_promise_nothing(name: str) -> None:
    assert kind_of(name, "hunter22hunter22") is None


def test_bare_names_count_only_in_files_made_for_secrets() -> None:
    assert kind_of("key", "hunter22hunter22") is None
    assert kind_of("key", "hunter22hunter22", auth_file=True) == "api-key"
    assert kind_of("refresh", "hunter22hunter22", auth_file=True) == "oauth-token"
    assert kind_of("type", "hunter22hunter22", auth_file=True) is None


def test_a_label_is_harmless_and_cut_where_it_is_a_secret() -> None:
    assert label("github") == "github"
    assert label("a\x1b[2Jb") == "a\\x1b[2Jb"
    assert LETTERS not in label(f"sk-ant-api03-{LETTERS}")
    assert len(label("x" * 10_000)) == 80


@given(st.text(max_size=100), st.text(max_size=300))
def test_no_kind_ever_holds_the_value(name: str, value: str) -> None:
    kind = kind_of(name, value, auth_file=True)
    assert kind is None or (len(kind) < 120 and kind.isprintable())


@pytest.mark.parametrize(
    "piece",
    [
        "://",
        "://a:b",
        "?a=",
        "&key=12345678",
        "sk-",
        "eyJa.",
        "eyJaaaaaaaa.aaaa.",
        "-----BEGIN ",
        "Bearer ",
        "ya29.",
    ],
)
def test_no_text_makes_the_search_slow(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    kind_by_shape(text)
    kind_of(text, text)
    label(text)
    assert time.process_time() - start < 5
