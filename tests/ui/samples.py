"""Pictures and panel states that look like real work, for the tests of the window."""

import numpy as np

from viewer.core.arrays import UInt8Array
from viewer.core.measurement import MeasurementKind
from viewer.core.provenance import Label
from viewer.ui.browser import BrowserPart, BrowserStudy
from viewer.ui.charts import ChartState, Curve
from viewer.ui.enhancement_panel import EnhancementPanelState, Figures, GateRow, MethodRow
from viewer.ui.measurement_panel import MeasurementRow
from viewer.ui.picture import CornerText, LinkMark, LinkState, ScaleBar, Shape
from viewer.ui.window_panel import WindowChoice, WindowPanelState

LABEL = Label(
    "AI-ENHANCED",
    "CT denoise S 0.1.0 · noise −38 % (asked −40 %)",
    "not the original – compare before reporting",
)
CORNERS = CornerText(
    ("Müller, Anna Maria", "ID 4711-22", "born 1961-04-02"),
    ("2024-03-02", "CT Thorax nativ 1 mm", "Series 4 · CT"),
    ("Slice 123 / 300", "at −612.5 mm · 1.0 mm thick", "zoom 142 %"),
    ("−612 HU", "W 1500  L −500"),
)
WARNINGS = (
    "Slices are 1.0 to 3.5 mm apart: the gaps are left empty",
    "gantry tilt of 12.5° corrected",
)
DRAWN = {
    "corners": CORNERS,
    "letters": ("R", "A", "L", "P"),
    "scale": ScaleBar(0.5),
    "link": LinkMark(LinkState.OFFSET, "+12.5 mm, set by you"),
    "warnings": WARNINGS,
}
SHAPES = (
    Shape(MeasurementKind.LENGTH, ((200, 200), (260, 240)), ("12.4 mm",)),
    Shape(MeasurementKind.ELLIPSE, ((300, 150), (360, 210)), ("mean −612 HU", "SD 24 HU"), True),
    Shape(MeasurementKind.ANGLE, ((120, 300), (180, 320), (160, 380)), ("64.2°",)),
)


def grey(width: int, height: int, level: int = 0) -> UInt8Array:
    """Return an opaque grey picture, [row, column, 4]."""
    values = np.full((height, width, 4), level, dtype=np.uint8)
    values[..., 3] = 255
    return values


STUDIES = (
    BrowserStudy(
        ("1.2.3", "4711-22", "Müller"),
        "Müller, Anna Maria",
        "4711-22",
        "1961-04-02",
        "2024-03-02",
        "CT Thorax nativ",
        "CT/SR",
        parts=(
            BrowserPart(("1.4", 0), "4", "CT", "Thorax 1.0 Bl57f", "300 slices"),
            BrowserPart(("1.5", 0), "104", "CT", "CT denoise S", "300 slices", mark="AI"),
            BrowserPart(("1.6", 0), "900", "SR", object_name="Structured report"),
        ),
    ),
    BrowserStudy(
        ("9.8.7", "77", "Beta"),
        "Beta, Bo",
        "77",
        "1950-01-01",
        "2020-01-01",
        "MR head",
        "MR",
        warnings=("other patients' images carry the same study UID; they are kept apart",),
        parts=(BrowserPart(("9.1", 0), "1", "MR", "t1_mprage", "176 slices", warnings=("Gap",)),),
    ),
)

_X = np.linspace(-1000, 400, 64)
HISTOGRAM = ChartState(
    (
        Curve("Original", _X, np.exp(-(((_X - 40) / 50) ** 2))),
        Curve("Enhanced", _X, np.exp(-(((_X - 40) / 40) ** 2)), "enhanced"),
    ),
    "HU",
    "",
    (-160.0, 240.0),
)

WINDOW_STATE = WindowPanelState(
    "Series 4 · Thorax 1.0 Bl57f lung",
    40.0,
    400.0,
    choices=(
        WindowChoice("file:0", "Lung", "W 1500  L −500", source="file"),
        WindowChoice("preset:1", "Soft tissue", "W 400  L 40", "1"),
        WindowChoice("preset:2", "Lung", "W 1500  L −600", "2"),
    ),
    chosen="preset:1",
    colour_maps=("grey", "hot"),
)

METHODS = (
    MethodRow("gaussian", "Gaussian", "filter", "Averages neighbours."),
    MethodRow("ct-denoise-s", "CT denoise S", "AI", "Reduces noise in CT of 70 to 140 kVp."),
)
GATES = (
    GateRow("ok", "Modality"),
    GateRow("warn", "Derived image", "The scanner says DERIVED."),
)
ENHANCED_STATE = EnhancementPanelState(
    "Series 4 · Thorax 1.0 Bl57f lung",
    METHODS,
    "ct-denoise-s",
    0.4,
    strength_words="reached −38 % in flat regions (asked −40 %)",
    gates=GATES,
    has_result=True,
    comparison="side",
    provenance=(("Method", "CT denoise S 0.1.0"), ("Weights SHA-256", "9f86d081884c7d65" * 4)),
    regions=Figures(
        ("", "Original", "Enhanced", "Residual"),
        (("Mean HU", "−612", "−612", "0"), ("Noise change", "", "−38 %", "")),
    ),
)

MEASUREMENTS = (
    MeasurementRow("a", "length", "12.4 mm", "Series 4, slice 123"),
    MeasurementRow("b", "ellipse", "mean −612 HU\nSD 24 HU", "Series 4, slice 123", "nodule"),
    MeasurementRow("c", "angle", "64.2°", "Series 5, slice 3", "", "on enhanced"),
)
