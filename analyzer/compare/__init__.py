"""Comparing runs: what differs, the curves side by side, and a verdict that admits its doubt."""

from analyzer.compare.alignment import Aligned, By
from analyzer.compare.comparison import Comparison, Explanation, Side, compare
from analyzer.compare.differences import MISSING, Difference
from analyzer.compare.judgement import Judgement, Outcome
from analyzer.compare.tolerance import Tolerance, parse_tolerance

__all__ = [
    "MISSING",
    "Aligned",
    "By",
    "Comparison",
    "Difference",
    "Explanation",
    "Judgement",
    "Outcome",
    "Side",
    "Tolerance",
    "compare",
    "parse_tolerance",
]
