"""The header of a piece from nothing: what is given is forced, the rest the network chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.generate.engine import Engine
from lstm_music.generate.loop import Generator
from lstm_music.music.harmony.scale import Scale
from lstm_music.music.key import Key
from lstm_music.music.meter import DENOMINATORS, Meter
from lstm_music.tokens.vocabulary import DRUM_PROGRAM, DRUMS, Vocabulary, key_index, tempo_bin


def write_header(
    generator: Generator,
    vocabulary: Vocabulary,
    *,
    meter: Meter | None = None,
    key: Key | None = None,
    tempo_bpm: float,
    style: str | None = None,
    instruments: Callable[[str], Sequence[int]] = lambda style: (),
    programs: Sequence[int] = (0, DRUM_PROGRAM),
    styles: Sequence[str],
) -> int:
    """Write START to BODY into an empty generator.

    Parameters
    ----------
    generator : empty.
    vocabulary : what its tokens mean.
    meter, key, tempo_bpm, style : what is given.
    instruments : from the style word to the values of the program tokens that are given; none: the
        network chooses.
    programs : program tokens' values to choose the instruments from.
    styles : style words to choose from, "" for none; one at least.

    Returns
    -------
    int : steps of one bar of the meter that was given or chosen.

    Raises
    ------
    ConfigError : ``style`` is none of ``styles``.
    """
    values = {
        "style": None if style is None else _style_index(vocabulary, style, styles),
        "numerator": None if meter is None else meter.numerator - 1,
        "denominator": None if meter is None else DENOMINATORS.index(meter.denominator),
        "key": None if key is None else key_index(key),
        "tempo": int(tempo_bin([round(60e6 / tempo_bpm)])[0]),
        "pickup": 0,
    }
    masks = {kind: _mask(vocabulary, kind) for kind in values}
    words = vocabulary.style_tokens
    masks["style"][:] = 0
    masks["style"][[words[vocabulary.styles.index(name)] for name in styles]] = 1
    generator.force(np.array(vocabulary["start"], np.int32))
    chosen: dict[str, int] = {}
    for kind, value in values.items():
        if kind == "key":
            # Training hides keys at times; whoever composes has one, unless nothing has a pitch.
            no_key = vocabulary["key"][key_index(None)]
            is_drums = vocabulary.styles[chosen["style"]] == DRUMS
            masks["key"][vocabulary["key"]] = not is_drums
            masks["key"][no_key] = is_drums
        tokens = words if kind == "style" else vocabulary[kind]
        chosen[kind] = _force_or_sample(generator, tokens, masks[kind], value)
    if row := instruments(vocabulary.styles[chosen["style"]]):
        given = [vocabulary["program"][program] for program in row]
        generator.force(np.array([*given, vocabulary["body"].start], np.int32))
    else:
        choices = _mask(vocabulary, "body")
        choices[[vocabulary["program"][program] for program in programs]] = 1
        while generator.sample(choices) not in vocabulary["body"]:
            pass
    return Meter(0, chosen["numerator"] + 1, DENOMINATORS[chosen["denominator"]]).bar_steps


def drawn_ensemble(engine: Engine, style: str, rng_seed: int, sequence: int) -> Sequence[int]:
    """A row of instruments that music of the style is written for, the commoner the likelier.

    None where the model does not tell.
    """
    rows = engine.coverage.ensembles.get(style, ())
    if not rows:
        return ()
    counts = np.array([count for count, _ in rows], np.float64)
    rng = np.random.default_rng([rng_seed, sequence])
    return rows[int(rng.choice(len(rows), p=counts / counts.sum()))][1]


def key_of(scale: Scale) -> Key | None:
    """The key whose tonic and third a scale has; None for one without a third."""
    tonic = scale.tonic_pitch_class
    for mode, third in (("minor", 3), ("major", 4)):
        if (tonic + third) % 12 in scale.pitch_classes:
            return Key(0 if mode == "major" else -3, mode).transposed(tonic)
    return None


def _force_or_sample(
    generator: Generator, tokens: Sequence[int], allowed: npt.NDArray[np.uint8], value: int | None
) -> int:
    """Write one of ``tokens``, the network's choice of the allowed if none is given; its value."""
    if value is None:
        return tokens.index(generator.sample(allowed))
    generator.force(np.array([tokens[value]], np.int32))
    return value


def _mask(vocabulary: Vocabulary, *kinds: str) -> npt.NDArray[np.uint8]:
    """1 for every token of ``kinds``."""
    mask = np.zeros(vocabulary.n_tokens, np.uint8)
    for kind in kinds:
        mask[vocabulary[kind].start : vocabulary[kind].stop] = 1
    return mask


def _style_index(vocabulary: Vocabulary, style: str, styles: Sequence[str]) -> int:
    known = [name for name in styles if name]
    if style not in known:
        has = f"style must be one of {', '.join(known)}" if known else "this model knows no styles"
        raise ConfigError(f"{has}, got {style!r}")
    return vocabulary.styles.index(style)
