"""What runs do not agree on: settings and surroundings, key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class Missing:
    """The value of a key that a run does not have; None is a value."""

    def __repr__(self) -> str:
        return "missing"


MISSING = Missing()


@dataclass(frozen=True)
class Difference:
    """A key that not all runs agree on, with one value for each run (or MISSING)."""

    key: str
    values: tuple[Any, ...]


def differences(tables: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    """The keys that not all tables agree on, sorted."""
    for key in sorted({key for table in tables for key in table}):
        values = tuple(table.get(key, MISSING) for table in tables)
        if not all(same(values[0], value) for value in values[1:]):
            yield Difference(key, values)


def same(a: Any, b: Any) -> bool:
    """Equal as settings: 1 is 1.0, but true is not 1, and NaN is NaN."""
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    return bool(a == b) or repr(a) == repr(b)
