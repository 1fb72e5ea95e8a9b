"""Settings that a program prints before it trains: ``Batch size: 4``, ``Namespace(lr=0.1)``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from analyzer.reading.console.wordings import translated
from analyzer.reading.settings import FREE
from analyzer.reading.text import decode
from analyzer.reading.values import whole_number
from analyzer.run import Config

MOST_LINES = 100_000
"""Lines without a value of training that are looked at."""

MOST_FOUND = 10_000

_MORE = {
    "totaloptimizationsteps": "train.steps",
    "totaltrainingsteps": "train.steps",
    "trainingsteps": "train.steps",
    "perdevicetrainbatchsize": "data.batch_size",
    "instantaneousbatchsizeperdevice": "data.batch_size",
    "numtrainepochs": "train.epochs",
    "numberofepochs": "train.epochs",
    "trainingepochs": "train.epochs",
    "numepoch": "train.epochs",
    "endepoch": "train.epochs",
    "batchsizepergpu": "data.batch_size",
    "wd": "optimizer.weight_decay",
    "nepoch": "train.epochs",
    "earlystoppingpatience": "train.patience",
    "initiallearningrate": "optimizer.lr",
    "批次大小": "data.batch_size",
    "批大小": "data.batch_size",
    "总轮数": "train.epochs",
    "배치크기": "data.batch_size",
}
_AT_ONCE = re.compile(
    r"(?<![\w.])['\"]?([A-Za-z][\w-]{0,40})['\"]?\s*[=:]\s*(?!\s)(['\"][^'\"]{0,200}['\"]|[^\s,;()\[\]{}]+)"
)
_LINE = re.compile(
    r"^[\W_]{0,12}([^\W\d_][\w .-]{1,40}?)\s*(?:[:=]|\s\|)"
    r"\s*(?!\s)([^\s|]+(?: [^\s|]+){0,3})\s*\W{0,3}$"
)
_PREFIX = re.compile(
    r"^[^\n{(]{0,60}\| [\w.<>]{1,100}:[\w.<>]{1,60}:\d+ - "
    r"|^.{0,80}?\b(?:INFO|DEBUG|WARNING)\b[\s:|\]-]*(?:(?:\w*\.[\w.]+|__main__|root) ?[-:|] )?"
    r"|^\[?\d{4}[-/][^\]]{5,25}\] ?"
)
_LENGTH = re.compile(
    r"\btrain\w*\b[^.\d\n]{0,40}\bfor (\d{1,7}) (?:more )?(epochs|steps|iterations)\b",
    re.IGNORECASE,
)
_DUMP = re.compile(r"Namespace\(|^\s*\{|\w\([^=\n]{0,200}=|--\w|(?:, \w+=[^,]+){2}")


@dataclass
class Banner:
    """Collects settings line by line; of a start the first word on each setting counts.

    The program starts anew where it prints its first setting once more; its last start counts.
    """

    file: str
    _found: list[tuple[str, str, object, int]] = field(default_factory=list)
    _seen: int = 0

    def line(self, raw: bytes, number: int) -> None:
        """Look at one line."""
        self._seen += 1
        if b" for " in raw and self._seen <= MOST_LINES:
            self._length(decode(raw), number)
        if self._seen > MOST_LINES or not (b":" in raw or b"=" in raw or b"|" in raw):
            return
        text = _PREFIX.sub("", decode(raw)).strip()
        if _DUMP.search(text):
            for own, value in _AT_ONCE.findall(text):
                self._take(own, value, number)
            return
        found = _LINE.match(text.rstrip(","))
        if found:
            self._take(found[1], found[2], number)

    def _length(self, text: str, number: int) -> None:
        """``Training for 50 epochs`` says how long it is to take."""
        if found := _LENGTH.search(text):
            own = found[2].lower()
            key = "train.epochs" if own == "epochs" else "train.steps"
            self._found.append((key, own, int(found[1]), number))

    def config(self) -> Config:
        """The settings under their canonical keys."""
        values: dict[str, object] = {}
        spelled: dict[str, str] = {}
        lines: dict[str, int] = {}
        begin = self._last_start()
        for key, own, value, line in [*self._found[begin:], *self._found[:begin]]:
            if key not in values:
                values[key] = value
                if own != key:
                    spelled[key] = own
                if line:
                    lines[key] = line
        return Config(values, spelled, self.file if values else None, lines)

    def planned(self, key: str) -> int | None:
        """A length that the settings give."""
        length = whole_number(self.config().get(key))
        return length if length is not None and length > 0 else None

    def _last_start(self) -> int:
        """Where the settings of the last start begin; a rate may be printed at any time."""
        steady = [place for place, (key, *_) in enumerate(self._found) if key != "optimizer.lr"]
        if not steady:
            return 0
        first = self._found[steady[0]][:2]
        last = max(place for place in steady if self._found[place][:2] == first)
        return 0 if last == steady[0] else max(0, last - steady[0])

    def _take(self, own: str, text: str, number: int) -> None:
        squeezed = re.sub(r"[\s_.-]", "", own.strip()).lower()
        key = FREE.get(squeezed) or _MORE.get(squeezed) or _MORE.get(own.strip())
        key = key or FREE.get(re.sub(r"[\s_-]", "", translated(own)).lower())
        value = _value(text)
        if key is None or value is None or len(self._found) >= MOST_FOUND:
            return
        if key in _NUMBERS and not (isinstance(value, int | float) and value >= 0):
            return
        self._found.append((key, own.strip(), value, number))


_NUMBERS = frozenset(
    {
        *("optimizer.lr", "optimizer.momentum", "optimizer.weight_decay", "data.batch_size"),
        *("train.epochs", "train.steps", "train.seed", "train.accumulate", "train.grad_clip"),
        *("data.workers", "scheduler.warmup_epochs"),
    }
)


def _value(text: str) -> object:
    """A printed setting as number, truth or text; None for what is none."""
    text = re.sub(r"^[A-Z]\w+\.(?=[A-Z_\d]+$)", "", text.strip().strip("'\"").rstrip(",;"))
    lower = text.lower()
    if lower in ("true", "false"):
        return lower == "true"
    if lower in ("none", "null", "") or len(text) > 80:
        return None
    bare = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    try:
        return int(bare)
    except ValueError:
        pass
    try:
        return float(bare)
    except ValueError:
        return text if re.fullmatch(r"[\w./+\\:@-]+", text) else None
