# make music | make studio | make demo | make test | make test-debug | make fuzz | make lint | make docs | make bench: each makes what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NATIVE := $(shell find src -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.inc')
SEED   ?= midi_data/chorale.mid
OUT    ?= out.mid
# Where the music that NOTICE names lies, to train the bundled models again.
DATA   ?= ../shared/data
CORPUS ?= build/models.cache
VENDOR := lstm_music/studio/static/vendor
MUSIC  := groove open_ewld openscore_lieder openscore_quartets openscore_orchestra nifc_chopin \
    nifc_piano nifc_songs nifc_chamber mutopia freedoom blasphemer easyrpg_rtp simutrans

FUZZ_SECONDS ?= 600

# For the debug build: what drives every compiled module, less what takes minutes to do so again
# (finite differences), and what drives NumPy, or CUDA's sources, which g++ compiles by themselves.
DEBUG_TESTS := --ignore tests/backends/gpu -k "not finite_differences and not public_interface and not reference]" \
    tests/kernels tests/backends tests/nn/test_cell.py tests/midi/test_scan.py \
    tests/midi/test_scan_damage.py tests/midi/test_grid.py tests/midi/test_fuzz_corpus.py \
    tests/tokens/test_automaton.py tests/tokens/test_conditioning.py tests/tokens/test_memory.py \
    tests/generate/test_precision.py \
    tests/generate/test_infill.py

.PHONY: music studio demo test test-demo test-debug fuzz lint docs pages bench models vendor clean

# One of the bundled models; what differs between them stands below.
train_model = $(BIN)/lstm-music train $(CORPUS) -o lstm_music/pretrained/$(1).safetensors --force \
    --data-card lstm_music/pretrained/$(1).toml --storage float16 \
    --batch-size 8 --chunk-steps 128

music: $(VENV)/.built  ## continue a real MIDI file by eight bars: out.mid
	$(BIN)/lstm-music generate --seed $(SEED) --bars 8 --rng-seed 1 --force -o $(OUT)

studio: $(VENV)/.built $(VENV)/.studio  ## compose in the browser
	$(BIN)/lstm-music studio

demo: $(VENV)/.built  ## the studio as a static folder that composes without a server: build/demo
	examples/browser/build build/demo

test-demo: demo $(VENV)/.test
	$(BIN)/python -m pytest tests/demo

test: $(VENV)/.built $(VENV)/.test $(VENV)/.npm
	$(BIN)/python -m pytest -n auto --ignore tests/demo

test-debug: $(VENV)/.built $(VENV)/.test  ## indices checked, AddressSanitizer and UBSan watching
	LSTM_MUSIC_DEBUG=1 $(BIN)/python setup.py --quiet build --build-lib build/debug/lib
	LSTM_MUSIC_DEBUG=1 PYTHONPATH=build/debug/lib PYTHONMALLOC=malloc \
	    ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	    LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	    $(BIN)/python -P -m pytest -n auto -p no:cacheprovider $(DEBUG_TESTS)

fuzz: $(VENV)/.built $(VENV)/.test  ## hunt for bytes that break the reader; needs clang
	$(BIN)/python -m pip install --quiet atheris
	$(BIN)/python tests/fuzz/build.py build/fuzz
	$(BIN)/python tests/fuzz_corpus.py unpack build/fuzz/seeds
	mkdir -p build/fuzz/found
	LD_PRELOAD="$$($(BIN)/python -c 'import atheris; print(atheris.path())')/asan_with_fuzzer.so" \
	    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
	    PYTHONPATH=build/fuzz:tests $(BIN)/python -P tests/fuzz/fuzz_read.py \
	    build/fuzz/found build/fuzz/seeds midi_data -dict=tests/fuzz/midi.dict -max_len=1024 \
	    -timeout=10 -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/

lint: $(VENV)/.built $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint src
	$(BIN)/mypy
	$(BIN)/stubtest --concise --ignore-missing-stub --ignore-disjoint-bases --mypy-config-file pyproject.toml $(shell find lstm_music -name '*.pyi' | sed 's/\.pyi$$//; s|/|.|g')

docs: $(VENV)/.built $(VENV)/.docs  ## the site: build/site/index.html, to be read without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	$(BIN)/python docs/site/check.py build/site

pages: $(VENV)/.built $(VENV)/.docs  ## write the pages that are made from the code and the models again
	for page in cells controls papers models gates animation; do $(BIN)/python docs/make_$$page.py || exit 1; done

