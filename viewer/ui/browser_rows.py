"""What the study browser lists, as values, and the model that follows them without jumping."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QImage

PART_MIME = "application/x-diptych-part"
"""A dragged series part: JSON of its key."""

THUMBNAIL = 56
"""Side of a thumbnail in view pixels."""

THUMBNAIL_SIDE = 2 * THUMBNAIL
"""Side of its picture, for dense screens and for the hand that drags it."""

PartKey = tuple[str, int]
StudyKey = tuple[str, str, str]
_Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = int(Qt.ItemDataRole.UserRole)
THUMBNAIL_ROLE = ROW_ROLE + 1


@dataclass(frozen=True, slots=True)
class BrowserPart:
    """One series part as listed.

    `count` is in words ("300 slices"); `mark` is "" for acquired pixels, else the short word for
    synthetic ones ("AI", "filter"); `object_name` says what an object without pixels is;
    `fraction` is how much of it is loaded (None: nothing to show).
    """

    key: PartKey
    number: str = ""
    modality: str = ""
    description: str = ""
    count: str = ""
    label: str = ""
    object_name: str = ""
    mark: str = ""
    warnings: tuple[str, ...] = ()
    is_shown: bool = False
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class BrowserStudy:
    """One study as listed; texts as the reader should see them."""

    key: StudyKey
    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    date: str = ""
    description: str = ""
    modalities: str = ""
    warnings: tuple[str, ...] = ()
    parts: tuple[BrowserPart, ...] = ()


def part_key(data: QMimeData) -> PartKey:
    """Return the key of a dragged part. Raises ValueError when the data is not one."""
    uid, index = json.loads(bytes(data.data(PART_MIME).data()).decode())
    return (str(uid), int(index))


def part_data(key: PartKey) -> QMimeData:
    """Return the key of a part, ready to be dragged."""
    data = QMimeData()
    data.setData(PART_MIME, QByteArray(json.dumps(list(key)).encode()))
    return data


def found(studies: Sequence[BrowserStudy], text: str) -> tuple[BrowserStudy, ...]:
    """Return the studies and series in which every word of `text` occurs."""
    words = text.casefold().split()
    if not words:
        return tuple(studies)
    kept = []
    for study in studies:
        about = _study_text(study)
        parts = tuple(
            part
            for part in study.parts
            if all(word in f"{about} {_part_text(part)}" for word in words)
        )
        if parts or all(word in about for word in words):
            kept.append(replace(study, parts=parts))
    return tuple(kept)


def _study_text(study: BrowserStudy) -> str:
    compact = study.date.replace("-", "")
    words = (study.patient_name, study.patient_id, study.birth_date, study.date, compact)
    return " ".join((*words, study.description, study.modalities)).casefold()


def _part_text(part: BrowserPart) -> str:
    words = (part.modality, part.description, part.label, part.object_name, part.mark)
    return " ".join(words).casefold()


class BrowserModel(QAbstractItemModel):
    """Studies and their parts. New values change only the rows that differ."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._studies: list[BrowserStudy] = []
        self._ids: list[int] = []
        self._next_id = 1
        self._thumbnails: dict[PartKey, QImage] = {}

    def set_studies(self, studies: Sequence[BrowserStudy]) -> None:
        """Show these studies; rows that stay keep selection, expansion and place."""
        wanted = [study.key for study in studies]
        for row in reversed(range(len(self._studies))):
            if self._studies[row].key not in wanted:
                self._remove_study(row)
        for row, study in enumerate(studies):
            if row < len(self._studies) and self._studies[row].key == study.key:
                self._update_study(row, study)
                continue
            later = [s.key for s in self._studies]
            if study.key in later:
                self._remove_study(later.index(study.key))
            self.beginInsertRows(QModelIndex(), row, row)
            self._studies.insert(row, study)
            self._ids.insert(row, self._next_id)
            self._next_id += 1
            self.endInsertRows()

    def _remove_study(self, row: int) -> None:
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._studies[row], self._ids[row]
        self.endRemoveRows()

    def _update_study(self, row: int, study: BrowserStudy) -> None:
        old = self._studies[row]
        if old == study:
            return
        parent = self.index(row, 0)
        parts = list(old.parts)
        wanted = [part.key for part in study.parts]
        for i in reversed(range(len(parts))):
            if parts[i].key not in wanted:
                self.beginRemoveRows(parent, i, i)
                del parts[i]
                self._studies[row] = replace(old, parts=tuple(parts))
                self.endRemoveRows()
        for i, part in enumerate(study.parts):
            if i < len(parts) and parts[i].key == part.key:
                continue
            there = [p.key for p in parts]
            if part.key in there:
                j = there.index(part.key)
                self.beginRemoveRows(parent, j, j)
                del parts[j]
                self._studies[row] = replace(old, parts=tuple(parts))
                self.endRemoveRows()
            self.beginInsertRows(parent, i, i)
            parts.insert(i, part)
            self._studies[row] = replace(old, parts=tuple(parts))
            self.endInsertRows()
        self._studies[row] = study
        self.dataChanged.emit(parent, parent)
        if study.parts:
            last = self.index(len(study.parts) - 1, 0, parent)
            self.dataChanged.emit(self.index(0, 0, parent), last)

    def set_thumbnail(self, key: PartKey, image: QImage) -> None:
        """Keep a part's thumbnail and show it."""
        self._thumbnails[key] = image
        index = self.index_of(key)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def has_thumbnail(self, key: PartKey) -> bool:
        """True when the part's thumbnail has arrived."""
        return key in self._thumbnails

    def index_of(self, key: PartKey) -> QModelIndex:
        """Return the row of a part; an invalid index when it is not listed."""
        for row, study in enumerate(self._studies):
            for i, part in enumerate(study.parts):
                if part.key == key:
                    return self.index(i, 0, self.index(row, 0))
        return QModelIndex()

    def study_at(self, index: _Index) -> BrowserStudy | None:
        """Return the study of a row of either kind."""
        if not index.isValid():
            return None
        row = index.row() if index.internalId() == 0 else self._row_of(index.internalId())
        return self._studies[row] if 0 <= row < len(self._studies) else None

    def part_at(self, index: _Index) -> BrowserPart | None:
        """Return the part of a row, None for a study's row."""
        if not index.isValid() or index.internalId() == 0:
            return None
        study = self.study_at(index)
        if study is None or not 0 <= index.row() < len(study.parts):
            return None
        return study.parts[index.row()]

    def _row_of(self, identity: int) -> int:
        return self._ids.index(identity) if identity in self._ids else -1

    def index(self, row: int, column: int, parent: _Index | None = None) -> QModelIndex:
        """Return the index of a study (no parent) or of a part."""
        if parent is None or not parent.isValid():
            is_there = column == 0 and 0 <= row < len(self._studies)
            return self.createIndex(row, column, 0) if is_there else QModelIndex()
        is_there = column == 0 and 0 <= row < self.rowCount(parent)
        return self.createIndex(row, column, self._ids[parent.row()]) if is_there else QModelIndex()

    def parent(self, index: _Index | None = None) -> Any:
        """Return the study's row of a part's row."""
        if index is None:
            return QObject.parent(self)
        if not index.isValid() or index.internalId() == 0:
            return QModelIndex()
        row = self._row_of(index.internalId())
        return self.createIndex(row, 0, 0) if row >= 0 else QModelIndex()

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return the number of studies, or of a study's parts."""
        if parent is None or not parent.isValid():
            return len(self._studies)
        if parent.internalId() != 0 or parent.row() >= len(self._studies):
            return 0
        return len(self._studies[parent.row()].parts)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Return 1: the delegate draws the whole row."""
        return 1

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        """Return the row's value, thumbnail, or the sentence that describes it."""
        part = self.part_at(index)
        row = part or self.study_at(index)
        if row is None:
            return None
        if role == ROW_ROLE:
            return row
        if role == THUMBNAIL_ROLE:
            return self._thumbnails.get(part.key) if part else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return described(row, "\n")
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return described(row, ", ")
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Return that parts can be dragged and everything selected."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsDragEnabled if self.part_at(index) else flags

    def mimeTypes(self) -> list[str]:
        """Return the one type that leaves the browser."""
        return [PART_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the first part among the rows, ready to be dragged."""
        parts = [part for index in indexes if (part := self.part_at(index)) is not None]
        return part_data(parts[0].key) if parts else QMimeData()


def described(row: BrowserStudy | BrowserPart, joint: str) -> str:
    """Return a row in words, for tooltips and screen readers."""
    if isinstance(row, BrowserStudy):
        name = row.patient_name or "No patient name"
        about = (name, row.patient_id, row.date, row.description)
        return joint.join(word for word in (*about, *row.warnings) if word)
    number = f"Series {row.number}" if row.number else ""
    mark = {"AI": "AI-enhanced", "filter": "filtered"}.get(row.mark, row.mark)
    words = (number, row.modality, row.description or row.object_name, row.label, row.count)
    return joint.join(word for word in (*words, mark, *row.warnings) if word)
