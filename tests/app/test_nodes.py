"""Nodes as the reader enters them."""

from pathlib import Path

import pytest

from viewer.app.nodes import node_named, nodes_of
from viewer.app.settings import NetworkSettings
from viewer.core.errors import WrongUsage
from viewer.net.node import Tls

PACS = 'name = "pacs", address = "PACS@10.0.0.2:104"'


def test_a_line_is_a_node():
    more = ', ways = ["get"], web = "https://p/dicom-web", tls = { trusted = "/ca.pem" }'
    (node,) = nodes_of(NetworkSettings("OURS", (PACS + more, "  ")))
    assert (node.name, node.title, node.host, node.port) == ("pacs", "PACS", "10.0.0.2", 104)
    assert (node.our_title, node.ways, node.web) == ("OURS", ("get",), "https://p/dicom-web")
    assert node.tls == Tls(Path("/ca.pem"))


def test_a_node_is_named_by_the_settings_or_on_the_spot():
    settings = NetworkSettings("OURS", (PACS,))
    assert node_named("pacs", settings).title == "PACS"
    assert node_named("X@host:11112", settings).our_title == "OURS"
    with pytest.raises(WrongUsage, match="Known: pacs"):
        node_named("other", settings)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("name = ", "cannot be read"),
        ('name = "a"', "address are needed"),
        (PACS + ", port = 104", "no port"),
        (PACS + ', ways = ["ftp"]', "ways are"),
        (PACS + ', our_title = "much too long a title"', "cannot be an AE title"),
        (PACS + ', tls = "yes"', "tls is true"),
        ('name = "a", address = "10.0.0.2"', "no address of a node"),
    ],
)
def test_a_line_that_is_none_is_said(line: str, why: str):
    with pytest.raises(WrongUsage, match=why):
        nodes_of(NetworkSettings("OURS", (line,)))


def test_two_nodes_of_one_name_are_refused():
    with pytest.raises(WrongUsage, match="Two nodes"):
        nodes_of(NetworkSettings("OURS", (PACS, PACS)))
