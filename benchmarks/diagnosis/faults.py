"""The faults: explicit tables. ``training`` applies them, ``outcome`` judges what they did.

Their strength was chosen so that somebody who knows training would see them, or, for a few, would
rather not; what the rules say was not looked at.
"""

from __future__ import annotations

from benchmarks.diagnosis.fault import Fault
from benchmarks.diagnosis.faults_of_data import DATA_FAULTS
from benchmarks.diagnosis.faults_of_model import MODEL_FAULTS
from benchmarks.diagnosis.faults_of_rate import RATE_FAULTS
from benchmarks.diagnosis.faults_of_run import RUN_FAULTS

FAULTS: tuple[Fault, ...] = (*RATE_FAULTS, *DATA_FAULTS, *MODEL_FAULTS, *RUN_FAULTS)
HEALTHY = "healthy"
"""The folder of the twins."""
TWINS = {
    "poly": tuple(range(8)),
    "step": tuple(range(8)),
    "constant": tuple(range(8)),
    "long": (0, 1, 2, 3),
}
"""base -> seeds"""
