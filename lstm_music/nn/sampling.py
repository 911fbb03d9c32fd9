"""How the next token is drawn from the network's probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

from lstm_music.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from lstm_music.kernels.sampler import Sampler

OTHER, RHYTHM, PITCH = 0, 1, 2
"""The groups of tokens that some settings tell apart: what ``group_of`` holds."""

_LONGEST = 4096  # tokens that a sampler remembers: kernels/history.pyx


@dataclass(frozen=True, slots=True)
class Sampling:
    """Settings of one draw. ``docs/sampling.md`` has them at greater length.

    They act in this order: ``no_repeat_ngram``; ``repetition_penalty``; the temperatures;
    ``min_p``; ``top_k``; ``top_p``; ``typical_p``; ``surprise``. Each works on what the one before
    it has left, and leaves at least one token.

    Parameters
    ----------
    temperature : logits are divided by it; 0.001..100, 1 = as trained, lower = safer.
    top_k : keep the k likeliest tokens; 0 = all.
    top_p : keep the likeliest tokens that together hold this share (Holtzman et al. 2020); (0, 1].
    min_p : drop tokens less likely than this share of the likeliest; [0, 1).
    temperature_rhythm, temperature_pitch : of the choice among the tokens of rhythm, and among
        those of pitch; None = ``temperature``. Which of the groups comes next is chosen at
        ``temperature``.
    typical_p : keep the tokens whose information is nearest to the entropy, until they hold this
        share (Meister et al. 2023, equation 11); (0, 1], 1 = all.
    surprise : drop the likeliest tokens that together hold at most this share; [0, 1), 0 = none.
    repetition_penalty : a pitch is divided by it once for every time that it is among the last
        ``repetition_window`` pitches (after Keskar et al. 2019, section 4.1); 1..100, 1 = off.
        How likely it is that a pitch comes next stays as it is.
    repetition_window : 1..4096 tokens of pitch.
    no_repeat_ngram : forbid a token of rhythm or pitch that would complete so many of them as came
        before in this order; 0 = off, at most 4096. If all would be forbidden, none is.

    Raises
    ------
    ConfigError : a setting is of the wrong type or out of range.
    """

    temperature: float = 0.9
    top_k: int = 0
    top_p: float = 0.95
    min_p: float = 0.0
    temperature_rhythm: float | None = None
    temperature_pitch: float | None = None
    typical_p: float = 1.0
    surprise: float = 0.0
    repetition_penalty: float = 1.0
    repetition_window: int = 16
    no_repeat_ngram: int = 0

    def __post_init__(self) -> None:
        self._check_number("temperature", lambda x: 1e-3 <= x <= 100.0, "0.001..100")
        for name in ("temperature_rhythm", "temperature_pitch"):
            if getattr(self, name) is not None:
                self._check_number(name, lambda x: 1e-3 <= x <= 100.0, "0.001..100, or None")
        for name in ("top_p", "typical_p"):
            self._check_number(name, lambda x: 0.0 < x <= 1.0, "above 0, at most 1")
        for name in ("min_p", "surprise"):
            self._check_number(name, lambda x: 0.0 <= x < 1.0, "0 or more, below 1")
        self._check_number("repetition_penalty", lambda x: 1.0 <= x <= 100.0, "1 (off)..100")
        self._check_whole("top_k", 0, 2**31 - 1, "0 (all) or more")
        self._check_whole("repetition_window", 1, _LONGEST, f"1..{_LONGEST}")
        self._check_whole("no_repeat_ngram", 0, _LONGEST, f"0 (off)..{_LONGEST}")

    def _check_number(self, name: str, good: Callable[[float], bool], range_: str) -> None:
        value = getattr(self, name)
        # A bool is a number to Python. NaN is in no range.
        if not isinstance(value, Real) or isinstance(value, bool) or not good(float(value)):
            raise ConfigError(f"{name} must be {range_}, got {value!r}")

    def _check_whole(self, name: str, least: int, most: int, range_: str) -> None:
        value = getattr(self, name)
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or not least <= int(value) <= most:
            raise ConfigError(f"{name} must be a whole number, {range_}, got {value!r}")

    def but(self, **settings: Any) -> Sampling:
        """The same with other settings; None leaves one as it is."""
        return replace(self, **{name: x for name, x in settings.items() if x is not None})

    def warmed(self, warmth: float) -> Sampling:
        """The same at so many times its temperatures, 100 at most; 1 leaves it as it is."""
        names = ("temperature", "temperature_rhythm", "temperature_pitch")
        warm = {name: getattr(self, name) for name in names}
        return self.but(**{name: x and min(x * warmth, 100.0) for name, x in warm.items()})

    def sampler(
        self, group_of: npt.NDArray[np.uint8], *, rng_seed: int = 0, sequence: int = 0
    ) -> Sampler:
        """What draws tokens in this way.

        Parameters
        ----------
        group_of : (V,) uint8 — OTHER, RHYTHM or PITCH for each token.
        rng_seed, sequence : the Philox key and the stream within it.
        """
        from lstm_music.kernels.sampler import Sampler

        return Sampler(
            len(group_of), group_of=group_of, rng_seed=rng_seed, sequence=sequence, **asdict(self)
        )


def recommended(data_card: Mapping[str, Any]) -> Sampling:
    """The settings that a model's data card asks for in its table ``sampling``, if it has one.

    Parameters
    ----------
    data_card : ``{"sampling": {"temperature": 1.0, ...}, ...}``; what it leaves out is as usual.

    Raises
    ------
    ConfigError : the table is no such settings.
    """
    table = data_card.get("sampling", {})
    try:
        return Sampling(**table)
    except (TypeError, ConfigError) as error:
        raise ConfigError(f"the data card's sampling {table!r} cannot be used: {error}") from None


class FromNothing(NamedTuple):
    """What a model's data card advises for pieces from nothing of one style.

    Parameters
    ----------
    sampling : how they are drawn.
    form : as of the control of that name; None: none.
    critic_bars, critic_drafts : how many bars are drafted at a time where the model has a critic
        of the style, and how many drafts it chooses from.
    """

    sampling: Sampling
    form: str | None = None
    critic_bars: int = 4
    critic_drafts: int = 8


def _form(table: Mapping[str, Any]) -> str | None:
    form = table.get("form")
    if not isinstance(form, str | None):
        raise TypeError(f"form must be a text, got {form!r}")
    return form


_WHOLE = {"critic_bars": (1, 64), "critic_drafts": (2, 64)}


def _whole(table: Mapping[str, Any], name: str) -> int:
    value, (least, most) = table.get(name, FromNothing._field_defaults[name]), _WHOLE[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise TypeError(f"{name} must be a whole number, {least}..{most}, got {value!r}")
    return value


def recommended_from_nothing(data_card: Mapping[str, Any]) -> dict[str, FromNothing]:
    """What a data card advises for pieces from nothing, by style: its tables ``from_nothing``.

    Parameters
    ----------
    data_card : ``{"from_nothing": {"folk": {"temperature": 1.0, "form": "auto"}}, ...}``; settings
        that a style leaves out are those of the table ``sampling``.

    Raises
    ------
    ConfigError : a table is no such settings.
    """
    usual, tables = asdict(recommended(data_card)), data_card.get("from_nothing", {})
    found = {}
    try:
        for style, table in tables.items():
            settings = {name: x for name, x in table.items() if name not in FromNothing._fields}
            found[style] = FromNothing(
                Sampling(**(usual | settings)), _form(table), *map(partial(_whole, table), _WHOLE)
            )
    except (AttributeError, TypeError, ConfigError) as error:
        raise ConfigError(
            f"the data card's from_nothing {tables!r} cannot be used: {error}"
        ) from None
    return found
