import hashlib
import json
import stat
import sys
import threading

import cv2
import numpy as np
import pytest

from analyzer.errors import UsageError
from analyzer.formats.icdar_folder import read_split
from trainer.synth import main, render_dataset
from trainer.synth_words import random_text, scene


def digest(folder):
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    out = tmp_path_factory.mktemp("synth") / "set"
    return out, render_dataset(out, train=6, test=3, size=96, seed=3)


@pytest.fixture(scope="module")
def scenes():
    return [scene(320, np.random.default_rng((9, i))) for i in range(12)]


def test_the_folder_has_the_layout_and_no_faults(rendered):
    out, summary = rendered
    train, test = read_split(out, "train"), read_split(out, "test")
    assert (len(train), len(test), summary.images) == (6, 3, 9)
    assert not [fault for sample in train + test for fault in sample.faults]
    labels = [label for sample in train + test for label in sample.labels]
    assert summary.words == len(labels) > 9
    assert summary.ignored == sum(label.ignored for label in labels)
    assert cv2.imread(str(train[0].image)).shape == (96, 96, 3)
    assert stat.S_IMODE(out.stat().st_mode) == 0o755


def test_the_same_parameters_give_the_same_bytes(rendered, tmp_path):
    out, summary = rendered
    assert render_dataset(tmp_path / "again", train=6, test=3, size=96, seed=3) == summary
    assert digest(tmp_path / "again") == digest(out)


def test_a_larger_set_begins_with_the_smaller_one(rendered, tmp_path):
    render_dataset(tmp_path / "more", train=8, test=1, size=96, seed=3)
    more, few = digest(tmp_path / "more"), digest(rendered[0])
    for number in range(1, 7):
        name = f"train_images/{number}.jpg"
        assert more[name] == few[name]


def test_no_two_images_are_alike(rendered, tmp_path):
    render_dataset(tmp_path / "other", train=6, test=3, size=96, seed=4)
    images = [
        value
        for folder in (rendered[0], tmp_path / "other")
        for name, value in digest(folder).items()
        if name.endswith(".jpg")
    ]
    assert len(set(images)) == 18


def test_a_set_that_is_there_is_not_rendered_again(rendered):
    out, summary = rendered
    before = (out / "train_list.txt").stat().st_mtime_ns
    assert render_dataset(out, train=6, test=3, size=96, seed=3) == summary
    assert (out / "train_list.txt").stat().st_mtime_ns == before


def test_another_set_is_not_overwritten(rendered):
    before = digest(rendered[0])
    with pytest.raises(UsageError, match=r"another rendered set \(train 6, seed 3\)"):
        render_dataset(rendered[0], train=5, test=3, size=96, seed=0)
    assert digest(rendered[0]) == before


@pytest.mark.parametrize("mark", [None, "{", "[]", '{"parameters": 3}', "null"])
def test_a_foreign_folder_is_left_alone(tmp_path, mark):
    (tmp_path / "thesis.txt").write_text("mine")
    if mark is not None:
        (tmp_path / "synth.json").write_text(mark)
    with pytest.raises(UsageError, match="not a set of this renderer; give a new folder"):
        render_dataset(tmp_path, train=1, test=0, size=64)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_an_empty_folder_is_filled_and_nothing_is_left_beside_it(tmp_path):
    (tmp_path / "set").mkdir()
    render_dataset(tmp_path / "set", train=1, test=0, size=64)
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]
    assert (tmp_path / "set/test_list.txt").read_text() == ""


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "set").write_text("")
    with pytest.raises(UsageError, match="set exists and is not a set"):
        render_dataset(tmp_path / "set", train=1, test=0, size=64)
    with pytest.raises(UsageError, match="cannot be written"):
        render_dataset(tmp_path / "set/below", train=1, test=0, size=64)


