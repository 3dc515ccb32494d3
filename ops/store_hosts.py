"""Hosts, how far Docker is installed on each, and which federations are locked."""

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from ops.model import FlowerType, Host
from ops.store_codec import host_row, row_host, row_step
from ops.store_engine import Database
from ops.store_tables import docker_step, federation_lock, host
from ops.work import Lock, Step


class HostTables(Database):
    """The part of the store that knows machines."""

    def save_host(self, value: Host) -> None:
        """Insert or replace by address."""
        with self.write() as connection:
            self.upsert(connection, host, host_row(value), key=["address"])

    def host(self, address: str) -> Host | None:
        """Return one host, or None."""
        with self.read() as connection:
            row = connection.execute(sa.select(host).where(host.c.address == address)).mappings().first()
        return row_host(row) if row else None

    def hosts(
        self,
        *,
        addresses: Sequence[str] | None = None,
        federation: str | None = None,
        contact: str | None = None,
        flower_type: str | None = None,
    ) -> list[Host]:
        """List hosts ordered by federation, server first, then numerically by address. Filters combine."""
        server_first = sa.case((host.c.flower_type == FlowerType.SERVER.value, 0), else_=1)
        query = sa.select(host).order_by(host.c.federation, server_first, host.c.numeric)
        if addresses is not None:
            query = query.where(host.c.address.in_(list(addresses)))
        if federation is not None:
            query = query.where(host.c.federation == federation)
        if contact is not None:
            query = query.where(sa.func.lower(host.c.contact) == contact.lower())
        if flower_type is not None:
            query = query.where(host.c.flower_type == str(flower_type))
        with self.read() as connection:
            return [row_host(row) for row in connection.execute(query).mappings()]

    def delete_host(self, address: str) -> bool:
        """Forget a host and its Docker states; its deployments stay in the history."""
        with self.write() as connection:
            connection.execute(sa.delete(docker_step).where(docker_step.c.address == address))
            return connection.execute(sa.delete(host).where(host.c.address == address)).rowcount == 1

    def federations(self) -> list[str]:
        """List the names of federations that have a host."""
        query = sa.select(host.c.federation).where(host.c.federation != "").distinct().order_by(host.c.federation)
        with self.read() as connection:
            return list(connection.scalars(query))

    def add_lock(self, lock: Lock) -> bool:
        """Insert a lock; False when the federation has one."""
        row = {name: getattr(lock, name) for name in Lock.__slots__}
        with self.write() as connection:
            return self.insert_once(connection, federation_lock, row)

    def delete_lock(self, federation: str) -> bool:
        """Remove a federation's lock; False when it has none."""
        chosen = federation_lock.c.federation == federation
        with self.write() as connection:
            return connection.execute(sa.delete(federation_lock).where(chosen)).rowcount == 1

    def locks(self) -> list[Lock]:
        """List the locks by the federation's name."""
        query = sa.select(federation_lock).order_by(federation_lock.c.federation)
        with self.read() as connection:
            return [Lock(**row) for row in connection.execute(query).mappings()]

    def save_docker_step(self, address: str, step: Step) -> None:
        """Keep the newest state of one installation step of a host."""
        values = {name: getattr(step, name) for name in ("name", "detail", "output", "started_at", "ended_at")}
        row = values | {"address": address, "state": step.state.value}
        with self.write() as connection:
            self.upsert(connection, docker_step, row, key=["address", "name"])

    def docker_steps(self, addresses: Sequence[str]) -> dict[str, list[Step]]:
        """Return the installation steps by address, in the order they were first taken."""
        query = sa.select(docker_step).where(docker_step.c.address.in_(list(addresses))).order_by(docker_step.c.seq)
        steps: dict[str, list[Step]] = defaultdict(list)
        with self.read() as connection:
            for row in connection.execute(query).mappings():
                steps[row["address"]].append(row_step(row, row["address"]))
        return dict(steps)
