"""What an enhancement is asked for, planned as, and becomes: frozen values of the use case."""

from dataclasses import dataclass

from viewer import __version__
from viewer.app.refining import FinerSlices, slice_facts
from viewer.core.arrays import AnyArray
from viewer.core.provenance import MethodKind, Provenance
from viewer.core.study import Series, SeriesPart, Study
from viewer.core.volume import ARBITRARY, Acquired, AnyVolume, Derived, derive
from viewer.enhancement import checks
from viewer.enhancement.audit import Audit, audit
from viewer.enhancement.checks import GateResult
from viewer.enhancement.conditioning import NoiseProfile, source_slices
from viewer.enhancement.denoising import neighbours
from viewer.enhancement.findings import Findings
from viewer.enhancement.inference import weights_used
from viewer.enhancement.method import Effect, Method, Settings
from viewer.enhancement.model_card import ModelCard
from viewer.enhancement.residual import Residual, blended
from viewer.enhancement.strength import DEFAULT_STRENGTH, Blend, FlatNoise, checked_strength
from viewer.enhancement.through_plane import SliceSampling, through_plane


@dataclass(frozen=True, slots=True, eq=False)
class EnhanceRequest:
    """What is asked for. `settings` may name some of the method's parameters.

    `first_slice` is the visible one and `direction` (1 or -1) where the reader scrolls to.
    `device` is "auto", "cuda", "mps" or "cpu".
    """

    study: Study
    series: Series
    part: SeriesPart
    volume: AnyVolume
    method_id: str
    strength: float = DEFAULT_STRENGTH
    settings: Settings = ()
    first_slice: int = 0
    direction: int = 1
    device: str = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A request that passed the gates, with everything fixed that does not depend on strength.

    `flat` is None for methods whose strength is a blend fraction, or where nothing is flat; `key`
    names the residual by content, weights and parameters; `card` is None for filters. `sampling`
    is set where slices become finer.
    """

    request: EnhanceRequest
    volume: Acquired
    method: Method
    settings: Settings
    gates: tuple[GateResult, ...]
    noise: NoiseProfile
    flat: FlatNoise | None
    cautions: tuple[str, ...]
    is_synthetic_data: bool
    input_range: tuple[float, float]
    key: str
    time: str
    card: ModelCard | None = None
    sampling: SliceSampling | None = None

    @property
    def factor(self) -> int:
        """How many times finer the slices become; 1 on the source's own grid."""
        return self.sampling.factor if self.sampling is not None else 1

    @property
    def slice_steps_mm(self) -> tuple[float, float] | None:
        """Steps of the slices (made, acquired) where they become finer."""
        found = self.sampling
        return None if found is None else (found.fine_mm, found.step_mm)

    def blend(self, strength: float) -> Blend:
        """Return the factor on the residual that a strength asks for, and the cut it reaches.

        Raises
        ------
        InvalidStrength : outside 0 to 1.
        """
        if self.method.effect is Effect.WHOLE:
            return Blend(1.0, None)
        if self.flat is not None:
            return self.flat.blend(strength)
        return Blend(checked_strength(strength), None)


