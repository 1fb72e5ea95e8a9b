"""Which rules and which settings count: ``--rules``, ``--settings``, or the file that is found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from analyzer.commands.notes import note

if TYPE_CHECKING:
    from analyzer.diagnosis import Rule
    from analyzer.diagnosis.settings import Settings, Suppression
    from analyzer.finding import Suppressed
    from analyzer.run import Run

FILE = "analyzer.yaml"


class Choice(NamedTuple):
    """Extra rule folders and a settings file; picklable, so that other processes can take it.

    ``ignored`` is the settings file of a run that was passed over on the way up.
    """

    rules: tuple[Path, ...] = ()
    settings: Path | None = None
    ignored: Path | None = None

    @property
    def is_own(self) -> bool:
        """Whether nothing is added to the rules that come with the package."""
        return not self.rules and self.settings is None


OWN = Choice()
"""The rules that come with the package, and no settings."""


class Chosen(NamedTuple):
    """The rules that count, the settings, and what results kept for later hang on.

    ``every`` holds the rules that are switched off too.
    """

    rules: tuple[Rule, ...]
    every: tuple[Rule, ...]
    settings: Settings
    active: tuple[Suppression, ...]
    digest: str


def choice_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--rules`` and ``--settings``."""
    folder = click.Path(exists=True, path_type=Path)
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    text = f"Read this file instead of the {FILE} in the current folder or above it."
    command = click.option("--settings", type=file, help=text)(command)
    text = (
        "A folder of rules, or one rule file, to use besides the own ones; "
        "may be given several times."
    )
    return click.option("--rules", multiple=True, type=folder, help=text)(command)


def choose(rules: Sequence[Path], settings: Path | None) -> Choice:
    """What was asked for; without ``settings`` the file that is found from here upward.

    A file inside a run is passed over, which is said: runs are strangers' data.
    """
    ignored = None
    if settings is None:
        here = Path.cwd()
        for folder in (here, *here.parents):
            if not (folder / FILE).is_file():
                continue
            if not _is_run(folder):
                settings = folder / FILE
                break
            ignored = folder / FILE
            _say_ignored(ignored)
    return Choice(tuple(rules), settings, ignored)


def _is_run(folder: Path) -> bool:
    from analyzer.readers import holds_run

    return holds_run(folder)


def _say_ignored(path: Path) -> None:
    note(
        f"note: {path} lies inside a run and is ignored; "
        "settings come from the current folder upward, or from --settings"
    )


def digest(choice: Choice) -> str:
    """Of the settings and the extra rules; empty where there are none."""
    return "" if choice.is_own else chosen(choice).digest


@lru_cache(maxsize=4)
def chosen(choice: Choice) -> Chosen:
    """Read the rules and the settings. Raises RuleError, FormatError or UsageError."""
    from analyzer.diagnosis.loading import installed_rules, load_rules
    from analyzer.diagnosis.settings import Settings, check_against, read_settings
    from analyzer.location import rules_dir

    settings = Settings() if choice.settings is None else read_settings(choice.settings)
    places = (rules_dir(), *choice.rules)
    rules = load_rules(*places) if choice.rules else list(installed_rules())
    if choice.settings is not None:
        check_against(settings, rules, choice.settings)
    if settings.limits:
        rules = load_rules(*places, limits=settings.limits)
    active = settings.active(date.today())
    return Chosen(settings.applied(rules), tuple(rules), settings, active, _digest(choice, active))


def _digest(choice: Choice, active: Sequence[Suppression]) -> str:
    from analyzer.diagnosis.loading import rule_files

    found = hashlib.sha256()
    texts = [] if choice.settings is None else [choice.settings]
    for path in (*texts, *(file for place in choice.rules for file in rule_files(place))):
        found.update(f"{path}\0".encode() + path.read_bytes())
    found.update(repr([(item.line, item.until) for item in active]).encode())
    return found.hexdigest()


def tell(
    choice: Choice, runs: Sequence[Run], gone: Sequence[Suppressed], *, together: bool = False
) -> None:
    """Say on stderr what the settings did, and which parts of them did nothing.

    With ``together`` only rules about several runs were asked, of data sets only those about data:
    of others nothing can be said.
    """
    for run in runs:
        inside = run.path / FILE
        told = [path for path in (choice.settings, choice.ignored) if path is not None]
        if inside.is_file() and not any(map(inside.samefile, told)):
            _say_ignored(inside)
    if choice.settings is not None:
        data = any(run.data is not None for run in runs)
        every = (rule for rule in chosen(choice).every if rule.about_data == data)
        asked = {rule.id for rule in every if rule.among or not together}
        for line in _notes(choice, gone, runs, asked):
            note(f"note: {line}")


def _notes(
    choice: Choice, gone: Sequence[Suppressed], runs: Sequence[Run], asked: Collection[str]
) -> Iterator[str]:
    found = chosen(choice)
    for item in found.settings.suppress:
        if item.rule not in asked:
            continue
        place = f"{choice.settings}:{item.line}: {item.rule}"
        count = sum(one.line == item.line for one in gone)
        if item not in found.active:
            yield f"{place}: the suppression ended on {item.until}; remove it, or renew it"
        elif count:
            yield f"{place}: {count} suppressed until {item.until}: {item.reason}"
        else:
            yield f"{place}: the suppression is not used; remove it"
    metric = found.settings.main_metric
    if metric is not None and not any(metric.name in run.series or run.data for run in runs):
        yield _not_logged(choice, metric.name, runs)


def _not_logged(choice: Choice, metric: str, runs: Sequence[Run]) -> str:
    from analyzer.diagnosis.vocabulary import meant

    names = {name for run in runs for name in run.series}
    said = f"{choice.settings}: main_metric: no run logs '{metric}'"
    return f"{said}; {hint}" if (hint := meant(metric, sorted(names))) else said
