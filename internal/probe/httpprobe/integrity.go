package httpprobe

import (
	"encoding/base64"
	"strings"
)

// hasIntegrity reports whether an integrity attribute makes a browser check anything
// (Subresource Integrity, section 3.5): one of its words names SHA-256, SHA-384 or
// SHA-512 and has a digest of that length. Others are passed over, and where there is no
// other word the resource is used whatever it holds.
func hasIntegrity(attribute string) bool {
	for word := range strings.FieldsSeq(attribute) {
		word, _, _ = strings.Cut(word, "?") // options, none of which is defined
		algorithm, digest, _ := strings.Cut(word, "-")
		want := 0
		switch strings.ToLower(algorithm) {
		case "sha256":
			want = 32
		case "sha384":
			want = 48
		case "sha512":
			want = 64
		default:
			continue
		}
		// Either alphabet of base64, with or without padding (CSP Level 3, base64-value).
		digest = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(digest, "="))
		if b, err := base64.RawStdEncoding.DecodeString(digest); err == nil && len(b) == want {
			return true
		}
	}
	return false
}
