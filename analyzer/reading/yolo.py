"""What all generations of YOLO trainers share: the table of results, fitness, patience."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from analyzer.reading.assemble import Parts
from analyzer.reading.delimited import Cells
from analyzer.reading.folder import Folder
from analyzer.reading.names import distinct, plain
from analyzer.reading.tables import Column, Table
from analyzer.reading.values import number
from analyzer.run import BestCheckpoint, FloatArray, Run, Status

WEIGHTS = "weights"
BEST = f"{WEIGHTS}/best.pt"
LAST_DRAWING = "results.png"
"""Drawn once, after the last epoch, also where the patience ended the training."""

MAIN = ("val_map50_95", "val_accuracy", "val_miou", "val_delta1")
"""What each task is judged by, the first that was logged."""

METRICS = {
    "precision": "val_precision",
    "recall": "val_recall",
    "map50": "val_map50",
    "map05": "val_map50",
    "map5": "val_map50",
    "map5095": "val_map50_95",
    "map05095": "val_map50_95",
    "map595": "val_map50_95",
    "accuracytop1": "val_accuracy",
    "accuracytop5": "val_accuracy_top5",
    "miou": "val_miou",
    "pixelacc": "val_pixel_accuracy",
}
_OUTPUTS = {"(B)": "", "(M)": "_mask", "(P)": "_pose"}
_METRIC = re.compile(r"(?:[HO]BB)?(.*?)(\([BMP]\))?")
_CLOSE = 2e-5
"""Fitness is computed from values that are printed with five digits."""

Weights = Mapping[str, float]


def series_of(own: str) -> str | None:
    """The canonical series of a column of losses or metrics; None for any other."""
    split, _, name = own.partition("/")
    if split in ("train", "val", "test"):
        side = "train" if split == "train" else "val"
        part = name.removesuffix("loss").strip("_")
        return f"{side}_loss.{part}" if part else f"{side}_loss"
    if split != "metrics":
        return None
    found = _METRIC.fullmatch(name)
    base, output = (found[1], found[2]) if found else (name, None)
    squeezed = re.sub(r"[^a-z0-9]", "", base.lower())
    series = METRICS.get(squeezed, plain(f"val/{base}").series)
    return series + _OUTPUTS[output or "(B)"]


def results_table(cells: Cells, file: str, shift: float) -> Table:
    """The rows of a results file by epoch, with the total of each loss where parts were logged.

    ``shift`` is what makes the logged epochs count from 1.
    """
    table = Table("epoch", file)
    names = distinct(cells.names[1:], series_of)
    columns = {series: cells.column(own) for own, series in names.items()}
    for split in ("train_loss", "val_loss"):
        parts = [column for name, column in columns.items() if name.startswith(f"{split}.")]
        if parts and split not in columns:
            columns[split] = total(parts, len(cells.line))
    columns |= _rates(cells)
    if "time" in cells.names:
        columns["epoch_time"] = _epoch_time(cells.column("time"))
    table.extend(cells.values(cells.names[0]) + shift, columns, cells.line)
    return table


def total(parts: Sequence[Column], rows: int) -> Column:
    """The sum of the parts in the rows that hold them all."""
    summed = np.zeros(rows)
    held = np.zeros(rows, dtype=np.int64)
    for part in parts:
        summed[part.rows] += part.y
        held[part.rows] += 1
    whole = np.flatnonzero(held == len(parts))
    return Column(whole, summed[whole], max(part.resolution for part in parts))


def _rates(cells: Cells) -> dict[str, Column]:
    """The learning rate of the weights, and those of other groups that differ from it.

    While the others warm up from 0, that of the biases may come down from 0.1; the order of the
    groups differs between versions.
    """
    groups = {
        own.rpartition("/")[2]: column
        for own in cells.names
        if own.startswith(("lr/", "x/lr")) and len((column := cells.column(own)).y)
    }
    if not groups:
        return {}
    main = min(groups, key=lambda name: float(groups[name].y[0]))
    own = groups[main]
    return {"learning_rate": own} | {
        f"learning_rate.{name}": column
        for name, column in groups.items()
        if not np.array_equal(column.y, own.y)
    }


def _epoch_time(elapsed: Column) -> Column:
    """Seconds of each epoch; the clock starts with the process, so it goes back on a resume."""
    seconds = np.diff(elapsed.y, prepend=0.0)
    return elapsed._replace(y=np.where(seconds > 0, seconds, elapsed.y))


def without_validation(names: Sequence[str]) -> Callable[[Sequence[bytes]], list[bytes] | None]:
    """For ``Cells.with_ragged``: rows that leave out the validation, which stands in the middle.

    Where the first epoch was not validated, the header lacks those columns and the rows that
    were validated are longer; what cannot be named is left out.
    """
    trained = [name for name in names if not name.startswith(("metrics/", "val/"))]
    rates = sum(name.startswith("lr/") for name in names)

    def fit(row: Sequence[bytes]) -> list[bytes] | None:
        if len(row) == len(trained) < len(names):
            held = dict(zip(trained, row, strict=True))
            return [held.get(name, b"") for name in names]
        if len(trained) == len(names) < len(row):
            return [*row[: len(names) - rates], *row[len(row) - rates :]]
        return None

    return fit


def skipped_validations(cells: Cells, *, asked: bool) -> Cells:
    """Without the zeros that stand where an epoch was not validated.

    ``asked``: the settings say so. Without them the other epochs show it: no validation has a loss
    of exactly 0 beside others that have none.
    """
    own = [name for name in cells.names if name.startswith(("metrics/", "val/"))]
    rows = zip(*(cells.values(name).tolist() for name in own), strict=True)
    held = [any(row) for row in rows]
    if not asked and not (any(held) and any(name.startswith("val/") for name in own)):
        return cells
    columns = dict(cells.columns)
    for name in own:
        columns[name] = [c if h else b"" for c, h in zip(columns[name], held, strict=True)]
    return replace(cells, columns=columns)


def plan(parts: Parts, planned: int | None) -> None:
    """Keep the plan, unless more epochs were logged: then the settings are of another start."""
    done = max((float(np.nanmax(t.rows().x, initial=0.0)) for t in parts.tables), default=0.0)
    parts.planned_epochs = planned if planned and done <= planned else None


def finished(
    run: Run, folder: Folder, weighings: Sequence[Weights], patience: object, ended: str = ""
) -> Run:
    """The run with what its fitness and its files tell: how it ended, which epoch best.pt holds.

    ``weighings`` are the formulas of the fitness that versions have used, the newest first.
    ``ended`` is a sentence that shows that the training came to its end, "" where nothing does.
    """
    curves = [(x, y) for x, y in (_fitness(run, weights) for weights in weighings) if len(x)]
    if run.status in (Status.UNKNOWN, Status.RUNNING):
        if not ended and folder.has(LAST_DRAWING) and run.epochs_done:
            ended = f"{LAST_DRAWING} is there, which is drawn when the training has ended"
        waited = _out_of_patience(run, curves, number(patience))
        early = waited or run.planned_epochs
        if waited or ended:
            status = Status.STOPPED_EARLY if early else Status.FINISHED
            run = replace(run, status=status, status_because=waited or ended)
    if not folder.has(BEST) or not curves or not curves[0][1].any():
        return run
    fittest = [float(x[y == y.max()][-1]) for x, y in curves]
    because = f"epoch {fittest[0]:g} was the fittest that was logged, and best.pt is saved by that"
    sure = 0.7 if len(set(fittest)) == 1 else 0.5
    best = BestCheckpoint(BEST, int(fittest[0]), "log", sure, because)
    return replace(run, best_checkpoint=best)


def _fitness(run: Run, weights: Weights) -> tuple[FloatArray, FloatArray]:
    """(epochs (n,), fitness (n,)) where the heaviest of the metrics was logged; NaN counts as 0.

    Of each metric the outputs (boxes, masks, key points) are summed.
    """
    curve = run.get(max(weights, key=lambda name: weights[name]))
    if curve is None:
        return np.empty(0), np.empty(0)
    y = np.zeros(len(curve))
    for name, weight in weights.items():
        for output in _OUTPUTS.values():
            part = run.get(name + output)
            if part is not None:
                y += weight * np.interp(curve.x, part.x, np.nan_to_num(part.y))
    return curve.x, y


def _out_of_patience(
    run: Run, curves: Sequence[tuple[FloatArray, FloatArray]], patience: float | None
) -> str:
    """The sentence that the patience ended the training; "" where it did not.

    Of epochs that are equally fit, versions wait since the first or since the last.
    """
    last = run.epochs_done
    for x, y in curves if patience else ():
        fittest = x[y >= y.max() - _CLOSE] if y.any() else x[:0]
        waited = last - fittest
        if patience in waited or (len(waited) and waited[-1] >= (patience or 0.0)):
            best = fittest[waited == patience][-1] if patience in waited else fittest[-1]
            return (
                f"no epoch was fitter than epoch {best:g} for {last - best:g} epochs; the "
                f"patience is {patience:g}"
            )
    return ""
