"""The inspector's panels, and the pieces that they are made of."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QTabBar

from tests.ui.samples import HISTOGRAM
from viewer.ui.charts import Chart, ChartState
from viewer.ui.controls import FactList, FigureTable, Fold
from viewer.ui.inspector import ENHANCEMENT, MEASUREMENTS, WINDOW, Inspector


@pytest.fixture
def inspector(qtbot) -> Inspector:
    made = Inspector()
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    return made


def test_one_panel_is_shown_at_a_time(inspector, qtbot):
    assert inspector.current == WINDOW
    with qtbot.waitSignal(inspector.panel_changed) as signal:
        inspector.show_panel(MEASUREMENTS)
    assert signal.args == [MEASUREMENTS]
    assert inspector.measurement_panel.isVisible()
    assert not inspector.window_panel.isVisible()


def test_unknown_panels_change_nothing(inspector):
    inspector.show_panel("no such panel")
    assert inspector.current == WINDOW


def test_a_panel_can_be_added(inspector, qtbot):
    form = QLabel("the reader's form")
    inspector.add_panel("reader", "Reader", form)
    inspector.show_panel("reader")
    assert form.isVisible()


def test_the_tabs_can_be_walked_with_the_keyboard(inspector, qtbot):
    tabs = inspector.findChild(QTabBar)
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    assert inspector.current == ENHANCEMENT


def test_a_fold_opens_once_for_costly_content_and_closes_again(qtbot):
    content = QLabel("inside")
    fold = Fold("Histogram", content, is_open=False)
    qtbot.addWidget(fold)
    fold.show()
    opened = []
    fold.opened.connect(lambda: opened.append(True))
    head = fold.findChild(QPushButton)
    for is_shown in (True, False, True):
        head.click()
        assert content.isVisible() is is_shown
    assert opened == [True]


def test_a_chart_loads_its_library_only_when_it_is_seen(qtbot):
    chart = Chart("Histogram")
    qtbot.addWidget(chart)
    chart.set_state(HISTOGRAM)
    assert chart._plot is None
    chart.show()
    assert chart._plot is not None
    lines = chart._plot.getPlotItem().listDataItems()
    assert [line.getData()[0].tolist() for line in lines] == [
        curve.x.tolist() for curve in HISTOGRAM.curves
    ]


def test_a_chart_names_its_curves_in_words_and_strokes(qtbot):
    chart = Chart("Histogram")
    qtbot.addWidget(chart)
    chart.set_state(HISTOGRAM)
    chart.show()
    legend = next(label for label in chart.findChildren(QLabel) if "Enhanced" in label.text())
    assert "━ Original" in legend.text()
    assert "╍ Enhanced" in legend.text()


def test_dragging_the_span_of_a_chart_tells_the_new_values(qtbot):
    chart = Chart("Histogram")
    qtbot.addWidget(chart)
    chart.set_state(HISTOGRAM)
    chart.show()
    with qtbot.waitSignal(chart.span_changed) as signal:
        chart._span.setRegion((-100.0, 300.0))
    assert signal.args == [-100.0, 300.0]


def test_showing_a_span_asks_for_nothing(qtbot):
    chart = Chart("Histogram")
    qtbot.addWidget(chart)
    chart.show()
    with qtbot.assertNotEmitted(chart.span_changed):
        chart.set_state(HISTOGRAM)


def test_an_empty_chart_says_so(qtbot):
    chart = Chart("Profile")
    qtbot.addWidget(chart)
    chart.set_state(ChartState(empty_text="Draw a length to see its profile."))
    chart.show()
    texts = [label.text() for label in chart.findChildren(QLabel) if label.isVisible()]
    assert texts == ["Draw a length to see its profile."]


def test_a_table_is_copied_with_tabs(qtbot):
    table = FigureTable("Regions")
    qtbot.addWidget(table)
    table.set_figures(("", "Original"), (("Mean HU", "−612"), ("SD HU", "24")))
    table.show()
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "\tOriginal\nMean HU\t−612\nSD HU\t24"


def test_a_table_is_as_high_as_its_rows(qtbot):
    table = FigureTable("Regions")
    qtbot.addWidget(table)
    for count in (1, 6):
        table.set_figures(("", "Original"), [(f"row {i}", str(i)) for i in range(count)])
        table.show()
        last = table.visualItemRect(table.item(count - 1, 0))
        assert table.viewport().rect().contains(last)


def test_facts_are_replaced_as_a_whole(qtbot):
    facts = FactList()
    qtbot.addWidget(facts)
    facts.set_facts((("Method", "A"), ("Device", "CPU")))
    facts.set_facts((("Method", "B"),))
    facts.show()
    qtbot.wait(1)
    texts = [label.text() for label in facts.findChildren(QLabel) if label.isVisible()]
    assert texts == ["Method", "B"]
