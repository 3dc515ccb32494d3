"""A Flower client: trains on this host's images only, joins whenever the server listens, and never gives up."""

import logging
import os
import signal
import socket
import sys
import time

import model
from flwr.client import NumPyClient, start_client

SERVER = os.environ.get("FLSVC_SERVER_ADDRESS", "127.0.0.1:8080")
DATA = os.environ.get("FLSVC_DATA", "/data")
EPOCHS = int(os.environ.get("EPOCHS", "1"))
RATE = float(os.environ.get("RATE", "0.005"))
PAUSE_S = 2
logging.getLogger("flwr").setLevel(logging.ERROR)  # what matters is printed here


class FaceClient(NumPyClient):
    """What the server asks of a client."""

    def __init__(self):
        self.train, self.test = model.split(*model.load(DATA))
        print(f"{len(self.train[0])} images to train on, {len(self.test[0])} to test with", flush=True)

    def fit(self, parameters, config):
        """Train on this host's images."""
        trained = model.train(parameters, *self.train, epochs=EPOCHS, rate=RATE, seed=config.get("round", 0))
        return trained, len(self.train[0]), {}

    def evaluate(self, parameters, config):
        """Score on the images held out."""
        accuracy, loss = model.score(parameters, *self.test)
        print(f"round {config.get('round', 0)} accuracy here {accuracy:.3f} loss {loss:.3f}", flush=True)
        return loss, len(self.test[0]), {"accuracy": accuracy}


def listening():
    """Tell whether the server accepts connections."""
    host, _, port = SERVER.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def main():
    """Join every run the server starts; between runs, and while it is away, ask again quietly."""
    client = FaceClient().to_client()
    while True:
        print(f"waiting for the server {SERVER}", flush=True)
        while not listening():
            time.sleep(PAUSE_S)
        try:
            start_client(server_address=SERVER, client=client)
            print("the server ended the run", flush=True)
        except Exception as error:  # the network, or the server going down in the middle
            print(f"the connection was lost: {type(error).__name__}", flush=True)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    # A container's first process is not ended by SIGTERM unless it says what to do.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main()
