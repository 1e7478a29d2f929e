package internetnl

import "peil/internal/standard/caa"

// CAA is the reading of a CAA record set.
type CAA struct {
	Verdict string   // "good", "bad", "insufficient" or "syntax-error"
	Errors  []string // message ids
}

// maxCAA is how many records are looked at.
const maxCAA = 100

// ReadCAA judges the records that were found at the name or above it; none is bad. An
// error beside no tag spelt exactly "issue" is insufficient, any other error is a
// syntax error. Whether the present issuer is allowed is not asked.
func ReadCAA(rdata [][]byte) CAA {
	if len(rdata) == 0 {
		return CAA{Verdict: "bad"}
	}
	if len(rdata) > maxCAA {
		rdata = rdata[:maxCAA]
	}
	var c CAA
	issue := false
	for _, b := range rdata {
		r := caa.Parse(b)
		issue = issue || r.Tag == "issue"
		for _, d := range r.Defects {
			switch d.Code {
			case caa.AccountURI, caa.TooLong: // not looked at
			case caa.IodefHTTP:
				c.Errors = append(c.Errors, caa.IodefValue)
			case caa.Malformed:
				c.Errors = append(c.Errors, caa.UnknownProperty)
			default:
				c.Errors = append(c.Errors, d.Code)
			}
		}
	}
	switch {
	case len(c.Errors) > 0 && !issue:
		c.Verdict = "insufficient"
	case len(c.Errors) > 0:
		c.Verdict = "syntax-error"
	default:
		c.Verdict = "good"
	}
	return c
}
