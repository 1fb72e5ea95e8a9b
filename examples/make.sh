#!/usr/bin/env bash
# Makes examples/workdirs again: small real runs of our own trainer on rendered data, one healthy,
# the others sick in one way each, none edited by hand. Weights are left out of what is committed.
# About five minutes on two CPU cores. PYTHON names the interpreter. The README's pictures of their
# report are made by `python -m examples.screenshots` afterwards, with Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
runs=examples/workdirs
rm -rf "$runs"

# train NAME SETTING...: one run below examples/workdirs/NAME; a failed training is what some are for
train() {
    local name=$1
    shift
    echo "== $name"
    local sets=()
    for setting in "$@"; do sets+=(--set "$setting"); done
    "$python" -m trainer.train --config trainer/configs/det_micro.yaml \
        --output_dir "$runs/$name" --set train.threads=1 --no-progress "${sets[@]}" || true
}

# Few test images and few training images have their own data sets.
few_test=(data.train_dir=data/synth_40_4 data.test_dir=data/synth_40_4
    data.synth="{train: 40, test: 4, size: 96}")
few_train=(data.train_dir=data/synth_8_24 data.test_dir=data/synth_8_24
    data.synth="{train: 8, test: 24, size: 96}")

train healthy train.epochs=16
train nan train.epochs=10 optimizer.type=SGD optimizer.lr=1e5 scheduler.warmup_steps=80 \
    train.grad_clip=null
train flat train.epochs=10 optimizer.type=SGD optimizer.lr=1e-6
train oscillating train.epochs=20 "${few_test[@]}" data.batch_size=2 optimizer.lr=0.01 \
    scheduler.type=Constant
train stale_best train.epochs=12 checkpoint.mode=min
train overfitting train.epochs=70 "${few_train[@]}" data.batch_size=2 optimizer.lr=0.005 \
    scheduler.type=Constant augment.brightness=0 augment.contrast=0 optimizer.weight_decay=0

# Killed with SIGKILL once five of twenty epochs are on disk.
train killed train.epochs=20 &
job=$!
until [ "$(grep -c '"epoch"' "$runs"/killed/exp_*/metrics.json 2>/dev/null)" = 5 ]; do
    kill -0 "$job"
    sleep 0.1
done
kill -KILL "$(sed -n 's/.*"pid": \([0-9]*\).*/\1/p' "$runs"/killed/exp_*/run.json)"
wait

find "$runs" -name '*.pth' -delete
du -sh "$runs"
