# Everything a developer or CI runs. `make` alone lists the targets.
# Works with GNU make 3.81 and later.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# One build configuration for all Go runs: they share a cache, and no C compiler is needed.
CGO_ENABLED := 0
export CGO_ENABLED

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
IMG ?= foundation-operator:$(VERSION)
LDFLAGS := -s -w -X main.version=$(VERSION)

TOOLS := $(CURDIR)/bin/tools
TOOLS_BUILT := bin/tools/.built
TOOLS_SRC := hack/tools/go.mod hack/tools/golangci-lint/main.go hack/tools/govulncheck/main.go # not go.sum: "go mod tidy" touches it
CONTROLLER_GEN := $(TOOLS)/controller-gen
CRD_REF_DOCS := $(TOOLS)/crd-ref-docs
GOLANGCI_LINT := $(TOOLS)/golangci-lint
GOVULNCHECK := $(TOOLS)/govulncheck
CYCLONEDX := $(TOOLS)/cyclonedx-gomod

TEST_TIMEOUT ?= 20m
# Suites wait a good part of the time, and a tenth of the rest is garbage collection: these values are the fastest on two cores.
TEST_PACKAGES ?= 3
TEST_GOGC ?= 400
LONGEST_FIRST := ./test/e2e ./test/programme ./test/stories
GO_TEST := KUBEBUILDER_ASSETS=$(CURDIR)/.lab/bin go test -timeout $(TEST_TIMEOUT)

# The pinned modules that have code of their own.
PINS_WITH_CODE := hack/lab/pins/coredns hack/lab/pins/localpath

##@ Start here

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: build ## Show the operator at work on a local cluster.
	LAB_NODES='$(LAB_NODES)' go run ./hack/demo

.PHONY: build
build: preflight ## Build the binaries in cmd/ into bin/.
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

.PHONY: test
test: lab-node-build build ## Run every test.
	GOGC=$(TEST_GOGC) $(GO_TEST) -p $(TEST_PACKAGES) $(LONGEST_FIRST) ./...
	@for module in $(PINS_WITH_CODE); do go -C "$$module" test ./... || exit 1; done

.PHONY: verify
verify: preflight ## Regenerate and lint; fail if a generated file changed.
	@hack/tools/verify.sh

##@ The lab: a control plane on this machine

.PHONY: lab-build
lab-build: preflight ## Build the control plane's binaries.
	go run ./hack/lab build

.PHONY: lab-node-build
lab-node-build: preflight ## Build those of real nodes as well, where there can be some: on Linux, as root, with a few Debian packages.
	LAB_REAL_NODES=1 go run ./hack/lab build

.PHONY: lab-node
lab-node: preflight ## Add a real node to the lab that runs, with containers; LAB_REAL_NODES=n sets how many it shall have.
	LAB_REAL_NODES='$(LAB_REAL_NODES)' go run ./hack/lab node

.PHONY: lab-up
lab-up: build ## Start it with the operator; LAB_NODES=n sets the simulated nodes, LAB_REAL_NODES=n the real ones, LAB_KARPENTER=0 leaves out Karpenter.
	LAB_NODES='$(LAB_NODES)' LAB_REAL_NODES='$(LAB_REAL_NODES)' LAB_KARPENTER='$(LAB_KARPENTER)' go run ./hack/lab up

.PHONY: lab-status
lab-status: preflight ## Report what runs.
	go run ./hack/lab status

.PHONY: lab-down
lab-down: preflight ## Stop it.
	go run ./hack/lab down

##@ Tests

.PHONY: test-one
test-one: lab-build build ## Run one test: make test-one PKG=./controllers/team RUN=TestName.
	$(GO_TEST) -count=1 -v -run '$(RUN)' $(or $(PKG),$(error set PKG, for example PKG=./controllers/team))

.PHONY: test-race
test-race: lab-build build ## Run every test under the race detector (needs a C compiler).
	CGO_ENABLED=1 $(GO_TEST) -race ./...

.PHONY: test-attack
test-attack: lab-build ## Have every account try every attack on a whole control plane; takes minutes.
	go test -c -o bin/attack.test ./test/attack
	@cd test/attack && FULL=1 $(CURDIR)/bin/attack.test -test.timeout $(TEST_TIMEOUT)

.PHONY: test-attack-mutants
test-attack-mutants: lab-build ## Break each part of each guard; a test has to fail. Takes up to half an hour.
	go test -c -o bin/attack.test ./test/attack
	@cd test/attack && MUTANTS=1 $(CURDIR)/bin/attack.test -test.run TestMutants -test.timeout 60m

.PHONY: test-faults
test-faults: lab-build build ## Try what can go wrong, all of it: faults, crashes, switches of the leader, edits, orders of events; takes 65 to 80 minutes alone on two cores. FAULTS=name,name chooses some.
	GOGC=$(TEST_GOGC) KUBEBUILDER_ASSETS=$(CURDIR)/.lab/bin go run ./hack/faults

.PHONY: test-node
test-node: lab-node-build build ## Try what only a real node shows: containers, packets, devices, nodes that fail, the operator in a pod; takes minutes.
	FULL=1 $(GO_TEST) -count=1 -v ./test/node

