"""What `ops.ports.Remote` and `Pool` promise, held by the fake and by the real one alike."""

import io

import pytest

from ops.errors import HostKeyChanged, HostUnreachable, LoginRefused, StepFailed, UserError
from tests.contract.worlds import World


def test_a_command_leaves_its_output_and_status(world: World) -> None:
    remote = world.pool.remote(world.host)
    assert remote.address == world.host.address
    output = remote.run("echo hello there")
    assert (output.status, output.stdout, output.stderr, output.ok) == (0, "hello there\n", "", True)


def test_a_failing_command_raises_or_is_returned_as_asked(world: World) -> None:
    remote = world.pool.remote(world.host)
    with pytest.raises(StepFailed) as error:
        remote.run("echo it broke >&2; exit 3")
    assert str(error.value) == f"`echo it broke >&2; exit 3` failed on {world.host.address} with status 3: it broke"
    assert (error.value.host, error.value.output) == (world.host.address, "it broke")
    output = remote.run("exit 5", check=False)
    assert (output.status, output.ok) == (5, False)
    with pytest.raises(StepFailed, match="with status 5: it printed nothing"):
        remote.run("exit 5")


def test_a_command_reads_its_input(world: World) -> None:
    assert world.pool.remote(world.host).run("cat", stdin="a line\nand another").stdout == "a line\nand another"


def test_a_file_is_written_with_its_mode(world: World) -> None:
    remote = world.pool.remote(world.host)
    path = f"{world.directory}/a folder that was not there/file"
    remote.put(b"first", path)
    assert remote.run(f"stat -c %a '{path}'").stdout == "644\n"
    remote.put(io.BytesIO(b"second, from a stream"), path, mode=0o600)
    assert remote.run(f"cat '{path}'").stdout == "second, from a stream"
    assert remote.run(f"stat -c %a '{path}'").stdout == "600\n"


def test_a_host_that_goes_away_is_unreachable_until_it_is_back(world: World) -> None:
    remote = world.pool.remote(world.host)
    remote.run("true")
    world.unplug()
    with pytest.raises(HostUnreachable) as error:
        remote.run("true")
    assert error.value.host == world.host.address
    assert str(error.value).startswith(world.host.address)
    with pytest.raises(HostUnreachable):
        remote.put(b"", "/tmp/file")
    with pytest.raises(HostUnreachable):
        world.pool.scan(world.host.address, world.host.port)
    world.plug()
    assert remote.run("echo back").stdout == "back\n"


def test_a_changed_host_key_is_told_with_both_fingerprints(world: World) -> None:
    pinned = world.host
    world.change_host_key()
    shown = world.pool.scan(pinned.address, pinned.port)
    with pytest.raises(HostKeyChanged) as error:
        world.pool.remote(pinned).run("true")
    assert pinned.key.fingerprint in str(error.value)
    assert shown.fingerprint in str(error.value)
    assert pinned.key.fingerprint != shown.fingerprint
    with pytest.raises(HostKeyChanged), world.pool.password_login(pinned, "raspberry"):
        raise AssertionError("no password may be sent there")


def test_a_scanned_key_is_the_one_to_pin(world: World) -> None:
    assert world.pool.scan(world.host.address, world.host.port) == world.host.key


def test_a_login_whose_key_was_removed_is_refused(world: World) -> None:
    world.remove_bot_key()
    with pytest.raises(LoginRefused, match="refuses the bot's key") as error:
        world.pool.remote(world.host).run("true")
    assert error.value.host == world.host.address


def test_a_text_that_is_no_key_is_said_so(world: World) -> None:
    with pytest.raises(UserError, match="not a private key"), world.pool.key_login(world.host, "ssh-ed25519 AAAA"):
        raise AssertionError("it must not log in")


def test_a_tunnel_is_shared_and_gone_after_the_last(world: World) -> None:
    remote = world.pool.remote(world.host)
    port = world.free_port()
    with remote.reverse_tunnel(port, ("127.0.0.1", 9)) as first:
        with remote.reverse_tunnel(port, ("127.0.0.1", 9)) as second:
            assert first == second == port
        with pytest.raises(StepFailed, match=f"would not open 127.0.0.1:{port}"):
            remote.reverse_tunnel(port, ("127.0.0.1", 10)).__enter__()
    with remote.reverse_tunnel(port, ("127.0.0.1", 10)) as third:
        assert third == port


def test_a_tunnel_to_a_port_in_use_is_refused(world: World) -> None:
    remote = world.pool.remote(world.host)
    with world.take_port() as port, pytest.raises(StepFailed, match="the port is in use"):
        remote.reverse_tunnel(port, ("127.0.0.1", 9)).__enter__()
    assert remote.run("echo alive").stdout == "alive\n"


def test_reconnecting_works_and_tells_what_is_wrong(world: World) -> None:
    remote = world.pool.remote(world.host)
    remote.run("true")
    remote.reconnect()
    assert remote.run("echo in").stdout == "in\n"
    world.remove_bot_key()
    with pytest.raises(LoginRefused):
        remote.reconnect()


def test_a_dropped_host_is_opened_again_when_asked_for(world: World) -> None:
    world.pool.remote(world.host).run("true")
    world.pool.drop(world.host.address)
    world.pool.drop("192.0.2.250")
    assert world.pool.remote(world.host).run("echo in").stdout == "in\n"
    world.pool.close()
