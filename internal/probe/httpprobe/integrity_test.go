package httpprobe

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"testing"
)

func TestIntegrityThatBrowsersCheck(t *testing.T) {
	h256, h384, h512 := sha256.Sum256(nil), sha512.Sum384(nil), sha512.Sum512(nil)
	std := base64.StdEncoding.EncodeToString
	for attribute, want := range map[string]bool{
		"sha256-" + std(h256[:]): true, "sha384-" + std(h384[:]): true, "sha512-" + std(h512[:]): true,
		"SHA256-" + std(h256[:]): true, "sha512-" + base64.RawURLEncoding.EncodeToString(h512[:]): true,
		"  md5-x\n sha384-" + std(h384[:]) + "?ct=application/javascript ": true,
		"": false, "  ": false, "x": false, "md5-x": false, "sha1-AAAA": false, "sha256": false, "sha256-": false, "sha384-x": false,
		"sha384-" + std(h256[:]): false, "sha256-" + std(h512[:]): false, "sha512 " + std(h512[:]): false,
		"sha256-" + std(h256[:])[:43] + "*": false, "sha256:" + std(h256[:]): false,
	} {
		if got := hasIntegrity(attribute); got != want {
			t.Errorf("%q: %v", attribute, got)
		}
	}
}

func FuzzIntegrity(f *testing.F) {
	f.Add("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	f.Add("md5-x sha384-?")
	f.Fuzz(func(t *testing.T, s string) {
		if hasIntegrity(s) && len(s) < len("sha256-")+43 {
			t.Errorf("%q", s)
		}
	})
}
