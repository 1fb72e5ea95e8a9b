import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import FormatError
from analyzer.formats.icdar import (
    format_label,
    format_list_line,
    parse_labels,
    parse_list,
)

BOX = "10,20,100,20,100,80,10,80"
POINTS = (10.0, 20.0, 100.0, 20.0, 100.0, 80.0, 10.0, 80.0)


def faults_of(line, parse=parse_labels):
    data = line if isinstance(line, bytes) else line.encode()
    return [(f.line, f.column, f.kind, f.fatal) for f in parse(data).faults]


def test_a_clean_file_has_no_faults():
    parsed = parse_labels(f"{BOX},产品名称\n{BOX},a, b\n{BOX},###\n".encode())
    assert [label.text for label in parsed.labels] == ["产品名称", "a, b", "###"]
    assert [label.ignored for label in parsed.labels] == [False, False, True]
    assert {label.points for label in parsed.labels} == {POINTS}
    assert parsed.faults == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"\xef\xbb\xbf" + BOX.encode() + b",a\n", [(1, 1, "bom", False)]),
        (f"{BOX},a\r\n{BOX},b\r\n", [(1, 28, "crlf", False)]),
        (f"{BOX},a\r{BOX},b\n", [(1, 28, "lone-cr", False)]),
        (f"{BOX},a\n\n{BOX},b\n", [(2, 1, "blank-line", False)]),
        (f"{BOX}, a\n", [(1, 27, "blank-around", False)]),
        (f"{BOX},a \n", [(1, 28, "blank-around", False)]),
        (f"{BOX},a\u3000\n", [(1, 28, "blank-around", False)]),
        (f"{BOX},\ta\n", [(1, 27, "tab", False)]),
        (f"{BOX},a\tb\n", [(1, 28, "tab", False)]),
        (f"{BOX},a\u200bb\n", [(1, 28, "invisible", False)]),
        (f"10, {BOX[3:]},a\n", [(1, 4, "blank-around", False)]),
        (f"{BOX}\uff0ca\n", [(1, 26, "full-width-comma", False)]),
        (BOX.replace("20,100", "20\uff0c100", 1) + ",a", [(1, 6, "full-width-comma", False)]),
        (f"{BOX},\n", [(1, 27, "empty-text", False)]),
        (f"{BOX}\n", [(1, 26, "empty-text", False)]),
    ],
)
def test_faults_that_leave_the_label_readable(line, expected):
    assert faults_of(line) == expected
    data = line if isinstance(line, bytes) else line.encode()
    assert all(label.points == POINTS for label in parse_labels(data).labels)
    assert len(parse_labels(data).labels) >= 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("10,20,100,20,100,80", (1, 20, "too-few-numbers", True)),
        ("10,20,100,20,100,80,text", (1, 21, "too-few-numbers", True)),
        ("10,20,1OO,20,100,80,10,80,text", (1, 7, "not-a-number", True)),
        ("10,20,１００,20,100,80,10,80,text", (1, 7, "not-a-number", True)),
        ("10,20,nan,20,100,80,10,80,text", (1, 7, "not-finite", True)),
        ("10,20,-inf,20,100,80,10,80,text", (1, 7, "not-finite", True)),
        ("10,20,1e999,20,100,80,10,80,text", (1, 7, "huge-coordinate", True)),
        ("10,20,100000000,20,100,80,10,80,text", (1, 7, "huge-coordinate", True)),
        ("10,20,100,20,100,80,10,,text", (1, 24, "not-a-number", True)),
        ("10\t20\t100\t20\t100\t80\t10\t80\ttext", (1, 1, "tab", True)),
        ("10 20 100 20 100 80 10 80 text", (1, 1, "not-a-number", True)),
    ],
)
def test_faults_that_cost_the_label(line, expected):
    parsed = parse_labels(f"{line}\n{BOX},next\n".encode())
    assert expected in faults_of(f"{line}\n{BOX},next\n")
    assert [label.text for label in parsed.labels] == ["next"]


def test_messages_name_what_cannot_be_seen():
    messages = [f.message for f in parse_labels(f"{BOX},\u00a0a\n".encode()).faults]
    assert messages == ["no-break space (U+00A0) before the text; delete it"]
    (fault,) = parse_labels(f"{BOX},a\r\n".encode()).faults
    assert "^M" in fault.message
    assert "dos2unix" in fault.message


