"""The log over HTTP, read as a program does that knows only the address and the formats."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.test import Client

from merkle import checkpoint, note, tiles
from merkle.errors import ProofError
from merkle.tiles import ENTRIES, Tile
from merkle.tree import Tree, leaf_hash
from tests.votelog import make
from tests.votelog.append_only import lifted
from votelog import files, keys, log, mixing, sequencer, trees
from votelog.actions import put_blob
from votelog.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def prefix() -> str:
    return f"/log/{log.current_shard()}/"


def get(client: Client, path: str) -> bytes:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content


def check(client: Client) -> int:
    """Read the whole log and check it as a stranger would; the size. Raises ProofError."""
    (served,) = client.get("/log/").json()["logs"]
    prefix, key = served["prefix"], note.VerifierKey.parse(served["vkey"])
    signed = checkpoint.check(get(client, prefix + "checkpoint").decode(), key, keys.check_signature)
    if signed.origin != served["origin"]:
        raise ProofError("another origin")
    tree = Tree()
    for tile in tiles.between(0, signed.size):
        if tile.level == ENTRIES:
            tree.extend(map(leaf_hash, tiles.unbundle(get(client, prefix + tile.path))))
    if tree.size != signed.size or tree.root() != signed.root:
        raise ProofError("entries do not lead to the root")
    for tile in tiles.between(0, signed.size):
        if tile.level != ENTRIES and get(client, prefix + tile.path) != tiles.data(tree, tile):
            raise ProofError(f"{tile.path} is not the tree's")
    return signed.size


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_stranger_can_check_a_log_of_several_tiles(client: Client) -> None:
    make.opened()
    make.cast(*range(600), k=1)
    sequencer.run_once()
    assert check(client) == 606


def test_a_changed_byte_in_any_served_file_is_seen(client: Client, prefix: str) -> None:
    make.small_log()
    root = files.directory(log.current_shard())
    names = ["checkpoint", "tile/0/000.p/10", "tile/entries/000.p/10"]
    written = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert written == {*names, "checkpoint.latest"}
    for name in names:
        size = (root / name).stat().st_size
        for at in range(0, size, max(1, size // 60)):
            flip(root / name, at)
            with pytest.raises((ProofError, UnicodeDecodeError)):
                check(client)
            flip(root / name, at)
    assert check(client) == 10


def test_a_changed_entry_in_the_database_is_seen_at_once(client: Client) -> None:
    make.small_log()
    for event in Event.objects.order_by("idx"):
        with lifted():
            Event.objects.filter(idx=event.idx).update(body=event.body[:-2] + "2}")
        with pytest.raises(ProofError):
            check(client)
        with lifted():
            Event.objects.filter(idx=event.idx).update(body=event.body)
    assert check(client) == 10


def test_tiles_are_served_from_the_database_where_there_are_no_files(client: Client, prefix: str) -> None:
    make.small_log()
    stored = get(client, prefix + "checkpoint")
    for path in files.directory(log.current_shard()).rglob("*"):
        if path.is_file():
            path.unlink()
    assert check(client) == 10
    assert get(client, prefix + "checkpoint") == stored


def test_a_reader_with_an_older_checkpoint_still_gets_its_partial_tiles(client: Client, prefix: str) -> None:
    make.opened()
    sequencer.run_once()
    old = get(client, prefix + "tile/0/000.p/5"), get(client, prefix + "tile/entries/000.p/5")
    make.cast(*range(300), k=1)
    sequencer.run_once()
    assert (get(client, prefix + "tile/0/000.p/5"), get(client, prefix + "tile/entries/000.p/5")) == old
    assert get(client, prefix + "tile/0/000")[: 5 * 32] == old[0]


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("checkpoint", "public, max-age=1"),
        ("checkpoint/latest", "public, max-age=1"),
        ("tile/0/000.p/10", "public, max-age=31536000, immutable"),
        ("tile/0/000.p/7", "public, max-age=31536000, immutable"),
        ("tile/entries/000.p/10", "public, max-age=31536000, immutable"),
        ("blob/{blob}", "public, max-age=31536000, immutable"),
        ("", "public, max-age=1"),
    ],
)
def test_what_is_served_may_be_read_from_anywhere_and_cached(client: Client, prefix: str, path: str, cache: str) -> None:
    make.small_log()
    path = (prefix + path if path else "/log/").format(blob=put_blob(b"<script>", salted=False))
    response = client.get(path)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == cache
    assert response["Content-Type"] in {"application/octet-stream", "application/json", "text/plain; charset=utf-8"}
    assert not response.cookies
    head = client.head(path)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", response["Content-Length"])
    for method in ("post", "put", "patch", "delete"):
        refused = getattr(client, method)(path)
        assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, OPTIONS")
        assert refused["Access-Control-Allow-Origin"] == "*"
    asked = client.options(path, headers={"origin": "https://elsewhere.example", "access-control-request-method": "GET"})
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked["Access-Control-Allow-Origin"] == "*"
    assert "GET" in asked["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/000.p/11",
        "tile/0/000.p/0",
        "tile/0/000.p/010",
        "tile/0/0",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
        "tile/64/000.p/1",
        "tile/00/000.p/10",
        "tile/0/x000/000.p/10",
        "tile/0/000.p/10/",
        "tile/0/../0/000.p/10",
        "tile/0/%2e%2e/%2e%2e/checkpoint",
        "tile/entries/000.p/11",
        "tile/entries/000.p/10%0a",
        "tile/../checkpoint",
        "tile/",
        "checkpoint/",
        "checkpoint/oldest",
        "sequencer.lock",
        "checkpoint.latest",
        "../sequencer.instance",
        "blob/" + "0" * 64,
        "blob/" + "A" * 64,
        "",
    ],
)
def test_nothing_else_is_served_and_that_is_said_to_programs(client: Client, prefix: str, path: str) -> None:
    make.small_log()
    response = client.get(prefix + path)
    assert (response.status_code, response.content) == (404, b"not found\n")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "no-store"  # what is not there now may be there soon
    assert client.head(prefix + path).status_code == 404


def test_another_year_is_not_found_and_says_so_to_programs(client: Client) -> None:
    make.small_log()
    response = client.get("/log/1999/checkpoint")
    assert (response.status_code, response.content) == (404, b"not found\n")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert client.get("/log/1999/tile/0/000.p/1").status_code == 404
    for shard in ("2026-1", "2026-10", "20266", "x"):
        assert client.get(f"/log/{shard}/checkpoint").content == b"not found\n"


def test_the_newest_checkpoint_is_served_beside_the_published_one(client: Client, prefix: str) -> None:
    make.small_log()
    make.opened("p2")
    shard = log.current_shard()
    sequencer.append(shard, mixing.ripe_polls())
    files.publish(shard, sequencer.sign(shard, trees.load(shard)), served=False)
    assert get(client, prefix + "checkpoint").splitlines()[1] == b"10"
    assert get(client, prefix + "checkpoint/latest").splitlines()[1] == b"14"
    assert get(client, prefix + "tile/0/000.p/14")


def test_what_has_no_checkpoint_yet_is_not_served(client: Client, prefix: str) -> None:
    make.small_log()
    make.opened("p2")
    sequencer.append(log.current_shard(), mixing.ripe_polls())
    assert client.get(prefix + Tile(0, 0, 11).path).status_code == 404
    assert client.get(prefix + Tile(ENTRIES, 0, 11).path).status_code == 404


def test_a_blob_is_served_as_bytes_to_save_and_is_gone_when_erased(client: Client, prefix: str) -> None:
    make.small_log()
    name = put_blob(b"<script>alert(1)</script>", salted=True)
    response = client.get(f"{prefix}blob/{name}")
    assert hashlib.sha256(response.content).hexdigest() == name
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == "attachment"
    from votelog.models import Blob

    Blob.objects.filter(sha256=name).delete()
    assert client.get(f"{prefix}blob/{name}").status_code == 404
    assert check(client) == 10


def test_the_index_is_empty_before_the_log_is_open_and_then_names_its_keys(client: Client) -> None:
    assert client.get("/log/").json()["logs"] == []
    sequencer.run_once()
    (served,) = client.get("/log/").json()["logs"]
    shard = log.current_shard()
    assert served == {
        "origin": f"vote.example.org/log/{shard}",
        "prefix": f"/log/{shard}/",
        "vkey": log.vkey(),
        "receipt_vkey": log.receipt_vkey(),
    }
    assert set(client.get("/log/").json()) == {"logs"}
    assert note.VerifierKey.parse(served["receipt_vkey"]).name == f"vote.example.org/log/{shard}/receipt"
