"""The chain to a DICOMweb service, tried link by link: address, TLS, authentication, QIDO-RS."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from viewer.core.errors import DiptychError
from viewer.net.node import Node
from viewer.net.web_session import CONNECT_S, innermost, status_of, tls_context, unreachable

ADDRESS, TLS, AUTHENTICATION, SEARCH = "address", "TLS", "authentication", "QIDO-RS"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain to a node, whether it holds, and what is to be said of it."""

    name: str
    is_whole: bool
    words: str


def tried_links(url: str, node: Node, search: Callable[[], int]) -> tuple[Link, ...]:
    """Try the links in turn up to the first that does not hold.

    Parameters
    ----------
    url : root of the DICOMweb service.
    search : runs a search for studies and returns how many came.
    """
    links: list[Link] = []
    try:
        _try_line(url, node, links)
    except (OSError, UnicodeError, DiptychError) as error:
        told = error
        if not isinstance(error, DiptychError):
            told = unreachable(innermost(error), node.words)
        return (*links, Link(TLS if links else ADDRESS, is_whole=False, words=str(told)))
    try:
        found = search()
    except DiptychError as error:
        status = status_of(error)
        if status in (401, 403):
            return (*links, Link(AUTHENTICATION, is_whole=False, words=str(error)))
        if status:
            links.append(Link(AUTHENTICATION, is_whole=True, words="Nobody asks for more."))
        return (*links, Link(SEARCH, is_whole=False, words=str(error)))
    links.append(Link(AUTHENTICATION, is_whole=True, words="We are let in."))
    words = f"A search is answered ({found} studies on the first page)."
    return (*links, Link(SEARCH, is_whole=True, words=words))


def _try_line(url: str, node: Node, links: list[Link]) -> None:
    """Connect, and agree on transport security where the address asks for it."""
    parsed = urlsplit(url)
    is_secure = parsed.scheme == "https"
    host, port = parsed.hostname or "", parsed.port or (443 if is_secure else 80)
    with socket.create_connection((host, port), CONNECT_S) as line:
        links.append(Link(ADDRESS, is_whole=True, words=f"{host}:{port} takes connections."))
        if not is_secure:
            words = "Not used: images and passwords can be read on the way."
            links.append(Link(TLS, is_whole=True, words=words))
            return
        context = tls_context(node.tls, node.words)
        with context.wrap_socket(line, server_hostname=host) as secure:
            words = f"{secure.version()}; the certificate is accepted."
            links.append(Link(TLS, is_whole=True, words=words))
