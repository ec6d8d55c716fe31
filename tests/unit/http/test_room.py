from __future__ import annotations

from pathlib import Path

from server.http.room import SECONDS, Room, free_bytes


class Disk:
    """A disk whose free bytes tests set, and a clock."""

    def __init__(self) -> None:
        self.free = 101
        self.asked = 0
        self.now = 0.0
        self.room = Room(Path("/"), 100, self.look, lambda: self.now)

    def look(self, _: Path) -> int:
        self.asked += 1
        return self.free


def test_there_is_room_only_beside_the_reserve() -> None:
    disk = Disk()
    assert disk.room()
    disk.free, disk.now = 100, SECONDS
    assert not disk.room()
    disk.free, disk.now = 101, 2 * SECONDS
    assert disk.room()


def test_the_disk_is_looked_at_once_a_second_at_most() -> None:
    disk = Disk()
    assert [disk.room() for _ in range(3)] == [True] * 3
    disk.free, disk.now = 0, SECONDS / 2
    assert disk.room()
    assert disk.asked == 1


def test_a_real_disk_tells_what_is_free(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0
    assert not Room(tmp_path, free_bytes(tmp_path) * 1000)()
