package routeprobe

import (
	"net/netip"
	"reflect"
	"testing"

	"peil/internal/fact"
	"peil/internal/routes"
)

func tables(t *testing.T) *Prober {
	t.Helper()
	var v routes.VRPBuilder
	for _, x := range []routes.VRP{
		{Prefix: netip.MustParsePrefix("8.8.0.0/16"), MaxLength: 24, Origin: 64500},
		{Prefix: netip.MustParsePrefix("9.9.0.0/16"), MaxLength: 16, Origin: 64501},
		{Prefix: netip.MustParsePrefix("2a00:1450::/32"), MaxLength: 48, Origin: 64502},
	} {
		if err := v.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	var r routes.RouteBuilder
	for _, x := range []routes.Announcement{
		{Prefix: netip.MustParsePrefix("8.8.8.0/24"), Origin: 64500},
		{Prefix: netip.MustParsePrefix("8.8.0.0/16"), Origin: 64599},
		{Prefix: netip.MustParsePrefix("9.9.9.0/24"), Origin: 64501},
		{Prefix: netip.MustParsePrefix("11.0.0.0/8"), Origin: 64503},
		{Prefix: netip.MustParsePrefix("2a00:1450:1::/48"), Origin: 64502},
	} {
		if err := r.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	vt, err := v.Table(routes.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := r.Table(routes.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	return &Prober{VRPs: vt, Routes: rt}
}

func TestEachAnnouncementHasItsOutcome(t *testing.T) {
	p := tables(t)
	states := func(r fact.Route) map[string]fact.ROVState {
		m := map[string]fact.ROVState{}
		for _, o := range r.Origins {
			m[o.Prefix.String()] = o.State
		}
		return m
	}
	for addr, want := range map[string]map[string]fact.ROVState{
		"8.8.8.8":         {"8.8.8.0/24": fact.ROVValid, "8.8.0.0/16": fact.ROVInvalidAS},
		"9.9.9.9":         {"9.9.9.0/24": fact.ROVInvalidLength},
		"11.1.1.1":        {"11.0.0.0/8": fact.ROVNotFound},
		"12.0.0.1":        {},
		"2a00:1450:1::80": {"2a00:1450:1::/48": fact.ROVValid},
		"10.0.0.1":        {},
	} {
		r := p.Lookup(netip.MustParseAddr(addr))
		if got := states(r); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
		if r.NotPublic != (addr == "10.0.0.1") {
			t.Errorf("%s: not public: %v", addr, r.NotPublic)
		}
		if r.RouteGap != "" || r.VRPGap != "" {
			t.Errorf("%s: %+v", addr, r)
		}
	}
	// A ROA that covers the address counts also where nothing is announced.
	if r := p.Lookup(netip.MustParseAddr("9.9.1.1")); len(r.Origins) != 0 || len(r.Covering) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestWithoutTablesNothingIsMeasured(t *testing.T) {
	a := netip.MustParseAddr("8.8.8.8")
	if r := (&Prober{}).Lookup(a); r.VRPGap != fact.GapNoSource || r.RouteGap != fact.GapNoSource {
		t.Errorf("%+v", r)
	}
	p := tables(t)
	p.VRPs = nil
	if r := p.Lookup(a); r.VRPGap != fact.GapNoSource || r.RouteGap != "" || len(r.Origins) != 2 || r.Origins[0].State != "" {
		t.Errorf("%+v", r)
	}
}
