# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # dir is set there, and the names are used there
# The listeners of a broker that trusts nobody, for scripts/kafka; sourced. Uses dir of that script.
# Who comes over the plain listener is the administrator (loopback only); over the others, nobody may do anything that
# an ACL doesn't allow.

# secure_files: a certificate authority, the broker's certificate and one for a client "eb-collector", in $dir/tls.
secure_files() {
  local tls=$dir/tls name
  [[ -e $tls/complete ]] && return
  command -v openssl >/dev/null || die "openssl is missing"
  mkdir -p "$tls"
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test-authority \
    -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>/dev/null
  for name in broker eb-collector; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$tls/$name.key" -out "$tls/$name.csr" 2>/dev/null
    openssl x509 -req -in "$tls/$name.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 30 \
      -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") -out "$tls/$name.pem" 2>/dev/null
  done
  # Kafka wants key and certificate in one file, the key as PKCS#8.
  { openssl pkcs8 -topk8 -nocrypt -in "$tls/broker.key"; cat "$tls/broker.pem" "$tls/ca.pem"; } >"$tls/broker-keystore.pem"
  touch "$tls/complete"
}

secure_names=(SECURE MTLS TOKEN)
secure_protocols=(SASL_SSL SSL SASL_PLAINTEXT)

# secure_config: the properties of these listeners, besides their addresses.
secure_config() {
  cat <<END
inter.broker.listener.name=PLAINTEXT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
ssl.keystore.type=PEM
ssl.keystore.location=$dir/tls/broker-keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$dir/tls/ca.pem
listener.name.mtls.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/\$1/
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.token.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.token.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
END
}

# secure_users: arguments of the format command that make the users of KAFKA_USERS ("name=password ...").
secure_users() {
  local user
  for user in ${KAFKA_USERS:-}; do
    printf '%s\n' --add-scram "SCRAM-SHA-512=[name=${user%%=*},password=${user#*=}]"
  done
}
