# The front door; everything is in xtask/. ARGS go along: make run ARGS="--port 9000"
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: run test bench check cargo

run: cargo
	@echo "==> building the build tool"
	@cargo xtask run -- $(ARGS)

test: cargo
	@echo "==> building the build tool"
	@cargo xtask test $(ARGS)

bench: cargo
	@cargo xtask bench -- $(ARGS)

check: cargo
	@cargo xtask check

cargo:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.95 or newer (https://rustup.rs) and try again" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "cc is missing: install a C compiler (Debian, Ubuntu: apt-get install build-essential) and try again" >&2; exit 1; }
