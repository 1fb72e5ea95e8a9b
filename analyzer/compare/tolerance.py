"""How much a metric may differ before it matters, as somebody states it."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.errors import UsageError


@dataclass(frozen=True)
class Tolerance:
    """The largest difference that does not matter.

    ``value`` is in the metric's own unit, or with ``relative`` a share of the baseline's value.
    """

    value: float
    relative: bool = False

    def of(self, baseline: float) -> float:
        """The limit in the metric's own unit."""
        return self.value * abs(baseline) if self.relative else self.value

    def told(self, baseline: float) -> str:
        """``1 % (0.0072)``, or the plain value."""
        if self.relative:
            return f"{100 * self.value:.4g} % ({self.of(baseline):.3g})"
        return f"{self.value:g}"


def parse_tolerance(text: str) -> Tolerance:
    """``0.01`` in the metric's own unit, or ``1%`` of the baseline. Raises UsageError."""
    digits, percent = text.strip(), False
    if digits.endswith("%"):
        digits, percent = digits[:-1], True
    try:
        value = float(digits)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{text!r} is no tolerance; write a value such as 0.01, or a share as 1%")
    return Tolerance(value / 100, relative=True) if percent else Tolerance(value)
