"""What the process that composes can do: complete, read, and tell of models and controls."""

from __future__ import annotations

import base64
import difflib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lstm_music.composer import Composer, load, random_rng_seed
from lstm_music.errors import ConfigError
from lstm_music.generate.asking.record import UNKNOWN, Record, controls_to_keep, file_hash
from lstm_music.generate.asking.request import CONTROLS, Request
from lstm_music.generate.asking.schema import schema
from lstm_music.generate.forms.wanted import form_in
from lstm_music.midi.export.formats import to_bytes
from lstm_music.midi.export.tables import as_json, notes_as_json, quarters
from lstm_music.music.form import find_form
from lstm_music.music.form_text import form_text
from lstm_music.music.piece import Piece
from lstm_music.pretrained import model_names
from lstm_music.serve.limits import Limits
from lstm_music.serve.music import Access, music

if TYPE_CHECKING:
    from lstm_music.generate.takes import Take

OF_A_PIECE = ("piece", "midi", "musicxml", "csv")
"""How music can be told; see docs/serve.md."""

FORMATS = ("notes", *OF_A_PIECE)
"""How a take can be told: `notes` are the new ones alone."""

USUAL_FORMATS = ("notes", "midi")

_COMPLETE = ("request", "seed", "avoid", "model", "formats", "include_seed", "events")
_MODELS_KEPT = 3


