"""What a report says of a question about pairs: each reader, then readers and cases at large."""

from collections.abc import Iterator

from viewer.reader.ordinal_results import PreferenceModel, PreferenceResult, ReaderPreference
from viewer.reader.report import Section, Table, Words
from viewer.reader.report_words import interval, number, p_value


def preference_section(one: PreferenceResult) -> Section:
    """Return the section of a question about pairs."""
    values = sorted({value for each in one.by_reader for value, _ in each.preferences.counts})
    has_d_prime = any(each.discrimination for each in one.by_reader)
    exact = ("share", "interval", "binomial p", *(("d'", "interval of d'") * has_d_prime))
    parts: list[Words | Table] = [
        Table(
            f"{one.criterion}-preference",
            f"Above 0: {one.arm} is preferred to {one.control}; share of answers but 0",
            ("reader", *(f"{value:+g}" for value in values), *exact),
            tuple(
                (
                    each.reader,
                    *(str(dict(each.preferences.counts).get(value, 0)) for value in values),
                    *_exact(each),
                )
                for each in one.by_reader
            ),
        )
    ]
    if one.model is not None:
        name = f"{one.criterion}-preference-model"
        head = ("figure", "estimate", "interval", "p")
        title = f"Preferring {one.arm}, readers and cases in general (mixed model)"
        parts.append(Table(name, title, head, tuple(_effects(one.model))))
    parts += [Words(f"Caution: {words}") for words in one.cautions]
    parts += [Words(f"Not analysed: {words}") for words in one.refusals]
    return Section(f"Preference: {one.criterion}", tuple(parts))


def _exact(one: ReaderPreference) -> Iterator[str]:
    favours, forced = one.preferences.favours, one.discrimination
    yield "" if favours is None else number(favours.share)
    yield "" if favours is None else interval(*favours.interval)
    yield "" if favours is None else p_value(favours.p)
    if forced is not None:
        yield number(forced.d_prime)
        yield interval(*forced.interval)


def _effects(model: PreferenceModel) -> Iterator[tuple[str, ...]]:
    p = p_value(model.odds.p)
    yield (
        "probability of being preferred",
        number(model.probability),
        interval(*model.interval),
        p,
    )
    yield (
        "odds of being preferred",
        number(model.odds.odds_ratio),
        interval(*model.odds.interval),
        p,
    )
    if model.d_prime is not None and model.d_prime_interval is not None:
        yield ("d' of the choice", number(model.d_prime), interval(*model.d_prime_interval), "")
