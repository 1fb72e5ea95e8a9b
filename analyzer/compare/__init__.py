"""Comparing runs: what differs, the curves side by side, and a verdict that admits its doubt."""

from analyzer.compare.comparison import (
    MISSING,
    Aligned,
    Comparison,
    Difference,
    Side,
    compare,
)
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
