"""What a verifier knows of keys that are fetched, and what it wants."""

from __future__ import annotations

from hookgate.auth.material import MAX_ADDRESSES, Fetched, Given

URL = "https://sender.example/key"


def digits(content: bytes) -> int | None:
    return int(content) if content.isdigit() else None


def material() -> Fetched[int]:
    return Fetched(digits, max_bytes=10, max_age=60.0)


def test_what_is_given_is_used_for_every_address_and_nothing_is_fetched() -> None:
    assert Given(7).at("anything", 0.0) == 7
    assert Given(7).wanted("anything") is None


def test_what_was_never_fetched_is_wanted() -> None:
    keys = material()
    wanted = keys.wanted(URL)
    assert keys.at(URL, 100.0) is None
    assert (wanted.url, wanted.max_bytes, wanted.max_age) == (URL, 10, 60.0)
    assert wanted.known_at is None


def test_what_was_learned_is_known_until_it_is_too_old() -> None:
    keys = material()
    assert keys.wanted(URL).learn(b"7", 100.0)
    assert [keys.at(URL, now) for now in (99.9, 100.0, 160.0, 160.1)] == [None, 7, 7, None]
    assert keys.at(f"{URL}s", 100.0) is None
    assert keys.wanted(URL).known_at == 100.0


def test_what_cannot_be_read_is_not_learned_and_what_was_known_stays() -> None:
    keys = material()
    assert keys.wanted(URL).learn(b"7", 100.0)
    assert not keys.wanted(URL).learn(b"x", 101.0)
    assert keys.at(URL, 101.0) == 7


def test_what_many_waited_for_is_read_once() -> None:
    read = []

    def parse(content: bytes) -> bytes:
        read.append(content)
        return content

    keys = Fetched(parse, max_bytes=10, max_age=60.0)
    wanted = [keys.wanted(URL) for _ in range(3)]
    assert [one.learn(b"7", 100.0) for one in wanted] == [True, True, True]
    assert read == [b"7"]


def test_of_too_many_addresses_the_one_that_was_used_longest_ago_is_forgotten() -> None:
    keys = material()
    urls = [f"{URL}/{number}" for number in range(MAX_ADDRESSES + 1)]
    for url in urls[:-1]:
        keys.wanted(url).learn(b"7", 0.0)
    assert keys.at(urls[0], 1.0) == 7
    keys.wanted(urls[-1]).learn(b"7", 0.0)
    assert [url for url in urls if keys.at(url, 2.0) is None] == [urls[1]]


def test_two_verifiers_know_nothing_of_each_other() -> None:
    first, second = material(), material()
    first.wanted(URL).learn(b"7", 0.0)
    assert second.at(URL, 0.0) is None
