# `make run` and `make test` are all that a fresh machine needs: both create the environment.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SAMPLE := data/01_raw/sample
# Two at a time, one file in one process: its tests share what they prepare. More would need more
# memory than small machines have; each computes with one thread, so that they leave room.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
# Cell ids stay: new ones would be a change of every cell.
NBSTRIPOUT_OPTIONS := --keep-id --extra-keys 'metadata.kernelspec metadata.language_info'

# Nothing of a run leaves the machine.
export KEDRO_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.PHONY: run
run: $(INSTALLED) $(SAMPLE)  ## draw the sample, train on it, write the report
	@$(BIN)/kedro run --env sample
	@echo
	@echo "Report     $$(ls -d $(CURDIR)/data/08_reporting/report.html/*/report.html | tail -n 1)"
	@echo "           open it in a browser"
	@echo "Map        $$(ls -d $(CURDIR)/data/08_reporting/embedding_map.html/*/embedding_map.html | tail -n 1)"
	@echo "Images     $$(ls -d $(CURDIR)/data/08_reporting/data_report.html/*/data_report.html | tail -n 1)"
	@echo "Kedro-Viz  make viz       then open http://127.0.0.1:4141"
	@echo "MLflow     make mlflow    then open http://127.0.0.1:5000/#/experiments/1/runs?workflowType=machine_learning"

.PHONY: test
test: $(INSTALLED)  ## run the fast tests
	@$(PYTEST) --cov -m 'not slow'

.PHONY: test-all
test-all: $(INSTALLED)  ## run the slow tests: kills, several processes, browsers, notebooks
	@$(PYTEST) -m slow

.PHONY: install
install: $(INSTALLED)  ## create the environment, with the tools for tests and lint

# Made anew when the dependencies change, else once.
$(INSTALLED): pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is missing: make $@ PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV), some 7 GB: minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

.PHONY: sample
sample: $(SAMPLE)  ## draw the embedded sample

$(SAMPLE): | $(INSTALLED)
	@$(BIN)/python -m plankton_embedding.images.sample $@

.PHONY: notebooks
notebooks: $(INSTALLED)  ## open the notebooks, with the parameters of the sample
	@$(BIN)/python -c 'import jupyterlab' 2> /dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[notebooks]'
	KEDRO_ENV=sample $(BIN)/python -m jupyterlab notebooks

.PHONY: strip
strip: $(INSTALLED)  ## take outputs and kernel names out of the notebooks
	$(BIN)/nbstripout $(NBSTRIPOUT_OPTIONS) notebooks/*.ipynb

.PHONY: strip-on-add
strip-on-add: $(INSTALLED)  ## have git strip notebooks that are added, in this clone
	@git config filter.nbstripout.clean "'$(CURDIR)/$(BIN)/nbstripout' $(NBSTRIPOUT_OPTIONS)"

.PHONY: lint
lint: $(INSTALLED)  ## check style, types and the direction of imports
	@$(BIN)/nbstripout $(NBSTRIPOUT_OPTIONS) --verify notebooks/*.ipynb || { echo "notebooks hold outputs: make strip"; exit 1; }
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: docs
docs: $(INSTALLED)  ## build the documentation into build/docs; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Documentation  $(CURDIR)/build/docs/index.html"

.PHONY: bench
bench: $(INSTALLED) $(SAMPLE)  ## measure the main job on the sample
	@$(BIN)/python -m benchmarks.main_job

.PHONY: bench-data
bench-data: $(INSTALLED) $(SAMPLE)  ## measure scan, store and reads (20 minutes; needs ImageMagick)
	@$(BIN)/python -m benchmarks.data

.PHONY: bench-training
bench-training: $(INSTALLED) $(SAMPLE)  ## measure the training: steps, memory, recipes (an hour)
	@$(BIN)/python -m benchmarks.training

.PHONY: bench-accuracy
bench-accuracy: $(INSTALLED)  ## measure accuracy on real plankton (two hours; needs ../shared)
	@$(BIN)/python -m benchmarks.accuracy

.PHONY: bench-backbones
bench-backbones: $(INSTALLED)  ## measure the speed of several backbones (10 minutes)
	@$(BIN)/python -m benchmarks.backbones

.PHONY: bench-reporting
bench-reporting: $(INSTALLED)  ## measure the report on random embeddings (10 minutes)
	@$(BIN)/python -m benchmarks.reporting

.PHONY: bench-start
bench-start: $(INSTALLED)  ## measure how long commands take to start (needs a finished `make run`)
	@$(BIN)/python -m benchmarks.start

.PHONY: sweep
sweep: $(INSTALLED) $(SAMPLE)  ## compare losses, miners, margins and frozen epochs on the sample (9 minutes)
	@$(BIN)/kedro sweep --env sample

.PHONY: viz
viz: $(INSTALLED)  ## show the pipelines in Kedro-Viz
	$(BIN)/kedro viz run --env sample

.PHONY: mlflow
mlflow: $(INSTALLED)  ## show the runs in the MLflow UI
	$(BIN)/mlflow ui --host 127.0.0.1 --port 5000 --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db}"

.PHONY: clean
clean:  ## remove the environment, the sample and all that runs wrote
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage build .viz
	rm -rf mlflow.db mlflow.db-* mlartifacts
	rm -rf data/01_raw/sample data/01_raw/sample.partial
	find data/0[2-8]_* -mindepth 1 -not -name .gitkeep -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
