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
    "train": ("torch", "torchvision", "cv2", "numpy", "psutil", "pyclipper", "shapely"),
    "export": ("onnx", "onnxruntime"),
}
"""The extra that brings each package."""


def enter(command: click.Command, program: str, arguments: Sequence[str], what: str) -> int:
    """Run a command; trouble becomes a sentence and an exit code.

    ``what`` is what the command does, for the sentence that names a missing extra.
    """
    # Read as torch is loaded: threads that wait for each other must not spin for long.
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    try:
        with command.make_context(program, list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted", err=True)
        return 130
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = next((name for name, packages in EXTRAS.items() if package in packages), None)
        if extra is None:
            raise
        click.echo(f"Error: {MissingExtra(what, extra)}", err=True)
        return MissingExtra.exit_code
    except TrainlintError as error:
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    return 0


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
