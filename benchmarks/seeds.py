"""Small folders of files, each kept as one file that a person can read: what fuzzing starts from.

``tests/fuzz/<format>/<name>.seed`` holds the files one after the other, each under a line
``==> path <==``; bytes of a file stand as they are. What a fuzzer finds is added there and is
tried by the tests for ever. The folders ``tests/runs/<format>/<case>/`` are seeds too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
FUZZ = TESTS / "fuzz"
RUNS = TESTS / "runs"
SUFFIX = ".seed"
MOST_BYTES = 1 << 16
"""Of a file of a test run; more would only slow the search."""

Files = Mapping[str, bytes]

_HEADER = re.compile(rb"(?:\A|\n)==> ([^\n]*?) <==\n")


def encode(files: Files) -> bytes:
    """All files in one text. Names must hold no line end."""
    return b"".join(
        b"==> " + name.encode("utf-8", "surrogateescape") + b" <==\n" + data + b"\n"
        for name, data in files.items()
    )


def decode(data: bytes) -> dict[str, bytes]:
    """The files in a seed; a name that is no path below a root is left out."""
    _, *parts = _HEADER.split(data)
    names, contents = parts[::2], parts[1::2]
    if contents:
        contents[-1] = contents[-1].removesuffix(b"\n")
    files = {
        name.decode("utf-8", "surrogateescape"): content
        for name, content in zip(names, contents, strict=True)
    }
    return {name: content for name, content in files.items() if _is_path(name)}


def _is_path(name: str) -> bool:
    return "\0" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


def seeds(format_name: str) -> dict[str, dict[str, bytes]]:
    """All seeds of a format by name."""
    found = {
        path.stem: decode(path.read_bytes())
        for path in sorted((FUZZ / format_name).glob(f"*{SUFFIX}"))
    }
    for folder in sorted((RUNS / format_name).glob("*/")):
        found[f"runs/{folder.name}"] = _folder(folder)
    return {name: files for name, files in found.items() if files}


def save(format_name: str, name: str, files: Files) -> Path:
    """Keep a folder as a seed."""
    path = FUZZ / format_name / (name + SUFFIX)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(files))
    return path


def _folder(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()[:MOST_BYTES]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
