package lab

// perfectMailExpect is what every edition must say of the perfect mail domain.
const perfectMailExpect = `
internet.nl 100
  mail_ipv6_ns_address passed good
  mail_ipv6_ns_reach passed good 10/10
  mail_ipv6_mx_address passed good
  mail_ipv6_mx_reach passed good 10/10
  mail_dnssec_mailto_exist passed good
  mail_dnssec_mailto_valid passed good 10/10
  mail_dnssec_mx_exist passed good
  mail_dnssec_mx_valid passed good
  mail_auth_dmarc_exist passed good 10/10
  mail_auth_dmarc_policy passed good 10/10
  mail_auth_dkim_exist passed good 10/10
  mail_auth_spf_exist passed good 10/10
  mail_auth_spf_policy passed good 10/10
  mail_starttls_tls_available passed good 10/10
  mail_starttls_tls_version passed good 10/10
  mail_starttls_tls_ciphers passed good 10/10
  mail_starttls_tls_cipherorder passed good 10/10
  mail_starttls_tls_keyexchange passed na 10/10
  mail_starttls_tls_keyexchangehash passed good 10/10
  mail_starttls_tls_compress passed good 10/10
  mail_starttls_tls_secreneg passed good 10/10
  mail_starttls_tls_clientreneg passed not-allowed
  mail_starttls_tls_extendedmastersecret passed good 10/10
  mail_starttls_tls_0rtt passed na 10/10
  mail_starttls_tls_caa passed good
  mail_starttls_cert_chain passed good
  mail_starttls_cert_pubkey passed good 10/10
  mail_starttls_cert_sig passed good 10/10
  mail_starttls_cert_domain passed good
  mail_starttls_dane_exist passed good 10/10
  mail_starttls_dane_valid passed good 10/10
  mail_starttls_dane_rollover passed good
  mail_rpki_exists passed good 5/5
  mail_rpki_valid passed good 10/10
  mail_ns_rpki_exists passed good 5/5
  mail_ns_rpki_valid passed good 10/10
  mail_mx_ns_rpki_exists passed good 5/5
  mail_mx_ns_rpki_valid passed good 10/10
peil up_to_standard
  mail.mx.valid passed
  mail.mx.dangling passed
  mail.mx.null not_applicable
  mail.ipv6.ns passed
  mail.ipv6.nsreach passed
  mail.ipv6.mx passed
  mail.ipv6.mxreach passed
  mail.dnssec.domain passed
  mail.dnssec.mx passed
  mail.dnssec.nsec3 passed
  mail.dnssec.lifetime passed
  mail.dnssec.algorithm passed
  mail.dnssec.modern passed
  mail.spf.record passed
  mail.spf.policy passed
  mail.spf.width passed
  mail.spf.lookups passed
  mail.spf.subdomain passed
  mail.dmarc.record passed
  mail.dmarc.policy passed
  mail.dmarc.subdomains passed
  mail.dmarc.reports passed
  mail.dkim.key passed
  mail.dkim.strength passed
  mail.starttls.available passed
  mail.starttls.injection not_applicable
  mail.tls.version passed
  mail.tls.ciphers passed
  mail.tls.keyexchange passed
  mail.tls.keyexchangehash passed
  mail.tls.compression passed
  mail.tls.secreneg passed
  mail.tls.ems passed
  mail.tls.ciphers.phaseout passed
  mail.tls.keyexchange.phaseout passed
  mail.tls.keyexchangehash.phaseout passed
  mail.tls.order not_applicable
  mail.tls.clientreneg passed
  mail.tls.good failed
  mail.tls.postquantum passed
  mail.cert.trust passed
  mail.cert.domain passed
  mail.cert.expiry passed
  mail.cert.key passed
  mail.cert.signature passed
  mail.cert.key.phaseout passed
  mail.cert.signature.phaseout passed
  mail.cert.chainorder passed
  mail.cert.forecast passed
  mail.dane.exists passed
  mail.dane.valid passed
  mail.dane.rollover passed
  mail.mtasts passed
  mail.tlsrpt passed
  mail.bimi not_applicable
  mail.ptr passed
  mail.caa info
  mail.rpki.exists passed
  mail.rpki.valid passed
  mail.rpki.nsexists passed
  mail.rpki.nsvalid passed
  mail.rpki.mxnsexists passed
  mail.rpki.mxnsvalid passed
forum
  mail_legacy_dmarc passed
  mail_legacy_dkim passed
  mail_legacy_spf passed
  mail_legacy_dmarc_policy passed
  mail_legacy_spf_policy passed
  mail_legacy_start_tls passed
  mail_legacy_start_tls_ncsc passed
  mail_legacy_dnssec_email_domain passed
  mail_legacy_dnssec_mx passed
  mail_legacy_dane passed
  mail_legacy_category_ipv6 passed
  mail_legacy_ipv6_nameserver passed
  mail_legacy_ipv6_mailserver passed
  mail_legacy_mail_sending_domain passed
  mail_legacy_mail_server_testable passed
  mail_legacy_mail_server_reachable passed
  mail_legacy_domain_has_mx passed
  mail_legacy_tls_1_3 passed
  mail_rpki passed
  = mail_complete passed
  = mail_complete_with_ipv6_rpki passed
ncsc-tls-2021
  tls.version passed
  tls.ciphers passed
  tls.order not_applicable
  tls.keyexchange passed
  tls.keyexchange.curves passed
  tls.keyexchange.ffdhe not_applicable
  tls.kexhash passed
  tls.cert.algorithm passed
  tls.cert.key passed
  tls.cert.signature passed
  tls.compression passed
  tls.renegotiation.secure passed
  tls.renegotiation.client passed
  tls.0rtt passed
  tls.ocsp not_applicable
ncsc-tls-2025
  tls.version passed
  tls.ciphers passed
  tls.order not_applicable
  tls.keyexchange passed
  tls.keyexchange.curves passed
  tls.keyexchange.ffdhe not_applicable
  tls.kexhash passed
  tls.cert.algorithm passed
  tls.cert.key passed
  tls.cert.signature passed
  tls.compression passed
  tls.renegotiation.secure passed
  tls.renegotiation.client passed
  tls.0rtt passed
  tls.ocsp not_applicable
  tls.ems passed
`
