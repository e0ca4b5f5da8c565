"""Policies of OpenShell and presets of NemoClaw as documents of ringfence: the same, or stricter.

What cannot be said exactly is asked about, by rules that are for more; what cannot be said is left out.
Source: OpenShell's reference of its policy schema (2026), NemoClaw's presets.
"""
