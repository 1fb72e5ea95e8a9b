"""Measurements of what the README and the design promise; run as ``python -m benchmarks.NAME``."""
