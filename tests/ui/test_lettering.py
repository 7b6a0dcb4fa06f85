"""Text on images: fitted, wrapped and never cut off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter

from viewer.ui.lettering import (
    Lettering,
    TextLine,
    draw_lines,
    line_height,
    shortened,
    text_width,
    wrapped,
)

STYLE = Lettering()
WORDS = st.lists(st.text("abcdeWM-", min_size=1, max_size=24), min_size=1, max_size=8)


@given(words=WORDS, width=st.integers(30, 400))
def test_wrapped_lines_fit_and_lose_nothing(words, width):
    text = " ".join(words)
    lines = wrapped(text, STYLE, width)
    assert all(text_width(line, STYLE) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_figure_keeps_its_unit():
    text = "noise −38\N{NO-BREAK SPACE}% asked"
    lines = wrapped(text, STYLE, text_width("noise −38", STYLE) + 4)
    assert any("−38\N{NO-BREAK SPACE}%" in line for line in lines)


def test_a_long_word_breaks_after_its_hyphen():
    lines = wrapped("AI-ENHANCED", STYLE, text_width("ENHANCED", STYLE))
    assert lines == ("AI-", "ENHANCED")


@given(text=st.text("abcWM ", min_size=1, max_size=60), width=st.integers(20, 300))
def test_shortened_text_fits(text, width):
    assert text_width(shortened(text, STYLE, width), STYLE) <= width + 1


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("text", ["Müller, Ågnes", "−612.5 HU", "jgpqy|ÄÖ", "W 1500  L −500"])
def test_a_drawn_line_is_not_cut_off_at_its_edges(text, ratio):
    tall, across = line_height(STYLE), text_width(text, STYLE)
    image = QImage(QSize(300, 60) * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(0x808080)
    painter = QPainter(image)
    draw_lines(painter, [TextLine(text, QRectF(20, 20, across, tall), STYLE)])
    painter.end()
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    rows, columns = np.nonzero((values[..., :3] != 0x80).any(axis=2))
    # Inside its rectangle, give or take the outline of one pixel.
    assert rows.min() / ratio >= 18
    assert rows.max() / ratio <= 20 + tall + 2
    assert columns.min() / ratio >= 18
    assert columns.max() / ratio <= 20 + across + 2
    # The outline is closed: the darkest pixels surround the light ones on all four sides.
    light = np.argwhere((values[..., :3] > 0xC0).all(axis=2))
    dark = np.argwhere((values[..., :3] < 0x30).all(axis=2))
    assert (dark.min(axis=0) < light.min(axis=0)).all()
    assert (dark.max(axis=0) > light.max(axis=0)).all()
