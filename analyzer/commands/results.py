"""From runs that were found to diagnosed ones: out of the cache, or anew in several processes."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from analyzer.commands.choice import OWN, Choice, chosen, digest

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from analyzer.cache.store import ResultCache
    from analyzer.finding import Diagnosis
    from analyzer.reading.search import Located
    from analyzer.run import Run

MANY = 128
"""From this many runs on, starting other processes costs less time than it saves."""

MOST_PROCESSES = 8
AT_ONCE = 16

GARBAGE = (100_000, 50, 100)
"""A command makes many small objects that live until it ends: looking for cycles among them would
take a third of its time."""


class Done(NamedTuple):
    """A run with its diagnosis: encoded, or as it is where it may not be kept.

    A run that still goes on is not kept, as its status hangs on the clock. ``touched`` is what was
    looked at.
    """

    touched: frozenset[str]
    data: bytes | None
    plain: tuple[Run, Diagnosis] | None


def diagnosed(located: Located, choice: Choice) -> Done:
    """Read and diagnose one run; picklable, so that another process can do it."""
    from analyzer.cache.codec import NotCacheable, encode
    from analyzer.diagnosis import diagnose
    from analyzer.readers import read_run
    from analyzer.run import Status

    found = chosen(choice)
    folder = located.folder()
    run = found.settings.with_main_metric(read_run(located, folder))
    diagnosis = diagnose(run, found.rules, found.active)
    touched = frozenset(folder.touched)
    if run.status is Status.RUNNING or located.content is not None:
        return Done(touched, None, (run, diagnosis))
    try:
        return Done(touched, encode(run, diagnosis), None)
    except (NotCacheable, ValueError):
        return Done(touched, None, (run, diagnosis))


def results(found: Sequence[Located], choice: Choice = OWN) -> Iterator[tuple[Run, Diagnosis]]:
    """Each run with its diagnosis, in the order given; what was done anew is kept."""
    from analyzer.cache import code_digest, open_cache
    from analyzer.cache.codec import decode
    from analyzer.location import rules_dir

    cache = open_cache(code_digest(rules_dir(), digest(choice)))
    kept = {i: hit for i, one in enumerate(found) if (hit := _cached(cache, one)) is not None}
    fresh = _anew([one for i, one in enumerate(found) if i not in kept], choice)
    made: list[tuple[Located, Done]] = []
    try:
        for i, located in enumerate(found):
            if i in kept:
                yield kept.pop(i)
                continue
            done = next(fresh)
            made.append((located, done))
            yield done.plain or decode(done.data or b"")
    finally:
        if cache is not None:
            _keep(cache, made)
            cache.close()


def _cached(cache: ResultCache | None, located: Located) -> tuple[Run, Diagnosis] | None:
    if cache is None or located.content is not None:
        return None
    return cache.get(_key(located), located.root)


def _keep(cache: ResultCache, made: Sequence[tuple[Located, Done]]) -> None:
    from analyzer.cache.store import Result

    cache.put(
        Result(_key(located), located.root, done.touched, done.data)
        for located, done in made
        if done.data is not None
    )


def _key(located: Located) -> str:
    """What a result is found by. The path as it was typed counts: it is shown."""
    claim = located.claim
    real = os.path.realpath(located.root)
    parts = (real, str(located.root), located.at, located.name, located.format)
    return "\0".join((*parts, claim.main, claim.part))


def _anew(missing: Sequence[Located], choice: Choice) -> Iterator[Done]:
    """Many runs are shared among processes; if one of those dies, the rest is done here."""
    work = partial(diagnosed, choice=choice)
    cores = min(os.cpu_count() or 1, MOST_PROCESSES)
    piped = any(located.content is not None for located in missing)
    if len(missing) < MANY or cores < 2 or piped:  # a pipe's content would be sent with each run
        yield from map(work, missing)
        return
    from concurrent.futures.process import BrokenProcessPool

    done = 0
    try:
        with _processes(cores) as pool:
            for one in pool.map(work, missing, chunksize=AT_ONCE):
                yield one
                done += 1
    except BrokenProcessPool:
        yield from map(work, missing[done:])


def _processes(count: int) -> Executor:
    """Worker processes that import the program once, and leave ^C to this one."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    try:
        context = get_context("forkserver")
        context.set_forkserver_preload(["analyzer.diagnosis", "analyzer.readers"])
    except ValueError:  # this system only knows how to spawn
        context = get_context("spawn")  # type: ignore[assignment]
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin_work)


def _begin_work() -> None:
    """A worker leaves ^C to its parent, and looks for garbage as seldom as that does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*GARBAGE)
