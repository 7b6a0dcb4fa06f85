"""A report as PDF on A4, the same bytes for the same report."""

import io
from html import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import (
    Flowable,
    Image,
    KeepTogether,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from viewer.reader.report import Chart, StudyReport, Table, Words
from viewer.reader.report_figures import figure_png

MARGIN = 18 * mm
INSIDE = A4[0] - 2 * MARGIN


def report_pdf(report: StudyReport) -> bytes:
    """Return the report as PDF."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=report.title,
        author="Diptych",
        invariant=1,
    )
    styles = getSampleStyleSheet()
    story: list[Flowable] = [
        Paragraph(escape(report.title), styles["Title"]),
        Paragraph(escape(report.subtitle), styles["Normal"]),
    ]
    for section in report.sections:
        story.append(Paragraph(escape(section.title), styles["Heading2"]))
        for part in section.parts:
            story += _flowables(part, styles["Normal"])
    document.build(story, onFirstPage=_number, onLaterPages=_number)
    return out.getvalue()


def _number(canvas: object, document: object) -> None:
    canvas.setFont("Helvetica", 8)  # type: ignore[attr-defined]
    page = document.page  # type: ignore[attr-defined]
    canvas.drawRightString(A4[0] - MARGIN, 10 * mm, str(page))  # type: ignore[attr-defined]


def _flowables(part: Words | Table | Chart, normal: ParagraphStyle) -> list[Flowable]:
    if isinstance(part, Words):
        style = normal
        if part.is_warning:
            style = ParagraphStyle(
                "warning", parent=normal, backColor=colors.HexColor("#fdf3e7"), borderPadding=4
            )
        return [Spacer(1, 4), Paragraph(escape(part.text), style), Spacer(1, 4)]
    title = Paragraph(f"<b>{escape(part.title)}</b>", normal)
    if isinstance(part, Chart):
        figure = part.draw()
        width, height = figure.get_size_inches()
        shown = min(INSIDE, width * 72)
        picture = Image(io.BytesIO(figure_png(figure)), shown, shown * height / width)
        return [KeepTogether([Spacer(1, 6), title, picture])]
    return [Spacer(1, 6), title, Spacer(1, 3), _table(part, normal), Spacer(1, 6)]


def _table(part: Table, normal: ParagraphStyle) -> Flowable:
    """Return a table whose columns share the page by the length of what stands in them."""
    small = ParagraphStyle("cell", parent=normal, fontSize=7.5, leading=9)
    rows = [part.head, *part.rows]
    lengths = [min(max(len(row[place]) for row in rows), 60) + 2 for place in range(len(part.head))]
    widths = [INSIDE * length / sum(lengths) for length in lengths]
    cells = [[Paragraph(escape(cell), small) for cell in row] for row in rows]
    made = LongTable(cells, colWidths=widths, repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#cccccc")),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#f0f0f0")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return made
