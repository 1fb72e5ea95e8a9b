"""Label files: their lines field by field, and all boxes of a data set in one table."""

from __future__ import annotations

from array import array
from collections import Counter
from pathlib import Path

import numpy as np

from analyzer.dataset.found import Found
from analyzer.dataset.lists import read_text
from analyzer.dataset.records import Boxes, Pair
from analyzer.formats.icdar import parse_labels


class BoxTable:
    """Gathers boxes while label files are read; 24 MB hold 200,000 of them."""

    def __init__(self) -> None:
        self._points = array("d")
        self._rows = array("q")
        self._characters: dict[str, Counter[str]] = {}
        self._first = ""

    def read(self, path: Path, number: int, pair: Pair, found: Found) -> None:
        """Read the label file of a pair into the table and note what is wrong with its lines.

        ``path`` is where that file is.
        """
        name = pair.label or ""
        try:
            data = read_text(path)
        except OSError as error:
            found.add("unreadable", name, f"the label file cannot be read: {error.strerror}")
            return
        parsed = parse_labels(data)
        if parsed.faults:
            found.add_label_faults(name, parsed.faults)
        if not self._first:
            self._first = data[:500].decode("utf-8", "replace").partition("\n")[0].strip()
        letters = self._characters.setdefault(pair.split, Counter())
        for label in parsed.labels:
            ignored = label.ignored
            self._points.extend(label.points)
            self._rows.extend((number, label.line, ignored, len(label.text)))
            if not ignored:
                letters.update(label.text)

    def boxes(self) -> Boxes:
        """All of it."""
        rows = np.array(self._rows, np.int64).reshape(-1, 4)
        return Boxes(
            quads=np.array(self._points, np.float64).reshape(-1, 4, 2),
            owner=rows[:, 0],
            line=rows[:, 1],
            ignored=rows[:, 2].astype(bool),
            length=rows[:, 3],
            characters=self._characters,
            first=self._first,
        )
