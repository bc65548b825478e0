#!/usr/bin/env bash
# Installs what Cairn needs on Debian 12, from Debian's packages only. Does nothing when everything is there.
#   packaging/install_dependencies.sh build   what building and running needs
#   packaging/install_dependencies.sh test    that, and what the tests need
set -euo pipefail

build_packages=(
    g++ cmake ninja-build ccache lld pkg-config
    libpoco-dev libssl-dev libsqlite3-dev libpq-dev libwslay-dev libsimdjson-dev libyaml-cpp-dev
    libspdlog-dev prometheus-cpp-dev libsodium-dev libhowardhinnant-date-dev
)
test_packages=(
    libgtest-dev libgmock-dev clang-14 libclang-rt-14-dev llvm-14 chromium binutils abigail-tools xz-utils procps strace faketime doxygen
    postgresql-15 postgresql-client-15
)

case "${1:-build}" in
    build) packages=("${build_packages[@]}") ;;
    test) packages=("${build_packages[@]}" "${test_packages[@]}") ;;
    *)
        echo "usage: $0 [build|test]" >&2
        exit 2
        ;;
esac
# npm brings three.js and the browser driver; a newer Node.js that is already there serves as well.
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing: ${missing[*]}" >&2
        echo "Install them as root (apt-get install ${missing[*]}), or install sudo, then run this again." >&2
        exit 1
    fi
    root=(sudo)
fi
echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
if [[ " ${missing[*]} " == *" postgresql-15 "* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ] &&
    ! dpkg-query -W -f='${db:Status-Status}' postgresql-common 2>/dev/null | grep -qx installed; then
    # The tests start servers of their own; Debian's package would also set one up for the whole machine, and start it.
    "${root[@]}" mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | "${root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
