"""What in a text points at a person, a machine or a place, and the text without it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

HIDDEN: Final = "(hidden)"
PATH, HOST, NAME, ADDRESS, TEXT = "(path)", "(host)", "(name)", "(address)", "…"

LEAST_LETTERS = 3
"""A shorter name would be found in half of all words."""

NOBODY = frozenset(
    [
        "admin",
        "administrator",
        "any",
        "auto",
        "cpu",
        "cuda",
        "data",
        "default",
        "false",
        "gpu",
        "home",
        "host",
        "localhost",
        "model",
        "none",
        "null",
        "public",
        "root",
        "runner",
        "run",
        "runs",
        "shared",
        "test",
        "tmp",
        "train",
        "true",
        "ubuntu",
        "unknown",
        "user",
        "users",
        "val",
        "worker",
        "workspace",
        "the",
        "and",
        "for",
        "not",
    ]
)
"""Names that say nothing of a person or a machine, and words that a report cannot do without."""

_PRIVATE_KEY = re.compile(
    r"(?:^|[._\-/])(?:user(?:_?name)?|host(?:_?name)?|node_?(?:name|list)|master_addr|author|owner|"
    r"entity|e?mail|login|password|secret|api_?key|auth_?token|access_?token|hf_?token)$",
    re.IGNORECASE,
)
_FILE = r"[^\s'\"`<>|,;()\[\]{}]"
_HOMES = re.compile(r"(?:/home/|/Users/|[A-Za-z]:[\\/]+Users[\\/]+)([^\\/:'\"\n]+)", re.IGNORECASE)
_TOLD = re.compile(
    r"\b(?:user(?:name)?|host(?:name)?|node(?:name|list)?|server|master_addr|login)\b[\"']?"
    r"\s*[:=]\s*[\"']?([\w.-]+)",
    re.IGNORECASE,
)
_KEPT = re.compile(
    r"[\w.-]+\.(?:py|ya?ml|json[l]?|log|pth?|pdparams|ckpt|safetensors|csv|txt|toml)$"
)
_PATHS = re.compile(
    rf"(?<![\w.:/\\)…])(?:~[\w.-]*)?/(?:[A-Za-z_.~\-0-9]|[^\x00-\x7f]){_FILE}*"
    rf"|\b[A-Za-z]:[\\/]{_FILE}*"
    rf"|\\\\[\w.-]+\\{_FILE}*"
)
_SPACED = re.compile(r"^(?:/|~/|[A-Za-z]:[\\/]|\\\\)[^\n]*[\\/][^\n]*$")
_MARK = "\ue000"
"""Stands for a hidden name while paths are looked for; it is of no writing."""

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[A-Za-z][\w+.-]*://[^\s'\"<>]+"), ADDRESS),
    (re.compile(r"\b[\w.+-]+@(?!(?:step|epoch)\b)[\w-]+(?:\.[\w-]+)*"), ADDRESS),
    (re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\d.])"), ADDRESS),
    (
        re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])", re.IGNORECASE),
        ADDRESS,
    ),
    (re.compile(r"(tfevents\.\d+\.)[^\s/]+"), rf"\1{HOST}"),
    (re.compile(r"\b([A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_)[\w.-]+"), rf"\1{HOST}"),
    (
        re.compile(
            r"\b[\w-]+(?:\.[\w-]+)+\.(?:com|org|net|edu|gov|io|local|lan|internal|cluster|corp|intra)\b"
        ),
        HOST,
    ),
)
_QUOTED = re.compile(
    r"(?<!\w)'(?:[^'\\\n]|\\.)+'(?!\w)|\"(?:[^\"\\\n]|\\.)+\"|`[^`\n]+`|“[^”\n]+”|‘[^’\n]+’|«[^»\n]+»|「[^」\n]+」"
)
_LABELLED = re.compile(
    r"\b((?:gt|ground[ _]truth|label|text|transcription|word|pred(?:iction)?|caption)s?\s*[:=]\s*)"
    r"(?=\S).+",
    re.IGNORECASE,
)


class Redaction:
    """Takes private things out of texts; ``words`` are names of people and machines to hide."""

    def __init__(self, words: Iterable[str]) -> None:
        found = {word.strip() for word in words}
        kept = (w for w in found if len(w) >= LEAST_LETTERS and w.lower() not in NOBODY)
        names = sorted((w for w in kept if not w.isdigit()), key=len, reverse=True)
        either = "|".join(map(re.escape, names))
        self._words = re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE)
        self._any = bool(names)

    def text(self, text: str) -> str:
        """Without user names, hosts, addresses and absolute paths."""
        for pattern, instead in _RULES:
            text = pattern.sub(instead, text)
        if self._any:
            text = self._words.sub(_MARK, text)  # a blank in a name must not end a path
        return _PATHS.sub(lambda found: _path(found[0]), text).replace(_MARK, NAME)

    def setting(self, text: str) -> str:
        """A value of a config: the same; one that is a path as a whole may hold blanks."""
        return _path(text) if _SPACED.match(text) else self.text(text)

    def quoting(self, text: str) -> str:
        """The same, and without what is quoted or named as a label: it may be of the data."""
        text = _LABELLED.sub(rf"\1{TEXT}", self.text(text))
        return _QUOTED.sub(lambda found: f"{found[0][0]}{TEXT}{found[0][-1]}", text)


def is_private(key: str) -> bool:
    """Whether a setting of this name holds a name of a person or a machine, or a secret."""
    return _PRIVATE_KEY.search(key) is not None


def private_words(text: str) -> Iterator[str]:
    """Names of users and machines that a text tells of: home folders, ``host: ...``."""
    for pattern in (_HOMES, _TOLD):
        for found in pattern.finditer(text):
            whole = found[1].strip(" .")
            yield from dict.fromkeys((whole, whole.partition(" ")[0]))


def _path(text: str) -> str:
    """An absolute path: the name of a program, a log or a weight file stays, all else goes."""
    name = re.split(r"[\\/]", text.rstrip("\\/.:"))[-1]
    return f"{PATH}/{name}" if _KEPT.match(name) else PATH
