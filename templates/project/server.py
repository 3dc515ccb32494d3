"""The Flower server: waits for the clients, trains, prints each round's accuracy, and stays up afterwards."""

import logging
import os
import signal
import sys
import threading

import model
from flwr.common import ndarrays_to_parameters
from flwr.server import ServerConfig, start_server
from flwr.server.strategy import FedAvg

ROUNDS = int(os.environ.get("ROUNDS", "5"))
WAIT_S = float(os.environ.get("WAIT_S", "40"))
CLIENTS = int(os.environ.get("FLSVC_CLIENTS", "2"))
PORT = int(os.environ.get("FLSVC_SERVER_ADDRESS", ":8080").rpartition(":")[2])
ROUND_TIMEOUT_S = 60
logging.getLogger("flwr").setLevel(logging.ERROR)  # a line a round is printed here


class Printed(FedAvg):
    """Federated averaging that waits for the clients once and prints what each round reached."""

    def __init__(self):
        super().__init__(
            min_fit_clients=1,
            min_evaluate_clients=1,
            min_available_clients=1,
            initial_parameters=ndarrays_to_parameters(model.initial()),
            on_fit_config_fn=lambda number: {"round": number},
            on_evaluate_config_fn=lambda number: {"round": number},
        )
        self.reached = "no round had a client's result"

    def initialize_parameters(self, client_manager):
        """Wait for the first client, then until all are there or no other has come for WAIT_S."""
        print(f"waiting for {CLIENTS} clients on port {PORT}", flush=True)
        client_manager.wait_for(1)
        there = client_manager.num_available()
        while there < CLIENTS and client_manager.wait_for(there + 1, timeout=int(WAIT_S)):
            there = client_manager.num_available()
        print(f"starting with {client_manager.num_available()} of {CLIENTS} clients", flush=True)
        return super().initialize_parameters(client_manager)

    def aggregate_evaluate(self, server_round, results, failures):
        """Print the accuracy over every client's held-out images."""
        images = sum(result.num_examples for _, result in results)
        if images:
            accuracy = sum(result.num_examples * result.metrics["accuracy"] for _, result in results) / images
            loss = sum(result.num_examples * result.loss for _, result in results) / images
            self.reached = f"accuracy {accuracy:.3f} loss {loss:.3f}"
            counts = f"clients {len(results)} images {images} failures {len(failures)}"
            print(f"round {server_round}/{ROUNDS} {self.reached} {counts}", flush=True)
        return super().aggregate_evaluate(server_round, results, failures)


def main():
    """Train once, then stay up so that the logs stay and the container does not start over."""
    strategy = Printed()
    start_server(
        server_address=f"0.0.0.0:{PORT}",
        config=ServerConfig(num_rounds=ROUNDS, round_timeout=ROUND_TIMEOUT_S),
        strategy=strategy,
    )
    print(f"training finished after {ROUNDS} rounds: {strategy.reached}", flush=True)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    stopped.wait()


if __name__ == "__main__":
    # A container's first process is not ended by SIGTERM unless it says what to do.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main()
