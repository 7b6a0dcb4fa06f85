"""Icons: every name is in the font, and drawing one leaves ink."""

import inspect

import numpy as np
import pytest
from PySide6.QtGui import QIcon, QImage

from viewer.ui import icons, measurement_panel

NAMES = sorted(
    {
        value
        for module in (icons, measurement_panel)
        for _, member in inspect.getmembers(module)
        for value in (member.values() if isinstance(member, dict) else [member])
        if isinstance(value, str) and value.startswith("mdi6.")
    }
)


def ink(icon: QIcon, mode=QIcon.Mode.Normal) -> np.ndarray:
    image = icon.pixmap(18, 18, mode).toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(18, 18, 4).copy()


@pytest.mark.parametrize("name", NAMES)
def test_every_named_icon_is_in_the_font_and_fits_its_square(name):
    assert icons.has_icon(name)
    drawn = ink(icons.icon(name))[..., 3] > 40
    assert 8 < drawn.sum() < 300


def test_unknown_names_give_no_icon():
    assert icons.icon("").isNull()
    assert icons.icon("mdi6.no-such-sign-at-all").isNull()


def test_a_disabled_icon_is_dimmer():
    icon = icons.icon(icons.SEARCH)
    normal, off = ink(icon), ink(icon, QIcon.Mode.Disabled)
    assert off[..., :3].max() < normal[..., :3].max()


def test_objects_have_their_own_icons():
    drawn = {bytes(ink(icons.object_icon(kind))) for kind in ("SR", "SEG", "KO", "??")}
    assert len(drawn) == 4
