"""What composing steps with: weights packed for this machine, or streams of a GPU."""

from __future__ import annotations

from lstm_music.backends.registry import get_backend, resolved
from lstm_music.backends.workspace import usable_cores
from lstm_music.errors import ConfigError
from lstm_music.kernels.step import StepWeights
from lstm_music.nn.model import LanguageModel


def step_weights(model: LanguageModel, precision: str, backend: str = "cpu") -> StepWeights:
    """The weights of a model for single steps.

    Parameters
    ----------
    model : on the CPU.
    precision : of the matrices: bfloat16 or float32, or on the CPU int8.
    backend : ``cpu``, ``gpu``, ``gpu:N``, or ``auto``, the first GPU if there is one.

    Raises
    ------
    ConfigError : no such backend, or one that cannot compose, or another precision.
    BackendError : there is no such GPU.
    """
    name = resolved(backend)
    if name == "cpu":
        return StepWeights(model, precision=precision)
    if not name.startswith("gpu"):
        raise ConfigError(f"composing takes the backend cpu, gpu, gpu:N or auto, got {backend!r}")
    from lstm_music.kernels.device_step import DeviceWeights
    from lstm_music.nn.device_streams import DeviceStreams  # not for everyone

    streams = DeviceStreams(model.on(get_backend(name)), precision)
    sizes = model.config.n_streams, model.config.n_tokens
    return DeviceWeights(streams, *sizes, precision, usable_cores())
