"""What people print beside numbers: words of other languages, names of metrics, what is none."""

from __future__ import annotations

import re

from analyzer.reading.names import Split

TRANSLATIONS: tuple[tuple[str, str], ...] = (
    *(("学习率", " lr "), ("學習率", " lr "), ("学習率", " lr "), ("학습률", " lr ")),
    *(("训练轮", "epoch"), ("轮次", "epoch"), ("轮数", "epochs"), ("周期", "epoch")),
    *(("エポック", "epoch"), ("에포크", "epoch"), ("에폭", "epoch"), ("эпоха", "epoch")),
    *(("迭代", "iter"), ("步数", "step"), ("步", "step"), ("스텝", "step"), ("ステップ", "step")),
    *(("训练集", " train "), ("验证集", " val "), ("测试集", " test ")),
    *(("训练", " train "), ("訓練", " train "), ("훈련", " train "), ("학습", " train ")),
    *(("学習", " train "), ("обучение", " train ")),
    *(("验证", " val "), ("驗證", " val "), ("検証", " val "), ("검증", " val ")),
    *(("валидация", " val "), ("测试", " test "), ("測試", " test "), ("テスト", " test ")),
    *(("테스트", " test "), ("评估", " val "), ("평가", " val ")),
    *(("损失", " loss "), ("損失", " loss "), ("손실", " loss "), ("потери", " loss ")),
    *(("pérdida", " loss "), ("perte", " loss "), ("perda", " loss "), ("verlust", " loss ")),
    *(("精确率", " precision "), ("查准率", " precision "), ("정밀도", " precision ")),
    *(("適合率", " precision "), ("召回率", " recall "), ("재현율", " recall ")),
    *(("再現率", " recall "), ("准确率", " accuracy "), ("準確率", " accuracy ")),
    *(("正确率", " accuracy "), ("精度", " accuracy "), ("正解率", " accuracy ")),
    *(("정확도", " accuracy "), ("точность", " accuracy "), ("平均", " avg "), ("최고", "best")),
    *(("最佳", "best"), ("最优", "best"), ("最好", "best"), ("最高", "best"), ("最終", "final")),
    *(("最终", "final"), ("耗时", " time "), ("用时", " time "), ("：", ": "), ("，", ", ")),
    *(("（", " ("), ("）", ") "), ("｜", "|"), ("＝", "=")),
)
"""Applied in this order, to lower-case text for words of the last kind of scripts."""

_ORDINAL = re.compile(r"第\s*:?\s*[\[(]?\s*$")
_ROUND = re.compile(r"^\s*(?:轮|회|个\s*epochs?)")

SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn", "tr"), "train"),
    **dict.fromkeys(
        ("val", "valid", "vali", "validation", "validating", "validate", "dev", "test", "testing"),
        "val",
    ),
    **dict.fromkeys(("eval", "evaluation", "evaluating"), "val"),
}
"""Words that say of which data a value is."""

KNOWN = frozenset(
    {
        *("loss", "acc", "accuracy", "f1", "precision", "prec", "recall", "iou", "miou", "dice"),
        *("auc", "auroc", "map", "ap", "bleu", "rouge", "wer", "cer", "psnr", "ssim", "mae"),
        *("mse", "rmse", "mape", "ppl", "perplexity", "top", "kappa", "hmean", "err", "error"),
        *("fid", "nll", "bpc", "bpb", "dsc", "jaccard", "sensitivity", "specificity", "mcc"),
        *("ndcg", "mrr", "epe", "elbo", "bce", "reward", "return", "logloss", "fscore", "oa"),
        *("pck", "aacc", "macc", "lpips", "score", "fmeasure", "losses", "rec", "aupr", "auprc"),
        *("cost", "objective", "iu", "meaniu", "meaniou"),
    }
)
"""Words of which a name must hold one to be a loss or a metric beyond doubt."""

JUDGED = frozenset(
    {
        *("f1", "precision", "recall", "iou", "miou", "dice", "map", "ap", "bleu", "wer", "cer"),
        *("hmean", "fscore", "psnr", "ssim", "auc", "kappa", "sensitivity", "specificity", "pck"),
        *("iu", "meaniu", "meaniou", "p", "r", "prec", "fmeasure", "rouge", "mcc", "ndcg", "mrr"),
    }
)
"""Metrics that are printed of a validation, where nothing says of which data they are."""

NO_CURVE = frozenset(
    {
        *("best", "min", "max", "lowest", "highest", "patience", "counter", "threshold", "delta"),
        *("previous", "prev", "target", "eta", "elapsed", "remaining", "memory", "mem", "gpu"),
        *("size", "samples", "speed", "sec", "seconds", "second", "minutes", "hours", "runtime"),
        *("total_flos", "flos", "params", "parameters", "bs", "seed", "version", "pid", "rank"),
        *("num", "v_num", "number", "workers", "port", "line", "id", "job", "fps", "it", "cuda"),
        *("from", "to", "by", "at", "after", "until", "count", "counts", "ratio", "per", "std"),
        *("as", "len", "length", "data", "time", "hour", "minute", "images", "image", "batch"),
        *("batches", "epochs", "steps", "fold", "trial", "iters", "tokens", "date"),
    }
)
"""Words of names that are no curve: bests, counts, sizes, clocks."""


def translated(text: str) -> str:
    """``text`` with the words of other languages as English ones."""
    if text.isascii():
        return text
    for word, english in TRANSLATIONS:
        text = text.replace(word, english)
    return _ROUND.sub(" ", _ORDINAL.sub(" epoch ", text))


_SECTION_FILLERS = frozenset(
    {
        *("phase", "mode", "set", "results", "metrics", "on", "the", "model", "loop", "stage"),
        *("data", "error", "performance", "epoch", "at", "for", "after", "of", "in"),
    }
)


def section_of(line: bytes) -> Split | None:
    """What a heading without numbers says that the lines below it are about; None for others."""
    words = re.findall(r"[a-z]+", translated(line.decode("utf-8", "replace").lower()))
    named = [SPLITS[word] for word in words if word in SPLITS]
    rest = [word for word in words if word not in SPLITS and word not in _SECTION_FILLERS]
    return named[0] if len(named) == 1 and not rest else None
