"""What READMEs and configurations say about models, honest and hostile."""

from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.description import Description, Metric, describe
from ringfence.core.limits import LIMITS

README = b"""---
language: [en, no]
datasets: acme/books
base_model: acme/base
pipeline_tag: text-generation
model-index:
- name: tiny
  results:
  - metrics:
    - {type: accuracy, value: 0.5, name: Accuracy}
    - {name: f1, value: 0.25}
    - {type: nothing}
    - {type: nested, value: {a: 1}}
    dataset: {name: Books, type: acme/books}
    task: {type: text-generation}
---
# Tiny

It writes.

## Bias, Risks, and Limitations

It is tiny
and often wrong.

### Recommendations

[More Information Needed]

Do not trust it.

## Use

Limitations apply.
"""
CONFIG = b"""{"model_type": "llama", "architectures": ["LlamaForCausalLM"], "max_position_embeddings": 512,
"quantization_config": {"quant_method": "gptq"}}"""


def test_a_card_and_a_configuration_together_describe_the_model() -> None:
    assert describe(readme=README, config=CONFIG) == Description(
        task="text-generation",
        languages=("en", "no"),
        datasets=("acme/books",),
        base_models=("acme/base",),
        metrics=(
            Metric(type="accuracy", value="0.5", dataset="Books"),
            Metric(type="f1", value="0.25", dataset="Books"),
        ),
        limitations=("It is tiny and often wrong.", "Do not trust it."),
        family="llama",
        architecture="LlamaForCausalLM",
        context_tokens=512,
        quantization="gptq",
    )


def test_nothing_says_nothing() -> None:
    assert describe(readme=None, config=None) == Description()


def test_values_of_the_wrong_type_are_not_stated() -> None:
    config = b'{"model_type": 3, "architectures": [[]], "max_position_embeddings": true, "n_ctx": -1}'
    readme = b"---\nmodel-index: {results: x}\n---\n"
    assert describe(readme=readme, config=config) == Description()


def test_front_matter_that_cannot_be_read_has_no_metrics() -> None:
    assert describe(readme=b"---\nmodel-index: &a [*a]\n---\n", config=None) == Description()
    huge = b"---\nmodel-index: [" + b"a," * 80_000 + b"]\n---\n"
    assert describe(readme=huge, config=None) == Description()


def test_no_more_is_kept_than_the_limits_say() -> None:
    metrics = b"".join(b"\n    - {type: a, value: 1}" for _ in range(LIMITS.fact_items + 1))
    readme = (
        b"---\nmodel-index:\n- results:\n  - metrics:"
        + metrics
        + b"\n---\n# limitations\n\n"
        + b"x\n\n" * 200
    )
    found = describe(readme=readme + b"y" * 9000, config=None)
    assert len(found.metrics) == len(found.limitations) == LIMITS.fact_items
    one = describe(readme=b"# Limitations\n" + b"y" * 9000, config=None)
    assert [len(text) for text in one.limitations] == [LIMITS.paragraph_chars]


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_all_bytes_describe_something(readme: bytes, config: bytes) -> None:
    assert isinstance(describe(readme=b"---\nmodel-index:" + readme, config=config), Description)
