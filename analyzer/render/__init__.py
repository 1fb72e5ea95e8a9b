"""Showing what was found. Each output is one file; all get a Report and compute nothing."""
