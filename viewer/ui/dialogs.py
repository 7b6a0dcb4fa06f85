"""Questions and notes that interrupt: files to open, two patients, about, what has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from viewer.ui import theme
from viewer.ui.controls import label

PURPOSE = "For research use only. Not for diagnosis."


def _chooser(parent: QWidget | None, title: str, start: str) -> QFileDialog:
    """Return a file dialog drawn by Qt: the system's own may be bright white."""
    dialog = QFileDialog(parent, title, start)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog, True)
    dialog.setMinimumSize(720, 460)
    return dialog


def ask_folder(parent: QWidget | None, start: str = "") -> str:
    """Return the folder that the reader chose, "" after cancel."""
    dialog = _chooser(parent, "Open a folder with DICOM files", start)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, False)
    return dialog.selectedFiles()[0] if dialog.exec() else ""


def ask_files(parent: QWidget | None, start: str = "") -> tuple[str, ...]:
    """Return the files that the reader chose (DICOM, DICOMDIR or zip), () after cancel."""
    dialog = _chooser(parent, "Open DICOM files, a DICOMDIR or a zip archive", start)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    return tuple(dialog.selectedFiles()) if dialog.exec() else ()


def ask_study(parent: QWidget | None) -> str:
    """Return the reader study that was chosen, locked, packed or a draft, "" after cancel."""
    dialog = _chooser(parent, "Open reader study", "")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter("Reader studies, packages and drafts (*.study *.zip *.toml *.json)")
    return dialog.selectedFiles()[0] if dialog.exec() else ""


def ask_save(parent: QWidget | None, title: str, suggestion: str, kinds: str) -> str:
    """Return where to write, "" after cancel. `kinds` is such as "PNG picture (*.png)"."""
    dialog = _chooser(parent, title, "")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(kinds)
    dialog.selectFile(suggestion)
    return dialog.selectedFiles()[0] if dialog.exec() else ""


def ask_choice(
    parent: QWidget | None, title: str, question: str, choices: Sequence[str]
) -> str | None:
    """Return which of the choices the reader took, None after cancel."""
    answer, is_given = QInputDialog.getItem(parent, title, question, list(choices), 0, False)
    return answer if is_given else None


def ask_text(parent: QWidget | None, title: str, question: str, text: str = "") -> str | None:
    """Return what the reader typed, None after cancel."""
    answer, is_given = QInputDialog.getText(
        parent, title, question, QLineEdit.EchoMode.Normal, text
    )
    return answer if is_given else None


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that `ask_form` asks for; `options` are (value, words) to choose from."""

    name: str
    title: str
    text: str = ""
    is_secret: bool = False
    options: tuple[tuple[str, str], ...] = ()


class FormDialog(QDialog):
    """Words, and what is asked for under them."""

    def __init__(
        self, title: str, words: str, asked: Sequence[Asked], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(460)
        self._fields: dict[str, QLineEdit | QComboBox] = {one.name: _field(one) for one in asked}
        form = QFormLayout()
        for one in asked:
            form.addRow(one.title, self._fields[one.name])
        box = QDialogButtonBox()
        box.addButton(title, QDialogButtonBox.ButtonRole.AcceptRole)
        box.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(label(words))
        layout.addLayout(form)
        layout.addWidget(box)

    def answers(self) -> dict[str, str]:
        """Return what was given, by name."""
        return {
            name: str(field.currentData()) if isinstance(field, QComboBox) else field.text()
            for name, field in self._fields.items()
        }


def _field(asked: Asked) -> QLineEdit | QComboBox:
    made: QLineEdit | QComboBox
    if asked.options:
        made = QComboBox()
        for value, words in asked.options:
            made.addItem(words, value)
    else:
        made = QLineEdit(asked.text)
        if asked.is_secret:
            made.setEchoMode(QLineEdit.EchoMode.Password)
    made.setAccessibleName(asked.title)
    return made


def ask_form(
    parent: QWidget | None, title: str, words: str, asked: Sequence[Asked]
) -> dict[str, str] | None:
    """Ask before a deed for what it needs; None after cancel. `title` is the button's verb."""
    dialog = FormDialog(title, words, asked, parent)
    return dialog.answers() if dialog.exec() else None


