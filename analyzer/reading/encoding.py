"""Which encoding a text is in: UTF-8, UTF-16, one of East Asia, at last Windows-1252."""

from __future__ import annotations

import codecs
import re

SAMPLE = 1 << 16
"""Bytes that are looked at where a look at all of them would bring nothing more."""

HANGUL_LEADS = (0xB0, 0xC8)
"""CP949 keeps all common Hangul behind these lead bytes; Chinese text uses many beyond them."""

MOSTLY = 0.7
"""Share of the high bytes in whole UTF-8 characters from which stray bytes are taken for damage.

Text in GBK or CP949 reaches a third by chance.
"""

_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
_HIGH = re.compile(rb"[\x80-\xff]+")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_KANA = re.compile("[\u3041-\u30ff]")


def guess_encoding(data: bytes) -> str:
    """A Python codec name for the beginning of a text."""
    wide = _utf16(data)
    if wide:
        return wide
    if _decodes(data, "utf-8") or _mostly_utf8(data[:SAMPLE]):
        return "utf-8"
    return _east_asian(data) or "cp1252"


def _utf16(data: bytes) -> str:
    """UTF-16 by its mark, or by the zeros that blanks, digits and line ends leave in it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[: 1 << 12]
    first, second = head[0::2].count(0), head[1::2].count(0)
    if len(head) < 8 or max(first, second) * 20 < len(head):
        return ""
    if first * 20 < second and _decodes(head, "utf-16-le"):
        return "utf-16-le"
    return "utf-16-be" if second * 20 < first and _decodes(head, "utf-16-be") else ""


def _mostly_utf8(data: bytes) -> bool:
    high = sum(map(len, _HIGH.findall(data)))
    return sum(map(len, _UTF8.findall(data))) > MOSTLY * high


def _east_asian(data: bytes) -> str:
    sample = data[:SAMPLE]
    runs = _HIGH.findall(sample)
    if sum(len(run) == 1 for run in runs) > 0.8 * len(runs):
        return ""  # single accented letters
    japanese = _text(data, "cp932")
    if japanese and len(_KANA.findall(japanese)) > 0.2 * sum(c > "\x7f" for c in japanese):
        return "cp932"
    pairs = _PAIRS.findall(sample)
    low = sum(pair[1] < 0x80 for pair in pairs)
    if low > 0.15 * len(pairs) and _decodes(data, "cp950"):
        return "cp950"
    fitting = [codec for codec in ("gb18030", "cp949") if _decodes(data, codec)]
    if len(fitting) < 2:
        return fitting[0] if fitting else ""
    beyond = sum(not HANGUL_LEADS[0] <= pair[0] <= HANGUL_LEADS[1] for pair in pairs)
    return "gb18030" if beyond > 0.1 * len(pairs) else "cp949"


def _text(data: bytes, codec: str) -> str:
    try:
        return codecs.getincrementaldecoder(codec)().decode(data[:SAMPLE])
    except UnicodeDecodeError:
        return ""


def _decodes(data: bytes, codec: str) -> bool:
    """Whether it is text in ``codec``, but for a character cut off at the end."""
    try:
        codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError:
        return False
    return True
