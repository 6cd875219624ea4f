# make setup   what `make run` needs: .venv, system libraries, the plate reader's models
# make run     the site with its virtual car park; control room on http://127.0.0.1:8080
# make test    what the tests need, then every check
# make bench   the benchmark table
# make soak    what takes hours; writes its figures to docs/soak.md
# make wheel   what a car park installs: dist/ with the wheel and the lock files (docs/install)
# make clean   takes away .venv and what the tools leave behind (the site's data stays)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CONFIG ?= config.toml
SPEED ?= 20
JOBS ?= 3
PEERS := tests/peers/node_modules

.PHONY: help setup setup-test models run test bench soak wheel clean lock

help:
	@sed -n '1,/^$$/s/^# //p' Makefile

# --- what is needed, made once; a stamp says it is there ---

setup: .venv/.system .venv/.run models

setup-test: .venv/.system .venv/.system-test .venv/.test $(PEERS)/.made models

.venv/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "daozha needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || $(call install,python3-venv,Python's venv module)
	"$(PYTHON)" -m venv .venv
	@touch $@

.venv/.run: requirements.txt pyproject.toml .venv/.made
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.test: requirements-dev.txt pyproject.toml .venv/.made
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ .venv/.run

# PLCs and WeChat Pay clients that nobody here wrote, for the tests.
$(PEERS)/.made: tests/peers/package-lock.json .venv/.system-test
	cd tests/peers && npm ci --silent
	@touch $@

models: | .venv/.made
	@$(BIN)/python -m lpr.models

# --- Debian packages, only those that are missing ---

# $(call install,PACKAGES,WHAT FOR)
install = { echo "installing $(1) for $(2)"; \
  command -v apt-get > /dev/null || { echo "there is no apt-get here: install $(1) by hand" >&2; exit 2; }; \
  root=; [ "$$(id -u)" = 0 ] || root=sudo; \
  $$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$root apt-get install -y -qq --no-install-recommends $(1) > /dev/null; }

has_library = PATH="$$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null | grep '$(1)' > /dev/null
has_rtsp = /usr/bin/python3 lpr/sim/rtsp_server.py --check > /dev/null 2>&1
has_postgres = ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || command -v initdb > /dev/null
has_font = ls /usr/share/fonts/opentype/noto/NotoSansCJK* > /dev/null 2>&1

.venv/.system: .venv/.made
	@wanted=; \
	$(call has_library,libGL.so.1) || wanted="$$wanted libgl1"; \
	$(call has_library,libgthread-2.0.so.0) || wanted="$$wanted libglib2.0-0"; \
	$(has_font) || wanted="$$wanted fonts-noto-cjk"; \
	[ -z "$$wanted" ] || $(call install,$$wanted,the plate reader and the drawn plates)
	@touch $@

.venv/.system-test: .venv/.made
	@wanted=; \
	command -v chromium > /dev/null || wanted="$$wanted chromium"; \
	command -v mbpoll > /dev/null || wanted="$$wanted mbpoll"; \
	command -v influxd > /dev/null || wanted="$$wanted influxdb"; \
	command -v victoria-metrics > /dev/null || wanted="$$wanted victoria-metrics"; \
	$(has_postgres) || wanted="$$wanted postgresql"; \
	command -v gcc > /dev/null || wanted="$$wanted gcc libc6-dev"; \
	$(has_rtsp) || wanted="$$wanted python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"; \
	test -e /usr/include/modbus/modbus.h || wanted="$$wanted libmodbus-dev"; \
	PATH="$$PATH:/usr/sbin" command -v slapd > /dev/null && command -v ldapmodify > /dev/null || wanted="$$wanted slapd ldap-utils"; \
	command -v npm > /dev/null || wanted="$$wanted nodejs npm"; \
	command -v systemd-analyze > /dev/null || wanted="$$wanted systemd"; \
	[ -z "$$wanted" ] || $(call install,$$wanted,the tests); \
	for server in influxdb victoria-metrics postgresql slapd nginx; do \
	  case "$$wanted" in *$$server*) $(stop_server) ;; esac; \
	done
	@touch $@

# These packages start a server of their own; the tests start theirs.
stop_server = { root=; [ "$$(id -u)" = 0 ] || root=sudo; \
  if [ -d /run/systemd/system ]; then $$root systemctl disable --now $$server > /dev/null 2>&1 || true; \
  else $$root service $$server stop > /dev/null 2>&1 || true; fi; }

# --- what people do ---

run: setup
	@exec $(BIN)/daozha run --config $(CONFIG) --with-sim --speed $(SPEED)

test: setup-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	@nice -n 19 $(BIN)/mypy & types=$$!; $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal && tests=0 || tests=$$?; \
	  wait $$types || { echo "types are wrong: what mypy said stands above" >&2; exit 1; }; exit $$tests

bench: setup-test
	@failed=; for one in tests/bench/bench_*.py; do \
	  echo "== $$one"; $(BIN)/python "$$one" || failed="$$failed $$one"; \
	done; [ -z "$$failed" ] || { echo "not kept:$$failed" >&2; exit 1; }

soak: setup-test
	$(BIN)/python tests/soak/run.py

wheel: setup
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel
	cp requirements.txt requirements-postgres.txt dist/

clean:
	rm -rf .venv $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Writes the lock files anew from pyproject.toml. Without any index address, so that they hold everywhere.
LOCK = $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml
lock: setup-test
	$(LOCK) --extra build -o requirements.txt
	$(LOCK) --extra build --extra postgres -c requirements.txt -o requirements-postgres.txt
	$(LOCK) --extra build --extra dev -c requirements.txt -o requirements-dev.txt
