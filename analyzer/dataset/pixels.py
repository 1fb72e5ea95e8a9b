"""The pixels of images: can they be read, how bright, how sharp, and a thumbnail to compare.

look(path) -> Look | str               look_at_all(paths, ...) -> one of these for each path
"""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.dataset.records import Look

SIDE = 640
"""Images are looked at no larger than this: sharpness is that of a person's glance."""

THUMB = 48
MANY = 64
"""From this many images on, starting other processes costs less time than it saves."""

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
MOST_PROCESSES = 8
AT_ONCE = 16


class TooLarge(Exception):
    """An image has so many pixels that opening it might fill the memory."""


def look(path: Path) -> Look | str:
    """Decode an image; the reason where that fails, ``too large`` for a decompression bomb."""
    try:
        grey = _grey(path)
    except TooLarge as error:
        return f"too large: {error}"
    except Exception as error:  # decoders raise whatever they like on damaged data
        return _reason(error)
    inner = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    edges = around - 4 * inner if inner.size else np.zeros(1, np.float32)
    return Look(float(grey.mean()), float(grey.std()), float(edges.std()), _thumb(grey))


def _grey(path: Path) -> np.typing.NDArray[np.float32]:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as image:
                size = _fitted(image.size, SIDE)
                image.draft("L", size)  # JPEG decodes to a half or less at a part of the cost
                grey = image.convert("L").resize(size, Image.Resampling.BOX)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise TooLarge(str(error)) from None
    return np.asarray(grey, np.float32)


def _fitted(size: tuple[int, int], limit: int) -> tuple[int, int]:
    scale = min(1.0, limit / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _thumb(grey: np.typing.NDArray[np.float32]) -> bytes:
    from PIL import Image

    small = Image.fromarray(grey).resize((THUMB, THUMB), Image.Resampling.BOX)
    return np.asarray(small).clip(0, 255).round().astype(np.uint8).tobytes()


def _reason(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    if "cannot identify image file" in text:
        return "the decoder does not take it for an image"
    return text.removesuffix(". Try processing with LOAD_TRUNCATED_IMAGES=True") or repr(error)


def look_at_all(paths: Sequence[Path], processes: int | None = None) -> Iterator[Look | str]:
    """A look at each image in order; many are shared among processes.

    Should a worker die, for want of memory say, the rest is done here.
    """
    count = min(os.cpu_count() or 1, MOST_PROCESSES) if processes is None else processes
    done = 0
    if len(paths) >= MANY and count > 1:
        from concurrent.futures.process import BrokenProcessPool

        with _uninterrupted():
            pool = _pool(count)
            looks = pool.map(look, paths, chunksize=AT_ONCE)
        try:
            for one in looks:
                yield one
                done += 1
        except BrokenProcessPool:
            pass
        finally:
            pool.shutdown(cancel_futures=True)
    yield from map(look, islice(paths, done, None))


def _pool(count: int) -> Executor:
    """Workers that import the decoder once, and leave ^C to this process."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context: Any
    try:
        context = get_context("forkserver")
        context.set_forkserver_preload(["analyzer.dataset.pixels", "PIL.Image"])
    except ValueError:  # this system only knows how to spawn
        context = get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin_work)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore ^C while processes are started: they then ignore it too, and none is left half made.

    Signals are the main thread's; another one starts processes as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin_work() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
