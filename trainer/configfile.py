"""How settings come from a YAML file and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import UsageError
from analyzer.formats import yaml12
from trainer.config import Config
from trainer.settings import Source, build


@dataclass(frozen=True)
class Override:
    """One setting from the command line: dotted key, value, and the option as it was typed."""

    key: str
    value: Any
    option: str


def parse_set(text: str) -> Override:
    """Read the ``a.b=c`` of ``--set``; the value is YAML 1.2, so 1e-3 is a number, no is text."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {text}: not of the form key=value, such as optimizer.lr=0.001")
    option = f"--set {text}"
    return Override(key.strip(), yaml12.parse(value, file=option).value, option)


def parse_flag(name: str, key: str, text: str) -> Override:
    """Read one of the documented flags, a short form of a setting; paths and names stay text."""
    option = f"--{name} {text}"
    if name.endswith("_dir"):
        return Override(key, text, option)
    value = yaml12.parse(text, file=option).value
    if name == "use_gpu":
        if not isinstance(value, bool):
            raise UsageError(f"{option}: allowed: True or False")
        value = "cuda" if value else "cpu"
    return Override(key, value, option)


def load_config(path: Path, overrides: Sequence[Override] = ()) -> Config:
    """Read a config file; ``overrides`` win over it, the last one over those before.

    Raises FormatError with file and line, or UsageError that names the option.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(
            f"cannot read the config {path}: {reason}; "
            "name a YAML file such as trainer/configs/det_tiny.yaml"
        ) from None
    document = yaml12.parse(text, file=str(path))
    _refuse_duplicates(document, path)
    options = {item.key: item.option for item in overrides}
    source = Source(str(path), document.lines, options)
    return build(Config, _with_epochs(_merge(document.value, overrides)), source)


def _refuse_duplicates(document: yaml12.Document, path: Path) -> None:
    for key, line in document.duplicates:
        raise Source(str(path), {key: line}).error(key, f"{key} is given twice; leave one out")


def _merge(value: Any, overrides: Sequence[Override]) -> Any:
    """The mapping of the file with the overrides laid over it; neither is changed."""
    for item in overrides:
        value = _with(value, item.key.split("."), item)
    return value


def _with(value: Any, path: list[str], item: Override) -> Any:
    if not path:
        return item.value
    if isinstance(value, list) and path[0].isdigit() and int(path[0]) < len(value):
        place, rest = int(path[0]), path[1:]
        return [*value[:place], _with(value[place], rest, item), *value[place + 1 :]]
    if value is not None and not isinstance(value, Mapping):
        raise UsageError(f"{item.option}: {item.key} lies below a value that is no mapping")
    head, *rest = path
    below = dict(value or {})
    return {**below, head: _with(below.get(head), rest, item)}


def _with_epochs(value: Any) -> Any:
    """Where ``train.epochs`` is not given and every stage says its own, it is their sum.

    What is of another type is left for ``build`` to refuse.
    """
    if not isinstance(value, Mapping):
        return value
    stages, train = value.get("stages"), value.get("train") or {}
    if not isinstance(stages, list) or not isinstance(train, Mapping) or "epochs" in train:
        return value
    lengths = [stage.get("epochs") for stage in stages if isinstance(stage, Mapping)]
    if not stages or len(lengths) < len(stages) or any(type(n) is not int for n in lengths):
        return value
    return {**value, "train": {**train, "epochs": sum(lengths)}}
