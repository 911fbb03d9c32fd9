"""``--for``: what is planned fits into the time, and a run that goes on keeps its plan."""

import math
import subprocess
import sys
from types import SimpleNamespace

import pytest
from paths import MIDI_DATA
from training_runs import SETTINGS

import lstm_music as lm
from lstm_music.training import held_out as training_held_out
from lstm_music.training import job as training_job
from lstm_music.training import loop as training_loop
from lstm_music.training.config import TrainConfig
from lstm_music.training.forecast import plan as training_plan
from lstm_music.training.forecast import speed as training_speed
from lstm_music.training.forecast.plan import Deadline, Forecast, plan
from lstm_music.training.forecast.speed import Speed
from lstm_music.training.interrupt import Interrupt
from lstm_music.training.loop import Trainer
from lstm_music.training.runs import run as training_run
from lstm_music.training.runs.checkpoint import LAST

TINY = {n: SETTINGS[n] for n in ("hidden_size", "embedding_size", "layers", "batch_size")}
TINY |= {"chunk_steps": 32, "rng_seed": 5}
SPEED = Speed(trained_per_second=1000.0, scored_per_second=5000.0, update_tokens=100)


def seconds_of(config, scored, *, has_base):
    """How long a planned run takes at exactly `SPEED`, picture and all."""
    n = math.ceil(config.max_tokens / config.evaluate_every) + has_base
    trained = config.max_tokens / SPEED.trained_per_second
    return trained + n * scored / SPEED.scored_per_second


@pytest.mark.parametrize("has_base", [False, True])
@pytest.mark.parametrize("scored", [10, 5_000, 100_000])
@pytest.mark.parametrize("seconds", [100, 600, 7200])
def test_what_is_planned_fits(seconds, scored, has_base):
    deadline = Deadline(seconds)
    config, forecast = plan(TrainConfig(), {}, SPEED, scored, deadline, has_base=has_base)
    took = seconds_of(config, scored, has_base=has_base) + forecast.end_seconds
    assert 0.5 * seconds < took <= seconds + scored / SPEED.scored_per_second
    assert (forecast.tokens, forecast.evaluate_every) == (config.max_tokens, config.evaluate_every)
    assert config.max_tokens / config.evaluate_every <= 20.5
    assert config.max_tokens <= 20 * config.evaluate_every  # the last one is at the end


def test_a_given_interval_is_kept():
    given = {"evaluate_every": 1234}
    config, _ = plan(
        TrainConfig(evaluate_every=1234), given, SPEED, 5_000, Deadline(100), has_base=False
    )
    assert config.evaluate_every == 1234
    assert seconds_of(config, 5_000, has_base=False) < 100


def test_more_than_the_music_needs_is_not_planned():
    config, _ = plan(
        TrainConfig(), {}, SPEED, 100, Deadline(3600), has_base=True, most_tokens=50_000
    )
    assert config.max_tokens == 50_000
    assert config.evaluate_every == 2_500


@pytest.mark.parametrize("has_base", [False, True])
def test_too_little_time_is_refused_and_what_is_named_is_enough(has_base):
    with pytest.raises(lm.ConfigError, match="give at least") as refused:
        plan(TrainConfig(), {}, SPEED, 100_000, Deadline(5), has_base=has_base)
    seconds = float(str(refused.value).rsplit("at least ", 1)[1].split()[0])
    assert seconds < 200
    plan(TrainConfig(), {}, SPEED, 100_000, Deadline(seconds), has_base=has_base)
    with pytest.raises(lm.ConfigError, match="give at least"):
        plan(TrainConfig(), {}, SPEED, 100_000, Deadline(0.7 * seconds), has_base=has_base)


def test_no_time_is_refused():
    for seconds in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(lm.ConfigError, match="above 0"):
            Deadline(seconds)


def test_a_time_beside_a_number_of_tokens_is_refused(tmp_path):
    with pytest.raises(lm.ConfigError, match="leave out max_tokens"):
        lm.train(MIDI_DATA, tmp_path / "m.safetensors", for_seconds=9, max_tokens=100)
    assert not list(tmp_path.iterdir())


