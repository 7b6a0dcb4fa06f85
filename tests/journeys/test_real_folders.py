"""Every folder of the real data opens, with a picture or a reason for each of its parts."""

from pathlib import Path

import pytest

from tests.journeys.conftest import Opener
from tests.journeys.hands import Hands
from viewer.core.study import PartKind

GROUPS = (
    "ct",
    "enhanced",
    "geometry",
    "malformed",
    "media",
    "mg",
    "mr",
    "nm",
    "objects",
    "pet",
    "radiograph",
    "transfer_syntax",
    "us",
    "xa",
)

pytestmark = [pytest.mark.realdata, pytest.mark.slow, pytest.mark.timeout(900)]


def what_is_wrong(hands: Hands, folder: Path) -> list[str]:
    """Open a folder, show each of its parts, and return what is not as it should be."""
    hands.open(folder)
    wrong = [f"{folder.name}: {words}" for words in hands.messages if "unexpected" in words]
    if not hands.workspace.parts and not hands.messages:
        wrong.append(f"{folder.name}: neither a part nor a message")
    for part in tuple(hands.workspace.parts.values()):
        where = f"{folder.name} {part.label}"
        if part.kind is PartKind.OBJECT:
            if not part.object_name:
                wrong.append(f"{where}: an object without a name")
            continue
        hands.window.show_in_active(part.key)
        hands.rest()
        picture = hands.view.picture()
        if (picture.pixels is None) == (picture.tile is None):
            wrong.append(f"{where}: neither a picture nor a reason")
        if picture.pixels is not None and not picture.corners.bottom_left:
            wrong.append(f"{where}: a picture without words")
    return wrong


@pytest.mark.parametrize("group", GROUPS)
def test_every_part_of_every_folder_has_a_picture_or_a_reason(
    opener: Opener, real_data: Path, group: str
) -> None:
    folders = sorted(path for path in (real_data / group).glob("*") if path.is_dir())
    if not folders:
        pytest.skip(f"there is no {group} among the real data")
    wrong = []
    for folder in folders:
        hands = opener()
        wrong += what_is_wrong(hands, folder)
        hands.window.close()
    assert not wrong
