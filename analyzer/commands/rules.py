"""``rules``: what the analyzer looks for, rule by rule, and whether the rules prove themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.commands.progress import with_progress

if TYPE_CHECKING:
    from analyzer.diagnosis import Rule
    from analyzer.errors import RuleError

UNPROVEN = 1
BROKEN = 2

folder_option = click.option(
    "--rules",
    "places",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A folder of rules, or one rule file; may be given several times.",
)


def _ids(context: click.Context, argument: click.Parameter, begun: str) -> list[str]:  # noqa: ARG001
    """Ids that begin so, for a shell that completes; by file name, as reading all is slow."""
    from analyzer.diagnosis.loading import rule_files
    from analyzer.location import rules_dir

    return [path.stem for path in rule_files(rules_dir()) if path.stem.startswith(begun)]


@click.group()
def rules() -> None:
    """The rules: list, show, explain and test them, or print their page or JSON Schema.

    \b
    Examples
      python -m analyzer rules list
      python -m analyzer rules explain loss-flat
      python -m analyzer rules test --rules my_rules
    """


@rules.command("list")
@folder_option
def list_rules(places: tuple[Path, ...]) -> None:
    """One line for each rule: id, severity, title.

    \b
    Examples
      python -m analyzer rules list
      python -m analyzer rules list --rules my_rules
    """
    found = _load(places)
    width = max(len(rule.id) for rule in found)
    for rule in found:
        steps = rule.severity
        all_of_them = [step.to for step in steps] if isinstance(steps, tuple) else [steps]
        worst = max(all_of_them, key=lambda severity: severity.rank)
        click.echo(f"{rule.id:<{width}}  {worst:<8} {rule.title}")


@rules.command()
@click.argument("rule_id", metavar="ID", shell_complete=_ids)
@folder_option
def show(rule_id: str, places: tuple[Path, ...]) -> None:
    """The file of one rule, as it is.

    \b
    Examples
      python -m analyzer rules show loss-flat
    """
    rule = _one(rule_id, places)
    path = next(p for p in _paths(places) if p.stem == rule.id)
    click.echo(f"# {path}")
    click.echo(path.read_text(encoding="utf-8"), nl=False)


@rules.command()
@click.argument("rule_id", metavar="ID", shell_complete=_ids)
@folder_option
def explain(rule_id: str, places: tuple[Path, ...]) -> None:
    """What a rule detects, why it matters, how it is decided, its causes, fixes and limits.

    \b
    Examples
      python -m analyzer rules explain overfitting
    """
    from analyzer.commands import explain as words

    click.echo(words.explain(_one(rule_id, places)), nl=False)


@rules.command()
@click.pass_context
@folder_option
def test(context: click.Context, places: tuple[Path, ...]) -> None:
    """Let each rule prove itself by its examples; with --rules, those in that folder only.

    Proven is: the file parses, its id is its own, an example fires and one stays silent, messages
    have no gaps, every condition is needed, every patch changes a config, and the rule says
    nothing about healthy runs. Exits with 1 where something is not proven, with 2 for a broken
    file.

    \b
    Examples
      python -m analyzer rules test
      python -m analyzer rules test --rules my_rules
    """
    from analyzer.errors import RuleError

    good, broken = _read_all(places)
    for error in broken:
        click.echo(str(error))
    unproven = 0
    tested = ((path, list(_unproven(path, rule))) for path, rule in good.items())
    for path, troubles in list(with_progress(tested, len(good), "Testing rules")):
        for line, text in troubles:
            unproven += 1
            click.echo(str(RuleError(text, file=str(path), line=line)))
    examples = sum(len(rule.examples) for rule in good.values())
    many = "s" if len(good) != 1 else ""
    counts = f"{len(broken)} broken, {unproven} not proven"
    if not broken and not unproven:
        counts = "all proven"
    click.echo(f"{len(good)} rule{many} with {examples} examples: {counts}")
    context.exit(BROKEN if broken else UNPROVEN if unproven else 0)


@rules.command()
@folder_option
def page(places: tuple[Path, ...]) -> None:
    """One Markdown page of all rules: what each detects, its causes, fixes and limits.

    \b
    Examples
      python -m analyzer rules page > rules/RULES.md
      python -m analyzer rules page --rules my_rules > RULES.md
    """
    from analyzer.commands import rulespage

    click.echo(rulespage.page(_load(places)), nl=False)


@rules.command()
@click.option(
    "--of",
    type=click.Choice(("rule", "report", "comparison", "dataset")),
    default="rule",
    show_default=True,
    help="A rule file, or the JSON of report and check, of compare, of dataset.",
)
def schema(of: str) -> None:
    """The JSON Schema of a rule file, for editors that complete and check YAML; or of our JSON.

    \b
    Examples
      python -m analyzer rules schema > rules/schema.json
      python -m analyzer rules schema --of report
    """
    click.echo(schema_text() if of == "rule" else _published(of), nl=False)


def _published(of: str) -> str:
    from analyzer.render.published import json_schema

    return json.dumps(json_schema(of), indent=1) + "\n"


def schema_text() -> str:
    """The schema as it stands in ``rules/schema.json``."""
    from analyzer.diagnosis.schema import rule_schema

    return json.dumps(rule_schema(), indent=1, sort_keys=True) + "\n"


def _all_places(places: Sequence[Path]) -> tuple[Path, ...]:
    from analyzer.location import rules_dir

    return (rules_dir(), *places)


def _load(places: Sequence[Path]) -> list[Rule]:
    from analyzer.diagnosis import load_rules

    return load_rules(*_all_places(places))


def _paths(places: Sequence[Path]) -> list[Path]:
    from analyzer.diagnosis.loading import read_places

    return [path for path, _ in read_places(_all_places(places))]


def _one(rule_id: str, places: Sequence[Path]) -> Rule:
    from analyzer.diagnosis.vocabulary import unknown_rule
    from analyzer.errors import UsageError

    by_id = {rule.id: rule for rule in _load(places)}
    if rule_id not in by_id:
        raise UsageError(unknown_rule(rule_id, by_id))
    return by_id[rule_id]


def _read_all(places: Sequence[Path]) -> tuple[dict[Path, Rule], list[RuleError]]:
    """The rules to test, and the broken files among them; others count for ids and circles."""
    from analyzer.diagnosis import Rule
    from analyzer.diagnosis.loading import disagreements, read_places
    from analyzer.errors import RuleError

    found = read_places(_all_places(places))
    wanted = {path.resolve() for path, _ in (read_places(places) if places else found)}
    asked = {path for path, _ in found if path.resolve() in wanted}
    good = {path: rule for path, rule in found if isinstance(rule, Rule)}
    broken = [item for path, item in found if isinstance(item, RuleError) and path in asked]
    beside = [error for error in disagreements(good) if Path(error.file or "") in asked]
    bad = {Path(error.file or "") for error in beside}
    chosen = {path: rule for path, rule in good.items() if path in asked and path not in bad}
    return chosen, [*broken, *beside]


def _unproven(path: Path, rule: Rule) -> Iterator[tuple[int, str]]:
    """(line, what is not proven) of one rule."""
    from analyzer.diagnosis.examples import check_rule, healthy_runs
    from analyzer.diagnosis.faults import line_of
    from analyzer.formats import yaml12
    from analyzer.location import rules_dir

    lines = yaml12.parse(path.read_text(encoding="utf-8"), file=str(path)).lines
    for problem in check_rule(rule, healthy_runs(rules_dir())):
        yield line_of(problem.path.split("."), lines), problem.text
