"""The production bot behind signed HTTP: the same handlers, and nobody else's requests."""

import aiohttp
import pytest

from bot.sandbox.server import VerificationFailed
from ops.work import JobState
from tests.bot.conftest import ADDRESSES, StageMaker, host
from tests.ops.sshd import free_port

FLEET = "fleet"


async def test_a_command_and_its_job_over_signed_http(stage: StageMaker) -> None:
    port = free_port()
    async with stage(FLSVC_MODE="http", PORT=str(port)) as s:
        await s.sandbox.use_http(f"http://127.0.0.1:{port}/slack/events")
        for address in ADDRESSES:
            s.services.store.save_host(host(address))
        assert (await s.ada.command("/flsvc docker install faces", FLEET)).acked
        answer = await s.ada.wait_for_message(FLEET, "done")
        assert all(address in answer.plain for address in ADDRESSES)
        (job,) = s.services.store.jobs()
        assert (job.state, job.actor.name) == (JobState.DONE, "ada")
        await s.sandbox.connected(0)  # nothing came over a socket


async def test_a_request_with_another_signature_or_none_is_refused(stage: StageMaker) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with stage(FLSVC_MODE="http", PORT=str(port)), aiohttp.ClientSession() as session:
        for headers in ({}, {"X-Slack-Signature": "v0=00", "X-Slack-Request-Timestamp": "1"}):
            form = {"command": "/flsvc", "text": "stop all"}
            async with session.post(f"{url}/slack/events", data=form, headers=headers) as answer:
                assert answer.status == 401
        async with session.get(f"{url}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ok": True})


async def test_a_wrong_signing_secret_is_found_when_slack_verifies_the_url(stage: StageMaker) -> None:
    port = free_port()
    async with stage(FLSVC_MODE="http", PORT=str(port), SLACK_SIGNING_SECRET="another") as s:
        with pytest.raises(VerificationFailed, match="url_verification"):
            await s.sandbox.use_http(f"http://127.0.0.1:{port}/slack/events")
