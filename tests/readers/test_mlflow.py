"""MLflow runs: the folders of the file store, and SQLite databases of any origin."""

from __future__ import annotations

import random
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ondisk import claims, folder_of, read_one

from analyzer.errors import NoRunFound
from analyzer.readers import mlflow, read
from analyzer.reading import sqlite
from analyzer.run import Run, Status

ID = "0123456789abcdef0123456789abcdef"
META = "run_id: {id}\nrun_name: {name}\nstart_time: 1700000000000\nstatus: {status}\n"
SCHEMA = """
CREATE TABLE experiments (experiment_id INTEGER, name TEXT);
CREATE TABLE runs (run_uuid TEXT, name TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
    lifecycle_stage TEXT, experiment_id INTEGER);
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT,
    is_nan BOOLEAN);
"""


def a_folder(tmp_path: Path, status: object = 3) -> Path:
    path = tmp_path / f"mlruns/1/{ID}"
    path.mkdir(parents=True)
    (tmp_path / "mlruns/1/meta.yaml").write_text("experiment_id: '1'\nname: ocr\n")
    (path / "meta.yaml").write_text(META.format(id=ID, name="sunny", status=status))
    for key, value in (("lr", "0.1"), ("epochs", "5"), ("opt", "adam"), ("model/depth", "18")):
        put(path, f"params/{key}", value)
    return path


def put(path: Path, name: str, text: str) -> None:
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).write_text(text)


def lines(*values: object, end: str = "") -> str:
    return "".join(
        f"{1_700_000_000_000 + 60_000 * n} {v} {n}{end}\n" for n, v in enumerate(values)
    )


def ys(run: Run, name: str) -> list[float]:
    return [round(float(y), 3) for y in run.series[name].y]


def test_a_run_of_the_file_store(tmp_path: Path) -> None:
    path = a_folder(tmp_path)
    put(path, "metrics/train/loss", lines(3, 2, 1))
    put(path, "metrics/val_acc", lines(0.1, 0.2, 0.3))
    put(path, "artifacts/model.pth", "")
    run = read_one(tmp_path)
    assert run.name == "mlruns/1/sunny-012345"
    assert ys(run, "train_loss") == [3, 2, 1], "a slash in a name is a folder"
    assert run.series["train_loss"].x.tolist() == [1, 2, 3]
    assert run.main_metric == "val_accuracy"
    assert run.config.values == {
        "optimizer.lr": 0.1,
        "train.epochs": 5,
        "optimizer.type": "adam",
        "model/depth": 18,
    }
    assert run.config.spelled("optimizer.type") == "opt"
    assert run.planned_epochs == 5
    assert run.status is Status.FINISHED
    assert [c.file for c in run.checkpoints] == ["artifacts/model.pth"]


@pytest.mark.parametrize(
    ("text", "y"),
    [
        (lines("nan", "inf", "-inf"), [np.nan, np.inf, -np.inf]),
        (lines(3, 2, 1, end=f" {ID}"), [3, 2, 1]),
        (lines(3, 2, 1, end=" data 0a1b"), [3, 2, 1]),
        (lines(3, 2, 1) + "1700000300000 0.5", [3, 2, 1]),
        (lines(3, "broken", 1) + "\n\n???\n", [3, 1]),
        ("1700000000000 3\n1700000060000 2\n1700000120000 1\n", [3, 2, 1]),
    ],
    ids=["no numbers", "model", "data set", "cut off", "damaged", "without a step"],
)
def test_lines_of_all_versions(tmp_path: Path, text: str, y: list[float]) -> None:
    put(a_folder(tmp_path), "metrics/val_loss", text)
    assert np.array_equal(read_one(tmp_path).series["val_loss"].y, y, equal_nan=True)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((3, Status.FINISHED), (4, Status.FAILED), (5, Status.KILLED), ("FAILED", Status.FAILED)),
        (1, Status.UNKNOWN),
    ],
)
def test_the_status(tmp_path: Path, status: object, expected: Status) -> None:
    path = a_folder(tmp_path, status)
    put(path, "metrics/loss", lines(1, 2))
    assert read_one(tmp_path).status is expected


def test_a_resume_shows_in_all_metrics_once(tmp_path: Path) -> None:
    path = a_folder(tmp_path)
    more = "1700009000000 2.5 2\n1700009060000 1.5 3\n"
    put(path, "metrics/val_loss", lines(5, 4, 3, 2) + more)
    put(path, "metrics/train_loss", lines(5, 4, 3, 2) + more)
    run = read_one(tmp_path)
    assert ys(run, "val_loss") == [5, 4, 2.5, 1.5]
    assert run.series["train_loss"].segment.tolist() == [0, 0, 1, 1]
    assert [event.kind for event in run.events] == ["resumed"]


