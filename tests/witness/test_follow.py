"""Pull mode, against a log that serves files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merkle import cosignature, note, tiles
from merkle.tree import Tree, leaf_hash
from tests.witness.logs import Log, new_key, run, witness
from witness import keys
from witness.errors import CannotStart
from witness.follow import Unreachable, consistency_proof, follow, once, prefix_of
from witness.state import State


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    folder.mkdir(exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def publish(folder: Path, log: Log, size: int, *, old: int = 0) -> None:
    """What a log of this size serves; the partial tiles of other sizes are gone."""
    for path in folder.glob("tile/**/*.p/*"):
        path.unlink()
    for tile in tiles.between(old, size):
        if tile.level != tiles.ENTRIES:
            path = folder / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tiles.data(log.tree, tile))
    (folder / "checkpoint").write_text(log.checkpoint(size))


LOG = Log(70_000)


def test_it_signs_what_it_proved_itself_and_puts_it_into_a_file(tmp_path: Path) -> None:
    made = witness(tmp_path, LOG)
    out = tmp_path / "cosigned"
    with served(tmp_path / "log") as url:
        for size in (1, 3, 300, 300, 66_000, 70_000):
            publish(tmp_path / "log", LOG, size)
            assert once(made, url, out=out)
            signed = out.read_text()
            assert signed.startswith(LOG.checkpoint(size))
            assert cosignature.time_of(note.parse(signed), made.key, keys.check_signature)


def test_it_prefers_the_newest_checkpoint_where_a_log_has_one_for_its_witnesses(tmp_path: Path) -> None:
    made = witness(tmp_path, LOG)
    (tmp_path / "log").mkdir()
    publish(tmp_path / "log", LOG, 9)
    (tmp_path / "log" / "checkpoint").unlink()
    (tmp_path / "log" / "checkpoint").mkdir()
    (tmp_path / "log" / "checkpoint" / "latest").write_text(LOG.checkpoint(9))
    with served(tmp_path / "log") as url:
        assert once(made, url + "/", out=tmp_path / "out")


def test_a_fork_is_not_signed_and_kept_as_evidence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = witness(tmp_path, LOG)
    fork = Log(400, salt="x", common=250)
    with served(tmp_path / "log") as url:
        publish(tmp_path / "log", LOG, 300)
        assert once(made, url, out=tmp_path / "out")
        for size, kind in ((400, "unproven"), (300, "fork")):
            publish(tmp_path / "log", fork, size)
            assert not once(made, url, out=tmp_path / "out")
            assert made.state.evidence()[-1 if kind == "unproven" else 0].root == fork.tree.root(size)
    assert sorted(item.kind for item in made.state.evidence()) == ["fork", "unproven"]
    assert (tmp_path / "out").read_text().startswith(LOG.checkpoint(300))
    assert "FORK" in caplog.text
    assert "REFUSED" in caplog.text


def test_an_old_copy_is_no_fork_but_an_old_fork_is(tmp_path: Path) -> None:
    made = witness(tmp_path, LOG)
    with served(tmp_path / "log") as url:
        for size in (5, 9):
            publish(tmp_path / "log", LOG, size)
            assert once(made, url, out=None)
        publish(tmp_path / "log", LOG, 5)
        assert once(made, url, out=None)
        assert made.state.evidence() == []
        publish(tmp_path / "log", Log(salt="x"), 5)
        once(made, url, out=None)
    assert [item.kind for item in made.state.evidence()] == ["fork"]


def test_a_log_that_is_away_or_serves_nonsense_is_waited_for(tmp_path: Path) -> None:
    made = witness(tmp_path, LOG)
    folder = tmp_path / "log"
    with served(folder) as url:
        for content in (b"", b"\xff", b"hello\n", Log(origin="other.example").checkpoint(5).encode()):
            (folder / "checkpoint").write_bytes(content)
            with pytest.raises(Unreachable):
                once(made, url, out=None)
        publish(folder, Log(300, origin="other.example"), 300)
        with pytest.raises(Unreachable, match="no key of --log or --policy has signed"):
            once(made, url, out=None)
        publish(folder, LOG, 300)
        (folder / "tile/0/001.p/44").unlink()
        with pytest.raises(Unreachable, match="missing"):
            once(made, url, out=None)
        (folder / "tile/0/001").write_bytes(tiles.data(LOG.tree, tiles.Tile(0, 1)))  # full by now: as good
        assert once(made, url, out=None)
        publish(folder, LOG, 20)
    with pytest.raises(Unreachable, match="does not answer"):
        once(made, url, out=None)
    for wrong in ("ftp://x/", "vote.example.org", "https://x/?y", "file:///etc"):
        with pytest.raises(CannotStart):
            prefix_of(wrong)


def test_it_looks_again_and_again_until_told_to_stop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = witness(tmp_path, LOG)
    stop = threading.Event()

    class Growing(threading.Event):
        """Between two looks the log comes into being, grows, and then the time is over."""

        looks = 0

        def wait(self, timeout: float | None = None) -> bool:
            self.looks += 1
            if self.looks in (2, 3):
                publish(tmp_path / "log", LOG, 100 * self.looks)
            if self.looks == 4:
                self.set()
            return self.is_set()

    stop = Growing()
    with served(tmp_path / "log") as url:
        follow(made, url, out=tmp_path / "out", every=1, stop=stop)
    assert made.state.latest(LOG.origin).size == 300
    assert caplog.text.count("has no checkpoint") == 1
    assert caplog.text.count("answers again") == 1


def test_the_command_looks_once_and_says_how_it_went(tmp_path: Path) -> None:
    key, state = new_key(tmp_path), tmp_path / "s"
    with served(tmp_path / "log") as url:
        options = ("follow", url, "--once", "--key", key, "--state", state, "--log", LOG.key)
        assert run(*options).returncode == 2
        publish(tmp_path / "log", LOG, 300)
        done = run(*options)
        assert (done.returncode, done.stdout.startswith(LOG.checkpoint(300))) == (0, True)
        publish(tmp_path / "log", Log(400, salt="x"), 300)
        refused = run(*options)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "FORK" in refused.stderr
    assert run("show", "--state", state).returncode == 1
    assert State(state, None).latest(LOG.origin).size == 300


TREE = Tree(leaf_hash(str(n).encode()) for n in range(1200))


@given(st.data())
def test_proofs_from_tiles_are_those_of_the_tree(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 1200))
    old = data.draw(st.integers(1, new - 1))
    assert consistency_proof(old, new, partial(tiles.data, TREE)) == TREE.consistency_proof(old, new)
