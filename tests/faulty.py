"""Trainings that really fail, one way each: ``python tests/faulty.py FOLDER [FAULT...]``.

A small program trains on an ICDAR2015 folder as people write it, and each fault meets it for real:
a broken label, a limit of the system, a signal, a full disk. PyTorch is imported once; each fault
gets a process of its own by fork, whose output goes to ``FOLDER/FAULT/train.out``.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import cv2
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.launcher.api import LaunchConfig, elastic_launch
from torch.utils.data import DataLoader, Dataset

from analyzer.formats.workdir import RunWriter
from trainer.detection.dataset import DetectionDataset
from trainer.synth import render_dataset
from trainer.train import main as train_detector

CONFIG = """
model: {pretrained: false, fpn_channels: 16}
data: {train_dir: data, test_dir: data, input_size: 64, batch_size: 4}
optimizer: {lr: 0.01}
train: {epochs: 3, device: cpu, precision: fp32, threads: 1, log_every: 1}
"""
MEGABYTE = 1 << 20
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000


class Words(Dataset):
    """Boxes of one image, read as many programs read them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pairs = [line.split() for line in (root / "train_list.txt").read_text().splitlines()]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> torch.Tensor:
        image, label = self.pairs[index]
        size = len((self.root / image).read_bytes())
        fields = (self.root / label).read_text().splitlines()[0].split(",")
        box = [float(fields[place]) for place in range(8)]
        return torch.tensor([*box, size]) / 1e4


def train(root: Path, *, workers: int = 0, data: Dataset | None = None) -> None:
    """Three epochs of next to nothing."""
    print("Starting training...", flush=True)
    loader = DataLoader(data or Words(root), batch_size=2, num_workers=workers)
    model = nn.Linear(9, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for epoch in range(1, 4):
        for batch in loader:
            loss = model(batch.reshape(len(batch), -1)[:, :9]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"Epoch [{epoch}/3], Train Loss: {loss.item():.4f}", flush=True)
    torch.save(model.state_dict(), "model.pth")


def dataset() -> Path:
    """Four images with one word each, in the working folder."""
    root = Path("data")
    for name in ("train_images", "train_gts"):
        (root / name).mkdir(parents=True)
    for number in range(1, 5):
        (root / f"train_images/{number}.jpg").write_bytes(b"\xff\xd8" + bytes(100))
        (root / f"train_gts/{number}.txt").write_text("0,0,9,0,9,9,0,9,word\n")
    lines = (f"train_images/{n}.jpg train_gts/{n}.txt\n" for n in range(1, 5))
    (root / "train_list.txt").write_text("".join(lines))
    return root


def missing_image() -> None:
    root = dataset()
    (root / "train_images/3.jpg").unlink()
    train(root, workers=1)


def label_word() -> None:
    root = dataset()
    (root / "train_gts/2.txt").write_text("0,0,9,abc,9,9,0,9,word\n")
    train(root)


def label_mark() -> None:
    root = dataset()
    (root / "train_gts/2.txt").write_text("\ufeff0,0,9,0,9,9,0,9,word\n")
    train(root)


def label_short() -> None:
    root = dataset()
    (root / "train_gts/4.txt").write_text("0,0,9,0,9,9\n")
    train(root, workers=1)


def unknown_character() -> None:
    """A recogniser: its log is a documented one, and its traceback went to stderr alone."""
    Path("config.yaml").write_text("model: {name: CRNN-CTC}\ntrain: {epochs: 3}\n")
    Path("train.log").write_text(
        "[2026-01-05 14:30:25] INFO Epoch [1/3], LR: 0.001000\n"
        "[2026-01-05 14:31:25] INFO Train Loss: 8.511 | Time: 0.43s/iter\n"
    )
    places = {character: place for place, character in enumerate("abcdefghijklmnop")}
    [places[character] for character in "café"]


def main_memory() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 256 * MEGABYTE,) * 2)
    train(dataset(), data=_Large())


