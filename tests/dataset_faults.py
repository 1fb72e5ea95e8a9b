"""Data sets with one fault each: the sound sample, one thing broken, and what has to be said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from analyzer.dataset.sample import write_picture, write_sample

Break = Callable[[Path], None]

GOOD = "10,10,60,10,60,30,10,30,open"
IMAGES, LABELS, LIST = "train_images", "train_gts", "train_list.txt"


class Fault(NamedTuple):
    """One fault: how it is made, the rule that has to name it, its place, does --fix mend it."""

    name: str
    make: Break
    rule: str
    file: str
    line: int | None = None
    mends: bool = False


def write_sound(root: Path) -> None:
    """The data set that every fault is put into: 24 training and 50 test images."""
    write_sample(root, train=24, test=50)


def label(text: str, line: int = 2) -> Break:
    """Put a line into train_gts/2.txt, before line ``line``."""

    def make(root: Path) -> None:
        path = root / LABELS / "2.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[line - 1 : line - 1] = [text]
        path.write_bytes(("\n".join(lines) + "\n").encode())

    return make


def only(*texts: str) -> Break:
    """Let train_gts/2.txt hold these lines."""

    def make(root: Path) -> None:
        (root / LABELS / "2.txt").write_bytes(("\n".join(texts) + "\n").encode())

    return make


def listed(old: str, new: str, split: str = "train") -> Break:
    """Write line 3 of a list otherwise."""

    def make(root: Path) -> None:
        path = root / f"{split}_list.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        assert old in lines[2]
        lines[2] = lines[2].replace(old, new)
        path.write_bytes(("\n".join(lines) + "\n").encode())

    return make


def both(*breaks: Break) -> Break:
    def make(root: Path) -> None:
        for one in breaks:
            one(root)

    return make


def rename(old: str, new: str) -> Break:
    return lambda root: (root / old).rename(root / new) and None


def delete(name: str) -> Break:
    def make(root: Path) -> None:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return make


def rewrite(name: str, change: Callable[[bytes], bytes]) -> Break:
    def make(root: Path) -> None:
        path = root / name
        path.write_bytes(change(path.read_bytes()) if path.exists() else change(b""))

    return make


def resave(name: str, kind: str, **options: object) -> Break:
    """Save an image as another kind under its old name."""

    def make(root: Path) -> None:
        image = Image.open(root / name)
        image.load()
        image.save(root / name, kind, **options)

    return make


def turn(root: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(root / IMAGES / "3.jpg").save(root / IMAGES / "3.jpg", exif=exif)


def again(source: str, target: str) -> Break:
    return lambda root: shutil.copyfile(root / source, root / target) and None


def saved_anew(root: Path) -> None:
    with Image.open(root / IMAGES / "5.jpg") as image:
        image.resize((140, 105)).save(root / "test_images/3.jpg", quality=55)


def few_tests(root: Path) -> None:
    keep = 12
    path = root / "test_list.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:keep]) + "\n")
    for number in range(keep + 1, 51):
        (root / f"test_images/{number}.jpg").unlink()
        (root / f"test_gts/{number}.txt").unlink()


def repaint(split: str, change: Callable[[np.ndarray], np.ndarray]) -> Break:
    """Change the pixels of all images of a split."""

    def make(root: Path) -> None:
        for path in (root / f"{split}_images").iterdir():
            with Image.open(path) as image:
                pixels = np.asarray(image, np.float32)
            Image.fromarray(change(pixels).clip(0, 255).astype(np.uint8)).save(path, quality=95)

    return make


def larger_tests(root: Path) -> None:
    for path in sorted((root / "test_images").iterdir()):
        write_picture(path, (640, 480), np.random.default_rng(list(path.name.encode())))


def all_ignored(root: Path) -> None:
    for path in (root / LABELS).iterdir():
        lines = [line.rsplit(",", 1)[0] + ",###" for line in path.read_text("utf-8").splitlines()]
        path.write_text("\n".join(lines) + "\n")


def thin_words(root: Path) -> None:
    for path in (root / LABELS).iterdir():
        lines = (f"10,{y},60,{y},60,{y + 1.5},10,{y + 1.5},a" for y in (20, 60, 90))
        path.write_text("\n".join(lines) + "\n")


def grey_pages(pixels: np.ndarray) -> np.ndarray:
    return 235 + (pixels - pixels.mean()) / max(float(pixels.std()), 1.0) * 10


def names_only(data: bytes) -> bytes:
    return b"".join(line.split()[0][13:] + b"\n" for line in data.splitlines())


def paddle(data: bytes) -> bytes:
    boxes = b'\t[{"transcription": "open", "points": [[1, 1], [9, 1], [9, 5], [1, 5]]}]\n'
    return b"".join(line.split()[0] + boxes for line in data.splitlines())


def recognition(data: bytes) -> bytes:
    return b"".join(line.split()[0] + b"\topen\n" for line in data.splitlines())


FIRST = "train_gts/2.txt"
FAULTS: tuple[Fault, ...] = (
    # layout
    Fault("image folder called images", rename(IMAGES, "images"), "data-layout", IMAGES),
    Fault("label folder called gt", rename(LABELS, "gt"), "data-layout", LABELS),
    Fault("folder called train_img", rename(IMAGES, "train_img"), "data-layout", IMAGES),
    Fault("labels in annotations", rename(LABELS, "annotations"), "data-layout", LABELS),
    Fault("no training list", delete(LIST), "data-layout", LIST),
    Fault("the list is only a backup", rename(LIST, f"{LIST}~"), "data-layout", LIST),
    Fault("no test folder", delete("test_gts"), "data-layout", "test_gts"),
    Fault("no test list", delete("test_list.txt"), "data-layout", "test_list.txt"),
    Fault("a backup beside the list", again(LIST, f"{LIST}.bak"), "data-layout", f"{LIST}.bak"),
    Fault("an empty list", rewrite(LIST, lambda _: b""), "data-layout", LIST),
    # list lines
    Fault("a tab between the paths", listed(" ", "\t"), "data-list-line", LIST, 3, True),
    Fault("two blanks", listed(" ", "  "), "data-list-line", LIST, 3, True),
    Fault("a leading blank", listed(IMAGES, f" {IMAGES}"), "data-list-line", LIST, 3, True),
    Fault("a trailing blank", listed(".txt", ".txt "), "data-list-line", LIST, 3, True),
    Fault("a comma between the paths", listed(" ", ","), "data-list-line", LIST, 3),
    Fault("a list of image names", rewrite(LIST, names_only), "data-list-line", LIST, 1),
    Fault("a list of PaddleOCR", rewrite(LIST, paddle), "data-list-line", LIST, 1),
    Fault("a list for recognition", rewrite(LIST, recognition), "data-list-line", LIST, 1),
    Fault("a third field", listed(".txt", ".txt 1"), "data-list-line", LIST, 3),
    Fault("backslashes", listed("/", "\\"), "data-list-line", LIST, 3, True),
    Fault(
        "a blank line",
        rewrite(LIST, lambda d: d.replace(b"train_images/3", b"\ntrain_images/3", 1)),
        "data-list-line",
        LIST,
        3,
        True,
    ),
    # paths
    Fault("an absolute path", listed(IMAGES, f"/data/{IMAGES}"), "data-path", LIST, 3),
    Fault("a path out of the folder", listed(IMAGES, f"../{IMAGES}"), "data-path", LIST, 3),
    Fault("no folder before the image", listed(f"{IMAGES}/", ""), "data-path", LIST, 3, True),
    Fault("no folder before the label", listed(f"{LABELS}/", ""), "data-path", LIST, 3, True),
    Fault("a missing image", delete(f"{IMAGES}/3.jpg"), "data-path", LIST, 3),
    Fault("a missing label file", delete(f"{LABELS}/3.txt"), "data-path", LIST, 3),
    Fault("a typing error in a name", listed("3.jpg", "33.jpg"), "data-path", LIST, 3),
    Fault(
        "a suffix in capitals",
        both(rename(f"{IMAGES}/3.jpg", f"{IMAGES}/3.JPG"), listed(".jpg", ".JPG")),
        *("data-path", LIST, 3, True),
    ),
    Fault(
        "the suffix .jpeg",
        both(rename(f"{IMAGES}/3.jpg", f"{IMAGES}/3.jpeg"), listed(".jpg", ".jpeg")),
        *("data-path", LIST, 3, True),
    ),
    Fault("another case in the list", listed("3.jpg", "3.JPG"), "data-path", LIST, 3),
    # label lines
    Fault("four numbers", label("10,10,60,30,open"), "data-label-line", FIRST, 2),
    Fault("seven numbers", label("10,10,60,10,60,30,10,open"), "data-label-line", FIRST, 2),
    Fault("a letter O for a zero", label("1O" + GOOD[2:]), "data-label-line", FIRST, 2),
    Fault("nan", label("nan" + GOOD[2:]), "data-label-line", FIRST, 2),
    Fault("no text", label(GOOD.replace("open", "")), "data-label-line", FIRST, 2),
    Fault(
        "no comma before no text", label(GOOD.removesuffix(",open")), "data-label-line", FIRST, 2
    ),
    Fault(
        "a full-width comma",
        label(GOOD.replace(",60", "，60", 1)),
        "data-label-line",
        FIRST,
        2,
        True,
    ),
    Fault(
        "a blank before the text",
        label(GOOD.replace("open", " open")),
        "data-label-line",
        FIRST,
        2,
        True,
    ),
    Fault("a blank after the text", label(GOOD + " "), "data-label-line", FIRST, 2, True),
    Fault(
        "blanks after the commas",
        label(GOOD.replace(",", ", ")),
        "data-label-line",
        FIRST,
        2,
        True,
    ),
    Fault(
        "a tab before the text",
        label(GOOD.replace("open", "\topen")),
        "data-label-line",
        FIRST,
        2,
        True,
    ),
    Fault(
        "a zero-width blank in a number", label("1\u200b0" + GOOD[2:]), "data-label-line", FIRST, 2
    ),
    Fault(
        "a zero-width blank in a text",
        label(GOOD.replace("open", "o\u200bpen")),
        "data-label-line",
        FIRST,
        2,
    ),
    Fault("a blank label line", label(""), "data-label-line", FIRST, 2, True),
    Fault("separated by blanks", label(GOOD.replace(",", " ")), "data-label-line", FIRST, 2),
    # boxes
    Fault("beyond the right edge", only(GOOD.replace("60", "200")), "data-label-box", FIRST, 1),
    Fault("a negative coordinate", only("-9" + GOOD[2:]), "data-label-box", FIRST, 1),
    Fault("wholly outside", only("900,10,950,10,950,30,900,30,open"), "data-label-box", FIRST, 1),
    Fault(
        "absurdly large", only(GOOD, "1e9,50,60,50,60,70,10,70,sale"), "data-label-box", FIRST, 2
    ),
    Fault("crossing itself", only("10,10,60,10,10,30,60,30,open"), "data-label-box", FIRST, 1),
    Fault("anticlockwise", only("10,10,10,30,60,30,60,10,open"), "data-label-box", FIRST, 1),
    Fault(
        "from the bottom right", only("60,30,10,30,10,10,60,10,open"), "data-label-box", FIRST, 1
    ),
    Fault("no area", only(GOOD, "10,50,10,50,10,50,10,50,sale"), "data-label-box", FIRST, 2),
    Fault(
        "two pixels high", only(GOOD, "10,50,60,50,60,52,10,52,sale"), "data-label-box", FIRST, 2
    ),
    Fault("the same box twice", only(GOOD, GOOD), "data-label-box", FIRST, 2),
    Fault(
        "one word on another",
        only(GOOD, "12,11,61,11,61,31,12,31,sale"),
        "data-label-box",
        FIRST,
        2,
    ),
    Fault("a dent", only("10,10,60,10,30,15,10,40,open"), "data-label-box", FIRST, 1),
    # encoding
    Fault(
        "a BOM in a label file",
        rewrite(FIRST, lambda d: b"\xef\xbb\xbf" + d),
        "data-encoding",
        FIRST,
        1,
        True,
    ),
    Fault(
        "a BOM in a list",
        rewrite(LIST, lambda d: b"\xef\xbb\xbf" + d),
        "data-encoding",
        LIST,
        1,
        True,
    ),
    Fault(
        "CR LF in labels",
        rewrite(FIRST, lambda d: d.replace(b"\n", b"\r\n")),
        "data-encoding",
        FIRST,
        1,
        True,
    ),
    Fault(
        "CR LF in a list",
        rewrite(LIST, lambda d: d.replace(b"\n", b"\r\n")),
        "data-encoding",
        LIST,
        1,
        True,
    ),
    Fault(
        "bare CR",
        rewrite(FIRST, lambda d: d.replace(b"\n", b"\r", 1)),
        "data-encoding",
        FIRST,
        1,
        True,
    ),
    Fault(
        "UTF-16",
        rewrite(FIRST, lambda d: d.decode().encode("utf-16")),
        "data-encoding",
        FIRST,
        1,
        True,
    ),
    Fault(
        "GBK",
        rewrite(FIRST, lambda _: (GOOD[:-4] + "产品\n").encode("gbk")),
        "data-encoding",
        FIRST,
        1,
    ),
    # images
    Fault(
        "a PDF called .jpg",
        rewrite(f"{IMAGES}/3.jpg", lambda _: b"%PDF-1.4\n1 0 obj"),
        "data-image",
        f"{IMAGES}/3.jpg",
    ),
    Fault(
        "a web page called .jpg",
        rewrite(f"{IMAGES}/3.jpg", lambda _: b"<!DOCTYPE html><p>404"),
        "data-image",
        f"{IMAGES}/3.jpg",
    ),
    Fault(
        "an empty image",
        rewrite(f"{IMAGES}/3.jpg", lambda _: b""),
        "data-image",
        f"{IMAGES}/3.jpg",
    ),
    Fault(
        "a cut-off image",
        rewrite(f"{IMAGES}/3.jpg", lambda d: d[: len(d) * 2 // 3]),
        "data-image",
        f"{IMAGES}/3.jpg",
    ),
    Fault(
        "a Git LFS pointer",
        rewrite(f"{IMAGES}/3.jpg", lambda _: b"version https://git-lfs.github.com/spec/v1\n"),
        "data-image",
        f"{IMAGES}/3.jpg",
    ),
    Fault(
        "a PNG called .jpg",
        resave(f"{IMAGES}/3.jpg", "PNG"),
        "data-image",
        f"{IMAGES}/3.jpg",
        None,
        True,
    ),
    Fault("a GIF called .jpg", resave(f"{IMAGES}/3.jpg", "GIF"), "data-image", f"{IMAGES}/3.jpg"),
    Fault("turned by EXIF", turn, "data-image", f"{IMAGES}/3.jpg"),
    # counts
    Fault("an image too many", again(f"{IMAGES}/3.jpg", f"{IMAGES}/99.jpg"), "data-count", IMAGES),
    Fault(
        "a label file too many", again(f"{LABELS}/3.txt", f"{LABELS}/99.txt"), "data-count", IMAGES
    ),
    Fault("the label of another image", listed("3.txt", "4.txt"), "data-count", LIST, 3),
    Fault(
        "a line twice",
        rewrite(LIST, lambda d: d + d.splitlines(keepends=True)[0]),
        "data-count",
        LIST,
        25,
    ),
    # train against test
    Fault(
        "a training image in the test set",
        again(f"{IMAGES}/5.jpg", "test_images/3.jpg"),
        "data-leak",
        "test_list.txt",
        3,
    ),
    Fault("saved anew in the test set", saved_anew, "data-leak", "test_list.txt", 3),
    Fault("twelve test images", few_tests, "data-small-test-set", "data_test_images"),
    Fault("thin words", thin_words, "data-small-boxes", "data_small_percent"),
    Fault(
        "brighter test images",
        repaint("test", lambda p: p * 0.4 + 150),
        "data-style-shift",
        "data_brightness_shift",
    ),
    Fault("larger test images", larger_tests, "data-style-shift", "data_size_shift"),
    Fault("all boxes ignored", all_ignored, "data-ignored", "data_ignored_percent"),
    Fault(
        "all alike",
        both(repaint("train", grey_pages), repaint("test", grey_pages)),
        "data-uniform",
        "data_brightness_spread",
    ),
)
