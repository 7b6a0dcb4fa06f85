"""Studies of a real server, searched, retrieved and opened in the window."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.net.peers import free_port, orthanc
from tests.net.test_peers import files
from viewer.app.jobs import Jobs
from viewer.net.node import Node
from viewer.ui.node_search import NodeSearch


def dialog(qtbot: QtBot, nodes: tuple[Node, ...], home: Path, opened: list[Path]) -> NodeSearch:
    jobs = Jobs(lambda call: call(), is_inline=True)
    made = NodeSearch(nodes, jobs, home, opened.append)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.peer
@pytest.mark.network
def test_studies_are_found_and_come_to_be_opened(qtbot: QtBot, tmp_path: Path) -> None:
    files(tmp_path / "seed")
    opened: list[Path] = []
    with orthanc("--seed", str(tmp_path / "seed")) as node:
        made = dialog(qtbot, (node,), tmp_path / "home", opened)
        made.look()
        assert made.table.rowCount() == 3
        assert made.said.text() == "3 studies found."
        made.name.setText("mueller")
        made.look()
        assert made.table.rowCount() == 1
        assert made.table.item(0, 0).text() == "MUELLER ANNA"
        assert not made.retrieve.isEnabled()
        made.table.selectRow(0)
        made.fetch()
        assert made.said.text() == "5 of 5 images have arrived."
        assert [len(list(folder.glob("*.dcm"))) for folder in opened] == [5]
        made.test.click()
        assert "knows us as DIPTYCH" in made.said.text()


def test_a_node_that_does_not_answer_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    node = Node("PACS", "127.0.0.1", free_port(), name="the PACS")
    made = dialog(qtbot, (node,), tmp_path, [])
    made.look()
    assert "Nobody listens" in made.said.text()
    assert made.said.property("severity") == "error"
    made.test.click()
    assert "Nobody listens" in made.said.text()


def test_without_nodes_it_says_where_to_enter_them(qtbot: QtBot, tmp_path: Path) -> None:
    made = dialog(qtbot, (), tmp_path, [])
    assert "Preferences, Network" in made.said.text()
    assert not made.search.isEnabled()
