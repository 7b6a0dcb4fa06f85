"""Where text goes on a view: corners, letters, warnings, bars; nothing clipped, nothing twice.

`arrange` is a pure step from a picture and a size to places; painting draws them.
"""

from dataclasses import dataclass

from PySide6.QtCore import QRectF

from viewer.ui import theme
from viewer.ui.lettering import (
    Lettering,
    TextLine,
    line_height,
    shortened,
    text_width,
)
from viewer.ui.overlay_words import TEXT, notice_lines, scale_length, signed_number, unfolded
from viewer.ui.painting_label import GAP, MARGIN, LabelPlaces, arrange_labels
from viewer.ui.picture import LinkMark, LinkState, Picture, ScaleBar

_LETTER = Lettering(theme.HEADING, is_bold=True)
_MARK = 18.0
_LEAST_BESIDE_LABEL = 110.0


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A small drawn sign beside a line: "warning", "alert" or a link state's value."""

    kind: str
    rect: QRectF


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Everything with a place on one view; all rectangles in view pixels and disjoint.

    `bar_words` is the ground of what is said of the colour bar; its lines are among `lines`.
    """

    labels: LabelPlaces
    lines: tuple[TextLine, ...]
    marks: tuple[Mark, ...]
    scale: QRectF | None
    colour_bar: QRectF | None
    bar_words: QRectF | None = None

    @property
    def taken(self) -> tuple[QRectF, ...]:
        """Rectangles that other text has to keep clear of."""
        bars = tuple(rect for rect in (self.scale, self.colour_bar) if rect is not None)
        plates = tuple(plate.rect for plate in self.labels.plates)
        return (
            *plates,
            *self.labels.strips,
            *(line.rect for line in self.lines),
            *(mark.rect for mark in self.marks),
            *bars,
        )


class _Sheet:
    """A view being laid out: what is placed so far."""

    def __init__(self, picture: Picture, width: float, height: float) -> None:
        self.picture = picture
        self.labels = arrange_labels(picture, width, height)
        self.left = self.labels.left_inset + MARGIN
        self.right = width - self.labels.right_inset - MARGIN
        self.width, self.height = width, height
        self.lines: list[TextLine] = []
        self.marks: list[Mark] = []
        self.scale: QRectF | None = None
        self.colour_bar: QRectF | None = None
        self.bar_foot = 0.0
        self.bar_words: QRectF | None = None
        self.letter_width = 0.0
        self.foot = height - MARGIN
        self.half_gap = GAP
        self.has_notices_left = False

    def is_free(self, rect: QRectF) -> bool:
        """True when a rectangle is inside the view and touches nothing."""
        view = QRectF(0, 0, self.width, self.height)
        return view.contains(rect) and not any(map(rect.intersects, self.taken()))

    def add(self, text: str, rect: QRectF, style: Lettering, mark: Mark | None = None) -> bool:
        """Place a line and its sign, unless they would touch something or leave the view."""
        if not self.is_free(rect if mark is None else rect.united(mark.rect)):
            return False
        if text:
            self.lines.append(TextLine(text, rect, style))
        if mark is not None:
            self.marks.append(mark)
        return True

    def taken(self) -> list[QRectF]:
        """Rectangles placed so far."""
        return [
            *[plate.rect for plate in self.labels.plates],
            *self.labels.strips,
            *[line.rect for line in self.lines],
            *[mark.rect for mark in self.marks],
            *[rect for rect in (self.scale, self.colour_bar) if rect is not None],
        ]


def arrange(picture: Picture, width: float, height: float) -> Overlay:
    """Return the places of everything but measurements on a view of this size."""
    sheet = _Sheet(picture, width, height)
    _place_letters(sheet)
    if picture.scale is not None:
        _place_scale(sheet, picture.scale)
    _place_colour_bar(sheet)
    _place_wait(sheet)
    _place_top_left(sheet)
    _place_top_right(sheet)
    _place_bottom(sheet)
    return Overlay(
        sheet.labels,
        tuple(sheet.lines),
        tuple(sheet.marks),
        sheet.scale,
        sheet.colour_bar,
        sheet.bar_words,
    )


def _place_letters(sheet: _Sheet) -> None:
    if sheet.picture.letters is None:
        return
    tall = line_height(_LETTER)
    left, top, right, bottom = sheet.picture.letters
    across = [text_width(letter, _LETTER) for letter in (left, top, right, bottom)]
    sheet.letter_width = max(across)
    middle_x, middle_y = sheet.width / 2, sheet.height / 2
    under = sheet.labels.left_end < middle_x + across[1] / 2 + GAP
    high = sheet.labels.bottom if under else MARGIN
    low = sheet.height - MARGIN - tall
    spots = (
        (left, QRectF(sheet.left, middle_y - tall / 2, across[0], tall)),
        (top, QRectF(middle_x - across[1] / 2, high, across[1], tall)),
        (right, QRectF(sheet.right - across[2], middle_y - tall / 2, across[2], tall)),
        (bottom, QRectF(middle_x - across[3] / 2, low, across[3], tall)),
    )
    for letter, rect in spots:
        if letter:
            sheet.add(letter, rect, _LETTER)
    sheet.foot = low
    sheet.half_gap = tall / 2 + GAP


def _place_scale(sheet: _Sheet, scale: ScaleBar) -> None:
    """Put the bar above the bottom letter, with its words on top of it."""
    if sheet.width < 200 or sheet.height < 160 or not scale.per_pixel > 0:
        return
    length, words = scale_length(scale, min(sheet.width * 0.2, 160.0))
    tall = line_height(TEXT)
    across = text_width(words, TEXT)
    bar = QRectF(round(sheet.width / 2 - length / 2), round(sheet.foot - 9), round(length), 7)
    text = QRectF(sheet.width / 2 - across / 2, bar.top() - tall, across, tall)
    if sheet.add(words, text, TEXT):
        sheet.scale = bar
        sheet.foot = text.top()


def _place_colour_bar(sheet: _Sheet) -> None:
    """Put the bar at the right edge, its numbers to its left."""
    bar = sheet.picture.colour_bar
    if bar is None:
        return
    tall = line_height(TEXT)
    top, end = sheet.labels.bottom + tall / 2, sheet.height - MARGIN - tall / 2 - MARGIN
    if bar.words:
        end = sheet.foot - tall * (len(bar.words) + 0.5) - 2 * GAP
    long = min(max(sheet.height * 0.36, 48.0), 240.0, end - top)
    letter = sheet.letter_width + GAP if sheet.letter_width else 0.0
    middle = max(min(sheet.height / 2, end - long / 2), top + long / 2)
    x = sheet.right - letter - 12
    sheet.colour_bar = QRectF(round(x), round(middle - long / 2), 12, round(long))
    _place_bar_words(sheet, sheet.colour_bar, bar.words)
    is_signed = bar.low < 0
    for value in (bar.high, (bar.low + bar.high) / 2, bar.low):
        words = signed_number(value, is_signed=is_signed)
        words += f" {bar.unit}" if value == bar.high else ""
        across = text_width(words, TEXT)
        part = (bar.high - value) / ((bar.high - bar.low) or 1.0)
        y = sheet.colour_bar.top() + part * long - tall / 2
        sheet.add(words, QRectF(x - GAP - across, y, across, tall), TEXT)


def _place_bar_words(sheet: _Sheet, bar: QRectF, texts: tuple[str, ...]) -> None:
    """Put what is said of the colours below the bar, clear of its lowest figure."""
    tall = line_height(TEXT)
    y = bar.bottom() + (tall / 2 + GAP if texts else 0.0)
    for text in texts:
        across = text_width(text, TEXT)
        line = QRectF(bar.right() - across, y, across, tall)
        sheet.lines.append(TextLine(text, line, TEXT))
        sheet.bar_words = line if sheet.bar_words is None else line.united(sheet.bar_words)
        y += tall
    sheet.bar_foot = y


def _place_wait(sheet: _Sheet) -> None:
    wait = sheet.picture.wait
    if wait is None or not wait.words:
        return
    words = shortened(wait.words, TEXT, sheet.width * 0.7)
    across, tall = text_width(words, TEXT), line_height(TEXT)
    y = sheet.foot - GAP - tall
    if sheet.add(words, QRectF((sheet.width - across) / 2, y, across, tall), TEXT):
        sheet.foot = y


def _column(sheet: _Sheet, *, is_right: bool) -> float:
    """Width of a corner's column, clear of the letter in the middle."""
    side = sheet.width - sheet.right if is_right else sheet.left
    return sheet.width / 2 - sheet.letter_width / 2 - 2 * GAP - side


