"""The judgement over one model: what counts, and what is wrong."""

import pytest

from ringfence.artifacts.licenses import LicenseFile, LicenseInput, LicenseJudgement, judge_license
from ringfence.core.facts import FactName
from ringfence.core.findings import Confidence, Severity, finding
from ringfence.core.models import LicenseClaim, Obligation

LLAMA = "LicenseRef-scancode-llama-3.1-license-2024"


def gguf(license_: str | None = None, base: str | None = None) -> LicenseFile:
    facts = {FactName.LICENSE: license_} if license_ else {}
    return LicenseFile(
        name="model.gguf",
        format="gguf",
        facts={**facts, **({FactName.BASE_MODELS: (base,)} if base else {})},
    )


def judge(*files: LicenseFile, **more: object) -> LicenseJudgement:
    return judge_license(LicenseInput(subject="acme/chat", files=files, **more))  # type: ignore[arg-type]


def checks(judgement: LicenseJudgement) -> list[tuple[str, Severity]]:
    return [(each.check, each.severity) for each in judgement.findings]


def test_a_plain_permissive_model_is_in_order() -> None:
    assert judge(gguf("mit")) == LicenseJudgement(
        claims=(LicenseClaim(expression="MIT", source="GGUF general.license"),),
        effective="MIT",
        obligations=(
            Obligation(
                id="keep-notices",
                text="when you pass it on: keep the license text and the copyright notices with it",
            ),
        ),
        findings=(),
        base_models=(),
    )


def test_a_mislabelled_quantisation_is_under_its_bases_license_and_in_dispute() -> None:
    judged = judge(gguf("apache-2.0", base="https://huggingface.co/meta-llama/Llama-3.1-8B"))
    assert judged.effective == LLAMA
    assert judged.claims == (
        LicenseClaim(expression="Apache-2.0", source="GGUF general.license"),
        LicenseClaim(expression=LLAMA, source="base model meta-llama/Llama-3.1-8B"),
    )
    assert judged.findings == (
        finding(
            "license-conflict",
            severity=Severity.MEDIUM,
            confidence=Confidence.LIKELY,
            subject="acme/chat",
            evidence=(
                "Apache-2.0 (GGUF general.license)",
                f"{LLAMA} (base model meta-llama/Llama-3.1-8B)",
            ),
            advice="ask the publisher which license holds; until then the strictest does",
        ),
    )
    assert {"keep-notices", "llama-name"} <= {each.id for each in judged.obligations}


def test_another_model_of_the_inventory_can_be_the_base() -> None:
    judged = judge(gguf("mit", base="acme/base"), license_of={"acme/base": "CC-BY-NC-4.0"}.get)
    assert judged.effective == "CC-BY-NC-4.0"
    assert judged.claims[1] == LicenseClaim(
        expression="CC-BY-NC-4.0", source="base model acme/base, found here"
    )
    assert checks(judged) == [
        ("license-conflict", Severity.MEDIUM),
        ("license-non-commercial", Severity.MEDIUM),
    ]


def test_a_base_that_is_looser_disputes_nothing() -> None:
    assert checks(judge(gguf("apache-2.0", base="microsoft/phi-2"))) == []
    assert checks(judge(gguf("gemma", base="microsoft/phi-2"))) == []


@pytest.mark.parametrize(
    ("one", "other"), [("gpl", "gpl-3.0"), ("openrail", "openrail++"), ("cc", "cc-by-4.0")]
)
def test_a_family_and_its_member_agree(one: str, other: str) -> None:
    card = LicenseFile(name="README.md", text=f"---\nlicense: {one}\n---\n".encode())
    assert "license-conflict" not in [check for check, _ in checks(judge(card, gguf(other)))]


def test_own_statements_that_differ_are_in_dispute() -> None:
    card = LicenseFile(name="README.md", text=b"---\nlicense: mit\n---\n")
    assert checks(judge(card, gguf("apache-2.0"))) == [("license-conflict", Severity.MEDIUM)]


def test_a_license_that_nobody_knows_is_found_and_permits_nothing() -> None:
    judged = judge(gguf("house rules"))
    assert judged.effective == "LicenseRef-unknown-house-rules"
    assert [each.id for each in judged.obligations] == ["review-before-use"]
    assert checks(judged) == [("license-unknown", Severity.MEDIUM)]


def test_no_license_is_a_finding_of_its_own() -> None:
    judged = judge(gguf())
    assert (judged.effective, judged.claims) == (None, ())
    assert [each.id for each in judged.obligations] == ["review-before-use"]
    assert checks(judged) == [("license-unknown", Severity.LOW)]


def test_a_permissive_base_alone_permits_nothing() -> None:
    judged = judge(gguf(base="microsoft/phi-2"))
    assert judged.effective is None
    assert checks(judged) == [("license-unknown", Severity.LOW)]


def test_a_license_to_be_read_first_is_said() -> None:
    assert checks(judge(gguf("agpl-3.0"))) == [("license-review", Severity.LOW)]


def test_the_repository_a_model_lies_under_can_only_make_it_stricter() -> None:
    known = judge(gguf(), repository="meta-llama/Llama-3.1-8B")
    assert known.effective == LLAMA
    assert known.claims[0].source == "well-known license of meta-llama/Llama-3.1-8B"
    loose = judge(gguf(), repository="microsoft/phi-2")
    assert (loose.claims, loose.effective) == ((), None)


def test_a_model_is_not_its_own_base() -> None:
    judged = judge(gguf("apache-2.0", base="acme/chat"), repository="Acme/Chat", license_of=lambda _: "Zed")
    assert judged.effective == "Apache-2.0"


def test_a_card_that_cannot_be_read_to_its_end_is_a_finding() -> None:
    card = LicenseFile(name="README.md", text=b"---\nlicense: mit\nx: [\n---\n")
    assert checks(judge(card)) == [("model-card-unreadable", Severity.LOW)]
    assert judge(card).effective == "MIT"


def test_base_models_that_the_caller_knows_of_count_too() -> None:
    assert judge(gguf("mit"), base_models=("hf.co/google/gemma-2-9b",)).base_models == ("google/gemma-2-9b",)
