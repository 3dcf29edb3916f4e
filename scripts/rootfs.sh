# shellcheck shell=bash
# Bare Debian root file systems for image-check and bare-check; sourced, after lib.sh.

# rootfs_tar RELEASE: prints the path of a tar of a minimal Debian of that release, made at the first time.
rootfs_tar() {
  local release=$1 tar tmp
  tar=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kafka-eb-collector/rootfs/$release.tar
  if [[ ! -e $tar ]]; then
    ((EUID == 0)) || die "making a root file system needs root"
    command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
    mkdir -p "$(dirname "$tar")"
    tmp=$(mktemp -d -t "ebc-$release.XXXXXX")
    say "rootfs: bootstrapping a minimal Debian $release (once)" >&2
    if ! debootstrap --variant=minbase "$release" "$tmp/root" "${EBC_DEBIAN_MIRROR:-http://deb.debian.org/debian}" \
      >"$tmp/log" 2>&1; then
      tail -n 15 "$tmp/log" >&2
      die "debootstrap failed; its whole output: $tmp/log"
    fi
    # As the official slim image: no documentation, no package archives.
    rm -rf "$tmp/root"/usr/share/{doc,man,info,locale}/* "$tmp/root"/var/cache/apt/archives/*.deb \
      "$tmp/root"/var/lib/apt/lists/* "$tmp/root"/var/log/bootstrap.log
    tar -C "$tmp/root" --numeric-owner -cf "$tar.part" .
    mv "$tar.part" "$tar"
    rm -rf "$tmp"
  fi
  echo "$tar"
}