def open_file(path: Path) -> None:
    """Open a file in the program that the desktop has for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def ask_number(
    parent: QWidget | None,
    title: str,
    question: str,
    value: float,
    limits: tuple[float, float],
    decimals: int = 0,
) -> float | None:
    """Return the number that the reader typed, None after cancel."""
    answer, is_given = QInputDialog.getDouble(
        parent, title, question, value, limits[0], limits[1], decimals
    )
    return float(answer) if is_given else None


def confirm_two_patients(parent: QWidget | None, shown: str, added: str) -> bool:
    """Ask whether images of two patients may stand side by side; True after a clear yes."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Two different patients")
    box.setText(f"{shown} is open beside it.\n{added} is another patient.")
    box.setInformativeText(
        "Compare images of two patients only if that is what you mean to do. "
        "Every view will name its patient and stay marked."
    )
    yes = box.addButton("Show both patients", QMessageBox.ButtonRole.AcceptRole)
    no = box.addButton("Do not open", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(no)
    box.setEscapeButton(no)
    box.exec()
    return box.clickedButton() is yes


def confirm(parent: QWidget | None, title: str, question: str, action: str) -> bool:
    """Ask before something that cannot be undone; `action` is the button's verb."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(title)
    box.setText(question)
    yes = box.addButton(action, QMessageBox.ButtonRole.AcceptRole)
    no = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(no)
    box.setEscapeButton(no)
    box.exec()
    return box.clickedButton() is yes


def ask_keep(parent: QWidget | None, question: str) -> bool | None:
    """Ask what becomes of unsaved changes: True to save them, False to drop them, None to stay."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Unsaved changes")
    box.setText(question)
    save = box.addButton("Save", QMessageBox.ButtonRole.AcceptRole)
    drop = box.addButton("Drop them", QMessageBox.ButtonRole.DestructiveRole)
    stay = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(save)
    box.setEscapeButton(stay)
    box.exec()
    clicked = box.clickedButton()
    return True if clicked is save else False if clicked is drop else None


def tell(parent: QWidget | None, title: str, words: str) -> None:
    """Say what went wrong, or what came of a deed; it waits until it was read."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(title)
    box.setText(words)
    box.addButton("Close", QMessageBox.ButtonRole.AcceptRole)
    box.exec()


class About(QDialog):
    """What this is, what it is not, and what works on this machine."""

    def __init__(
        self, version: str, facts: Sequence[tuple[str, str]] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Diptych")
        self.setMinimumWidth(440)
        sign = label("")
        sign.setPixmap(theme.application_icon().pixmap(QSize(64, 64)))
        sign.setFixedSize(64, 64)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.addWidget(label(f"Diptych {version}", "large"))
        words.addWidget(
            label("The original image beside its AI-enhanced version, and always which is which.")
        )
        self.purpose = label(PURPOSE, "heading")
        words.addWidget(self.purpose)
        head.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        for name, value in facts:
            layout.addWidget(label(f"{name}: {value}", "secondary"))
        layout.addWidget(_close_box(self))


class Reading(QDialog):
    """A text to read, such as what has changed; `markdown` is shown as it is meant."""

    def __init__(self, title: str, markdown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(640, 520)
        text = QTextBrowser()
        text.setAccessibleName(title)
        text.document().setDefaultStyleSheet(f"a {{ color: {theme.FOCUS}; }}")
        text.setMarkdown(markdown or "Nothing is written here yet.")
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(_close_box(self))


def _close_box(dialog: QDialog) -> QDialogButtonBox:
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    box.rejected.connect(dialog.reject)
    return box


def show_about(parent: QWidget | None, version: str, facts: Sequence[tuple[str, str]] = ()) -> None:
    """Show what Diptych is and is not."""
    About(version, facts, parent).exec()


def show_text(parent: QWidget | None, title: str, markdown: str) -> None:
    """Show a text to read, such as the changelog."""
    Reading(title, markdown, parent).exec()
