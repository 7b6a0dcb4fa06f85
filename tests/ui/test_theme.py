"""Colours, contrast and type of the reading-room look."""

import re

import pytest
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QMainWindow

from viewer.core.places import data_folder
from viewer.ui import theme

SURFACES = (theme.WINDOW, theme.PANEL, theme.RAISED)


@pytest.mark.parametrize("surface", [*SURFACES, theme.SELECTION, theme.PRESSED])
def test_chrome_is_never_brighter_than_sixteen_percent(surface):
    assert theme.luminance(surface) < 0.16


@pytest.mark.parametrize("surface", SURFACES)
def test_text_reads_on_every_surface(surface):
    assert theme.contrast(theme.TEXT, surface) >= 7
    assert theme.contrast(theme.SECONDARY, surface) >= 4.5
    assert theme.contrast(theme.FOCUS, surface) >= 4.5
    assert theme.contrast(theme.ERROR, surface) >= 4.5


@pytest.mark.parametrize("colour", [theme.WARNING, theme.SYNTHETIC, theme.MEASUREMENT, theme.TEXT])
def test_what_guides_a_reading_has_seven_to_one(colour):
    assert theme.contrast(colour, theme.IMAGE) >= 7
    assert theme.contrast(colour, theme.PANEL) >= 7


def test_text_is_never_pure_white():
    assert QColor(theme.TEXT) != QColor("white")
    assert "#fff" not in theme.style_sheet().lower()


def test_contrast_agrees_with_the_definition_at_its_ends():
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#777777", "#777777") == pytest.approx(1)


def test_amber_is_reserved_for_synthetic_pixels():
    rules = [rule for rule in theme.style_sheet().split("}") if theme.SYNTHETIC in rule]
    assert len(rules) == 1
    assert 'role="synthetic"' in rules[0]
    amber = QColor(theme.SYNTHETIC).hueF()
    others = {
        name: value
        for name, value in vars(theme).items()
        if isinstance(value, str) and re.fullmatch(r"#[0-9A-F]{6}", value) and name != "SYNTHETIC"
    }
    others |= theme.PLANE_COLOURS
    coloured = {n: QColor(c) for n, c in others.items() if QColor(c).saturationF() > 0.3}
    assert coloured
    assert all(abs(c.hueF() - amber) > 0.03 for c in coloured.values())


def test_there_are_four_type_sizes():
    sizes = {int(size) for size in re.findall(r"font-size: (\d+)px", theme.style_sheet())}
    assert sizes <= {theme.SMALL, theme.BODY, theme.HEADING, theme.LARGE}
    assert len({theme.SMALL, theme.BODY, theme.HEADING, theme.LARGE}) == 4


@pytest.mark.parametrize("is_bold", [False, True])
def test_figures_have_equal_width(is_bold):
    metrics = QFontMetricsF(theme.font(theme.BODY, is_bold=is_bold))
    assert len({round(metrics.horizontalAdvance(digit * 10), 3) for digit in "0123456789"}) == 1


def test_a_window_is_dark_from_its_first_picture(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(200, 120)
    first = window.grab().toImage()
    assert first.pixelColor(100, 60) == QColor(theme.WINDOW)


def test_the_application_icon_is_drawn():
    image = theme.application_icon().pixmap(64, 64).toImage()
    colours = {image.pixelColor(x, y).name().upper() for x in range(64) for y in range(64)}
    assert theme.SYNTHETIC in colours


def test_every_picture_that_the_style_sheet_names_is_there():
    named = re.findall(r'url\("([^"]+)"\)', theme.style_sheet())
    assert named
    assert all((data_folder("resources") / name.rpartition("/")[2]).is_file() for name in named)
