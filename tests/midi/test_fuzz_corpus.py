"""What ten minutes of fuzzing (`make fuzz`) found worth keeping is read, or refused, as it must."""

import fuzz_corpus
from piece_checks import read_or_refuse

MOST_WRITTEN = 12  # notes; writing takes a hundred times as long as reading


def test_every_input_that_fuzzing_kept():
    outcomes = [read_or_refuse(data, MOST_WRITTEN) for data in fuzz_corpus.load()]
    assert len(outcomes) > 200
    refused = sum(outcome is None for outcome in outcomes)
    assert 20 < refused < len(outcomes) - 100


def test_they_are_unpacked_as_files(tmp_path):
    fuzz_corpus.unpack(tmp_path / "seeds")
    found = {path.read_bytes() for path in (tmp_path / "seeds").iterdir()}
    assert found == set(fuzz_corpus.load())
