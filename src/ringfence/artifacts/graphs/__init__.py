"""Computation graphs of several frameworks, walked and never run."""
