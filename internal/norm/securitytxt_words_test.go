package norm

import (
	"strings"
	"testing"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/norm/internetnl"
	"peil/internal/standard/securitytxt"
)

// Nobody should have to read a code: what is wrong with a security.txt has words.
func TestEveryDefectOfSecurityTxtHasWords(t *testing.T) {
	codes := append(securitytxt.Codes(), internetnl.SecurityTxt404, internetnl.SecurityTxtOther, internetnl.SecurityTxtNoType,
		internetnl.SecurityTxtMedia, internetnl.SecurityTxtCharset, internetnl.SecurityTxtOldLocation)
	for _, code := range codes {
		for _, lang := range []i18n.Lang{i18n.NL, i18n.EN} {
			if w, ok := i18n.Word(lang, "appsecpriv_securitytxt.bad", code); !ok || strings.Contains(w, "_") {
				t.Errorf("%s %s: %q", lang, code, w)
			}
		}
	}
}

// A max-age that was cut is not shown as the number at which we cut it.
func TestAbsurdMaxAgeIsShownAsSent(t *testing.T) {
	sent := strings.Repeat("9", 30)
	for edition, id := range map[string]string{"peil": "web.https.hsts", "wdo": "wdo.hsts", "internet.nl": "web_https_http_hsts"} {
		m := goodSite(t)
		for i := range m.Web.Hosts {
			hop := m.Web.Hosts[i].HTTP.Secure.First()
			for k := range hop.Header {
				if hop.Header[k].Name == "Strict-Transport-Security" {
					hop.Header[k] = fact.Header{Name: hop.Header[k].Name, Value: "max-age=" + sent}
				}
			}
		}
		e, _ := ByName(edition)
		for _, v := range Judge(m, e).Verdicts {
			if v.ID != id {
				continue
			}
			all := strings.Join(v.Evidence, "\n")
			for _, r := range v.Reasons {
				all += "\n" + r.Code + " " + strings.Join(r.Args, " ")
			}
			if v.Outcome != Passed || strings.Contains(all, "9223372036854775807") || !strings.Contains(all, "999999999999") && !strings.Contains(all, "beyond_time") {
				t.Errorf("%s: %s, %s", id, v.Outcome, all)
			}
		}
	}
}
