"""The pictures can be taken."""

from pathlib import Path

import pytest

from tests.browser.screenshots import SCENES, shoot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_every_scene_becomes_a_picture(tmp_path: Path) -> None:
    taken = await shoot(tmp_path)
    assert [path.stem for path in taken] == list(SCENES)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in taken)
