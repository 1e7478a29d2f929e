package resolver

import (
	"context"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// TestANameThatDoesNotExistIsAskedForOnce: in a list of a million names that do not exist,
// seven questions for each would keep a run waiting for the politeness towards the servers
// of the zones above them.
func TestANameThatDoesNotExistIsAskedForOnce(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13)
	w.zone("gemeente.nl", 13, "www A 192.0.2.1")
	r := w.build()
	ctx := context.Background()
	r.Lookup(ctx, "www.gemeente.nl", "A")
	r.Zone(ctx, "gemeente.nl")
	w.forget()
	for _, name := range []string{"b.gemeente.nl", "a.b.gemeente.nl", "c.a.b.gemeente.nl", "d.gemeente.nl", "a.e.gemeente.nl"} {
		for _, typ := range []string{"A", "AAAA", "SOA", "HTTPS", "CAA", "NS", "DS"} {
			if l := r.Lookup(ctx, name, typ); l.RCode != "NXDOMAIN" || l.Security != fact.Secure {
				t.Errorf("%s %s: %s", name, typ, say(l))
			}
		}
		if owner, _ := r.NameServers(ctx, name); owner != "gemeente.nl" {
			t.Errorf("name servers of %s: %s", name, owner)
		}
		if l := r.Lookup(ctx, "_443._tcp."+name, "TLSA"); l.RCode != "NXDOMAIN" || l.Security != fact.Secure {
			t.Errorf("TLSA of %s: %s", name, say(l))
		}
	}
	if got, want := w.forget(), []string{"b.gemeente.nl A", "d.gemeente.nl A", "e.gemeente.nl A"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// A server that says NXDOMAIN to types it does not know says nothing about the name.
func TestNXDOMAINToAnotherTypeThanAStandsAlone(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13)
	z := w.zone("gemeente.nl", 0, "www A 192.0.2.1")
	z.edit = func(q dns.Question, m *dns.Msg) {
		if q.Qtype == dns.TypeAAAA {
			m.Rcode = dns.RcodeNameError
		}
	}
	r := w.build()
	ctx := context.Background()
	if l := r.Lookup(ctx, "www.gemeente.nl", "AAAA"); l.RCode != "NXDOMAIN" {
		t.Fatalf("AAAA: %s", say(l))
	}
	if l := r.Lookup(ctx, "www.gemeente.nl", "A"); len(l.Records) != 1 {
		t.Errorf("A: %s", say(l))
	}
}
