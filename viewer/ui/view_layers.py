"""Which of the drawn pixels a view shows now, each with the label of what it was drawn from."""

from dataclasses import dataclass

from viewer.app.spreading import SpreadOverlay
from viewer.core.arrays import UInt8Array
from viewer.core.provenance import Blinding, Label, label_for, residual_label
from viewer.core.view import Comparison
from viewer.ui.picture import ColourBar, Pixels
from viewer.ui.view_drawing import Drawn

ORIGINAL_CAPTION = "Original"
NEAREST_CAPTION = "Original, nearest acquired slice"
NOT_YET_CAPTION = "Original, not enhanced yet"


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Pixels of a view: `right` is the second half of a swipe, `bar` explains colours."""

    pixels: Pixels | None = None
    right: Pixels | None = None
    bar: ColourBar | None = None


def shown_layers(
    drawn: Drawn,
    comparison: Comparison,
    *,
    shows_original: bool,
    beside: Label | None,
    is_awaited: bool = False,
    blinding: Blinding | None = None,
) -> Layers:
    """Return what is shown of a drawn picture.

    The labels come with the order that the pixels were drawn from, not from the present state of
    the view: pixels that are late are still called what they are.

    Parameters
    ----------
    shows_original : the key for the original is held, or it is its turn in the flicker.
    beside : label of another view that shows derived pixels of the same series: the acquired
        ones are then called original, and keep its room free so that both views look alike.
    blinding : the badge that stands for the label of a stored image in a blinded reading.
    is_awaited : derived pixels were asked for and are not there yet; the acquired ones say so.
    """
    order = drawn.order
    stored = label_for(order.volume.provenance, blinding)
    label = label_for(order.layer.provenance) if order.layer is not None else None
    if drawn.residual is not None and label is not None and not shows_original:
        largest, unit = order.residual_largest, order.volume.unit
        if order.layer is not None:
            unit = order.layer.residual.unit
        pixels = Pixels(drawn.residual, residual_label(label))
        return Layers(pixels, None, ColourBar(-largest, largest, unit))
    original, derived = None, None
    if drawn.original is not None:
        room = label or beside
        caption = NEAREST_CAPTION if order.has_nearest else ORIGINAL_CAPTION if room else ""
        caption = NOT_YET_CAPTION if label is None and is_awaited else caption
        original = Pixels(drawn.original, stored, caption, room)
    if drawn.derived is not None:
        derived = Pixels(drawn.derived, label)
    bar = _spread_bar(order.spread) if derived is not None else None
    if original is None or derived is None:
        return Layers(derived or original, None, bar)
    if comparison is Comparison.SWIPE and not shows_original:
        return Layers(original, derived, bar)
    return Layers(original) if shows_original else Layers(derived, None, bar)


def _spread_bar(spread: SpreadOverlay | None) -> ColourBar | None:
    """Return the bar of the spread that is laid over derived pixels, with its words."""
    if spread is None:
        return None
    return ColourBar(spread.low, spread.high, spread.unit, "spread", spread.words)


@dataclass(frozen=True, slots=True, eq=False)
class VolumePicture:
    """A rendered volume with the label of what it was made from."""

    pixels: UInt8Array
    part: tuple[str, int]
    label: Label | None

    @property
    def layers(self) -> Layers:
        """The picture as layers of a view."""
        return Layers(Pixels(self.pixels, self.label))
