package norm

import (
	"mime"
	"strconv"
	"strings"
	"time"

	"peil/internal/fact"
	"peil/internal/standard/securitytxt"
)

// eachSecurityTxt judges the security.txt of each address. have says whether there is
// a file at the right place; otherwise the finding says what is wrong.
func (v *view) eachSecurityTxt(judge func(*fact.SecurityTxt, *fact.Hop, *securitytxt.File) finding, without func(finding) finding) Verdict {
	return v.eachHost(func(h *fact.WebHost) finding {
		if f, ok := working(h); !ok {
			return f
		}
		if h.HTTP == nil {
			return missed("")
		}
		if h.HTTP.SecurityTxt == nil || h.HTTP.SecurityTxt.WellKnown == nil {
			if s := h.HTTP.Secure; s != nil { // where the page itself gave no answer, nobody asked for the file
				if f, ok := answered(s.First(), s.Gap); !ok {
					return f
				}
			}
			return missed("")
		}
		s := h.HTTP.SecurityTxt
		hop := s.WellKnown.Last()
		if s.WellKnown.Gap != "" {
			return missed(s.WellKnown.Gap)
		}
		if f, ok := answered(hop, ""); !ok {
			return f
		}
		if f, ok := placed(s, hop); !ok {
			return without(f)
		}
		if hop.BodyGap != "" { // a part of a file
			return missed(hop.BodyGap)
		}
		return judge(s, hop, securitytxt.Parse(s.Body))
	})
}

// placed says whether a file stands where RFC 9116 section 3 wants it.
func placed(s *fact.SecurityTxt, hop *fact.Hop) (finding, bool) {
	status := strconv.Itoa(hop.Status)
	line := "GET " + hop.URL + " → " + status
	plain := ""
	for i := range s.WellKnown.Hops {
		if scheme, _ := origin(s.WellKnown.Hops[i].URL); scheme != "https" && plain == "" {
			plain = s.WellKnown.Hops[i].URL
		}
	}
	switch {
	case hop.Status != 200 && legacyFile(s):
		return fail(because("securitytxt-place")).with(line, "GET "+s.Legacy.Last().URL+" → 200"), false
	case hop.Status != 200:
		return fail(because("securitytxt-absent", status)).with(line), false
	case plain != "": // one step over http is enough to be sent elsewhere
		return fail(because("securitytxt-http", plain)).with("GET "+plain, line), false
	}
	types := hop.Values("Content-Type")
	if len(types) == 0 {
		return fail(because("securitytxt-type", "–")).with(line + ", no Content-Type"), false
	}
	switch plain, utf8 := plainText(types[0]); {
	case !plain && !hasFields(securitytxt.Parse(s.Body)): // many sites show a page at every path
		return fail(because("securitytxt-page", types[0])).with(line, "Content-Type: "+types[0]), false
	case !plain || !utf8:
		return fail(because("securitytxt-type", types[0])).with("Content-Type: " + types[0]), false
	}
	return finding{}, true
}

// plainText reads a Content-Type: RFC 9116 section 3 asks text/plain, in UTF-8.
func plainText(contentType string) (plain, utf8 bool) {
	media, params, err := mime.ParseMediaType(contentType)
	charset, has := params["charset"]
	return err == nil && media == "text/plain", !has || strings.EqualFold(charset, "utf-8")
}

// hasFields reports whether a text is meant as a security.txt at all: it says whom to
// write to, or until when.
func hasFields(f *securitytxt.File) bool {
	return len(f.Values("contact"))+len(f.Values("expires")) > 0
}

// legacyFile reports whether what was answered at /security.txt is such a file. A site
// may answer 200 to every path.
func legacyFile(s *fact.SecurityTxt) bool {
	hop := s.Legacy.Last()
	if hop == nil || hop.Status != 200 || !hasFields(securitytxt.Parse(s.Body)) {
		return false
	}
	types := hop.Values("Content-Type")
	if len(types) == 0 {
		return true
	}
	plain, _ := plainText(types[0])
	return plain
}

