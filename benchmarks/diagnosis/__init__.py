"""How often is the diagnosis right? ``python -m benchmarks.diagnosis [--corpus DIR]``

Two inputs. Faults injected into trainings of our own trainer, which are part of the repository
(``runs/`` and ``labels.csv``): each run is labelled by its outcome before any diagnosis, limits
may be chosen on even seeds only, and the figures that count are those of odd seeds. And public
training runs that people labelled, which are not part of it (``--corpus``).
"""
