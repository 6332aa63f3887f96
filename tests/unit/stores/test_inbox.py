"""The writing process serves several gateway processes, however any of them ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from hookgate.frames import FrameBuffer, frame
from hookgate.stores.sqlite.frames import Answers
from hookgate.stores.sqlite.inbox import Inbox


@dataclass
class Ends:
    """An inbox, and the ends of what leads to it."""

    inbox: Inbox
    first: socket.socket
    door: socket.socket

    def let_in(self) -> socket.socket:
        ours, its = socket.socketpair()
        with its:
            socket.send_fds(self.door, [b"."], [its.fileno()])
        return ours


@pytest.fixture
def ends() -> Iterator[Ends]:
    with ExitStack() as opened:
        pairs = [socket.socketpair() for _ in range(2)]
        (first, its), (door, its_door) = ([opened.enter_context(e) for e in p] for p in pairs)
        inbox = Inbox(its, its_door)
        opened.callback(inbox.close)
        yield Ends(inbox, first, door)


def send(end: socket.socket, *words: str) -> None:
    end.sendall(b"".join(frame([(len, (word,)) for word in words])))


def told(end: socket.socket) -> list[Answers]:
    end.settimeout(5)
    return list(FrameBuffer().feed(end.recv(65536)))


def test_each_is_told_what_came_of_what_it_sent_and_the_first_what_is_due(ends: Ends) -> None:
    one, other = ends.let_in(), ends.let_in()
    with one, other:
        send(one, "a", "b")
        send(other, "c")
        group: list[str] = []
        while len(group) < 3:
            group += (found := [arguments[0] for _, arguments in ends.inbox.next_group()])
            ends.inbox.tell(Answers([word.upper() for word in found], 7.0))
        assert [result for answers in told(one) for result in answers.results] == ["A", "B"]
        assert [result for answers in told(other) for result in answers.results] == ["C"]
        assert {answers.due for answers in told(ends.first)} == {7.0}


def test_one_that_is_killed_behind_its_last_writes_disturbs_nobody(ends: Ends) -> None:
    killed = ends.let_in()
    send(killed, "a")
    killed.close()
    assert len(ends.inbox.next_group()) == 1
    ends.inbox.tell(Answers(["A"], 7.0))
    send(ends.first, "b")
    assert len(ends.inbox.next_group()) == 1
    ends.inbox.tell(Answers(["B"], None))
    assert told(ends.first) == [Answers([], 7.0), Answers(["B"], None)]


def test_one_that_reads_nothing_holds_up_nobody_and_is_told_all_in_the_end(ends: Ends) -> None:
    large = "x" * 1_000_000
    with ends.let_in() as deaf:
        send(deaf, "a")
        assert len(ends.inbox.next_group()) == 1
        ends.inbox.tell(Answers([large], None))
        send(ends.first, "b")
        assert len(ends.inbox.next_group()) == 1
        ends.inbox.tell(Answers(["B"], None))
        assert told(ends.first) == [Answers(["B"], None)]
        deaf.setblocking(False)
        buffer = FrameBuffer()
        found: list[Answers] = []
        for number in range(10_000):
            try:
                found += buffer.feed(deaf.recv(65536))
            except BlockingIOError:
                send(ends.first, str(number))
                ends.inbox.next_group()
            if found:
                break
        assert found == [Answers([large], None)]


def test_when_the_first_has_gone_nothing_more_comes(ends: Ends) -> None:
    with ends.let_in() as other:
        send(ends.first, "last")
        ends.first.close()
        assert [arguments for _, arguments in ends.inbox.next_group()] == [("last",)]
        send(other, "too late")
        assert ends.inbox.next_group() == []
