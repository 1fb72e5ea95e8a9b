import json

import pytest
import torch
from detector import words_image, write_run, write_split

from trainer.detection.decode import DecodeConfig
from trainer.evaluate import main
from trainer.inference.loaded import at_threshold, load, weight_file


def evaluated(capsys, *arguments):
    assert main([*arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_detector_is_judged_with_numbers_and_a_verdict(trained, bright_is_text, capsys):
    assert main([trained]) == 0
    out = capsys.readouterr().out
    assert out.startswith("run/checkpoints/best.pth, after epoch 3, on data, test split\n")
    assert "good: F1 is 0.857, fit for use from 0.7 on." in out
    assert "6, 6 of them right" in out
    assert "1.000" in out, "the precision"
    worst = out.split("worst images")[1].splitlines()[1:]
    assert len(worst) == 1, "a perfect image is not among the worst"
    assert worst[0].split() == ["0.67", "2", "0", "data/test_images/2.png"]


def test_json_has_every_image_worst_first(trained, bright_is_text, capsys):
    found = evaluated(capsys, trained)
    assert (found["version"], found["epoch"], found["split"]) == (1, 3, "test")
    assert (found["images"], found["words"], found["boxes"]) == (2, 8, 6)
    assert found["recall"] == found["ap"] == pytest.approx(6 / 8)
    assert found["thresholds"] == {"threshold": 0.3, "box_threshold": 0.5}
    assert [one["f1"] for one in found["per_image"]] == [pytest.approx(2 / 3), 1]
    assert found["verdict"]["kind"] == "good"
    assert "sweep" not in found


def test_training_images_that_are_known(trained, bright_is_text, capsys):
    found = evaluated(capsys, trained, "--split", "train")
    assert (found["split"], found["images"]) == ("train", 3)
    assert found["verdict"]["kind"] == "learned"
    assert "python -m trainer.evaluate run" in found["verdict"]["next"]


def test_a_network_that_knows_nothing(trained, capsys):
    found = evaluated(capsys, trained, "--split", "train")
    assert found["verdict"]["kind"] == "fails on training images"
    assert "python -m analyzer dataset data" in found["verdict"]["next"]
    found = evaluated(capsys, trained)
    assert found["verdict"]["kind"] == "weak"
    assert "--split train" in found["verdict"]["next"]


@pytest.mark.parametrize(
    ("brightness", "ground", "kind"),
    [
        (110, 5, "low confidence"),
        (240, 100, "words run together"),
        (60, 5, "low confidence"),
    ],
)
@pytest.mark.usefixtures("bright_is_text", "trained")
def test_what_only_the_thresholds_hide(capsys, tmp_path, brightness, ground, kind):
    write_split(tmp_path / "other", "test", [words_image(brightness, ground)] * 2)
    found = evaluated(capsys, "run", "--data_dir", str(tmp_path / "other"))
    assert found["f1"] == 0
    assert found["best"]["f1"] == 1
    assert found["verdict"]["kind"] == kind


def test_a_sweep_is_shown_and_a_threshold_set(trained, bright_is_text, capsys):
    assert main([trained, "--sweep", "--threshold", "0.2"]) == 0
    out = capsys.readouterr().out
    table = [line.split() for line in out.split("pixel    box")[1].splitlines()[1:]]
    marked = [row for row in table if "set" in row or "best" in row]
    assert [row[:2] for row in marked] == [["0.2", "0.2"]]
    assert {"0.1", "0.2", "0.4", "0.7"} <= {row[0] for row in table if row}
    assert "sweep" in evaluated(capsys, trained, "--sweep")


def test_a_box_is_surer_than_its_pixels():
    own = DecodeConfig(threshold=0.3, box_threshold=0.5)
    low, high = at_threshold(own, 0.1), at_threshold(own, 0.7)
    assert (low.threshold, low.box_threshold) == (0.1, 0.1)
    assert (high.threshold, high.box_threshold) == (0.3, 0.7)


def test_images_without_words_leave_nothing_to_judge(trained, bright_is_text, capsys, tmp_path):
    write_split(tmp_path / "other", "test", [words_image(5)])
    (tmp_path / "other/test_gts/1.txt").write_text("")
    found = evaluated(capsys, trained, "--data_dir", str(tmp_path / "other"))
    assert found["verdict"]["kind"] == "nothing to judge"
    assert found["per_image"][0]["f1"] == 1, "nothing missed, nothing false"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "there is no nowhere; name a run folder such as workdirs/latest"),
        (["data"], "data holds no checkpoints/best.pth and no checkpoints/epoch_N.pth"),
        (["data/test_list.txt"], "is no PyTorch weight file"),
        (["run", "--data_dir", "run"], "run: has no"),
        (["run", "--threshold", "1.5"], "1.5 is not in the range"),
        (["run", "--split", "validation"], "'validation' is not one of"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_judged_is_said(trained, capsys, arguments, sentence):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err


def test_an_empty_list_is_said(trained, capsys, tmp_path):
    write_split(tmp_path, "test", [words_image(9)])
    (tmp_path / "test_list.txt").write_text("")
    assert main([trained, "--data_dir", str(tmp_path)]) == 2
    assert "names no image" in capsys.readouterr().err


def test_which_weights_a_run_folder_stands_for(tmp_path):
    run = write_run(tmp_path / "run")
    best = run / "checkpoints/best.pth"
    assert weight_file(run) == weight_file(best) == best
    for epoch in (2, 10):
        (run / f"checkpoints/epoch_{epoch}.pth").write_bytes(best.read_bytes())
    best.unlink()
    assert weight_file(run).name == "epoch_10.pth"
    (tmp_path / "latest").symlink_to(run)
    assert load(tmp_path / "latest", device="cpu").epoch == 3


def test_weights_of_others_are_refused(tmp_path, capsys):
    run = write_run(tmp_path / "run", format=7)
    assert main([str(run)]) == 2
    assert "was not saved by this trainer" in capsys.readouterr().err
    torch.save(torch.zeros(3), tmp_path / "bare.pth")
    assert main([str(tmp_path / "bare.pth")]) == 2
    assert "was not saved by this trainer" in capsys.readouterr().err


def test_weights_that_do_not_fit_their_settings_are_refused(tmp_path, capsys):
    model = torch.load(write_run(tmp_path / "a") / "checkpoints/best.pth")["model"]
    less = {name: tensor for name, tensor in model.items() if name != "decoder.in5.weight"}
    assert main([str(write_run(tmp_path / "b", model=less))]) == 2
    assert "1 tensors are missing or unknown, such as 'decoder.in5.weight'" in (
        capsys.readouterr().err
    )
    other = model | {"decoder.in5.weight": torch.zeros(3, 3)}
    assert main([str(write_run(tmp_path / "c", model=other))]) == 2
    assert "does not fit the network of its settings" in capsys.readouterr().err


def test_older_files_without_the_normalisation_still_load(tmp_path):
    model = torch.load(write_run(tmp_path / "a") / "checkpoints/best.pth")["model"]
    bare = {name: tensor for name, tensor in model.items() if name not in ("mean", "std")}
    assert load(write_run(tmp_path / "b", model=bare), device="cpu").epoch == 3


def test_the_running_mean_of_the_weights_is_used_where_there_is_one(tmp_path):
    model = torch.load(write_run(tmp_path / "a") / "checkpoints/best.pth")["model"]
    mean = {name: tensor + 1 for name, tensor in model.items()}
    run = write_run(tmp_path / "b", ema={"weights": mean})
    loaded = load(run, device="cpu")
    assert torch.equal(loaded.model.state_dict()["decoder.in5.weight"], mean["decoder.in5.weight"])


def test_a_detector_of_the_db_family_is_used_as_it_is(tmp_path, capsys):
    model = torch.load(write_run(tmp_path / "a") / "checkpoints/best.pth")["model"]
    bare = {f"model.module.{n}": t for n, t in model.items() if n not in ("mean", "std")}
    torch.save(bare, tmp_path / "db.pth")
    loaded = load(tmp_path / "db.pth", device="cpu")
    assert (loaded.epoch, loaded.config.model.fpn_channels) == (0, 16)
    assert loaded.model.std.flatten().tolist() == [255, 255, 255], "normalised as in that family"
    turned = loaded.model.state_dict()["backbone.conv1.weight"].flip(1)
    assert torch.equal(turned, model["backbone.conv1.weight"]), "which reads BGR"
    for name, change in (
        ("decoder.out5.0.weight", {}),
        ("decoder.extra.weight", {"model.module.decoder.extra.weight": torch.zeros(3)}),
    ):
        other = {n: t for n, t in bare.items() if not n.endswith(name)} | change
        torch.save(other, tmp_path / "other.pth")
        assert main([str(tmp_path / "other.pth")]) == 2
        err = capsys.readouterr().err
        assert "holds another network than this one: 1 tensors" in err
        assert name in err
