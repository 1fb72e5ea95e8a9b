"""The door: the command group, the one error handler, and the only place that exits."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from analyzer import __version__
from analyzer.commands.check import check
from analyzer.commands.compare import compare
from analyzer.commands.dataset import dataset
from analyzer.commands.export import export
from analyzer.commands.notes import trouble
from analyzer.commands.report import report
from analyzer.commands.results import GARBAGE
from analyzer.commands.rules import rules
from analyzer.errors import TrainlintError

INTERRUPTED = 130

EPILOG = """
\b
Exit codes
  0  clean, or nothing that --fail-on asks for
  1  findings (check, dataset), or a worse run (compare --fail-on worse)
  2  wrong usage, a broken rule, or a missing extra
  3  no run found
  130  interrupted; 141 when nobody reads the output any more (| head)
"""


READER_GONE = 141
"""As other programs end whose output nobody reads any more: 128 and the number of SIGPIPE.

Neither 0 nor 1, which would say something about the findings.
"""

CANNOT_WRITE = 2
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""The disk that stdout leads to takes no more; 1 would say that something was found."""

COMPLETION = "_TRAINLINT_COMPLETE"
"""The variable by which a shell asks for completions, as click documents it."""


class Door(click.Group):
    """The command group; that the reader of our output has gone, `head` say, is no trouble."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Click itself would end with 1, which means findings."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _nobody_reads()


def _nobody_reads() -> int:
    """Let the streams lead nowhere, so that ending writes into no closed pipe."""
    for stream in (sys.stdout, sys.stderr):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return READER_GONE


@click.group(cls=Door, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trainlint")
def cli() -> None:
    """The linter for training runs: says what is wrong, how sure, why, and what to change.

    \b
    Start here
      python -m analyzer report workdirs/          read the runs, get a report
      python -m analyzer compare RUN_A RUN_B       which is better, and is it sure?
      python -m analyzer check workdirs/latest     for CI: exit 1 on errors
      python -m analyzer dataset my_data           is the data fit to train on?
      python -m analyzer export runs/ > all.csv    every logged value, for other tools
      python -m analyzer rules explain loss-flat   what a rule looks at, and why it matters
    """


for command in (report, compare, check, dataset, export, rules):
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name in another script must not stop the report on an ASCII terminal.
            stream.reconfigure(errors="replace")
    gc.set_threshold(*GARBAGE)
    sys.exit(run())


def run() -> int:
    """Run the command line; expected trouble becomes one sentence and an exit code."""
    try:
        code = cli.main(prog_name=_called(), complete_var=COMPLETION, standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TrainlintError as error:
        trouble(f"error: {error}")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as error:
        if error.errno not in FULL:
            raise
        trouble(f"error: the output cannot be written: {error.strerror}")
        _nobody_reads()
        return CANNOT_WRITE
    return code if isinstance(code, int) else 0


def _called() -> str:
    """What a person typed; shells complete the installed command alone."""
    installed = Path(sys.argv[0]).stem == "trainlint" or COMPLETION in os.environ
    return "trainlint" if installed else "python -m analyzer"


if __name__ == "__main__":
    main()