def test_what_is_no_run(tmp_path: Path) -> None:
    path = a_folder(tmp_path)
    assert not claims(mlflow, path.parent), "an experiment"
    (path / "meta.yaml").write_text("model_id: m-1\n")
    assert not claims(mlflow, path), "a logged model"
    deleted = META.format(id=ID, name="x", status=3) + "lifecycle_stage: deleted\n"
    (path / "meta.yaml").write_text(deleted)
    assert not claims(mlflow, path)


def a_database(path: Path, runs: int = 2) -> Path:
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        for n in range(runs):
            run = f"{n:032x}"
            row = (run, f"try-{n}", "FINISHED", 1_700_000_000_000 + n, 1_700_000_900_000, "active")
            database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, 1)", row)
            database.execute("INSERT INTO params VALUES ('learning_rate', '0.01', ?)", (run,))
            rows = [
                *(("val_loss", 3 - e + n, 1_700_000_000_000 + e, run, e, 0) for e in range(3)),
                ("odd", 0, 1, run, 0, 1),
                ("odd", -1.7976931348623157e308, 2, run, 1, 0),
            ]
            database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        row = ("f" * 32, "gone", "FINISHED", 1, 2, "deleted")
        database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, 1)", row)
    database.close()
    return path


def test_each_run_of_a_database(tmp_path: Path) -> None:
    a_database(tmp_path / "mlflow.db")
    runs = read(tmp_path)
    assert [run.name for run in runs] == ["mlflow.db/try-0-000000", "mlflow.db/try-1-000000"]
    assert [ys(run, "val_loss") for run in runs] == [[3, 2, 1], [4, 3, 2]]
    odd = runs[0].series["odd"].y
    assert np.isnan(odd[0])
    assert odd[1] == -np.inf
    assert runs[0].config.spelled("optimizer.lr") == "learning_rate"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mlflow.db"], "nothing is written"
    assert len(read(tmp_path / "mlflow.db")) == 2


def test_a_database_in_an_archive(tmp_path: Path) -> None:
    database = a_database(tmp_path / "mlflow.db")
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.write(database, "x/mlflow.db")
    assert [ys(run, "val_loss") for run in read(tmp_path / "a.zip")] == [[3, 2, 1], [4, 3, 2]]


def test_a_database_of_others_is_no_run(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("CREATE TABLE runs (x)")
    database.close()
    (tmp_path / "b.db").write_bytes(b"SQLite format 3\0" + bytes(200))
    (tmp_path / "c.db").write_bytes(b"epoch,loss")
    with pytest.raises(NoRunFound):
        read(tmp_path)


def test_views_and_endless_queries_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.executescript(SCHEMA.replace("CREATE TABLE runs", "CREATE TABLE other"))
        database.execute(
            "CREATE VIEW runs AS WITH RECURSIVE t(run_uuid) AS (SELECT 1 UNION ALL SELECT"
            " run_uuid + 1 FROM t) SELECT run_uuid, 'active' AS lifecycle_stage, 1 AS start_time"
            " FROM t"
        )
    database.close()
    assert not claims(mlflow, tmp_path)
    monkeypatch.setattr(sqlite, "MAX_SECONDS", 0.2)
    notes: list[object] = []
    with sqlite.open_database(folder_of(tmp_path), "a.db", notes) as reading:  # type: ignore[arg-type]
        assert reading is not None
        reading.rows("SELECT count(*) FROM runs")
        reading.rows("ATTACH 'x' AS y")
        reading.rows("PRAGMA query_only = OFF")
    assert len(notes) == 3  # the endless query was ended


def test_an_odd_id_is_left_out(tmp_path: Path) -> None:
    a_database(tmp_path / "mlflow.db", 1)
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("UPDATE runs SET run_uuid = '../../etc'")
    database.close()
    assert not claims(mlflow, tmp_path)


def test_damage_anywhere_never_raises(tmp_path: Path) -> None:
    source = a_database(tmp_path / "a.db").read_bytes()
    path = a_folder(tmp_path)
    dice = random.Random(4)
    for _ in range(100):
        data = bytearray(source[: dice.randrange(100, len(source) + 1)])
        for _ in range(dice.randrange(30)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        (tmp_path / "a.db").write_bytes(data)
        noise = bytes(dice.randrange(256) for _ in range(80))
        put(path, "metrics/loss", lines(3, 2, 1))
        for name in ("metrics/loss", "params/lr", "meta.yaml"):
            text = (path / name).read_bytes() if name != "meta.yaml" else b"run_id: x\n"
            (path / name).write_bytes(text[: dice.randrange(len(text))] + noise)
        for folder in (folder_of(tmp_path), folder_of(path)):
            for claim in mlflow.claims(folder):
                mlflow.read(folder, claim)
