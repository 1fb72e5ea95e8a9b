"""The lines of the documented logs: ours, and those of the variant that calls it ``log.txt``.

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
from collections.abc import Mapping

from analyzer.formats import trainlog
from analyzer.formats.trainlog import NUMBER
from analyzer.reading.names import Split, plain
from analyzer.reading.text import decode

_NO_STEP = rb"(?!,? ?(?:\[|(?i:step|iter|batch)))"
"""Others log the steps of an epoch in a similar way."""

_HEADER = trainlog.HEADER.replace(rb"\](?:,", rb"\]" + _NO_STEP + rb"(?:,") + rb"(?P<more>[^\n]*)"
_BARE = (
    rb"Epoch (?P<bare_epoch>\d{1,9})/(?P<bare_epochs>\d{1,9})(?=[,:])%b"
    rb"(?P<bare_more>[^\n]*[:=][^\n]*)" % _NO_STEP
)
_BEST_METRIC = rb"best metric, (?P<best_metric>[^\n]*hmean[^\n]*)"

LINE = re.compile(
    rb"^(?:%b)?(?:%b)?[^\n]*\n?"
    % (trainlog.HEAD, b"|".join([_HEADER, *trainlog.MESSAGES[1:], _BARE, _BEST_METRIC])),
    re.MULTILINE,
)
"""Any line at all. What it holds stands in the groups; those of other messages are empty."""

FIELD: Mapping[str, int] = {name: place - 1 for name, place in LINE.groupindex.items()}
"""Where each group stands in what ``LINE.findall`` gives."""

MESSAGES = (
    *("epoch", "loss", "precision", "ap", "saved", "best", "resumed"),
    *("bare_epoch", "best_metric"),
)
"""The first group of each message."""

_UNNAMED_HEAD = re.sub(rb"\?P<\w+>", b"?:", trainlog.HEAD)

STEP = re.compile(
    rb"Iter (\d{1,12}): Total Loss=(%b)(?:, Cls Loss=(%b))?(?:, Reg Loss=(%b))?" % ((NUMBER,) * 3)
)
STEP_SERIES = ("train_loss", "train_loss.cls", "train_loss.reg")

_EXACT = re.compile(
    rb"^(?:%(head)s)?(?:Epoch \[\d{1,9}/\d{1,9}\], LR: %(n)s(?=[,\s])"
    rb"|Epoch \[\d{1,9}/\d{1,9}\], Train Loss: %(n)s(?:, Val AP: %(n)s)?\s*$"
    rb"|Train Loss: %(n)s \| Time: %(n)ss/iter"
    rb"|Validate - Precision: %(n)s, Recall: %(n)s, F1: %(n)s"
    rb"|Epoch \d{1,9}/\d{1,9}, loss: %(n)s\s*$"
    rb"|Iter \d{1,12}: Total Loss=%(n)s"
    rb"|best metric, [^\n]*hmean)" % {b"head": _UNNAMED_HEAD, b"n": NUMBER},
    re.MULTILINE,
)

STARTING = re.compile(rb"^(?:\[[^\]\n]*\] [A-Z]+ )?Starting training\.\.\.\s*$", re.MULTILINE)

_VALUE = re.compile(rb"([A-Za-z][\w /.-]{0,60}?) ?[:=] ?(" + NUMBER + rb")(?![:\w])")


def is_documented(data: bytes) -> bool:
    """Whether the beginning of a log holds one of the documented lines, in its exact wording.

    Many programs begin a line with ``Epoch 1/15``; those that go on in another way are read by
    others.
    """
    return _EXACT.search(data) is not None


def is_started(data: bytes) -> bool:
    """Whether the beginning of a log says that the training starts, or bears times and levels."""
    return trainlog.STAMP.search(data) is not None or STARTING.search(data) is not None


def values(text: bytes, split: Split) -> list[tuple[str, bytes]]:
    """(series, digits) of the values in the rest of a line; ``split`` is theirs if none is said.

    >>> values(b", Train Loss: 3.21, Val AP: 0.12", "train")
    [('train_loss', b'3.21'), ('val_ap', b'0.12')]
    """
    return [(plain(decode(own), split).series, digits) for own, digits in _VALUE.findall(text)]
