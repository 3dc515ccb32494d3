"""A logistic regression on 25x25 images: face or no face."""

from pathlib import Path

import numpy as np

PIXELS = 25 * 25
HELD_OUT = 4  # every fourth image is for the test
BATCH = 16
DECAY = 1e-3
TINY = 1e-9


def load(folder):
    """Read every .npz of a folder: X (n, 25, 25) with values from 0 to 1, y (n,) with 1 for a face."""
    files = sorted(Path(folder).glob("*.npz"))
    if not files:
        raise SystemExit(f"no .npz file in {folder}: put the host's images there, arrays X (n, 25, 25) and y (n,)")
    parts = [np.load(file) for file in files]
    images = np.concatenate([part["X"] for part in parts]).reshape(-1, PIXELS)
    labels = np.concatenate([part["y"] for part in parts])
    return (images.astype("float64") - 0.45) / 0.2, labels.astype("float64")


def split(images, labels):
    """Return ((train images, labels), (test images, labels)), the same split every time."""
    held_out = np.arange(len(images)) % HELD_OUT == 0
    return (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])


def initial():
    """Return the weights and the bias training starts from."""
    return [np.zeros(PIXELS), np.zeros(1)]


def train(parameters, images, labels, *, epochs, rate, seed):
    """Return the parameters after some epochs of gradient descent in small batches."""
    weights, bias = parameters[0].copy(), float(parameters[1][0])
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(len(images))
        for start in range(0, len(images), BATCH):
            batch = order[start : start + BATCH]
            fault = sigmoid(images[batch] @ weights + bias) - labels[batch]
            weights -= rate * (images[batch].T @ fault / len(batch) + DECAY * weights)
            bias -= rate * fault.mean()
    return [weights, np.array([bias])]


def score(parameters, images, labels):
    """Return (accuracy, loss)."""
    guess = sigmoid(images @ parameters[0] + parameters[1][0])
    loss = -(labels * np.log(guess + TINY) + (1 - labels) * np.log(1 - guess + TINY)).mean()
    return float(((guess > 0.5) == labels).mean()), float(loss)


def sigmoid(values):
    """Squash values into 0 to 1."""
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))
