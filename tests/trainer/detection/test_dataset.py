import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from analyzer.errors import FormatError
from trainer.augment import AugmentConfig
from trainer.detection.dataset import PLANES, DetectionDataset, collate
from trainer.detection.labels import make_maps
from trainer.synth import render_dataset


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("data") / "set"
    render_dataset(out, train=6, test=2, size=128, seed=1)
    return out


def training(root, **options):
    return DetectionDataset(root, "train", 96, **{"augment": AugmentConfig(), **options})


def same(first, second):
    return all(np.array_equal(first[plane], second[plane]) for plane in PLANES)


def write(root, labels, shape=(100, 200)):
    """A data folder of one training image with the given label lines."""
    for name in ("train_images", "train_gts"):
        (root / name).mkdir(parents=True)
    image = np.full((*shape, 3), 200, np.uint8)
    (root / "train_images/1.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    (root / "train_gts/1.txt").write_text(labels)
    (root / "train_list.txt").write_text("train_images/1.png train_gts/1.txt\n")
    return root


def test_training_items_hold_bytes_only(root):
    item = training(root)[0]
    assert set(item) == {*PLANES, "file"}
    assert item["image"].shape == (96, 96, 3)
    for plane in PLANES:
        assert item[plane].dtype == np.uint8
        assert item[plane].shape[:2] == (96, 96)
    assert item["file"].endswith("1.jpg")


def test_evaluation_items_lead_back_to_the_source(tmp_path):
    write(tmp_path, "20,20,120,20,120,60,20,60,word\n0,80,50,80,50,99,0,99,###\n")
    item = DetectionDataset(tmp_path, "train", 100, augment=None)[0]
    assert item["scale"] == 0.5
    assert item["source_size"] == (100, 200)
    np.testing.assert_array_equal(item["quads"][0], [[20, 20], [120, 20], [120, 60], [20, 60]])
    np.testing.assert_array_equal(item["ignored"], [False, True])
    maps = make_maps(item["quads"] * 0.5, item["ignored"], (100, 100))
    assert same(item, {"image": item["image"], **vars(maps)})
    assert (item["shrink_mask"][40:50, :25] == 0).all()


def test_the_scale_counts_both_reductions(tmp_path):
    write(tmp_path, "20,20,120,20,120,60,20,60,word\n", shape=(500, 1000))
    zoomed = AugmentConfig(scale=(1, 3))
    assert training(tmp_path, augment=zoomed)._load(0).image.shape == (144, 288, 3)
    assert training(tmp_path)._load(0).image.shape == (53, 106, 3)
    item = DetectionDataset(tmp_path, "train", 100, augment=None)[0]
    assert item["scale"] == pytest.approx(0.1)
    assert item["source_size"] == (500, 1000)


def test_an_item_depends_on_seed_epoch_and_index_only(root):
    first, again = training(root), training(root, cache_mb=0)
    again[3]
    first.set_epoch(2)
    again.set_epoch(2)
    assert same(first[1], again[1])
    assert not same(first[1], first[2])
    before = first[1]
    first.set_epoch(3)
    assert not same(first[1], before)
    assert not same(training(root, seed=1)[1], training(root)[1])


def test_workers_that_stay_see_the_epoch_and_give_the_same(root):
    dataset = training(root)
    loaders = [
        DataLoader(dataset, batch_size=2, collate_fn=collate),
        DataLoader(
            dataset, batch_size=2, collate_fn=collate, num_workers=2, persistent_workers=True
        ),
    ]
    for epoch in (1, 2):
        dataset.set_epoch(epoch)
        for alone, shared in zip(*loaders, strict=True):
            assert all(torch.equal(alone[plane], shared[plane]) for plane in PLANES)
            assert alone["file"] == shared["file"]


def test_batches_are_byte_tensors(root):
    dataset = DetectionDataset(root, "test", 96, augment=None)
    batch = collate([dataset[0], dataset[1]])
    assert batch["image"].shape == (2, 96, 96, 3)
    assert batch["border"].shape == (2, 96, 96)
    assert all(batch[plane].dtype == torch.uint8 for plane in PLANES)
    assert len(batch["quads"]) == len(batch["scale"]) == 2


def test_decoded_images_are_kept_within_the_budget(root):
    kept, none = training(root), training(root, cache_mb=0)
    for index in range(len(kept)):
        kept[index], none[index]
    assert len(kept._cache) == 6
    assert not none._cache
    assert kept._load(0) is kept._load(0)


def test_augmentation_leaves_the_cached_image_alone(root):
    dataset = training(root, augment=AugmentConfig(rotate=0, scale=(1, 1)))
    before = dataset._load(0).image.copy()
    dataset[0]
    np.testing.assert_array_equal(dataset._load(0).image, before)


def test_words_under_a_block_become_dont_care(tmp_path):
    write(tmp_path, "40,40,60,40,60,60,40,60,word\n", shape=(100, 100))
    only_cut = {"rotate": 0, "scale": (1, 1), "brightness": 0, "contrast": 0}
    config = AugmentConfig(cutout_blocks=1, cutout_area=0.5, **only_cut)
    dataset = training(tmp_path, augment=config)
    seen = set()
    for epoch in range(12):
        dataset.set_epoch(epoch)
        item = dataset[0]
        gone = bool((item["image"][48, 48] != 200).any())
        assert gone == (not item["shrink"].any()) == (not item["shrink_mask"].all())
        seen.add(gone)
    assert seen == {True, False}


def test_counts_and_faults(tmp_path):
    lines = ["0,0,100,0,100,50,0,50,a", "0,60,90,60,90,70,0,70,b", "0,0,9,0,9,9,0,9,###", "bad"]
    write(tmp_path, "\n".join(lines))
    dataset = DetectionDataset(tmp_path, "train", 100, augment=None)
    summary = dataset.summary
    assert (summary.images, summary.words, summary.ignored, summary.small) == (1, 2, 1, 1)
    (fault,) = dataset.faults
    assert fault.startswith(f"{tmp_path / 'train_gts/1.txt'}:4:")
    assert "8 must come first" in fault


def test_a_broken_image_is_named(tmp_path):
    write(tmp_path, "")
    (tmp_path / "train_images/1.png").write_bytes(b"%PDF-1.4")
    with pytest.raises(FormatError, match=r"1\.png: the file is a PDF document"):
        training(tmp_path)[0]


def test_extreme_points_and_empty_labels_are_harmless(tmp_path):
    write(tmp_path, "-1000000,0,1000000,0,1000000,40,-1000000,40,far\n")
    item = DetectionDataset(tmp_path, "train", 100, augment=None)[0]
    assert item["shrink"].shape == (100, 100)
    (tmp_path / "train_gts/1.txt").write_text("")
    item = training(tmp_path)[0]
    assert not item["shrink"].any()


def test_an_empty_list_is_an_empty_set(root, tmp_path):
    for name in ("test_images", "test_gts"):
        (tmp_path / name).mkdir()
    (tmp_path / "test_list.txt").write_text("")
    dataset = DetectionDataset(tmp_path, "test", 96, augment=None)
    assert len(dataset) == 0
    assert dataset.summary.images == 0
