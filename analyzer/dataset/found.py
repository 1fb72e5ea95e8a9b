"""Problems as they are met: all are counted, of each kind the first places are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from analyzer.data import PROBLEMS, Place, Tally
from analyzer.formats.textlines import Fault

KEPT = 20
"""A hundred thousand boxes can share one fault; a reader needs the first places of it."""

_LIST_KINDS = {
    "wrong-field-count": "wrong-field-count",
    "tab": "separator",
    "extra-blank": "separator",
    "blank-around": "list-blank",
    "blank-line": "list-blank",
}
_LABEL_KINDS = {
    "tab": "label-blank",
    "blank-around": "label-blank",
    "blank-line": "label-blank",
}


class Found:
    """The problems of a data set; ``by_file`` counts them by the file they are in."""

    def __init__(self) -> None:
        self.by_file: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._by_split: Counter[tuple[str, str]] = Counter()
        self._files: dict[str, set[str]] = {}
        self._places: dict[str, list[Place]] = {}

    def add(
        self,
        kind: str,
        file: str,
        text: str,
        *,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        """Note one problem. ``kind`` is one of ``PROBLEMS``, ``file`` relative to the folder."""
        self._counts[kind] += 1
        self._by_split[file.partition("_")[0], kind] += 1
        self.by_file[file] += 1
        self._files.setdefault(kind, set()).add(file)
        places = self._places.setdefault(kind, [])
        if len(places) < KEPT:
            places.append(Place(file, line, column, text))

    def add_list_faults(self, file: str, faults: Sequence[Fault]) -> None:
        """Note what the parser met in a list file."""
        for fault in faults:
            self._fault(_LIST_KINDS.get(fault.kind, fault.kind), file, fault)

    def add_label_faults(self, file: str, faults: Sequence[Fault]) -> None:
        """Note what the parser met in a label file."""
        for fault in faults:
            self._fault(_LABEL_KINDS.get(fault.kind, fault.kind), file, fault)

    def _fault(self, kind: str, file: str, fault: Fault) -> None:
        text = f"column {fault.column}: {fault.message}"
        self.add(kind, file, text, line=fault.line, column=fault.column)

    def by_split(self) -> Counter[tuple[str, str]]:
        """How many there are by (split, kind)."""
        return self._by_split

    def problems(self) -> Mapping[str, Tally]:
        """All of it, in the order of ``PROBLEMS``."""
        return {
            kind: Tally(self._counts[kind], len(self._files[kind]), tuple(self._places[kind]))
            for kind in PROBLEMS
            if kind in self._counts
        }
