"""Scan: everything on this endpoint that belongs to local AI.

Two steps, because people want to see something before gigabytes are hashed: `look` gives the inventory with
digests as claims, `verify` reads the bytes and turns the claims into digests or into findings.
"""
