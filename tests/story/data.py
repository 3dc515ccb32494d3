"""The imaging data of the story: scikit-image's `lfw_subset`, faces and non-faces, split over the clients."""

from pathlib import Path

import numpy as np
from skimage.data import lfw_subset

CLASSES = 100  # the first hundred pictures are faces, the others are not


def write(folder: Path, clients: int, *, seed: int = 1) -> list[Path]:
    """Write a `faces.npz` a client: X (n, 25, 25) float32 from 0 to 1, y (n,) 1 for a face; return their folders."""
    pictures = np.asarray(lfw_subset(), dtype=np.float32)
    labels = np.repeat(np.array([1, 0], dtype=np.int8), CLASSES)
    order = np.random.default_rng(seed).permutation(len(pictures))
    folders = []
    for number, part in enumerate(np.array_split(order, clients), start=1):
        place = folder / f"client-{number}"
        place.mkdir(parents=True, exist_ok=True)
        np.savez(place / "faces.npz", X=pictures[part], y=labels[part])
        folders.append(place)
    return folders
