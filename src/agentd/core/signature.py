"""Twilio's signatures as a pure function: was this request signed with one of our tokens? (TWILIO 4)

base64(HMAC(token, url + sorted name+value of the form)). The URL is the public one, exactly as requested, query
included. Twilio signs it sometimes with the port and sometimes without, so both forms are tried. A body that is no
form is covered by `bodySHA256` in the query.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
# Twilio's own validator tries 80 for wss, although the port is 443: either may come.
_DEFAULT_PORTS = {"https": (443,), "http": (80,), "wss": (443, 80), "ws": (80,)}
_URL = re.compile(
    r"(?P<scheme>\w+)://(?P<host>\[[^\]/?#]*\]|[^:/?#]*)(?::(?P<port>\d*))?(?P<rest>([/?#].*)?)", re.DOTALL
)

Pairs = Sequence[tuple[str, str]]


class Verdict(StrEnum):
    """`OFF`: checks are off, which is possible only in development, bound to loopback."""

    VALID = "valid"
    MISSING = "missing"
    WRONG = "wrong"
    OFF = "off"


def sign(token: str, url: str, form: Pairs = (), algorithm: str = "sha1") -> str:
    """The signature of one URL and form. Names and values as decoded, untrimmed, the empty ones too; the values of
    one name are sorted and counted once, as Twilio's own libraries do."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    return b64encode(hmac.digest(token.encode(), text.encode("utf-8", "surrogatepass"), algorithm)).decode("ascii")


def verify(
    tokens: Iterable[str],
    url: str,
    signature: str | None,
    form: Pairs | None = (),
    *,
    body: bytes = b"",
    settings_header: str | None = None,
) -> Verdict:
    """Judge one request. Never raises, whatever the peer sent.

    `form`: decoded fields, or None when the body is no form: then the query must hold `bodySHA256` of `body`
    (an empty body needs none). `settings_header`: X-Twilio-Webhooks-Signature-Settings, which may name SHA-256.
    """
    if not signature:
        return Verdict.MISSING
    algorithm = ALGORITHMS.get(_algorithm_name(settings_header))
    if algorithm is None or not _body_matches(url, form, body):
        return Verdict.WRONG
    given = signature.encode("utf-8", "surrogatepass")
    fields = form or ()
    matched = False
    for token in tokens:
        for candidate in _with_and_without_port(url):
            matched |= hmac.compare_digest(sign(token, candidate, fields, algorithm).encode(), given)
    return Verdict.VALID if matched else Verdict.WRONG


def _algorithm_name(header: str | None) -> str:
    for part in (header or "").split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _body_matches(url: str, form: Pairs | None, body: bytes) -> bool:
    try:
        query = parse_qs(urlsplit(url).query, max_num_fields=100)
    except ValueError:
        return False
    claimed = query.get("bodySHA256")
    if claimed is None:
        return form is not None or not body
    return hmac.compare_digest(sha256(body).hexdigest().encode(), claimed[0].encode("utf-8", "surrogatepass"))


def _with_and_without_port(url: str) -> Iterator[str]:
    """The URL as it is, then without its port or with the default one. By text: parsing and putting together again
    would lose an empty query, which is signed."""
    yield url
    parts = _URL.fullmatch(url)
    if parts is None:
        return
    scheme, host, port, rest = parts["scheme"], parts["host"], parts["port"], parts["rest"]
    if port is not None:
        yield f"{scheme}://{host}{rest}"
    else:
        for default in _DEFAULT_PORTS.get(scheme, ()):
            yield f"{scheme}://{host}:{default}{rest}"