def test_other_encodings_are_noted_and_the_boxes_kept():
    parsed = parse_labels(f"{BOX},好\n".encode("gbk"))
    assert [(f.line, f.column, f.kind) for f in parsed.faults] == [(1, 27, "not-utf8")]
    assert parsed.labels[0].points == POINTS
    utf16 = parse_labels(f"{BOX},a\n".encode("utf-16"))
    assert [f.kind for f in utf16.faults] == ["not-utf8"]
    assert utf16.labels[0].text == "a"


def test_ignore_marks_count_with_a_blank_before_them():
    (label,) = parse_labels(f"{BOX}, ###\n".encode()).labels
    assert label.ignored


def test_a_clean_list():
    parsed = parse_list(b"train_images/1.jpg train_gts/1.txt\n", "train")
    assert parsed.faults == ()
    assert (parsed.entries[0].image, parsed.entries[0].label) == (
        "train_images/1.jpg",
        "train_gts/1.txt",
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("train_images/1.jpg\ttrain_gts/1.txt", (1, 19, "tab", False)),
        ("train_images/1.jpg  train_gts/1.txt", (1, 19, "extra-blank", False)),
        ("train_images/1.jpg\u00a0train_gts/1.txt", (1, 19, "extra-blank", False)),
        (" train_images/1.jpg train_gts/1.txt", (1, 1, "blank-around", False)),
        ("train_images/a b.jpg train_gts/a.txt", (1, 15, "blank-in-path", False)),
        (r"train_images\1.jpg train_gts/1.txt", (1, 13, "backslash", False)),
        ("1.jpg train_gts/1.txt", (1, 1, "missing-prefix", False)),
        ("test_images/1.jpg train_gts/1.txt", (1, 1, "missing-prefix", False)),
        ("/data/train_images/1.jpg train_gts/1.txt", (1, 1, "absolute-path", True)),
        ("C:/train_images/1.jpg train_gts/1.txt", (1, 1, "absolute-path", True)),
        ("train_images/../../1.jpg train_gts/1.txt", (1, 1, "path-outside", True)),
        ("train_images/1.jpg", (1, 1, "wrong-field-count", True)),
        ("train_images/1.jpg,train_gts/1.txt", (1, 1, "wrong-field-count", True)),
        ("a.jpg b.txt c", (1, 1, "wrong-field-count", True)),
    ],
)
def test_list_faults(line, expected):
    parsed = parse_list(f"{line}\n".encode(), "train")
    assert faults_of(f"{line}\n", lambda data: parse_list(data, "train")) == [expected]
    assert len(parsed.entries) == (0 if expected[3] else 1)


def test_an_empty_list_is_no_fault():
    assert parse_list(b"", "test") == parse_list(b"", "train")
    assert parse_list(b"", "test").faults == ()


coordinates = st.floats(-1e6, 1e6) | st.integers(-1000, 100_000).map(float)
texts = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zs", "Zl", "Zp"]) | st.just(","),
    min_size=1,
)


@given(st.lists(coordinates, min_size=8, max_size=8), texts)
def test_a_written_label_reads_back(points, text):
    parsed = parse_labels((format_label(points, text) + "\n").encode())
    assert parsed.faults == ()
    assert parsed.labels[0].points == tuple(points)
    assert parsed.labels[0].text == text


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_break_the_parsers(data):
    for parsed in (parse_labels(data), parse_list(data, "train")):
        assert all(f.line >= 1 and f.column >= 1 and f.message for f in parsed.faults)


@given(st.lists(st.sampled_from([*"0123456789,.-eE \t\r\n#，，\ufeff", "nan", "1,2,3,4,5,6,7,8"])))
def test_no_near_label_breaks_the_parser(parts):
    for label in parse_labels("".join(parts).encode()).labels:
        assert len(label.points) == 8
        assert all(abs(value) <= 1e6 for value in label.points)


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (POINTS[:6], "a"),
        (POINTS, ""),
        (POINTS, " a"),
        (POINTS, "a\nb"),
        (POINTS, "a\tb"),
        (POINTS, "\ud800"),
        ((*POINTS[:7], float("nan")), "a"),
        ((*POINTS[:7], 1e9), "a"),
    ],
)
def test_labels_that_would_not_read_back_are_not_written(points, text):
    with pytest.raises(FormatError, match="cannot be written"):
        format_label(points, text)


def test_list_lines_are_written_as_documented():
    assert format_list_line("test", "1.png", "1.txt") == "test_images/1.png test_gts/1.txt"
    with pytest.raises(FormatError, match="plain names"):
        format_list_line("test", "a b.png", "1.txt")
