"""Every bound on what untrusted input may cost, each with its unit; a module for each kind of it."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.artifacts import Artifacts
from ringfence.core.limits.boxes import Boxes
from ringfence.core.limits.documents import Documents
from ringfence.core.limits.egress import Egress
from ringfence.core.limits.endpoint import Endpoint
from ringfence.core.limits.ledger import Ledger
from ringfence.core.limits.models import Models
from ringfence.core.limits.operators import Operators
from ringfence.core.limits.policies import Policies
from ringfence.core.limits.protocols import Protocols
from ringfence.core.limits.vault import Vault

__all__ = ["LIMITS", "Limits"]


@dataclass(frozen=True, kw_only=True)
class Limits(
    Documents,
    Policies,
    Artifacts,
    Models,
    Endpoint,
    Operators,
    Ledger,
    Boxes,
    Vault,
    Egress,
    Protocols,
):
    """What may be spent on what strangers made. Past a limit the result says so; it is never silent."""


# The defaults stand in the classes; to set each of them once more takes longer than all the rest here.
LIMITS = object.__new__(Limits)
