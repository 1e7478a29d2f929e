package httpprobe

import (
	"bytes"
	"context"
	"net/netip"
	"net/url"

	"peil/internal/fact"
	"peil/internal/standard/mtasts"
)

// Policy fetches the policy of MTA-STS (RFC 8461 section 3.3) from a host at the first of
// some addresses that answers: one GET over HTTPS each. Where it redirects is written down
// and not followed. gap says why there are no addresses, when that is not known. The
// caller judges the certificate.
func (p *Prober) Policy(ctx context.Context, host string, addrs []netip.Addr, gap fact.Gap) *fact.PolicyFetch {
	f := &fact.PolicyFetch{}
	u := &url.URL{Scheme: "https", Host: host, Path: mtasts.Path}
	if len(addrs) == 0 {
		f.Fetch = &fact.Fetch{Hops: []fact.Hop{{URL: u.String(), Error: "no_address", Gap: gap, At: p.Now()}}, Gap: gap}
		if gap == "" {
			f.Fetch.End = fact.EndClientError
		}
		return f
	}
	for _, addr := range addrs {
		a := p.step(ctx, host, addr, u, "")
		hop := a.hop
		if hop.Error == "tls" && hop.Gap == "" && !p.Alerted(originOf(u, addr).addr) {
			hop.Gap = fact.GapBlocked // a reset, and no hello that is accepted later to hold it against
		}
		f.Fetch = &fact.Fetch{Hops: []fact.Hop{hop}, End: fact.EndOK}
		switch {
		case hop.Gap != "":
			f.Fetch.End, f.Fetch.Gap = "", hop.Gap
		case hop.Status == 0:
			f.Fetch.End = fact.EndClientError
		default:
			if hop.Status == 200 {
				body := a.text()
				f.Truncated = hop.Truncated
				if len(body) > mtasts.MaxPolicy {
					body, f.Truncated = body[:mtasts.MaxPolicy], true
				}
				f.Body = bytes.Clone(body)
			}
			return f
		}
	}
	return f
}
