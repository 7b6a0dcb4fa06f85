"""The drift page: groups with their state, charts with limits, and words for an empty log."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from tests.app.test_recording import USE, drawn
from viewer.app.drifting import EMPTY, drift_report, rule_words
from viewer.app.recording import log_path, log_use
from viewer.ui import drift_page
from viewer.ui.charts import Chart
from viewer.ui.drift_page import DriftPage, chart_state, figure_words


@pytest.fixture
def page(qtbot, tmp_path):
    """Open the page on a log of uses."""

    def opened(uses):
        for use in uses:
            log_use(tmp_path, use)
        made = DriftPage()
        qtbot.addWidget(made)
        made.set_report(drift_report(tmp_path), rule_words(), EMPTY)
        made.show()
        return made

    return opened


def words(page):
    return [label.text() for label in page.findChildren(QLabel) if label.isVisible()]


def test_an_empty_log_says_what_to_do(page):
    assert words(page([])) == [EMPTY]


def test_the_group_with_a_signal_is_on_top_and_its_charts_are_shown(page):
    moved = [replace(use, kernel="moved") for use in drawn(45, shift=5.0)]
    made = page([*drawn(50), *moved])
    assert made.table.item(0, 3).text() == "moved"
    assert made.table.item(0, 6).text().startswith("signal since 2026-01-02")
    assert len([chart for chart in made.findChildren(Chart) if chart.isVisible()]) == 3
    assert any("rose, signal since" in text for text in words(made))


def test_another_row_shows_its_own_charts(page):
    made = page([*drawn(45, shift=5.0), *(replace(use, kernel="calm") for use in drawn(25))])
    made.table.selectRow(1)
    assert not any("signal" in text for text in words(made) if "Noise left" in text)


def test_the_lines_of_a_chart_lie_between_its_limits_while_in_control(tmp_path):
    for use in drawn(40):
        log_use(tmp_path, use)
    figure = drift_report(tmp_path).groups[0].figures[0]
    up, down, high, low = chart_state(figure).curves
    assert (up.y <= high.y[0]).all()
    assert (down.y >= low.y[0]).all()
    assert low.y[0] == -high.y[0]
    assert len(up.x) == 40


def test_a_figure_that_was_never_measured_says_so(tmp_path):
    log_use(tmp_path, replace(USE, noise_sd=None))
    figure = drift_report(tmp_path).groups[0].figures[0]
    assert figure_words(figure) == "not measured in this group"
    assert chart_state(figure).curves == ()


def test_damaged_lines_are_named(page, tmp_path):
    log_use(tmp_path, USE)
    log_path(tmp_path).write_bytes(log_path(tmp_path).read_bytes() + b"{")
    assert "Line 2 of the log is damaged and left out." in words(page([]))


def test_a_new_baseline_is_asked_for_only_after_a_clear_yes(page, monkeypatch):
    made = page(drawn(45, shift=5.0))
    asked, answers = [], iter((False, True))
    monkeypatch.setattr(drift_page, "confirm", lambda *_: next(answers))
    made.restart_requested.connect(asked.append)
    start = next(b for b in made.findChildren(QPushButton) if b.text().startswith("Start a new"))
    start.click()
    assert asked == []
    start.click()
    assert asked == [USE.group]


def test_a_group_that_is_learning_says_when_its_sums_begin(page):
    assert "The sums begin after 20 uses; there are 7." in words(page(drawn(7)))
