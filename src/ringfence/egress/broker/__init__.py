"""Decides what boxes ask for, dials, and puts secrets into requests that it sends itself."""