class _Large(Dataset):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.zeros(300 * MEGABYTE)


def killed() -> None:
    """A shell says that the system killed its child."""
    program = "print('Epoch 1/9 loss: 0.7', flush=True); import os; os.kill(os.getpid(), 9)"
    Path("train.py").write_text(program)
    subprocess.run(["bash", "-c", f"{sys.executable} -S train.py; true"], check=True)


def worker_killed() -> None:
    train(dataset(), workers=1, data=_Deadly(signal.SIGKILL))


class _Deadly(Dataset):
    def __init__(self, number: int) -> None:
        self.number = number

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> torch.Tensor:
        os.kill(os.getpid(), self.number)
        time.sleep(9)
        return torch.zeros(9)


def no_shared_memory() -> None:
    """A container with 64 kB of it; where none can be mounted, the signal that this sends."""
    if _mounted("/dev/shm", "64k"):
        train(dataset(), workers=1, data=_Wide())
    else:
        train(dataset(), workers=1, data=_Deadly(signal.SIGBUS))


class _Wide(Dataset):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.ones(MEGABYTE)


def no_gpu() -> None:
    nn.Linear(2, 2).cuda()
    train(dataset())


def no_master() -> None:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        master = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    print("Starting training...", flush=True)
    wait = timedelta(seconds=1)
    dist.init_process_group("gloo", master, rank=1, world_size=2, timeout=wait)


def lost_rank() -> None:
    """The second rank leaves before the first collective."""
    print("Starting training...", flush=True)
    store = f"file://{Path('store').absolute()}"
    rank = 0 if (child := os.fork()) else 1
    dist.init_process_group("gloo", store, rank=rank, world_size=2, timeout=timedelta(seconds=1))
    if rank == 1:
        time.sleep(1.5)
        os._exit(0)
    try:
        dist.all_reduce(torch.ones(1))
    finally:
        os.kill(child, signal.SIGKILL)


def ranks_fail() -> None:
    """A launcher of two ranks that meet the same broken label; both write into one file."""
    root = dataset()
    (root / "train_gts/1.txt").write_text("0,0,9,abc,9,9,0,9,word\n")
    settings = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=2, rdzv_backend="c10d", start_method="fork",
        rdzv_endpoint="localhost:0", monitor_interval=0.1, run_id="a",
    )  # fmt: skip
    elastic_launch(settings, _rank)(root)


def _rank(root: Path) -> None:
    try:
        train(root)
    except ValueError:
        sys.excepthook(*sys.exc_info())
        raise


def cut_weights() -> None:
    torch.save(nn.Linear(99_999, 9).state_dict(), "start.pth")
    os.truncate("start.pth", 2_000_000)
    print("Starting training...", flush=True)
    torch.load("start.pth")


def other_weights() -> None:
    torch.save(nn.Linear(9, 37).state_dict(), "start.pth")
    print("Starting training...", flush=True)
    nn.Linear(9, 95).load_state_dict(torch.load("start.pth"))


def missing_weights() -> None:
    print("Starting training...", flush=True)
    torch.load("resnet18.pth")


def chained() -> None:
    print("Starting training...", flush=True)
    try:
        {"train": 1}["val"]
    except KeyError as error:
        raise RuntimeError("the loader could not be made") from error


def stopped_by_hand() -> None:
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    train(dataset(), data=_Slow())


class _Slow(Words):
    def __init__(self) -> None:
        super().__init__(Path("data"))

    def __getitem__(self, index: int) -> torch.Tensor:
        time.sleep(0.05)
        return super().__getitem__(index)


def detector(*settings: str) -> None:
    """Our own trainer, on rendered images."""
    render_dataset(Path("data"), train=8, test=2, size=64)
    sys.exit(_train_detector([word for setting in settings for word in ("--set", setting)]))


def _train_detector(options: list[str]) -> int:
    Path("c.yaml").write_text(CONFIG)
    return train_detector(["--config", "c.yaml", *options])


