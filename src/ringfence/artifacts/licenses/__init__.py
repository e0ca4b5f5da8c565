"""Licenses of models: what is claimed where, what that is in SPDX's terms, and what it asks.

Pure: bytes and facts in, values out. What is not recognised stays visible and counts as the strictest.
"""

from ringfence.artifacts.licenses.catalogue import LicenseClass
from ringfence.artifacts.licenses.claims import LicenseFile, wants_text
from ringfence.artifacts.licenses.expressions import normalise
from ringfence.artifacts.licenses.judge import LicenseInput, LicenseJudgement, is_inherited, judge_license
from ringfence.artifacts.licenses.strictness import class_of, effective_license, obligations, strictness

__all__ = [
    "LicenseClass",
    "LicenseFile",
    "LicenseInput",
    "LicenseJudgement",
    "class_of",
    "effective_license",
    "is_inherited",
    "judge_license",
    "normalise",
    "obligations",
    "strictness",
    "wants_text",
]
