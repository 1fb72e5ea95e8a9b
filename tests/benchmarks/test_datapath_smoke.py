from click.testing import CliRunner

from benchmarks import datapath


def test_each_part_is_measured():
    costs = datapath.measure(3, size=64, rounds=1)
    assert list(costs) == ["warp", "maps", "batch", "normalise", "plain maps"]
    assert all(cost >= 0 for cost in costs.values())


def test_a_line_for_each_number_of_words():
    result = CliRunner().invoke(datapath.main, ["--size", "64", "--rounds", "1"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == ["CPU", "20", "100"]
