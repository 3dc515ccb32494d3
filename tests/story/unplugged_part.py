"""The same fleet with one client's cable pulled: the others go on, and the table says so of the one."""

from tests.story.script import Script, expect
from tests.story.slack_part import trained
from tests.story.stage import FEDERATION, Stage


async def play(stage: Stage, script: Script) -> None:
    """Deploy with the last client unplugged, train with the others, plug it in and look again."""
    script.part = "unplugged"
    gone = stage.fleet.pis[-1]
    stage.fleet.unplug(gone)
    try:
        with script.step("deploy with one client unplugged") as step:
            message = await stage.job(f"deploy {FEDERATION} --project face-detection", 180, end="partly done")
            step.outcome = message.plain.splitlines()[0]
            check(message.plain, gone.ip)
        await trained(stage, script)
        with script.step("status names it"):
            answer = await stage.answer("status all", "4 of ", timeout_s=60)
            check(answer.plain, gone.ip)
    finally:
        stage.fleet.plug(gone)
    with script.step("plugged in again: ping, stop"):
        await stage.answer("ping all", "5 of 5 hosts answered", timeout_s=60)
        await stage.job(f"stop {FEDERATION}", 60)


def check(table: str, address: str) -> None:
    """Check that exactly the unplugged host's row says unreachable."""
    lines = [line for line in table.splitlines() if "unreachable" in line and line.lstrip().startswith(address)]
    expect(lines, f"no row of {address} says unreachable:\n{table}")
    expect("unreachable" not in table.replace(address, "").split("\n\n")[0] or lines, table)
