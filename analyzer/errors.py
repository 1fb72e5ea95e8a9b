"""Expected trouble, each a sentence a person can act on.

``TrainlintError`` is the only family that the command line turns into an exit code;
anything else that escapes is a bug.
"""

from __future__ import annotations


class TrainlintError(Exception):
    """Expected trouble. The text names the value, the place, what is allowed and the next step."""

    exit_code = 2


class UsageError(TrainlintError):
    """What was asked for cannot be done as asked."""


class FormatError(TrainlintError):
    """A file does not hold what its format promises; ``line`` is 1-based where it is known."""

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        self.file = file
        self.line = line
        place = "" if file is None else file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}" if place else message)


class RuleError(FormatError):
    """A rule file is broken."""


class NoRunFound(TrainlintError):
    """Nothing that could be analysed was found."""

    exit_code = 3


class MissingExtra(TrainlintError):
    """A part needs a package that the core install leaves out."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra '{extra}', which is not installed; "
            f"install it with: pip install 'trainlint[{extra}]'"
        )
