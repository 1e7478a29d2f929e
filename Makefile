# Peil. `make help` lists what there is.
SHELL := /bin/bash
GO    ?= go
BIN   := bin
TOOLS := $(shell $(GO) env GOPATH)/bin
GOLANGCI_VERSION := v2.15.0
GOFUMPT_VERSION  := v0.12.0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/peil
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/peil ./cmd/peil

.PHONY: run
run: build ## measure a simulated country, show the table, write out/report.html and out/results.jsonl
	@$(BIN)/peil demo --once --out out

.PHONY: test
test: programs ## all tests that must pass before a change lands (race detector on)
	$(GO) test -race -shuffle=on -timeout 20m ./...

.PHONY: test-all
test-all: programs ## test, and the slow ones: large countries, long comparisons, long fuzzing
	PEIL_TEST_ALL=1 $(GO) test -race -shuffle=on -timeout 90m ./...
	scripts/fuzz 60s

.PHONY: bench
bench: programs build ## the benchmarks of docs/benchmarks.md, printed with what they measured
	scripts/bench

.PHONY: lint
lint: tools ## gofumpt, go vet, golangci-lint
	@bad=$$($(TOOLS)/gofumpt -l cmd internal test tools *.go); if [ -n "$$bad" ]; then echo "not formatted (gofumpt -w):"; echo "$$bad"; exit 1; fi
	$(GO) vet ./...
	$(TOOLS)/golangci-lint run ./...

.PHONY: fuzz
fuzz: ## each fuzz target for a few seconds
	scripts/fuzz 3s

.PHONY: tools
tools: # the linters, at fixed versions
	@test -x $(TOOLS)/gofumpt || $(GO) install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)
	@$(TOOLS)/golangci-lint version 2>/dev/null | grep -q '$(GOLANGCI_VERSION:v%=%)' || $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: programs
programs: # the real servers and the independent eyes that tests compare with
	@scripts/programs

.PHONY: clean
clean: ## remove what was built and written
	rm -rf $(BIN) out
