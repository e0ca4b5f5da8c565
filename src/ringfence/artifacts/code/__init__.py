"""Code that rides with weights: read as syntax, never imported, compiled or run."""
