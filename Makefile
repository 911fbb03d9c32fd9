# make music | make test | make lint | make bench: each makes what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NATIVE := $(shell find src -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.inc')
SEED   ?= midi_data/chorale.mid
OUT    ?= out.mid

.PHONY: music test lint bench model clean

music: $(VENV)/.built  ## continue a real MIDI file by eight bars: out.mid
	$(BIN)/lstm-music generate --seed $(SEED) --bars 8 --rng-seed 1 --force -o $(OUT)

test: $(VENV)/.built $(VENV)/.test
	$(BIN)/python -m pytest

lint: $(VENV)/.built $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint src
	$(BIN)/mypy
	$(BIN)/stubtest --concise --ignore-missing-stub --ignore-disjoint-bases $(shell find lstm_music -name '*.pyi' | sed 's/\.pyi$$//; s|/|.|g')

bench: $(VENV)/.built
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/bench_kernels.py

model: $(VENV)/.built  ## train the bundled model again (hours; needs the corpora named in its card)
	$(BIN)/python -m lstm_music.cli.main train $(MODEL_SOURCES) $(MODEL_OPTIONS)

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/.built: $(VENV)/.created setup.py pyproject.toml $(NATIVE)
	$(BIN)/python -m pip install --quiet "Cython>=3.1,<3.4" "numpy>=2" "setuptools>=77"
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-build-isolation --editable .
	touch $@

$(VENV)/.test: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet "pytest>=8" "hypothesis>=6.100" symusic
	touch $@

$(VENV)/.dev: $(VENV)/.test
	$(BIN)/python -m pip install --quiet ruff mypy cython-lint
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info out.mid
	find lstm_music -name '*.so' -delete