.PHONY: scale
scale: lab-build build ## Measure five teams of 1,000 GPUs, 1,000 teams that end at once, and the largest objects; takes minutes.
	SCALE=1 $(GO_TEST) -count=1 -v -run TestScale ./test/stories
	SCALE=1 $(GO_TEST) -count=1 -v -run TestThousandTeams ./test/programme
	FULL=1 $(GO_TEST) -count=1 -v -run TestLargest ./test/crd

.PHONY: bench
bench: lab-build build ## Measure how fast the operator is, beside a bare client; takes half an hour. BENCH=provision,idle,restart,pods,edit,end,fairness,nodes, BENCH_TEAMS=100,400,1000, BENCH_NODES=2000 and BENCH_RUNS=1 choose.
	KUBEBUILDER_ASSETS=$(CURDIR)/.lab/bin go run ./hack/bench

.PHONY: test-fairness
test-fairness: lab-build build ## Measure what a flood by one team costs another; takes minutes on a quiet machine.
	FAIRNESS=1 $(GO_TEST) -count=1 -v ./test/fairness

.PHONY: cover
cover: lab-build build ## Run every test and report the coverage.
	$(GO_TEST) -coverpkg=./api/...,./cmd/...,./controllers/...,./internal/... -coverprofile=cover.out ./...
	@go tool cover -func=cover.out | tail -n 1

##@ Code

.PHONY: generate
generate: tools ## Generate deepcopy and apply configurations.
	@hack/tools/fresh.sh api 'zz_generated.*.go' \
		$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/...
	@hack/tools/fresh.sh internal/karpenter 'zz_generated.*.go' \
		$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./internal/karpenter
	@hack/tools/fresh.sh api '*/applyconfiguration/*.go' \
		$(CONTROLLER_GEN) applyconfiguration:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: tools ## Generate CRDs and RBAC into config/.
	@hack/tools/fresh.sh config/crd/bases '*.yaml' \
		$(CONTROLLER_GEN) crd paths=./api/... output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=foundation-operator paths=./controllers/... output:rbac:dir=config/rbac

.PHONY: api-docs
api-docs: tools ## Generate docs/reference.md.
	@mkdir -p docs
	$(CRD_REF_DOCS) --config hack/tools/crd-ref-docs/config.yaml --templates-dir hack/tools/crd-ref-docs \
		--renderer markdown --log-level ERROR --source-path api --output-path docs/reference.md

.PHONY: access-docs
access-docs: preflight ## Generate docs/access-table.md.
	go run ./hack/accessdocs

.PHONY: metrics-docs
metrics-docs: preflight ## Generate docs/metrics.md.
	go run ./hack/metricsdocs

.PHONY: lint
lint: tools ## Lint.
	$(GOLANGCI_LINT) run
	@for module in $(PINS_WITH_CODE); do echo "lint $$module" && (cd "$$module" && $(GOLANGCI_LINT) run) || exit 1; done

.PHONY: lint-fix
lint-fix: tools ## Lint, and fix what can be fixed.
	$(GOLANGCI_LINT) run --fix

.PHONY: fmt
fmt: tools ## Format.
	$(GOLANGCI_LINT) fmt

# Not hack/tools/sbom: that would download half a gigabyte on each clean machine, to change nothing.
.PHONY: tidy
tidy: preflight ## Tidy the Go modules.
	@git ls-files --cached --others --exclude-standard -- go.mod '*/go.mod' ':!hack/tools/sbom' ':!*/testdata/*' | while read -r mod; do \
		echo "go -C $$(dirname "$$mod") mod tidy" && go -C "$$(dirname "$$mod")" mod tidy || exit 1; \
	done

##@ Supply chain

.PHONY: vuln
vuln: tools ## Look for known vulnerabilities in code that is called; GOVULNDB=file:///dir is a copy of the database.
	go -C hack/tools test ./govulncheck
	$(GOVULNCHECK) ./cmd/...

.PHONY: sbom
sbom: build $(CYCLONEDX) ## Write bin/manager.cdx.json: what the manager is made of, as CycloneDX.
	$(CYCLONEDX) bin -json -std -noserial -notimestamp -version '$(VERSION)' -output bin/manager.cdx.json bin/manager

# A module of its own: it has many dependencies that no other tool needs, and is needed only for a release.
$(CYCLONEDX): hack/tools/sbom/go.mod
	go -C hack/tools/sbom build -trimpath -o $(TOOLS)/ tool

##@ Housekeeping

.PHONY: docker-build
docker-build: ## Build the image; IMG=name:tag names it.
	docker build --build-arg VERSION='$(VERSION)' --build-arg REVISION='$(REVISION)' -t '$(IMG)' .

.PHONY: tools
tools: preflight $(TOOLS_BUILT) ## Build the pinned tools into bin/tools.

$(TOOLS_BUILT): $(TOOLS_SRC)
	go -C hack/tools build -trimpath -o $(TOOLS)/ tool
	@touch $@

.PHONY: clean
clean: ## Remove what was built; the lab's binaries stay.
	rm -rf bin cover.out

.PHONY: preflight
preflight:
	@command -v git >/dev/null || { echo 'git is missing: install it first' >&2; exit 1; }
	@command -v go >/dev/null || { echo "go is missing: install Go $$(sed -n 's/^go //p' go.mod) or newer" >&2; exit 1; }
	@why=$$(go list -m 2>&1 >/dev/null) || { echo "this Go cannot build the project: $$why" >&2; exit 1; }
