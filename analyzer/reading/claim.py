"""What a reader says of a folder: which runs lie in it, and which files are theirs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from analyzer.reading.folder import Folder
from analyzer.run import Run


@dataclass(frozen=True, slots=True)
class Claim:
    """One run in a folder.

    ``main`` is the file that shows it, relative to the folder. ``whole`` means that the folder is
    the run, with all its files; otherwise only ``main`` and ``files`` are its own, and others may
    claim the rest. A person may name ``main`` or one of ``files`` to mean the run. ``folders`` are
    the folders in it that belong to the run and hold no other. ``part`` tells several runs of one
    file apart (a database).
    """

    main: str
    whole: bool = True
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    part: str = ""


class Reader(Protocol):
    """What a reader module offers."""

    FORMAT: str

    def claims(self, folder: Folder) -> Iterable[Claim]:
        """The runs of this format in ``folder`` itself; cheap: names first, then first bytes."""

    def read(self, folder: Folder, claim: Claim) -> Run:
        """Read one of them; whatever is damaged is left out and noted, never raised."""


def place(folder: Folder, claim: Claim) -> Path:
    """The path of a run: its folder, or its file where the folder is not all its own."""
    where = folder.path if claim.whole else folder.path / claim.main
    return where / claim.part if claim.part else where
