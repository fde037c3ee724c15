"""TwiML read back into verbs, as strictly as Twilio reads it (TWILIO 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from agentd.errors import PeerError

_MAX_BYTES = 64 * 1024
_XML_TYPES = frozenset({"text/xml", "application/xml"})

BROKEN_XML = "12100"
BAD_ATTRIBUTE = "12200"
NOT_XML = "12300"
TOO_LARGE = "11750"


@dataclass(frozen=True, slots=True)
class Stream:
    """`<Connect><Stream>`: `url` and callbacks made absolute; `url` still with its query."""

    url: str
    name: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    status_callback: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """Any other verb, for the simulator to note and step over or stop at."""

    name: str
    attributes: dict[str, str]
    text: str = ""


def read_twiml(body: bytes, content_type: str, base_url: str) -> list[Stream | Verb]:
    """The verbs in order. `PeerError.code` is Twilio's error number: 12300 not XML by its content type (text/plain
    would be read aloud), 12100 broken, 11750 over 64 kB, 12200 a `<Stream>` that Twilio would refuse."""
    if content_type.partition(";")[0].strip().lower() not in _XML_TYPES:
        raise PeerError(NOT_XML, f"content type {content_type!r} is no XML")
    if len(body) > _MAX_BYTES:
        raise PeerError(TOO_LARGE, f"{len(body)} bytes of TwiML, 64 kB at most")
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise PeerError(BROKEN_XML, "a document type in TwiML")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as e:
        raise PeerError(BROKEN_XML, str(e)) from e
    if root.tag != "Response":
        raise PeerError(BROKEN_XML, f"<{root.tag}> instead of <Response>")
    return [_verb(element, base_url) for element in root]


def _verb(element: ElementTree.Element, base_url: str) -> Stream | Verb:
    stream = element.find("Stream") if element.tag == "Connect" else None
    if stream is None:
        return Verb(element.tag, dict(element.attrib), "".join(element.itertext()).strip())
    action = element.get("action", "")
    url = urljoin(base_url.replace("http", "ws", 1), stream.get("url", ""))
    if urlsplit(url).scheme not in ("ws", "wss"):
        raise PeerError(BAD_ATTRIBUTE, f"<Stream url={url!r}> is not wss")
    if stream.get("track", "inbound_track") != "inbound_track":
        raise PeerError(BAD_ATTRIBUTE, "<Connect><Stream> takes the inbound_track only")
    parameters = {p.get("name", ""): p.get("value", "") for p in stream.findall("Parameter")}
    for name, value in parameters.items():
        if len(name) + len(value) >= 500:
            raise PeerError(BAD_ATTRIBUTE, f"<Parameter name={name!r}> is 500 characters or more")
    callback = stream.get("statusCallback", "")
    return Stream(
        url,
        stream.get("name", ""),
        parameters,
        urljoin(base_url, callback) if callback else "",
        urljoin(base_url, action) if action else "",
    )
