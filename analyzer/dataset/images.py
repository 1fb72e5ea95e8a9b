"""What is wrong with image files: their content, their end, their pixels."""

from __future__ import annotations

from analyzer.dataset.found import Found
from analyzer.dataset.headers import KIND_OF_SUFFIX, Header
from analyzer.dataset.layout import split_name

ACCEPTED = ("JPEG", "PNG", "BMP")


def note_header(name: str, header: Header, found: Found) -> None:
    """Note what the header alone shows. A missing end marker is only a suspicion."""
    suffix = split_name(name)[1].lower()
    if header.size == 0:
        found.add("empty-file", name, "the file is empty")
    elif not header.kind:
        found.add("not-an-image", name, f"the file is {header.other}")
    elif header.kind not in ACCEPTED:
        found.add(
            "wrong-content", name, f"the file is a {header.kind}; convert it to .jpg or .png"
        )
    elif suffix in KIND_OF_SUFFIX and KIND_OF_SUFFIX[suffix] != header.kind:
        found.add("wrong-content", name, f"the file is a {header.kind}; give it that suffix")
    if header.orientation != 1:
        text = (
            f"EXIF says orientation {header.orientation}: some programs turn the picture, others "
            "do not; save it upright and without that note"
        )
        found.add("turned", name, text)


def note_look(name: str, reason: str, *, cut_off: bool, found: Found) -> None:
    """Note why an image could not be decoded."""
    if reason.startswith("too large"):
        found.add("too-large", name, reason)
    elif cut_off:
        found.add("truncated", name, f"the end of the file is missing: {reason}")
    else:
        found.add("undecodable", name, reason)
