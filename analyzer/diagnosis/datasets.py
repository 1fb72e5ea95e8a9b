"""The data sets of examples: written, changed as the example says, and examined like any other."""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from analyzer.data import DataSet
from analyzer.diagnosis.example import DatasetExample
from analyzer.formats.icdar_folder import MAX_TEXT_BYTES

_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")


def examined(example: DatasetExample) -> DataSet:
    """What the dataset doctor finds in the data set of an example."""
    return _examined(example.model_dump_json())


@lru_cache(maxsize=256)
def _examined(example: str) -> DataSet:
    from analyzer.dataset.examine import examine
    from analyzer.dataset.records import Options

    with tempfile.TemporaryDirectory(prefix="trainlint-example-") as folder:
        root = Path(folder) / "set"
        write_example(root, DatasetExample.model_validate_json(example))
        return examine(root, Options(processes=1)).data


def write_example(root: Path, example: DatasetExample) -> None:
    """Write the data set of an example into a new folder."""
    from analyzer.dataset.sample import write_sample

    write_sample(root, train=example.train, test=example.test)
    for name, content in example.files.items():
        path = root / name
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _fill(root, path, content, "latin-1" if name in example.latin else "utf-8")
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name in example.unreadable:
        with (root / name).open("r+b") as file:
            file.truncate(MAX_TEXT_BYTES + 1)  # a hole in the file: it takes no room on the disk
    for old, new in example.rename.items():
        (root / old).rename(root / new)


def _fill(root: Path, path: Path, content: str, encoding: str) -> None:
    from PIL import Image

    word, _, rest = content.rpartition(" ")
    if size := _SIZE.fullmatch(content):
        import numpy as np

        from analyzer.dataset.sample import write_picture

        chance = np.random.default_rng(list(path.name.encode()))
        write_picture(path, (int(size[1]), int(size[2])), chance)
    elif word == "copy of":
        shutil.copyfile(root / rest, path)
    elif word == "resaved":
        Image.open(root / rest).save(path, quality=60)
    elif word == "orientation":
        exif = Image.Exif()
        exif[0x0112] = int(rest)
        Image.open(path).save(path, exif=exif)
    elif content == "first half":
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    else:
        path.write_bytes(content.encode(encoding))