class Jobs:
    """Does jobs, one after another; keeps the models that it has loaded last."""

    def __init__(
        self, limits: Limits, model: str, files: str | None, precision: str = "bfloat16"
    ) -> None:
        self._limits = limits
        self._files = files
        self._usual = model
        self._precision = precision
        self._models: dict[str, Composer] = {}
        self._composer(model)

    def do(self, job: Mapping[str, Any], on_take: Callable[[dict[str, Any]], None]) -> Any:
        """One job.

        Parameters
        ----------
        job : ``method``, ``params``, and whether the client is ``trusted``.
        on_take : called with each take, as JSON, as soon as it is written.

        Returns
        -------
        result : for JSON.
        """
        access = Access(job["trusted"], self._files)
        params = job["params"]
        if job["method"] == "complete":
            return self._complete(params, access, on_take)
        if job["method"] == "read":
            return self._read(params, access)
        _check_names(params, (), job["method"])
        return {"schema": self._schema, "models": self._known_models}[job["method"]]()

    def _complete(
        self, params: Mapping[str, Any], access: Access, on_take: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        _check_names(params, _COMPLETE, "complete")
        request, controls = self._request(params, access)
        formats = _formats(params.get("formats"), USUAL_FORMATS, FORMATS)
        composer = self._composer(self._model_name(params.get("model"), access))
        include_seed = _switch(params, "include_seed", usual=True) or request.seed is None
        avoid = [
            music(one, f"avoid[{i}]", access, self._limits)
            for i, one in enumerate(self._list(params, "avoid"))
        ]
        record = _record(composer, request, controls, include_seed=include_seed)
        told: list[dict[str, Any]] = []

        def tell(take: Take) -> None:
            shown = _shown(take, len(told), record, formats, include_seed=include_seed)
            told.append(shown)
            if _switch(params, "events", usual=False):
                on_take(shown)

        # In another order than drawn, takes are known when all are there.
        drawn = request.rank == "drawn"
        takes = composer.complete(request, avoid=avoid, on_take=tell if drawn else None)
        if not drawn:
            for take in takes:
                tell(take)
        remarks = list(dict.fromkeys(text for take in takes for text in take.piece.repairs))
        result = {
            "task": request.task,
            "rng_seed": takes[0].rng_seed,
            "model": composer.name,
            "precision": composer.precision,
        }
        if _switch(params, "events", usual=False):
            return result | {"n": len(told), "remarks": remarks}
        return result | {"takes": told, "remarks": remarks}

    def _request(self, params: Mapping[str, Any], access: Access) -> tuple[Request, dict[str, Any]]:
        """The request, within the limits, and its controls as they were asked for."""
        asked = params.get("request", {})
        if not isinstance(asked, Mapping):
            raise ConfigError("request must be an object; the method schema tells its fields")
        _check_names(asked, ("task", *CONTROLS), "a request")
        # Null is the same as nothing; a form's file comes as a seed does.
        controls = {name: value for name, value in asked.items() if value is not None}
        limits = self._limits
        for name in ("meter", "key"):
            if not isinstance(controls.get(name, ""), str):
                raise ConfigError(f"{name} must be a string, got {controls[name]!r:.80}")
        if "form_of" in controls:
            if "form" in controls:
                raise ConfigError("give form or form_of, not both")
            formed = music(controls.pop("form_of"), "form_of", access, limits)
            controls["form"] = form_in(formed, controls.get("bars"))
        if controls.get("rng_seed") is None:
            controls["rng_seed"] = random_rng_seed()
        seed = params.get("seed")
        piece = None if seed is None else music(seed, "seed", access, limits)
        task = controls.pop("task", "generate")
        # A process has one thread, so that requests do not take each other's cores.
        CONTROLS["threads"].parse(controls.pop("threads", None))
        request = Request(task, piece, **controls, threads=1)
        if request.n > limits.takes:
            raise ConfigError(f"n may be up to {limits.takes} here, got {request.n}")
        if task == "generate" and request.bar_count() > limits.bars:
            raise ConfigError(f"bars may be up to {limits.bars} here, got {request.bar_count()}")
        return request, controls

    def _list(self, params: Mapping[str, Any], name: str) -> list[Any]:
        found = params.get(name) or []
        if not isinstance(found, list) or len(found) > self._limits.avoided:
            raise ConfigError(f"{name} must be an array of up to {self._limits.avoided} pieces")
        return found

    def _read(self, params: Mapping[str, Any], access: Access) -> dict[str, Any]:
        _check_names(params, ("music", "formats"), "read")
        piece = music(params.get("music"), "music", access, self._limits)
        formats = _formats(params.get("formats"), ("piece",), OF_A_PIECE)
        told = {name: _written(name, piece, "") for name in formats}
        return told | {"form": _form(piece), "remarks": list(piece.repairs)}

    def _schema(self) -> dict[str, Any]:
        return schema()

    def _known_models(self) -> list[dict[str, Any]]:
        return [_told_of(load(name)) | {"default": name == self._usual} for name in model_names()]

    def _model_name(self, model: Any, access: Access) -> str:
        if model is None:
            return self._usual
        if not isinstance(model, str):
            raise ConfigError("model must be a string; the method models tells which there are")
        known = {self._usual, *model_names()}
        return model if model in known else str(access.checked(model))

    def _composer(self, name: str) -> Composer:
        composer = self._models.pop(name, None) or load(name, precision=self._precision)
        self._models[name] = composer  # the newest stands last
        if len(self._models) > _MODELS_KEPT:
            del self._models[next(iter(self._models))]
        return composer


def _check_names(given: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name[:64], known, n=1)
            has = f"there is {', '.join(known)}" if known else "there is none"
            hint = f"did you mean {near[0]}?" if near else has
            raise ConfigError(f"{where} has no parameter {name[:64]!r}; {hint}")


def _switch(params: Mapping[str, Any], name: str, *, usual: bool) -> bool:
    value = params.get(name, usual)
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false, got {value!r:.80}")
    return value


def _formats(asked: Any, usual: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    if asked is None:
        return usual
    if not isinstance(asked, list) or any(one not in known for one in asked):
        raise ConfigError(f"formats must be an array of {', '.join(known)}, got {asked!r:.200}")
    return tuple(dict.fromkeys(asked))


def _form(piece: Piece) -> str:
    """The sections of a piece as the control `form` takes them; "" where it has no full bar."""
    return form_text(find_form(piece), lengths=True)


def _record(
    composer: Composer, request: Request, controls: Mapping[str, Any], *, include_seed: bool
) -> Record:
    """How the takes came about, so that `lstm-music again` can make them once more."""
    seed = request.seed
    seed_hash = ""
    if seed is not None:
        seed_hash = UNKNOWN if seed.original is None else file_hash(seed.original.data)
    return Record(
        request.task,
        controls_to_keep(controls),
        request.rng_seed or 0,
        0,
        composer.name,
        composer.metadata["sha256"][:16],
        seed_hash,
        include_seed,
        composer.precision,
    )


def _shown(
    take: Take, index: int, record: Record, formats: tuple[str, ...], *, include_seed: bool
) -> dict[str, Any]:
    """A take as JSON."""
    piece = take.piece
    if not include_seed:
        from lstm_music.midi.writing.opening import new_bars_alone

        piece = new_bars_alone(piece, max(start for _, start, _ in piece.added_places))
    text = Record(**vars(record) | {"take": index}).to_text()
    shown: dict[str, Any] = {
        "index": index,
        "new_notes": len(take.new),
        "nats_a_note": _number(take.nats_a_note),
        "join_nats": _number(take.join_nats),
        "report": take.report,
        "places": [
            {"track": track, "start_quarters": quarters(start), "end_quarters": quarters(end)}
            for track, start, end in take.piece.added_places
        ],
    }
    for name in formats:
        if name == "notes":
            shown[name] = notes_as_json(take.piece.replace(notes=take.new))
        else:
            shown[name] = _written(name, piece, text)
    return shown


def _written(name: str, piece: Piece, text: str) -> Any:
    """Music in a format of `OF_A_PIECE`."""
    if name == "piece":
        return as_json(piece, text)
    if name == "midi":
        return base64.b64encode(to_bytes(piece, ".mid", text=text)).decode("ascii")
    return to_bytes(piece, f".{name}", text=text).decode("utf-8")


def _told_of(composer: Composer) -> dict[str, Any]:
    """What a model is, for a menu."""
    card, training = composer.metadata["data_card"], composer.metadata["training"]
    config = composer.model.config
    return {
        "name": composer.name,
        "description": " ".join(str(card.get("intended_use", "")).split()),
        "styles": [style for style in training.get("met", {}).get("styles", ()) if style],
        "cell": config.cell,
        "parameters": int(composer.model.flat_params.size),
        "sha256": composer.metadata["sha256"],
    }


def _number(nats: float) -> float | None:
    return None if nats != nats else round(nats, 4)  # noqa: PLR0124  # NaN is no JSON
