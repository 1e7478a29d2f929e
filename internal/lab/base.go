package lab

// perfectExpect is what every edition must say of the perfect site.
//
// Its certificates name no OCSP responder, as those of the largest issuer do since
// 2025; it speaks TLS 1.2 and 1.3 with the suites that NCSC 2025-05 calls good or
// sufficient, so the two requirements that ask for nothing but good ones are not met.
const perfectExpect = `
internet.nl 100
  web_ipv6_ns_address passed good
  web_ipv6_ns_reach passed good 10/10
  web_ipv6_ws_address passed good
  web_ipv6_ws_reach passed good 10/10
  web_ipv6_ws_similar passed good 2/2
  web_dnssec_exist passed good
  web_dnssec_valid passed good 10/10
  web_https_http_available passed good
  web_https_http_redirect passed good 10/10
  web_https_http_compress passed good
  web_https_http_hsts passed good 10/10
  web_https_tls_version passed good 10/10
  web_https_tls_ciphers passed good 10/10
  web_https_tls_cipherorder passed good 10/10
  web_https_tls_keyexchange passed na 10/10
  web_https_tls_keyexchangehash passed good 10/10
  web_https_tls_compress passed good 10/10
  web_https_tls_secreneg passed good 10/10
  web_https_tls_clientreneg passed not-allowed
  web_https_tls_extendedmastersecret passed good 10/10
  web_https_tls_0rtt passed good 10/10
  web_https_tls_ocsp not_tested not-in-cert
  web_https_tls_caa passed good
  web_https_cert_chain passed good 10/10
  web_https_cert_pubkey passed good 10/10
  web_https_cert_sig passed good 10/10
  web_https_cert_domain passed good 10/10
  web_https_dane_exist passed good
  web_https_dane_valid passed good
  web_appsecpriv_x_frame_options passed good
  web_appsecpriv_x_content_type_options passed good
  web_appsecpriv_csp passed good
  web_appsecpriv_referrer_policy passed good
  web_appsecpriv_securitytxt passed good
  web_rpki_exists passed good 5/5
  web_rpki_valid passed good 10/10
  web_ns_rpki_exists passed good 5/5
  web_ns_rpki_valid passed good 10/10
peil up_to_standard
  web.https.available passed
  web.https.redirect passed
  web.https.hsts passed
  web.tls.version passed
  web.tls.ciphers passed
  web.tls.keyexchange passed
  web.tls.keyexchangehash passed
  web.tls.compression passed
  web.tls.secreneg passed
  web.tls.earlydata passed
  web.tls.ems passed
  web.cert.trust passed
  web.cert.domain passed
  web.cert.expiry passed
  web.cert.key passed
  web.cert.signature passed
  web.dnssec.secure passed
  web.dnssec.valid passed
  web.ipv6.ns passed
  web.ipv6.nsreach passed
  web.ipv6.address passed
  web.ipv6.reach passed
  web.rpki.exists passed
  web.rpki.valid passed
  web.rpki.nsexists passed
  web.rpki.nsvalid passed
  web.securitytxt.valid passed
  web.dns.dangling passed
  web.login.plain passed
  web.tls.ciphers.phaseout passed
  web.tls.keyexchange.phaseout passed
  web.tls.keyexchangehash.phaseout passed
  web.cert.key.phaseout passed
  web.cert.signature.phaseout passed
  web.tls.order not_applicable
  web.tls.clientreneg passed
  web.tls.ocsp not_applicable
  web.tls.nosni passed
  web.cert.chainorder passed
  web.cert.sct passed
  web.cert.lifetime passed
  web.cert.forecast passed
  web.dns.caa info
  web.dns.delegation passed
  web.dns.pair passed
  web.dnssec.nsec3 passed
  web.dnssec.lifetime passed
  web.dnssec.algorithm passed
  web.ipv6.similar passed
  web.https.downgrade passed
  web.header.csp passed
  web.header.frameoptions passed
  web.header.contenttype passed
  web.header.referrer passed
  web.header.permissions passed
  web.header.crossorigin passed
  web.cookie.attributes not_applicable
  web.page.integrity passed
  web.page.mixed passed
  web.securitytxt.signed passed
  web.securitytxt.quality passed
  web.header.version passed
  web.tls.good failed
  web.tls.postquantum passed
  web.https.http2 passed
  web.https.http3 failed
  web.https.preload passed
  web.dnssec.modern passed
  web.dns.svcb failed
  web.dane passed
forum
  web_legacy_dnssec passed
  web_legacy_tls_available passed
  web_legacy_https_enforced passed
  web_legacy_hsts passed
  web_legacy_tls_ncsc_web passed
  web_legacy_category_ipv6 passed
  web_rpki passed
  web_securitytxt passed
  web_legacy_ipv6_nameserver passed
  web_legacy_ipv6_webserver passed
  web_legacy_dane passed
  web_legacy_tls_1_3 passed
  = web_complete passed
  = web_complete_with_ipv6_rpki passed
wdo
  wdo.https passed
  wdo.redirect passed
  wdo.hsts passed
  wdo.tls.version passed
  wdo.tls.ciphers passed
  wdo.tls.curves passed
  wdo.tls.ffdhe not_applicable
  wdo.tls.kexhash passed
  wdo.tls.compression passed
  wdo.tls.renegotiation.secure passed
  wdo.tls.renegotiation.client passed
  wdo.tls.0rtt passed
  wdo.tls.ocsp not_applicable
  wdo.tls.ems passed
  wdo.cert.key passed
  wdo.cert.signature passed
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