class Machine:
    """A machine that trains and scores at exactly `SPEED`, however long that takes in truth."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self):
        return self.seconds

    def updating(self, update):
        def timed(trainer, chunks):
            self.seconds += sum(chunk.n_tokens for chunk in chunks) / SPEED.trained_per_second
            update(trainer, chunks)

        return timed

    def scoring(self, score):
        def timed(model, sequences, *arguments):
            n_tokens = sum(len(targets) for _, targets in sequences)
            self.seconds += n_tokens / SPEED.scored_per_second
            return score(model, sequences, *arguments)

        return timed


@pytest.fixture
def machine(monkeypatch):
    one = Machine()
    clocks = SimpleNamespace(monotonic=one.clock, perf_counter=one.clock)
    for module in (training_plan, training_run, training_speed):
        monkeypatch.setattr(module, "time", clocks)
    monkeypatch.setattr(Trainer, "update", one.updating(Trainer.update))
    for module in (training_loop, training_speed, training_held_out):
        monkeypatch.setattr(module, "sequence_nll", one.scoring(module.sequence_nll))
    return one


def timed_run(folder, cache, seconds, **settings):
    """Train for so many seconds; the progress and the notes."""
    steps, notes = [], []
    lm.train(
        MIDI_DATA,
        folder / "m.safetensors",
        cache=cache,
        for_seconds=seconds,
        on_progress=steps.append,
        on_note=notes.append,
        **(TINY | settings),
    )
    return steps, notes


def test_a_run_takes_the_time_it_was_given(whole, tmp_path, machine):
    steps, notes = timed_run(tmp_path, whole.cache, 60)
    assert 0.8 * 60 < machine.seconds < 60
    (line,) = [note for note in notes if note.startswith("for 60 seconds:")]
    assert f"{steps[-1].max_tokens:,} tokens" in line
    assert steps[-1].tokens >= steps[-1].max_tokens
    assert math.isfinite(steps[-1].best_loss)
    assert steps[-1].validated
    assert lm.load(tmp_path / "m.safetensors")


def test_scoring_what_a_run_begins_with_is_no_slow_training(whole, tmp_path, machine, monkeypatch):
    """Most of its time goes by before the second update, as with a few songs and a big base."""
    scored_seconds = 4.0
    lm.train(MIDI_DATA, tmp_path / "base.safetensors", cache=whole.cache, **TINY, max_tokens=300)
    monkeypatch.setattr(
        training_job,
        "measure_speed",
        lambda model, stream, valid, *_: Speed(
            SPEED.trained_per_second, sum(len(t) for _, t in valid) / scored_seconds, 100
        ),
    )
    score = training_loop.sequence_nll

    def slowly(*arguments):
        before = machine.seconds
        scores = score(*arguments)
        machine.seconds = before + scored_seconds
        return scores

    monkeypatch.setattr(training_loop, "sequence_nll", slowly)
    own = {"evaluate_every": 5_000, "learning_rate": 0.001}
    settings = {"base": tmp_path / "base.safetensors", **own}
    machine.seconds = 0.0
    steps, notes = timed_run(tmp_path, whole.cache, 60, **settings)
    assert 0.7 * 60 < machine.seconds < 60
    assert steps[0].validated
    assert steps[0].step == 0
    assert {one.max_tokens for one in steps} == {steps[0].max_tokens}
    assert steps[-1].tokens >= steps[-1].max_tokens > 8_000
    assert not any("than foreseen" in note for note in notes)


def test_a_run_that_was_cut_short_in_error_gets_its_tokens_back(
    whole, tmp_path, machine, monkeypatch
):
    """The second update takes half of the time: by its pace the run would soon be over."""
    update, n_updates = Trainer.update, []

    def stalling(trainer, chunks):
        update(trainer, chunks)
        n_updates.append(1)
        if len(n_updates) == 2:
            machine.seconds += 25

    def still(model, stream, *_):
        return Speed(SPEED.trained_per_second, SPEED.scored_per_second, 100)

    monkeypatch.setattr(training_job, "measure_speed", still)
    monkeypatch.setattr(Trainer, "update", stalling)
    steps, notes = timed_run(tmp_path, whole.cache, 60)
    assert min(one.max_tokens for one in steps) < 0.2 * steps[0].max_tokens
    assert steps[-1].tokens >= steps[-1].max_tokens > 0.3 * steps[0].max_tokens
    assert steps[-1].validated
    assert 0.8 * 60 < machine.seconds < 60
    assert any(note.startswith("faster than foreseen") for note in notes)


@pytest.mark.parametrize("times", [1.3, 100.0])
def test_a_machine_that_gets_slower_has_fewer_tokens(whole, tmp_path, machine, monkeypatch, times):
    """Planned for so many times the speed: the run does not overrun, and its schedule ends."""

    def dreamt(*_):
        return Speed(times * SPEED.trained_per_second, SPEED.scored_per_second, 1)

    monkeypatch.setattr(training_job, "measure_speed", dreamt)
    steps, notes = timed_run(tmp_path, whole.cache, 60)
    assert 0.8 * 60 < machine.seconds < 60
    assert steps[-1].max_tokens < steps[0].max_tokens
    assert steps[-1].tokens >= steps[-1].max_tokens
    assert steps[-1].validated
    assert steps[-1].learning_rate < 0.06 * max(one.learning_rate for one in steps)
    assert any(note.startswith("slower than foreseen") for note in notes)
    assert not any("time is up" in note for note in notes)
    settings = lm.load(tmp_path / "m.safetensors").metadata["training"]["settings"]
    assert steps[-1].max_tokens <= settings["max_tokens"] < steps[0].max_tokens


def test_a_machine_that_is_slow_for_a_while_gets_its_tokens_back(
    whole, tmp_path, machine, monkeypatch
):
    update = Trainer.update

    def slow_for_a_while(trainer, chunks):
        began = machine.seconds
        update(trainer, chunks)
        if 5 < began < 15:
            machine.seconds += 2 * (machine.seconds - began)

    monkeypatch.setattr(Trainer, "update", slow_for_a_while)
    steps, _ = timed_run(tmp_path, whole.cache, 60)
    most = [one.max_tokens for one in steps]
    assert min(most) < 0.7 * most[0]
    assert most[-1] > min(most) + 0.1 * most[0]
    assert steps[-1].tokens >= most[-1]
    assert 0.8 * 60 < machine.seconds < 60


def test_time_that_is_up_all_the_same_lets_what_was_learnt_last_count(
    whole, tmp_path, machine, monkeypatch
):
    """The machine stands still near the end, too late for another plan."""
    update, tried = Trainer.update, []

    def stalling(trainer, chunks):
        update(trainer, chunks)
        if machine.seconds > 40:
            machine.seconds = max(machine.seconds, 58.5)

    monkeypatch.setattr(Trainer, "update", stalling)
    monkeypatch.setattr(Trainer, "try_mixtures", lambda _: tried.append(1))
    steps, notes = timed_run(tmp_path, whole.cache, 60)
    assert steps[-1].tokens < steps[-1].max_tokens
    assert steps[-1].validated
    assert any("time is up" in note for note in notes)
    assert tried == [1]


def test_a_run_that_was_shortened_goes_on_with_the_shorter_plan(
    whole, tmp_path, machine, monkeypatch
):
    def dreamt(*_):
        return Speed(3 * SPEED.trained_per_second, SPEED.scored_per_second, 1)

    monkeypatch.setattr(training_job, "measure_speed", dreamt)
    seen = []

    def stop(progress):
        seen.append(progress.max_tokens)
        if seen[-1] < seen[0] and len(seen) > 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planned(tmp_path, whole.cache, on_progress=stop)
    again = []
    planned(tmp_path, whole.cache, on_progress=lambda progress: again.append(progress.max_tokens))
    assert again[0] <= seen[-1] < seen[0]


def test_a_run_that_was_shortened_may_grow_again_when_it_goes_on(
    whole, tmp_path, machine, monkeypatch
):
    """Slow until it is interrupted: later it has as many tokens as were planned, and no more."""
    update, seen, again = Trainer.update, [], []
    monkeypatch.setattr(training_job, "measure_speed", lambda *_: SPEED)

    def slowly(trainer, chunks):
        before = machine.seconds
        update(trainer, chunks)
        machine.seconds += 5 * (machine.seconds - before)

    def stop(progress):
        seen.append(progress)
        if seen[-1].max_tokens < 0.5 * seen[0].max_tokens:
            raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "update", slowly)
    with pytest.raises(KeyboardInterrupt):
        planned(tmp_path, whole.cache, on_progress=stop)
    monkeypatch.setattr(Trainer, "update", update)
    began = machine.seconds
    planned(tmp_path, whole.cache, on_progress=again.append)
    assert again[0].max_tokens < 0.5 * seen[0].max_tokens
    assert again[-1].tokens >= again[-1].max_tokens == seen[0].max_tokens
    assert machine.seconds - began < 60


@pytest.mark.parametrize("plan", [{}, {"tokens": 5}, {"tokens": "many"}, [], 3])
def test_a_damaged_plan_is_named(plan):
    checkpoint = SimpleNamespace(facts={"forecast": plan})
    with pytest.raises(lm.ModelFileError, match="the run's plan does not fit"):
        Forecast.of(checkpoint, TrainConfig(), Deadline(60))


def test_a_run_of_a_version_that_kept_no_plan_goes_on():
    config = TrainConfig(max_tokens=500, evaluate_every=100)
    forecast = Forecast.of(SimpleNamespace(facts={}), config, Deadline(60))
    assert forecast == Forecast(500, 100, 6.0)


def planned(folder, cache, **changes):
    """A run planned for a time, going on with what is there."""
    arguments = {"cache": cache, "resume": True, "for_seconds": 60.0, **TINY} | changes
    lm.train(MIDI_DATA, folder / "m.safetensors", **arguments)


def stopped_after(folder, cache, n):
    """Begin a planned run and stop it by Ctrl-C after n updates; its max_tokens."""
    seen = []

    def stop(progress):
        seen.append(progress)
        if progress.step == n:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planned(folder, cache, on_progress=stop, interrupt=Interrupt())
    assert (folder / "m.run" / LAST).exists()
    return seen[-1].max_tokens


def test_a_run_that_goes_on_keeps_its_plan(whole, tmp_path, monkeypatch):
    tokens = stopped_after(tmp_path, whole.cache, 3)

    def never(*_):
        raise AssertionError("the speed was measured again")

    monkeypatch.setattr(training_job, "measure_speed", never)
    steps = []

    def stop(progress):
        steps.append(progress)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planned(tmp_path, whole.cache, on_progress=stop)
    assert [one.step for one in steps] == [4, 5, 6]
    assert {one.max_tokens for one in steps} == {tokens}
    with pytest.raises(lm.ConfigError, match=r"for_seconds was 60\.0, is 30\.0; give") as refused:
        planned(tmp_path, whole.cache, for_seconds=30.0)
    with pytest.raises(lm.ConfigError, match=r"for_seconds was 60\.0, is None; give"):
        planned(tmp_path, whole.cache, for_seconds=None)
    assert "max_tokens" not in str(refused.value)  # nobody has set that


def test_the_command_line_plans(whole, tmp_path):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
    command = [sys.executable, "-m", "lstm_music", "train", str(MIDI_DATA)]
    command += ["-o", str(tmp_path / "m.safetensors"), "--cache", str(whole.cache), *options]
    run = subprocess.run(
        [*command, "--for", "0m6s"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "for 6 seconds: " in run.stderr
    assert " nats a token, rate " in run.stderr
    assert "valid " not in run.stderr.split("for 6 seconds")[1]
