"""From the window against a real Orthanc: find, retrieve, read, enhance, send back, find again."""

from pathlib import Path

import pytest
from pydicom import dcmread

from tests.journeys.hands import Hands
from tests.journeys.noisy import write_noisy_ct
from tests.net.peers import orthanc
from viewer.__main__ import main
from viewer.app.remote import Query, find
from viewer.app.settings import with_value
from viewer.ui import dialogs
from viewer.ui.node_search import NodeSearch

pytestmark = [pytest.mark.peer, pytest.mark.network, pytest.mark.timeout(240)]


def test_a_study_is_found_retrieved_enhanced_and_sent_back_with_its_label(
    hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_noisy_ct(tmp_path / "seed")
    uid = dcmread(next((tmp_path / "seed").iterdir())).StudyInstanceUID
    window, wait = hands.window, hands.qtbot.waitUntil
    session = window.session
    with orthanc("--seed", str(tmp_path / "seed")) as node:
        address = f"{node.title}@{node.host}:{node.port}"
        line = f'name = "pacs", address = "{address}"'
        settings = with_value(session.workspace.settings, "network.nodes", (line,))
        session.change_settings(settings)
        window.run_command("pacs.search")
        search = window.findChild(NodeSearch)
        search.look()
        wait(lambda: search.said.text() == "1 study found.", timeout=30_000)
        search.table.selectRow(0)
        search.fetch()
        wait(lambda: "6 of 6 images" in search.said.text(), timeout=30_000)
        search.close()
        wait(lambda: session.workspace.active_state.part is not None, timeout=30_000)
        hands.rest()
        window.enhance("ct-denoise-s", 0.4)
        hands.rest()
        choices = iter(("pacs", "its enhanced series"))
        monkeypatch.setattr(dialogs, "ask_choice", lambda *_: next(choices))
        window.run_command("pacs.send")
        wait(lambda: session.jobs.is_idle, timeout=60_000)
        series = list(find(node, Query("SERIES", (("StudyInstanceUID", uid),))))
        assert len(series) == 2
        again = tmp_path / "again"
        assert main(["pacs", "get", address, uid, "--out", str(again)]) == 0
    came = [dcmread(path) for path in again.glob("*.dcm")]
    made = [one for one in came if one.ImageType[0] == "DERIVED"]
    assert (len(came), len(made)) == (12, 6)
    hands.open(again)
    part = next(
        key
        for key, found in session.workspace.parts.items()
        if found.sources[0].instance.sop_instance_uid in {one.SOPInstanceUID for one in made}
    )
    window.show_in_active(part)
    hands.rest()
    assert session.workspace.volumes[part].provenance.method_id == "ct-denoise-s"
    assert all(one.ContributingEquipmentSequence for one in made)
