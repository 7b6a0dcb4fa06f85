"""The study browser: what was found, searchable, with thumbnails; the source of every drag."""

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import icons, theme
from viewer.ui.browser_drawing import BrowserDelegate
from viewer.ui.browser_rows import (
    PART_MIME,
    THUMBNAIL_ROLE,
    BrowserModel,
    BrowserPart,
    BrowserStudy,
    PartKey,
    found,
    part_data,
    part_key,
)

__all__ = ["PART_MIME", "BrowserPart", "BrowserStudy", "StudyBrowser", "part_data", "part_key"]

EMPTY_TEXT = "Drop a folder here, or press Ctrl+O, to open a study."
RECENTS_SHOWN = 5


class _Tree(QTreeView):
    """The list itself; drags carry the part's thumbnail."""

    part_dragged = Signal(object)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Mark a row, so that the focus can be seen."""
        super().focusInEvent(event)
        if not self.currentIndex().isValid():
            self.setCurrentIndex(self.model().index(0, 0))

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Start dragging the current part."""
        model = self.model()
        index = self.currentIndex()
        if not isinstance(model, BrowserModel) or (part := model.part_at(index)) is None:
            return
        drag = QDrag(self)
        drag.setMimeData(part_data(part.key))
        image = index.data(THUMBNAIL_ROLE)
        if isinstance(image, QImage):
            drag.setPixmap(QPixmap.fromImage(image))
        self.part_dragged.emit(part.key)
        drag.exec(Qt.DropAction.CopyAction)


