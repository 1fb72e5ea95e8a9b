"""``read`` spreads its work over any executor: other processes here, a Dask cluster anywhere."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from analyzer.readers import read
from analyzer.run import Run

EXAMPLES = Path(__file__).parents[2] / "examples" / "workdirs"


def alike(one: Run, other: Run) -> bool:
    curves = zip(one.series.values(), other.series.values(), strict=True)
    return (one.name, one.status, one.config, one.events) == (
        other.name,
        other.status,
        other.config,
        other.events,
    ) and all(np.array_equal(a.y, b.y, equal_nan=True) for a, b in curves)


def test_other_processes_read_the_same() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        shared = read(EXAMPLES, executor=executor)
    assert all(map(alike, read(EXAMPLES), shared))


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning"
)
def test_a_dask_cluster_reads_the_same() -> None:
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    with cluster, distributed.Client(cluster) as client:
        shared = read(EXAMPLES, executor=client.get_executor())
    assert len(shared) == 7
    assert all(map(alike, read(EXAMPLES), shared))
