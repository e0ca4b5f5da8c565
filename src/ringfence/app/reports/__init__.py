"""Reports for people and for other tools: one value, `Report`, written as SARIF, HTML or Markdown."""

from ringfence.app.reports.markdown import markdown
from ringfence.app.reports.page import page
from ringfence.app.reports.report import Report, of_inspection, of_inventory
from ringfence.app.reports.sarif import sarif

__all__ = ["Report", "markdown", "of_inspection", "of_inventory", "page", "sarif"]
