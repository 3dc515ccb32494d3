"""`true` over loopback sshd: our pool against a plain Fabric group. `python -m benches.ssh [hosts] [rounds]`.

Ours starts two more processes a command on the host, for the time limit that ends it there. Over loopback the hosts
share our processors, so the sweeps measure processes; one command alone measures the way there and back.
"""

import contextlib
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import fabric

from ops.config import Config
from ops.ssh import SshPool
from tests.fakes import FakeVault
from tests.ops.sshd import Sshd, free_port, keygen

THREADS = 16


@contextlib.contextmanager
def swarm(count: int, directory: Path, public_key: str) -> Iterator[list[Sshd]]:
    """Start sshd processes with a host key each."""
    started: list[Sshd] = []
    try:
        for number in range(count):
            home = directory / str(number)
            home.mkdir()
            sshd = Sshd(home, free_port())
            sshd.new_host_key()
            sshd.authorized_keys.write_text(public_key)
            started.append(sshd)
            sshd.start()
        yield started
    finally:
        for sshd in started:
            sshd.stop()


def timed(sweep: Callable[[], object]) -> float:
    began = time.perf_counter()
    sweep()
    return (time.perf_counter() - began) * 1000


def ours(config: Config, sshds: list[Sshd], rounds: int) -> list[list[float]]:
    """Return the times of cold sweeps, of warm sweeps and of single warm commands, in milliseconds."""
    hosts = [sshd.host() for sshd in sshds]
    addressed = [(SshPool(config, FakeVault()), host) for host in hosts]  # a pool keeps one connection an address
    with ThreadPoolExecutor(THREADS) as threads:

        def sweep() -> None:
            list(threads.map(lambda one: one[0].remote(one[1]).run("true"), addressed))

        cold, warm = [], []
        for _ in range(rounds):
            for pool, host in addressed:
                pool.drop(host.address)
            cold.append(timed(sweep))
            warm.append(timed(sweep))
        remote = addressed[0][0].remote(addressed[0][1])
        single = [timed(lambda: remote.run("true")) for _ in range(5 * rounds)]
        for pool, _ in addressed:
            pool.close()
    return [cold, warm, single]


def plain(config: Config, sshds: list[Sshd], rounds: int) -> list[list[float]]:
    """Measure what somebody gets who reads Fabric's tutorial."""
    warnings.simplefilter("ignore", ResourceWarning)
    keys = {"key_filename": str(config.key_path), "look_for_keys": False, "allow_agent": False}
    cold, warm, single = [], [], []
    for _ in range(rounds):
        connections = [
            fabric.Connection(sshd.host().address, user=sshd.host().user, port=sshd.port, connect_kwargs=keys)
            for sshd in sshds
        ]
        group = fabric.ThreadingGroup.from_connections(connections)
        sweep = partial(group.run, "true", hide=True, in_stream=False)
        cold.append(timed(sweep))
        warm.append(timed(sweep))
        single += [timed(partial(connections[0].run, "true", hide=True, in_stream=False)) for _ in range(5)]
        group.close()
    return [cold, warm, single]


def main(hosts: int = 20, rounds: int = 5) -> None:
    with tempfile.TemporaryDirectory() as directory:
        config = Config(Path(directory) / "state", "")
        config.key_path.parent.mkdir(parents=True)
        keygen(config.key_path)
        with swarm(hosts, Path(directory), config.key_path.with_suffix(".pub").read_text()) as sshds:
            fast, slow = ours(config, sshds, rounds), plain(config, sshds, rounds)
    print(f"`true` on {hosts} hosts over loopback, median of {rounds}:")
    print(f"{'':10}{'our pool':>11}{'Fabric group':>14}{'ratio':>8}")
    for name, one, other in zip(("cold", "warm", "one warm"), fast, slow, strict=True):
        a, b = median(one), median(other)
        print(f"{name:10}{a:8.1f} ms{b:11.1f} ms{b / a:8.1f}")


if __name__ == "__main__":
    main(*[int(word) for word in sys.argv[1:]])