@dataclass(frozen=True, slots=True, eq=False)
class Enhancement:
    """A residual, complete or still growing, with the plan that it follows.

    `findings` are those of the audit, which comes after the run; None until then. Where slices
    become finer `finer` is what the residual is added to, in place of the acquired slices.
    """

    plan: Plan
    residual: Residual
    findings: Findings | None = None
    finer: FinerSlices | None = None

    def provenance(self, strength: float | None = None) -> Provenance:
        """Return how the pixels at a strength (by default the requested one) are made."""
        plan = self.plan
        asked = plan.request.strength if strength is None else strength
        asked = 1.0 if plan.method.effect is Effect.WHOLE else asked
        blend = plan.blend(asked)
        return Provenance(
            kind=plan.method.kind,
            method_id=plan.method.id,
            method_name=plan.method.name,
            version=plan.method.version,
            weights_sha256=plan.method.weights_sha256,
            parameters=_parameters(plan, self.residual.device, self.finer),
            strength=asked,
            blend=blend.factor,
            reached=blend.reached,
            input_range=plan.input_range,
            source_uids=plan.volume.sources,
            device=self.residual.device,
            software_version=__version__,
            time=plan.time,
            cautions=plan.cautions,
            gates=(*checks.cautions(plan.gates), *self._audit_caution),
            is_synthetic_data=plan.is_synthetic_data,
            slice_steps_mm=plan.slice_steps_mm,
        )

    def volume(self, strength: float | None = None) -> Derived:
        """Return the enhanced volume; slices not computed yet are marked as not loaded."""
        provenance = self.provenance(strength)
        residual = self.residual
        start = self.finer.values if self.finer is not None else self.plan.volume.values
        values = blended(start, residual.values, residual.step, provenance.blend)
        return self._derived(values, provenance)

    def residual_volume(self, strength: float | None = None) -> Derived:
        """Return the residual's own int16 steps (`residual.step` modality units each)."""
        return self._derived(self.residual.values, self.provenance(strength))

    def finer_volume(self, strength: float | None = None) -> Derived | None:
        """Return what the residual is added to where slices become finer, else None."""
        if self.finer is None:
            return None
        return self._derived(self.finer.values, self.provenance(strength))

    def _derived(self, values: AnyArray, provenance: Provenance) -> Derived:
        return derive(
            self.plan.volume,
            values,
            provenance,
            self.residual.loaded,
            self._unit,
            factor=self.plan.factor,
            mask=self.finer.mask if self.finer is not None else None,
        )

    @property
    def _audit_caution(self) -> tuple[str, ...]:
        caution = self.findings.caution if self.findings is not None else ""
        return (f"residual audit: {caution}",) if caution else ()

    @property
    def _unit(self) -> str:
        return "" if self.plan.method.keeps_unit else ARBITRARY

    def inputs(self) -> tuple[tuple[int, ...], ...]:
        """Return for each slice the others that it was computed from; () where there are none.

        Where slices become finer: all acquired slices whose profile holds it, the nearest first.
        """
        if self.plan.sampling is not None:
            planes = through_plane(self.plan.sampling)
            return tuple(planes.seen_by(place) for place in range(planes.sampling.fine_count))
        if self.plan.method.kind is not MethodKind.AI:
            return ()
        table = neighbours(source_slices(self.plan.volume, self.plan.noise))
        return tuple(
            tuple(int(other) for other in dict.fromkeys(row.tolist()) if other != place)
            for place, row in enumerate(table)
        )

    def audit(self) -> Audit:
        """Return whether the residual looks like noise or holds anatomy; takes a moment."""
        source, card = source_slices(self.plan.volume, self.plan.noise), self.plan.card
        return audit(source, self.residual, card.input.noise_model if card else "")


def _parameters(plan: Plan, device: str, finer: FinerSlices | None) -> tuple[tuple[str, str], ...]:
    """Return the method's parameters, what it was told about the noise, and the file that ran."""
    unit = plan.volume.unit
    told = [(name, f"{value:g}") for name, value in plan.settings]
    told.append(("noise_sd", f"{plan.noise.typical_sd:.3g} {unit}"))
    if plan.noise.frequency_per_mm > 0:
        length = "mm" if plan.volume.geometry.unit == "mm" else "pixel"
        told.append(("noise_frequency", f"{plan.noise.frequency_per_mm:.3g} per {length}"))
    if plan.card is not None:
        weights = weights_used(plan.card, device)
        told.append(("weights_file", f"{weights.path.name} {weights.sha256}"))
        if plan.card.is_added:
            told.append(("bound", f"{plan.card.bound_sd:g} noise SD, set outside the network"))
    if plan.sampling is not None and finer is not None:
        told += slice_facts(plan.sampling, finer, unit)
    return tuple(told)
