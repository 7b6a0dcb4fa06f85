"""The window that is there before its content."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from viewer.ui.frame import Frame


class Content(QWidget):
    def __init__(self, *, may_close: bool = True) -> None:
        super().__init__()
        self.may_close = may_close
        self.asked = 0

    def closeEvent(self, event):
        self.asked += 1
        event.setAccepted(self.may_close)


def shown(qtbot: QtBot, content: Content) -> tuple[Frame, list[str]]:
    calls: list[str] = []

    def fill(frame: Frame) -> None:
        calls.append("fill")
        frame.put(content)

    frame = Frame(fill)
    qtbot.addWidget(frame)
    frame.resize(300, 200)
    frame.show()
    return frame, calls


def test_content_is_asked_for_once_and_after_the_window_is_shown(qtbot):
    content = Content()
    frame, calls = shown(qtbot, content)
    assert calls == []
    qtbot.waitUntil(lambda: calls == ["fill"])
    frame.repaint()
    qtbot.wait(300)
    assert calls == ["fill"]
    assert frame.centralWidget() is content


def test_closing_the_window_closes_its_content(qtbot):
    content = Content()
    frame, calls = shown(qtbot, content)
    qtbot.waitUntil(lambda: calls == ["fill"])
    frame.close()
    assert content.asked == 1
    assert not frame.isVisible()


def test_content_that_may_not_close_keeps_the_window(qtbot):
    content = Content(may_close=False)
    frame, calls = shown(qtbot, content)
    qtbot.waitUntil(lambda: calls == ["fill"])
    frame.close()
    assert frame.isVisible()
    content.may_close = True


def test_window_closed_before_its_content_never_asks_for_it(qtbot):
    frame, calls = shown(qtbot, Content())
    frame.close()
    qtbot.wait(300)
    assert calls == []
