"""Message templates: ``{name}`` is a value of the evidence or a fact.

A part in square brackets is left out when one of its values is not known:
``"best at {best_epoch}[, {hours} hours ago]"``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

_NAME = re.compile(r"\{([a-z0-9_.]+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


UNKNOWN = "unknown"

GROUPED, LONGEST = 1e4, 1e7
"""From ``GROUPED`` on digits stand in threes, from ``LONGEST`` on with an exponent."""


def names(template: str) -> list[str]:
    """The names in ``template``. Raises ValueError for a brace or bracket that stands alone."""
    rest = _NAME.sub("", _OPTIONAL.sub(r"\1", template))
    if set(rest) & set("{}[]"):
        raise ValueError(
            f"{template!r} has a stray brace or bracket; "
            "write {name} for a value and [...] for a part that may be left out"
        )
    return _NAME.findall(template)


def render(template: str, value_of: Callable[[str], object], *, unknown: str = UNKNOWN) -> str:
    """Fill in the values; ``value_of`` gives None for what is not known.

    ``unknown`` then stands for the value; ``{}`` in it is the name.
    """

    def optional(part: re.Match[str]) -> str:
        known = all(not _missing(value_of(name)) for name in _NAME.findall(part[1]))
        return part[1] if known else ""

    def value(name: re.Match[str]) -> str:
        found = value_of(name[1])
        return unknown.replace("{}", name[1]) if _missing(found) else show(found)

    return _NAME.sub(value, _OPTIONAL.sub(optional, template))


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def show(value: object) -> str:
    """A value as people write it: whole numbers plain, others to four significant digits.

    >>> show(31.0), show(0.69314), show(True), show(41999), show(193214.7)
    ('31', '0.6931', 'yes', '41,999', '193,200')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value) or abs(value) >= LONGEST:
        return f"{value:.4g}"
    rounded = value if value == round(value) else float(f"{value:.4g}")
    if abs(rounded) >= GROUPED:
        return f"{rounded:,.0f}"
    return f"{rounded:.0f}" if rounded == round(rounded) else f"{rounded:.4g}"
