"""The dataset doctor's JSON as published, and its page."""

from __future__ import annotations

import json
from pathlib import Path

import handmade
import pytest
from pagetext import page_text
from pydantic import TypeAdapter, ValidationError

from analyzer.dataset.examine import examine
from analyzer.dataset.records import Options
from analyzer.dataset.repair import Change
from analyzer.dataset.sample import write_sample
from analyzer.diagnosis import diagnose
from analyzer.render.dataset import DatasetReport, dataset_to_json
from analyzer.render.dataset_files import dataset_html, dataset_markdown, write_dataset_html
from analyzer.render.datasetschema import DatasetReportJson
from analyzer.render.report import RunReport
from analyzer.run import Run

CHANGES = (Change("train_gts/2.txt", "full-width commas"),)


@pytest.fixture
def faulty(tmp_path: Path) -> DatasetReport:
    root = tmp_path / "set"
    write_sample(root, train=6, test=3)
    with (root / "train_gts/2.txt").open("a", encoding="utf-8") as file:
        file.write("10,10,60,10，60,30,10,30,open\n150,10,190,10,190,30,150,30,café\n")
    examined = examine(root, Options(input_size=320, processes=1))
    run = Run("set", Path("my/set"), "dataset", data=examined.data)
    item = RunReport(run, diagnose(run))
    return DatasetReport(
        item, examined.numbers, handmade.CREATED, "0.1.0", changes=CHANGES, copy="my/copy"
    )


def test_the_json_is_as_published(faulty: DatasetReport, gold) -> None:
    made = dataset_to_json(faulty)
    text = json.dumps(made, allow_nan=False, ensure_ascii=False, indent=1)
    gold("dataset.json", text)
    published = TypeAdapter(DatasetReportJson)
    read = published.validate_json(text, strict=True)
    assert read == json.loads(text), "no key that is not documented"
    read["datasets"][0]["numbers"]["looked_at"] = "nine"  # type: ignore[typeddict-item]
    with pytest.raises(ValidationError):
        published.validate_python(read, strict=True)


def test_the_text_and_the_page_say_the_same(faulty: DatasetReport, gold) -> None:
    pytest.importorskip("bokeh")
    gold("dataset.md", dataset_markdown(faulty))
    gold("dataset.page.txt", page_text(dataset_html(faulty)))


def test_the_bars_of_the_page_are_as_long_as_the_counts(
    faulty: DatasetReport, tmp_path: Path
) -> None:
    page = write_dataset_html(faulty, tmp_path / "dataset.html").read_text(encoding="utf-8")
    for _, rows in faulty.bars:
        for column in (1, 2):
            counts = [int(row[column]) for row in rows]
            for count in counts:
                width = round(100 * count / max(counts), 1)
                assert f'>{count}</span><svg class="bar"' in page
                assert f'<rect width="{width}"' in page
    assert 'style="' not in page
