"""Arrays that grow at their end, for what is read block by block from logs of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Growing:
    """One array. Room for more is taken twofold, and costs no memory before it is written to.

    What ``array`` gave before stays as it was when more is added.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self._room: NDArray[Any] = np.empty(0, dtype=dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, values: NDArray[Any]) -> None:
        """Add (n,) values at the end."""
        end = self._count + len(values)
        if end > len(self._room):
            room = np.empty(max(end, 2 * self._count), dtype=self._room.dtype)
            room[: self._count] = self.array
            self._room = room
        self._room[self._count : end] = values
        self._count = end

    @property
    def array(self) -> NDArray[Any]:
        """All values so far, not copied."""
        return self._room[: self._count]


class GrowingColumn:
    """A column of a table: values ``y``, and their rows unless each row has one."""

    def __init__(self) -> None:
        self.y = Growing(np.float64)
        self.resolution = 0.0
        self._rows: Growing | None = None

    def add(self, y: NDArray[Any], rows: NDArray[Any], start: int, count: int) -> None:
        """Add values of ``rows``, counted from ``start``, of ``count`` new rows."""
        if self._rows is None and (len(self.y) != start or len(y) != count):
            self._rows = Growing(np.int64)
            self._rows.add(np.arange(len(self.y)))
        if self._rows is not None:
            self._rows.add(rows + start)
        self.y.add(y)

    def rows(self, whole: NDArray[Any]) -> NDArray[Any]:
        """The rows of the values; ``whole`` are those of the table."""
        return whole[: len(self.y)] if self._rows is None else self._rows.array
