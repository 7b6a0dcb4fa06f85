"""Other DICOM nodes, and ours: titles, addresses, and how they want to be spoken to."""

import re
import socket
from dataclasses import dataclass
from pathlib import Path

from viewer.core.errors import Unreachable, WrongUsage

OUR_TITLE = "DIPTYCH"
RETRIEVE_WAYS = ("wado", "get", "move")
"""Ways to retrieve, in the order in which they are tried where a node does not say."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Transport security: whom we trust, and the certificate by which we are known.

    `trusted` is a PEM file of certificates (None: those of the system); `certificate` and `key`
    are PEM files of ours (None: we show none).
    """

    trusted: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the network.

    `title` is its AE title, `our_title` the one by which it knows us. `charset` is the Specific
    Character Set to read its answers in where they name none ("" for ISO_IR 6). `ways` are the
    ways to retrieve from it, in order. `web` is the root of its DICOMweb service, "" for none.
    """

    title: str
    host: str
    port: int
    our_title: str = OUR_TITLE
    name: str = ""
    charset: str = ""
    ways: tuple[str, ...] = RETRIEVE_WAYS
    web: str = ""
    tls: Tls | None = None

    @property
    def words(self) -> str:
        """How the node is named in messages."""
        address = f"{self.title}@{self.host}:{self.port}"
        return f"{self.name} ({address})" if self.name else address


def address_of(host: str) -> str:
    """Return the IP address of a host, in digits; Unreachable where its name is not known."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except socket.gaierror as error:
        raise Unreachable(f"There is no host {host}.", "", "Check its name.") from error


def is_title(text: str) -> bool:
    """Tell whether a text can be an AE title: 1 to 16 characters, none of them odd (PS3.5 6.2)."""
    return bool(re.fullmatch(r"[\x20-\x5b\x5d-\x7e]{1,16}", text)) and bool(text.strip())


def node_at(address: str, our_title: str = OUR_TITLE) -> Node:
    """Return the node that ``TITLE@host:port`` names.

    Raises
    ------
    WrongUsage : it is not written so, or the title or the port cannot be one.
    """
    found = re.fullmatch(r"([^@]+)@(\[[0-9A-Fa-f:]+\]|[^:@\s]+):(\d{1,5})", address.strip())
    if found is None or not is_title(found[1]) or not 0 < int(found[3]) < 65536:
        raise WrongUsage(
            f"{address!r} is no address of a node.",
            "",
            "Write it as TITLE@host:port, such as PACS@192.168.1.20:11112.",
        )
    return Node(found[1].strip(), found[2].strip("[]"), int(found[3]), our_title)
