"""Headers of images, against the decoder's own opinion."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from analyzer.dataset.headers import read_header
from analyzer.dataset.pixels import Look, look


def picture(kind: str, size: tuple[int, int] = (37, 23), **options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, kind, **options)
    return target.getvalue()


def header(tmp_path: Path, data: bytes):
    (tmp_path / "a").write_bytes(data)
    return read_header(tmp_path / "a")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_kind_and_size_without_decoding(kind: str, tmp_path: Path) -> None:
    found = header(tmp_path, data := picture(kind))
    assert (found.kind, found.width, found.height) == (kind, 37, 23)
    assert found.ended
    assert found.size == len(data)
    assert not header(tmp_path, data[: len(data) // 2]).ended


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WebP"])
def test_other_kinds_are_named(kind: str, tmp_path: Path) -> None:
    assert header(tmp_path, picture(kind)).kind == kind


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("comment", [b"", b"x" * 60_000], ids=["short", "long"])
def test_exif_turns_the_picture(orientation: int, comment: bytes, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = header(tmp_path, picture("JPEG", exif=exif, comment=comment))
    assert found.orientation == orientation
    assert (found.width, found.height) == ((37, 23) if orientation < 5 else (23, 37))


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0}, {"quality": 5}])
def test_jpegs_of_all_sorts(options: dict[str, object], tmp_path: Path) -> None:
    found = header(tmp_path, picture("JPEG", (301, 7), **options))
    assert (found.width, found.height, found.ended) == (301, 7, True)


@pytest.mark.parametrize(
    ("data", "other"),
    [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html>", "a web page"),
        (b"PK\x03\x04abc", "a ZIP archive or an office document"),
        (b"\0" * 100, "nothing but zeros"),
        (b"hello", "a text file"),
        (b"\x01\x02\x03", "no known kind of image"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, other: str, tmp_path: Path) -> None:
    found = header(tmp_path, data)
    assert (found.kind, found.other) == ("", other)


@given(st.sampled_from(["JPEG", "PNG", "BMP"]), st.data())
def test_damage_never_raises(kind: str, data: st.DataObject) -> None:
    whole = bytearray(picture(kind, (16, 12)))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.jpg"
        file.write_bytes(cut)
        found = read_header(file)
        assert 0 <= found.width < 2**32
        assert isinstance(look(file), Look | str)


def test_a_decompression_bomb_is_not_opened(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    found = look(tmp_path / "bomb.png")
    assert isinstance(found, str)
    assert found.startswith("too large")
