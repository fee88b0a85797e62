# The two commands of the README, and those that developers need. `make help` lists them.
#
# Nothing here needs more than POSIX sh and make; what is missing is installed by .ci/install-packages,
# which leaves a machine alone where all is there.

# Swift, where it usually is when it is not on PATH. SWIFT=/path/to/swift overrides it.
SWIFT ?= $(shell PATH="$$PATH:/usr/bin:/opt/swift/usr/bin:$$HOME/.local/share/swiftly/bin"; \
  command -v swift)
# Where `make run` puts the site, and more flags for pxebuild (ARGS=-v).
OUT ?= out
ARGS ?=

RELEASE := .build-release
PXEBUILD := $(RELEASE)/pxebuild
# The generated code keeps its own form.
SWIFT_FILES = find Package.swift Sources Tests -name '*.swift' ! -name '*.pb.swift' -print0

.PHONY: help run test lint unit build bench proto packages clean swift
.DEFAULT_GOAL := help

help:
	@echo 'make run     install what is missing, build pxebuild, build the site of recipes/ into $(OUT)/'
	@echo 'make test    install what is missing, check the form of the code, run every test'
	@echo 'make build   only build pxebuild ($(PXEBUILD))'
	@echo 'make bench   measure against make, ninja and cp; writes Benchmarks/RESULTS.md'
	@echo 'make proto   write the Swift code of the .proto file anew'
	@echo 'make clean   remove what was built; the cache stays (pxebuild cache gc cleans that)'

# Says where Swift comes from when there is none.
swift:
	@if [ -z "$(SWIFT)" ]; then \
	  echo 'make: there is no Swift on PATH, in /usr/bin, /opt/swift or ~/.local/share/swiftly.' >&2; \
	  echo 'make: https://www.swift.org/install/linux/ says how to get it (6.2 or newer);' >&2; \
	  echo 'make: or say where it is: make SWIFT=/path/to/swift ...' >&2; \
	  exit 69; \
	fi

run: swift
	@.ci/install-packages run
	@$(MAKE) --no-print-directory $(PXEBUILD)
	$(PXEBUILD) all --recipes recipes --output $(OUT) --allow-prebuilt $(ARGS)
	@echo
	@echo 'The site is in $(OUT)/. What to do next:'
	@echo '  - see what it is made of: recipes/site.yaml holds the addresses, recipes/ipxe.yaml the targets'
	@echo '  - start a site of your own:  $(PXEBUILD) init my-site'
	@echo '  - build it:                  $(PXEBUILD) all --recipes my-site'
	@echo '  - serve it: $(OUT)-conf/ has what the DHCP and the TFTP server read (README.md)'

build: swift
	@.ci/install-packages run
	@$(MAKE) --no-print-directory $(PXEBUILD)

# SwiftPM knows best what to compile, but takes seconds to find out that it is nothing. Without its
# symbols the program starts quicker.
$(PXEBUILD): Package.swift $(shell find Sources -type f)
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path $(RELEASE) --product pxebuild
	strip -o $@ $(RELEASE)/release/pxebuild

test: swift
	@.ci/install-packages test
	@$(MAKE) --no-print-directory lint unit

lint: swift
	$(SWIFT_FILES) | xargs -0 $(SWIFT) format lint --strict

# One after the other: tests that start whole builds and kill them starve beside hundreds of others, and
# the real upstream's compilers take every core.
unit: swift
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --skip '^EndToEndTests\.' --skip '\.UpstreamTests/'
	$(SWIFT) test --skip-build --filter '^EndToEndTests\.' --skip '\.RealUpstreamTests/'
	$(SWIFT) test --skip-build --filter '\.RealUpstreamTests/' --filter '\.UpstreamTests/'

bench: swift
	@.ci/install-packages bench
	@$(MAKE) --no-print-directory $(PXEBUILD)
	PXEBUILD=$(PXEBUILD) python3 -B Benchmarks/run.py $(ARGS)

# The plug-in is built from the very version of swift-protobuf that the code is linked with.
PROTO := Sources/RemoteExecutionAPI
proto: swift
	@.ci/install-packages proto
	$(SWIFT) package resolve
	$(SWIFT) build -c release --package-path .build/checkouts/swift-protobuf \
	  --scratch-path .build-proto --product protoc-gen-swift
	protoc --plugin=.build-proto/release/protoc-gen-swift --proto_path=$(PROTO) \
	  --swift_opt=Visibility=Public --swift_out=$(PROTO) remote_execution.proto

clean:
	rm -rf .build .build-release .build-proto $(OUT) $(OUT)-conf
