"""The nodes of the network that the reader has entered, and those named on the spot."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from viewer.app.settings import NetworkSettings
from viewer.core.errors import WrongUsage
from viewer.net.node import RETRIEVE_WAYS, Node, Tls, is_title, node_at

KNOWN = ("name", "address", "our_title", "charset", "ways", "web", "tls")
TLS_KNOWN = ("trusted", "certificate", "key")


def nodes_of(settings: NetworkSettings) -> tuple[Node, ...]:
    """Return the nodes in the settings.

    Raises
    ------
    WrongUsage : a line is no node; the words name it.
    """
    nodes = tuple(_node(line, settings.our_title) for line in settings.nodes if line.strip())
    names = [node.name for node in nodes]
    for name in names:
        if names.count(name) > 1:
            raise WrongUsage(f"Two nodes are called {name!r}.", "", "Give each its own name.")
    return nodes


def node_named(text: str, settings: NetworkSettings) -> Node:
    """Return a node by its name in the settings, or by ``TITLE@host:port``; WrongUsage."""
    nodes = nodes_of(settings)
    for node in nodes:
        if node.name == text:
            return node
    if "@" in text:
        return node_at(text, settings.our_title)
    names = ", ".join(node.name for node in nodes) or "none yet"
    raise WrongUsage(
        f"There is no node {text!r}.",
        f"Known: {names}.",
        "Name one of them, or write TITLE@host:port.",
    )


def _node(line: str, our_title: str) -> Node:
    try:
        told: dict[str, Any] = tomllib.loads(f"node = {{ {line} }}")["node"]
    except tomllib.TOMLDecodeError as error:
        raise _wrong(line, str(error)) from error
    unknown = [name for name in told if name not in KNOWN]
    if unknown:
        raise _wrong(line, f"there is no {unknown[0]}; known are {', '.join(KNOWN)}")
    if not {"name", "address"} <= told.keys():
        raise _wrong(line, "a name and an address are needed")
    node = replace(node_at(str(told["address"])), name=str(told["name"]))
    ours, ways = str(told.get("our_title", our_title)), tuple(told.get("ways", RETRIEVE_WAYS))
    if not is_title(ours):
        raise _wrong(line, f"{ours!r} cannot be an AE title")
    if not ways or any(way not in RETRIEVE_WAYS for way in ways):
        raise _wrong(line, f"ways are {', '.join(RETRIEVE_WAYS)}")
    return replace(
        node,
        our_title=ours,
        charset=str(told.get("charset", "")),
        ways=ways,
        web=str(told.get("web", "")),
        tls=_tls(line, told.get("tls")),
    )


def _tls(line: str, told: Any) -> Tls | None:
    if told in (None, False):
        return None
    if told is True:
        return Tls()
    if not isinstance(told, dict) or any(name not in TLS_KNOWN for name in told):
        raise _wrong(line, f"tls is true, or a table of {', '.join(TLS_KNOWN)}")
    return Tls(**{name: Path(str(path)) for name, path in told.items()})


def _wrong(line: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"A node in the settings cannot be read: {why}.",
        f"It says: {line}",
        'Write it as: name = "pacs", address = "PACS@10.0.0.2:104"',
    )
