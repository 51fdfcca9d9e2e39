# shellcheck shell=bash
# The certificate's files as nginx reads them:
#
#   certificate.pem -> current/certificate.pem    with its issuers
#   key.pem         -> current/key.pem            mode 600
#   current         -> versions/…
#
# `current` is changed by one rename, so that certificate and key never belong to two different pairs.

# What a placeholder's issuer is called.
readonly PLACEHOLDER="comfymulti placeholder"

has_certificate() {
  local issuer
  issuer=$(field -issuer) && [[ $issuer != *"$PLACEHOLDER"* ]]
}

# field OPTION: of the certificate that is in place.
field() { openssl x509 -noout -in "$CERTIFICATE_DIRECTORY/certificate.pem" "$1" 2>/dev/null; }

not_after() { moment -enddate; }
not_before() { moment -startdate; }

# moment OPTION: seconds since 1970; 0 without a certificate.
moment() {
  local text
  if has_certificate && text=$(field "$1"); then date -u -d "${text#*=}" +%s; else printf 0; fi
}

# Due: none there, issued for another wish, or less than RENEW_DAYS (half of its life, if that is less) left.
is_due() {
  if ! has_certificate || [[ $issued_for != "$asked_for" ]]; then return 0; fi
  local least=$((RENEW_DAYS * 86400)) life
  life=$(($(not_after) - $(not_before)))
  if ((least > life / 2)); then least=$((life / 2)); fi
  (($(not_after) - $(clock) <= least))
}

# Signed by itself: nobody trusts it, and it is never taken for a certificate.
place_placeholder() {
  local fresh
  fresh=$(new_version)
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -subj "/O=$PLACEHOLDER" -addext "subjectAltName=DNS:${domains[0]}" \
    -keyout "$fresh/key.pem" -out "$fresh/certificate.pem" 2>/dev/null
  make_current "$fresh"
}

# Puts what ACME gave in place. The reason goes to `message` when it is not a pair.
place_certificate() {
  local got=$STATE_DIRECTORY/lego/certificates/${domains[0]} fresh
  if [[ $(openssl x509 -noout -pubkey -in "$got.crt") != $(openssl pkey -pubout -in "$got.key") ]]; then
    message="The certificate that came does not belong to its key."
    return 1
  fi
  fresh=$(new_version) || return
  cp "$got.crt" "$fresh/certificate.pem" || return
  (umask 077 && cp "$got.key" "$fresh/key.pem") || return
  make_current "$fresh"
}

new_version() {
  mkdir -p "$CERTIFICATE_DIRECTORY/versions"
  mktemp -d "$CERTIFICATE_DIRECTORY/versions/$(date -u +%Y%m%dT%H%M%SZ)-XXXXXX"
}

make_current() {
  local version=versions/${1##*/} name old
  chmod 755 "$1"
  chmod 644 "$1/certificate.pem"
  chmod 600 "$1/key.pem"
  sync "$1/certificate.pem" "$1/key.pem"
  ln -sfn "$version" "$CERTIFICATE_DIRECTORY/.current"
  mv -fT "$CERTIFICATE_DIRECTORY/.current" "$CERTIFICATE_DIRECTORY/current"
  for name in certificate.pem key.pem; do
    if [[ $(readlink "$CERTIFICATE_DIRECTORY/$name") != "current/$name" ]]; then
      ln -sfn "current/$name" "$CERTIFICATE_DIRECTORY/.$name"
      mv -fT "$CERTIFICATE_DIRECTORY/.$name" "$CERTIFICATE_DIRECTORY/$name"
    fi
  done
  # The one before stays, for a look.
  for old in $(ls -1d "$CERTIFICATE_DIRECTORY"/versions/* | sort | head -n -2); do rm -rf "$old"; done
}
