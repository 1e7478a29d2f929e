package norm

// How the categories of the mail test are made up (catalogue B.1, B.3). The rules that
// lead from facts to these tests belong to the mail roles.

// inlMailSpecs are the mail tests in the order of table B.3, with what they weigh
// before anything was tested: what depends on a mail server becomes required once one
// was tested.
var inlMailSpecs = []inlSpec{
	{"ipv6_ns_address", "ipv6", 0, inlFail, false},
	{"ipv6_ns_reach", "ipv6", 10, inlFail, false},
	{"ipv6_mx_address", "ipv6", 0, inlNotice, false},
	{"ipv6_mx_reach", "ipv6", 10, inlNotice, false},
	{"dnssec_mailto_exist", "dnssec", 0, inlFail, false},
	{"dnssec_mailto_valid", "dnssec", 10, inlFail, false},
	{"dnssec_mx_exist", "dnssec", 0, inlFail, false},
	{"dnssec_mx_valid", "dnssec", 0, inlFail, false},
	{"auth_dmarc_exist", "auth", 10, inlFail, false},
	{"auth_dmarc_policy", "auth", 10, inlFail, false},
	{"auth_dkim_exist", "auth", 10, inlFail, false},
	{"auth_spf_exist", "auth", 10, inlFail, false},
	{"auth_spf_policy", "auth", 10, inlFail, false},
	{"starttls_tls_available", "starttls", 10, inlInfo, false},
	{"starttls_tls_version", "starttls", 10, inlInfo, false},
	{"starttls_tls_ciphers", "starttls", 10, inlInfo, false},
	{"starttls_tls_cipherorder", "starttls", 10, inlInfo, false},
	{"starttls_tls_keyexchange", "starttls", 10, inlInfo, false},
	{"starttls_tls_keyexchangehash", "starttls", 10, inlInfo, false},
	{"starttls_tls_compress", "starttls", 10, inlInfo, false},
	{"starttls_tls_secreneg", "starttls", 10, inlInfo, false},
	{"starttls_tls_clientreneg", "starttls", 0, inlInfo, false},
	{"starttls_tls_extendedmastersecret", "starttls", 10, inlInfo, false},
	{"starttls_tls_0rtt", "starttls", 10, inlInfo, false},
	{"starttls_tls_caa", "starttls", 0, inlNotice, false},
	{"starttls_cert_chain", "starttls", 0, inlInfo, false},
	{"starttls_cert_pubkey", "starttls", 10, inlInfo, false},
	{"starttls_cert_sig", "starttls", 10, inlInfo, false},
	{"starttls_cert_domain", "starttls", 0, inlInfo, false},
	{"starttls_dane_exist", "starttls", 10, inlInfo, false},
	{"starttls_dane_valid", "starttls", 10, inlInfo, false},
	{"starttls_dane_rollover", "starttls", 0, inlInfo, false},
	{"rpki_exists", "rpki", 5, inlFail, true},
	{"rpki_valid", "rpki", 10, inlFail, true},
	{"ns_rpki_exists", "rpki", 5, inlFail, true},
	{"ns_rpki_valid", "rpki", 10, inlFail, true},
	{"mx_ns_rpki_exists", "rpki", 5, inlFail, true},
	{"mx_ns_rpki_valid", "rpki", 10, inlFail, true},
}

// inlMXPoints is the average of the points of the mail servers, rounded down.
func inlMXPoints(points []int) int {
	if len(points) == 0 {
		return 0
	}
	sum := 0
	for _, p := range points {
		sum += p
	}
	return sum / len(points)
}

// inlMailDNSSECPoints is the minimum over the domain and its mail servers.
func inlMailDNSSECPoints(statuses ...string) int {
	least := 10
	for _, s := range statuses {
		least = min(least, inlDNSSECPoints(s))
	}
	return least
}