bench: $(VENV)/.built
	$(BIN)/python benchmarks/startup.py
	$(BIN)/lstm-music bench read midi_data
	$(BIN)/lstm-music bench tokenize midi_data
	$(BIN)/lstm-music bench train
	$(BIN)/lstm-music bench train --cells
	$(BIN)/lstm-music bench step
	$(BIN)/lstm-music bench generate

models: $(VENV)/.built  ## train the bundled models again (some hours); DATA: the folders of NOTICE
	$(BIN)/lstm-music corpus build music21:chorales music21:tunes $(MUSIC:%=$(DATA)/%) \
	    $(DATA)/openhymnal=hymn -o $(CORPUS)
	$(call train_model,default) --cell layernorm-lstm --no-residual --balance 0.5 \
	    --learning-rate 0.0025 --dropout 0.1 --max-tokens 58000000 --evaluate-every 12000000 \
	    --rng-seed 1
	$(call train_model,default) --from lstm_music/pretrained/default.safetensors --balance 0.5 \
	    --learning-rate 0.0015 --warmup 0.01 --dropout 0.1 --max-tokens 60000000 \
	    --evaluate-every 6000000 --rng-seed 3
	$(call train_model,chorale) --style chorale --from default --learning-rate 0.0015 \
	    --dropout 0.15 --max-tokens 6000000 --evaluate-every 500000 --rng-seed 5 --batch-size 16
	$(call train_model,folk) --style folk --from default --learning-rate 0.0015 \
	    --dropout 0.1 --max-tokens 6000000 --evaluate-every 1000000 --rng-seed 5
	$(call train_model,drums) --style drums --from default --learning-rate 0.0015 \
	    --dropout 0.3 --max-tokens 16000000 --evaluate-every 2000000 --straight-drums 0.1 \
	    --rng-seed 5 --precision bfloat16
	$(call train_model,piano) --style piano --from default --learning-rate 0.0015 \
	    --dropout 0.05 --max-tokens 40000000 --evaluate-every 4000000 --rng-seed 7 \
	    --batch-size 16 --precision amx

# One module of what plays SoundFonts, with its licence; NOTICE names what is in it.
vendor:  ## fetch the studio's SoundFont synthesiser again: lstm_music/studio/static/vendor
	npm install --silent --no-package-lock --no-audit --no-fund --prefix build/vendor \
	    spessasynth_core@4.3.22 stb-vorbis@0.0.6 esbuild@0.28.2
	echo 'export { SoundBankLoader, SpessaSynthProcessor } from "spessasynth_core";' | \
	    (cd build/vendor && node_modules/.bin/esbuild --bundle --format=esm --minify --target=es2022 \
	    --banner:js="// spessasynth_core 4.3.22, Apache 2.0: see LICENSE.txt here, and NOTICE") \
	    > $(VENDOR)/spessasynth_core.js
	cp build/vendor/node_modules/spessasynth_core/LICENSE $(VENDOR)/LICENSE.txt

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/.built: $(VENV)/.created setup.py pyproject.toml $(NATIVE)
	$(BIN)/python -m pip install --quiet "Cython>=3.1,<3.4" "numpy>=2" "setuptools>=77"
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-build-isolation --editable .
	touch $@

$(VENV)/.test: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet "pytest>=8.2" pytest-xdist "hypothesis>=6.100" symusic pretty_midi distributed mpi4py mpich tensorboardX cma scikit-learn starlette uvicorn python-osc python-rtmidi JACK-Client playwright nvidia-cuda-nvrtc-cu12
	touch $@

$(VENV)/.studio: $(VENV)/.created
	$(BIN)/python -m pip install --quiet "starlette>=0.40" "uvicorn>=0.30"
	touch $@

# What checks the studio's JavaScript and its use without a screen or a mouse; the page needs neither.
$(VENV)/.npm: $(VENV)/.created Makefile
	npm install --silent --no-package-lock --no-audit --no-fund --prefix $(VENV)/npm \
	    typescript@5.9.3 axe-core@4.14.1
	touch $@

$(VENV)/.dev: $(VENV)/.test
	$(BIN)/python -m pip install --quiet ruff mypy cython-lint pycodestyle
	touch $@

$(VENV)/.docs: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet mkdocs-material "mkdocstrings[python]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info out.mid
	find lstm_music -name '*.so' -delete
