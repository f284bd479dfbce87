"""Sealed parts of a backup: they open as they were sealed, or not at all."""

import os
from pathlib import Path

import pytest

from portal.backups import BackupError, sealing

KEY = bytes(range(32))


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, bytes]:
    """A part of two and a half pieces, and what it holds."""
    content = os.urandom(sealing.PIECE * 5 // 2)
    source = (content[at : at + sealing.PIECE] for at in range(0, len(content), sealing.PIECE))
    sealing.write(tmp_path, "part", source, KEY)
    return tmp_path, content


def test_a_part_opens_to_what_was_sealed(sealed):
    directory, content = sealed
    assert b"".join(sealing.pieces(directory, "part", KEY)) == content


@pytest.mark.parametrize("content", [b"", b"x"])
def test_the_smallest_parts_open_too(tmp_path, content):
    sealing.write(tmp_path, "part", iter([content] if content else []), KEY)
    assert b"".join(sealing.pieces(tmp_path, "part", KEY)) == content


def swap_pieces(stored: bytes) -> bytes:
    head, size = 40, sealing.PIECE + sealing.TAG
    return (
        stored[:head] + stored[head + size : head + 2 * size] + stored[head : head + size] + stored[head + 2 * size :]
    )


@pytest.mark.parametrize("change", [swap_pieces, lambda stored: stored[: 40 + sealing.PIECE + sealing.TAG]])
def test_pieces_that_moved_or_are_gone_are_noticed(sealed, change):
    directory, _content = sealed
    (directory / "part").write_bytes(change((directory / "part").read_bytes()))
    with pytest.raises(BackupError, match="part"):
        b"".join(sealing.pieces(directory, "part", KEY))


def test_a_part_does_not_open_under_another_name(sealed):
    directory, _content = sealed
    (directory / "part").rename(directory / "other")
    with pytest.raises(BackupError, match="other"):
        b"".join(sealing.pieces(directory, "other", KEY))
