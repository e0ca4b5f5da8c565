"""ringfence: control for the AI that runs on people's own machines."""

__version__ = "0.1.0"
