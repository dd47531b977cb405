#!/usr/bin/env bash
# Installs lavapipe, Mesa's Vulkan device on the processor, so that WebGPU runs in Node where there is no graphics card.
# Debian 12 only: its own Mesa is too old for Dawn, bookworm-backports has 25. Run as root; a second run does nothing.
set -euo pipefail

installed="$(dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null || true)"
if [ -n "$installed" ] && dpkg --compare-versions "$installed" ge 25; then
  exit 0
fi

codename="$(. /etc/os-release 2>/dev/null && echo "${ID:-}:${VERSION_CODENAME:-}")"
case "$codename" in
  debian:bookworm)
    suite=bookworm-backports
    # From where this machine's other packages come, with their key.
    if [ -f /etc/apt/sources.list.d/debian.sources ]; then
      mirror="$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources | head -n 1)"
      keyring="$(sed -n 's/^Signed-By: *//p' /etc/apt/sources.list.d/debian.sources | head -n 1)"
    else
      mirror="$(sed -n 's/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) bookworm .*/\2/p' /etc/apt/sources.list | head -n 1)"
      keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    fi
    if [ -z "$mirror" ]; then
      echo "install-lavapipe: found no Debian mirror in /etc/apt. Add bookworm-backports by hand, then: apt-get install -t $suite mesa-vulkan-drivers" >&2
      exit 1
    fi
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$suite" "$keyring" \
      >/etc/apt/sources.list.d/bookworm-backports.sources
    target=(-t "$suite")
    ;;
  debian:*) target=() ;;
  *)
    echo "install-lavapipe: this is ${codename:-no Debian}. Install Mesa's Vulkan drivers, 25 or newer, with the system's own packages." >&2
    exit 1
    ;;
esac

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${target[@]}" \
  libvulkan1 mesa-vulkan-drivers >/dev/null
