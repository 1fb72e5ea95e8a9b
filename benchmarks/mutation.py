"""Damage for folders of files: what crashes, copies, editors and strangers do to them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

from benchmarks.mutation_binary import mutate_database, mutate_records

MOST = 1 << 18
"""No file grows beyond this, so that many inputs can be tried."""

NUMBERS = [
    *(b"nan", b"NaN", b"-nan", b"inf", b"-inf", b"Infinity", b"-Infinity", b"1e999", b"-1e999"),
    *(b"0", b"-0", b"-1", b"1", b"2", b"0.5", b"1e308", b"1e-320", b"1e15", b"1e16", b"-1e300"),
    *(b"2147483648", b"9223372036854775807", b"9223372036854775808", b"18446744073709551616"),
    *(b"9" * 25, b"9" * 400, b"9" * 5000, b"0." + b"3" * 400, b"0x10", b"1_000", b"1,5", b"1e"),
    *(b"", b".", b"+", b"--", b"1.2.3", b"1e5e5", b"NA", b"None", b"null", b"true", b"False"),
    *("²".encode(), "٣".encode(), "½".encode(), b"tensor(0.5)", b"60 days, 7:29:51", b"99:99:99"),
    *(b"9999-12-31 23:59:59", b"0000-00-00 00:00:00", b"2026-13-45T99:99:99", b"01/01/0001"),
]
VALUES = [
    *(b"null", b"true", b"[]", b"{}", b"[[]]", b'{"a": 1}', b'"text"', b'""', b'"\\ud800"'),
    *(b'"\\u0000"', b'"1e999"', b'"nan"', b"NaN", b"[NaN, 1]", b"-1e-7", b"[1, [2, [3]]]"),
]
FRAGMENTS = [
    *(b"\0", b"\n", b"\r", b"\r\n", b"\t", b" ", b"[", b"]", b"{", b"}", b'"', b"'", b",", b":"),
    *(
        b"=",
        b"|",
        b"#",
        b"/",
        b"\\",
        b"%",
        b"&a",
        b"*a",
        b"<<: ",
        b"? ",
        b"- ",
        b"!!bool x",
        b"--- ",
    ),
    *(
        b"!!python/object/apply:os.system [id]",
        b"!!binary x",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x80",
    ),
    *(b"\x1b[31m", b"\x1b[2K\r", "\u2028".encode(), "\x85".encode(), "轮".encode("gb18030")),
    *(b"../../x", b"epoch", b"step", b"loss: ", b"Traceback (most recent call last):\n  File"),
    *(b"Epoch 1/3", b"Epoch [0/0]", b"Namespace(lr=1, a=[1,2", b"best.pth", b"early stopping"),
]
REPEATED = [
    *(
        b"1",
        b" ",
        b"a",
        b"[",
        b"|",
        b":",
        b"=",
        b",",
        b"-",
        b"1 ",
        b"a ",
        b"a:",
        b"0.",
        b"(",
        b"\t",
    ),
    *(b'"', b"'", b"1/", b"1:", b"a=1 ", b"a: 1, ", b"loss ", b"\r", b"_", b"/", b"%|", b"\x1b["),
]
DEEP = [(b"[", b"]"), (b'{"a":', b"}"), (b"- ", b""), (b"a: {", b"}"), (b"(", b")"), (b"\n ", b"")]

_NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?|\bnan\b|\binf\b", re.IGNORECASE)
_VALUE = re.compile(rb'"(?:[^"\\\n]|\\.)*"|-?\d+\.?\d*(?:[eE][-+]?\d+)?|true|false|null|\[\]|\{\}')
_TOKEN = re.compile(rb"[^\s,:=|]+")
_WORD = re.compile(rb"[A-Za-z_]\w+")

Damage = Callable[[bytes, random.Random], bytes]


def mutate(
    files: Mapping[str, bytes], others: Sequence[Mapping[str, bytes]], chance: random.Random
) -> dict[str, bytes]:
    """A damaged copy of ``files``; ``others`` lend whole files, lines and names."""
    damaged = dict(files)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        if not damaged or chance.random() < 0.06:
            _damage_tree(damaged, others, chance)
            continue
        name = chance.choice(list(damaged))
        damaged[name] = _damage_file(name, damaged[name], others, chance)[:MOST]
    return damaged


def _damage_tree(
    files: dict[str, bytes], others: Sequence[Mapping[str, bytes]], chance: random.Random
) -> None:
    """A file goes, is called otherwise, lies elsewhere, or comes from another run."""
    names = list(files)
    lender = chance.choice(others)
    kind = chance.randrange(4)
    if kind == 0 and names:
        del files[chance.choice(names)]
    elif kind == 1 and names:
        old = chance.choice(names)
        files[chance.choice([*lender, f"sub/{old}", f"{old}.1", old.upper()])] = files.pop(old)
    elif kind == 2 and names:
        one, other = chance.choice(names), chance.choice(names)
        files[one], files[other] = files[other], files[one]
    elif lender:
        name = chance.choice(list(lender))
        files[name] = lender[name]


def _damage_file(
    name: str, data: bytes, others: Sequence[Mapping[str, bytes]], chance: random.Random
) -> bytes:
    if chance.random() < 0.5:
        special = mutate_records(name, data, chance) or mutate_database(data, chance)
        if special is not None:
            return special
    roll = chance.random()
    if roll < 0.02:
        return chance.choice(_RARE)(data, chance)
    if roll < 0.12:
        lender = chance.choice(others)
        return _splice(data, lender[chance.choice(list(lender))] if lender else b"", chance)
    if b"\0" in data[:4096] or roll < 0.3:
        return chance.choice(_OF_BYTES)(data, chance)
    return chance.choice(_OF_TEXT)(data, chance)


def _span(data: bytes, chance: random.Random, longest: int = 40) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.randint(0, longest))


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randint(0, len(data))]


def _cut_front(data: bytes, chance: random.Random) -> bytes:
    return data[chance.randint(0, len(data)) :]


def _insert(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance, 4)
    return data[:start] + chance.choice(FRAGMENTS) + data[end:]


def _remove(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance, 200)
    return data[:start] + data[start:end] * chance.choice((2, 3, 20)) + data[end:]


def _noise(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance, 8)
    return data[:start] + chance.randbytes(end - start) + data[end:]


def _flip(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def _zeros(data: bytes, chance: random.Random) -> bytes:
    """A block that the disk had not written when the machine went down."""
    start, end = _span(data, chance, 600)
    return data[:start] + bytes(end - start) + data[end:]


def _exchange(pattern: re.Pattern[bytes], values: Sequence[bytes]) -> Damage:
    """Put one of ``values`` in the place of something that fits ``pattern``, or of many."""

    def damage(data: bytes, chance: random.Random) -> bytes:
        found = list(pattern.finditer(data))
        if not found:
            return _insert(data, chance)
        if chance.random() < 0.05:
            value = chance.choice(values)
            return pattern.sub(lambda _: value, data)
        match = chance.choice(found)
        return data[: match.start()] + chance.choice(values) + data[match.end() :]

    return damage


def _exchange_own(data: bytes, chance: random.Random) -> bytes:
    """One word or number stands where another one should."""
    found = list(chance.choice((_NUMBER, _WORD)).finditer(data))
    if len(found) < 2:
        return _insert(data, chance)
    to, by = chance.choice(found), chance.choice(found)
    return data[: to.start()] + by[0] + data[to.end() :]


def _lines(data: bytes, chance: random.Random) -> bytes:
    """Lines go, come twice, or stand in another order."""
    lines = data.splitlines(True)
    if not lines:
        return data
    start = chance.randrange(len(lines))
    end = min(len(lines), start + chance.choice((1, 1, 2, 5, 50)))
    some = lines[start:end]
    if chance.random() < 0.2:
        chance.shuffle(some)
    return b"".join(lines[:start] + some * chance.choice((0, 1, 2, 3)) + lines[end:])


def _go_back(data: bytes, chance: random.Random) -> bytes:
    """The program starts again and appends what it writes to the same file."""
    lines = data.splitlines(True)
    return data + b"".join(lines[chance.randint(0, len(lines)) :])


def _splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    lines, more = data.splitlines(True), other.splitlines(True)
    place, start = chance.randint(0, len(lines)), chance.randint(0, len(more))
    taken = more[start : start + chance.choice((1, 2, 10, 1000))]
    return b"".join(lines[:place] + taken + lines[place:])


def _encoded(data: bytes, chance: random.Random) -> bytes:
    codec = chance.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "gb18030"))
    return data.decode("utf-8", "replace").encode(codec, "replace")


def _line_ends(data: bytes, chance: random.Random) -> bytes:
    return data.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"")))


def _deep(data: bytes, chance: random.Random) -> bytes:
    opening, closing = chance.choice(DEEP)
    times = chance.choice((50, 120, 1500, 30_000))
    place = chance.choice([0, len(data), chance.randint(0, len(data))])
    return data[:place] + opening * times + closing * chance.choice((0, times)) + data[place:]


def _long(data: bytes, chance: random.Random) -> bytes:
    """A very long token, line or file; a pattern that goes back over it takes very long too."""
    start, end = _span(data, chance)
    words = list(_TOKEN.finditer(data)) if chance.random() < 0.7 else []
    if words:
        start = end = chance.choice(words).end()
    piece = chance.choice((data[start:end], *REPEATED)) or b"x"
    times = chance.choice((3000, 60_000, 200_000)) // len(piece)
    return data[:start] + piece * times + data[end:]


_NUMBERS_DAMAGE = _exchange(_NUMBER, NUMBERS)
_OF_TEXT: tuple[Damage, ...] = (
    *(_NUMBERS_DAMAGE, _NUMBERS_DAMAGE, _NUMBERS_DAMAGE, _exchange(_VALUE, VALUES)),
    *(_exchange(_VALUE, NUMBERS), _exchange_own, _lines, _lines, _go_back, _insert, _cut, _remove),
    *(_exchange(_WORD, FRAGMENTS), _repeat),
)
_OF_BYTES: tuple[Damage, ...] = (
    _flip,
    _noise,
    _cut,
    _cut_front,
    _insert,
    _remove,
    _repeat,
    _zeros,
)
_RARE: tuple[Damage, ...] = (_encoded, _line_ends, _deep, _deep, _long, _long)
