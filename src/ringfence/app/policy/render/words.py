"""What stands in every such document, whatever the policy."""

__all__ = ["HOW", "SIGNING"]

_RULES = (
    "Every sentence below is a rule that decides, written from the policy itself; beside it stand the "
    "rule's name and the line where it is written."
)
_ORDER = (
    "Where several rules fit, what is not allowed comes before what needs approval, and that before what is "
    "allowed. What nobody knows counts against an action: a rule that forbids or asks then fits, and one "
    "that allows does not."
)
_PATTERNS = (
    "In a pattern, an asterisk stands for anything within one part of a name, path or host, and two "
    "asterisks for anything at all."
)
HOW = (_RULES, _ORDER, _PATTERNS)
SIGNING = "I have read this policy, I understand it, and I will keep to it."
