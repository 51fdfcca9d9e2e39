#!/bin/sh
# Start of nginx's container: puts the configuration into memory, sees that there is a certificate,
# becomes nginx, and reloads it whenever the certificate is another one.
#
# NGINX_CONFIG           text of nginx.conf, rendered by services/nginx; its runDirectory is RUN_DIRECTORY
# RUN_DIRECTORY          in memory, private to nginx; made here. Default /tmp/nginx
# GATEWAY_TOKEN_CONFIG   secret text of the file that the configuration includes. Default: there is none
# GATEWAY_TOKEN_FILE     … and that file. Default RUN_DIRECTORY/gateway-token.conf
# TLS_DIRECTORY          holds certificate.pem and key.pem. While they are missing, and it is writable,
#                        a certificate signed by itself is put there
# SERVER_NAME            name in that certificate
# CHECK_SECONDS          how often the certificate is looked at. Default 30
set -eu
umask 077

run=${RUN_DIRECTORY:-/tmp/nginx}
config=$run/nginx.conf
certificate=${TLS_DIRECTORY:-}/certificate.pem
key=${TLS_DIRECTORY:-}/key.pem

say() { printf '%s\n' "$1" >&2; }

# 78: the settings are wrong, another start won't help.
refuse() {
  say "$1"
  exit 78
}

# Its own error log is not there to be written.
nginx_here() { nginx -e stderr -c "$config" "$@"; }

# A placeholder that nobody trusts, in the name by which services/certificates knows it for one.
place_placeholder() {
  [ -w "$TLS_DIRECTORY" ] || {
    say "There is no certificate.pem with a key.pem in $TLS_DIRECTORY, and user $(id -u) may not write there: get a certificate first, or mount the folder writable."
    exit 1
  }
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -subj "/O=comfymulti placeholder" -addext "subjectAltName=DNS:$SERVER_NAME" \
    -keyout "$run/key.pem" -out "$run/certificate.pem" 2>"$run/openssl.log" ||
    refuse "No certificate could be made for SERVER_NAME $SERVER_NAME: $(cat "$run/openssl.log")"
  mv -f "$run/key.pem" "$key"
  mv -f "$run/certificate.pem" "$certificate"
  say "There was no certificate in $TLS_DIRECTORY: a placeholder is there until one has come."
}

# What nginx has loaded is told from what is there by its content.
fingerprint() { cat "$certificate" "$key" 2>/dev/null | sha256sum; }

# watch FINGERPRINT PID: as long as that process runs.
watch() {
  loaded=$1
  refused=
  while sleep "${CHECK_SECONDS:-30}" && kill -0 "$2" 2>/dev/null; do
    found=$(fingerprint)
    if [ "$found" = "$loaded" ]; then continue; fi
    if reason=$(nginx_here -t -q 2>&1); then
      say "The certificate in $TLS_DIRECTORY is another one: reloading."
      kill -HUP "$2"
      loaded=$found
    elif [ "$found" != "$refused" ]; then
      say "The certificate in $TLS_DIRECTORY can't be used, the one before stays: $reason"
      refused=$found
    fi
  done
}

[ -n "${NGINX_CONFIG:-}" ] || refuse "NGINX_CONFIG is empty: give the text of nginx.conf."
[ -n "${TLS_DIRECTORY:-}" ] || refuse "TLS_DIRECTORY is empty: name the folder of certificate.pem and key.pem."
[ -n "${SERVER_NAME:-}" ] || refuse "SERVER_NAME is empty: give the site's name, such as comfy.example.net."

mkdir -p "$run"
printf '%s' "$NGINX_CONFIG" >"$config"
if [ -n "${GATEWAY_TOKEN_CONFIG:-}" ]; then
  printf '%s' "$GATEWAY_TOKEN_CONFIG" >"${GATEWAY_TOKEN_FILE:-$run/gateway-token.conf}"
fi
unset NGINX_CONFIG GATEWAY_TOKEN_CONFIG
if ! [ -e "$certificate" ] || ! [ -e "$key" ]; then place_placeholder; fi

loaded=$(fingerprint)
nginx_here -t -q || exit 78
watch "$loaded" $$ &
# No shell stays in between: signals reach nginx.
exec nginx -e stderr -c "$config" -g 'daemon off;'
