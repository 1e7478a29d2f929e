package fact

// suiteNames has every cipher suite that has a code point in the IANA registry
// "TLS Cipher Suites", and the cipher kinds of SSL 2.0.
var suiteNames = map[Suite]string{
	0x1301: "TLS_AES_128_GCM_SHA256",
	0x1302: "TLS_AES_256_GCM_SHA384",
	0x1303: "TLS_CHACHA20_POLY1305_SHA256",
}

var suiteCodes = func() map[string]Suite {
	m := make(map[string]Suite, len(suiteNames))
	for k, n := range suiteNames {
		m[n] = k
	}
	return m
}()
