package norm

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"peil/internal/fact"
	"peil/internal/norm/internetnl"
)

// inlHTTP judges catalogue B.7 to B.9 on one address.
func (v *view) inlHTTP(s *inlServer, h *fact.WebHost) {
	names := []string{
		"https_http_redirect", "https_http_compress", "https_http_hsts",
		"appsecpriv_x_frame_options", "appsecpriv_x_content_type_options", "appsecpriv_csp", "appsecpriv_referrer_policy", "appsecpriv_securitytxt",
	}
	if h.HTTP == nil || h.HTTP.Secure == nil {
		for _, n := range names {
			s.missed(n, fact.GapNotAsked)
		}
		return
	}
	v.inlRedirect(s, h)
	first := h.HTTP.Secure.First()
	if first == nil || first.Status == 0 {
		gap := h.HTTP.Secure.Gap
		if first != nil && first.Gap != "" {
			gap = first.Gap
		}
		if gap != "" || h.HTTP.Secure.End == "" {
			for _, n := range names[1:] {
				s.missed(n, gap)
			}
			return
		}
		// The server broke off: HSTS and compression are bad, the headers not tested.
		s.bad("https_http_compress").evidence("GET https://" + v.Target.Name + "/: " + h.HTTP.Secure.End)
		s.bad("https_http_hsts").evidence("GET https://" + v.Target.Name + "/: " + h.HTTP.Secure.End)
		return
	}
	v.inlHeaders(s, first)
	v.inlSecurityTxt(s, h.HTTP.SecurityTxt)
}

// inlRedirect: https must end without a client error; http must lead to https on the
// same name first.
func (v *view) inlRedirect(s *inlServer, h *fact.WebHost) {
	const name = "https_http_redirect"
	secure, plain := h.HTTP.Secure, h.HTTP.Plain
	switch {
	case secure.Gap != "" || secure.End == "":
		s.missed(name, secure.Gap)
		return
	case secure.End != fact.EndOK:
		s.set(name, inlResult{word: "no-https", status: inlNotTested}).unforced = true
		return
	}
	other := func(why string) {
		s.set(name, inlResult{word: "other", status: inlSuccess, points: 10, args: []string{why}})
	}
	switch {
	case h.Port80.Dead():
		other("80: " + firstWord(h.Port80.How, "silent"))
		return
	case plain == nil:
		s.missed(name, firstGap(h.Port80.Gap))
		return
	case plain.Gap != "" || plain.End == "":
		s.missed(name, firstGap(plain.Gap))
		return
	case plain.End != fact.EndOK:
		other(plain.End)
		return
	}
	first := plain.First()
	if first == nil {
		s.missed(name, fact.GapMalformed)
		return
	}
	line := "HTTP " + strconv.Itoa(first.Status)
	if first.Location != "" {
		line += ", Location: " + first.Location
	}
	if u, err := url.Parse(first.Next); err == nil && first.Next != "" && u.Scheme == "https" && strings.EqualFold(u.Hostname(), v.Target.Name) {
		s.good(name).evidence(line)
		return
	}
	s.bad(name, firstWord(first.Next, "HTTP "+strconv.Itoa(first.Status))).evidence(line)
}

