"""Train a text detector: from a config to a run directory.

    python -m trainer.train --config trainer/configs/det_tiny.yaml

This is the command line; ``fit`` has the epochs.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from analyzer.errors import UsageError
from trainer.door import SETTINGS, enter, looks_on

PROGRAM = "python -m trainer.train"
KEYS = {
    "train_data_dir": "data.train_dir",
    "batch_size": "data.batch_size",
    "epochs": "train.epochs",
    "lr": "optimizer.lr",
    "freeze_backbone": "train.freeze_backbone",
    "use_gpu": "train.device",
    "output_dir": "output.root",
}
"""What the documented flags are in the config."""


@click.command(context_settings=SETTINGS)
@click.option("--config", type=click.Path(path_type=Path), help="The YAML file with the settings.")
@click.option(
    "--set",
    "sets",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change one setting, such as optimizer.lr=1e-3. May be given often; wins over the rest.",
)
@click.option("--train_data_dir", metavar="DIR", help="Same as --set data.train_dir=DIR.")
@click.option("--batch_size", metavar="N", help="Same as --set data.batch_size=N.")
@click.option("--epochs", metavar="N", help="Same as --set train.epochs=N.")
@click.option("--lr", metavar="RATE", help="Same as --set optimizer.lr=RATE.")
@click.option(
    "--freeze_backbone", metavar="True|False", help="Same as --set train.freeze_backbone=true."
)
@click.option(
    "--use_gpu",
    metavar="True|False",
    help="False: train on the CPU, same as --set train.device=cpu; True: on a GPU or not at all; "
    "left out: on a GPU where there is one.",
)
@click.option("--output_dir", metavar="DIR", help="Same as --set output.root=DIR.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    help="Go on with a run, in place: its directory, or one of its epoch_N.pth.",
)
@click.option("--no-preflight", is_flag=True, help="Do not check the data set first.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.pass_obj
def cli(
    arguments: list[str],
    config: Path | None,
    sets: tuple[str, ...],
    resume: Path | None,
    **options: Any,
) -> None:
    """Train a text detector on an ICDAR2015 folder and write a run directory.

    A first run, on rendered data, in about a minute on a CPU:

    \b
      python -m trainer.train --config trainer/configs/det_tiny.yaml
      python -m analyzer report workdirs/latest

    On your own data (a folder with train_list.txt, train_images/, train_gts/ and the same with
    test_), from torchvision's pretrained weights:

    \b
      python -m trainer.train --config trainer/configs/det_resnet18.yaml --train_data_dir my_data

    If --train_data_dir is given and the config has one folder for both lists, the test list is
    read from DIR too.

    The data set is checked first, as by python -m analyzer dataset; --no-preflight trains without.
    Errors in it stop the training before anything is written, warnings are logged. A resume checks
    again only where the data changed.

    Every run gets a new folder workdirs/exp_YYYYMMDDHHMMSS with its weights, log, metrics and the
    settings that were really used; workdirs/latest leads to the newest. The path of the run is
    printed at the end.

    On few images, train the head first and then the whole net, with stages in the config:

    \b
      stages: [{epochs: 10, freeze_backbone: true, lr: 0.01}, {epochs: 20, lr: 0.001}]

    ^C ends a training after the step under way and saves it; a second one ends it at once.
    Go on after an interruption, or train longer:

    \b
      python -m trainer.train --resume workdirs/latest
      python -m trainer.train --resume workdirs/latest --epochs 20

    Exit codes: 0 trained; 1 the training failed (memory, disk, a broken image, a loss of NaN);
    2 it could not be started as asked, by the settings or the data; 130 interrupted. What went
    wrong stands in one sentence on the terminal, and in the ERROR line of logs/train.log above
    the traceback.
    """
    check = not options.pop("no_preflight")
    show = not options.pop("no_progress") and sys.stderr.isatty()
    typed = {name: str(value) for name, value in options.items() if value is not None}
    command = ["python", "-m", "trainer.train", *arguments]
    _done(_run(config, sets, resume, typed, command=command, show=show, check=check))


def _done(path: Path) -> None:
    """Say where the run is; several processes part from each other."""
    from trainer import distributed

    if not looks_on():
        click.echo(path)
    distributed.leave()


def _run(
    config: Path | None,
    sets: Sequence[str],
    resume: Path | None,
    typed: Mapping[str, str],
    *,
    command: Sequence[str],
    show: bool,
    check: bool,
) -> Path:
    """Start or go on; the imports are here so that --help and a missing extra need no torch."""
    from trainer.configfile import load_config, parse_flag, parse_set
    from trainer.resume import resume_run
    from trainer.start import new_run

    flags = [parse_flag(name, KEYS[name], text) for name, text in typed.items()]
    overrides = [*flags, *(parse_set(text) for text in sets)]
    if resume is not None:
        if config is not None:
            raise UsageError("--resume goes on with the settings of its run; leave out --config")
        return resume_run(resume, overrides, command=command, show=show, check=check)
    if config is None:
        raise UsageError(
            "no settings: name a file with --config, such as trainer/configs/det_tiny.yaml"
        )
    if "train_data_dir" in typed and load_config(config).data.same_folder:
        overrides.insert(0, parse_flag("train_data_dir", "data.test_dir", typed["train_data_dir"]))
    # Only the config's own folder is rendered: a misspelt one must not become synthetic data.
    named = any(item.key == "data.train_dir" for item in overrides) and not any(
        item.key.startswith("data.synth") for item in overrides
    )
    settings = load_config(config, overrides)
    return new_run(settings, command=command, show=show, may_render=not named, check=check)


def main(arguments: Sequence[str]) -> int:
    """Train as the arguments ask for; returns the exit code."""
    return enter(cli, PROGRAM, arguments, "Training")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
