"""What looks secret is cut; what does not is left alone."""

import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.redaction import CUT, redact, redact_name, redact_url, redact_value

ORDINARY = [
    ("/usr/local/bin/ollama", "serve"),
    ("ollama", "runner", "--model", "/root/.ollama/models/blobs/sha256-" + "0f" * 32, "--port", "40219"),
    ("llama-server", "-m", "/models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "--ctx-size", "8192", "-ngl"),
    ("vllm", "serve", "meta-llama/Llama-3.2-1B-Instruct", "--max-num-batched-tokens", "4096"),
    ("python3", "-m", "sglang.launch_server", "--model-path", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"),
    ("python", "main.py", "--listen", "0.0.0.0", "--tokenizer", "/x/DeepSeekR1DistillQwen32BInstruct/t.json"),
    ("npx", "-y", "@modelcontextprotocol/server-filesystem@2026.1.14", "/home/user/work"),
    ("server", "--api-key-file", "/etc/key", "--max-token", "5", "--eos-token", "</s>", "--no-auth", "x"),
    ("curl", "http://127.0.0.1:11434/api/tags?verbose=1", "-H", "Accept: application/json"),
    ("--snapshot", "models--org--name/snapshots/0e9e39f249a16976918f6564b8830bc894c89659/model.safetensors"),
    ("run", "123e4567-e89b-12d3-a456-426614174000", "PWD=/home/user"),
]  # fmt: skip

SAFE = string.ascii_letters + string.digits
SECRET = st.text(alphabet=SAFE, min_size=10, max_size=40)

FORMS = [
    ("--api-key", "{}"),
    ("--token={}",),
    ("--hf-token", "{}"),
    ("-password", "{}"),
    ("OPENAI_API_KEY={}",),
    ("--openaiApiKey={}",),
    ("env", "HF_TOKEN={}", "vllm"),
    ("sh", "-c", "GEMINI_API_KEY={} exec serve --quiet"),
    ("sh", "-c", "serve --api-key {} --port 1"),
    ("sh", "-c", 'export DB_PASSWORD="{}"; run'),
    ("sh", "-c", 'export DB_PASSWORD="{} not closed'),
    ("--config", '{{"model": "x", "api_key": "{}", "port": 1}}'),
    ("-H", "Authorization: Bearer {}"),
    ("-H", "x-api-key: {}"),
    ("curl -H 'Authorization: Token {}' http://127.0.0.1",),
    ("-u", "user:{}"),
    ("https://user:{}@example.org/v1",),
    ("https://user:a/{}@example.org/v1",),
    ("https://example.org/?next=https://{}@example.org/",),
    ("https://example.org/v1?model=x&key={}&y=1",),
    ("postgresql://me:{}@127.0.0.1:5432/db",),
    ("sk-{}",),
    ("--header=sk-ant-api03-{}",),
    ("hf_{}",),
    ("ghp_{}",),
    ("github_pat_{}",),
    ("AIzaSyB0123456789{}",),
    ("AQ.{}",),
    ("xoxb-{}",),
    ("glpat-{}",),
    ("eyJ{}.eyJ{}.x",),
    ("--key-data", "-----BEGIN OPENSSH PRIVATE KEY-----\n{}"),
]


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRET)
def test_a_secret_never_comes_out_whatever_the_form(form: tuple[str, ...], secret: str) -> None:
    redacted = redact([part.format(secret, secret) for part in form])

    assert len(redacted) == len(form)
    assert secret not in "\n".join(redacted)
    assert CUT in "\n".join(redacted)


def test_access_keys_are_known_by_their_prefix() -> None:
    assert redact(["AKIAIOSFODNN7EXAMPLE", "id=ASIAIOSFODNN7EXAMPLE"]) == (CUT, f"id={CUT}")


def test_only_the_secret_is_cut_from_a_command_line() -> None:
    command = (
        "vllm",
        "serve",
        "org/model",
        "--api-key",
        "abc",
        "--port",
        "8000",
        "--token=x",
        "A_SECRET=y z",
    )
    assert redact(command) == (
        *("vllm", "serve", "org/model", "--api-key", CUT, "--port", "8000"),
        *(f"--token={CUT}", f"A_SECRET={CUT}"),
    )


@pytest.mark.parametrize("command", ORDINARY)
def test_an_ordinary_command_line_is_left_alone(command: tuple[str, ...]) -> None:
    assert redact(command) == command


def test_a_flag_that_follows_a_secret_flag_is_no_value() -> None:
    assert redact(["--password", "--verbose", "x"]) == ("--password", "--verbose", "x")


def test_a_value_that_begins_with_a_dash_is_still_a_value() -> None:
    assert redact(["--password", "-Xy8_z"]) == ("--password", CUT)


def test_long_random_text_is_cut_without_any_name() -> None:
    kept = [text for _ in range(200) if redact([text := secrets.token_urlsafe(48)]) == (text,)]
    assert len(kept) <= 10  # a guess by its look, so nearly always rather than always


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_text_is_redacted_argument_by_argument_and_only_once(arguments: list[str]) -> None:
    once = redact(arguments)
    assert len(once) == len(arguments)
    assert redact(once) == once


@given(
    st.lists(
        st.sampled_from(["a=", "token=", '"', "'", "://", "@", "\\", " ", "--key ", "eyJ", ":", "x" * 30])
    )
)
def test_building_blocks_of_secrets_in_any_order_do_no_harm(parts: list[str]) -> None:
    once = redact(["".join(parts)])
    assert redact(once) == once


@pytest.mark.parametrize(
    "block", ["a=", "token=", 'token="', "a://", "a://b:c", "--key ", "eyJ.", "-", "aA1"]
)
def test_a_hostile_argument_costs_little(block: str) -> None:
    (cut,) = redact([block * 100_000])
    assert len(cut) <= 64 * 1024


@given(user=SECRET, password=SECRET, query=SECRET, fragment=SECRET)
def test_an_address_keeps_its_host_and_path_only(user: str, password: str, query: str, fragment: str) -> None:
    assert (
        redact_url(f"https://{user}:{password}@example.org:8443/mcp?x={query}#{fragment}")
        == "https://example.org:8443/mcp"
    )


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:8080/sse", "http://127.0.0.1:8080/sse"),
        ("https://[::1]:8080/sse?key=1", "https://[::1]:8080/sse"),
        ("https://esm.example/@scope/pkg@1.2", "https://esm.example/@scope/pkg@1.2"),
        ("user:secret@example.org/path", "example.org/path"),
        ("https://user:sec/ret@example.org/", f"https://{CUT}"),
        ("https://example.org/hook/sk-abcdefghijk", f"https://example.org/hook/{CUT}"),
        ("", ""),
    ],
)
def test_an_address_is_shown_as(address: str, shown: str) -> None:
    assert redact_url(address) == shown


