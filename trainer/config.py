"""The settings of a training run: what they are, may be, and are by default.

Every key of ``config.yaml`` is a field below, with its default and what it may be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from trainer.augment import AugmentConfig
from trainer.settings import Range, plain
from trainer.stage_settings import (
    Count,
    Mode,
    Monitored,
    Positive,
    SchedulerConfig,
    StageConfig,
    Weight,
    direction,
    ending_open,
)

Share = Annotated[float, Range(low=0, high=1)]
Side = Annotated[int, Range(low=64, high=4096, step=32)]


@dataclass(frozen=True)
class ModelConfig:
    """The network."""

    name: Literal["resnet18_fpn_dbhead"] = "resnet18_fpn_dbhead"
    pretrained: bool | str = True
    """true: torchvision's ImageNet weights; false: from random; a path: a local state dict, of a
    ResNet-18, of this trainer, or of a DB detector where fpn_channels is 256"""
    fpn_channels: Annotated[int, Range(low=16, high=1024, step=4)] = 96
    """of the feature pyramid; 256, that of the published models, costs half as much again"""

    def __post_init__(self) -> None:
        if self.pretrained in ("", "yes", "no", "on", "off"):
            raise ValueError(
                f"pretrained is '{self.pretrained}'; "
                "allowed: true, false or the path of a weight file"
            )


@dataclass(frozen=True)
class SynthConfig:
    """A rendered data set, made in ``data.train_dir`` where that does not exist yet."""

    train: Count = 200
    test: Count = 50
    size: Annotated[int, Range(low=64, high=4096)] = 320
    seed: Annotated[int, Range(low=0)] = 0


@dataclass(frozen=True)
class DataConfig:
    """ICDAR2015 folders; ``train_dir`` and ``test_dir`` may be the same."""

    train_dir: str = "custom_data"
    test_dir: str = "custom_data"
    input_size: Side | tuple[Side, Side] = 800
    """side of the square input in pixels; [800, 800] means the same"""
    batch_size: Count = 8
    synth: SynthConfig | None = None

    def __post_init__(self) -> None:
        if isinstance(self.input_size, tuple):
            height, width = self.input_size
            if height != width:
                raise ValueError(
                    f"input_size is [{height}, {width}]; the input is square, "
                    "so write one side such as 800"
                )
            object.__setattr__(self, "input_size", height)
        if self.synth is not None and not self.same_folder:
            raise ValueError(
                "synth renders both lists into one folder, but train_dir is "
                f"'{self.train_dir}' and test_dir is '{self.test_dir}'; "
                "name the same folder or set synth to null"
            )

    @property
    def same_folder(self) -> bool:
        """Whether one folder holds both lists."""
        return self.train_dir == self.test_dir

    @property
    def side(self) -> int:
        """The side of the square input, in pixels."""
        return self.input_size if isinstance(self.input_size, int) else self.input_size[0]


@dataclass(frozen=True)
class LossConfig:
    """Weights of the three parts of the loss, as in the DB paper."""

    shrink: Weight = 5.0
    binary: Weight = 1.0
    threshold: Weight = 10.0
    negative_ratio: Positive = 3.0
    """background pixels that count for each text pixel, the hardest first"""
    focal_gamma: Annotated[float, Range(low=0, high=10)] | None = None
    """a number makes ``shrink`` a focal loss over all pixels, smaller by far: 2 wants shrink: 10
    or more; null: cross entropy over the hardest"""
    focal_alpha: Share = 0.5
    """share of the text pixels in the focal loss, the rest being that of the background"""
    weighting: Literal["fixed", "positives"] = "fixed"
    """positives: binary and threshold count less in a batch with little text, whose mean over few
    pixels is noise"""

    def __post_init__(self) -> None:
        if self.shrink == self.binary == self.threshold == 0:
            raise ValueError("shrink, binary and threshold are all 0; nothing would be learnt")


@dataclass(frozen=True)
class OptimizerConfig:
    """The rule that changes the weights."""

    type: Literal["SGD", "Adam", "AdamW"] = "SGD"
    lr: Positive = 0.007
    momentum: Annotated[float, Range(low=0, below=1)] = 0.9
    """of SGD; the first beta of Adam and AdamW"""
    weight_decay: Weight = 0.0001
    """spares biases and batch norms"""


@dataclass(frozen=True)
class EarlyStoppingConfig:
    """When to end early, by ``checkpoint.monitor``; of several stages only the last one can."""

    patience: Count = 10
    """epochs without a better value after which the training ends"""
    min_delta: Weight = 0.0
    """a value that is not better by more than this is no better"""


@dataclass(frozen=True)
class TrainConfig:
    """The loop."""

    epochs: Count = 5
    """where ``stages`` say how many they have, this is their sum"""
    freeze_backbone: bool = False
    """leave the backbone as it is, weights and batch norms: only pyramid and head are trained"""
    seed: Annotated[int, Range(low=0, high=2**32 - 1)] = 0
    num_workers: Annotated[int, Range(low=0, high=64)] = 0
    """processes that load data; 0 loads in the training process, right for few cores"""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """auto: bf16 where the hardware is faster in it, else fp32; fp16 is for GPUs without it"""
    compile: bool = False
    """let PyTorch compile the model, which takes a minute at the start and a C++ compiler"""
    threads: Count | None = None
    """cores to compute on; null: those that are idle at the start"""
    accumulate: Count = 1
    """batches whose gradients add up to one step, as those of one batch larger by that factor"""
    halve_on_oom: bool = False
    """where memory runs out in a step, go on with more batches of half the size"""
    grad_clip: Positive | None = 5.0
    """largest gradient norm; null: no clipping"""
    ema: Annotated[float, Range(above=0, below=1)] | None = None
    """how much of the running mean of the weights stays at each update, such as 0.999; where it
    is set, that mean is validated and is what others load; null: none is kept"""
    early_stopping: EarlyStoppingConfig | None = None
    """when to end before ``epochs``; null: never"""
    log_every: Count = 10
    """steps between two lines of steps.jsonl"""
    on_nonfinite: Literal["stop", "continue"] = "stop"
    """when the loss is NaN or inf"""


@dataclass(frozen=True)
class ValidateConfig:
    """How maps become boxes."""

    threshold: Share = 0.3
    """a pixel above it is text"""
    box_threshold: Share = 0.5
    """a box whose mean probability is below it is dropped"""
    unclip_ratio: Positive = 1.5
    """how far the shrunk boxes grow back"""
    min_side: Weight = 3.0
    """a region whose short side is below this many pixels of the input is dropped"""
    max_candidates: Count = 1000
    """the largest regions that are looked at, as an untrained model lights up everywhere"""


@dataclass(frozen=True)
class CheckpointConfig:
    """Which weights are kept."""

    every: Count = 1
    """epochs between two epoch_N.pth; the last epoch is always saved"""
    keep: Count | None = None
    """the newest epoch_N.pth that stay; null: all"""
    monitor: Monitored = "val_f1"
    """what best.pth is best in"""
    mode: Mode = "auto"
    """whether more or less of it is better; auto: less of a loss, more of all else"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", direction(self.monitor, self.mode))


@dataclass(frozen=True)
class OutputConfig:
    """Where runs go."""

    root: str = "workdirs"


@dataclass(frozen=True)
class Config:
    """All settings of a run."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    scheduler: SchedulerConfig = field(default_factory=SchedulerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    validate: ValidateConfig = field(default_factory=ValidateConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    output: OutputConfig = field(default_factory=OutputConfig)
    stages: tuple[StageConfig, ...] = ()
    """what is trained one after the other; none: one stage with the settings above"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", ending_open(self.stages, self.train.epochs))

    def plain(self) -> dict[str, Any]:
        """The mapping for ``config.yaml``, every default written out; it loads back the same."""
        mapping: dict[str, Any] = plain(self)
        return mapping
