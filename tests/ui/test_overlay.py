"""Where text goes on a view: inside it, apart from each other, and what has to be there is."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF

from tests.ui.samples import CORNERS, DRAWN, LABEL, WARNINGS, grey
from viewer.app.spreading import NOT_ERROR, SHORTEST_SIDE
from viewer.core.provenance import residual_label
from viewer.ui.lettering import text_width
from viewer.ui.overlay import arrange
from viewer.ui.overlay_words import TEXT, scale_length, signed_number, unfolded
from viewer.ui.picture import ColourBar, CornerText, Picture, Pixels, ScaleBar, Wait

TINY = grey(4, 4)
SIZES = [(220, 200), (300, 280), (360, 300), (480, 700), (640, 620), (1200, 900), (900, 260)]


def enhanced(**drawn):
    return Picture(pixels=Pixels(TINY, LABEL), **{**DRAWN, **drawn})


def texts(overlay):
    return [line.text for line in overlay.lines]


def overlaps(overlay):
    rects = [rect for rect in overlay.taken if not rect.isEmpty()]
    return [
        (a, b)
        for a, b in combinations(rects, 2)
        if a.adjusted(0.01, 0.01, -0.01, -0.01).intersects(b)
    ]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("bar", [None, ColourBar(-50, 50, "HU")])
def test_nothing_touches_and_nothing_leaves_the_view(width, height, bar):
    overlay = arrange(enhanced(colour_bar=bar, wait=Wait(0.4, "Decoding")), width, height)
    view = QRectF(0, 0, width, height)
    assert overlaps(overlay) == []
    assert all(view.contains(rect) for rect in overlay.taken)


@given(
    width=st.integers(64, 1600),
    height=st.integers(64, 1200),
    name=st.text("ABCÄg ^-", max_size=60),
    divider=st.one_of(st.none(), st.floats(0, 1)),
)
def test_any_size_keeps_text_apart_and_the_label_whole(width, height, name, divider):
    corners = CornerText((name, "ID 1"), (name,), (name, name), (name,))
    if divider is None:
        picture = enhanced(corners=corners)
    else:
        picture = Picture(
            pixels=Pixels(TINY, None, "Original"),
            right=Pixels(TINY, LABEL),
            divider=divider,
            **{**DRAWN, "corners": corners},
        )
    overlay = arrange(picture, width, height)
    view = QRectF(0, 0, width, height)
    assert overlaps(overlay) == []
    assert all(view.contains(line.rect) for line in overlay.lines)
    amber = [plate for plate in overlay.labels.plates if plate.is_synthetic]
    if divider != 1:
        (plate,) = amber
        words = "".join(line.text for line in plate.lines)
        assert words.replace(" →", "").startswith("AI-ENHANCED")
        assert view.contains(plate.rect)
        assert overlay.labels.strips


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_patient_stays_named_and_warnings_never_vanish(width, height):
    overlay = arrange(enhanced(), width, height)
    assert any(text.startswith("Müll") for text in texts(overlay))
    assert any(mark.kind == "warning" for mark in overlay.marks)


def test_warnings_that_do_not_fit_are_counted():
    many = tuple(f"Warning number {i} about the geometry of this series" for i in range(9))
    overlay = arrange(enhanced(warnings=many), 480, 420)
    shown = sum(text.startswith("Warning number") for text in texts(overlay))
    (count,) = [text for text in texts(overlay) if text.endswith("more warnings")]
    assert shown + int(count.split()[0]) == 9


def test_small_views_show_fewer_lines_and_the_ones_at_the_edge():
    wide, small = arrange(enhanced(), 900, 900), arrange(enhanced(), 240, 220)
    assert len(small.lines) < len(wide.lines)
    assert {*CORNERS.top_left, *CORNERS.bottom_left} <= set(texts(wide))
    assert CORNERS.bottom_left[-1] in texts(small)


def test_a_line_that_is_too_wide_is_split_at_its_dots_before_it_is_cut():
    line = "at −612.5 mm · 1.0 mm thick · oblique"
    overlay = arrange(enhanced(corners=CornerText(bottom_left=(line,))), 340, 500)
    lines = sorted(overlay.lines, key=lambda placed: placed.rect.top())
    shown = [x.text for x in lines if "mm thick" in x.text or "−612.5" in x.text]
    assert shown == ["at −612.5 mm", "1.0 mm thick · oblique"]
    assert unfolded((line,), 1000) == (line,)


@pytest.mark.parametrize("width", [60, 90, 130, 200])
def test_no_figure_and_no_name_is_cut_in_a_narrow_view(width):
    lines = ("Slice 75 / 150", "W 2000  L -450  inverted", "ID LIDC-IDRI-0314", "zoom 68 % · cubic")
    found = unfolded(lines, width)
    shown, meant = ("".join("".join(text).replace("·", "").split()) for text in (found, lines))
    assert shown == meant
    assert not any("…" in line for line in found)
    assert all(text_width(line, TEXT) <= width for line in found)


def test_the_patient_stays_at_the_top_beside_the_label():
    overlay = arrange(enhanced(), 358, 690)
    name = next(line for line in overlay.lines if line.text.startswith("Müller"))
    assert name.rect.top() == overlay.labels.plates[0].rect.top()


def test_every_warning_is_written_where_there_is_room():
    words = " ".join(texts(arrange(enhanced(), 1200, 900)))
    assert all(warning in words for warning in WARNINGS)


def test_the_label_is_at_the_same_corner_in_every_mode():
    residual = Pixels(TINY, residual_label(LABEL))
    modes = (
        Picture(pixels=Pixels(TINY, LABEL)),
        enhanced(),
        Picture(pixels=residual, colour_bar=ColourBar(-50, 50, "HU")),
        Picture(pixels=Pixels(TINY), right=Pixels(TINY, LABEL), divider=0.2),
    )
    corners = {
        (plate.rect.right(), plate.rect.top())
        for picture in modes
        for plate in arrange(picture, 800, 600).labels.plates
    }
    assert len(corners) == 1


@pytest.mark.parametrize("divider", [0.0, 0.01, 0.1, 0.5, 0.9, 0.99])
def test_each_half_of_a_swipe_keeps_its_own_label(divider):
    other = residual_label(LABEL)
    picture = Picture(pixels=Pixels(TINY, other), right=Pixels(TINY, LABEL), divider=divider)
    labels = arrange(picture, 640, 480).labels
    assert len(labels.plates) == len(labels.strips) == (2 if divider > 0 else 1)
    if divider > 0:
        assert not labels.plates[0].rect.intersects(labels.plates[1].rect)


def test_words_that_reach_over_the_divider_point_at_their_side():
    picture = Picture(pixels=Pixels(TINY), right=Pixels(TINY, LABEL), divider=0.98)
    (plate,) = arrange(picture, 640, 480).labels.plates
    assert plate.lines[0].text == "AI-ENHANCED →"


@pytest.mark.parametrize(
    ("per_pixel", "unit", "words", "length"),
    [(0.5, "mm", "50 mm", 100), (0.013, "mm", "1 mm", 77), (1.0, "px", "100 px", 100)],
)
def test_the_scale_bar_has_a_round_length(per_pixel, unit, words, length):
    got, said = scale_length(ScaleBar(per_pixel, unit), 150)
    assert said == words
    assert got == pytest.approx(length, abs=0.5)


def test_differences_carry_their_sign():
    assert signed_number(50.0, is_signed=True) == "+50"
    assert signed_number(-0.125, is_signed=True) == "−0.125"
    assert signed_number(0.0, is_signed=True) == "0"
    assert signed_number(1500.0, is_signed=False) == "1500"


def test_no_letters_are_drawn_where_there_are_none():
    overlay = arrange(enhanced(letters=None), 640, 480)
    assert not {"R", "A", "L", "P"} & set(texts(overlay))


@given(width=st.integers(SHORTEST_SIDE, 1600), height=st.integers(SHORTEST_SIDE, 1200))
def test_what_is_said_of_the_spread_stands_beside_its_bar_in_every_view_that_shows_it(
    width, height
):
    words = (NOT_ERROR, "90 % half width at full strength", "not drawn below 15 HU")
    corners = CornerText(("Name", "ID 1"), ("a long description", "Series 3"), ("1 / 9",), ("W",))
    bar = ColourBar(15, 60, "HU", "spread", words)
    overlay = arrange(enhanced(colour_bar=bar, corners=corners), width, height)
    assert set(words) <= set(texts(overlay))
    assert "60 HU" in texts(overlay)
    assert overlay.colour_bar.height() >= 40
    assert overlaps(overlay) == []
    assert all(QRectF(0, 0, width, height).contains(rect) for rect in overlay.taken)
