"""What a log tells besides numbers: folded tracebacks, kills, saves, starts, stops and ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.events import EventScan, scan_events, told_status
from analyzer.reading.text import Block
from analyzer.run import LogEvent, Status

TRACE = """Traceback (most recent call last):
  File "train.py", line 10, in <module>
    main()
    ^^^^^^
  File "train.py", line 4, in main
    loss.backward()
"""


def told(text: str) -> list[LogEvent]:
    return scan_events(Block(text.encode(), 1), "train.log")


def kinds(text: str) -> list[str]:
    return [event.kind for event in told(text)]


def errors(text: str) -> list[tuple[int, str]]:
    return [(event.line, event.text) for event in told(text) if event.kind == "error"]


HANDLING = "\nDuring handling of the above exception, another exception occurred:\n\n"
DIRECT = "\nThe above exception was the direct cause of the following exception:\n\n"


def test_a_traceback_is_its_exception_line() -> None:
    text = f"Epoch 1\n{TRACE}RuntimeError: shapes differ\nbye\n"
    assert errors(text) == [(8, "RuntimeError: shapes differ")]


@pytest.mark.parametrize("link", [HANDLING, DIRECT])
def test_a_chain_is_its_cause_and_what_came_of_it(link: str) -> None:
    text = f"{TRACE}KeyError: 'lr'\n{link}{TRACE}ValueError: no rate\n"
    assert errors(text) == [(7, "KeyError: 'lr'; then ValueError: no rate")]


def test_a_routine_exception_is_no_cause() -> None:
    died = "RuntimeError: DataLoader worker (pid(s) 7) exited unexpectedly"
    assert errors(f"{TRACE}_queue.Empty\n{DIRECT}{TRACE}{died}\n") == [(17, died)]


def test_an_exception_that_repeats_its_cause_stands_for_both() -> None:
    text = "FileNotFoundError: {}[Errno 2] No such file or directory: 'a.json'"
    chain = f"{TRACE}{text.format('')}\n{HANDLING}{TRACE}{text.format('CocoDataset: ')}\n"
    assert errors(chain) == [(17, text.format("CocoDataset: "))]


def test_a_stop_by_hand_stays_one_whatever_fails_after_it() -> None:
    text = f"{TRACE}KeyboardInterrupt\n{HANDLING}{TRACE}BrokenPipeError: [Errno 32]\n"
    assert kinds(text) == ["interrupted"]


def test_two_tracebacks_without_a_link_are_two() -> None:
    text = f"{TRACE}KeyError: 1\nwent on\n{TRACE}ValueError: 2\n"
    assert [text for _, text in errors(text)] == ["KeyError: 1", "ValueError: 2"]


def test_the_chain_of_a_rank_is_found_among_the_lines_of_another() -> None:
    def of(rank: int, text: str) -> list[str]:
        return [f"[rank{rank}]: {line}" for line in text.splitlines()]

    chain = f"{TRACE}KeyError: 'lr'\n{HANDLING}{TRACE}ValueError: no rate"
    mixed = [line for pair in zip(of(0, chain), of(1, chain), strict=True) for line in pair]
    assert errors("\n".join(mixed)) == [(13, "KeyError: 'lr'; then ValueError: no rate")]


def test_paddle_tells_its_error_below_the_frames_of_its_other_side() -> None:
    text = (
        f"{TRACE}SystemError: \n\n----------\nC++ Traceback (most recent call last):\n----------\n"
        "0   paddle::memory::allocation::Allocator::Allocate(unsigned long)\n\n----------\n"
        "Error Message Summary:\n----------\nResourceExhaustedError: \n\n"
        "Out of memory error on GPU 0. Cannot allocate 1.531250GB memory on GPU 0\n\nPlease"
    )
    (_, told), *more = errors(text)
    assert told.startswith("ResourceExhaustedError: Out of memory error on GPU 0. Cannot")
    assert [kind for _, kind in more if "GPU 0" not in kind] == []


def test_a_traceback_behind_a_bar_and_an_empty_message_are_read() -> None:
    text = f" 30%|###   | 3/10 [00:01<00:02]{TRACE}AssertionError\n"
    assert errors(text) == [(7, "AssertionError")]


def test_a_message_that_starts_on_the_next_line_is_kept() -> None:
    text = f"{TRACE}RuntimeError: Error(s) in loading state_dict for Net:\n\tMissing key(s): x\n"
    assert errors(text)[0][1].endswith("for Net: Missing key(s): x")


def test_ranks_that_fail_alike_count_once_and_their_lines_do_not_mix() -> None:
    zero = [f"[rank0]: {line}" for line in TRACE.splitlines()]
    one = [f"[rank1]: {line}" for line in TRACE.splitlines()]
    mixed = [line for pair in zip(zero, one, strict=True) for line in pair]
    mixed += ["[rank1]: RuntimeError: rank 1 is out", "[rank0]: RuntimeError: rank 0 is out"]
    assert errors("\n".join(mixed)) == [(13, "RuntimeError: rank 1 is out")]


def test_the_launchers_report_is_left_out_where_the_error_is_known() -> None:
    child = "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: "
    report = f"{TRACE}{child}\n=====\ntrain.py FAILED\n  exitcode  : -9 (pid: 7)\n"
    assert errors(f"{TRACE}KeyError: 3\n{report}") == [(7, "KeyError: 3")]
    alone = told(report)
    assert alone[0].text.endswith("exitcode -9")
    assert told_status(alone) == (Status.KILLED, f"train.log:7 says {alone[0].text}")


def test_every_line_of_a_traceback_may_bear_a_loggers_prefix() -> None:
    lines = [f"2026-01-05 14:31:02,101 - root - ERROR - {line}" for line in TRACE.splitlines()]
    lines.append("2026-01-05 14:31:02,102 - root - ERROR - ValueError: bad")
    assert errors("\n".join(lines)) == [(7, "ValueError: bad")]


def test_an_ignored_exception_is_no_error() -> None:
    text = f"Exception ignored in: <function Pool.__del__ at 0x1>\n{TRACE}OSError: closed\n"
    assert errors(text) == []


def test_the_worker_s_own_traceback_is_the_cause() -> None:
    text = (
        f"{TRACE}KeyError: Caught KeyError in DataLoader worker process 0.\nOriginal {TRACE}"
        "KeyError: 'boxes'\n"
    )
    assert errors(text) == [(14, "KeyError: 'boxes'")]


@pytest.mark.parametrize(
    "line",
    [
        "Killed",
        "./run.sh: line 5: 12345 Killed                  python train.py",
        "slurmstepd: error: *** JOB 27 ON n1 CANCELLED AT 2026-07-05T02:42:53 DUE TO TIME LIMIT",
        "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=27.0.",
    ],
)
def test_a_kill_is_an_error_and_the_run_was_killed(line: str) -> None:
    events = told(f"Epoch 3\n{line}\n")
    assert [(e.kind, e.line) for e in events] == [("error", 2)]
    assert (told_status(events) or ("",))[0] is Status.KILLED


@pytest.mark.parametrize(
    "line",
    [
        "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "E tensorflow: OOM when allocating tensor with shape[64,1]",
        "OSError: [Errno 28] No space left on device",
        "cp: error writing 'a': Disk quota exceeded",
        "Bus error (core dumped)",
        "Segmentation fault (core dumped)",
        "train.py: error: unrecognized arguments: --lrr",
        "Loss is nan, stopping training",
        "SyntaxError: invalid syntax",
    ],
)
def test_errors_without_a_traceback(line: str) -> None:
    assert errors(f"a\n{line}\n") == [(2, line)]


@pytest.mark.parametrize(
    "line",
    [
        "UserWarning: an error: this may lead to CUDA out of memory",
        "WARNING CUDA out of memory with batch 64, retrying with 32",
        "Epoch 1 train error: 0.5, test error: 0.6",
        "Mean squared error: 0.5",
        "EarlyStopping counter: 3 out of 7",
        "early_stopping: True",
        "Early stopping patience: 10",
        "early_stopping_patience=5",
        "Training finished epoch 3",
        "Saving results to out.csv",
        "Fold 1 accuracy: 0.91",
        "Starting training epoch 7",
        "fold: 0.5",
        "python main.py --epochs 6 --save model.pt",
    ],
)
def test_lines_that_tell_nothing(line: str) -> None:
    assert kinds(line) == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Epoch 00018: early stopping", "stopped"),
        ("Early stopping triggered after 12 epochs", "stopped"),
        ("Early stopping!", "stopped"),
        ("Monitored metric val_loss did not improve. Signaling Trainer to stop.", "stopped"),
        ("Stopping training early as no improvement observed in last 50 epochs.", "stopped"),
        ("触发早停机制", "stopped"),
        ("Training completed in 2h 3m", "ended"),
        ("Finished Training", "ended"),
        ("Training complete!", "ended"),
        ("`Trainer.fit` stopped: `max_epochs=10` reached.", "ended"),
        ("训练完成", "ended"),
        ("***** Running training *****", "started"),
        ("Start training", "started"),
        ("2026-01-05 10:00:00,000 - INFO - Training started", "started"),
        ("Fold 1/5", "fold"),
        ("=== Fold 3 ===", "fold"),
        ("第 2 折", "fold"),
        ("Saving model checkpoint to out/checkpoint-500", "saved"),
        ("Checkpoint saved: epoch_3.pth", "saved"),
        ("Epoch 1: val_loss improved from inf to 0.3, saving model to best.h5", "best"),
        ("New best model saved!", "best"),
        ("KeyboardInterrupt", "interrupted"),
    ],
)
def test_lines_that_tell_something(line: str, kind: str) -> None:
    assert kinds(line) == [kind]


def test_the_last_word_of_the_last_start_is_the_status() -> None:
    crash = f"Start training\n{TRACE}ValueError: bad\n"
    assert told_status(told(crash)) == (Status.FAILED, "train.log:8 says ValueError: bad")
    assert told_status(told(f"{crash}Start training\n")) is None
    assert (told_status(told(f"{crash}Start training\nTraining finished\n")) or ("",))[0] is (
        Status.FINISHED
    )
    assert (told_status(told(f"{TRACE}KeyboardInterrupt\n")) or ("",))[0] is Status.INTERRUPTED


@given(st.integers(0, 220))
def test_a_traceback_may_span_two_blocks(cut: int) -> None:
    text = f"Epoch 1\nfine\n{TRACE}RuntimeError: shapes differ\nnext\n"
    lines = text.splitlines(keepends=True)
    at = min(cut % (len(lines) + 1), len(lines))
    scan = EventScan("train.log")
    scan.add(Block("".join(lines[:at]).encode(), 1))
    scan.add(Block("".join(lines[at:]).encode(), at + 1))
    assert [(e.line, e.text) for e in scan.finish()] == [(9, "RuntimeError: shapes differ")]


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode()))
def test_any_bytes_are_scanned(data: bytes) -> None:
    for event in scan_events(Block(data + b"\nTraceback (most recent call last):" + data, 1), "f"):
        assert 1 <= event.line <= data.count(b"\n") * 2 + 2