@given(st.text(max_size=80))
def test_any_address_can_be_redacted_twice(address: str) -> None:
    assert redact_url(redact_url(address)) == redact_url(address)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "/models/jina_embeddings_v2_base_code/model.gguf",
            "/models/jina_embeddings_v2_base_code/model.gguf",
        ),
        ("hf_sentence_transformers_all_MiniLM_L6_v2", "hf_sentence_transformers_all_MiniLM_L6_v2"),
        ("x-ai/grok-4-fast-reasoning-20251124", "x-ai/grok-4-fast-reasoning-20251124"),
        ("xai-grok-4-fast-reasoning-preview-2025", "xai-grok-4-fast-reasoning-preview-2025"),
        ("/home/ann/password: what to do.md", "/home/ann/password: what to do.md"),
        ("key:" + "0f" * 32, "key:" + "0f" * 32),
        ("llama3:8b@sha256:" + "0f" * 32, "llama3:8b@sha256:" + "0f" * 32),
        ("/tmp/ghp_16C7e42F292c6912E7710c838347Ae178B4a.txt", f"/tmp/{CUT}.txt"),
        ("hf_" + "aB3" * 11, CUT),
        ("https://ann:pw@example.org/x", f"https://{CUT}@example.org/x"),
        ("401 for Bearer abcdefgh01234567", f"401 for Bearer {CUT}"),
        ("-----BEGIN PRIVATE KEY-----\nMII", CUT),
    ],
)
def test_of_a_name_or_path_only_what_is_a_secret_beyond_doubt_is_cut(name: str, shown: str) -> None:
    assert redact_name(name) == shown


def test_a_place_may_have_a_user_part_without_a_scheme() -> None:
    assert redact_name("ann:pw@example.org/m", is_place=True) == f"{CUT}@example.org/m"
    assert redact_name("huggingface.co/org/m@main", is_place=True) == "huggingface.co/org/m@main"


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("to", "ann", "ann"),
        ("issueKey", "P-1", "P-1"),
        ("options.api_key", "x", CUT),
        ("password", "", ""),
        ("body", '{ "to": "ann", "n": 1.50 }', '{ "to": "ann", "n": 1.50 }'),
        ("body", '{"a": {"password": 1}, "é": true}', f'{{"a":{{"password":"{CUT}"}},"é":true}}'),
        ("body", '{"password": null, "token": false}', '{"password": null, "token": false}'),
        ("body", '{"key": "API_TOKEN", "value": "x"}', f'{{"key":"API_TOKEN","value":"{CUT}"}}'),
        ("body", '["--password", "x", "y"]', f'["--password","{CUT}","y"]'),
        ("body", '{"password": "x", "password": "y"}', f'{{"password": "{CUT}", "password": "{CUT}"}}'),
        ("body", r'{"a": "\ud800", "password": "x"}', rf'{{"a":"\ud800","password":"{CUT}"}}'),
        ("body", '{"password": "x"', f'{{"password": "{CUT}"'),
    ],
)  # fmt: skip
def test_a_named_value_is_looked_into(name: str, text: str, shown: str) -> None:
    assert redact_value(name, text) == shown


@given(st.text(max_size=60))
def test_any_name_and_value_can_be_redacted_twice(text: str) -> None:
    assert redact_name(redact_name(text)) == redact_name(text)
    once = redact_value("x", text)
    assert redact_value("x", once) == once
