"""Whatever is sent: an answer of 4xx that says why, and nothing changed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web_site import KEY, START, Site

from ivr.service.errors import InvalidParameter
from ivr.web.bodies import MAX_BODY_BYTES, _form, _multipart, read_json_object

pytestmark = pytest.mark.web

NUMBER = '"_customer_number": "+12025550100"'
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"


def part(body: bytes, disposition: bytes = b'form-data; name="_customer_number"', head: bytes = b"") -> bytes:
    return b"--x\r\nContent-Disposition: " + disposition + b"\r\n" + head + b"\r\n" + body + b"\r\n"


BODIES: list[tuple[str, bytes, int]] = [
    (JSON, b"", 400),
    (JSON, b"{", 400),
    (JSON, b"[]", 400),
    (JSON, b"null", 400),
    (JSON, b'"text"', 400),
    (JSON, b"\xff\xfe{}", 400),
    (JSON, b"\xef\xbb\xbf{}", 400),
    (JSON, f"{{{NUMBER}, {NUMBER}}}".encode(), 400),
    (JSON, f'{{{NUMBER}, "x": NaN}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": Infinity}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": 1e999}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": {"9" * 5000}}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": {"[" * 30000}}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": {"[" * 20000}{"]" * 20000}}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": {{"y": 1}}}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": "\\ud800"}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "\\ud800": "x"}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": "a\\r\\nb: c"}}'.encode(), 400),
    (JSON, f'{{{NUMBER}, "x": "\\u0000"}}'.encode(), 400),
    (JSON, b'{"_customer_number": "+1202555\\u0000"}', 400),
    (JSON, b'{"_customer_number": {"$ne": 1}}', 400),
    (JSON, b'{"_customer_number": true}', 400),
    (JSON, b"x" * (MAX_BODY_BYTES + 1), 413),
    (FORM, b"_customer_number=%ff", 400),
    (FORM, b"_customer_number=a&_customer_number=b", 400),
    (FORM, b"&".join(b"k%d=v" % n for n in range(300)), 400),
    (FORM, b"_customer_number", 400),
    (PARTS, b"", 400),
    (PARTS, b"--x--\r\n", 400),
    (PARTS, b"no parts at all", 400),
    (PARTS, part(b"\xff\xff") + b"--x--\r\n", 400),
    (PARTS, part(b"+12025550100", b'form-data; name="f"; filename="a.txt"') + b"--x--\r\n", 400),
    (PARTS, part(b"+12025550100", b"attachment") + b"--x--\r\n", 400),
    (
        PARTS,
        part(b"--y\r\n\r\n1\r\n--y--", head=b"Content-Type: multipart/mixed; boundary=y\r\n") + b"--x--\r\n",
        400,
    ),
    (PARTS, part(b"a") + part(b"b") + b"--x--\r\n", 400),
    (PARTS, part(b"KzEyMDI=", head=b"Content-Transfer-Encoding: base64\r\n") + b"--x--\r\n", 400),
    (PARTS, part(b"+12025550100"), 400),
    (PARTS, b"".join(part(b"v", b'form-data; name="k%d"' % n) for n in range(300)) + b"--x--\r\n", 400),
    ("multipart/form-data", part(b"+12025550100") + b"--x--\r\n", 400),
    ("text/xml", b"<a/>", 415),
    ("application/json; charset=utf-7", b"+AHs-", 400),
]


@pytest.mark.parametrize(("content_type", "body", "status"), BODIES, ids=range(len(BODIES)))
async def test_a_body_that_cannot_be_read(site: Site, content_type: str, body: bytes, status: int) -> None:
    response = await site.client.post(START, data=body, headers={"Content-Type": content_type})
    answer = await response.json()
    assert response.status == status, answer
    assert (answer["code"], set(answer)) == (status, {"exception", "code", "phrase", "message"})
    assert answer["message"]
    assert "Traceback" not in answer["message"]
    assert await site.stored() == 0


async def test_a_body_without_end_is_cut_off(site: Site) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 4096
            yield b"x" * 4096
            await asyncio.sleep(0)

    response = await site.client.post(START, data=endless(), headers={"Content-Type": JSON})
    assert response.status == 413
    assert sent < 10_000_000
    response.close()


@pytest.mark.parametrize(
    "target",
    [
        "/genesys/1/service/callback/%FF",
        "/genesys/1/service/callback/%00",
        "/genesys/1/service/callback/..%2f..%2fetc",
        "/genesys/1/service/callback/support%0d%0aX:%20y",
        "/genesys/1/service/callback/" + "s" * 3000,
        "/genesys/1/service/callback?_id=%FF%FE",
        "/genesys/1/service/callback?_id=%00",
        "/genesys/1/service/callback/support?%ff=%ff",
        "/genesys/1/service/callback/support?_customer_number=%00%ff",
        "/genesys/1/service/callback/support?account=%ff%00%7b%7d:*",
        "/genesys/1/service/callback/support?_callback_state=%ff",
        "/api/v1/callbacks?limit=-1",
        "/api/v1/callbacks?limit=\u0661".encode().decode("latin1"),
        "/api/v1/callbacks?state=x",
        "/api/v1/callbacks/%FF",
        "/api/v1/services/%FF",
        "/%FF",
        "//",
    ],
)
async def test_a_strange_address(site: Site, target: str) -> None:
    """Sent as raw bytes: clients clean up what they are given."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.client.port)
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nx-api-key: {KEY}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode("latin1"))
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    status = int(answer.split(b" ", 2)[1])
    # An unknown id or value that merely finds nothing is no mistake.
    assert status in (200, 400, 404), answer
    if status == 200:
        assert answer.endswith(b"[]")
    assert b"Traceback" not in answer
    assert await site.stored() == 0


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_no_bytes_break_a_parser(body: bytes) -> None:
    for read in (read_json_object, _form, lambda b: _multipart(PARTS, b)):
        try:
            found = read(body)
        except InvalidParameter:
            continue
        assert isinstance(found, dict)


PIECES = [
    b"--x", b"--x--", b"\r\n", b"\n", b"Content-Disposition: ", b'form-data; name="a"', b"b", b":", b"\xff", b"=",
    b"Content-Type: multipart/mixed; boundary=x", b"Content-Transfer-Encoding: base64", b'; filename="f"', b"\x00",
]  # fmt: skip
HEADERS = [PARTS, "multipart/form-data", 'multipart/form-data; boundary=""', "multipart/form-data; boundary=\xff"]


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(HEADERS))
@settings(max_examples=300)
def test_no_multipart_breaks_its_parser(pieces: list[bytes], content_type: str) -> None:
    try:
        found = _multipart(content_type, b"".join(pieces))
    except InvalidParameter:
        return
    assert set(map(type, [*found, *found.values()])) <= {str}


def test_a_form_nested_a_thousand_times_is_refused_in_no_time() -> None:
    nested = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(1100)
    )
    begun_s = time.process_time()
    with pytest.raises(InvalidParameter):
        _multipart("multipart/form-data; boundary=b0", nested[:MAX_BODY_BYTES])
    assert time.process_time() - begun_s < 1.0


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_json_is_an_object_or_refused(value: object) -> None:
    try:
        found = read_json_object(json.dumps(value).encode())
    except InvalidParameter:
        assert not isinstance(value, dict) or "NaN" in json.dumps(value) or "Infinity" in json.dumps(value)
    else:
        assert found == value
