"""How a training ends: finished, interrupted or failed, as the run directory says it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from analyzer.errors import TrainlintError
from analyzer.formats.workdir import RunWriter
from trainer.config import Config
from trainer.failures import error_chain, failure_sentence, last_sentence
from trainer.onlooker import accuse, accused, wait_for_writer


class TrainingFailed(TrainlintError):
    """The training itself went wrong; its run directory says how."""

    exit_code = 1


class StoppedEarly(Exception):
    """Nothing better came for as long as ``train.early_stopping`` waits: a good end."""


@contextmanager
def ending(run: RunWriter, config: Config) -> Iterator[None]:
    """Let the run directory say how the run ended, however it did."""
    try:
        yield
    except StoppedEarly as reason:
        _end(run, "stopped early", f"Stopped early: {reason}", "INFO", str(reason))
        wait_for_writer()
        return
    except KeyboardInterrupt:
        _end(run, "interrupted", "Interrupted from outside", "WARNING", "stopped by a signal")
        wait_for_writer()
        raise
    except TrainlintError as error:
        sentence = last_sentence(error)
        accuse(sentence)
        _end(run, "failed", f"Failed: {sentence}", "ERROR", sentence)
        raise TrainingFailed(sentence) from error
    except Exception as error:
        other = accused(error)
        sentence = other or failure_sentence(error, config)
        if other is None:
            accuse(sentence)
        told = f"Failed: {sentence}\n{traceback.format_exc().rstrip()}"
        for one in error_chain(error):  # they hold files open; a full disk needs their space
            traceback.clear_frames(one.__traceback__)
        _end(run, "failed", told, "ERROR", sentence)
        raise TrainingFailed(
            f"{sentence}; the traceback is in {run.path}/logs/train.log"
        ) from error
    run.log(f"Finished: {run.path}")
    run.finish("finished")
    wait_for_writer()


def _end(run: RunWriter, status: str, message: str, level: str, reason: str) -> None:
    """Say it in the log and in run.json; a full disk must not hide what went wrong."""
    with suppress(OSError):
        run.log(message, level)
    with suppress(OSError):
        run.finish(status, reason)
