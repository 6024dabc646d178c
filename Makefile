# `make` lists the targets. Everything needed is fetched by Go itself; what else
# a target uses (browser, third-party clients) .ci/run installs.
SHELL := /bin/bash
export CGO_ENABLED := 0
GO ?= go
T ?= 10s
SOAK ?= 10m
DATA ?= sundew-data

UI := internal/web/assets/index.html

.PHONY: help go geo ui run build binaries image deb test lint fuzz interop fixtures browser screenshots soak bench demo-tapes clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

go:
	@command -v $(GO) >/dev/null || { echo "Go is missing. Install Go 1.26 or later from your distribution or go.dev/dl, and put its bin directory on PATH."; exit 1; }
	@$(GO) version | awk '{ split(substr($$3, 3), v, "."); if (v[1] < 1 || v[1] == 1 && v[2] + 0 < 26) { print "This is " $$3 "; Sundew needs Go 1.26 or later: install it and put it first on PATH."; exit 1 } }'

run: build ## Build, then listen on 127.0.0.1 and unprivileged ports.
	bin/sundew run --address 127.0.0.1 --ports unprivileged --data $(DATA) --user $$(id -u)

GEO := internal/analysis/enrich/data/geo.mmdb

# The tag has the database built into the binary.
TAGS = $(shell test -f $(GEO) && echo -tags geo)

geo: go ## Build the country and AS data that the binary carries (needs npm).
	@test -f $(GEO) || tools/geo/build $(GEO) || echo "geo: no country data; everything else works"

ui: $(UI) ## Build the dashboard's pages that the binary carries (needs Node.js and npm).

$(UI): $(shell find web/src web/build web/index.html web/*.json web/*.ts web/*.js -type f 2>/dev/null) internal/web/openapi.json
	@web/build/all

build: go geo ui ## Build bin/sundew.
	$(GO) build $(TAGS) -trimpath -ldflags="-s -w" -o bin/sundew ./cmd/sundew

IMAGE ?= sundew:latest

binaries: build
	@for a in amd64 arm64; do GOOS=linux GOARCH=$$a $(GO) build $(TAGS) -trimpath -ldflags="-s -w" -o bin/sundew-$$a ./cmd/sundew || exit 1; done

image: binaries ## Make the container image in bin/image, for docker load and as an OCI layout.
	@bin/sundew personas show default --json > bin/default.json
	cd tools && $(GO) run ./image -o ../bin/image -tag $(IMAGE) -ports ../bin/default.json ../bin/sundew-amd64 ../bin/sundew-arm64
	@sha256sum bin/image/*.tar

# A tag v1.2.3 is version 1.2.3; before the first, and between two, the commit's date and name sort it.
VERSION ?= $(shell tag=`git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null | sed s/^v//`; next=$${tag:+$$tag+}; \
  git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null | sed s/^v// | grep . || git log -1 --date=format:%Y%m%d --format="$${next:-0~}git%cd.%h" 2>/dev/null || echo 0~unknown)
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
MAINTAINER ?= Sundew developers <sundew-ics@users.noreply.github.com>

deb: binaries ## Make the Debian packages in bin/.
	@mkdir -p bin/deb && rm -f bin/sundew_*.deb
	@bin/sundew man > bin/deb/sundew.1
	@for s in bash zsh fish; do bin/sundew completion $$s > bin/deb/sundew.$$s || exit 1; done
	cd tools && $(GO) run ./deb -o ../bin -version "$(VERSION)" -date $(SOURCE_DATE_EPOCH) -maintainer "$(MAINTAINER)" -generated ../bin/deb ../bin/sundew-amd64 ../bin/sundew-arm64
	@sha256sum bin/sundew_*.deb

test: go ## Run the tests.
	$(GO) test $(TAGS) ./...

lint: go ## Vet, staticcheck, formatting.
	@test -z "$$(gofmt -l cmd internal interop personas *.go)" || { echo "not formatted (run gofmt -w):"; gofmt -l cmd internal interop personas *.go; exit 1; }
	$(GO) vet ./... ./interop
	$(GO) tool -modfile=tools/go.mod staticcheck ./...

fuzz: go ## Fuzz every codec for T each (T=10s).
	@mkdir -p bin
	@for p in $$(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do \
	  $(GO) test -c -fuzz . -o bin/fuzz.test ./$$p || exit 1; \
	  for f in $$(grep -rhoE '^func Fuzz[A-Za-z0-9_]+' $$p/*_test.go | cut -c6-); do \
	    echo "$$p $$f"; out=$$(cd $$p && $(CURDIR)/bin/fuzz.test -test.run '^$$' -test.fuzz "^$$f$$" -test.fuzztime $(T) -test.fuzzcachedir $(CURDIR)/.cache/fuzz/$$p 2>&1) && continue; \
	    case "$$out" in *"Failing input"*|*"seed corpus"*) ;; *"context deadline exceeded"*) echo "  Go's fuzzer ran into its own deadline: no finding"; continue;; esac; \
	    echo "$$out"; exit 1; done; done

interop: build ## Point third-party clients at the built binary.
	$(GO) test -tags interop -count=1 -timeout 30m -parallel 3 -v ./interop

fixtures: build ## Record the sessions by which the rules are judged into bin/fixtures (root).
	@mkdir -p bin/fixtures
	@for s in tuning check tools; do .cache/venv/bin/python interop/fixtures/record.py bin/sundew $$s bin/fixtures $(WORDS) || exit 1; done

browser: build ## Use the dashboard in a headless Chromium.
	cd web && npm run check && node --test --test-concurrency=1 test/*.test.mjs

screenshots: build ## Make docs/screenshots anew.
	cd web && node test/screenshots.mjs

soak: build ## Every persona under all loads at once, for SOAK (10m).
	SOAK=$(SOAK) $(GO) test -tags interop -count=1 -timeout 0 -v -run '^TestSoak$$' ./interop

bench: build ## Measure the built binary beside a bare echo server.
	$(GO) test -tags bench -count=1 -timeout 30m -v -run Bench ./interop

demo-tapes: build ## Record the demo's conversations anew from the built binary.
	$(GO) run ./internal/demo/record -sundew bin/sundew

clean: ## Remove what was built.
	rm -rf bin web/generated internal/web/assets/assets internal/web/assets/*.html* internal/web/assets/*.json* internal/web/assets/*.txt*
