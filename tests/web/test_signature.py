"""Signatures, against Twilio's own validator."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from agentd.core.signature import Verdict, sign, verify
from agentd.web.signatures import Bucket, parse_form

TOKEN = "12345"
URL = "https://agent.example.com/webhook/incoming_call"

names = st.text(alphabet="ABCxyz_019", min_size=1, max_size=8)
values = st.text(max_size=20)
forms = st.lists(st.tuples(names, values), max_size=6)
urls = st.builds(
    lambda scheme, port, path, query: f"{scheme}://agent.example.com{port}/{path}{query}",
    st.sampled_from(["https", "http", "wss"]),
    st.sampled_from(["", ":8443", ":80", ":443"]),
    st.text(alphabet="abz/%2F-", max_size=12),
    st.sampled_from(["", "?a=b", "?a=%20b&c="]),
)


def test_the_example_of_twilios_documentation() -> None:
    form = (
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    )
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign(TOKEN, url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert verify([TOKEN], url, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", form) is Verdict.VALID


@given(urls, forms)
def test_what_twilio_signs_we_accept_and_what_we_sign_twilio_accepts(url: str, form: list[tuple[str, str]]) -> None:
    validator = RequestValidator(TOKEN)
    fields = MultiDict(form)
    assert verify([TOKEN], url, validator.compute_signature(url, fields), form) is Verdict.VALID
    assert validator.validate(url, fields, sign(TOKEN, url, form))


@given(urls, forms, st.text(max_size=40))
def test_anything_else_is_wrong_and_never_raises(url: str, form: list[tuple[str, str]], given_: str) -> None:
    assert verify([TOKEN], url, given_, form) is (Verdict.WRONG if given_ else Verdict.MISSING)
    assert verify([TOKEN], given_, "x" + given_, form) is Verdict.WRONG
    assert verify([TOKEN], url, "x" + given_, None, body=given_.encode("utf-8", "replace")) is Verdict.WRONG


@pytest.mark.parametrize(
    ("signed", "asked"),
    [
        ("https://h.example:443/x", "https://h.example/x"),
        ("https://h.example/x", "https://h.example:8443/x"),
        ("wss://h.example:443/x", "wss://h.example/x"),
        ("wss://h.example:80/x", "wss://h.example/x"),
        ("https://h.example/x?", "https://h.example/x?"),
        ("https://[::1]:443/x", "https://[::1]/x"),
    ],
)
def test_with_and_without_the_port(signed: str, asked: str) -> None:
    assert verify([TOKEN], asked, sign(TOKEN, signed)) is Verdict.VALID


def test_query_empty_values_and_repeated_names_count() -> None:
    form = (("A", ""), ("A", "2"), ("B", " x "))
    signature = RequestValidator(TOKEN).compute_signature(URL + "?q=1", MultiDict(form))
    assert verify([TOKEN], URL + "?q=1", signature, form) is Verdict.VALID
    assert verify([TOKEN], URL, signature, form) is Verdict.WRONG
    assert verify([TOKEN], URL + "?q=1", signature, (("A", "2"), ("B", "x"))) is Verdict.WRONG


def test_a_handshake_is_signed_over_wss_not_https() -> None:
    assert verify([TOKEN], "wss://h.example/ws", sign(TOKEN, "wss://h.example/ws")) is Verdict.VALID
    assert verify([TOKEN], "wss://h.example/ws", sign(TOKEN, "https://h.example/ws")) is Verdict.WRONG


def test_the_second_token_is_accepted_during_rotation() -> None:
    assert verify(["new", "old"], URL, sign("old", URL)) is Verdict.VALID
    assert verify(["new"], URL, sign("old", URL)) is Verdict.WRONG
    assert verify([], URL, sign("", URL)) is Verdict.WRONG


def test_a_json_body_is_covered_by_its_hash() -> None:
    body = b'{"a": 1}'
    url = URL + "?bodySHA256=" + sha256(body).hexdigest()
    assert RequestValidator(TOKEN).validate(url, body.decode(), sign(TOKEN, url))
    assert verify([TOKEN], url, sign(TOKEN, url), None, body=body) is Verdict.VALID
    assert verify([TOKEN], url, sign(TOKEN, url), None, body=body + b" ") is Verdict.WRONG
    assert verify([TOKEN], URL, sign(TOKEN, URL), None, body=body) is Verdict.WRONG


def test_sha256_when_the_settings_header_names_it() -> None:
    signature = RequestValidator(TOKEN).compute_signature(URL, {}, "HMAC_SHA256")
    header = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    assert verify([TOKEN], URL, signature, settings_header=header) is Verdict.VALID
    assert verify([TOKEN], URL, signature) is Verdict.WRONG
    assert verify([TOKEN], URL, signature, settings_header="algorithm=MD5") is Verdict.WRONG


@given(forms)
def test_a_form_is_decoded_with_its_empty_and_repeated_fields(form: list[tuple[str, str]]) -> None:
    parsed = parse_form(urlencode(form).encode(), "application/x-www-form-urlencoded; charset=UTF-8")
    assert parsed is not None
    assert list(parsed.pairs) == form


@given(st.binary(max_size=200))
def test_any_body_is_a_form_or_none(body: bytes) -> None:
    parse_form(body, "application/x-www-form-urlencoded")
    assert parse_form(b"x" + body, "application/json") is None


def test_a_form_with_absurdly_many_fields_is_none() -> None:
    assert parse_form(b"a=1&" * 1000, "application/x-www-form-urlencoded") is None


def test_the_bucket_lets_a_burst_through_and_then_a_rate() -> None:
    bucket = Bucket(rate=10, burst=5)
    assert [bucket.take(100.0) for _ in range(6)] == [True] * 5 + [False]
    assert bucket.empty(100.05)
    assert not bucket.empty(100.15)
    assert bucket.take(100.15)
    assert not bucket.take(100.15)
