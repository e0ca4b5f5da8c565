"""Bounds: text and documents that strangers wrote, whatever they are about."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import KIB, MIB

__all__ = ["Documents"]


@dataclass(frozen=True, kw_only=True)
class Documents:
    """Text and documents that strangers wrote, whatever they are about."""

    # Text that strangers wrote
    evidence_chars: int = 200
    evidence_items: int = 20
    name_chars: int = 300
    paragraph_chars: int = 2000
    metadata_value_chars: int = 1000
    report_places: int = 20  # of one check, in a report for people
    sarif_results: int = 25_000  # of one run; code scanning refuses a document with more
    report_rows: int = 500  # of one table there

    # Documents that strangers wrote
    json_bytes: int = 8 * MIB  # parsed, these are up to 300 MB
    locks_bytes: int = 64 * MIB  # all models.lock of one scan
    yaml_bytes: int = 256 * KIB
    config_bytes: int = 4 * MIB
    card_nodes: int = 50_000  # of a model card's front matter
    readme_bytes: int = 1 * MIB  # searched for what its author says about limits of the model
    license_text_bytes: int = 256 * KIB
    license_chars: int = 2000  # one license field, as an author writes it
    copyright_words: int = 12  # of a line that only says whose copyright it is
    license_texts_in_one: int = 16  # licenses that one text may hold
    license_word_chars: int = 1024  # that are normalised together: a run of accents takes quadratic time
    license_text_places: int = 10_000  # of one text, where a license may begin, that are looked at
