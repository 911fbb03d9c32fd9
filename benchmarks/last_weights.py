"""Write a model with the weights at the end of a training run, whatever a validation preferred.

    python benchmarks/last_weights.py MODEL.safetensors NEW.safetensors

``MODEL`` is what `lstm-music train` wrote, with its run folder beside it. A validation side of few
pieces may prefer earlier weights, or a mixture with those that the run began with, by chance.
"""

import argparse
import json
from pathlib import Path

from safetensors.numpy import load_file

from lstm_music.nn.model_file import load_model, save_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("output")
    args = parser.parse_args()
    network, facts = load_model(args.model)
    run = args.model.with_suffix(".run")
    network.flat_params[:] = load_file(run / "last.safetensors")["params"]
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    training = facts["training"] | {name: last[name] for name in last if name in facts["training"]}
    training["valid_nats_per_token"] = training["best_loss"] = training["valid_loss"]
    training.pop("base_share", None)
    vocabulary, card, storage = (facts[name] for name in ("vocabulary", "data_card", "storage"))
    save_model(args.output, network, vocabulary, training, card, storage=storage)


if __name__ == "__main__":
    main()
