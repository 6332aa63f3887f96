"""What verifying a delivery costs beside the bare HMAC of its body.

GitHub's preset and a body of 6 KB, as a webhook has. Each round times both, one after the other;
the least of each is what counts, for a busy machine can only add to it. Then the same for the
senders that sign in a form of their own, with what their vectors hold; most of it is reading the
body, which the decision does once more.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from timeit import Timer

from hookgate.core.config import Source
from hookgate.loading.load import load
from hookgate.model import Delivery
from tests.senders.vectors import VECTORS, Vector

SECRET = "It's a Secret to Everybody"
BODY = b'{"ref": "refs/heads/main", "filler": "' + b"x" * 6104 + b'"}'
ROUNDS = 25
CALLS = 2000
LIMIT = 1.5
OWN_FORMS = (
    "twilio",
    "twilio.json-body",
    "mailgun",
    "mailgun.form",
    "mailgun.multipart",
    "adyen-payments",
    "microsoft-graph",
    "hubspot-v1",
)
RULES = f"""
version: 1
sources:
  github: {{provider: github, auth: {{secret: "{SECRET}"}}, rules: {{}}}}
programs: {{}}
"""


@dataclass(frozen=True)
class Cost:
    """Microseconds of the bare HMAC of a body and of verifying its delivery."""

    sender: str
    size: int
    digested: float
    verified: float

    @property
    def ratio(self) -> float:
        """How many times dearer verifying is."""
        return self.verified / self.digested


def github() -> Cost:
    """What the preset of GitHub costs."""
    verifier, delivery = source().auth[0], signed_delivery()
    return _cost("github", delivery, lambda: verifier.verify(delivery, 0.0).passed)


def own_form(vector: Vector) -> Cost:
    """What the delivery of a vector costs."""
    verifier, delivery = vector.config().sources["sender"].auth[0], vector.delivery()
    return _cost(vector.name, delivery, lambda: verifier.verify(delivery, vector.now).passed)


def figures() -> list[Cost]:
    """GitHub's, then those of the senders that sign in a form of their own."""
    named = {vector.name: vector for vector in VECTORS}
    return [github(), *(own_form(named[name]) for name in OWN_FORMS)]


def _cost(sender: str, delivery: Delivery, passes: Callable[[], bool]) -> Cost:
    assert passes()
    bare = Timer(lambda: hmac.digest(SECRET.encode(), delivery.body, "sha256"))
    whole = Timer(passes)
    rounds = [(bare.timeit(CALLS), whole.timeit(CALLS)) for _ in range(ROUNDS)]
    least = (min(times) / CALLS * 1e6 for times in zip(*rounds, strict=True))
    return Cost(sender, len(delivery.body), *least)


def main() -> None:
    """Print the costs and their ratio; fails where GitHub's is over the limit."""
    costs = figures()
    for cost in costs:
        print(
            f"{cost.sender:<19} {cost.size:>5} bytes  bare HMAC {cost.digested:5.1f} us"
            f"  verified {cost.verified:5.1f} us  ratio {cost.ratio:5.2f}"
        )
    assert costs[0].ratio < LIMIT, f"verifying costs over {LIMIT} times its HMAC"


def source() -> Source:
    """A source as the rules file has it."""
    config = load(RULES, "rules.yaml", "/", {}).config
    assert config is not None
    return config.sources["github"]


def signed_delivery() -> Delivery:
    """A delivery as GitHub sends it."""
    signature = hmac.new(SECRET.encode(), BODY, "sha256").hexdigest()
    return Delivery(
        id="0195c8e8-0000-7000-8000-000000000001",
        source="github",
        received_at=0.0,
        method="POST",
        path="/github",
        query={},
        headers={"x-hub-signature-256": f"sha256={signature}", "x-github-event": "push"},
        body=BODY,
        peer="192.0.2.7",
    )


if __name__ == "__main__":
    main()
