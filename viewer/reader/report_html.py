"""A report as one page of HTML that needs nothing else, figures inside as SVG."""

from html import escape

from viewer.reader.report import Chart, Section, StudyReport, Table, Words
from viewer.reader.report_figures import figure_svg

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: 0; } h2 { font-size: 1.25rem; margin-top: 2.2rem;
     border-bottom: 1px solid #ccc; } .sub { color: #555; margin-top: .2rem; }
table { border-collapse: collapse; font-size: .88rem; margin: .4rem 0 1.2rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .22rem .7rem .22rem 0; text-align: left; vertical-align: top;
         border-bottom: 1px solid #e4e4e4; }
.scroll { overflow-x: auto; } .warning { border-left: 4px solid #b35806; padding: .3rem .8rem;
          background: #fdf3e7; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; font-size: .9rem; }
svg { max-width: 100%; height: auto; }
"""


def report_page(report: StudyReport) -> str:
    """Return the report as HTML, the same text for the same report."""
    inside = "\n".join(_section(section) for section in report.sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{escape(report.title)}</h1>\n<p class="sub">{escape(report.subtitle)}</p>\n'
        f"{inside}\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    return f"<h2>{escape(section.title)}</h2>\n" + "\n".join(_part(part) for part in section.parts)


def _part(part: Words | Table | Chart) -> str:
    if isinstance(part, Words):
        kind = ' class="warning"' if part.is_warning else ""
        return f"<p{kind}>{escape(part.text)}</p>"
    if isinstance(part, Chart):
        picture = figure_svg(part.draw())
        return f"<figure><figcaption>{escape(part.title)}</figcaption>\n{picture}</figure>"
    head = "".join(f"<th>{escape(cell)}</th>" for cell in part.head)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in part.rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(part.title)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )
