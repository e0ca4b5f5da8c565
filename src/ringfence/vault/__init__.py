"""Secrets by reference: what is kept, how it lies on the disk, and what stands for it in a box."""
