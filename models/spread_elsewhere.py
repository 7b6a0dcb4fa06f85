"""Measure a spread on images of another kind: `python models/spread_elsewhere.py ct-denoise-s`.

Builds the demo chest, whose truth is known, and writes into the `[spread]` table of the card what
share of the true values of its quarter-dose series the interval holds.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import numpy as np
from cards import read_card, write_card

from viewer.app.demonstrating import demo_study
from viewer.app.enhancing import EnhanceRequest, prepare
from viewer.app.evaluating import KnownCase, known_case
from viewer.app.spreads import half_width
from viewer.core.places import user_folder
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.conditioning import source_slices
from viewer.enhancement.engine import Engine

HERE = Path(__file__).resolve().parent
WHERE = "the demo chest at quarter dose"
LOG = logging.getLogger("spread_elsewhere")


def held(case: KnownCase, engine: Engine, model: str) -> list[float]:
    """Return the share of true values inside the interval at full strength, slice by slice.

    The pixels of a slice are those that the model may change: the body.
    """
    request = EnhanceRequest(case.study, case.series, case.part, case.volume, model, 1.0)
    plan = prepare(engine, request)
    source = source_slices(case.volume, plan.noise)
    processor = engine.processor(plan.method, source, plan.settings, "cpu")
    shares = []
    for index, truth in enumerate(case.truth):
        half = half_width(engine, plan, index)
        enhanced = case.volume.values[index] + processor.residuals((index,))[0]
        inside = half > 0
        shares.append(float(np.mean(np.abs(enhanced - truth)[inside] <= half[inside])))
        LOG.info("slice %d: %.3f", index + 1, shares[-1])
    return shares


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--models", type=Path, default=HERE, help="folder of the models")
    parser.add_argument("--work", type=Path, default=user_folder(), help="folder of the demo")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    engine = Engine(read_catalogue(options.models, is_research=True))
    shares = held(known_case(demo_study(options.work)), engine, options.model)
    path = options.models / options.model / "card.toml"
    card = read_card(path)
    card["spread"] |= {
        "elsewhere": round(float(np.mean(shares)), 4),
        "elsewhere_lowest_slice": round(min(shares), 4),
        "elsewhere_on": WHERE,
        "elsewhere_command": f"python models/spread_elsewhere.py {options.model}",
    }
    write_card(path, card)
    LOG.info("%s", card["spread"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
