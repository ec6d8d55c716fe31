import pytest

from protocol.log import tiles
from protocol.log.tiles import BadTile


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (999, 256, "tile/0/999"),
        (1000, 256, "tile/0/x001/000"),
        (1234067, 256, "tile/0/x001/x234/067"),
        (5, 7, "tile/0/005.p/7"),
    ],
)
def test_index_is_written_in_groups_of_three_digits(index: int, width: int, path: str) -> None:
    assert tiles.hash_path(0, index, width) == path
    assert tiles.entries_path(index, width) == path.replace("/0/", "/entries/", 1)


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-1, 0, 256), (64, 0, 256), (0, -1, 256), (0, 0, 0), (0, 0, 257)]
)
def test_tile_that_cannot_be_has_no_name(level: int, index: int, width: int) -> None:
    with pytest.raises(BadTile):
        tiles.hash_path(level, index, width)


def test_entries_are_listed_in_full_tiles_and_one_partial() -> None:
    assert list(tiles.entries_tiles(0)) == []
    assert list(tiles.entries_tiles(256)) == [("tile/entries/000", 256)]
    assert list(tiles.entries_tiles(515)) == [
        ("tile/entries/000", 256),
        ("tile/entries/001", 256),
        ("tile/entries/002.p/3", 3),
    ]


def test_partial_width_counts_whole_nodes_of_the_level() -> None:
    assert [tiles.partial_width(level, 256 * 256 + 2 * 256 + 3) for level in (0, 1, 2)] == [3, 2, 1]


@pytest.mark.parametrize("entries", [[], [b""], [b"a", b"", b"c" * tiles.LARGEST_ENTRY]])
def test_entries_survive_a_tile(entries: list[bytes]) -> None:
    assert tiles.split(tiles.join(entries), len(entries)) == entries


def test_entry_too_long_for_a_tile_is_refused() -> None:
    with pytest.raises(BadTile):
        tiles.join([bytes(tiles.LARGEST_ENTRY + 1)])


@pytest.mark.parametrize(
    ("tile", "width"), [(b"\0\1a", 2), (b"\0\1a", 0), (b"\0\2a", 1), (b"\0", 1), (b"\0\1a\0", 1), (b"", 1)]
)
def test_tile_with_another_number_or_cut_entries_is_refused(tile: bytes, width: int) -> None:
    with pytest.raises(BadTile):
        tiles.split(tile, width)
