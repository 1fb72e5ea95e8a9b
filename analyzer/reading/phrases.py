"""The words by which logs tell of errors, kills, stops, saves, starts and ends."""

from __future__ import annotations

from typing import NamedTuple


class Phrase(NamedTuple):
    """A line that holds one of ``words`` (lower case) and fits ``pattern`` tells of ``kind``.

    The words are found fast, so they should be rare; the pattern ignores case.
    """

    kind: str
    words: tuple[str, ...]
    pattern: str


_DONE = r"(?:finished|completed?|done|over|ended)\b"

PHRASES: tuple[Phrase, ...] = (
    Phrase(
        "error",
        ("killed", "term_runlimit", "term_memlimit"),
        r"^\s*killed(?:: 9)?\s*$|(?:line \d+|zsh):.{0,40}\bkilled\b|\bjob killed\b"
        r"|srun: error.*killed|^(?:\d+\s+)?\s*killed\s+.*python",
    ),
    Phrase("error", ("cancelled at",), r"\*\*\* (?:job|step) .*cancelled at"),
    Phrase(
        "error",
        ("oom-kill", "oom_kill", "memory limit"),
        r"oom[-_]kill|exceeded (?:job |step )?memory limit",
    ),
    Phrase(
        "error",
        ("out of memory", "oom when allocating", "bad_alloc", "t allocate memory"),
        r"out of memory|oom when allocating|std::bad_alloc|(?:can't|cannot) allocate memory",
    ),
    Phrase(
        "error",
        ("no space left", "quota exceeded"),
        r"no space left on device|disk quota exceeded",
    ),
    Phrase(
        "error",
        ("bus error", "segmentation fault", "core dumped", "fatal python error", "device-side"),
        r"\bbus error\b|segmentation fault|\(core dumped\)|fatal python error"
        r"|cuda error: device-side",
    ),
    Phrase(
        "error",
        ("watchdog caught collective", "nccl error", "paging file is too small"),
        r"watchdog caught collective operation timeout|\bnccl error\b[: ]"
        r"|paging file is too small",
    ),
    Phrase("error", ("cannot be set as true while",), r"config \S+ cannot be set as true while"),
    Phrase(
        "error",
        ("stopping training",),
        r"loss is (?:nan|inf\w*|-inf).{0,20}stopping training",
    ),
    Phrase(
        "error",
        ("error:", "exception:"),
        r"^(?:[a-z_]\w*\.)*[a-z]\w*(?:error|exception): .|^[\w.-]+\.py: error: .",
    ),
    Phrase(
        "weights",
        ("from pretrained weights", "pretrained weights: loaded", "source state_dict: "),
        r"transferred \d+/\d+ items|weights: loaded \d+ of \d+ "
        r"|missing keys in source state_dict: ",
    ),
    Phrase(
        "weights",
        ("not initialized from the model checkpoint", "not matched with loaded params"),
        r"some weights of .* were not initialized|shape of model params .* not matched",
    ),
    Phrase("interrupted", ("keyboardinterrupt",), r"^keyboardinterrupt\b"),
    Phrase(
        "stopped",
        ("early stop", "early-stop", "earlystop", "early_stop"),
        r"early[ _-]?stop\w*\b[^\n]{0,40}?\b(?:trigger\w*|reached|activated|invoked|occurred"
        r"|happened|at (?:epoch|step|iter\w*)|after \d|[oi]n epoch)"
        r"|^(?:\W*epoch \d+:)?\W*(?:do |now )?early[ _-]?stop(?:ping|ped)?\W*$"
        r"|early[ -]?stop(?:ping|ped)?[:!.,]* .*\b(?:no|not|n't) improve",
    ),
    Phrase(
        "stopped",
        ("stopped early", "stopping early", "stopping training early", "trainer to stop"),
        r"^(?!.*\b(?:if|will|may)\b).*\bstop(?:ped|ping)(?: training)? early\b"
        r"|signaling trainer to stop",
    ),
    Phrase(
        "stopped",
        ("早停", "提前停止", "조기 종료", "早期終了"),
        r"(?:触发|启动|执行).{0,6}早停|^\W*早停(?!.*[:：=])|提前停止"
        r"|(?:조기 종료|早期終了)(?!.*[:=])",
    ),
    Phrase(
        "ended",
        tuple(
            f"training {end}"
            for end in (
                "finish",
                "complete",
                "done",
                "over",
                "ended",
                "is ",
                "has ",
                "was ",
                "pro",
            )
        ),
        r"\btraining (?:process )?(?:is |has |was )?(?:been )?(?:successfully )?"
        + _DONE
        + r"(?! epoch)",
    ),
    Phrase(
        "ended",
        (
            *("finished training", "finish training", "completed training", "end of training"),
            *("done training", "finished the training", "trainer.fit", "epochs completed in"),
        ),
        r"^(?!.*\bepoch\b)|`trainer\.fit` stopped|\d+ epochs completed in",
    ),
    Phrase("ended", ("info finished: ",), r"^finished: \S+$"),
    Phrase(
        "ended",
        ("训练完成", "训练结束", "训练完毕", "학습 완료", "학습 종료", "学習完了", "学習終了"),
        r"^(?!.*(?:第 ?\d+ ?轮|epoch))",
    ),
    Phrase(
        "started",
        tuple(
            f"{begin} {what}training"
            for begin in ("start", "starting", "started", "begin", "beginning", "launching")
            for what in ("", "the ", "model ")
        ),
        r"^(?!.*\b(?:epoch|took|time|time:)\b)",
    ),
    Phrase(
        "started",
        ("training start", "training begin", "training began", "training has st", "running train"),
        r"\btraining (?:has )?(?:start(?:s|ed|ing)?|begins?|began)\b(?!.*(?:epoch|time|at))"
        r"|running training \*",
    ),
    Phrase(
        "started",
        ("开始训练", "训练开始", "학습 시작", "学習開始"),
        r"^(?!.*(?:第 ?\d+ ?轮|epoch|时间|시간|時間))",
    ),
    Phrase(
        "fold",
        ("fold",),
        r"^\W*(?:\w+[ :-]+){0,3}?fold\W{0,3}\d+\b(?!\W{0,2}\d*\.\d)"
        r"(?!.*(?:loss|acc|score|auc|mean|: ?0\.))",
    ),
    Phrase("fold", ("折",), r"第 ?\d+ ?折(?!.*0\.\d)"),
    Phrase(
        "saved",
        ("saved", "saving", "save "),
        r"(?<!--)\bsav(?:ed|ing|e)\b.{0,80}?(?:checkpoint|ckpt|\bmodel|weights|snapshot|\.pth?\b"
        r"|\.h5\b|\.keras\b|state_dict)"
        r"|(?:checkpoint|ckpt|\bmodel|weights|snapshot)\b.{0,60}?\b(?:was |has been |is )?saved\b",
    ),
    Phrase(
        "saved",
        ("保存", "저장"),
        r"(?:保存|저장).{0,20}(?:模型|权重|モデル)|(?:模型|权重|モデル|모델).{0,12}(?:保存|저장)",
    ),
    Phrase(
        "best",
        ("new best", "best model", "best checkpoint"),
        r"\bnew best\b|\bbest (?:model|checkpoint)\b.{0,60}\b(?:saved|updated)\b",
    ),
)
"""In order of weight: a line that fits several tells of the first."""
