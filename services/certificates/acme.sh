# shellcheck shell=bash
# The conversation with the certificate authority, by lego.

# Whether the site shows what lies in ACME_DIRECTORY, asked before the authority is: its failed
# attempts are counted, ours are not.
site_shows_challenges() {
  local folder=$ACME_DIRECTORY/.well-known/acme-challenge name code=0
  name=probe-$RANDOM$RANDOM
  mkdir -p "$folder"
  printf %s "$name" >"$folder/$name"
  local answer
  answer=$(curl -fsS --max-time 5 --max-filesize 1000 -H "Host: ${domains[0]}" \
    "http://$PROBE_ADDRESS/.well-known/acme-challenge/$name" 2>/dev/null) || code=1
  rm -f "$folder/$name"
  [[ $code == 0 && $answer == "$name" ]]
}

# ask: a new certificate into lego's folder. The reason goes to `message`.
ask() {
  local log=$STATE_DIRECTORY/lego.log domain
  local options=(--accept-tos --path "$STATE_DIRECTORY/lego" --server "$ACME_SERVER" --email "$ACME_EMAIL"
    --key-type ec256)
  for domain in "${domains[@]}"; do options+=(--domains "$domain"); done
  if [[ $CHALLENGE == http ]]; then
    options+=(--http --http.webroot "$ACME_DIRECTORY")
  else
    options+=(--dns cloudflare)
  fi
  if run timeout 600 lego "${options[@]}" run >"$log" 2>&1; then return 0; fi
  message=$(why "$log")
  return 1
}

# why LOG: one sentence for what lego said.
why() {
  local type detail last authority=${ACME_SERVER#https://}
  authority=${authority%%/*}
  IFS=$'\t' read -r type detail < <(
    sed -n 's/.*urn:ietf:params:acme:error:\([A-Za-z]*\) :: \(.*\)/\1\t\2/p' "$1" | head -n 1
  ) || true
  last=$(grep -v '^[[:space:]]*$' "$1" | tail -n 1)
  detail=${detail%%, url:*}
  case $type in
    unauthorized | connection | dns | incorrectResponse | tls)
      if [[ $CHALLENGE == dns ]]; then
        printf '%s' "$authority could not verify $DOMAINS by its DNS: the Cloudflare token has to be for its zone, with the right to edit DNS ($detail)."
      else
        printf '%s' "$authority could not verify that $DOMAINS is this server: its DNS record has to point here, and port 80 has to be open to the internet ($detail)."
      fi
      ;;
    caa) printf '%s' "The CAA record of $DOMAINS does not let $authority issue a certificate: add it ($detail)." ;;
    rateLimited) printf '%s' "$authority takes no more requests for $DOMAINS for a while ($detail)." ;;
    ?*) printf '%s' "$authority refuses a certificate of $DOMAINS ($type: $detail)." ;;
    *)
      case $(<"$1") in
        *cloudflare:*) printf '%s' "Cloudflare does not let the token change the DNS of $DOMAINS: it needs Zone Read and DNS Edit of that zone (${last##*cloudflare: })." ;;
        *"dial tcp"* | *"no such host"* | *timeout* | *"certificate signed by unknown"*)
          printf '%s' "$ACME_SERVER can't be reached: check its address and this machine's network (${last##*: })."
          ;;
        *) printf '%s' "lego failed: $last" ;;
      esac
      ;;
  esac
}
