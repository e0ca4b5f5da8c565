"""Where code, build files and configurations name models: found by looking at their text, nothing is run."""

from ringfence.app.references.find import Found, find_references
from ringfence.app.references.names import is_pinned

__all__ = ["Found", "find_references", "is_pinned"]
