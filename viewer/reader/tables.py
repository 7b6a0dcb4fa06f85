"""The tables of a study's database, and the rows that each event puts there.

The table `event` is the record; the others say the same again in a form that can be queried, are
written in the same transaction, and can be made anew from the events at any time.
"""

from collections.abc import Callable, Mapping
from typing import Any

from viewer.reader.chain import Event
from viewer.reader.plain import canonical
from viewer.reader.standing import event_within
from viewer.reader.states import Kind

SCHEMA_VERSION = 1
APPLICATION_ID = 0x44505253
"""The letters DPRS in the header of the file."""

Row = tuple[str, Mapping[str, object]]
"""A table and the values of its columns."""

SCHEMA = """
CREATE TABLE event (
  seq INTEGER PRIMARY KEY, payload TEXT NOT NULL,
  prev_hash TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE place (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE protocol (
  version INTEGER PRIMARY KEY, id TEXT NOT NULL, content TEXT NOT NULL,
  event INTEGER NOT NULL REFERENCES event (seq)
) STRICT;
CREATE TABLE allocation (
  event INTEGER PRIMARY KEY REFERENCES event (seq), sealed TEXT NOT NULL
) STRICT;
CREATE TABLE reader (
  code TEXT PRIMARY KEY, name TEXT NOT NULL, site TEXT NOT NULL,
  event INTEGER NOT NULL REFERENCES event (seq)
) STRICT;
CREATE TABLE trial (
  id TEXT PRIMARY KEY, reader TEXT NOT NULL REFERENCES reader (code), number INTEGER NOT NULL,
  case_id TEXT NOT NULL, shown TEXT NOT NULL, period INTEGER NOT NULL, block INTEGER NOT NULL,
  repeat INTEGER NOT NULL, is_training INTEGER NOT NULL,
  event INTEGER NOT NULL REFERENCES event (seq)
) STRICT;
CREATE TABLE session (
  event INTEGER PRIMARY KEY REFERENCES event (seq),
  reader TEXT NOT NULL REFERENCES reader (code), utc TEXT NOT NULL, boot TEXT NOT NULL,
  app TEXT NOT NULL
) STRICT;
CREATE TABLE answer (
  event INTEGER PRIMARY KEY REFERENCES event (seq),
  trial TEXT NOT NULL REFERENCES trial (id), question TEXT NOT NULL, position TEXT NOT NULL,
  revision INTEGER NOT NULL, value REAL, chosen TEXT NOT NULL, text TEXT NOT NULL,
  is_empty INTEGER NOT NULL, utc TEXT NOT NULL,
  UNIQUE (trial, question, position, revision)
) STRICT;
CREATE TABLE mark (
  event INTEGER NOT NULL REFERENCES answer (event), id TEXT NOT NULL,
  x REAL NOT NULL, y REAL NOT NULL, z REAL NOT NULL, confidence REAL NOT NULL,
  half_axes TEXT NOT NULL, PRIMARY KEY (event, id)
) STRICT;
CREATE TABLE viewer_state (
  event INTEGER NOT NULL REFERENCES answer (event), place INTEGER NOT NULL,
  name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (event, place)
) STRICT;
CREATE TABLE span (
  event INTEGER NOT NULL REFERENCES event (seq), place INTEGER NOT NULL,
  trial TEXT NOT NULL REFERENCES trial (id), kind TEXT NOT NULL,
  started_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL, PRIMARY KEY (event, place)
) STRICT;
CREATE TABLE signature (
  event INTEGER PRIMARY KEY REFERENCES event (seq),
  reader TEXT NOT NULL REFERENCES reader (code), name TEXT NOT NULL, meaning TEXT NOT NULL,
  utc TEXT NOT NULL, head TEXT NOT NULL
) STRICT;
CREATE TABLE unblind (
  event INTEGER PRIMARY KEY REFERENCES event (seq), who TEXT NOT NULL, why TEXT NOT NULL,
  utc TEXT NOT NULL, content TEXT NOT NULL
) STRICT;
CREATE TABLE export (
  event INTEGER PRIMARY KEY REFERENCES event (seq), what TEXT NOT NULL, utc TEXT NOT NULL
) STRICT;
CREATE VIEW current_answer AS
  SELECT answer.* FROM answer JOIN (
    SELECT trial, question, position, max(revision) AS revision FROM answer
    GROUP BY trial, question, position
  ) AS latest USING (trial, question, position, revision);
"""

APPEND_ONLY = (
    "event",
    "protocol",
    "allocation",
    "trial",
    "answer",
    "mark",
    "viewer_state",
    "span",
    "signature",
    "unblind",
    "export",
)
"""Tables of which nothing may be changed or taken away."""