// breaks reports whether a defect breaks RFC 9116. What CSAF asks, and what is commonly
// overlooked, is a matter of quality.
func breaks(d securitytxt.Defect) bool {
	return d.Kind() == securitytxt.KindError && d.Code != securitytxt.NoCSAFFile
}

// defect is the reason for a defect of the file.
func defect(code string, d securitytxt.Defect) Reason {
	r := worded(code, d.Code, d.Text)
	if r.Code == code {
		r.Args = r.Args[:1] // the code of the defect alone
	}
	return r
}

func defectLine(d securitytxt.Defect) string {
	s := d.Code
	if d.Line > 0 {
		s = "line " + strconv.Itoa(d.Line) + ": " + s
	}
	if d.Text != "" {
		s += " (" + d.Text + ")"
	}
	return s
}

const securityTxtCheck = "curl -skiL {resolve}https://{name}/.well-known/security.txt"

const securityTxtExample = `Contact: https://www.example.nl/kwetsbaarheid-melden
Expires: 2027-11-01T00:00:00Z
Canonical: https://www.example.nl/.well-known/security.txt
Preferred-Languages: nl, en
`

var securityTxtValid = rule{
	explain: Text{
		"Op /.well-known/security.txt staat over HTTPS een bestand van het type text/plain dat aan RFC 9116 voldoet: ten minste één Contact, precies één Expires die nog niet voorbij is, en bij Canonical het eigen adres.",
		"At /.well-known/security.txt stands, over HTTPS, a file of type text/plain that complies with RFC 9116: at least one Contact, exactly one Expires that has not passed, and with Canonical its own address.",
	},
	why: Text{
		"Wie een zwakke plek vindt, weet dan meteen waar het te melden.",
		"Whoever finds a weakness then knows at once where to report it.",
	},
	fixes: []Fix{
		fixFor("", "Zet dit bestand op /.well-known/security.txt, of stuur door naar een centraal bestand.", "Put this file at /.well-known/security.txt, or redirect to a central file.", securityTxtExample),
		fixFor("nginx", "Stuur het type mee.", "Send the type.", "location = /.well-known/security.txt {\n    default_type text/plain;\n    charset utf-8;\n}"),
		fixFor("apache", "Stuur het type mee.", "Send the type.", "<Location \"/.well-known/security.txt\">\n    ForceType 'text/plain; charset=utf-8'\n</Location>"),
		fixFor("iis", "Stuur het type mee.", "Send the type.", `<staticContent><remove fileExtension=".txt" /><mimeMap fileExtension=".txt" mimeType="text/plain; charset=utf-8" /></staticContent>`),
	},
	check: securityTxtCheck,
	judge: func(v *view) Verdict {
		return v.eachSecurityTxt(func(s *fact.SecurityTxt, hop *fact.Hop, f *securitytxt.File) finding {
			until := v.after(f.Until(v.At))
			if s.Truncated {
				return fail(because("securitytxt-defect", securitytxt.TooLong)).with("longer than 100 KiB")
			}
			out := pass(because("securitytxt-right"))
			for _, d := range append(f.Check(v.At, hop.URL), f.Defects...) {
				if !breaks(d) {
					continue
				}
				if out.outcome == Passed {
					out = fail(defect("securitytxt-defect", d))
				}
				out = out.with(defectLine(d))
			}
			return out.till(until)
		}, func(f finding) finding { return f })
	},
}

// noFile is what the other rules say where there is no file to judge.
func noFile(finding) finding { return none(because("securitytxt-none")) }