def test_two_at_once_end_with_one_set(tmp_path):
    results = []

    def render():
        results.append(render_dataset(tmp_path / "set", train=3, test=1, size=64))

    threads = [threading.Thread(target=render) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("parameters", [{"train": 0}, {"test": -1}, {"size": 5000}, {"seed": -1}])
def test_parameters_out_of_range_are_refused(tmp_path, parameters):
    with pytest.raises(UsageError, match=r"it must lie in \d+ to \d+"):
        render_dataset(tmp_path / "set", **{"train": 1, "test": 1, "size": 64, **parameters})


def test_boxes_hold_the_ink_tightly(scenes):
    for made in scenes:
        inside = np.zeros(made.ink.shape, np.uint8)
        for word in made.words:
            corners = word.quad.astype(np.int32)
            cv2.fillConvexPoly(inside, corners, 1)
            cv2.polylines(inside, [corners], isClosed=True, color=1, thickness=3)
        ink = made.ink > 128
        assert not (ink & (inside == 0)).any()


def test_every_side_of_a_box_touches_ink(scenes):
    for made in scenes:
        for word in made.words:
            right, down = word.quad[1] - word.quad[0], word.quad[3] - word.quad[0]
            width, height = np.linalg.norm(right), np.linalg.norm(down)
            if min(width, height) < 12:
                continue
            places = np.argwhere(made.ink > 40)[:, ::-1] - word.quad[0]
            along, across = places @ right / width, places @ down / height
            own = (along > -2) & (along < width + 2) & (across > -2) & (across < height + 2)
            assert along[own].min() < 2.5
            assert along[own].max() > width - 2.5
            assert across[own].min() < 2.5
            assert across[own].max() > height - 2.5


def test_boxes_lie_inside_and_apart_and_run_clockwise(scenes):
    for made in scenes:
        count = np.zeros(made.ink.shape, np.uint8)
        for word in made.words:
            assert word.quad.min() >= 0
            assert word.quad.max() <= 319
            x, y = word.quad.T
            assert (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0
            top = word.quad[1] - word.quad[0]
            assert np.degrees(np.arctan2(top[1], top[0])) == pytest.approx(word.angle, abs=12)
            one = np.zeros_like(count)
            count += cv2.fillConvexPoly(one, word.quad.astype(np.int32), 1)
        assert count.max() <= 1


@pytest.mark.parametrize("size", [64, 128, 192, 700])
def test_words_of_small_images_stay_legible(size):
    made = [scene(size, np.random.default_rng((2, i))) for i in range(30)]
    heights = [word.height for one in made for word in one.words if not word.ignored]
    assert len(heights) >= 30
    assert 11 < np.median(heights) / max(1, size / 320) < 24


def test_the_set_is_neither_trivial_nor_absurd():
    made = [scene(320, np.random.default_rng((1, i))) for i in range(60)]
    words = [word for one in made for word in one.words]
    assert 3 < len(words) / len(made) < 9
    assert 0.04 < sum(word.ignored for word in words) / len(words) < 0.2
    readable = [word for word in words if not word.ignored]
    heights = np.percentile([word.height for word in readable], [5, 95])
    contrasts = np.percentile([word.contrast for word in readable], [5, 95])
    assert 7 <= heights[0] < 12
    assert heights[1] > 28
    assert 25 < contrasts[0] < 60
    assert contrasts[1] > 140
    assert max(abs(word.angle) for word in readable) > 30
    assert np.median([abs(word.angle) for word in readable]) < 10


def test_texts_are_of_several_kinds():
    rng = np.random.default_rng(0)
    texts = [random_text(rng) for _ in range(200)]
    assert any(text.isdigit() for text in texts)
    assert any(text.isupper() for text in texts)
    assert any("." in text for text in texts)
    assert all(text.isascii() and not text.isspace() for text in texts)


def test_the_command_says_how_hard_the_set_is(tmp_path, capsys):
    out = tmp_path / "set"
    assert main([str(out), "--train", "2", "--test", "1", "--size", "96"]) == 0
    printed = capsys.readouterr()
    assert "3 images," in printed.out
    assert "box height, px" in printed.out
    assert "Rendering train" in printed.err
    assert json.loads((out / "synth.json").read_text())["parameters"]["train"] == 2


def test_the_command_ends_with_a_sentence(tmp_path, capsys):
    assert main([str(tmp_path), "--train", "0"]) == 2
    assert capsys.readouterr().err.startswith("Error: train is 0; it must lie in 1 to")
    assert main(["--nonsense"]) == 2
    assert main(["--help"]) == 0
    assert "Layout (ICDAR2015)" in capsys.readouterr().out


def test_without_opencv_the_extra_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main([str(tmp_path / "set"), "--train", "1"]) == 2
    assert "pip install 'trainlint[train]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
