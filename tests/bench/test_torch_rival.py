"""The rival does the same work: the same model, the same losses."""

import numpy as np
import pytest

from lstm_music.bench.cases import GenerateCase, TrainCase
from lstm_music.bench.update import create_model, our_update, random_tokens
from lstm_music.kernels.step import Stepper, StepWeights

torch = pytest.importorskip("torch", reason="the rival: torch is not installed")

CASES = [
    TrainCase(12, 2, 3, 5, 17),
    TrainCase(12, 2, 3, 5, 17, "gru"),
    TrainCase(12, 1, 3, 5, 17, "rnn"),
    TrainCase(12, 2, 3, 5, 17, "gru", "ops"),
    TrainCase(12, 2, 3, 5, 17, "fgr", "ops"),
    TrainCase(12, 1, 3, 5, 17, "layernorm-lstm", "ops"),
    TrainCase(12, 2, 3, 5, 17, "memory-gated", "ops"),
    TrainCase(12, 2, 3, 5, 17, "block", "ops"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_train_the_same_model_on_the_same_tokens(case):
    from lstm_music.bench.torch_rival import TorchModel, setting

    model, tokens = create_model(case, 2), random_tokens(case)
    theirs = TorchModel(case, model.params).updates(tokens)
    ours = our_update(model, tokens)
    with setting(True, 1):
        losses = np.array([(ours(), theirs()) for _ in range(20)])
    if case.cell != "memory-gated":  # whose cell has no bound: at this rate it diverges, in both
        assert losses[-1, 0] < losses[0, 0]
    # float32; Adam divides by the gradients' sizes, so rounding grows from update to update.
    np.testing.assert_allclose(losses[0, 0], losses[0, 1], rtol=1e-6)
    # torch's modules have a second bias, which learns, too: theirs goes on a little faster.
    rtol = 1e-2 if case.against == "nn" else 1e-4
    np.testing.assert_allclose(losses[:, 0], losses[:, 1], rtol=rtol)


@pytest.mark.parametrize("onednn", [True, False])
def test_settings_are_put_back(onednn):
    from lstm_music.bench.torch_rival import setting

    before = torch.get_num_threads(), torch.backends.mkldnn.enabled
    with setting(onednn, 1):
        assert (torch.get_num_threads(), torch.backends.mkldnn.enabled) == (1, onednn)
    assert (torch.get_num_threads(), torch.backends.mkldnn.enabled) == before


def test_both_ways_of_stepping_are_one_network():
    from lstm_music.bench.torch_step import _cell_step, _module_step

    model = create_model(TrainCase(12, 2, 1, 1, 17), 1)
    weights = {name: torch.from_numpy(array) for name, array in model.params.items()}
    steps = [make(12, 2, weights) for make in (_cell_step, _module_step)]
    ours = Stepper(StepWeights(model, precision="float32"))
    for token in (3, 5, 3):
        expected = ours.step_py(np.array([token], np.int32))
        for step in steps:
            with torch.inference_mode():
                h = step(weights["embedding"][token][None])
                logits = h[0] @ weights["head.W"].T + weights["head.b"]
            np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_generation_is_tried_in_every_way():
    from lstm_music.bench.torch_step import generate_contenders

    model = create_model(TrainCase(8, 1, 1, 1, 16), 1)
    found = generate_contenders(GenerateCase(8, 1, 16), model.params, (1, 2), 2)
    assert len(found) == 16  # module or cell, float32 or bfloat16, oneDNN or not, 1 or 2 threads
    for contender in found.values():
        with contender.setting():
            contender.work()
