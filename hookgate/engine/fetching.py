"""Fetching the keys that verifiers want, as seldom as can be, and confirming subscriptions.

Whoever calls the gateway can make a verifier want something. So what is fetched is kept, what
failed is not tried again at once, deliveries that want the same wait for one request, and each host
is asked so many times in a minute for what nobody has had from it yet.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from hookgate.engine import journal
from hookgate.engine.https import Answered, Https, NoReply, Reply
from hookgate.engine.ids import Clock
from hookgate.engine.intake import Fetch
from hookgate.model import Wanted

MAX_KEPT = 64
"""Of how many addresses the last outcome is kept."""

MAX_A_MINUTE = 20
"""How many requests a host gets in a minute, but for addresses that have given keys before."""

LEAST_AGE = 60.0
"""Seconds for which what was fetched is new enough, also for a key that is not in it."""

FAILURE_AGE = 30.0
"""Seconds for which a failure is remembered."""

_MINUTE = 60.0
_MAX_CONFIRMATION = 64 * 1024
_TRY_AGAIN = frozenset({408, 425, 429})


class _Outcome(NamedTuple):
    """What an address gave at a time: its content, or the reason why there is none."""

    at: float
    content: bytes | None
    failure: Fetch = Fetch.NOTHING


class Fetcher:
    """Fetches keys for verifiers. Leaving it ends what is under way; use it as a context manager.

    Its cache outlives a configuration: the verifiers of the next learn from it what is still new.
    """

    def __init__(self, https: Https | None = None, clock: Clock = time.time) -> None:
        self._https = https or Https()
        self._clock = clock
        self._kept: OrderedDict[str, _Outcome] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[_Outcome]] = {}
        self._confirming: set[asyncio.Task[None]] = set()
        self._asked: dict[str, deque[float]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = [*self._under_way.values(), *self._confirming]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def fetch(self, wanted: Wanted) -> Fetch:
        """Let a verifier learn what it wants, from what is kept or from its address."""
        outcome = self._kept.get(wanted.url)
        if outcome is None or not self._holds(outcome, wanted):
            outcome = await self._shared(wanted)
        if outcome.content is None:
            return outcome.failure
        if outcome.at == wanted.known_at:
            return Fetch.NOTHING
        if wanted.learn(outcome.content, outcome.at):
            return Fetch.LEARNED
        self._keep(wanted.url, outcome._replace(content=None, failure=Fetch.UNAVAILABLE))
        journal.fetch_failed(wanted.url, "what is there cannot be read")
        return Fetch.UNAVAILABLE

    def confirm(self, source: str, url: str) -> None:
        """Call the address that confirms a subscription, in the background."""
        task = asyncio.create_task(self._confirm(source, url))
        self._confirming.add(task)
        task.add_done_callback(self._confirming.discard)

    def _holds(self, outcome: _Outcome, wanted: Wanted) -> bool:
        """Whether an outcome that is kept spares a request."""
        age = self._clock() - outcome.at
        if outcome.content is None:
            return 0 <= age < FAILURE_AGE
        return 0 <= age < (LEAST_AGE if outcome.at == wanted.known_at else wanted.max_age)

    async def _shared(self, wanted: Wanted) -> _Outcome:
        """The outcome of one request for all who want the same at the same time."""
        task = self._under_way.get(wanted.url)
        if task is None:
            task = asyncio.create_task(self._ask(wanted))
            self._under_way[wanted.url] = task
            task.add_done_callback(lambda _: self._under_way.pop(wanted.url))
        # One who goes away must not end it for the others.
        return await asyncio.shield(task)

    async def _ask(self, wanted: Wanted) -> _Outcome:
        # Who has had keys from there is not for forgers to keep from newer ones.
        if wanted.known_at is None and not self._may_ask(wanted.url):
            journal.fetch_failed(wanted.url, f"{MAX_A_MINUTE} requests in a minute are enough")
            return _Outcome(self._clock(), None, Fetch.UNAVAILABLE)
        began = time.perf_counter()
        answered = await self._https.get(wanted.url, wanted.max_bytes)
        outcome = self._outcome(answered)
        if outcome.content is None:
            journal.fetch_failed(wanted.url, _failure(answered))
        else:
            journal.fetched(wanted.url, len(outcome.content), time.perf_counter() - began)
        self._keep(wanted.url, outcome)
        return outcome

    def _outcome(self, answered: Answered) -> _Outcome:
        now = self._clock()
        match answered:
            case Reply(200, body):
                return _Outcome(now, body)
            case Reply(status) if 400 <= status < 500 and status not in _TRY_AGAIN:
                # There is no such address there, so no genuine sender has named it.
                return _Outcome(now, None, Fetch.NOTHING)
        return _Outcome(now, None, Fetch.UNAVAILABLE)

    def _keep(self, url: str, outcome: _Outcome) -> None:
        self._kept[url] = outcome
        self._kept.move_to_end(url)
        if len(self._kept) > MAX_KEPT:
            # Failures go first: anybody can cause them.
            failed = (kept for kept, old in self._kept.items() if old.content is None)
            del self._kept[next(failed, next(iter(self._kept)))]

    def _may_ask(self, url: str) -> bool:
        """Whether the host of an address may be asked once more; counts it where it may."""
        # The hosts are those that the rules file allows, so this does not grow.
        asked = self._asked.setdefault(urlsplit(url).netloc, deque(maxlen=MAX_A_MINUTE))
        now = self._clock()
        if len(asked) == MAX_A_MINUTE and 0 <= now - asked[0] < _MINUTE:
            return False
        asked.append(now)
        return True

    async def _confirm(self, source: str, url: str) -> None:
        if not self._may_ask(url):
            reason = f"{MAX_A_MINUTE} requests in a minute are enough"
            journal.subscription_not_confirmed(source, reason)
            return
        answered = await self._https.get(url, _MAX_CONFIRMATION)
        if isinstance(answered, Reply) and answered.status == 200:
            journal.subscription_confirmed(source)
        else:
            journal.subscription_not_confirmed(source, _failure(answered))


def _failure(answered: Answered) -> str:
    return answered.reason if isinstance(answered, NoReply) else f"status {answered.status}"
