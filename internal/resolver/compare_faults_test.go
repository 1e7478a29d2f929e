package resolver

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestAgreesOnEachFault puts each fault of TestEachFaultIsNamed into a top-level
// domain of its own and asks the same of Peil, Unbound and delv.
func TestAgreesOnEachFault(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	c := newCountry(t)
	w := newWorld(t)
	w.now = time.Now().Truncate(time.Second)
	w.zones["."].from, w.zones["."].to = w.now.Add(-time.Hour), w.now.Add(24*time.Hour)
	var asks []comparison
	for i, f := range faults {
		switch f.what {
		case "expires this second", "valid from this second", "valid from the next second": // they are over when the others ask
			continue
		case "all servers silent", "DNSKEY unreachable": // the others wait for minutes
			continue
		case "records from outside the zone": // it names a zone
			continue
		}
		tld := fmt.Sprintf("f%d", i)
		w.zone(tld, 13)
		z := w.zone("example."+tld, 13, "www A 192.0.2.1")
		f.fault(w, z)
		n := strings.TrimSuffix(f.name, "nl") + tld
		t.Logf("%s: %s", tld, f.what)
		asks = append(asks, comparison{n, f.typ, disputed[f.what], false})
		if strings.Contains(f.want, "gap=") {
			continue
		}
		for j, more := range []string{"example A", "nope.example AAAA", "example DNSKEY", "example DS", "www.example TXT"} {
			n, typ, _ := strings.Cut(more, " ")
			asks = append(asks, comparison{n + "." + tld, typ, disputed[f.what], (i+j)%4 != 0})
		}
	}
	var anchor string
	w.build()
	for _, k := range w.zones["."].keys {
		if k.ksk {
			anchor = k.ToDS(2).String()
		}
	}
	w.serve()
	c.agree(fmt.Sprintf(". 3600 IN NS ns.\nns. 3600 IN A %s\n", w.zones["."].addr), anchor, asks)
}

// disputed are faults of which one program thinks otherwise.
var disputed = map[string]string{
	"zone bit not set": "delv", // uses the key all the same, against RFC 4034 section 2.1.1
	"NXDOMAIN beside the proof that the name exists": "delv", // Unbound and Peil hold to what is proven: the type is absent
	"alias at the apex": "delv",    // the resolver that it asks gives the alias for DS and DNSKEY too
	"revoked key":       "unbound", // heeds REVOKE in trust anchors only; RFC 5011 section 2.1 says any key
	"a signature that is wrong beside a good one":      "delv",         // gives up at the first one that fails, since KeyTrap
	"an expired signature beside a good one":           "delv",         // the same
	"signer is the parent":                             "unbound delv", // RFC 4035 section 5.3.1: it must be the zone itself
	"bad version for EDNS":                             "unbound delv", // they take it for an empty answer
	"a type denied where an alias stands":              "unbound delv", // they ask for A first and keep to the alias that they got
	"a key of another protocol":                        "delv",         // uses the key all the same, against RFC 4034 section 2.1.2
	"DNSKEY refused":                                   "link",         // Unbound gives nothing that names it
	"the parent's NSEC at the cut used as the child's": "link",         // Unbound keeps that record back
	"good SHA-1 digest beside a wrong SHA-256":         "unbound",      // uses SHA-1 too; RFC 4509 section 3 says not to
}

// serve puts the servers of the world on real sockets, until the test ends.
func (w *world) serve() {
	w.t.Helper()
	for a := range w.at {
		addr := netip.AddrPortFrom(a, 53)
		u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
		if err != nil {
			w.t.Fatal(err)
		}
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr))
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = u.Close(); _ = l.Close() })
		go func() {
			b := make([]byte, 4096)
			for {
				n, from, err := u.ReadFromUDPAddrPort(b)
				if err != nil {
					return
				}
				if r := w.reply(a, false, b[:n]); r != nil {
					_, _ = u.WriteToUDPAddrPort(r, from)
				}
			}
		}()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go w.serveTCP(a, c)
			}
		}()
	}
}

func (w *world) serveTCP(a netip.Addr, c net.Conn) {
	defer c.Close()
	for {
		var n [2]byte
		if _, err := io.ReadFull(c, n[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(n[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		r := w.reply(a, true, b)
		if r == nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(r))), r...)); err != nil {
			return
		}
	}
}
