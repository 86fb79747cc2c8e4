"""Train the shipped weights: `python train.py`, a minute on a CPU.

Scenes and their phrases come from nano's world, those for training only: no scene of any suite is among
them, and no quality of anything is used. What the encoder learns is to read.
"""

from itertools import islice
from pathlib import Path

import numpy as np
import torch
from network import Encoder

from catbench_make.nano.phrases import phrase
from catbench_make.nano.world import BACKGROUNDS, COLOURS, SHAPES, SIZES, draw_scenes

SCENES, EPOCHS, BATCH = 40_000, 8, 128


def facts(scene, places):
    """Return the numbers that the encoder learns to read off a phrase."""
    things = [thing for _, thing in scene.things]
    return [
        float(len(things)),
        *(float(sum(thing.shape == shape for thing in things)) for shape in SHAPES),
        *(float(sum(thing.colour == colour for thing in things)) for colour in COLOURS),
        *(float(sum(thing.size == size for thing in things)) for size in SIZES),
        *(float(scene.background == background) for background in BACKGROUNDS),
        float(places),
    ]


def main():
    """Train and write weights.npz."""
    torch.manual_seed(0)
    scenes = [scene for _, scene in islice(draw_scenes(7, "training"), SCENES)]
    told = [number % 10 >= 3 for number in range(SCENES)]
    texts = [phrase(*pair, places=places) for *pair, places in zip(scenes, range(SCENES), told, strict=True)]
    wanted = torch.tensor([facts(*pair) for pair in zip(scenes, told, strict=True)])
    encoder, held = Encoder(), 1000
    optimiser = torch.optim.Adam(encoder.parameters(), 3e-3)
    for epoch in range(EPOCHS):
        for rows in (held + torch.randperm(SCENES - held)).split(BATCH):
            loss = (encoder([texts[row] for row in rows]) - wanted[rows]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            error = (encoder(texts[:held]) - wanted[:held]).abs().mean(0)
        print(f"epoch {epoch + 1}: mean error {error.mean():.3f}, of the number of things {error[0]:.3f}")  # noqa: T201
    weights = {name: value.numpy().astype(np.float16) for name, value in encoder.state_dict().items()}
    np.savez_compressed(Path(__file__).with_name("weights.npz"), **weights)


if __name__ == "__main__":
    main()
