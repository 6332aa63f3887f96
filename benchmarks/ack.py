"""How much a verified, decided and recorded answer costs beside an empty endpoint.

hookgate (a signed GitHub push of about 6 KB, a rule that matches, every event a new one, committed
with synchronous=FULL before its 202; programs are not run) and a bare Starlette route that reads
the body and answers 202, both under the same uvicorn settings in a process of their own, take
turns under the same load. The ratio of each round is what counts: absolute figures drift.

With --peer a third takes its turn: adnanh/webhook, where it is installed, with a rule that checks
the same signature and starts /bin/true. It records nothing, and does start the program.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Figures
from benchmarks.servers import MARKER, ROOT, memory, post, processor_time, put_load, server
from benchmarks.servers import peer as peer_server

SECRET = "benchmark"

RULES = f"""\
version: 1
server: {{admin_token: benchmark}}
store: {{url: "sqlite:bench.db", max_pending: {{tasks: 10000000, bytes: 100GB}}}}
sources:
  github:
    provider: github
    auth: {{secret: {SECRET}}}
    params:
      ref: ref
      repository: repository.full_name
      first_commit: commits.0.id
    rules:
      push:
        - condition: ref == 'refs/heads/main'
          program: "true"
programs:
  "true": {{command: "true"}}
"""


PEER_RULES = [
    {
        "id": "github",
        "execute-command": "/bin/true",
        "trigger-rule": {
            "match": {
                "type": "payload-hmac-sha256",
                "secret": SECRET,
                "parameter": {"source": "header", "name": "X-Hub-Signature-256"},
            }
        },
    }
]


@dataclass(frozen=True)
class Peer:
    """What adnanh/webhook gave, and its memory afterwards, in MiB."""

    figures: Figures
    memory: float


@dataclass(frozen=True)
class Round:
    """What they gave, one after the other; `peer` is None where it does not take part.

    Of hookgate's processes together, `memory` is what they hold afterwards, in MiB, and `processor`
    the microseconds that an answer took.
    """

    ours: Figures
    bare: Figures
    memory: float
    processor: float
    peer: Peer | None

    @property
    def ratio(self) -> float:
        """The share of the empty endpoint's answers that hookgate gives."""
        return self.ours.per_second / self.bare.per_second

    @property
    def beside_peer(self) -> float | None:
        """How many answers hookgate gives for each of the peer's."""
        return None if self.peer is None else self.ours.per_second / self.peer.figures.per_second


def figures(
    rounds: int, seconds: float, connections: int = 64, workers: int = 1, *, peer: bool
) -> Iterator[Round]:
    """Take so many rounds, with the `peer` where it is wanted and installed."""
    peer = peer and shutil.which("webhook") is not None
    for _ in range(rounds):
        yield one_round(connections, seconds, workers, peer=peer)


def request(path: str, body: bytes) -> str:
    """A signed push as on the wire; the marker stands for its event id."""
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "User-Agent": "GitHub-Hookshot/1234567",
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": MARKER,
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return post(path, body, headers)


def measure(
    port: int, connections: int, seconds: float, path: str = "/github", status: str = "202"
) -> Figures:
    """Put signed pushes on a server for a while."""
    body = (ROOT / "tests/deliveries/github_push.json").read_bytes()
    return put_load(port, request(path, body), connections, status, seconds=seconds)


def one_round(connections: int, seconds: float, workers: int, *, peer: bool) -> Round:
    """The servers fresh, one after the other."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix="bench-") as directory:
        rules = Path(directory, "rules.yaml")
        rules.write_text(RULES)
        with_workers = ("--workers", str(workers))
        serve = ("-m", "hookgate", "serve", str(rules), "--port", "0", "--no-work", *with_workers)
        with server(*serve) as (pid, port):
            before = processor_time(pid)
            ours = measure(port, connections, seconds)
            used = memory(pid)
            processor = 1e6 * (processor_time(pid) - before) / ours.requests
    with server("-m", "benchmarks.bare") as (_, port):
        bare = measure(port, connections, seconds)
    return Round(ours, bare, used, processor, _peer(connections, seconds) if peer else None)


def _peer(connections: int, seconds: float) -> Peer:
    with peer_server(PEER_RULES) as (pid, port):
        found = measure(port, connections, seconds, "/hooks/github", "200")
        return Peer(found, memory(pid))


def beside_peer(rounds: Sequence[Round]) -> str:
    """How hookgate did beside the peer, in words."""
    ratios = [each.beside_peer for each in rounds if each.beside_peer is not None]
    last = rounds[-1].peer
    if last is None:
        return "peer: left out, there is no `webhook` here (Debian has it as a package)"
    return (
        f"beside webhook, which records nothing: median {statistics.median(ratios):.2f}, "
        f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds; "
        f"it held {last.memory:.0f} MiB after {last.figures.requests:,} answers"
    )


def main() -> None:
    """Take the rounds and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--workers", type=int, default=1, help="serve with so many")
    parser.add_argument("--peer", action="store_true", help="measure adnanh/webhook as well")
    args = parser.parse_args()
    rounds = []
    print(
        "round   hookgate/s  p50 ms  p99 ms     bare/s  p50 ms  p99 ms   ratio     peer/s  p99 ms"
    )
    taken = figures(args.rounds, args.seconds, args.connections, args.workers, peer=args.peer)
    for number, each in enumerate(taken, 1):
        ours, bare = each.ours, each.bare
        rounds.append(each)
        line = (
            f"{number:5}   {ours.per_second:10.0f}  {ours.p50_ms:6.1f}  {ours.p99_ms:6.1f}"
            f"   {bare.per_second:8.0f}  {bare.p50_ms:6.1f}  {bare.p99_ms:6.1f}"
            f"   {each.ratio:5.2f}"
        )
        if each.peer is not None:
            theirs = each.peer.figures
            line += f"   {theirs.per_second:8.0f}  {theirs.p99_ms:6.1f}"
        print(line, flush=True)
    ratios = [each.ratio for each in rounds]
    print(
        f"\nratio: median {statistics.median(ratios):.2f}, "
        f"from {min(ratios):.2f} to {max(ratios):.2f} in {args.rounds} rounds\n"
        f"memory: {each.memory:.0f} MiB after {ours.requests} answers\n"
        f"processor time: {each.processor:.0f} us an answer, of all processes together"
    )
    if args.peer:
        print(beside_peer(rounds))


if __name__ == "__main__":
    main()
