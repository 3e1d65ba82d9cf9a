# Shared by the scripts beside it, which source it: finds the tools, installs what is pinned, builds
# what changed. All that is downloaded or built lands in node_modules/, dist/ and the cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p "${GOLIVE_CACHE:=.cache}"
cache="$(cd "$GOLIVE_CACHE" && pwd)"
export GOLIVE_CACHE="$cache"

step() { printf '==> %s\n' "$*" >&2; }
die() {
  printf '%s\n' "$*" >&2
  exit 1
}

[ "$(uname -s)" = Linux ] || die "GoLive runs on Linux; this is $(uname -s)."
case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) die "GoLive runs on x86-64 and ARM64; this is $(uname -m)." ;;
esac

# Runs a function while no other script of this work tree does.
locked() {
  flock 9
  "$@" 9>&-
} 9>"$cache/lock"

# at_least 1.26 1.26.8: is the second version no older than the first?
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

need_node() {
  local found
  found="$(node --version 2>/dev/null)" || die 'Node.js is missing: install Node 20 or newer with npm.'
  at_least 20 "${found#v}" || die "Node.js ${found#v} is too old: install Node 20 or newer with npm."
  command -v npm >/dev/null || die 'npm is missing: install the npm that belongs to your Node.js.'
}

need_go() {
  local found
  found="$(go env GOVERSION 2>/dev/null)" || die 'Go is missing: install Go 1.26 or newer from https://go.dev/dl.'
  at_least 1.26 "${found#go}" || die "Go ${found#go} is too old: install Go 1.26 or newer from https://go.dev/dl."
}

# One digest of the names and contents of files and folders.
digest() { find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16; }

# The value of a one-line key of package.json.
pinned() { sed -n "s/^ *\"$1\": \"\\([^\"]*\\)\".*/\\1/p" package.json | head -n 1; }

# Bun comes from npm in the version that package.json pins; Bun then installs what bun.lock lists.
install_packages() {
  local version bun stamp
  version="$(pinned bun)"
  bun="$cache/bun-$version/node_modules/.bin/bun"
  if ! "$bun" --version >/dev/null 2>&1; then
    need_node
    step "Installing Bun $version"
    npm install --prefix "$cache/bun-$version" --no-save --no-package-lock --no-audit --no-fund \
      --loglevel=error "bun@$version" >&2 || die "npm could not install bun $version, see above."
  fi
  stamp="$(digest package.json bun.lock)"
  if [ "$(cat node_modules/.installed 2>/dev/null)" != "$stamp" ]; then
    step 'Installing the packages of bun.lock'
    "$bun" install --frozen-lockfile >"$cache/install.log" 2>&1 || {
      cat "$cache/install.log" >&2
      die 'bun could not install the packages of bun.lock, see above.'
    }
    printf '%s' "$stamp" >node_modules/.installed
  fi
}

# Built from source, so that the Go checksum database vouches for each of its modules; without cgo, so
# that it needs no C library and comes out the same wherever it is built. Takes x64 or arm64.
build_livekit() {
  local version folder
  local -A goarch=([x64]=amd64 [arm64]=arm64)
  version="$(sed -n "s/^export const LIVEKIT_VERSION = '\\(.*\\)'\$/\\1/p" src/livekit/version.ts)"
  folder="$cache/livekit-server-$version-$1"
  livekit="$folder/livekit-server"
  [ -x "$livekit" ] && return
  need_go
  step "Building livekit-server $version for $1: some minutes, once"
  rm -rf "$folder" "$folder.new"
  mkdir "$folder"
  # Go refuses GOBIN for another architecture, and then puts the result into a folder below GOPATH.
  GOMODCACHE="$(go env GOMODCACHE)" GOPATH="$folder.new" GOBIN='' GOFLAGS=-trimpath CGO_ENABLED=0 \
    GOOS=linux GOARCH="${goarch[$1]}" GOAMD64=v1 GOARM64=v8.0 go install -v -ldflags '-s -w' \
    "github.com/livekit/livekit-server/cmd/server@v$version" 2>&1 | count_packages ||
    die "go could not build livekit-server $version for $1, see above."
  mv "$(find "$folder.new/bin" -name server)" "$livekit"
  rm -rf "$folder.new"
}

# Shows now and then how far Go is instead of a line for each package; what else Go says passes.
count_packages() {
  awk '
    /^go: downloading / { if (++loaded % 50 == 0) { printf "    %d modules downloaded\n", loaded; fflush() } next }
    /^[A-Za-z0-9_.~\/-]+$/ { if (++built % 100 == 0) { printf "    %d packages compiled\n", built; fflush() } next }
    { print; fflush() }
  ' >&2
}

# Everything that the sources need before they can be checked, run or compiled.
set_up() {
  install_packages
  build_livekit "$arch"
  bun scripts/build-embed.ts "$livekit" dist/embed >&2
}

PATH="$PWD/node_modules/.bin:$PATH"
