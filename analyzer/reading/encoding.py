"""Which encoding a text is in: UTF-8, UTF-16, GBK, CP949 or the last resort, Windows-1252."""

from __future__ import annotations

import codecs
import re

_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
HANGUL_LEADS = (0xB0, 0xC8)
"""CP949 keeps all common Hangul behind these lead bytes; Chinese text uses many beyond them."""


def guess_encoding(data: bytes) -> str:
    """A Python codec name for the beginning of a text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data[1:64:2].count(0) > 24 and not data[0:64:2].count(0):
        return "utf-16-le"
    if _is_utf8(data):
        return "utf-8"
    fitting = [codec for codec in ("gb18030", "cp949") if _decodes(data, codec)]
    if len(fitting) < 2:
        return fitting[0] if fitting else _last_resort(data)
    leads = [pair[0] for pair in _PAIRS.findall(data[: 1 << 16])]
    beyond = sum(not HANGUL_LEADS[0] <= lead <= HANGUL_LEADS[1] for lead in leads)
    return "gb18030" if beyond > 0.1 * len(leads) else "cp949"


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8, but for a character cut off at the end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _decodes(data: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _last_resort(data: bytes) -> str:
    """A stray byte in UTF-8 is replaced; text that is not UTF-8 at all is Windows-1252."""
    high = sum(byte > 0x7F for byte in data[: 1 << 16])
    valid = len(data[: 1 << 16].decode("utf-8", "ignore").encode()) - (len(data[: 1 << 16]) - high)
    return "utf-8" if valid * 2 >= high else "cp1252"
