#!/usr/bin/env bash
# Installs PostgreSQL with pgvector, for the tests of packages/recognition.
# Debian only. Debian 12 has no package of pgvector, so that its source package of Debian 13 is compiled, which apt verifies.
# Run as root; a second run does nothing.
set -euo pipefail

if compgen -G '/usr/share/postgresql/*/extension/vector.control' >/dev/null; then
  exit 0
fi

codename="$(. /etc/os-release 2>/dev/null && echo "${ID:-}:${VERSION_CODENAME:-}")"
case "$codename" in
  debian:*) ;;
  *)
    echo "install-postgres: supports only Debian, and this system is ${codename:-unknown}. Install PostgreSQL and pgvector with its package manager." >&2
    exit 1
    ;;
esac

install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The tests start servers of their own.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] ||
  echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf

apt-get update -qq
package="$(apt-cache pkgnames postgresql- | grep -E '^postgresql-[0-9]+-pgvector$' | sort -V | tail -n 1 || true)"
if [ -n "$package" ]; then
  install "${package%-pgvector}" "$package"
  exit 0
fi

version="$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)"
install "postgresql-$version" gcc libc6-dev dpkg-dev
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
# The headers alone: the package's compiler and libraries are not needed.
apt-get -o APT::Sandbox::User=root download -qq "postgresql-server-dev-$version" >/dev/null
dpkg-deb -x "postgresql-server-dev-$version"_*.deb headers
mirror="$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)"
printf 'Types: deb-src\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
  "${mirror:-http://deb.debian.org/debian}" >trixie.sources
mkdir -p lists/partial
apt=(-o APT::Sandbox::User=root -o Dir::Etc::SourceList="$work/trixie.sources" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists")
apt-get "${apt[@]}" update -qq
apt-get "${apt[@]}" source -qq pgvector >/dev/null
cd pgvector-*/
release="$(sed -n "s/^default_version = '\(.*\)'$/\1/p" vector.control)"
gcc -O2 -ftree-vectorize -fassociative-math -fno-signed-zeros -fno-trapping-math -fPIC -shared \
  -I "$work/headers/usr/include/postgresql/$version/server" -o "/usr/lib/postgresql/$version/lib/vector.so" src/*.c
cp vector.control "/usr/share/postgresql/$version/extension/"
cp sql/vector.sql "/usr/share/postgresql/$version/extension/vector--$release.sql"
