import pytest

from analyzer.errors import FormatError, UsageError
from analyzer.formats.icdar_folder import read_split

LINE = "0,0,9,0,9,9,0,9,a\n"


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "my_data"
    for name in ("train_images", "train_gts", "test_images", "test_gts"):
        (data / name).mkdir(parents=True)
    (data / "train_images/1.jpg").write_bytes(b"")
    (data / "train_gts/1.txt").write_text(LINE + "bad\n")
    (data / "train_list.txt").write_text("train_images/1.jpg train_gts/1.txt\n")
    (data / "test_list.txt").write_text("")
    return data


def test_samples_hold_labels_and_faults(folder):
    (sample,) = read_split(folder, "train")
    assert sample.image == folder / "train_images/1.jpg"
    assert [label.text for label in sample.labels] == ["a"]
    assert [(fault.line, fault.kind) for fault in sample.faults] == [(2, "too-few-numbers")]


def test_an_empty_list_is_allowed(folder):
    assert read_split(folder, "test") == []


def refused(folder, split="train"):
    with pytest.raises(FormatError) as caught:
        read_split(folder, split)
    return str(caught.value)


def test_a_missing_folder_names_the_layout(tmp_path):
    text = refused(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in text
    assert "train_list.txt, train_images/ and train_gts/" in text


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("images", "train_images"),
        ("train_img", "train_images"),
        ("annotations", "train_gts"),
        ("gt", "train_gts"),
    ],
)
def test_a_near_miss_is_named(folder, found, wanted):
    (folder / wanted).rename(folder / found)
    assert f"rename {found} to {wanted}" in refused(folder)


def test_a_hidden_backup_of_the_list_is_named(folder):
    (folder / "train_list.txt").rename(folder / "train_list.txt.bak")
    assert "rename train_list.txt.bak to train_list.txt" in refused(folder)


def test_the_other_split_is_no_near_miss(folder):
    (folder / "train_list.txt").unlink()
    assert "test_list.txt" not in refused(folder)


def test_a_folder_one_level_too_high(folder):
    assert f"{folder.name}/ has one" in refused(folder.parent)


def test_a_bad_list_line_has_its_place(folder):
    (folder / "train_list.txt").write_text("train_images/1.jpg train_gts/1.txt\noops\n")
    text = refused(folder)
    assert text.startswith(f"{folder / 'train_list.txt'}:2: ")
    assert "two paths" in text


def test_a_missing_image_has_its_place_and_the_likely_one(folder):
    (folder / "train_images/1.jpg").rename(folder / "train_images/1.JPG")
    text = refused(folder)
    assert "train_list.txt:1: train_images/1.jpg does not exist, 1.JPG does" in text


def test_a_missing_label_file(folder):
    (folder / "train_gts/1.txt").unlink()
    assert "train_gts/1.txt does not exist" in refused(folder)


def test_names_that_no_file_system_takes(folder):
    (folder / "train_list.txt").write_text(f"train_images/{'x' * 5000} train_gts/1.txt\n")
    assert "cannot be read" in refused(folder)
    (folder / "train_list.txt").write_text("train_images/\0 train_gts/1.txt\n")
    assert "does not exist" in refused(folder)


def test_an_unknown_split(folder):
    with pytest.raises(UsageError, match="train, test"):
        read_split(folder, "val")
