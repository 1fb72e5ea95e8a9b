"""What tests of the trainer share: one thread, settings from a text, a run without a training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from detector import words_image, write_run, write_split

from trainer.config import Config
from trainer.configfile import load_config, parse_set
from trainer.inference.loaded import Loaded


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums come out the same, and threads do not wait for cores that others keep busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _weights_are_not_kept(request: pytest.FixtureRequest) -> Iterator[None]:
    """A training leaves hundreds of megabytes; those of all tests together would fill a disk."""
    yield
    places = {"tmp_path", "home"} & request.node.funcargs.keys()
    for place in places:
        for file in request.node.funcargs[place].rglob("*.pth"):
            file.unlink()


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Config]:
    """From the text of a config, and what --set would say, to settings."""

    def load(text: str, *sets: str) -> Config:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path, [parse_set(item) for item in sets])

    return load


@pytest.fixture(scope="module")
def trained_place(tmp_path_factory):
    """A working folder with ``data`` and a run in ``run``; tests only look at it."""
    folder = tmp_path_factory.mktemp("trained")
    write_split(folder / "data", "train", [words_image(230)] * 3)
    write_split(folder / "data", "test", [words_image(230), words_image(230, count=2)])
    write_run(folder / "run")
    return folder


@pytest.fixture
def trained(trained_place, monkeypatch):
    """The run, seen from its working folder."""
    monkeypatch.chdir(trained_place)
    return "run"


@pytest.fixture
def bright_is_text(monkeypatch):
    """Let the detector take the brightness of a pixel for the probability of text."""
    monkeypatch.setattr(
        Loaded, "maps", lambda self, images: images.mean(-1, dtype=np.float32) / 255
    )
