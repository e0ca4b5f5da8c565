"""Bills of materials: models as documents that other people's tools read.

Pure: core values in, text out. A document names no place on this machine, so that it can be handed on.
"""

from ringfence.artifacts.bom.bill import Bill, Described
from ringfence.artifacts.bom.cyclonedx import CycloneDxVersion, cyclonedx
from ringfence.artifacts.bom.spdx import spdx

__all__ = ["Bill", "CycloneDxVersion", "Described", "cyclonedx", "spdx"]
