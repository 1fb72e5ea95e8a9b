"""JSON lines of any trainer: DETR, DeiT, MAE (``log.txt``), Ray Tune, LLaMA-Factory, ms-swift.

Each line is an object with an epoch or a step and numbers. Nobody prescribes the names, so they
are judged by what their words mean; a data set of JSON lines has no such counter, or mostly text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import WEIGHTS, weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import Records, first_objects, leaves, read_records
from analyzer.reading.logs import BEGINNING, worth_a_look
from analyzer.reading.names import Split, distinct, of_table, plain, split_of
from analyzer.reading.settings import planned, yaml_settings
from analyzer.reading.tables import Table
from analyzer.reading.values import number, whole_number
from analyzer.reading.wide import Counters, wide_tables
from analyzer.run import FloatArray, Run

FORMAT = "jsonlines"
SUFFIXES = (".jsonl", ".ndjson", ".json", ".txt", ".log", ".out")
CONFIGS = (
    *("args.json", "config.json", "params.json", "hparams.json", "config.yaml", "config.yml"),
    *("args.yaml", "hparams.yaml", "params.yaml"),
)
TWINS = ("progress.csv",)
"""Tables that hold the same numbers again (Ray Tune)."""

EPOCHS = ("epoch", "currentepoch", "epochnum", "epochidx", "ep")
STEPS = (
    *("step", "globalstep", "trainstep", "currentsteps", "iteration", "iter", "steps", "niter"),
    *("numupdates", "update", "updates", "trainingiteration", "globalstepmaxsteps", "iternum"),
)
"""Squeezed names of counters, the best first."""

SPLIT_KEYS = ("split", "mode", "phase", "stage", "type", "kind", "event")
COUNTED = "global_step/max_steps"
"""``"12/100"``, as ms-swift logs it."""

PLANS = {
    "total_steps": "steps",
    "max_steps": "steps",
    "total_epochs": "epochs",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
}
COCO = re.compile(r"(?:^|_)coco_eval_(bbox|masks|keypoints)\.(\d+)$")
COCO_KINDS = {"bbox": "", "masks": "segm_", "keypoints": "keypoints_"}
COCO_VALUES = {"0": "map50_95", "1": "map50", "2": "map75", "8": "average_recall"}
"""The places in the twelve numbers of COCO's evaluation."""

MAIN = ("val_map50_95", "val_segm_map50_95", "val_keypoints_map50_95")
MANY_EPOCHS = 5
MAX_COUNTER = 1e12

_METRIC = re.compile(
    r"loss|acc|(?:^|[_./])lr(?:$|[_./])|learning_?rate|reward|return|score|bleu|rouge|psnr|ssim"
    r"|iou|auc|err|grad|kl$|entropy|ppl|perplex|f1|mAP|map|mse|mae|wer|cer|precision|recall"
)
_NO_CURVE = re.compile(
    r"(?:^|[_./])(?:time(?:stamp|s)?|date|pid|seed|n_parameters|parameters|elapsed\w*|eta|percentage"
    r"|remaining\w*|time_\w+_s|iterations_since_restore|timesteps_since_restore|config|trial_id"
    r"|unix\w*|wall_?time|done|hist_stats|info|perf|timers)(?:$|[_./(])|_unscaled$",
    re.IGNORECASE,
)


def claims(folder: Folder) -> Iterable[Claim]:
    """Each file of JSON lines that shows a training; the only one beside weights is the run."""
    own = [name for name in folder.files if name.endswith(SUFFIXES) or "." not in name]
    names = [name for name in worth_a_look(own) if _is_log(folder, name)]
    for name in names:
        alone = len(names) == 1
        beside = [f for f in (*CONFIGS, *TWINS) if alone and folder.has(f)]
        weights = alone and any(WEIGHTS.search(file) for file in folder.files)
        yield Claim(name, whole=weights, files=tuple(beside))


def _is_log(folder: Folder, name: str) -> bool:
    head = folder.head(name)
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b'{"'):
        return False
    rows = _whole_objects(head) or _whole_objects(folder.head(name, BEGINNING))
    few = len(rows) < 2 and name.endswith(".json")
    return not few and bool(rows) and _is_training(rows)


def _whole_objects(head: bytes) -> list[dict[str, Any]]:
    """Where the first line is no whole object, it is no JSON lines, or longer than the head."""
    rows = first_objects(head)
    return rows if rows and first_objects(head.split(b"\n", 1)[0]) else []


def _is_training(rows: Sequence[dict[str, Any]]) -> bool:
    """Whether rows count up, hold a value that only a training logs, and hardly any text."""
    counted, metrics = [], 0
    for row in rows:
        texts = [value for value in row.values() if isinstance(value, str)]
        if any(len(text) > 300 for text in texts):
            return False
        if len(texts) >= 0.5 * len(row) and not any(_as_number(text) for text in texts):
            return False
        own = [name for key, value in row.items() for name, _ in leaves(str(key), value)]
        counters = counters_of([*own, *(key for key in row if key == COUNTED)])
        counter = counters.epoch or counters.step
        metrics += any(_METRIC.search(name) for name in own if name != counter)
        if counter is not None:
            value = row.get(counter)
            counted.append(_counted(value) if isinstance(value, str) else number(value))
    places = [place for place in counted if place is not None and abs(place) < MAX_COUNTER]
    anew = [place for before, place in pairwise(places) if place < before]
    return bool(metrics and places) and all(place <= places[0] for place in anew)


