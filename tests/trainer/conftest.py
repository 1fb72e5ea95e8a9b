"""A run folder and images for the commands that use a trained detector, without a training."""

import numpy as np
import pytest
from detector import words_image, write_run, write_split

from trainer.inference.loaded import Loaded


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
