"""What verifying a delivery costs beside the bare HMAC of its body.

GitHub's preset and a body of 6 KB, as a webhook has. Each round times both, one after the other;
the least of each is what counts, for a busy machine can only add to it. Then the same for the
senders that sign in a form of their own, with what their vectors hold; most of it is reading the
body, which the decision does once more.
"""

from __future__ import annotations

import hmac
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


def main() -> None:
    """Print both costs and their ratio; fails where that is over the limit."""
    verifier = source().auth[0]
    delivery = signed_delivery()
    assert verifier.verify(delivery, 0.0).passed
    bare = Timer(lambda: hmac.digest(SECRET.encode(), BODY, "sha256"))
    whole = Timer(lambda: verifier.verify(delivery, 0.0))
    rounds = [(bare.timeit(CALLS), whole.timeit(CALLS)) for _ in range(ROUNDS)]
    digested, verified = (min(times) / CALLS * 1e6 for times in zip(*rounds, strict=True))
    ratio = verified / digested
    print(f"bare HMAC-SHA256 of {len(BODY):,} bytes  {digested:5.1f} us")
    print(f"verified delivery              {verified:5.1f} us")
    print(f"ratio                          {ratio:5.2f}    (limit {LIMIT})")
    for name in OWN_FORMS:
        print_cost(next(vector for vector in VECTORS if vector.name == name))
    assert ratio < LIMIT, "verifying costs too much beside its HMAC"


def print_cost(vector: Vector) -> None:
    """Print what verifying the delivery of a vector costs beside the HMAC of its body."""
    verifier = vector.config().sources["sender"].auth[0]
    delivery = vector.delivery()
    assert verifier.verify(delivery, vector.now).passed
    bare = Timer(lambda: hmac.digest(b"key", delivery.body, "sha256"))
    whole = Timer(lambda: verifier.verify(delivery, vector.now))
    digested, verified = (min(timer.repeat(ROUNDS, CALLS)) / CALLS * 1e6 for timer in (bare, whole))
    print(
        f"{vector.name:<17} {len(delivery.body):>5} bytes  verified {verified:5.1f} us"
        f"  ratio {verified / digested:5.1f}"
    )


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
