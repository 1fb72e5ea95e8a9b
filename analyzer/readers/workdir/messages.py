"""What else the documented logs may say: the lines of the variant that calls its log ``log.txt``.

::

    Starting training...
    Epoch 0/5, loss: nan
    Epoch [1/5], Train Loss: 3.21, Val AP: 0.12
    Iter 100: Total Loss=3.2100, Cls Loss=1.2000, Reg Loss=2.0100
    best metric, precision: 0.81, recall: 0.77, hmean: 0.79
    Training finished!
"""

from __future__ import annotations

import re

from analyzer.formats.trainlog import HEADER, NUMBER, STAMP, TRAIN, VALIDATE, message
from analyzer.reading.names import Split, plain
from analyzer.reading.text import decode

BARE = message(
    b"Epoch ", rb"(\d{1,9})/(\d{1,9})[,:](?! ?(?:\[|(?i:step|iter|batch)))([^\n]*[:=][^\n]*)"
)
"""Epoch counted from 0, epochs, values."""

STEP = re.compile(
    rb"Iter (\d{1,12}): Total Loss=(%b)(?:, Cls Loss=(%b))?(?:, Reg Loss=(%b))?" % ((NUMBER,) * 3)
)
STEP_SERIES = ("train_loss", "train_loss.cls", "train_loss.reg")

BEST_METRIC = message(b"best metric, ", rb"([^\n]*hmean[^\n]*)")

STARTING = re.compile(rb"^(?:\[[^\]\n]*\] [A-Z]+ )?Starting training\.\.\.\s*$", re.MULTILINE)

_VALUE = re.compile(rb"([A-Za-z][\w /.-]*?) ?[:=] ?(" + NUMBER + rb")(?!:)")
_KNOWN = (HEADER, TRAIN, VALIDATE, BARE, BEST_METRIC)


def is_documented(data: bytes) -> bool:
    """Whether the beginning of a log holds one of the documented lines."""
    return STEP.search(data) is not None or any(known.find(data) for known in _KNOWN)


def is_started(data: bytes) -> bool:
    """Whether the beginning of a log says that the training starts, or bears times and levels."""
    return STAMP.search(data) is not None or STARTING.search(data) is not None


def values(text: bytes, split: Split) -> list[tuple[str, bytes]]:
    """(series, digits) of the values in the rest of a line; ``split`` is theirs if none is said.

    >>> values(b", Train Loss: 3.21, Val AP: 0.12", "train")
    [('train_loss', b'3.21'), ('val_ap', b'0.12')]
    """
    return [(plain(decode(own), split).series, digits) for own, digits in _VALUE.findall(text)]
