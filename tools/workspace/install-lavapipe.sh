#!/usr/bin/env bash
# Installs lavapipe, Mesa's software Vulkan device, so that WebGPU runs in Node without a graphics card.
# Debian only. Dawn requires Mesa 25, which Debian 12 has in bookworm-backports. Run as root; a second run does nothing.
set -euo pipefail

installed="$(dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null || true)"
if [ -n "$installed" ] && dpkg --compare-versions "$installed" ge 25; then
  exit 0
fi

codename="$(. /etc/os-release 2>/dev/null && echo "${ID:-}:${VERSION_CODENAME:-}")"
case "$codename" in
  debian:bookworm)
    suite=bookworm-backports
    # Use the mirror and the key of the machine's other packages.
    if [ -f /etc/apt/sources.list.d/debian.sources ]; then
      mirror="$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources | head -n 1)"
      keyring="$(sed -n 's/^Signed-By: *//p' /etc/apt/sources.list.d/debian.sources | head -n 1)"
    else
      mirror="$(sed -n 's/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) bookworm .*/\2/p' /etc/apt/sources.list | head -n 1)"
      keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    fi
    if [ -z "$mirror" ]; then
      echo "install-lavapipe: found no Debian mirror in /etc/apt. Add bookworm-backports by hand, then run: apt-get install -t $suite mesa-vulkan-drivers" >&2
      exit 1
    fi
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$suite" "$keyring" \
      >/etc/apt/sources.list.d/bookworm-backports.sources
    target=(-t "$suite")
    ;;
  debian:*) target=() ;;
  *)
    echo "install-lavapipe: supports only Debian, and this system is ${codename:-unknown}. Install Mesa's Vulkan drivers, version 25 or newer, with its package manager." >&2
    exit 1
    ;;
esac

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${target[@]}" \
  libvulkan1 mesa-vulkan-drivers >/dev/null
