"""What was enhanced in this session: residuals, the layers made of them, and what was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.jobs import Job, Jobs, Lane, Progress
from viewer.app.messages import Message
from viewer.app.settings import cache_bytes
from viewer.app.spreads import Spreads
from viewer.app.workspace import Layer, PartKey, Workspace
from viewer.core.view import ViewState
from viewer.core.volume import Derived, Volume

if TYPE_CHECKING:
    from viewer.app.enhancing import Enhancement, EnhanceRequest
    from viewer.enhancement.catalogue import Catalogue
    from viewer.enhancement.checks import GateResult
    from viewer.enhancement.engine import Engine
    from viewer.enhancement.findings import Findings
    from viewer.enhancement.method import Method


class Enhancements:
    """Runs methods in the compute lane and keeps what is needed to change the strength later.

    The engine and its libraries are loaded in the compute lane when first needed: in the window's
    thread that would be felt. `models` holds those that come along, `own` those that the user has
    added.
    """

    def __init__(
        self, workspace: Workspace, jobs: Jobs, models: Path, home: Path | None = None
    ) -> None:
        """Start without an engine.

        Below `home` are the user's own models, and uses are logged there; without it there are
        no own models and nothing is logged.
        """
        self._workspace = workspace
        self._jobs = jobs
        self._models = models
        self._home = home
        self._own = None if home is None else home / "models"
        self._findings: dict[str, Findings] = {}
        self._engine: Engine | None = None
        self._is_loading = False
        self._running: dict[tuple[PartKey, str], Job] = {}
        self._found: dict[tuple[PartKey, str], Enhancement] = {}
        self.refusals: dict[tuple[PartKey, str], Message] = {}
        self._blended: dict[tuple[PartKey, str], _Blended] = {}
        self._blending: set[tuple[PartKey, str]] = set()
        self._in_view: dict[PartKey, int] = {}
        self.spreads = Spreads(workspace, jobs, lambda: self.engine)
        workspace.volume_dropped.connect(self._forget)
        workspace.view_changed.connect(self._note_view)
        workspace.settings_changed.connect(self._follow_settings)

    @property
    def engine(self) -> Engine:
        """The engine with its catalogue and caches; asked for in the compute lane."""
        if self._engine is None:
            from viewer.enhancement.engine import Engine

            budget = cache_bytes(self._workspace.settings) // 4
            self._engine = Engine(self._read_catalogue(), budget)
        return self._engine

    def read_again(self) -> Callable[[], None]:
        """Read all models as they are on the disk now; return what offers them in the window.

        Reading may be done in any thread, offering in the window's alone.
        """
        return partial(self._offer, self._read_catalogue())

    def _read_catalogue(self) -> Catalogue:
        from viewer.enhancement.catalogue import read_catalogue

        is_research = self._workspace.settings.enhancement.research
        return read_catalogue(self._models, self._own, is_research=is_research)

    def _offer(self, catalogue: Catalogue) -> None:
        """Offer models, comparators as the settings have it now."""
        if self._engine is not None:
            is_on = self._workspace.settings.enhancement.research
            self._engine.catalogue = replace(catalogue, is_research=is_on)
        self._workspace.methods_loaded.emit()

    def _follow_settings(self) -> None:
        """Offer comparators, or offer them no more, as research mode is switched."""
        engine, is_on = self._engine, self._workspace.settings.enhancement.research
        if engine is not None and engine.catalogue.is_research != is_on:
            engine.catalogue = replace(engine.catalogue, is_research=is_on)
            self._workspace.methods_loaded.emit()

    def methods(self) -> tuple[Method, ...]:
        """Return every method that can be chosen, models first; () until they are loaded.

        `methods_loaded` of the workspace tells when they are.
        """
        if self._engine is None and not self._is_loading:
            self._is_loading = True
            self.when_loaded(lambda: None)
        return () if self._engine is None else tuple(self._engine.catalogue.methods())

    def suited(self, part: PartKey, wanted: str) -> str:
        """Return the id of a method for a part, see `Catalogue.suited`; as wanted while loading."""
        series = self._workspace.series_of(part)
        if series is None or self._engine is None:
            return wanted
        return self._engine.catalogue.suited(wanted, series.modality)

    def when_loaded(self, then: Callable[[], None]) -> None:
        """Call `then` in the window's thread as soon as the methods are loaded."""

        def done(_engine: Engine) -> None:
            self._workspace.methods_loaded.emit()
            then()

        if self._engine is not None:
            then()
            return
        self._jobs.submit(
            Lane.COMPUTE, "Loading methods", lambda _: self.engine, done, is_quiet=True
        )

    def enhancement(self, part: PartKey, method_id: str) -> Enhancement | None:
        """Return what a method has made of a part so far."""
        return self._found.get((part, method_id))

    def fraction(self, part: PartKey) -> float | None:
        """Return how far a running enhancement of a part is, None when none runs."""
        jobs = [job for (key, _), job in self._running.items() if key == part]
        return jobs[0].fraction if jobs else None

    def job(self, part: PartKey) -> Job | None:
        """Return the job that enhances a part now, None when none runs."""
        return next((job for (key, _), job in self._running.items() if key == part), None)

    def gates(self, part: PartKey, method_id: str) -> tuple[GateResult, ...]:
        """Return the gates that a part passed or failed with a method, () while unknown."""
        found = self._found.get((part, method_id))
        return found.plan.gates if found is not None else ()

    def start(
        self,
        part: PartKey,
        method_id: str,
        strength: float,
        first: int,
        refused: Callable[[], None] = lambda: None,
    ) -> Job | None:
        """Enhance a part; its layer fills from slice `first` outwards. None if it cannot start.

        `refused` is called when a gate or the machine says no, after the reader was told why.
        """
        request = self._request(part, method_id, strength, first)
        if request is None:
            return None
        self.cancel(part)
        self._in_view[part] = first
        key = (part, method_id)

        def work(progress: Progress) -> Enhancement:
            from viewer.app.enhancing import prepare, run

            progress.report(0.0, "measuring noise")
            return run(
                self.engine,
                prepare(self.engine, request(), progress.is_cancelled),
                on_batch=progress.publish,
                report=progress.report,
                is_cancelled=progress.is_cancelled,
                in_view=lambda: self._in_view.get(part),
            )

        def done(result: Enhancement) -> None:
            self._complete(part, method_id, result)

        def ended(job: Job) -> None:
            if self._running.get(key) is job:
                del self._running[key]
                self._workspace.part_changed.emit(part)

        def failed(message: Message) -> None:
            self.refusals[key] = message
            self._found.pop(key, None)
            self._workspace.drop_layer(part, method_id)
            self._workspace.tell(message)
            refused()

        self.refusals.pop(key, None)
        job = self._jobs.submit(
            Lane.COMPUTE,
            "Enhancing",
            work,
            done,
            partial=lambda result: self._publish(part, method_id, result),
            failed=failed,
            ended=ended,
        )
        if not job.is_over:
            self._running[key] = job
        return job

    def _complete(self, part: PartKey, method_id: str, result: Enhancement) -> None:
        """Publish a complete result, look for structure in it, quietly, and log the use.

        Finer slices have neither residual nor noise to be compared with the original's.
        """
        self._publish(part, method_id, result)
        if result.finer is not None:
            return
        key, name = (part, method_id), result.plan.key
        home = self._home if self._workspace.settings.enhancement.log_uses else None

        def work(progress: Progress) -> tuple[Enhancement, Message | None]:
            from viewer.app.auditing import audited
            from viewer.app.recording import log_quietly

            if name in self._findings:
                return replace(result, findings=self._findings[name]), None
            found = audited(result, progress.is_cancelled)
            return found, log_quietly(home, found, result.plan.request.strength) if home else None

        def keep(answer: tuple[Enhancement, Message | None]) -> None:
            found, problem = answer
            if found.findings is not None:
                self._findings[name] = found.findings
            if self._found.get(key) is result:
                self._publish(part, method_id, found)
            if problem is not None:
                self._workspace.tell(problem)

        self._jobs.submit(Lane.COMPUTE, "Looking at the residual", work, keep, is_quiet=True)

    def _note_view(self, _view: int, _old: ViewState, new: ViewState) -> None:
        """Note which slice of a part is looked at while it is enhanced, for it to come next."""
        if new.part is None or self.job(new.part) is None:
            return
        volume = self._workspace.volumes.get(new.part)
        if volume is not None:
            self._in_view[new.part] = volume.geometry.slice_of(new.focus_mm)

    def survey(self, part: PartKey) -> None:
        """Measure the noise of a complete CT volume quietly, for the first E to answer at once."""
        volume = self._workspace.volumes.get(part)
        if not isinstance(volume, Volume) or not volume.is_complete or volume.unit != "HU":
            return

        def work() -> None:
            from viewer.app.enhancing import survey

            survey(self.engine, volume)

        self._jobs.submit(
            Lane.COMPUTE,
            "Measuring noise",
            lambda _progress: work(),
            lambda _result: None,
            failed=lambda _message: None,
            is_quiet=True,
        )

    def _request(
        self, part: PartKey, method_id: str, strength: float, first: int
    ) -> Callable[[], EnhanceRequest] | None:
        """Return what makes the request, in the compute lane, from what is there now."""
        workspace = self._workspace
        study, series = workspace.study_of(part), workspace.series_of(part)
        found, volume = workspace.parts.get(part), workspace.volumes.get(part)
        if study is None or series is None or found is None or volume is None:
            return None
        device, factor = (
            workspace.settings.enhancement.device,
            workspace.settings.enhancement.factor,
        )

        def makes_finer() -> bool:
            return self.engine.catalogue.method(method_id).makes_finer

        def made() -> EnhanceRequest:
            from viewer.app.enhancing import EnhanceRequest

            return EnhanceRequest(
                study=study,
                series=series,
                part=found,
                volume=volume,
                method_id=method_id,
                strength=strength,
                settings=(("factor", float(factor)),) if makes_finer() else (),
                first_slice=first,
                device=device,
            )

        return made

    def _publish(self, part: PartKey, method_id: str, result: Enhancement) -> None:
        shown = self._workspace.volumes.get(part)
        if shown is None or shown.values.shape != result.plan.volume.values.shape:
            return
        key = (part, method_id)
        old = self._workspace.layers.get(key)
        strength = old.provenance.strength if old else result.plan.request.strength
        self._found[key] = result
        self._workspace.put_layer(part, method_id, layer_at(result, strength))

    def set_strength(self, part: PartKey, method_id: str, strength: float) -> None:
        """Show a layer at another strength; costs nothing but the blend."""
        found = self._found.get((part, method_id))
        if found is not None:
            self._workspace.put_layer(part, method_id, layer_at(found, strength))

    def blended(self, part: PartKey, method_id: str) -> Derived | None:
        """Return the enhanced volume at the strength in view, for volume rendering.

        None while it is made in the compute lane; `part_changed` tells when it is there.
        """
        key = (part, method_id)
        layer, found = self._workspace.layers.get(key), self._found.get(key)
        if layer is None or found is None or not found.residual.is_complete:
            return None
        strength = layer.provenance.strength
        made = self._blended.get(key)
        if made is not None and made.found is found and made.strength == strength:
            return made.volume
        if key not in self._blending:
            self._blending.add(key)
            self._blend(key, found, strength)
        return None

    def _blend(self, key: tuple[PartKey, str], found: Enhancement, strength: float) -> None:
        def keep(volume: Derived | None) -> None:
            if self._found.get(key) is found:
                self._blended[key] = _Blended(found, strength, volume)

        def failed(message: Message) -> None:
            keep(None)
            self._workspace.tell(message)

        def ended(_job: Job) -> None:
            self._blending.discard(key)
            self._workspace.part_changed.emit(key[0])

        self._jobs.submit(
            Lane.COMPUTE,
            "Blending the enhanced volume",
            lambda _progress: found.volume(strength),
            keep,
            failed=failed,
            ended=ended,
            is_quiet=True,
        )

    def cancel(self, part: PartKey) -> None:
        """Stop what runs on a part; what is there already stays."""
        for key in [key for key in self._running if key[0] == part]:
            self._running.pop(key).cancel()
        self._workspace.part_changed.emit(part)

    def drop_unseen(self, part: PartKey) -> None:
        """Let go of finished layers that no view shows; the engine's cache may still have them."""
        views = self._workspace.views.values()
        seen = {state.layer for state in views if state.part == part}
        for key in [key for key in self._found if key[0] == part and key not in self._running]:
            if key[1] not in seen:
                del self._found[key]
                self._blended.pop(key, None)
                self._workspace.drop_layer(*key)

    def _forget(self, part: PartKey) -> None:
        """Let go of what was made from pixels that are gone."""
        self.cancel(part)
        for known in (self._found, self.refusals, self._blended):
            for key in [key for key in known if key[0] == part]:
                del known[key]


@dataclass(frozen=True, slots=True, eq=False)
class _Blended:
    """The enhanced volume of a result at a strength; None where it could not be made."""

    found: Enhancement
    strength: float
    volume: Derived | None


def layer_at(result: Enhancement, strength: float) -> Layer:
    """Return the layer of an enhancement at a strength from 0 to 1."""
    provenance = result.provenance(strength)
    residual, start = result.residual_volume(strength), result.finer_volume(strength)
    return Layer(residual, result.residual.step, provenance.blend, provenance, start)
