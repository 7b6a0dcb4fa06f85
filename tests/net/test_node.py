"""Nodes of the network and their addresses."""

import pytest

from viewer.core.errors import WrongUsage
from viewer.net.node import is_title, node_at


def test_an_address_is_read():
    node = node_at("PACS@10.0.0.2:11112", "OURS")
    assert (node.title, node.host, node.port, node.our_title) == ("PACS", "10.0.0.2", 11112, "OURS")
    assert node.words == "PACS@10.0.0.2:11112"
    assert node_at("MY PACS@[::1]:104").host == "::1"


@pytest.mark.parametrize(
    "text", ["PACS", "PACS@host", "@host:104", "PACS@host:0", "PACS@host:99999", "A\\B@h:104"]
)
def test_what_is_no_address_is_said(text: str):
    with pytest.raises(WrongUsage, match="TITLE@host:port"):
        node_at(text)


@pytest.mark.parametrize(("text", "is_one"), [("A", True), ("A" * 17, False), ("  ", False)])
def test_titles(text: str, is_one: bool):
    assert is_title(text) is is_one
