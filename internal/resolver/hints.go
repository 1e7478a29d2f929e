package resolver

import (
	_ "embed" // the root's hints and trust anchors
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

//go:embed data/root.hints
var embeddedHints string

//go:embed data/root.key
var embeddedAnchors string

// anchor is what is trusted of a zone without proof.
type anchor struct {
	ds   []dsRecord
	keys []*dnskey
}

// parseHints reads the root's name servers and their addresses from master-file
// lines.
func parseHints(s string) (*delegation, error) {
	d := &delegation{zone: root, glue: map[name][]netip.Addr{}, until: time.Unix(1<<40, 0)}
	zp := dns.NewZoneParser(strings.NewReader(s), ".", "")
	zp.SetDefaultTTL(3600)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		owner, err := parseName(rr.Header().Name)
		if err != nil {
			return nil, err
		}
		switch rr := rr.(type) {
		case *dns.NS:
			ns, err := parseName(rr.Ns)
			if err != nil || owner != root {
				return nil, fmt.Errorf("NS record of %s: only those of the root belong here", rr.Hdr.Name)
			}
			d.ns = append(d.ns, ns)
		case *dns.A:
			a, _ := netip.AddrFromSlice(rr.A.To4())
			d.glue[owner] = append(d.glue[owner], a)
		case *dns.AAAA:
			a, _ := netip.AddrFromSlice(rr.AAAA.To16())
			d.glue[owner] = append(d.glue[owner], a)
		default:
			return nil, fmt.Errorf("%s record of %s: only NS, A and AAAA belong here", typeName(rr.Header().Rrtype), rr.Header().Name)
		}
	}
	if err := zp.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(d.ns, name.compare)
	d.ns = slices.Compact(d.ns)
	for _, ns := range d.ns {
		for _, a := range d.glue[ns] {
			if a.IsValid() {
				return d, nil
			}
		}
	}
	return nil, errors.New("no name server of the root with an address")
}

// parseAnchors reads DS and DNSKEY records from master-file lines.
func parseAnchors(s string) (map[name]*anchor, error) {
	anchors := map[name]*anchor{}
	zp := dns.NewZoneParser(strings.NewReader(s), ".", "")
	zp.SetDefaultTTL(3600)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		owner, err := parseName(rr.Header().Name)
		if err != nil {
			return nil, err
		}
		data, err := rdataOf(rr)
		if err != nil {
			return nil, err
		}
		a := anchors[owner]
		if a == nil {
			a = &anchor{}
			anchors[owner] = a
		}
		switch rr.(type) {
		case *dns.DS:
			ds, ok := parseDS(data)
			if !ok {
				return nil, fmt.Errorf("DS record of %s is malformed", rr.Header().Name)
			}
			a.ds = append(a.ds, ds)
		case *dns.DNSKEY:
			k, ok := parseDNSKEY(data)
			if !ok {
				return nil, fmt.Errorf("DNSKEY record of %s is malformed", rr.Header().Name)
			}
			a.keys = append(a.keys, k)
		default:
			return nil, fmt.Errorf("%s record of %s: only DS and DNSKEY belong here", typeName(rr.Header().Rrtype), rr.Header().Name)
		}
	}
	if err := zp.Err(); err != nil {
		return nil, err
	}
	if len(anchors) == 0 {
		return nil, errors.New("none given")
	}
	return anchors, nil
}

// rdataOf is the RDATA of a parsed record in wire form.
func rdataOf(rr dns.RR) ([]byte, error) {
	buf := make([]byte, dns.Len(rr)+64)
	n, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return nil, err
	}
	off, err := skipName(buf)
	if err != nil || off+10 > n {
		return nil, errGarbage
	}
	return buf[off+10 : n], nil
}

func skipName(b []byte) (int, error) {
	_, off, err := dns.UnpackDomainName(b, 0)
	return off, err
}
