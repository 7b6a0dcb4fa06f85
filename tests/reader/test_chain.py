"""The hash chain: any change, gap or insertion shows, and where."""

from dataclasses import replace

import pytest

from viewer.reader.chain import START, Event, Link, first_break, hash_of, link_of_line, linked


def chain(count: int = 5) -> list[Link]:
    links: list[Link] = []
    for seq in range(1, count + 1):
        event = Event(seq, "2026-01-01T00:00:00+00:00", seq, "boot", "R1", "1", "noted", {"n": seq})
        links.append(linked(event, links[-1].hash if links else START))
    return links


def test_a_whole_chain_has_no_break():
    assert first_break(chain()) is None


def test_the_hash_is_sha_256_of_the_hash_before_and_the_payload():
    # (printf '%064d' 0; printf '{}') | sha256sum
    assert hash_of(START, "{}") == (
        "5508d2b710e64bc470079e1b211d9c58e21011e59d0559e422345dc19d659a75"
    )


@pytest.mark.parametrize("place", range(5))
def test_a_changed_payload_is_found_at_its_event(place: int):
    links = chain()
    links[place] = replace(links[place], payload=links[place].payload.replace("R1", "R2"))
    found = first_break(links)
    assert found is not None
    assert found.seq == place + 1


def test_a_changed_payload_with_a_new_hash_breaks_at_the_next_event():
    links = chain()
    event = replace(links[1].event, actor="R2")
    links[1] = linked(event, links[1].prev_hash)
    found = first_break(links)
    assert found is not None
    assert found.seq == 3


def test_an_event_that_was_left_out_is_found():
    links = chain()
    found = first_break(links[:2] + links[3:])
    assert found is not None
    assert found.seq == 3


def test_an_event_goes_to_a_line_and_back():
    for link in chain():
        assert link_of_line(link.line) == link
        assert linked(link.event, link.prev_hash) == link
