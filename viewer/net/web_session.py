"""The line to a DICOMweb service: its limits, its transport security, and its failures in words."""

import base64
import json
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError
from urllib3.exceptions import TimeoutError as TimedOut

from viewer.core.errors import DiptychError, Refused, Unreachable, WrongUsage
from viewer.net.node import Node, Tls

CONNECT_S, IDLE_S = 5.0, 60.0
"""How long a connection may take, and how long a node may stay silent; nothing limits the whole."""
MOST_ANSWER_BYTES = 1 << 26
BLOCK_BYTES = 1 << 18

Credentials = tuple[str, str] | str
"""User and password, or a bearer token."""


class WebSession(requests.Session):
    """A session with one node, for one thread; every failure leaves it as Unreachable or Refused.

    Proxies, certificates and passwords that the environment names are not used.
    """

    def __init__(self, node: Node, credentials: Credentials | None, idle_s: float) -> None:
        super().__init__()
        self.trust_env = False
        self.node, self.idle_s = node, idle_s
        self.auth = _Authorization(credentials) if credentials else None
        self.mount("http://", _Adapter(None))
        self.mount("https://", _Adapter(tls_context(node.tls, node.words)))

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request; the body of its answer is read at once (64 MiB at most) or as a stream.

        Raises
        ------
        Unreachable : no answer, or one that cannot be taken.
        Refused : the status says no; those of a POST are left to the caller.
        """
        is_streamed = bool(kwargs.get("stream"))
        kwargs["stream"] = True
        kwargs["timeout"] = (CONNECT_S, self.idle_s)
        request.url = plainer(request.url or "")
        try:
            response = self._sent(request, **kwargs)
        except (requests.RequestException, HTTPError) as error:
            reason = innermost(error)
            raise unreachable(reason, self.node.words) from reason
        if request.method != "POST" and not response.is_redirect:
            refuse_bad_status(response, self.node.words)
        if not is_streamed:
            content_of(response, self.node.words)
        return response

    def _sent(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request, once more where a connection that had been kept open is closed by then.

        Orthanc closes one after a second without a request.
        """
        try:
            return super().send(request, **kwargs)
        except requests.ConnectionError as error:
            is_closed = isinstance(innermost(error), ConnectionResetError)
            if not is_closed or request.method != "GET":
                raise
            return super().send(request, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer points to, on the same host and never to less security."""
        target = super().get_redirect_target(resp)
        if target is None or resp.url is None:
            return target
        asked = urlsplit(resp.url)
        named = urlsplit(urljoin(resp.url, target))
        is_upgrade = (asked.scheme, named.scheme) == ("http", "https")
        is_same = (asked.scheme, asked.port) == (named.scheme, named.port)
        if asked.hostname != named.hostname or not (is_same or is_upgrade):
            resp.close()
            raise Refused(
                f"{self.node.words} points to another place ({named.scheme}://{named.netloc}).",
                "Nothing was sent there.",
                "Enter that address for the node if it is the right one.",
            )
        if not resp._content_consumed:  # else it would be read without a limit
            content_of(resp, self.node.words)
        return target


def plainer(url: str) -> str:
    """Return an address with wildcards as they are and spaces as %20 in its query.

    Both mean the same by RFC 3986 3.4; some archives understand the plain ones only.
    """
    place, mark, query = url.partition("?")
    for coded, plain in (("%2A", "*"), ("%3F", "?"), ("%2C", ","), ("+", "%20")):
        query = query.replace(coded, plain)
    return place + mark + query


class _Authorization(AuthBase):
    """Adds who we are to a request; says nothing of it anywhere else."""

    def __init__(self, credentials: Credentials) -> None:
        if isinstance(credentials, str):
            token = credentials.strip()
            if not re.fullmatch(r"[\x21-\x7e]+", token):
                raise WrongUsage("The token holds signs that no token has.", "", "Enter it again.")
            self._header = f"Bearer {token}"
        else:
            coded = base64.b64encode(":".join(credentials).encode())
            self._header = f"Basic {coded.decode()}"

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = self._header
        return r


class _Adapter(HTTPAdapter):
    """Connections with our transport security, and blocks large enough for images."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool with our context."""
        if self._context is not None:
            kwargs["ssl_context"] = self._context
        super().init_poolmanager(*args, blocksize=BLOCK_BYTES, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Trust what the context trusts, and none of the certificates that requests brings."""


def tls_context(tls: Tls | None, name: str) -> ssl.SSLContext:
    """Return TLS 1.2 or later with host names checked (PS3.15 B.9, BCP 195).

    Raises
    ------
    Unreachable : a certificate or key of ours cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=tls.trusted if tls else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if tls and tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        raise Unreachable(
            f"The certificates for {name} cannot be used ({error.strerror or error}).",
            "No connection was tried.",
            "Check the files that are named for its transport security.",
        ) from error
    return context


def blocks(response: requests.Response, name: str) -> Iterator[bytes]:
    """Yield the body of an answer in blocks, as they come."""
    try:
        while block := response.raw.read1(BLOCK_BYTES, decode_content=True):
            yield block
    except (HTTPError, OSError) as error:
        reason = innermost(error)
        raise unreachable(reason, name) from reason


def content_of(response: requests.Response, name: str) -> bytes:
    """Read the whole body of an answer, 64 MiB at most, and close it.

    Raises
    ------
    Unreachable : it is larger, breaks off or cannot be decoded.
    """
    content = bytearray()
    try:
        for block in blocks(response, name):
            content += block
            if len(content) > MOST_ANSWER_BYTES:
                raise Unreachable(
                    f"The answer of {name} is larger than {MOST_ANSWER_BYTES >> 20} MiB.",
                    "It was not taken.",
                    "Ask for less at once.",
                )
    finally:
        response.close()
    response._content = bytes(content)
    response._content_consumed = True
    return response.content


def innermost(error: BaseException) -> BaseException:
    """Return what lies at the bottom of an error: the outer ones repeat the address asked for.

    That address holds what was searched for, names of patients among it.
    """
    while not isinstance(error, DecodeError | ReadTimeoutError):
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((part for part in error.args if isinstance(part, BaseException)), None)
        inner = inner or error.__cause__
        if inner is None:
            break
        error = inner
    return error


def unreachable(error: BaseException, name: str) -> Unreachable:
    """Return the error, in words, for a connection that failed."""
    check = "Check the address and port of the node, the network and the firewall."
    if isinstance(error, ssl.SSLError):
        return Unreachable(*_tls_words(error, name))
    if isinstance(error, socket.gaierror | UnicodeError | ValueError):
        return Unreachable(f"There is no host of the name that {name} has.", "", check)
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(f"{name} refuses the connection.", "Nothing listens there.", check)
    if isinstance(error, ReadTimeoutError):
        return Unreachable(f"{name} has become silent.", "", "Try again later.")
    if isinstance(error, TimeoutError | TimedOut):
        return Unreachable(f"{name} does not answer.", "", check)
    if isinstance(error, DecodeError):
        return Unreachable(f"The answer of {name} is damaged.", "It cannot be unpacked.")
    return Unreachable(
        f"The connection to {name} broke off.", "What came before is whole.", "Try again."
    )


def _tls_words(error: ssl.SSLError, name: str) -> tuple[str, str, str]:
    """Return what failed of the transport security, what that means and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {name} is not accepted ({error.verify_message}).",
            "Nothing was sent.",
            "Name the certificate of its authority as trusted, or have it renewed.",
        )
    reason = (error.reason or "").lower().replace("_", " ")
    if "alert" in reason:
        return (
            f"{name} does not accept our side of the transport security ({reason}).",
            "",
            "Name the client certificate and key that it expects.",
        )
    return (
        f"{name} speaks no transport security that we accept ({reason or 'broken off'}).",
        "Nothing was sent.",
        "Check whether its address begins with https://, and that it offers TLS 1.2 or later.",
    )


_SAYINGS = {
    401: ("{} does not know us.", "Check user and password, or the token."),
    403: ("{} does not allow this.", "Ask its administrator for the right."),
    404: ("{} does not know this.", "Check the DICOMweb address, or search again."),
    406: ("{} does not give this in a form that we read.", "Retrieve in another way."),
    409: ("{} finds a contradiction in this.", ""),
    413: ("{} finds this too large.", ""),
}


def refuse_bad_status(response: requests.Response, name: str) -> None:
    """Raise Refused where the status says no (300 and above), with the answer's first words."""
    status = response.status_code
    if status < 300:
        return
    words = ""
    try:
        words = first_words(next(blocks(response, name), b""))
    except DiptychError:  # a body that breaks off takes nothing from what the status says
        words = ""
    finally:
        response.close()
    what, do = _SAYINGS.get(status, ("{} fails." if status >= 500 else "{} refuses.", ""))
    said = f"Status {status}" + (f": {words}" if words else ".")
    raise Refused(what.format(name), said, do) from requests.HTTPError(response=response)


def status_of(error: DiptychError) -> int:
    """Return the HTTP status that an error came from, 0 where it came from none."""
    response = getattr(error.__cause__, "response", None)
    return response.status_code if isinstance(response, requests.Response) else 0


def first_words(body: bytes, most: int = 160) -> str:
    """Return the beginning of an answer as one line, without markup, or what its JSON says."""
    text = body[: 1 << 14].decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        named = [told.get(key) for key in ("Message", "Details", "message", "error")]
        text = ": ".join(word for word in named if word and isinstance(word, str)) or text
    text = _MARKUP.sub(" ", text)
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


_MARKUP = re.compile(r"<(style|script|head)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
