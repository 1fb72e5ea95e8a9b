"""Comparing runs: what differs, the curves side by side, and a verdict that admits its doubt."""

from analyzer.compare.comparison import (
    Aligned,
    Comparison,
    Side,
    compare,
)
from analyzer.compare.differences import MISSING, Difference
from analyzer.compare.judgement import Judgement, Outcome

__all__ = [
    "MISSING",
    "Aligned",
    "Comparison",
    "Difference",
    "Judgement",
    "Outcome",
    "Side",
    "compare",
]
