#!/usr/bin/env bash
# The deployment guide from an empty machine to a rollback. Runs inside the machine of verify.sh, as root; /verify has two binaries, two
# packages and the shipped files. Commands of the guide are shown after "$"; what each part is about is in its file.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
for part in lib installation service restart maintenance balancers fleet package; do . ./$part.sh; done
cd /root

origin
installation
service
restart
maintenance
fleet
package
section End
