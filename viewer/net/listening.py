"""How our storage listener is set up, and the state that it tells of itself."""

import json
import sys
from dataclasses import asdict, dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from viewer.core.errors import WrongUsage
from viewer.net.node import OUR_TITLE, Tls, is_title

Phase = Literal["off", "starting", "listening", "failed"]


@dataclass(frozen=True, slots=True)
class Peer:
    """A node that may send to us: its AE title, and its IP address in digits."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Listening:
    """What is listened to, who may send, and the limits that everybody has to keep.

    Parameters
    ----------
    inbox : folder of what arrives, made where it is missing.
    title : our AE title; an association that calls another one is refused.
    address, port : the interface that is listened on ("" for all, "::" with IPv6) and the port
        (0: a free one, told by the state).
    peers : who may send. Nobody where empty, unless `is_open`: then everybody may.
    most_associations, most_per_address : associations at once, in all and from one address.
    most_object_bytes, least_free_bytes : size of one object; space that the disk must keep free.
    acse_s : time to ask for the association, from the connection on.
    dimse_s : time for one PDU or one command, and before the data of an object must flow.
    idle_s : time without any request before the association is ended.
    takes_deflated : accept the deflated transfer syntax, small files of which can grow without
        end when they are read.
    is_forking : one limited process for each association (Linux); else threads of one process.
    """

    inbox: Path
    title: str = OUR_TITLE
    address: str = "127.0.0.1"
    port: int = 11112
    peers: tuple[Peer, ...] = ()
    is_open: bool = False
    tls: Tls | None = None
    most_associations: int = 16
    most_per_address: int = 4
    most_object_bytes: int = 4 << 30
    least_free_bytes: int = 1 << 30
    acse_s: float = 10.0
    dimse_s: float = 30.0
    idle_s: float = 60.0
    takes_deflated: bool = False
    is_forking: bool = sys.platform == "linux"

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises
        ------
        WrongUsage : a title, an address or a port is none.
        """
        for title in (self.title, *(peer.title for peer in self.peers)):
            if not is_title(title):
                raise WrongUsage(f"{title!r} is no AE title.", "", "Use 1 to 16 plain characters.")
        for address in (self.address or "0.0.0.0", *(peer.address for peer in self.peers)):
            try:
                ip_address(address)
            except ValueError as error:
                do = "Write it in digits, such as 192.168.1.20."
                raise WrongUsage(f"{address!r} is no IP address.", "", do) from error
        if not 0 <= self.port < 65536:
            raise WrongUsage(f"{self.port} is no port.", "", "Use 1 to 65535; 11112 is usual.")

    def is_known_address(self, address: str) -> bool:
        """Tell whether anybody may send from an address."""
        return self.is_open or address in {plain_address(peer.address) for peer in self.peers}

    def is_known(self, title: str, address: str) -> bool:
        """Tell whether a title may send from an address; titles are compared without padding."""
        return self.is_open or any(
            peer.title.strip() == title.strip() and plain_address(peer.address) == address
            for peer in self.peers
        )

    def to_json(self) -> str:
        """Return the settings as one line, read again by `listening_of`."""
        return json.dumps(asdict(self), default=str)


def listening_of(line: str | bytes) -> Listening:
    """Return the settings of a line that `Listening.to_json` wrote."""
    found: dict[str, Any] = json.loads(line)
    found["inbox"] = Path(found["inbox"])
    found["peers"] = tuple(Peer(**peer) for peer in found["peers"])
    if found["tls"] is not None:
        paths = {name: Path(path) for name, path in found["tls"].items() if path is not None}
        found["tls"] = Tls(**paths)
    return Listening(**found)


def plain_address(address: str) -> str:
    """Return an IP address in its shortest form: no zone, IPv4 in IPv6 as IPv4."""
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


@dataclass(frozen=True, slots=True)
class ListenerState:
    """What a listener is doing, and what it has done since it was started.

    `words` say why it has failed; `trouble` is the last thing that a peer was refused or cut off
    for. Counters: `associations` that are open now, `accepted` ones and `refused` ones so far,
    `broken` off ones (by us or by the peer), `lost` ones (their process died); objects `stored`,
    and `unsaved` ones that the peer was told about; `received_bytes` of the stored ones.
    """

    phase: Phase = "off"
    port: int = 0
    words: str = ""
    trouble: str = ""
    associations: int = 0
    accepted: int = 0
    refused: int = 0
    broken: int = 0
    lost: int = 0
    stored: int = 0
    unsaved: int = 0
    received_bytes: int = 0


def state_of(line: str | bytes) -> ListenerState:
    """Return the state of a line of JSON; names that are not known are left out.

    Raises
    ------
    ValueError : the line is none of a state.
    """
    found = json.loads(line)
    names = {field.name for field in fields(ListenerState)}
    return ListenerState(**{name: found[name] for name in names & set(found)})