def _place_top_left(sheet: _Sheet) -> None:
    """Place patient lines and, under them, alert and warnings, which take room first."""
    picture, tall = sheet.picture, line_height(TEXT)
    beside = sheet.labels.left_end - GAP - sheet.left
    is_beside = beside >= _LEAST_BESIDE_LABEL
    width = _column(sheet, is_right=False)
    width = min(width, beside) if is_beside else width
    top = MARGIN if is_beside else sheet.labels.bottom
    fits = max(int((sheet.height / 2 - sheet.half_gap - top) // tall), 0)
    texts = unfolded(picture.corners.top_left, width)
    is_roomy = fits > 1 or not texts
    most = max(fits - min(2, len(texts)), 1) if is_roomy else 0
    notices = notice_lines(picture, width - _MARK, most)
    y = top
    for text in texts[: max(fits - len(notices), 0)]:
        short = shortened(text, TEXT, width)
        if short:
            rect = QRectF(sheet.left, y, text_width(short, TEXT), tall)
            sheet.add(short, rect, TEXT)
        y += tall
    _add_notices(sheet, notices, y)
    sheet.has_notices_left = not is_roomy and bool(picture.alert or picture.warnings)


def _add_notices(sheet: _Sheet, notices: list[tuple[str, str, Lettering]], y: float) -> None:
    for kind, text, style in notices:
        tall = line_height(TEXT)
        rect = QRectF(sheet.left + _MARK, y, text_width(text, style), tall)
        sign = Mark(kind, QRectF(sheet.left, y, _MARK - 4, tall)) if kind else None
        sheet.add(text, rect, style, sign)
        y += tall


def _place_top_right(sheet: _Sheet) -> None:
    tall, top = line_height(TEXT), sheet.labels.bottom
    width = _column(sheet, is_right=True)
    end = sheet.height / 2 - sheet.half_gap
    if sheet.colour_bar is not None:
        end = min(end, sheet.colour_bar.top() - tall)
    fits = max(int((end - top) // tall), 0)
    for i, text in enumerate(unfolded(sheet.picture.corners.top_right, width)[:fits]):
        short = shortened(text, TEXT, width)
        across = text_width(short, TEXT)
        if short:
            sheet.add(short, QRectF(sheet.right - across, top + i * tall, across, tall), TEXT)


def _place_bottom(sheet: _Sheet) -> None:
    """Place both bottom corners, lines growing upwards, and the link mark above the right one."""
    picture, tall = sheet.picture, line_height(TEXT)
    low = (line.rect.width() for line in sheet.lines if line.rect.top() >= sheet.foot - 1)
    bar = sheet.scale.width() if sheet.scale else 0.0
    centre = max(*low, bar, sheet.letter_width, 0.0)
    width = sheet.width / 2 - centre / 2 - 2 * GAP
    foot, least = sheet.height - MARGIN, sheet.height / 2 + sheet.half_gap
    fits = max(int((foot - least) // tall), 0)
    notices = notice_lines(picture, width - sheet.left - _MARK, 2) if sheet.has_notices_left else []
    done = _stack_up(sheet, picture.corners.bottom_left, fits - len(notices), width)
    _add_notices(sheet, notices, foot - (done + len(notices)) * tall)
    if sheet.colour_bar is not None:
        fits = max(int((foot - max(least, sheet.bar_foot + tall)) // tall), 0)
    link_lines = 1 if picture.link else 0
    done = _stack_up(sheet, picture.corners.bottom_right, fits - link_lines, width, is_right=True)
    if picture.link and fits:
        y = foot - (done + 1) * tall
        _place_link(sheet, picture.link, y, width - (sheet.width - sheet.right))


def _stack_up(
    sheet: _Sheet, texts: tuple[str, ...], fits: int, end: float, *, is_right: bool = False
) -> int:
    """Place the last `fits` lines of a bottom corner; return how many there are.

    `end` is the column's inner edge, as the distance from the view's side.
    """
    tall = line_height(TEXT)
    side = sheet.width - sheet.right if is_right else sheet.left
    kept = unfolded(texts, end - side)[-fits:] if fits > 0 else ()
    for i, text in enumerate(reversed(kept)):
        short = shortened(text, TEXT, end - side)
        across = text_width(short, TEXT)
        x = sheet.right - across if is_right else sheet.left
        y = sheet.height - MARGIN - (i + 1) * tall
        if short:
            sheet.add(short, QRectF(x, y, across, tall), TEXT)
    return len(kept)


def _place_link(sheet: _Sheet, link: LinkMark, y: float, width: float) -> None:
    """Place the chain and its words, ending at the right edge."""
    colour = theme.SECONDARY if link.state is LinkState.OFF else theme.FOCUS
    style = Lettering(colour=colour)
    tall = line_height(TEXT)
    short = shortened(link.text, style, width - _MARK) if link.text else ""
    across = text_width(short, style) if short else 0.0
    mark = Mark(link.state.value, QRectF(sheet.right - across - _MARK, y, _MARK - 4, tall))
    words = QRectF(sheet.right - across, y, across, tall) if short else mark.rect
    sheet.add(short, words, style, mark)
