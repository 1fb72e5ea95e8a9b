"""What a command says on stderr beside its findings, and ``--quiet``, which leaves that out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_QUIET = "analyzer.quiet"


def quiet_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--quiet``: nothing on stderr but trouble, and of the findings what they come to."""

    def keep(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.meta[_QUIET] = value

    text = "No progress and no notes; in the terminal only what it comes to."
    option = click.option(
        "-q", "--quiet", is_flag=True, expose_value=False, callback=keep, help=text
    )
    return option(command)


def is_quiet() -> bool:
    """Whether ``--quiet`` was given to the command that runs."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET, False))


def note(text: str) -> None:
    """Say something on stderr that is no trouble."""
    if not is_quiet():
        trouble(text)


def trouble(text: str) -> None:
    """Say something on stderr, ``--quiet`` or not; names of files in it steer no terminal."""
    from analyzer.render.text import steady

    click.echo(steady(text), err=True)