var securityTxtSigned = rule{
	explain: Text{
		"Het bestand is met OpenPGP ondertekend (RFC 9116, 2.3) en de handtekening klopt met een sleutel uit het veld Encryption.",
		"The file is signed with OpenPGP (RFC 9116, 2.3) and the signature holds with a key of the field Encryption.",
	},
	why: Text{
		"Een handtekening bewijst dat de melding niet bij een ander terechtkomt als de website is gekraakt.",
		"A signature proves that a report does not go to someone else when the website has been broken into.",
	},
	fixes: []Fix{fixFor("", "Onderteken het bestand.", "Sign the file.", "gpg --clearsign --output security.txt security.txt.in")},
	check: "curl -skL {resolve}https://{name}/.well-known/security.txt | gpg --verify",
	judge: func(v *view) Verdict {
		return v.eachSecurityTxt(func(s *fact.SecurityTxt, _ *fact.Hop, f *securitytxt.File) finding {
			if !f.Signed && !hasFields(f) {
				return noFile(finding{}) // nothing that could be signed
			}
			switch s.Signature {
			case "valid":
				return pass(because("signature-valid", s.KeyID))
			case "":
				return warn(because("not-signed")).with("no -----BEGIN PGP SIGNED MESSAGE-----")
			case "no_key":
				if s.KeyGap != "" { // perhaps there is one where we could not look
					return missed(s.KeyGap)
				}
				return note(because("signature-no-key"))
			}
			return fail(because("signature-bad", s.Signature)).with("OpenPGP signature: " + s.Signature)
		}, noFile)
	},
}

// soonExpired is how long before its end a file should have been renewed.
const soonExpired = 14 * 24 * time.Hour

var securityTxtQuality = rule{
	explain: Text{
		"Het bestand is goed te gebruiken: Expires ligt nog ten minste 14 dagen en hooguit een jaar vooruit, er is een contact met https, mailto of tel, en wat RFC 9116 aanraadt is gevolgd.",
		"The file is usable: Expires lies at least 14 days and at most a year ahead, there is a contact by https, mailto or tel, and what RFC 9116 recommends is followed.",
	},
	why: Text{
		"Een bestand dat binnenkort verloopt of een contact heeft dat niemand kan gebruiken, helpt een melder niet.",
		"A file that expires soon, or a contact that nobody can use, does not help a reporter.",
	},
	fixes: securityTxtValid.fixes[:1],
	check: securityTxtCheck,
	judge: func(v *view) Verdict {
		return v.eachSecurityTxt(func(_ *fact.SecurityTxt, hop *fact.Hop, f *securitytxt.File) finding {
			if !hasFields(f) {
				return noFile(finding{}) // what is missing is said where it is asked
			}
			out := pass(because("securitytxt-usable"))
			weak := func(r Reason, line string) {
				if out.outcome == Passed {
					out = warn(r)
				}
				out = out.with(line)
			}
			if end, ok := f.Expires(); ok && end.After(v.At) {
				if soon := end.Add(-soonExpired); v.At.Before(soon) {
					out = out.till(soon)
				} else {
					weak(because("securitytxt-expires-soon", day(end)), "Expires: "+day(end))
				}
			}
			for _, d := range append(f.Check(v.At, hop.URL), f.Defects...) {
				// That it is not signed has a requirement of its own.
				if breaks(d) || d.Code == securitytxt.NotSigned {
					continue
				}
				weak(defect("securitytxt-advice", d), defectLine(d))
			}
			if cs := f.Values("contact"); len(cs) > 0 && !usableContact(cs) {
				weak(because("securitytxt-contact", cs[0]), "Contact: "+cs[0])
			}
			return out
		}, noFile)
	},
}

// usableContact reports whether one of the contacts can be used by a person.
func usableContact(cs []string) bool {
	for _, c := range cs {
		l := strings.ToLower(c)
		if mail, is := strings.CutPrefix(l, "mailto:"); is && strings.Contains(mail, "@") {
			return true
		}
		if strings.HasPrefix(l, "https://") || (strings.HasPrefix(l, "tel:") && hasDigit(l)) {
			return true
		}
	}
	return false
}
