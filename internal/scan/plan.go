package scan

import (
	"peil/internal/norm"
	"peil/internal/probe/dnsprobe"
	"peil/internal/probe/tlsprobe"
)

// dnsPlan is what is asked of the DNS.
func dnsPlan(n *norm.Needs) dnsprobe.Plan {
	return dnsprobe.Plan{
		Zones: n.DNSSEC, NameServers: n.NameServers || n.NSRoutes, Reach: n.NameServers,
		CAA: n.CAA, TLSA: n.TLSA, HTTPSRecord: n.HTTPSRecord,
	}
}

// mailDNSPlan is what is asked of the DNS for a mail domain besides what mailPlan says.
func mailDNSPlan(n *norm.Needs) dnsprobe.Plan {
	return dnsprobe.Plan{Zones: n.DNSSEC, NameServers: n.NameServers || n.NSRoutes, Reach: n.NameServers}
}

// tlsPlan puts what editions need of TLS into what the prober asks.
func tlsPlan(n *norm.TLSNeeds) tlsprobe.Plan {
	p := tlsprobe.Plan{Versions: n.Versions}
	if !n.AllSuites {
		p.Suites = flat(n.Suites)
	}
	if !n.AllGroups {
		p.Groups = flat(n.Groups)
	}
	if len(n.Better) > 0 && len(n.Worse) > 0 {
		p.Order = []tlsprobe.OrderQuestion{{Better: n.Better, Worse: n.Worse}}
		p.Ask |= tlsprobe.AskPreference
	}
	for _, q := range []struct {
		yes bool
		ask tlsprobe.Extras
	}{
		{len(n.KexHashes) > 0, tlsprobe.AskKexHash},
		{n.ClientRenegotiation > 0, tlsprobe.AskRenegotiation},
		{n.EarlyData, tlsprobe.AskEarlyData},
		{n.NoSNI, tlsprobe.AskNoSNI},
		{n.NoSNI, tlsprobe.AskFallback}, // the strictest reading asks for both
		{n.Certificates, tlsprobe.AskDeployments},
	} {
		if q.yes {
			p.Ask |= q.ask
		}
	}
	return p
}

// flat joins sets into a list that is empty, never nil: nil asks for everything.
func flat[T any](sets [][]T) []T {
	all := []T{}
	for _, s := range sets {
		all = append(all, s...)
	}
	return all
}
