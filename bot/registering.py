"""Registration in two modals: the form, then the fingerprints to confirm; then a job.

Between the two, what was typed lies in the vault as one encrypted entry and the view carries only its id. So a
restart, or another bot that gets the second submission, loses nothing, and no password is kept in clear.
"""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import registration
from bot.dispatch import Dispatcher, Given, broke
from bot.registration import Registration
from bot.registry import Role
from bot.views import modals
from ops import hosts
from ops.errors import OpsError
from ops.model import Actor, HostKey
from ops.work import JobRequest

Body = dict[str, Any]

# the acknowledgement that shows the loading view may reach Slack after our update of it: it gets a head start, as
# Slack tells nobody when it has arrived, and a refused update is tried again
_TRIES = 6
_WAIT_S = 0.25


class Registering:
    """Leads from the form to the job's request."""

    def __init__(self, client: AsyncWebClient, dispatch: Dispatcher) -> None:
        """Take the bot's client and what runs operations."""
        self._client, self._dispatch = client, dispatch

    async def open(self, trigger_id: str, initial: Mapping[str, str], channel: str, channel_name: str) -> None:
        """Show the form; the trigger is good for three seconds."""
        where = json.dumps({"channel": channel, "channel_name": channel_name})
        await self._client.views_open(
            trigger_id=trigger_id, view=modals.register_view(initial, private_metadata=where)
        )

    def submitted(self, view: Body, actor: Actor) -> tuple[Body, Coroutine[Any, Any, None] | None]:
        """Check the form: the acknowledgement's payload, and what to do after it."""
        asked, wrong = modals.parse_register(view["state"])
        if wrong:
            return {"response_action": "errors", "errors": wrong}, None
        external_id = f"scan-{view['id']}-{view['hash']}"[:255]
        loading = modals.loading_view("Reading the hosts' keys") | {"external_id": external_id}
        work = self._scan(asked, given_in(view, actor), external_id)
        return {"response_action": "update", "view": loading}, work

    async def _scan(self, asked: Registration, given: Given, external_id: str) -> None:
        try:
            await self._dispatch.check(given, Role.OPERATOR)
            view = await self._dispatch.in_thread(lambda: self._look(asked, given))
        except OpsError as error:
            view = modals.error_view("Not registered", self._dispatch.with_prefix(str(error)))
        except Exception:
            view = modals.error_view("Not registered", broke("reading host keys"))
        await self._update(external_id, view)

    def _look(self, asked: Registration, given: Given) -> Body:
        services = self._dispatch.services
        scans = hosts.scan(services, asked.addresses, asked.port)
        if not any(scan.key and not scan.error for scan in scans):
            return modals.error_view("Nobody answered", "\n".join(f"{s.address}: {s.error}" for s in scans))
        pending = {"registration": asked.to_json(), "keys": _keys(scans), "names": {s.address: s.name for s in scans}}
        entry = services.vault.put(json.dumps(pending))
        where = {"channel": given.actor.channel, "channel_name": given.channel_name, "entry": entry}
        return modals.fingerprint_view(scans, private_metadata=json.dumps(where))

    async def _update(self, external_id: str, view: Body) -> None:
        await asyncio.sleep(_WAIT_S)
        for left in reversed(range(_TRIES)):
            try:
                await self._client.views_update(external_id=external_id, view=view)
            except SlackApiError as error:
                if error.response["error"] != "not_found" or not left:
                    raise
                await asyncio.sleep(_WAIT_S)
            else:
                return

    async def confirmed(self, view: Body, given: Given) -> JobRequest:
        """Turn confirmed fingerprints into a job's request; raises OpsError when what was typed is gone."""
        await self._dispatch.check(given, Role.OPERATOR)
        return await self._dispatch.in_thread(lambda: self._request(view, given))

    def _request(self, view: Body, given: Given) -> JobRequest:
        vault, entry = self._dispatch.services.vault, json.loads(view["private_metadata"])["entry"]
        pending = json.loads(vault.get(entry))
        asked = Registration.from_json(pending["registration"])
        scans = [_scan(address, pending["names"], key) for address, key in pending["keys"].items()]
        request = registration.request(self._dispatch.services, asked, scans, given.actor, given.request_id)
        vault.delete(entry)
        return request

    async def closed(self, view: Body) -> None:
        """Forget what was typed when somebody closes the second modal."""
        entry = json.loads(view.get("private_metadata") or "{}").get("entry")
        if entry:
            await self._dispatch.in_thread(lambda: self._dispatch.services.vault.delete(entry))


def given_in(view: Body, actor: Actor) -> Given:
    where = json.loads(view["private_metadata"] or "{}")
    there = Actor(actor.id, actor.name, where.get("channel", ""))
    return Given(("register",), there, f"view:{view['id']}", channel_name=where.get("channel_name", ""))


def _keys(scans: Sequence[hosts.Scan]) -> dict[str, dict[str, str]]:
    return {
        s.address: {"kind": s.key.kind, "body": s.key.body, "fingerprint": s.key.fingerprint}
        for s in scans
        if s.key and not s.error
    }


def _scan(address: str, names: Mapping[str, str], key: Mapping[str, str]) -> hosts.Scan:
    return hosts.Scan(address=address, name=names[address], key=HostKey(**key), error="", known=None)
