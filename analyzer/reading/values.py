"""From printed digits to numbers, many at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

import numpy as np

from analyzer.run import FloatArray, IntArray

NOT_LOGGED = frozenset({b"", b"na", b"n/a", b"none", b"null", b"-", b"--"})
"""What stands, in any case, where no number was logged."""

SAMPLE = 24
"""Values by which the printed precision of a column is judged."""

_DECIMALS = re.compile(rb"\.(\d*)")


def number(value: object) -> float | None:
    """A logged value as float (NaN and inf allowed), None when it is no number."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def whole_number(value: object) -> int | None:
    """A count or an epoch as int, also where it was written as 5.0; None for anything else."""
    found = number(value)
    if found is None or not abs(found) < 1e15 or found != int(found):
        return None
    return int(found)


def numbers(texts: Sequence[bytes]) -> tuple[IntArray, FloatArray]:
    """(places, values): what ``texts`` say, without those that are no number.

    ``places`` (m,) are 0-based indices into ``texts`` as int64, ``values`` (m,) float64.
    """
    try:
        values = np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
        return np.arange(len(values)), values
    except ValueError:
        pass
    logged = [place for place, text in enumerate(texts) if text.lower() not in NOT_LOGGED]
    try:
        floats = (float(texts[place]) for place in logged)
        values = np.fromiter(floats, dtype=np.float64, count=len(logged))
        return np.array(logged, dtype=np.int64), values
    except ValueError:
        pass
    places, kept = [], []
    for place in logged:
        value = None if texts[place].strip().lower() in NOT_LOGGED else number(texts[place])
        if value is not None:
            places.append(place)
            kept.append(value)
    return np.array(places, dtype=np.int64), np.array(kept, dtype=np.float64)


def resolution_of(digits: Iterable[str]) -> float:
    """One unit of the last printed digit: the finest among the texts given, 0.0 for none.

    >>> resolution_of(["0.72", "0.7"])
    0.01
    """
    exponents = [exponent for text in digits if (exponent := _exponent(text)) is not None]
    return float(10.0 ** min(exponents)) if exponents else 0.0


def printed_resolution(texts: Sequence[bytes]) -> float:
    """The same of many raw texts, judged by ``SAMPLE`` of them spread over all."""
    sample = texts[:: max(1, len(texts) // SAMPLE)]
    joined = b" ".join(sample)
    if sample and not joined.translate(None, b"0123456789.+- "):
        return float(10.0 ** -max(map(len, _DECIMALS.findall(joined)), default=0))
    return resolution_of(text.decode("ascii", "replace").strip() for text in sample)


def _exponent(text: str) -> int | None:
    try:
        exponent = Decimal(text).as_tuple().exponent
    except InvalidOperation:
        return None
    return exponent if isinstance(exponent, int) and abs(exponent) < 300 else None
