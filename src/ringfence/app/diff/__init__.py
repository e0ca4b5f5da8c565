"""What changed between two versions of a model, so that a reviewer sees what matters first."""

from ringfence.app.diff.compare import compare
from ringfence.app.diff.comparison import Comparison

__all__ = ["Comparison", "compare"]
