"""Texts in the encodings that people's consoles write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.encoding import guess_encoding

CHINESE = "训练参数: 学习率 0.001\r\n数据加载完成，开始训练模型。第1轮 损失: 0.5 准确率: 0.8\r\n"
KOREAN = "빠른 테스트 학습 (소규모)\r\n데이터 로딩 중...\r\n에폭 1 손실: 0.5 정확도: 0.8\r\n"
TAIWAN = "開始訓練模型，學習率為 0.001，載入資料完成。第1輪 損失: 0.5 準確率: 0.8\r\n"
JAPANESE = "モデルの学習を開始します。エポック1の損失は0.5でした。データの読み込みが完了。\r\n"
FRENCH = "Époque 1: perte d'entraînement 0.5, précision 0.8 (dernière étape)\n"
ASCII = "Epoch 1/3 - loss: 0.5\n"


@pytest.mark.parametrize(
    ("text", "codec", "expected"),
    [
        (CHINESE, "gb18030", "gb18030"),
        (KOREAN, "cp949", "cp949"),
        (TAIWAN, "cp950", "cp950"),
        (JAPANESE, "cp932", "cp932"),
        (FRENCH, "cp1252", "cp1252"),
        *((text, "utf-8", "utf-8") for text in (CHINESE, KOREAN, JAPANESE, FRENCH, ASCII)),
        *((text, "utf-16", "utf-16") for text in (CHINESE, ASCII)),
        *((text, "utf-16-le", "utf-16-le") for text in (CHINESE, KOREAN, ASCII)),
        *((text, "utf-16-be", "utf-16-be") for text in (CHINESE, KOREAN, ASCII)),
    ],
)
def test_the_encoding_is_found(text: str, codec: str, expected: str) -> None:
    data = (text * 3).encode(codec)
    assert guess_encoding(data) == expected
    assert data.decode(guess_encoding(data)) == text * 3


@pytest.mark.parametrize("text", [CHINESE, KOREAN, "📊 Ep 1: ████▊ Loss\n"])
def test_utf8_with_stray_bytes_stays_utf8(text: str) -> None:
    data = text.encode()
    assert guess_encoding(data * 4 + b"\xff\xe6\xad" + data * 4) == "utf-8"
    assert guess_encoding(data[1:] + data) == "utf-8"


@pytest.mark.parametrize("text", [CHINESE, KOREAN, JAPANESE])
@given(st.data())
def test_a_character_may_be_cut_off_at_the_end(text: str, data: st.DataObject) -> None:
    raw = (text * 3).encode()
    assert guess_encoding(raw[: data.draw(st.integers(0, len(raw)))]) == "utf-8"


def test_zeros_of_a_binary_file_are_no_utf16() -> None:
    assert guess_encoding(b"\0\0\1\0\0\2\0\0" * 600) != "utf-16-le"


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data: bytes) -> None:
    assert isinstance(data.decode(guess_encoding(data), "replace"), str)
