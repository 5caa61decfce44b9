import pytest
from hypothesis import given
from hypothesis import strategies as st

from merkle import tiles
from merkle.errors import ProofError
from merkle.tiles import ENTRIES, Tile
from merkle.tree import Tree, leaf_hash, root

TREE = Tree(leaf_hash(i.to_bytes(4, "big")) for i in range(256 * 256 + 300))


@given(st.integers(-1, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_every_tile_has_one_path_and_every_path_one_tile(level: int, n: int, width: int) -> None:
    tile = Tile(level, n, width)
    assert Tile.parse(tile.path) == tile


def test_the_paths_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(ENTRIES, 0, 5).path == "tile/entries/000.p/5"
    assert Tile(12, 70, 255).path == "tile/12/070.p/255"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/../000",
        "tile/0/٠٠٠",
        "/tile/0/000",
        "tile/data/000",
    ],
)
def test_no_other_spelling_is_a_path(path: str) -> None:
    with pytest.raises(ProofError):
        Tile.parse(path)


def test_a_tile_is_within_the_tree_once_its_places_are_filled() -> None:
    assert Tile(0, 1, 44).within(300)
    assert not Tile(0, 1, 45).within(300)
    assert Tile(1, 0, 1).within(300)
    assert not Tile(1, 0, 2).within(300)
    assert Tile(ENTRIES, 0).within(300)
    assert not Tile(ENTRIES, 2, 1).within(300)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 300, 511, 512, 65535, 65536, 65537, 65836])
def test_the_root_comes_out_of_the_right_edge_of_the_tiles(size: int) -> None:
    assert tiles.root_of(size, lambda tile: tiles.data(TREE, tile)) == TREE.root(size)


def test_a_tile_holds_the_roots_of_the_tiles_below() -> None:
    below = tiles.split_hashes(tiles.data(TREE, Tile(0, 3)), 256)
    assert tiles.data(TREE, Tile(1, 0))[3 * 32 : 4 * 32] == root(below)
    assert tiles.data(TREE, Tile(2, 0, 1)) == TREE.root(65536)


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_growing_writes_every_tile_that_the_new_size_needs_and_the_old_one_lacks(a: int, b: int) -> None:
    old, new = sorted((a, b))
    written = set(tiles.between(old, new))
    assert written | set(tiles.between(0, old)) >= set(tiles.between(0, new))
    assert all(tile.within(new) and not tile.within(old) for tile in written)


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_a_bundle_gives_its_entries_back_and_a_cut_one_nothing(entries: list[bytes]) -> None:
    bundled = tiles.bundle(entries)
    assert tiles.unbundle(bundled) == entries
    if bundled:
        with pytest.raises(ProofError):
            tiles.unbundle(bundled + b"\0\5abc")
        with pytest.raises(ProofError):
            tiles.unbundle(bundled + b"\0")


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(ProofError):
        tiles.split_hashes(b"\0" * 63, 2)
    with pytest.raises(ValueError, match="no entries"):
        tiles.data(TREE, Tile(ENTRIES, 0))
