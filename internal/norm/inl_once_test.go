package norm

import (
	"encoding/json"
	"regexp"
	"testing"

	"peil/internal/fact"
)

// A group that was named in the hello and seen in the answer is one.
func TestInternetNLNamesAGroupOnce(t *testing.T) {
	twice := regexp.MustCompile(`(ffdhe\d+)[^"]*, (ffdhe\d+)`)
	for _, name := range []string{"ffdhe2048", "ffdhe3072"} {
		m := inlGoodWebsite()
		inlAll(inlWithSuites(inlDheGCM), inlTlsOf(func(x *fact.TLS) {
			x.KexSeen = []fact.Group{fact.FFDHE2048}
			if name == "ffdhe3072" {
				x.KexSeen[0] = fact.FFDHE3072
			}
			x.DH = []fact.DHParams{{Bits: 2048, Generator: "2", Name: name}}
		}))(m)
		v := inlJudge(t, m).Verdict("web_https_tls_keyexchange")
		b, err := json.Marshal(v)
		if err != nil || twice.Match(b) {
			t.Errorf("%v %s", err, b)
		}
		if !regexp.MustCompile(name).Match(b) {
			t.Errorf("not named at all: %s", b)
		}
	}
}