def rows_of(event: Event) -> tuple[Row, ...]:
    """Return the rows that an event adds to the tables other than its own."""
    seq = event.seq
    if event.kind == Kind.IMPORTED:
        event = event_within(event)
    make = _ROWS.get(Kind(event.kind))
    return make(event, seq) if make else ()


def _locked(event: Event, seq: int) -> tuple[Row, ...]:
    return _version(event, seq, event.data["protocol"]["readers"])


def _amended(event: Event, seq: int) -> tuple[Row, ...]:
    come = [one for one in event.data["protocol"]["readers"] if one["code"] in event.data["come"]]
    return _version(event, seq, come)


def _version(event: Event, seq: int, readers: list[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Return the rows of a version of the protocol, with the readers who come in by it."""
    told = event.data
    protocol = told["protocol"]
    rows: list[Row] = [
        (
            "protocol",
            {
                "version": protocol["version"],
                "id": told["protocol_id"],
                "content": canonical(protocol),
                "event": seq,
            },
        ),
        ("allocation", {"sealed": told["sealed"], "event": seq}),
    ]
    rows += [
        ("reader", {"code": r["code"], "name": r["name"], "site": r["site"], "event": seq})
        for r in readers
    ]
    rows += [
        (
            "trial",
            {
                "id": trial["id"],
                "reader": trial["reader"],
                "number": trial["number"],
                "case_id": trial["case"],
                "shown": canonical(trial["shown"]),
                "period": trial["period"],
                "block": trial["block"],
                "repeat": trial["repeat"],
                "is_training": int(trial["is_training"]),
                "event": seq,
            },
        )
        for trial in told["trials"]
    ]
    return tuple(rows)


def _signed_in(event: Event, seq: int) -> tuple[Row, ...]:
    row = {"event": seq, "reader": event.actor, "utc": event.utc, "boot": event.boot}
    return (("session", {**row, "app": event.app}),)


def _answered(event: Event, seq: int) -> tuple[Row, ...]:
    answer = event.data["answer"]
    row = {
        "event": seq,
        "trial": event.data["trial"],
        "question": answer["question"],
        "position": answer["position"],
        "revision": event.data["revision"],
        "value": answer["value"],
        "chosen": canonical(answer["values"]),
        "text": answer["text"],
        "is_empty": int(answer["is_empty"]),
        "utc": event.utc,
    }
    marks = [("mark", _mark(mark, seq)) for mark in answer["marks"]]
    views = [
        ("viewer_state", {"event": seq, "place": place, "name": name, "value": value})
        for place, (name, value) in enumerate(event.data["view"])
    ]
    return (("answer", row), *marks, *views, *_spans(event, seq))


def _mark(mark: Mapping[str, Any], seq: int) -> dict[str, object]:
    return {
        "event": seq,
        "id": mark["id"],
        **dict(zip("xyz", mark["point_mm"], strict=True)),
        "confidence": mark["confidence"],
        "half_axes": canonical(mark["half_axes_mm"]),
    }


def _spans(event: Event, seq: int) -> tuple[Row, ...]:
    return tuple(
        (
            "span",
            {
                "event": seq,
                "place": place,
                "trial": event.data["trial"],
                "kind": span["kind"],
                "started_ns": span["started_ns"],
                "ended_ns": span["ended_ns"],
            },
        )
        for place, span in enumerate(event.data["spans"])
    )


def _signed(event: Event, seq: int) -> tuple[Row, ...]:
    told = event.data
    row = {"event": seq, "reader": event.actor, "name": told["name"], "meaning": told["meaning"]}
    return (("signature", {**row, "utc": event.utc, "head": told["head"]}),)


def _unblinded(event: Event, seq: int) -> tuple[Row, ...]:
    told = event.data
    row = {"event": seq, "who": told["who"], "why": told["why"], "utc": event.utc}
    return (("unblind", {**row, "content": canonical(told["allocation"])}),)


def _exported(event: Event, seq: int) -> tuple[Row, ...]:
    return (("export", {"event": seq, "what": event.data["what"], "utc": event.utc}),)


_ROWS: Mapping[Kind, Callable[[Event, int], tuple[Row, ...]]] = {
    Kind.LOCKED: _locked,
    Kind.AMENDED: _amended,
    Kind.SIGNED_IN: _signed_in,
    Kind.ANSWERED: _answered,
    Kind.COMMITTED: _spans,
    Kind.SIGNED: _signed,
    Kind.UNBLINDED: _unblinded,
    Kind.EXPORTED: _exported,
}
