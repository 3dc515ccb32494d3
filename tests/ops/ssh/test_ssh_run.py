"""Commands over a real sshd: any amount of output, and a time limit that really ends them."""

import pytest

from ops.errors import StepFailed, TimedOut
from ops.ssh import SshPool
from tests.ops.sshd import Sshd, commands, until


def test_a_failing_command_says_so_with_what_it_printed(pool: SshPool, sshd: Sshd) -> None:
    with pytest.raises(StepFailed) as error:
        pool.remote(sshd.host()).run("echo first >&2; echo no space left >&2; exit 4")
    assert str(error.value) == (
        "`echo first >&2; echo no space left >&2; exit 4` failed on 127.0.0.1 with status 4: no space left"
    )
    assert (error.value.host, error.value.output) == ("127.0.0.1", "first\nno space left")


def test_two_floods_at_once_are_drained_and_their_ends_are_kept(pool: SshPool, sshd: Sshd) -> None:
    """Both streams share one window of 2 MiB: reading one to its end first would never end."""
    flood = "head -c 5000000 /dev/zero | tr '\\0' {0}; echo -end"
    output = pool.remote(sshd.host()).run(f"{{ {flood.format('e')}; }} >&2; {flood.format('o')}")
    assert len(output.stdout) == len(output.stderr) == 1 << 20
    assert output.stdout.endswith("oo-end\n")
    assert output.stderr.endswith("ee-end\n")


def test_more_input_than_any_window_while_the_command_answers(pool: SshPool, sshd: Sshd) -> None:
    text = "0123456789abcde\n" * 500_000
    output = pool.remote(sshd.host()).run("tee /dev/stderr | wc -c", stdin=text)
    assert output.stdout.strip() == str(len(text))
    assert text.endswith(output.stderr[-100:])


def test_bytes_that_are_no_text_are_replaced(pool: SshPool, sshd: Sshd) -> None:
    assert pool.remote(sshd.host()).run(r"printf 'a\xff\xc3\xa9'").stdout == "a\N{REPLACEMENT CHARACTER}é"


def test_a_command_whose_time_is_over_is_gone_with_its_children(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    with pytest.raises(TimedOut, match=r"did not end on 127.0.0.1 within 0.5 s and was stopped there"):
        remote.run("echo begun; sleep 701 | sleep 702", timeout_s=0.5)
    until(lambda: "sleep 70" not in commands(sshd))
    assert remote.run("echo still here").stdout == "still here\n"


def test_what_was_printed_before_the_time_was_over_is_kept(pool: SshPool, sshd: Sshd) -> None:
    with pytest.raises(TimedOut) as error:
        pool.remote(sshd.host()).run("echo got this far; sleep 703", timeout_s=0.5)
    assert error.value.output == "got this far"


def test_a_status_like_that_of_timeout_is_only_a_status(pool: SshPool, sshd: Sshd) -> None:
    assert pool.remote(sshd.host()).run("exit 124", check=False).status == 124


def test_a_child_left_in_the_background_does_not_hold_the_command_up(pool: SshPool, sshd: Sshd) -> None:
    assert pool.remote(sshd.host()).run("sleep 704 & echo started", timeout_s=60).stdout == "started\n"
