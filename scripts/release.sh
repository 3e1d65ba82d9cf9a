# Sourced by scripts/build: makes what is published, in dist/release/. The same sources give the same
# bytes, whoever builds them and wherever, with the same version of Go.

# Always here, since Bun orders what it compiles by the path of the sources.
stage=/tmp/golive-release

release() {
  mkdir -m 700 "$stage" 2>/dev/null || [ -O "$stage" ] || die "$stage belongs to somebody else."
  install_packages
  need_go
  make_release 8<"$stage"
}

make_release() {
  local version folder="$PWD/dist/release" arch livekits=()
  version="$(pinned version)"
  flock 8
  stage_sources
  rm -rf "$folder"
  mkdir -p "$folder"
  for arch in x64 arm64; do
    build_livekit "$arch"
    livekits+=("$livekit")
    fetch_runtime "$arch"
    step "Building dist/release/golive-$version-linux-$arch"
    bun scripts/build-embed.ts "$livekit" "$stage/dist/embed" >&2
    (cd "$stage" && compile --target="bun-linux-$arch" --compile-executable-path="$runtime")
    bun scripts/sort-styles.ts "$stage/dist/new/golive"
    mv "$stage/dist/new/golive" "$folder/golive-$version-linux-$arch"
  done
  rm -rf "${stage:?}"/*
  bun scripts/sbom/main.ts "${livekits[@]}" >"$folder/golive-$version.cdx.json"
  (export LC_ALL=C && cd "$folder" && sha256sum golive-* >SHA256SUMS)
}

# With packages of its own: those of a link would be found at their real path.
stage_sources() {
  rm -rf "${stage:?}"/*
  cp -R src config package.json bun.lock bunfig.toml tsconfig.json "$stage"
  bun install --cwd "$stage" --frozen-lockfile --production --ignore-scripts >"$cache/install.log" 2>&1 || {
    cat "$cache/install.log" >&2
    die 'bun could not install the packages of bun.lock, see above.'
  }
}

# The Bun that an executable carries: from npm, and only when it is the one that bun.lock names.
fetch_runtime() {
  local package="@oven/bun-linux-${1/arm64/aarch64}" version folder integrity
  version="$(pinned bun)"
  folder="$cache/bun-$version-$1"
  runtime="$folder/bun"
  [ -x "$runtime" ] && return
  need_node
  step "Fetching Bun $version for $1"
  integrity="$(sed -n "s|^ *\"$package\": .*\"\\(sha512-[^\"]*\\)\"\\],\$|\\1|p" bun.lock)"
  rm -rf "$folder" "$folder.new"
  mkdir "$folder.new"
  npm pack --json --loglevel=error --pack-destination "$folder.new" "$package@$version" >"$folder.new/pack.json" ||
    die "npm could not fetch $package $version, see above."
  grep -qF "\"${integrity:?}\"" "$folder.new/pack.json" || die "$package $version is not what bun.lock names."
  tar -xzf "$folder.new"/*.tgz -C "$folder.new" --strip-components=2 package/bin/bun
  rm "$folder.new"/*.tgz
  mv "$folder.new" "$folder"
}
