import json

import cv2
import numpy as np
import pytest
from detector import HEIGHT, WIDTH, WORDS, words_image

from trainer.inference.overlay import draw
from trainer.inference.prediction import image_files
from trainer.predict import main


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, image in {"a.jpg": words_image(230), "b.PNG": words_image(110)}.items():
        (folder / name).write_bytes(cv2.imencode(name[-4:].lower(), image)[1].tobytes())
    (folder / "notes.txt").write_text("no image")
    (folder / "deeper").mkdir()
    (folder / "deeper/c.png").write_bytes((folder / "b.PNG").read_bytes())
    return folder


def predicted(out):
    return json.loads((out / "predictions.json").read_text())


@pytest.mark.usefixtures("bright_is_text")
def test_a_folder_gives_boxes_and_drawings(trained, photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([trained, str(photos), "--out", str(out)]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{photos / 'a.jpg'}: 4 boxes, scores 0.9")
    assert "b.PNG: nothing found: the highest probability of text is 0.43; try" in second
    assert second.endswith("--threshold 0.4")
    assert last.startswith("4 boxes in 2 images; ")
    found = predicted(out)
    assert (found["version"], found["epoch"], found["size"], found["failed"]) == (1, 3, 96, [])
    assert found["thresholds"] == {"threshold": 0.3, "box_threshold": 0.5}
    image = found["images"][0]
    assert (image["width"], image["height"], image["note"]) == (96, 96, None)
    corners = sorted(tuple(box["points"][0]) for box in image["boxes"])
    for corner, word in zip(corners, sorted(WORDS), strict=True):
        assert corner == pytest.approx(word, abs=3)
    scores = [box["score"] for box in image["boxes"]]
    assert scores == sorted(scores, reverse=True)
    drawn = cv2.imread(image["overlay"])
    assert max(drawn.shape) >= 640
    assert found["images"][1]["boxes"] == []


@pytest.mark.usefixtures("bright_is_text")
def test_a_lower_threshold_finds_the_unsure_ones(trained, photos, tmp_path, capsys):
    arguments = [trained, str(photos / "b.PNG"), "--out", str(tmp_path), "--format", "json"]
    assert main([*arguments, "--threshold", "0.2", "--no-overlay"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == predicted(tmp_path)
    assert found["thresholds"] == {"threshold": 0.2, "box_threshold": 0.2}
    assert len(found["images"][0]["boxes"]) == 4
    assert found["images"][0]["overlay"] is None
    assert not list(tmp_path.glob("*_boxes.png"))


@pytest.mark.usefixtures("bright_is_text")
def test_boxes_are_in_pixels_of_the_image_at_any_size(trained, tmp_path):
    large = cv2.resize(words_image(230), (960, 960), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(tmp_path / "large.png"), large)
    for size in ("96", "480"):
        assert main([trained, str(tmp_path / "large.png"), "--size", size,
                     "--out", str(tmp_path)]) == 0  # fmt: skip
        boxes = predicted(tmp_path)["images"][0]["boxes"]
        spans = sorted(np.ptp(box["points"], axis=0).tolist() for box in boxes)
        assert spans[0] == pytest.approx([10 * WIDTH, 10 * HEIGHT], rel=0.25)


@pytest.mark.usefixtures("bright_is_text")
def test_a_broken_image_is_told_and_the_others_are_done(trained, photos, tmp_path, capsys):
    (photos / "0.jpg").write_bytes(b"%PDF-1.7")
    assert main([trained, str(photos), "--out", str(tmp_path / "out")]) == 1
    captured = capsys.readouterr()
    assert "0.jpg: the file is a PDF document, not an image" in captured.err
    assert "4 boxes in 2 images" in captured.out
    found = predicted(tmp_path / "out")
    assert [one["file"].endswith("0.jpg") for one in found["failed"]] == [True]
    assert len(found["images"]) == 2


@pytest.mark.usefixtures("bright_is_text")
@pytest.mark.parametrize(
    ("brightness", "threshold", "note"),
    [
        (6, "0.5", "so no threshold helps; ask whether the model knows its training images"),
        (60, "0.5", "try --threshold 0.2"),
        (250, "0.97", "nothing found: the highest probability of text is 0.98, but no region"),
    ],
)
def test_nothing_found_says_why(trained, tmp_path, brightness, threshold, note):
    image = words_image(brightness)
    image[30:36, 45:51] = min(255, brightness)
    if threshold == "0.97":
        image[:] = 5
        image[30:32, 45:47] = brightness
    cv2.imwrite(str(tmp_path / "x.png"), image)
    assert main([trained, str(tmp_path / "x.png"), "--threshold", threshold,
                 "--out", str(tmp_path)]) == 0  # fmt: skip
    assert note in predicted(tmp_path)["images"][0]["note"]


@pytest.mark.usefixtures("bright_is_text")
def test_images_of_one_name_are_drawn_beside_each_other(trained, photos, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.jpg").write_bytes((photos / "a.jpg").read_bytes())
    arguments = [trained, str(photos / "a.jpg"), str(other / "a.jpg")]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert names == {"a_boxes.png", "a_2_boxes.png"}
    (other / "A.png").write_bytes((photos / "b.PNG").read_bytes())
    arguments = [trained, str(photos / "a.jpg"), str(other / "A.png")]
    assert main([*arguments, "--out", str(tmp_path / "cases")]) == 0
    names = {path.name for path in (tmp_path / "cases").glob("*.png")}
    assert names == {"a_boxes.png", "A_2_boxes.png"}, "file names may ignore case"


def test_which_files_are_meant(photos, monkeypatch):
    names = [path.name for path in image_files([str(photos)])]
    assert names == ["a.jpg", "b.PNG"], "no text, no folder in it, upper case too"
    assert [p.name for p in image_files([str(photos / "**/*.png")])] == ["c.png"]
    twice = image_files([str(photos / "a.jpg"), str(photos)])
    assert [path.name for path in twice] == ["a.jpg", "b.PNG"]
    (photos / "[1].png").write_bytes(b"")
    assert [p.name for p in image_files([str(photos / "[1].png")])] == ["[1].png"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "Missing argument"),
        (["run", "nowhere.jpg"], "there is no nowhere.jpg; name an image"),
        (["run", "run"], "the folder run holds no image"),
        (["run", "*.gif"], "no file matches the pattern '*.gif'"),
        (["nowhere", "data/test_images"], "there is no nowhere"),
        (["run", "data/test_images", "--size", "100"], "must be a multiple of 32, such as 96"),
        (["run", "data/test_images", "--threshold", "-1"], "not in the range"),
        (["run", "data/test_images", "--out", "data/test_list.txt/x"], "cannot write into"),
    ],
)
def test_what_cannot_be_done_is_said(trained, capsys, arguments, sentence):
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_boxes_are_drawn_where_they_are_and_the_image_stays():
    image = np.zeros((700, 700, 3), np.uint8)
    quads = np.array([[[100, 100], [300, 100], [300, 200], [100, 200]]], float)
    drawn = draw(image, quads, np.array([0.9]))
    assert not image.any()
    assert drawn.shape == image.shape
    assert drawn[150, 100].any(), "on the outline"
    assert not drawn[150, 200].any(), "inside"
    assert not drawn[400:].any(), "outside"
    assert not draw(image, np.zeros((0, 4, 2)), np.zeros(0)).any()
