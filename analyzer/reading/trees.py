"""Opening what a person names: a folder, a file, standard input."""

from __future__ import annotations

from pathlib import Path

from analyzer.reading.folder import DiskTree, LooseFile, Tree


def open_tree(root: Path, content: bytes | None = None) -> Tree:
    """The tree of files at ``root``; ``content`` is that of standard input, where it is ``-``."""
    if content is not None:
        return LooseFile(root, "stdin", content)
    return DiskTree(root)