class StudyBrowser(QWidget):
    """Left dock. Give it studies with `set_studies` as often as they change.

    Signals
    -------
    part_activated : key of a part that was double-clicked or opened with Enter.
    part_selected : key of the part that became current.
    part_dragged : key of a part whose drag has begun.
    part_menu_requested : key and global place of a right click.
    search_changed : the text of the search field; the list is filtered at once.
    thumbnails_wanted : keys of visible parts that have no thumbnail yet.
    recent_activated : path of a recent entry.
    paths_dropped : paths dropped on the browser.
    """

    part_activated = Signal(object)
    part_selected = Signal(object)
    part_dragged = Signal(object)
    part_menu_requested = Signal(object, QPoint)
    search_changed = Signal(str)
    thumbnails_wanted = Signal(object)
    recent_activated = Signal(str)
    paths_dropped = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studies: tuple[BrowserStudy, ...] = ()
        self._is_filled = False
        self._model = BrowserModel(self)
        self._search = self._make_search()
        self._tree = self._make_tree()
        self._empty = QLabel(EMPTY_TEXT)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self._empty, "secondary")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._tree)
        self._counts = QLabel()
        theme.set_role(self._counts, "small")
        self._recents = _Recents(self)
        self._recents.chosen.connect(self.recent_activated)
        self._wanting = QTimer(self)
        self._wanting.setSingleShot(True)
        self._wanting.setInterval(60)
        self._wanting.timeout.connect(self._ask_for_thumbnails)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        for widget in (self._search, self._counts, self._pages, self._recents):
            layout.addWidget(widget, 1 if widget is self._pages else 0)
        self.setAcceptDrops(True)
        self.setMinimumWidth(200)
        self.setAccessibleName("Study browser")
        self.setFocusProxy(self._tree)
        theme.set_role(self, "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)
        self._refresh()

    def _make_search(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText("Patient, ID, date, modality, description")
        field.setAccessibleName("Search studies")
        field.setClearButtonEnabled(True)
        field.addAction(
            icons.icon(icons.SEARCH, theme.SECONDARY), QLineEdit.ActionPosition.LeadingPosition
        )
        field.textChanged.connect(self._searched)
        field.installEventFilter(self)
        return field

    def _make_tree(self) -> _Tree:
        tree = _Tree()
        tree.setModel(self._model)
        tree.setItemDelegate(BrowserDelegate(tree))
        tree.setHeaderHidden(True)
        tree.setIndentation(0)
        tree.setRootIsDecorated(False)
        tree.setExpandsOnDoubleClick(False)
        tree.setMouseTracking(True)
        tree.setDragEnabled(True)
        tree.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setAccessibleName("Studies and series")
        theme.set_role(tree, "plain")
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.customContextMenuRequested.connect(self._menu_wanted)
        tree.activated.connect(self._activated)
        tree.clicked.connect(self._clicked)
        tree.part_dragged.connect(self.part_dragged)
        tree.selectionModel().currentChanged.connect(self._moved)
        tree.verticalScrollBar().valueChanged.connect(lambda _: self._wanting.start())
        return tree

    def set_studies(self, studies: Sequence[BrowserStudy]) -> None:
        """Show these studies. Selection, expansion and scroll place stay where they are."""
        before = {study.key for study in self._studies}
        self._studies = tuple(studies)
        self._refresh()
        for row in range(self._model.rowCount()):
            index = self._model.index(row, 0)
            study = self._model.study_at(index)
            if study is not None and study.key not in before:
                self._tree.expand(index)

    def set_thumbnail(self, key: PartKey, image: QImage) -> None:
        """Show a part's thumbnail; pictures of synthetic pixels come with their label drawn."""
        self._model.set_thumbnail(key, image)

    def set_recents(self, paths: Sequence[str]) -> None:
        """List what was opened last, the latest first."""
        self._recents.set_paths(paths)

    def select(self, key: PartKey) -> None:
        """Make a part current and scroll to it."""
        index = self._model.index_of(key)
        if index.isValid():
            self._tree.setCurrentIndex(index)
            self._tree.scrollTo(index)

    def reveal(self, key: PartKey) -> None:
        """Bring a part into sight, without making it current."""
        index = self._model.index_of(key)
        if index.isValid():
            self._tree.scrollTo(index)

    def focus_search(self) -> None:
        """Put the cursor into the search field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _refresh(self) -> None:
        text = self._search.text()
        shown = found(self._studies, text)
        self._model.set_studies(shown)
        self._empty.setText(f"No study matches “{text}”." if self._studies else EMPTY_TEXT)
        self._pages.setCurrentWidget(self._tree if shown else self._empty)
        series = sum(len(study.parts) for study in shown)
        words = f"{_counted(len(shown), 'study', 'studies')} · {_counted(series, 'series')}"
        self._counts.setText(words)
        self._counts.setVisible(bool(self._studies))
        self._recents.set_expanded(not self._studies)
        if text.strip():
            self._tree.expandAll()
        self._wanting.start()

    def _searched(self, text: str) -> None:
        self._refresh()
        self.search_changed.emit(text)

    def _activated(self, index: QModelIndex) -> None:
        part = self._model.part_at(index)
        if part is not None:
            self.part_activated.emit(part.key)
        elif index.isValid():
            self._tree.setExpanded(index, not self._tree.isExpanded(index))

    def _clicked(self, index: QModelIndex) -> None:
        """Fold or unfold a study by a click on it."""
        if self._model.part_at(index) is None and index.isValid():
            self._tree.setExpanded(index, not self._tree.isExpanded(index))
            self._wanting.start()

    def _moved(self, index: QModelIndex, _: QModelIndex) -> None:
        part = self._model.part_at(index)
        if part is not None:
            self.part_selected.emit(part.key)

    def _menu_wanted(self, place: QPoint) -> None:
        part = self._model.part_at(self._tree.indexAt(place))
        if part is not None:
            self.part_menu_requested.emit(part.key, self._tree.viewport().mapToGlobal(place))

    def _ask_for_thumbnails(self) -> None:
        """Ask for the pictures of the rows on the screen that have none."""
        if not self.isVisible():
            return
        keys: list[PartKey] = []
        index = self._tree.indexAt(QPoint(4, 2))
        bottom = self._tree.viewport().height()
        while index.isValid() and self._tree.visualRect(index).top() <= bottom:
            part = self._model.part_at(index)
            if part and not part.object_name and not self._model.has_thumbnail(part.key):
                keys.append(part.key)
            index = self._tree.indexBelow(index)
        if keys:
            self.thumbnails_wanted.emit(tuple(keys))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Down leave the search field for the list, and Escape clear it."""
        if watched is self._search and isinstance(event, QKeyEvent):
            is_press = event.type() == QEvent.Type.KeyPress
            if is_press and event.key() == Qt.Key.Key_Down:
                self._tree.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            if is_press and event.key() == Qt.Key.Key_Escape and self._search.text():
                self._search.clear()
                return True
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for thumbnails once the list is on the screen."""
        super().showEvent(event)
        self._wanting.start()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Say which files and folders were dropped."""
        paths = tuple(u.toLocalFile() for u in event.mimeData().urls() if u.isLocalFile())
        if paths:
            event.acceptProposedAction()
            self.paths_dropped.emit(paths)


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one}"


class _Recents(QWidget):
    """What was opened last: a fold with one flat button an entry."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = QWidget()
        self._fold = QPushButton("Recent")
        self._fold.setStyleSheet("text-align: left; padding-left: 4px;")
        self._fold.setAccessibleName("Show recently opened folders")
        theme.set_role(self._fold, "flat")
        self._fold.clicked.connect(lambda: self.set_expanded(self._list.isHidden()))
        self._rows = QVBoxLayout(self._list)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._fold)
        layout.addWidget(self._list)
        self.setVisible(False)
        self.set_expanded(False)

    def set_paths(self, paths: Sequence[str]) -> None:
        """List these paths, by their last part."""
        while (taken := self._rows.takeAt(0)) is not None:
            if (old := taken.widget()) is not None:
                old.deleteLater()
        for path in paths[:RECENTS_SHOWN]:
            button = _ElidedButton(PurePath(path).name or path)
            button.setToolTip(path)
            button.setAccessibleName(f"Open {path}")
            button.clicked.connect(lambda _=False, p=path: self.chosen.emit(p))
            self._rows.addWidget(button)
        self.setVisible(bool(paths))

    def set_expanded(self, is_expanded: bool) -> None:
        """Open or close the fold."""
        self._list.setVisible(is_expanded)
        arrow = icons.EXPANDED if is_expanded else icons.COLLAPSED
        self._fold.setIcon(icons.icon(arrow, theme.SECONDARY))


class _ElidedButton(QPushButton):
    """A flat button that shortens its words to its width."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self._words = words
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setStyleSheet("text-align: left;")
        theme.set_role(self, "flat")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the words in their middle, so that both ends can be read."""
        super().resizeEvent(event)
        room = self.width() - 24
        middle = Qt.TextElideMode.ElideMiddle
        self.setText(self.fontMetrics().elidedText(self._words, middle, room))
