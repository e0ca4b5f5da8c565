"""Base models are known by the beginning of their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.licenses import LicenseClass, class_of
from ringfence.artifacts.licenses.lineage import known_license, prefixes, repository_of


@pytest.mark.parametrize(
    ("repository", "expression"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "LicenseRef-scancode-llama-3.1-license-2024"),
        ("unsloth/Meta-Llama-3.1-8B-bnb-4bit", "LicenseRef-scancode-llama-3.1-license-2024"),
        ("meta-llama/Meta-Llama-3-8B", "LicenseRef-llama-3-license-2024"),
        ("Llama 3.2 1B", "LicenseRef-scancode-llama-3.2-license-2024"),
        ("google/gemma-2-9b-it", "LicenseRef-scancode-gemma-tou-2024-04-01"),
        ("google/gemma-4-31b", "Apache-2.0"),
        ("Qwen/Qwen2.5-7B", "Apache-2.0"),
        ("Qwen/Qwen2.5-3B-Instruct", "LicenseRef-qwen-research-2024-09-19"),
        ("Qwen/Qwen2.5-32B", "Apache-2.0"),
        ("deepseek-ai/DeepSeek-R1", "MIT"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "LicenseRef-scancode-llama-3.1-license-2024"),
        ("deepseek-ai/DeepSeek-V3", "LicenseRef-scancode-deepseek-la-1.0"),
        ("deepseek-ai/DeepSeek-V3-0324", "MIT"),
        ("acme/chat", None),
        ("llama", None),
        ("", None),
    ],
)
def test_the_longest_beginning_decides(repository: str, expression: str | None) -> None:
    assert known_license(repository) == expression


@pytest.mark.parametrize(
    ("stated", "repository"),
    [
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("https://huggingface.co/meta-llama/Llama-3.1-8B/tree/main?x=1", "meta-llama/Llama-3.1-8B"),
        ("hf.co/meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("Llama 3.1 8B", "Llama 3.1 8B"),
        ("https://example.com/meta-llama/Llama-3.1-8B", None),
        ("https://example.com", None),
        ("/home/me/models/base", None),
        (" ", None),
    ],
)
def test_a_base_model_is_an_id_an_address_on_the_hub_or_a_name(stated: str, repository: str | None) -> None:
    assert repository_of(stated) == repository


def test_a_name_that_anybody_may_choose_never_gives_a_permissive_license() -> None:
    anybodys = {name: expression for name, expression in prefixes().items() if name.startswith("*")}
    loose = (LicenseClass.PERMISSIVE, LicenseClass.COPYLEFT)
    assert {name for name, expression in anybodys.items() if class_of(expression) in loose} == set()


def test_names_in_the_table_are_written_as_they_are_looked_up() -> None:
    assert [name for name in prefixes() if name != name.casefold() or "/" not in name or " " in name] == []


@given(st.text(max_size=60))
def test_every_statement_can_be_looked_up(text: str) -> None:
    repository = repository_of(text)
    if repository is not None:
        known_license(repository)
