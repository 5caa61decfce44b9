"""``python -m witness``: make a key, serve, follow a log, show what was signed and what was refused."""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from merkle import policy as policies
from merkle.errors import ProofError
from merkle.note import ED25519, VerifierKey
from witness import keys
from witness.core import Witness
from witness.errors import CannotStart
from witness.follow import Unreachable, follow, once, prefix_of
from witness.serving import Server
from witness.state import State


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 something was refused, 2 the log could not be reached, 3 a key, state or option is not right."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    try:
        code: int = options.run(options)
    except CannotStart as error:
        print(f"witness: {error}", file=sys.stderr)
        return 3
    return code


def keygen(options: argparse.Namespace) -> int:
    """Make a key file; print the public key and the line for a policy."""
    key = keys.create(options.out, options.name)
    print(key)
    print(f"witness {key.name} {key}" + (f" {options.url.rstrip('/')}" if options.url else ""))
    return 0


def serve(options: argparse.Namespace) -> int:
    """Answer until SIGTERM."""
    witness = _witness(options)
    host, _, port = options.listen.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise CannotStart(f"--listen takes host:port, not {options.listen}.")
    try:
        server = Server((host.strip("[]"), int(port)), witness)
    except OSError as error:
        raise CannotStart(f"cannot listen on {options.listen}: {error.strerror or error}.") from None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.stop).start())
    print(f"{witness.key.name} listens on http://{host}:{server.server_address[1]} for {_names(witness)}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    witness.state.close()
    return 0


def follow_log(options: argparse.Namespace) -> int:
    """Look at a log again and again, or once."""
    witness = _witness(options)
    prefix_of(options.url)
    if options.once:
        try:
            return 0 if once(witness, options.url, out=options.out) else 1
        except Unreachable as error:
            print(f"witness: {error}", file=sys.stderr)
            return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    follow(witness, options.url, out=options.out, every=options.every, stop=stop)
    return 0


def show(options: argparse.Namespace) -> int:
    """What the state holds. Exit code 1 when there is evidence of a fork."""
    state = State(options.state, None)
    found = state.evidence()
    if options.evidence:
        for item in found:
            print(f"# {item.kind}: {item.origin}, size {item.size}, {_when(item.time)}")
            print("# refused:")
            print(item.note)
            print("# signed by us:" if item.signed_note else "# nothing signed by us before")
            print(item.signed_note)
    else:
        print(state.vkey())
        for origin in state.origins():
            latest = state.latest(origin)
            print(f"{origin}: size {latest.size}, root {latest.root.hex()}, signed {_when(latest.time)}")
            print(f"  shown at /{sha256(origin.encode()).hexdigest()}/checkpoint")
        for kind in ("fork", "unproven", "settled"):
            if count := sum(item.kind == kind for item in found):
                print(f"refused ({kind}): {count}; see --evidence")
    state.close()
    return 1 if any(item.kind == "fork" for item in found) else 0


def _witness(options: argparse.Namespace) -> Witness:
    key, signer = keys.load(options.key)
    logs = [_log_key(vkey) for vkey in options.log]
    for path in options.policy:
        try:
            logs += [log.key for log in policies.parse(path.read_bytes()).logs]
        except (OSError, ProofError) as error:
            raise CannotStart(f"{path}: {error}.") from None
    if not logs:
        raise CannotStart("name a log to witness, with --log VKEY or a --policy file that has a log line.")
    return Witness(key=key, signer=signer, state=State(options.state, key), logs=dict.fromkeys(logs))


def _log_key(vkey: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(vkey)
    except (ProofError, ValueError) as error:
        raise CannotStart(f"--log {vkey}: {error}.") from None
    if key.algorithm != ED25519:
        raise CannotStart(f"--log {vkey}: this is not the key of a log but of something else (type 0x{key.algorithm:02x}).")
    return key


def _names(witness: Witness) -> str:
    return ", ".join(witness.logs)


def _when(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="witness", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser("keygen", help="make a key file; print the public key and the line for a policy")
    make.add_argument("--name", required=True, help="name of the witness, as witness.example.org/w1")
    make.add_argument("--out", required=True, type=Path, help="the file to make")
    make.add_argument("--url", help="where the witness will take checkpoints, for the policy line")
    make.set_defaults(run=keygen)

    for name, run, text in (
        ("serve", serve, "take checkpoints over HTTP"),
        ("follow", follow_log, "fetch the checkpoint of a log again and again"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--key", required=True, type=Path)
        command.add_argument("--state", required=True, type=Path, help="SQLite file; made when there is none")
        command.add_argument("--log", action="append", default=[], metavar="VKEY", help="public key of a log; several times")
        command.add_argument("--policy", action="append", default=[], type=Path, metavar="FILE", help="the logs of this policy")
        command.set_defaults(run=run)
        if name == "serve":
            command.add_argument("--listen", default="127.0.0.1:8090", metavar="HOST:PORT")
        else:
            command.add_argument("url", metavar="URL", help="the log's prefix, as https://vote.example.org/log/2027/")
            command.add_argument("--every", type=float, default=60.0, metavar="SECONDS")
            command.add_argument("--out", type=Path, metavar="FILE", help="where the cosigned checkpoint goes, else printed")
            command.add_argument("--once", action="store_true", help="look once, and end")

    look = commands.add_parser("show", help="what was signed and what was refused")
    look.add_argument("--state", required=True, type=Path)
    look.add_argument("--evidence", action="store_true", help="the refused checkpoints, whole")
    look.set_defaults(run=show)
    return parser


if __name__ == "__main__":
    sys.exit(main())
