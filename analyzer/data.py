"""What was found in a data set: problems by kind, each with its places, and numbers about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PROBLEMS: Mapping[str, str] = {
    # layout
    "missing": "files or folders of the layout that are not there",
    "backup-list": "backup copies that stand beside a list",
    "empty-list": "training lists without a line",
    # list lines
    "foreign-list": "lists in the format of another program",
    "wrong-field-count": "list lines that are not two paths",
    "separator": "list lines with another separator than one blank",
    "list-blank": "blanks around list lines, or blank lines",
    "blank-in-path": "blanks inside paths",
    "backslash": "backslashes in paths",
    # paths
    "absolute-path": "absolute paths",
    "path-outside": "paths that leave the folder",
    "missing-prefix": "paths without their folder",
    "not-there": "listed files that do not exist",
    "unreadable": "files that cannot be read",
    "suffix": "images with another suffix than .jpg, .png and .bmp in lower case",
    # label lines
    "too-few-numbers": "label lines with fewer than eight numbers",
    "not-a-number": "coordinates that are no number",
    "not-finite": "coordinates that are NaN or infinite",
    "empty-text": "boxes without a text",
    "full-width-comma": "full-width commas",
    "label-blank": "tabs and blanks where none belong in label lines, or blank lines",
    "invisible": "invisible characters inside texts",
    # boxes
    "huge-coordinate": "coordinates larger than any image",
    "wholly-outside": "boxes that lie outside their image",
    "outside": "boxes that reach beyond the edge of their image",
    "self-crossing": "boxes that cross themselves",
    "no-area": "boxes without an area",
    "concave": "boxes with a dent",
    "wrong-order": "boxes whose points do not go clockwise from the top left",
    "tiny": "boxes less than three pixels high or wide",
    "same-box": "boxes that stand twice in one file",
    "overlap": "words that mostly cover each other",
    # encoding
    "bom": "files that begin with a BOM",
    "crlf": "files with Windows line ends (CR LF)",
    "lone-cr": "files with bare CR as line ends",
    "not-utf8": "files that are not UTF-8",
    # images
    "empty-file": "empty image files",
    "not-an-image": "files that are no image, whatever their suffix says",
    "wrong-content": "images of another kind than their suffix says",
    "truncated": "images that are cut off",
    "undecodable": "images whose pixels cannot be read",
    "too-large": "images too large to open safely",
    "turned": "images that a note in them (EXIF) turns",
    # counts
    "count-differs": "folders with other numbers of images and labels",
    "names-differ": "listed pairs with different names",
    "no-label": "images without a label file",
    "no-image": "label files without an image",
    "listed-twice": "files that are listed twice",
    "not-listed": "images that no list names",
    # what there is to learn
    "no-boxes": "training images without a box",
    "all-ignored": "training images on which every box is ignored",
    # train against test
    "same-file": "test images that are training images, byte for byte",
    "same-picture": "test images that show the same picture as a training image",
}
"""What can be wrong with a data set: the kind, and what it is called after a number of them."""


class Place(NamedTuple):
    """One place of a problem. ``file`` is relative to the data folder, ``line`` and ``column``
    are 1-based.
    """

    file: str
    line: int | None
    column: int | None
    text: str


@dataclass(frozen=True)
class Tally:
    """All problems of one kind: how many, in how many files, and the first places."""

    count: int
    files: int
    places: tuple[Place, ...]


@dataclass(frozen=True)
class DataSet:
    """``problems`` by kind, in the order of ``PROBLEMS``; ``numbers`` are the facts about it."""

    problems: Mapping[str, Tally] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