// inlHeaders judges the headers of the first answer.
func (v *view) inlHeaders(s *inlServer, hop *fact.Hop) {
	lines := func(name string) (out []string) {
		for _, x := range hop.Values(name) {
			out = append(out, name+": "+x)
		}
		if out == nil {
			out = []string{"HTTP " + strconv.Itoa(hop.Status) + ", no " + name}
		}
		return out
	}
	const encoding, hsts, frame, sniff, csp, referrer = "Content-Encoding", "Strict-Transport-Security", "X-Frame-Options", "X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy"

	if internetnl.Compressed(hop.Values(encoding)) {
		s.set("https_http_compress", inlResult{word: "bad", status: inlInfo, evidence: lines(encoding)})
	} else {
		s.good("https_http_compress")
	}
	switch h := internetnl.ReadHSTS(hop.Values(hsts)); {
	case !h.Readable:
		s.bad("https_http_hsts").evidence(lines(hsts)...)
	case h.MaxAge < internetnl.HSTSMinimum:
		s.set("https_http_hsts", inlResult{word: "other", status: inlFail, points: 2, args: []string{strconv.FormatInt(h.MaxAge, 10)}, evidence: lines(hsts)})
	default:
		age := strconv.FormatInt(h.MaxAge, 10)
		if h.MaxAge == math.MaxInt64 { // cut: the evidence has what was sent
			age = "beyond_time"
		}
		s.good("https_http_hsts", age).evidence(lines(hsts)...)
	}
	simple := func(name, header string, ok bool) {
		if ok {
			s.good(name).evidence(lines(header)...)
		} else {
			s.bad(name).evidence(lines(header)...)
		}
	}
	simple("appsecpriv_x_frame_options", frame, internetnl.XFrameOptionsGood(hop.Values(frame)))
	simple("appsecpriv_x_content_type_options", sniff, internetnl.XContentTypeOptionsGood(hop.Values(sniff)))
	codes, present := internetnl.CSPFailures(hop.Values(csp), v.Target.Name)
	switch {
	case !present:
		s.bad("appsecpriv_csp", "no header").evidence(lines(csp)...)
	case len(codes) > 0:
		s.bad("appsecpriv_csp", inlList(codes)).evidence(lines(csp)...)
	default:
		s.good("appsecpriv_csp").evidence(lines(csp)...)
	}
	switch r, _ := internetnl.ReadReferrer(hop.Values(referrer)); r {
	case internetnl.ReferrerGood:
		s.good("appsecpriv_referrer_policy").evidence(lines(referrer)...)
	case internetnl.ReferrerRecommendations:
		s.set("appsecpriv_referrer_policy", inlResult{word: "recommendations", status: inlInfo, evidence: lines(referrer)})
	case internetnl.ReferrerBad:
		s.bad("appsecpriv_referrer_policy").evidence(lines(referrer)...)
	}
}

// inlSecurityTxt judges catalogue B.9.
func (v *view) inlSecurityTxt(s *inlServer, f *fact.SecurityTxt) {
	const name = "appsecpriv_securitytxt"
	if f == nil || f.WellKnown == nil {
		s.missed(name, fact.GapNotAsked)
		return
	}
	status := func(x *fact.Fetch) (int, fact.Gap) {
		if x == nil {
			return 0, fact.GapNotAsked
		}
		if x.Gap != "" || x.End == "" {
			return 0, firstGap(x.Gap)
		}
		if last := x.Last(); last != nil && x.End == fact.EndOK {
			return last.Status, last.Gap
		}
		return 0, "" // no answer that can be read
	}
	well, gap := status(f.WellKnown)
	if gap != "" {
		s.missed(name, gap)
		return
	}
	a := internetnl.SecurityTxtAnswer{WellKnown: well, Body: f.Body}
	from := f.WellKnown.Last()
	if well == 200 && from.BodyGap != "" { // a part of a file
		s.missed(name, from.BodyGap)
		return
	}
	if well != 200 {
		// Whatever stands at the old place, the verdict is bad; only the code differs.
		if a.Legacy, gap = status(f.Legacy); gap != "" {
			a.Legacy = well
		} else {
			from = f.Legacy.Last()
		}
	}
	if from != nil {
		a.URL, a.ContentType = from.URL, from.Values("Content-Type")
	}
	r := internetnl.ReadSecurityTxt(a, v.At)
	var line []string
	if from != nil {
		line = []string{from.URL + ": HTTP " + strconv.Itoa(from.Status)}
	}
	switch r.Verdict {
	case "good":
		s.good(name).till(r.Until).evidence(line...)
	case "recommendations":
		s.set(name, inlResult{word: "recommendations", status: inlInfo, args: []string{inlList(r.Recommendations)}, evidence: line, until: r.Until})
	default:
		s.bad(name, inlList(r.Errors)).till(r.Until).evidence(line...)
	}
}
