#!/bin/sh
# /usr/local/bin/curbside: the command line as the units have it, for root.
set -eu
set -a
. /etc/curbside/curbside.env
CURBSIDE_DATA=/var/lib/curbside
exec setpriv --reuid=curbside --regid=curbside --init-groups /opt/curbside/bin/curbside "$@"
