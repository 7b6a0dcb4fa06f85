"""The record of a reader study: what happened, appended, chained and durable before it is told."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from viewer import __version__
from viewer.core.errors import IllegalTransition, NotSaved, UnsavedAnswer
from viewer.reader.chain import START, Link, linked
from viewer.reader.clock import Clock, SystemClock
from viewer.reader.healing import heal, verified
from viewer.reader.journal import Journal, stamped
from viewer.reader.one_writer import OneWriter
from viewer.reader.passphrases import LEAST_LETTERS, is_right, secret_of
from viewer.reader.plain import to_plain
from viewer.reader.progress import ReaderProgress, progress_of
from viewer.reader.protocol import Arm, Protocol
from viewer.reader.reader_session import ReaderSession
from viewer.reader.record_file import SECOND_LOG, default_second_log, place_of_log, write_study
from viewer.reader.standing import OWNER, Locked, Standing, data_of_lock
from viewer.reader.states import Kind
from viewer.reader.store import Store, store_at
from viewer.reader.trials import Allocation, StudyState, Trial


def create_study(
    path: Path,
    protocol: Protocol,
    trials: tuple[Trial, ...],
    sealed: bytes,
    image_key: bytes,
    protocol_id: str,
    second_log: Path | None = None,
    clock: Clock | None = None,
) -> None:
    """Make the file of a locked study, and its second log.

    Parameters
    ----------
    path : the new file, `NAME.study`.
    protocol : without arms and with the seed's hash for the seed, as readers may see it.
    trials : every reader's list; `shown` are tokens of images, never codes of arms.
    sealed : the allocation under the owner's passphrase, only ever handed back as it is.
    image_key : opens the images of the study.

    Raises
    ------
    NotSaved : a file of that name is there, or none can be made.
    """
    log = second_log or default_second_log(path, protocol_id)
    if log.exists():
        raise IllegalTransition(
            f"{log} is there already.",
            "A second log is never written over.",
            "Move it away, or name another place.",
        )
    locked = Locked(protocol, protocol_id, trials, sealed, image_key)
    data = data_of_lock(locked, to_plain(protocol), to_plain(trials))
    event = stamped(clock or SystemClock(), 1, OWNER, Kind.LOCKED, data, "")
    write_study(path, (linked(event, START),), log)


def open_study(
    path: Path, second_log: Path | None = None, clock: Clock | None = None
) -> "StudyRecord":
    """Open a study to work with it, after its chain was verified and both logs were compared.

    What a kill or a lost journal left apart is healed, and said in `findings`.

    Raises
    ------
    DamagedRecord : the file or its chain is damaged, or the logs tell different stories.
    IllegalTransition : another window has it open.
    NotSaved : the folder cannot be written.
    """
    if not path.is_file():
        raise IllegalTransition(f"There is no study file {path}.", "", "Check the path.")
    writer = OneWriter(path)
    try:
        store = store_at(path)
        try:
            _check_writable(store)
            links = verified(store.links(), path)
            place = second_log or place_of_log(store, path, links)
            links, log, findings = heal(store, links, place)
            if str(place.resolve()) != store.place(SECOND_LOG):
                with store.transaction():
                    store.remember(SECOND_LOG, str(place.resolve()))
            journal = Journal(store, log, links, clock or SystemClock())
            return StudyRecord(journal, writer, findings)
        except BaseException:
            store.close()
            raise
    except BaseException:
        writer.close()
        raise


def _check_writable(store: Store) -> None:
    """Refuse a study in which nothing could be stored; NotSaved."""
    try:
        with store.transaction():
            store.remember("opened by", __version__)
    except UnsavedAnswer as error:
        raise NotSaved(
            error.what,
            "A study that cannot be written cannot be read in, as no answer would be stored.",
            "Allow writing, or make room, and open it again.",
        ) from error


class StudyRecord:
    """An open study. Whatever it did is on disk, in both logs, when a call has returned."""

    def __init__(self, journal: Journal, writer: OneWriter, findings: tuple[str, ...]) -> None:
        """Take over an open journal and the right to write it."""
        self._journal, self._writer, self.findings = journal, writer, findings
        if findings:
            self.append(OWNER, Kind.HEALED, {"words": list(findings)})

    # ---------------------------------------------------------------- what stands

    @property
    def standing(self) -> Standing:
        """Where the study stands."""
        return self._journal.standing

    @property
    def protocol(self) -> Protocol:
        """The protocol as readers may see it."""
        return self.standing.locked.protocol

    @property
    def protocol_id(self) -> str:
        """SHA-256 of the protocol's canonical JSON."""
        return self.standing.locked.protocol_id

    @property
    def state(self) -> StudyState:
        """Where the study stands."""
        return self.standing.state

    @property
    def image_key(self) -> bytes:
        """The key of the study's images."""
        return self.standing.locked.image_key

    @property
    def sealed(self) -> bytes:
        """The allocation under the owner's passphrase."""
        return self.standing.locked.sealed

    @property
    def second_log(self) -> Path:
        """Where the second log lies."""
        return self._journal.log.path

    @property
    def path(self) -> Path:
        """Where the study file lies."""
        return self._journal.store.path

    @property
    def head(self) -> str:
        """The hash of the last event."""
        return self._journal.head

    @property
    def links(self) -> tuple[Link, ...]:
        """Every event so far."""
        return self._journal.store.links()

    def progress(self) -> tuple[ReaderProgress, ...]:
        """Return how far each reader is; never what was answered."""
        return progress_of(self.standing)

    # ---------------------------------------------------------------- what is done

    def open_for_reading(self, who: str = OWNER) -> None:
        """Let readers begin."""
        self.append(who, Kind.OPENED, {})

    def close_reading(self, reason: str, who: str = OWNER) -> None:
        """End reading for good: the data are locked, and may be unblinded."""
        self.append(who, Kind.CLOSED, {"reason": _needed(reason, "Closing a study")})

    def amend(self, locked: Locked, changes: tuple[str, ...], who: str = OWNER) -> None:
        """Put a later version of the protocol beside the one that was locked.

        Parameters
        ----------
        locked : the protocol as readers may see it, and the trials of everybody; the reason is
            the protocol's own `amendment`.
        changes : what changed, in words that give no arm away.
        """
        known = set(self.standing.sittings)
        come = [one.code for one in locked.protocol.readers if one.code not in known]
        trials = [trial for trial in locked.trials if trial.reader in come]
        data = data_of_lock(locked, to_plain(locked.protocol), to_plain(trials))
        del data["image_key"]
        why = _needed(locked.protocol.amendment, "Amending a study")
        done = sum(one.done for one in self.progress())
        more = {"come": come, "why": why, "changes": list(changes), "trials_read": done}
        self.append(who, Kind.AMENDED, {**data, **more})

    def unblind(
        self,
        allocation: Allocation,
        why: str,
        who: str = OWNER,
        arms: tuple[Arm, ...] = (),
        protocol: Protocol | None = None,
    ) -> None:
        """Write down the allocation that the caller has unsealed, with who and why.

        Parameters
        ----------
        allocation : the trials with the codes of the arms.
        arms : what the codes mean; without them, guesses cannot be judged.
        protocol : the whole protocol as it was sealed, with its arms.
        """
        data = {
            "who": who,
            "why": _needed(why, "Unblinding"),
            "allocation": to_plain(allocation),
            "arms": to_plain(protocol.arms if protocol else arms),
            "protocol": to_plain(protocol),
        }
        self.append(who, Kind.UNBLINDED, data)

    def archive(self, who: str = OWNER) -> None:
        """End the study."""
        self.append(who, Kind.ARCHIVED, {})

    def void(self, trial: Trial, reason: str, who: str = OWNER) -> None:
        """Take a trial out of the data, with a reason; what was answered is kept."""
        data = {"reader": trial.reader, "trial": trial.id, "reason": reason}
        self.append(who, Kind.VOIDED, data)

    def exported(self, what: str, who: str = OWNER) -> None:
        """Note that something left the study."""
        self.append(who, Kind.EXPORTED, {"what": what})

    def imported(self, link: Link, who: str = OWNER) -> None:
        """Take over an event of another copy of this study, with its own hashes."""
        data = {"payload": link.payload, "prev_hash": link.prev_hash, "hash": link.hash}
        self.append(who, Kind.IMPORTED, data)

    def set_passphrase(self, reader: str, passphrase: str, who: str = OWNER) -> None:
        """Give a reader a passphrase; a later one replaces it, and both facts are kept."""
        self._reader_name(reader)
        if len(passphrase) < LEAST_LETTERS:
            raise IllegalTransition(
                f"A passphrase needs at least {LEAST_LETTERS} letters.", "", "Choose a longer one."
            )
        self.append(who, Kind.PASSPHRASE, {"reader": reader, "secret": secret_of(passphrase)})

    def sign_in(self, reader: str, passphrase: str) -> ReaderSession:
        """Return the session of a reader; a trial left open by a crash is noted as interrupted.

        Raises
        ------
        IllegalTransition : unknown reader, wrong passphrase, signed in at another workstation, or
            the study is not open.
        """
        self.check_passphrase(reader, passphrase)
        if not self._journal.store.take_seat(reader):
            raise IllegalTransition(
                f"Reader {reader} is signed in at another workstation.",
                "One reader reads at one place at a time.",
                "Leave the study there first.",
            )
        away = self._away()
        self.append(reader, Kind.SIGNED_IN, {})
        session = ReaderSession(self, reader)
        open_trial = self.standing.sittings[reader].open_trial
        if open_trial is not None:
            self.append(reader, Kind.INTERRUPTED, {"trial": open_trial.id, **away})
        return session

    def leave(self) -> None:
        """Let the reader who signed in here sign in elsewhere."""
        self._journal.store.leave_seat()

    def check_passphrase(self, reader: str, passphrase: str) -> None:
        """Refuse a wrong passphrase, and note that it was tried; IllegalTransition."""
        self._reader_name(reader)
        secret = self.standing.secrets.get(reader)
        if secret is None:
            raise IllegalTransition(
                f"Reader {reader} has no passphrase yet.",
                "",
                f"Set one: diptych study reader FILE {reader} --passphrase-file F.",
            )
        if not is_right(passphrase, secret):
            self.append(reader, Kind.REFUSED, {})
            raise IllegalTransition(
                f"That is not the passphrase of reader {reader}.",
                "The attempt was noted.",
                "Try again, or ask the study's owner for a new one.",
            )

    def _reader_name(self, reader: str) -> str:
        for known in self.protocol.readers:
            if known.code == reader:
                return known.name
        codes = ", ".join(known.code for known in self.protocol.readers)
        raise IllegalTransition(f"The study has no reader {reader!r}.", "", f"It has {codes}.")

    def _away(self) -> dict[str, object]:
        """Return how long nothing happened: by the monotonic clock, after a restart by the other.

        Wall-clock seconds are told and never analysed.
        """
        standing, clock = self.standing, self._journal.clock
        boot, ns = standing.latest_ns
        if boot == clock.boot():
            return {"away_s": (clock.ns() - ns) / 1e9, "clock": "monotonic"}
        away = clock.utc() - datetime.fromisoformat(standing.latest_utc)
        return {"away_s": away.total_seconds(), "clock": "wall"}

    def close(self) -> None:
        """Close the study; the file is whole in itself then."""
        self._journal.close()
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- how it is written

    def append(self, actor: str, kind: Kind, data: Mapping[str, Any]) -> int:
        """Write an event into both logs; see `Journal.append`."""
        return self._journal.append(actor, kind, data)

    def append_made(
        self, actor: str, kind: Kind, make: Callable[[Standing], Mapping[str, Any]]
    ) -> int:
        """Write the event that `make` makes of where the study stands by then."""
        return self._journal.append_made(actor, kind, make)

    def flush(self) -> None:
        """Bring the second log up to the store; UnsavedAnswer where it cannot be written."""
        self._journal.flush()


def _needed(reason: str, deed: str) -> str:
    if not reason.strip():
        raise IllegalTransition(f"{deed} needs a reason.", "", "Say why in a few words.")
    return reason.strip()
