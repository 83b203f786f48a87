"""Pretrain the small network of unit 07 on some of the digits, and write its weights and its model card.

    python course/07-finetuning/pretrain.py             writes into mftcourse/weights/
    python course/07-finetuning/pretrain.py somewhere   writes there instead

Run again, it reaches the same accuracy, and on the same machine with the same versions the same file.
On another processor the last bits of a sum may differ, and with them the file.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import nn

from mftcourse.data import load_digits_parts

SEED, EPOCHS, BATCH_SIZE, MAX_LR = 0, 15, 64, 0.01


def block(n_in: int, n_out: int, pool: bool) -> nn.Sequential:
    """A convolution, its BatchNorm and a ReLU; `pool` halves height and width."""
    layers = OrderedDict(
        conv=nn.Conv2d(n_in, n_out, kernel_size=3, padding=1, bias=False), norm=nn.BatchNorm2d(n_out), relu=nn.ReLU()
    )
    if pool:
        layers["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)


class DigitNet(nn.Module):
    """Images (n, 1, 8, 8) in, logits (n, n_classes) out: a body that makes 128 features, and a head."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            OrderedDict(
                block1=block(1, 8, pool=False),
                block2=block(8, 16, pool=True),
                block3=block(16, 32, pool=True),
                flatten=nn.Flatten(),
                dropout=nn.Dropout(0.2),
            )
        )
        self.head = nn.Linear(128, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


def shifted(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return the images moved by up to one pixel each way: the only augmentation."""
    dx, dy = torch.randint(0, 3, (2,), generator=generator).tolist()
    return F.pad(images, (1, 1, 1, 1))[:, :, dy : dy + 8, dx : dx + 8]


def pretrain() -> DigitNet:
    """Return the network, trained from random weights."""
    images, labels = load_digits_parts()["source"]
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    net = DigitNet(10).train()
    optimizer = torch.optim.Adam(net.parameters())
    steps = EPOCHS * -(-len(images) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, MAX_LR, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images), generator=generator).split(BATCH_SIZE):
            optimizer.zero_grad()
            F.cross_entropy(net(shifted(images[batch], generator)), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def right(net: DigitNet, images: torch.Tensor, labels: torch.Tensor) -> int:
    """Return how many of the images the network names rightly."""
    with torch.no_grad():
        return int((net(images).argmax(dim=1) == labels).sum())


CARD = """\
# Model card: digits-cnn

A small convolutional network that names handwritten digits. It exists to be fine-tuned in unit 07.

| | |
|---|---|
| file | `digits-cnn.safetensors`, {size} bytes |
| SHA-256 | `{sha256}` |
| architecture | `DigitNet(10)`: three blocks of convolution, BatchNorm, ReLU; a linear head |
| size | {parameters} parameters |
| input | float32 (n, 1, 8, 8), grey values from 0 (paper) to 1 (ink) |
| output | float32 (n, 10), one logit a digit |
| data | {n_source} images of the digits of scikit-learn (part "source" of `load_digits_parts`) |
| recipe | Adam, one cycle up to a learning rate of {max_lr}, {epochs} epochs, batches of {batch_size} |
| augmentation | shifts by up to one pixel |
| seed, version | {seed}, PyTorch {torch} |
| result | {right} of {n_old} held-out images right (part "old") |
| made by | `course/07-finetuning/pretrain.py` |
| licence | CC BY 4.0, as the data |
| source of the data | E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998 |

**Meant for** teaching. **Not meant for** reading digits in earnest: the images have eight by eight pixels, come
from 13 writers, and writers are shared between the parts, so a new writer will be read less well.
"""


def main(folder: Path) -> dict[str, int | str]:
    """Train, write the two files into `folder`, and return what the card says of the result."""
    torch.set_num_threads(1)  # the order of additions is part of the recipe
    torch.use_deterministic_algorithms(True)
    net = pretrain()
    parts = load_digits_parts()
    said = {"right": right(net, *parts["old"]), "n_old": len(parts["old"][0]), "n_source": len(parts["source"][0])}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "digits-cnn.safetensors"
    # one entry only: safetensors writes several in an order that changes from run to run
    path.write_bytes(save(dict(net.state_dict()), metadata={"card": json.dumps(said)}))
    said["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    recipe = {"seed": SEED, "epochs": EPOCHS, "batch_size": BATCH_SIZE, "max_lr": MAX_LR}
    parameters, version = sum(p.numel() for p in net.parameters()), torch.__version__.split("+")[0]
    card = CARD.format(**said, **recipe, size=path.stat().st_size, parameters=parameters, torch=version)
    (folder / "digits-cnn.md").write_text(card, encoding="utf-8", newline="\n")
    return said


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "mftcourse" / "weights"
    print(json.dumps(main(where)))
