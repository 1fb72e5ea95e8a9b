"""What could not be judged, turned into advice: the lines to log so that it can."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.diagnosis import nextstep
from analyzer.diagnosis.case import Case
from analyzer.diagnosis.engine import Unjudged
from analyzer.diagnosis.vocabulary import FINEST, label
from analyzer.facts import FACTS, SETTINGS_LEARN
from analyzer.facts.progress import metric_curve
from analyzer.run import Run

MOST_RULES = 3
"""So many rules are named that a line would help; the others are counted."""

DETECTION = ("val_f1", "val_ap", "val_map50", "val_map50_95")
"""Metrics made of precision and recall; their losses have parts."""

KEEPS_A_LOG = (
    *("workdir", "console", "clovaai", "dbnet", "mhliao", "paddle", "fairseq", "wordlm", "wandb"),
    *("torchvision", "doctr"),
)
"""Formats that are read from the training log itself, so that nobody has to keep it."""

SAVES = ("workdir", "console", "mmengine", "mmcv")
"""Formats in which a log may tell which epoch the best checkpoint holds."""


def advice(case: Case, unjudged: Sequence[Unjudged]) -> tuple[str, ...]:
    """One line for each thing that is lacking, the one that helps most rules first.

    Nothing for a run that ended before it logged anything: it has other troubles.
    """
    if not nextstep.has_begun(case):
        return ()
    helped: dict[str, list[str]] = {}
    for item in unjudged:
        if how := _how_to_log(item.lacks.removesuffix(FINEST), case):
            helped.setdefault(how, []).append(item.rule.id)
    ranked = sorted(helped.items(), key=lambda pair: -len(pair[1]))
    return tuple(f"{how}, to judge {_named(rules)}" for how, rules in ranked)


def _named(rules: Sequence[str]) -> str:
    if len(rules) <= MOST_RULES + 1:
        return ", ".join(rules)
    return f"{', '.join(rules[:MOST_RULES])} and {len(rules) - MOST_RULES} more"


def _how_to_log(name: str, case: Case) -> str:
    """The line to log, or empty where it is there already or would not fit this training."""
    run = case.run
    found = run.get(name)
    if found is not None and len(found):
        return ""
    if name == "log":
        kept = run.format in KEEPS_A_LOG or bool(run.events)
        return "" if kept else "keep the training log beside the metrics"
    if name in FACTS:
        return _fact_to_log(name, case)
    return _series_to_log(name, run)


def _series_to_log(name: str, run: Run) -> str:
    when = "each epoch" if run.epochs_done else "at each validation"
    metric = metric_curve(run)
    if name == "metric":
        return f"log a validation metric {when} (F1, accuracy, mAP)" if metric is None else ""
    if name in ("val_precision", "val_recall"):
        detects = run.main_metric in DETECTION and metric is not None
        return f"log precision and recall {when}" if detects else ""
    if name.endswith(".*"):
        detects = run.main_metric in DETECTION and metric is not None
        return f"log the parts of the {label(name.removesuffix('.*'))}" if detects else ""
    if name.startswith("val_"):
        return f"log the {label(name)} {when}"
    return f"log the {label(name)}" if name else ""


def _fact_to_log(name: str, case: Case) -> str:
    run, fact = case.run, FACTS[name]
    if fact.learn == FACTS["best_metric"].learn:
        return _series_to_log("metric", run)
    if fact.learn == SETTINGS_LEARN:
        # Settings that were kept, but do not hold this one, belong to a program without it.
        return "" if run.config.values else fact.learn
    if fact.learn == FACTS["save_logged"].learn:
        return _how_to_log("log", case)
    if name == "best_checkpoint_epoch" and not (run.checkpoints and run.format in SAVES):
        return ""
    return fact.learn
