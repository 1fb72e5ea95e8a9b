"""A file is replaced in one step, also where somebody reads it just then."""

from pathlib import Path

import pytest

from analyzer.formats import files


def held(monkeypatch, times):
    """As on Windows: the file cannot be replaced so many times, since it is read."""
    tried, real = [], Path.replace

    def replace(self, target):
        tried.append(1)
        if len(tried) <= times:
            raise PermissionError(13, "in use")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(files, "WINDOWS", True)
    monkeypatch.setattr(files.time, "sleep", lambda _: None)


def test_a_file_that_is_read_is_waited_for(tmp_path, monkeypatch):
    held(monkeypatch, times=3)
    files.replace_text(tmp_path / "run.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_file_that_stays_in_use_is_an_error_and_leaves_nothing_behind(tmp_path, monkeypatch):
    (tmp_path / "run.json").write_text("old")
    held(monkeypatch, times=4)
    with pytest.raises(PermissionError):
        files.replace_text(tmp_path / "run.json", "{}")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_elsewhere_nothing_is_tried_again(tmp_path, monkeypatch):
    held(monkeypatch, times=1)
    monkeypatch.setattr(files, "WINDOWS", False)
    with pytest.raises(PermissionError):
        files.replace_text(tmp_path / "run.json", "{}")
