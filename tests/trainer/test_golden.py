import json
import shutil

import cv2
import numpy as np
import pytest
from detector import label_lines, words_image, write_run, write_split

from trainer.golden import main
from trainer.inference.loaded import Loaded

pytestmark = pytest.mark.usefixtures("bright_is_text", "trained")


def golden_set(folder, *images, labels=True):
    folder.mkdir()
    for number, image in enumerate(images, start=1):
        cv2.imwrite(str(folder / f"{number}.png"), image)
        if labels:
            (folder / f"{number}.txt").write_text(label_lines())
    return str(folder)


def checked(capsys, *arguments):
    code = main([*arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_all_pass_so_the_chain_is_fine(tmp_path, capsys):
    folder = golden_set(tmp_path / "g", words_image(230), words_image(110), words_image(200))
    assert main(["run", folder]) == 0
    out = capsys.readouterr().out
    assert out.startswith("chain fine: All 3 images give their boxes")
    assert "it is the data or the settings" in out
    assert out.count("  pass  F1 1.000, 4 of 4 boxes found, 4 in all") == 3


def test_one_fails_so_it_is_weak_on_that_kind(tmp_path, capsys):
    folder = golden_set(tmp_path / "g", words_image(230), words_image(20), words_image(200))
    code, found = checked(capsys, "run", folder)
    assert code == 1
    assert found["verdict"]["kind"] == "weak on some"
    assert "add images like 2.png to the training set" in found["verdict"]["next"]
    assert [one["passed"] for one in found["images"]] == [True, False, True]
    assert (found["version"], found["threshold"], found["repeats"]) == (1, 0.1, None)


def test_all_fail_so_the_chain_is_broken(tmp_path, capsys):
    code, found = checked(capsys, "run", golden_set(tmp_path / "g", *[words_image(20)] * 3))
    assert code == 1
    assert found["verdict"]["kind"] == "chain broken"
    assert "restart, and reinstall" in found["verdict"]["next"]


def test_weights_that_never_found_anything_say_nothing_of_the_environment(tmp_path, capsys):
    run = write_run(tmp_path / "poor", metrics={"val_f1": 0.02})
    code, found = checked(capsys, str(run), golden_set(tmp_path / "g", words_image(20)))
    assert code == 1
    assert found["verdict"]["kind"] == "not trained enough"
    assert "reached an F1 of 0.020 only" in found["verdict"]["says"]


def test_an_image_that_cannot_be_read_has_failed(tmp_path, capsys):
    folder = golden_set(tmp_path / "g", words_image(230), words_image(230))
    (tmp_path / "g/1.png").write_bytes(b"no image")
    code, found = checked(capsys, "run", folder)
    assert code == 1
    assert "not a readable image" in found["images"][0]["error"]
    verdict = found["verdict"]
    assert verdict["kind"] == "images unreadable"
    assert verdict["says"].startswith("1 of the 2 images cannot be read: 1.png. Of the others: ")
    assert "chain fine" in verdict["says"], "the others are judged as usual"
    assert verdict["next"].startswith("replace 1.png; then ")
    cv2.imwrite(str(tmp_path / "g/2.png"), words_image(20))
    assert "Of the others: chain broken." in checked(capsys, "run", folder)[1]["verdict"]["says"]
    (tmp_path / "g/2.png").write_bytes(b"")
    code, found = checked(capsys, "run", folder)
    assert code == 1
    assert found["verdict"]["says"] == "2 of the 2 images cannot be read: 1.png, 2.png."
    assert found["verdict"]["next"] == "replace 1.png, 2.png"


def recorded_set(folder, capsys, count=3):
    golden = golden_set(folder, *[words_image(230)] * count, labels=False)
    assert main(["run", golden, "--record"]) == 0
    capsys.readouterr()
    return golden


def test_an_image_that_was_damaged_since_the_record_is_no_change_of_environment(tmp_path, capsys):
    folder = recorded_set(tmp_path / "g", capsys)
    (tmp_path / "g/2.png").write_bytes(b"hi")
    code, found = checked(capsys, "run", folder)
    assert (code, found["repeats"], found["set_changed"]) == (1, None, False)
    assert found["verdict"]["kind"] == "images unreadable"
    assert "2.png" in found["verdict"]["says"]
    assert "All 2 images give their boxes" in found["verdict"]["says"]


def test_an_image_that_was_replaced_since_the_record_is_no_change_of_environment(tmp_path, capsys):
    folder = recorded_set(tmp_path / "g", capsys)
    cv2.imwrite(str(tmp_path / "g/3.png"), words_image(20))
    code, found = checked(capsys, "run", folder)
    assert (code, found["repeats"], found["set_changed"]) == (1, None, True)
    assert found["verdict"]["kind"] == "set changed"
    assert "no longer those that were recorded" in found["verdict"]["says"]
    assert "record the set again" in found["verdict"]["next"]
    cv2.imwrite(str(tmp_path / "g/3.png"), words_image(231))
    code, found = checked(capsys, "run", folder)
    assert (code, found["repeats"], found["set_changed"]) == (0, None, True)
    assert found["verdict"]["kind"] == "chain fine"
    assert found["verdict"]["says"].endswith("are no longer those that were recorded.")
    cv2.imwrite(str(tmp_path / "g/3.png"), words_image(20))
    (tmp_path / "g/golden.json").unlink()
    assert checked(capsys, "run", folder)[1]["verdict"]["kind"] == "weak on some"


def test_records_that_do_not_know_their_images_are_still_read(tmp_path, capsys):
    folder = recorded_set(tmp_path / "g", capsys)
    record = json.loads((tmp_path / "g/golden.json").read_text())
    assert sorted(record["images"]) == ["1.png", "2.png", "3.png"]
    for images in ([], {}, None):
        (tmp_path / "g/golden.json").write_text(json.dumps(record | {"images": images}))
        code, found = checked(capsys, "run", folder)
        assert (code, found["repeats"], found["set_changed"]) == (0, True, False)
    del record["images"]
    (tmp_path / "g/golden.json").write_text(json.dumps(record))
    assert checked(capsys, "run", folder)[1]["repeats"] is True


def test_a_threshold_that_the_recorded_weights_do_not_reach_breaks_no_chain(tmp_path, capsys):
    folder = recorded_set(tmp_path / "g", capsys)
    code, found = checked(capsys, "run", folder, "--threshold", "0.97")
    assert (code, found["repeats"]) == (1, True)
    assert found["verdict"]["kind"] == "threshold too high"
    assert "0 boxes instead of 12" in found["verdict"]["says"]
    assert "a lower --threshold" in found["verdict"]["next"]


def test_a_threshold_that_lets_in_false_boxes_breaks_no_chain(tmp_path, capsys):
    half_faint = words_image(110)
    half_faint[:30] = words_image(230)[:30]
    golden = golden_set(tmp_path / "g", half_faint, labels=False)
    assert main(["run", golden, "--record"]) == 0
    capsys.readouterr()
    code, found = checked(capsys, "run", golden, "--pass", "0.9")
    assert (code, found["repeats"]) == (1, True)
    assert found["verdict"]["kind"] == "threshold too low"
    assert "4 boxes instead of 2" in found["verdict"]["says"]


def test_what_an_image_must_reach_can_be_set(tmp_path, capsys):
    """Two of four words: precision 1, recall 1/2, so an F1 of 2/3."""
    folder = golden_set(tmp_path / "g", words_image(230, count=2))
    assert checked(capsys, "run", folder)[0] == 0
    assert checked(capsys, "run", folder, "--pass", "0.66")[0] == 0
    assert checked(capsys, "run", folder, "--pass", "0.67")[0] == 1
    assert checked(capsys, "run", folder, "--threshold", "0.97")[0] == 1


def test_an_icdar_folder_will_do(tmp_path, capsys):
    write_split(tmp_path / "g", "test", [words_image(230)] * 2)
    (tmp_path / "g/test_gts/2.txt").write_text("")
    cv2.imwrite(str(tmp_path / "g/test_images/2.png"), words_image(5))
    code, found = checked(capsys, "run", str(tmp_path / "g"))
    assert code == 0, "an image without words in which none is found passes"
    assert [one["f1"] for one in found["images"]] == [1, 1]


def test_a_record_says_what_the_detector_found(tmp_path, capsys):
    folder = golden_set(tmp_path / "g", words_image(230), words_image(210), labels=False)
    assert main(["run", folder, "--record"]) == 0
    assert capsys.readouterr().out.startswith("Recorded 8 boxes of 2 images")
    assert len((tmp_path / "g/1.txt").read_text().splitlines()) == 4
    code, found = checked(capsys, "run", folder)
    assert (code, found["repeats"], found["packages_changed"]) == (0, True, [])
    assert main(["run", folder, "--record"]) == 0, "a record may be made anew"


def test_weights_that_no_longer_give_what_was_recorded(tmp_path, capsys, monkeypatch):
    folder = golden_set(tmp_path / "g", *[words_image(230)] * 2, labels=False)
    assert main(["run", folder, "--record"]) == 0
    record = json.loads((tmp_path / "g/golden.json").read_text())
    record["packages"]["opencv"] = "3.4.1"
    (tmp_path / "g/golden.json").write_text(json.dumps(record))
    capsys.readouterr()
    monkeypatch.setattr(
        Loaded, "maps", lambda self, images: np.roll(images.mean(-1) / 255, 20, axis=2)
    )
    code, found = checked(capsys, "run", folder)
    assert (code, found["repeats"]) == (1, False)
    assert found["verdict"]["kind"] == "environment changed"
    assert "opencv 3.4.1 -> " in found["verdict"]["says"]

    other = {name: tensor + 1 for name, tensor in _weights("run").items()}
    run = write_run(tmp_path / "other", model=other)
    code, found = checked(capsys, str(run), folder)
    assert (code, found["repeats"]) == (1, None), "other weights need not repeat anything"
    assert found["verdict"]["kind"] == "chain broken"


def test_boxes_that_were_corrected_by_hand_need_not_be_repeated(tmp_path, capsys):
    folder = golden_set(tmp_path / "g", words_image(230), labels=False)
    assert main(["run", folder, "--record"]) == 0
    capsys.readouterr()
    with (tmp_path / "g/1.txt").open("a") as file:
        file.write("70,70,90,70,90,90,70,90,one that it does not see\n")
    code, found = checked(capsys, "run", folder)
    assert (code, found["repeats"]) == (0, None)


def _weights(run):
    import torch

    return torch.load(f"{run}/checkpoints/best.pth", weights_only=True)["model"]


def test_what_cannot_be_recorded_is_said(tmp_path, capsys):
    drawn = golden_set(tmp_path / "drawn", words_image(230))
    assert main(["run", drawn, "--record"]) == 2
    assert "boxes drawn by hand are better" in capsys.readouterr().err
    dark = golden_set(tmp_path / "dark", words_image(20), labels=False)
    assert main(["run", dark, "--record"]) == 2
    assert "the detector finds nothing in" in capsys.readouterr().err
    assert not (tmp_path / "dark/golden.json").exists()
    assert main(["run", "data", "--record"]) == 2
    assert "there is nothing to record" in capsys.readouterr().err


def test_what_cannot_be_checked_is_said(tmp_path, capsys):
    def refused(folder):
        assert main(["run", str(folder)]) == 2
        return capsys.readouterr().err

    assert "python -m trainer.synth golden" in refused(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "holds no image" in refused(tmp_path / "empty")
    bare = golden_set(tmp_path / "bare", words_image(230), labels=False)
    assert "has no boxes: write them into" in refused(bare)
    (tmp_path / "bare/1.txt").write_text("1,2,three\n")
    assert "1.txt:1: " in refused(bare)
    (tmp_path / "bare/1.txt").write_text("0,0,9,0,9,9,0,9,###\n")
    assert "no image with a box that counts" in refused(bare)
    (tmp_path / "bare/1.txt").write_text(label_lines())
    (tmp_path / "bare/golden.json").write_text("{")
    assert "golden.json" in refused(bare)
    shutil.rmtree(tmp_path / "bare")
