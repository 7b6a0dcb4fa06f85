"""How views are arranged in the window."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Layout:
    """A grid of views: `views` by rows, one of them active, and at most one maximised."""

    rows: int = 1
    columns: int = 1
    views: tuple[int, ...] = (0,)
    active: int = 0
    maximised: int | None = None
    name: str = "grid"

    @property
    def shown(self) -> tuple[int, ...]:
        """Views that are visible now."""
        return self.views if self.maximised is None else (self.maximised,)


def grid(rows: int, columns: int, active: int = 0, name: str = "grid") -> Layout:
    """Return a grid of 1 x 1 to 3 x 3 views numbered from 0."""
    if not (1 <= rows <= 3 and 1 <= columns <= 3):
        raise ValueError(f"a layout has 1 to 3 rows and columns, not {rows} x {columns}")
    views = tuple(range(rows * columns))
    return Layout(rows, columns, views, active if active in views else 0, None, name)


def with_active(layout: Layout, view: int) -> Layout:
    """Return the layout with another active view."""
    return replace(layout, active=view) if view in layout.views else layout


def toggled_maximum(layout: Layout, view: int) -> Layout:
    """Return the layout with `view` filling the window, or the grid back."""
    if layout.maximised is not None:
        return replace(layout, maximised=None)
    return replace(layout, maximised=view, active=view)