def unsaved() -> None:
    """A program that swallows what goes wrong when it saves, and says that it finished."""
    run = RunWriter.create(
        Path("workdirs"), config={"train": {"epochs": 1}}, command=["train"], info={},
        flags={"train_data_dir": "data", "batch_size": 4, "epochs": 1, "lr": 0.1},
    )  # fmt: skip
    run.epoch_header(1, 1, 0.1)
    try:
        torch.save(nn.Linear(2, 2).state_dict(), "no/such/folder/epoch_1.pth")
    except RuntimeError as error:
        run.log(f"{type(error).__name__}: {error}", "ERROR")
    run.epoch({"epoch": 1, "train_loss": 1.0, "val_f1": 0.7})
    run.finish("finished")


def detector_killed() -> None:
    RunWriter.drop_interrupted = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    detector()


def detector_diverges() -> None:
    detector("optimizer.lr=1e30", "optimizer.type=SGD", "scheduler.warmup_steps=0")


def detector_worker_killed() -> None:
    DetectionDataset.__getitem__ = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    detector("train.num_workers=1")


def detector_out_of_memory() -> None:
    read = DetectionDataset.__getitem__
    hoard = []

    def hungry(self: DetectionDataset, index: int) -> dict[str, object]:
        if not hoard:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + 64 * MEGABYTE,) * 2)
        hoard.append(bytearray(32 * MEGABYTE))
        return read(self, index)

    DetectionDataset.__getitem__ = hungry
    detector()


def detector_broken_image() -> None:
    """A PNG that was cut after its header, which is all that is read before the training."""
    render_dataset(Path("data"), train=8, test=2, size=64)
    image = Path("data/train_images/3.jpg")
    data = cv2.imencode(".png", cv2.imread(str(image)))[1].tobytes()
    image.rename(image.with_suffix(".png")).write_bytes(data[:60])
    names = Path("data/train_list.txt")
    names.write_text(names.read_text().replace("train_images/3.jpg", "train_images/3.png"))
    sys.exit(_train_detector(["--no-preflight"]))


def detector_disk_full() -> None:
    """A small disk; where none can be mounted, a limit on the size of files."""
    outside = Path.cwd()
    Path("disk").mkdir()
    if not _mounted("disk", "400k"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000,) * 2)
    try:
        detector("output.root=disk/workdirs")
    finally:
        shutil.copytree("disk/workdirs", outside / "workdirs", symlinks=True)


def _mounted(place: str, size: str) -> bool:
    """Mount a small tmpfs that only this process sees; False where the system does not let it."""
    libc = ctypes.CDLL(None, use_errno=True)
    group, user = os.getgid(), os.getuid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS):
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError:
        return False
    return libc.mount(b"none", place.encode(), b"tmpfs", 0, f"size={size}".encode()) == 0


FAULTS: dict[str, Callable[[], None]] = {
    fault.__name__: fault
    for fault in (
        *(missing_image, label_word, label_mark, label_short, unknown_character, main_memory),
        *(killed, worker_killed, no_shared_memory, no_gpu, no_master, lost_rank, ranks_fail),
        *(cut_weights, other_weights, missing_weights, chained, stopped_by_hand, unsaved),
        *(
            detector_killed,
            detector_diverges,
            detector_worker_killed,
            detector_out_of_memory,
            detector_broken_image,
            detector_disk_full,
        ),
    )
}


def happen(fault: Callable[[], None], folder: Path) -> None:
    """Let a fault happen in a process of its own; what it prints goes to a file."""
    folder.mkdir()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.chdir(folder)
    output = os.open("train.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    code = 1
    try:
        fault()
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    except BaseException:  # as the interpreter does at the end of a program
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    Path("exit_code").write_text(str(code))
    os._exit(code)


if __name__ == "__main__":
    torch.set_num_threads(1)
    # What PyTorch imports only when it is first used would be imported in each process anew.
    torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0).step()
    for name in sys.argv[2:] or FAULTS:
        happen(FAULTS[name], Path(sys.argv[1]) / name)
