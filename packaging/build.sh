#!/bin/sh
# Builds dist/tocsin_VERSION_ARCH.deb on Debian: the wheel and all that it needs, as a virtual environment in /opt/tocsin
# on the system's own Python. `make deb` calls it with the environment that has pip and hatchling.
set -eu
cd "$(dirname "$0")/.."
pip=$1
system=/usr/bin/python3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

"$pip" wheel --quiet --no-deps --wheel-dir "$work" .
wheel=$(echo "$work"/tocsin-*.whl)
version=$(echo "${wheel##*/}" | cut -d- -f2)
arch=$(dpkg --print-architecture)
python=$("$system" -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")')
next=$("$system" -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1] + 1}")')

"$system" -m venv --without-pip "$root/opt/tocsin"
"$pip" --python "$root/opt/tocsin/bin/python3" install --quiet --no-compile "$wheel[node,centre,mqtt,nats,report]"
# Only the command stays, and it runs where the package puts it.
find "$root/opt/tocsin/bin" -mindepth 1 ! -name 'python*' ! -name tocsin -delete
sed -i "1s#.*#\#!/opt/tocsin/bin/python3#" "$root/opt/tocsin/bin/tocsin"
sed -i "s#$root##" "$root/opt/tocsin/pyvenv.cfg"

install -d "$root/usr/bin" "$root/etc/tocsin" "$root/lib/systemd/system" "$root/usr/share/doc/tocsin" "$root/DEBIAN"
ln -s /opt/tocsin/bin/tocsin "$root/usr/bin/tocsin"
install -m 0644 docs/install/tocsin-*.service "$root/lib/systemd/system/"
install -m 0644 LICENSE "$root/usr/share/doc/tocsin/copyright"
cp -r docs "$root/usr/share/doc/tocsin/"
for script in postinst prerm postrm; do install -m 0755 "packaging/debian/$script" "$root/DEBIAN/$script"; done
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@PYTHON@/$python/" -e "s/@NEXT@/$next/" \
    packaging/debian/control > "$root/DEBIAN/control"

mkdir -p dist
dpkg-deb --root-owner-group -Zzstd --build "$root" "dist/tocsin_${version}_$arch.deb"
