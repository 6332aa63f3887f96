"""Requests as nobody would write them, built from the parts of those that somebody would."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st


def _one_of(words: bytes) -> st.SearchStrategy[bytes]:
    """One of the lines of a text, without the spaces around it; escapes are those of Python."""
    lines = words.decode("unicode_escape").encode("latin-1").split(b"|")
    return st.sampled_from([line.strip(b" ") for line in lines])


METHODS = _one_of(rb"POST|POST|POST|POST|POST|POST|GET|PUT|HEAD|OPTIONS|PATCH|PRI")
TARGETS = _one_of(
    rb"/open|/api/webhooks/open|/token|/signed|/form|/healthz|/api/tasks|/api/deliveries/x|/|*|//|"
    rb"/open?a=1&a=2|/open?"
    + b"a&" * 200
    + rb"|/%6fpen|/open#x|http://gateway/open|/\xff|/nowhere|x:80"
)
VERSIONS = _one_of(rb"HTTP/1.1|HTTP/1.1|HTTP/1.1|HTTP/1.1|HTTP/1.1|HTTP/1.0|HTTP/2.0|HTTP/0.9|x|")
NAMES = _one_of(
    rb"Content-Type|Content-Encoding|X-Event-Type|X-Id|X-Webhook-Token|Expect|Authorization|Origin|"
    rb"X-Forwarded-For|Connection|Upgrade|Host|Cookie|Content-Length|Transfer-Encoding|Accept|"
    rb"X-Hub-Signature-256"
) | st.binary(min_size=1, max_size=8)
VALUES = _one_of(
    rb"application/json|text/plain|application/x-www-form-urlencoded|gzip|close|image/png|keep-alive|"
    rb"application/json; charset=utf-16|multipart/form-data; boundary=b|upgrade|h2c|100-continue|0|"
    rb"chunked|Bearer t|Basic !|192.0.2.1|for=x, ::1|push|5|-1|sha256=00|t=1,v1=00|\x1b[31m"
) | st.binary(max_size=20)
BODIES = _one_of(
    rb"|{}|{\"a\":{\"b\":[1,2.50,null]},\"title\":\"t\"}|{\"a\":1,\"a\":2}|nul|a=1&b=%ff&payload=%7B%7D|"
    rb"\"\\ud800\"|\xff\xfe|NaN|"
    rb"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n|"
    + b"[" * 200
    + b"|"
    + b"1" * 5000
    + b"|"
    + b"x" * 3000
) | st.binary(max_size=60)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=5)


@st.composite
def _chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """A body in chunks, of which some may be wrong."""
    cut = draw(st.integers(0, len(body)))
    pieces = [piece for piece in (body[:cut], body[cut:]) if piece]
    wrong = draw(st.sampled_from([0, 0, 0, 1, -1]))
    end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b";x=y\r\n", b" \r\n"]))
    chunks = [b"%x%b%b\r\n" % (max(0, len(piece) + wrong), end, piece) for piece in pieces]
    last = draw(
        st.sampled_from([b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX-Id: 1\r\n\r\n", b"", b"0\r\n"])
    )
    return b"".join(chunks) + last


@st.composite
def _request(draw: st.DrawFn) -> bytes:
    line = b" ".join([draw(METHODS), draw(TARGETS), draw(VERSIONS)]) + b"\r\n"
    fields = [(b"Host", b"gateway"), *draw(FIELDS)]
    body = draw(BODIES)
    framing = draw(st.sampled_from(["length", "length", "length", "chunks", "wrong", "none"]))
    if framing == "chunks":
        fields.append((b"Transfer-Encoding", b"chunked"))
        body = draw(_chunked(body))
    elif framing != "none":
        off = draw(st.sampled_from([-1, 1, 7])) if framing == "wrong" else 0
        fields.append((b"Content-Length", b"%d" % max(0, len(body) + off)))
    head = b"".join(b"%b: %b\r\n" % field for field in fields)
    return line + head + b"\r\n" + body


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """What one caller sends, in the pieces in which it arrives."""
    sent = bytearray(b"".join(draw(st.lists(_request(), min_size=1, max_size=3))))
    for place in draw(st.lists(st.integers(0, len(sent) - 1), max_size=2)):
        sent[place] = draw(st.integers(0, 255))
    if draw(st.booleans()) and draw(st.booleans()):
        sent = sent[: draw(st.integers(0, len(sent)))]
    cuts = sorted(draw(st.lists(st.integers(0, len(sent)), max_size=2)))
    edges = [0, *cuts, len(sent)]
    return [bytes(sent[a:b]) for a, b in pairwise(edges) if a < b]
