"""Results of `scan` and `inspect` in the formats that are no table."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.app.inspect import Inspection
from ringfence.app.scan.here import Here
from ringfence.core.inventory import Inventory

if TYPE_CHECKING:
    from ringfence.app.reports.report import Report

__all__ = ["as_document"]


def as_document(result: Inspection | Inventory, format_: str, here: Here) -> str | Iterator[str]:
    """The text, or its pieces, in one of the formats: json, sarif, cyclonedx, spdx, html or markdown.

    Raises:
        UsageError: a bill is wanted, and SOURCE_DATE_EPOCH is no time.
    """
    match format_:
        case "json":
            from ringfence.app.documents import pieces

            name = "inspect" if isinstance(result, Inspection) else "scan"
            return pieces(f"ringfence.{name}/1", result)
        case "cyclonedx" | "spdx":
            from ringfence.app.bom import BillFormat, bill_of, written

            kind = BillFormat.CYCLONEDX_1_6 if format_ == "cyclonedx" else BillFormat.SPDX_3_0
            return written(bill_of(result, here), kind)
        case "sarif":
            from ringfence.app.reports.sarif import sarif

            return sarif(_report(result))
        case "markdown":
            from ringfence.app.reports.markdown import markdown

            return markdown(_report(result))
        case _:
            from ringfence.app.reports.page import page

            return page(_report(result))


def _report(result: Inspection | Inventory) -> "Report":
    from ringfence.app.reports.report import of_inspection, of_inventory

    root = Path.cwd()
    if isinstance(result, Inspection):
        return of_inspection(result, root=root)
    return of_inventory(result, root=root)