def _as_number(text: str) -> bool:
    return number(text) is not None


def _counted(text: str) -> float | None:
    return number(text.partition("/")[0])


def counters_of(names: Iterable[str]) -> Counters:
    """The names that count epochs and steps."""
    squeezed: dict[str, str] = {}
    for name in names:
        squeezed.setdefault(re.sub(r"[^a-z]", "", name.lower().removeprefix("trainer/")), name)
    epoch = next((squeezed[own] for own in EPOCHS if own in squeezed), None)
    step = next((squeezed[own] for own in STEPS if own in squeezed), None)
    return Counters(epoch, step)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    config = next((name for name in CONFIGS if name in claim.files), None)
    if config is not None:
        parts.config = yaml_settings(folder, config, None, parts.notes)
    records = read_records(folder, claim.main, parts.notes, (*SPLIT_KEYS, COUNTED))
    records = _with_steps(records, parts)
    counters = counters_of(records.columns)
    for split, mask in _by_split(records):
        part = records if mask is None else records.only(mask)
        parts.tables += _tables(part, claim.main, counters, split)
    _plan(parts, records)
    columns = {name for table in parts.tables for name in table.rows().columns}
    parts.main_metric = next((name for name in MAIN if name in columns), None)
    if claim.whole:
        parts.checkpoints = weight_files(folder)
    return assemble(folder, claim, FORMAT, parts)


def _with_steps(records: Records, parts: Parts) -> Records:
    """With ``"12/100"`` as a step; the second number is the plan."""
    texts = records.texts[COUNTED]
    if not any(texts):
        return records
    found = [text.partition("/") for text in texts.tolist()]
    steps = [number(first) for first, _, _ in found]
    rows = [place for place, step in enumerate(steps) if step is not None]
    parts.planned_steps = next((whole_number(total) for _, _, total in found if total), None)
    like = next(iter(records.columns.values()), None)
    if like is None or not rows:
        return records
    y = np.array([step for step in steps if step is not None], dtype=np.float64)
    column = like._replace(rows=np.array(rows, dtype=np.int64), y=y, resolution=1.0)
    return records._replace(columns={**records.columns, COUNTED: column})


def _by_split(records: Records) -> list[tuple[Split | None, NDArray[np.bool_] | None]]:
    """The rows of the training and of the validation, where a text tells which each one is."""
    for key in SPLIT_KEYS:
        said = np.array([split_of(text) or "" for text in records.texts[key].tolist()])
        if {"train", "val"} <= set(said.tolist()):
            return [("train", said == "train"), ("val", said == "val")]
    return [(None, None)]


def _tables(records: Records, file: str, counters: Counters, split: Split | None) -> list[Table]:
    """The tables of all curves; epochs that are parts of a whole go beside the steps."""
    counted = (*EPOCHS, *STEPS)
    own = [
        name
        for name in records.columns
        if re.sub(r"[^a-z]", "", name.lower()) not in counted
        and name not in PLANS
        and not _NO_CURVE.search(name)
    ]
    series = _series(own, split)
    epoch = (
        records.values(counters.epoch) if counters.epoch else np.full(len(records.line), np.nan)
    )
    if np.array_equal(epoch[np.isfinite(epoch)], np.floor(epoch[np.isfinite(epoch)])):
        return wide_tables(records, file, counters, series)
    return [_by_parts_of_epochs(records, file, counters, series, epoch)]


def _series(own: Sequence[str], split: Split | None) -> dict[str, str]:
    boxes = {name: found for name in own if (found := COCO.search(name))}
    rest = [name for name in own if name not in boxes]
    series = (
        of_table(rest)
        if split is None
        else distinct(rest, lambda name: plain(f"{split}/{name}").series)
    )
    for name, found in boxes.items():
        value = COCO_VALUES.get(found[2])
        if value is not None:
            series[name] = f"val_{COCO_KINDS[found[1]]}{value}"
    return series


def _by_parts_of_epochs(
    records: Records, file: str, counters: Counters, series: dict[str, str], epoch: FloatArray
) -> Table:
    rows = np.arange(1.0, len(records.line) + 1)
    step = records.values(counters.step) if counters.step else rows
    table = Table("step", file)
    columns = {series[own]: records.column(own) for own in series}
    many = np.nanmax(epoch) >= MANY_EPOCHS
    told = np.ceil(epoch - 1e-3) if many else None
    if told is not None:
        told[told > np.floor(np.nanmax(epoch) + 0.02)] = np.nan
    table.extend(step, columns, records.line, told)
    return table


def _plan(parts: Parts, records: Records) -> None:
    """The planned length, where the lines or the config tell it."""
    for own, unit in PLANS.items():
        values = records.columns[own].y if own in records.columns else np.empty(0)
        length = whole_number(values[-1]) if len(values) and np.isfinite(values[-1]) else None
        if length and unit == "steps":
            parts.planned_steps = parts.planned_steps or length
        elif length:
            parts.planned_epochs = parts.planned_epochs or length
    parts.planned_epochs = parts.planned_epochs or planned(parts.config, "train.epochs")
    parts.planned_steps = parts.planned_steps or planned(parts.config, "train.steps")
