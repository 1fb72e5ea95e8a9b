"""Image files without decoding them: what they really are, how large, turned, and whether whole.

read_header(path) -> Header
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEAD = 4096
TAIL = 4096
MOST_SEGMENTS = 1000

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
)
_OTHER: tuple[tuple[bytes, str], ...] = (
    (b"%pdf", "a PDF document"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
    (b"<svg", "an SVG drawing"),
    (b"pk\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself: run git lfs pull"),
)
KIND_OF_SUFFIX = {".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".bmp": "BMP"}

_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD8)}


@dataclass(frozen=True, slots=True)
class Header:
    """``kind`` is JPEG, PNG, BMP, another image's name, or "" for no image (``other`` says what).

    ``width`` and ``height`` are those of the picture as it is shown, 0 where not known.
    ``orientation`` is that of EXIF, 1 for upright. ``ended`` says that the end marker is there.
    ``size`` is in bytes.
    """

    kind: str
    size: int
    width: int = 0
    height: int = 0
    orientation: int = 1
    ended: bool = True
    other: str = ""


def read_header(path: Path) -> Header:
    """Look at both ends of a file. Raises OSError where it cannot be read."""
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(HEAD)
        kind = _kind(head)
        try:
            if kind == "JPEG":
                return _jpeg(file, size)
            if kind == "PNG":
                width, height = struct.unpack(">II", head[16:24])
                return Header(kind, size, width, height, ended=_tail(file, size)[-8:-4] == b"IEND")
            if kind == "BMP":
                return _bmp(head, size)
        except struct.error:  # the file ends inside its header
            return Header(kind, size, ended=False)
    return Header(kind, size, other="" if kind else _other(head))


def _kind(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:12] in (b"ftypheic", b"ftypavif", b"ftypmif1"):
        return "HEIF"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


def _other(head: bytes) -> str:
    start = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    named = next((what for magic, what in _OTHER if start.startswith(magic)), None)
    if named is not None:
        return named
    if not head.strip(b"\0"):
        return "nothing but zeros"
    text = not any(byte < 9 or 13 < byte < 32 for byte in head[:512])
    return "a text file" if text else "no known kind of image"


def _tail(file: BinaryIO, size: int, count: int = 12) -> bytes:
    file.seek(max(0, size - count))
    return file.read(count)


def _bmp(head: bytes, size: int) -> Header:
    told, _, offset, length = struct.unpack("<IIII", head[2:18])
    if length == 12:
        width, height, _, bits = struct.unpack("<HHHH", head[18:26])
        squeezed = 0
    else:
        width, height, _, bits, squeezed = struct.unpack("<iiHHI", head[18:34])
    pixels = (width * bits + 31) // 32 * 4 * abs(height)
    needed = offset + pixels if squeezed in (0, 3) else told
    return Header("BMP", size, abs(width), abs(height), ended=size >= needed)


def _jpeg(file: BinaryIO, size: int) -> Header:
    """Walk over the segments up to the frame, which holds the size; EXIF stands before it."""
    place, orientation = 2, 1
    for _ in range(MOST_SEGMENTS):
        file.seek(place)
        mark, code, length = struct.unpack(">BBH", file.read(4))
        if mark != 0xFF:
            return Header("JPEG", size, orientation=orientation, ended=False)
        if code == 0xFF or code in _ALONE:
            place += 1 if code == 0xFF else 2
            continue
        if code == 0xE1 and orientation == 1:
            orientation = _orientation(file.read(min(length, HEAD)))
        if code in _SOF:
            height, width = struct.unpack(">xHH", file.read(5))
            if orientation >= 5:
                width, height = height, width
            ended = b"\xff\xd9" in _tail(file, size, TAIL)
            return Header("JPEG", size, width, height, orientation, ended)
        place += 2 + max(length, 2)
    return Header("JPEG", size, orientation=orientation, ended=False)


def _orientation(data: bytes) -> int:
    """The orientation that an EXIF block gives, 1 where it gives none."""
    if not data.startswith(b"Exif\0\0"):
        return 1
    tiff = data[6:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack(f"{order}I", tiff[4:8])
        (count,) = struct.unpack(f"{order}H", tiff[start : start + 2])
        for entry in range(start + 2, start + 2 + 12 * min(count, 100), 12):
            tag, _, _, value = struct.unpack(f"{order}HHIH", tiff[entry : entry + 10])
            if tag == 0x0112:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
