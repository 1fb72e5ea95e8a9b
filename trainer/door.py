"""What all commands of the trainer share: the way in, and a bar for what takes a while."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click

from analyzer.errors import MissingExtra, TrainlintError

T = TypeVar("T")

SETTINGS = {"max_content_width": 99, "help_option_names": ["-h", "--help"]}
"""Of every command."""

EXTRAS = {
    "train": ("torch", "torchvision", "cv2", "numpy", "psutil", "shapely"),
    "export": ("onnx", "onnxruntime"),
}
"""The extra that brings each package."""


def looks_on() -> bool:
    """Whether this is one of several processes, and not the one that speaks."""
    return os.environ.get("WORLD_SIZE", "1") != "1" and os.environ.get("RANK", "0") != "0"


def enter(command: click.Command, program: str, arguments: Sequence[str], what: str) -> int:
    """Run a command; trouble becomes a sentence and an exit code.

    ``what`` is what the command does, for the sentence that names a missing extra. The command
    gets the arguments as they were typed as the object of its context.
    """
    # OpenMP reads this as torch is loaded. Threads that wait for each other spin for milliseconds,
    # and a step takes ten times as long once another process wants a core. This short spin costs
    # 5 % where the cores are free; no spin at all (OMP_WAIT_POLICY=PASSIVE) costs 30 %.
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    try:
        with command.make_context(program, list(arguments), obj=list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("Interrupted")
        return 130
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = next((name for name, packages in EXTRAS.items() if package in packages), None)
        if extra is None:
            raise
        _tell(f"Error: {MissingExtra(what, extra)}")
        return MissingExtra.exit_code
    except TrainlintError as error:
        _tell(f"Error: {error}")
        return error.exit_code
    return 0


def _tell(sentence: str) -> None:
    if not looks_on():
        click.echo(sentence, err=True)


def shown(items: Iterable[T], count: int, what: str) -> Iterator[T]:
    """The items, with a bar on stderr while they are gone through, on a terminal alone."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(
        items, what, total=count, console=console, transient=True, disable=not sys.stderr.isatty()
    )


def as_json(value: Mapping[str, Any]) -> str:
    """JSON for people and programs: a line for each key and each item of a list; no bare NaN."""
    import json

    def line(item: Any) -> str:
        return json.dumps(item, ensure_ascii=False, allow_nan=False)

    rows = []
    for key, item in value.items():
        below = isinstance(item, list) and item
        told = "[\n  " + ",\n  ".join(map(line, item)) + "\n ]" if below else line(item)
        rows.append(f" {line(key)}: {told}")
    return "{\n" + ",\n".join(rows) + "\n}"
