"""What a command is: menus, keys, the palette and the shortcut sheet are made from these."""

from collections.abc import Callable
from dataclasses import dataclass

from viewer.app.session import Session


def always(session: Session) -> bool:
    """Enable a command at all times."""
    return session is not None


@dataclass(frozen=True, slots=True)
class Command:
    """Something the reader can ask for.

    `id` is stable and lower case with dots; `title` is a verb phrase as shown; `menu` is the
    menu's title ("" keeps it out of the menus); `keys` are Qt key sequences, the first one shown;
    `icon` a qtawesome name ("" for none); `when` tells whether it makes sense now, and `is_on`, for
    what can be switched on and off, whether it is on. `means` says what it stands for at present,
    such as the name of a preset ("" for nothing).
    """

    id: str
    title: str
    run: Callable[[Session], None]
    menu: str = ""
    keys: tuple[str, ...] = ()
    when: Callable[[Session], bool] = always
    icon: str = ""
    is_on: Callable[[Session], bool] | None = None
    means: Callable[[Session], str] | None = None

    def title_now(self, session: Session) -> str:
        """Return the title with what the command stands for at present."""
        meaning = self.means(session) if self.means is not None else ""
        return f"{self.title}: {meaning}" if meaning else self.title
