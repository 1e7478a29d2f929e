package resolver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// signedZone is a zone that a real signer signs, with one fault.
type signedZone struct {
	name  string
	alg   string // for ldns-keygen; "" leaves the zone unsigned
	bits  int
	opts  []string                      // of ldns-signzone
	spoil func(c *country, zone string) // changes the signed file
	ds    func(c *country, own []string) []string
	knot  string // signed by knotd with this policy instead
	extra string // more records
}

const usual = `@ 300 A 192.0.2.1
@ 300 MX 10 mail
@ 300 TXT "text"
www 300 A 192.0.2.2
www 300 AAAA 2001:db8::2
alias 300 CNAME www
*.w 300 A 192.0.2.3
exists.w 300 A 192.0.2.4
a.b.c 300 A 192.0.2.5
d 300 DNAME b.c
cross 300 CNAME www.g13.nl.
cross-expired 300 CNAME www.expired.nl.
cross-unsigned 300 CNAME www.nods.nl.
`

func dates(from, to time.Duration) []string {
	now := time.Now().UTC()
	return []string{"-i", now.Add(from).Format("20060102150405"), "-e", now.Add(to).Format("20060102150405")}
}

// country is the set of zones below nl.
var compared = []signedZone{
	{name: "g13", alg: "ECDSAP256SHA256", extra: "sub 300 NS nsc.nl.\n"},
	{name: "g5", alg: "RSASHA1", bits: 1024},
	{name: "g7", alg: "RSASHA1-NSEC3-SHA1", bits: 1024, opts: []string{"-n"}},
	{name: "g8", alg: "RSASHA256", bits: 2048},
	{name: "g10", alg: "RSASHA512", bits: 1024},
	{name: "g14", alg: "ECDSAP384SHA384"},
	{name: "g15", alg: "ED25519"},
	{name: "g16", alg: "ED448"},
	{name: "n3", alg: "ECDSAP256SHA256", opts: []string{"-n", "-t", "0"}, extra: "sub 300 NS nsc.nl.\n"},
	{name: "n3salt", alg: "ECDSAP256SHA256", opts: []string{"-n", "-t", "10", "-s", "abcd"}},
	{name: "n3optout", alg: "ECDSAP256SHA256", opts: []string{"-n", "-t", "1", "-p"}, extra: "sub 300 NS nsc.nl.\n"},
	{name: "n3i150", alg: "ECDSAP256SHA256", opts: []string{"-n", "-t", "150"}},
	{name: "n3i151", alg: "ECDSAP256SHA256", opts: []string{"-n", "-t", "151"}},
	{name: "expired", alg: "ECDSAP256SHA256", opts: dates(-48*time.Hour, -2*time.Hour)},
	{name: "future", alg: "ECDSAP256SHA256", opts: dates(2*time.Hour, 48*time.Hour)},
	{name: "nods", alg: "ECDSAP256SHA256", ds: func(*country, []string) []string { return nil }},
	{name: "unsigned"},
	{name: "dsbad", alg: "ECDSAP256SHA256", ds: func(c *country, _ []string) []string { return c.ds(c.keygen("dsbad.nl", "ECDSAP256SHA256", 0, true)) }},
	{name: "dsonly", ds: func(c *country, _ []string) []string { return c.ds(c.keygen("dsonly.nl", "ECDSAP256SHA256", 0, true)) }},
	{name: "alg23", alg: "ECDSAP256SHA256", ds: func(_ *country, own []string) []string {
		return []string{strings.Replace(own[0], " 13 2 ", " 23 2 ", 1)}
	}},
	{name: "digest99", alg: "ECDSAP256SHA256", ds: func(_ *country, own []string) []string {
		return []string{strings.Replace(own[0], " 13 2 ", " 13 99 ", 1)}
	}},
	{name: "rollds", alg: "ECDSAP256SHA256", ds: func(c *country, own []string) []string {
		return append(c.ds(c.keygen("rollds.nl", "RSASHA256", 1024, true)), own...)
	}},
	{name: "strip", alg: "ECDSAP256SHA256", spoil: remove("RRSIG", "A")},
	{name: "strip3", alg: "ECDSAP256SHA256", opts: []string{"-n"}, spoil: remove("RRSIG", "A")},
	{name: "stripkey", alg: "ECDSAP256SHA256", spoil: remove("RRSIG", "DNSKEY")},
	{name: "forged", alg: "ECDSAP256SHA256", spoil: replace("192.0.2.2", "192.0.2.99")},
	{name: "nonsec", alg: "ECDSAP256SHA256", spoil: func(c *country, z string) { remove("NSEC", "")(c, z); remove("RRSIG", "NSEC")(c, z) }},
	{name: "nosigsnsec", alg: "ECDSAP256SHA256", spoil: remove("RRSIG", "NSEC")},
	{name: "wrongkey", alg: "ECDSAP256SHA256", spoil: wrongKey},
	{name: "k13", knot: "p13"},
	{name: "k15n3", knot: "p15"},
	{name: "k16", knot: "p16"},
	{name: "k8", knot: "p8"},
}

func remove(typ, covered string) func(*country, string) {
	return func(c *country, z string) {
		c.edit(z, func(f []string) []string {
			if f[3] == typ && (covered == "" || f[4] == covered) {
				return nil
			}
			return f
		})
	}
}

func replace(old, by string) func(*country, string) {
	return func(c *country, z string) {
		c.edit(z, func(f []string) []string {
			for i := 4; i < len(f); i++ {
				if f[i] == old {
					f[i] = by
				}
			}
			return f
		})
	}
}

// wrongKey leaves the keys as they are and lets other ones sign the rest.
func wrongKey(c *country, z string) {
	file := filepath.Join(c.dir, z+".zone")
	c.run("ldns-signzone", "-o", z+".", "-f", file+".other", filepath.Join(c.dir, z+".plain"), c.keygen(z, "ECDSAP256SHA256", 0, true), c.keygen(z, "ECDSAP256SHA256", 0, false))
	remove("RRSIG", "")(c, z)
	own, err := os.ReadFile(file + ".own")
	if err != nil {
		c.t.Fatal(err)
	}
	other, err := os.ReadFile(file + ".other")
	if err != nil {
		c.t.Fatal(err)
	}
	var lines []string
	for _, l := range strings.Split(string(own), "\n") {
		if strings.Contains(l, "RRSIG\tDNSKEY") {
			lines = append(lines, l)
		}
	}
	for _, l := range strings.Split(string(other), "\n") {
		if strings.Contains(l, "\tRRSIG\t") && !strings.Contains(l, "RRSIG\tDNSKEY") {
			lines = append(lines, l)
		}
	}
	c.add(file, strings.Join(lines, "\n")+"\n")
}

// country makes the files of the zones.
type country struct {
	t   *testing.T
	dir string
}

func (c *country) run(prog string, args ...string) string {
	c.t.Helper()
	cmd := exec.Command(prog, args...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s %v: %v\n%s", prog, args, err, out)
	}
	return string(out)
}

func (c *country) write(file, text string) {
	c.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *country) add(file, text string) {
	c.t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(file, string(b)+text)
}

func (c *country) keygen(zone, alg string, bits int, ksk bool) string {
	args := []string{"-a", alg}
	if bits > 0 {
		args = append(args, "-b", fmt.Sprint(bits))
	}
	if ksk {
		args = append(args, "-k")
	}
	return strings.TrimSpace(c.run("ldns-keygen", append(args, zone)...))
}

// ds is the DS record of a key by SHA-256.
func (c *country) ds(key string) []string {
	return []string{strings.TrimSpace(c.run("ldns-key2ds", "-n", "-2", key+".key"))}
}

// edit changes the records of a signed zone, field by field; nil removes one.
func (c *country) edit(zone string, f func([]string) []string) {
	c.t.Helper()
	file := filepath.Join(c.dir, zone+".zone")
	b, err := os.ReadFile(file)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := os.Stat(file + ".own"); err != nil {
		c.write(file+".own", string(b))
	}
	var out []string
	for _, l := range strings.Split(string(b), "\n") {
		fields := strings.Fields(l)
		if len(fields) < 5 {
			continue
		}
		if fields = f(fields); fields != nil {
			out = append(out, strings.Join(fields, "\t"))
		}
	}
	c.write(file, strings.Join(out, "\n")+"\n")
}

// sign makes zone.plain and zone.zone and returns its DS records.
func (c *country) sign(zone, records, alg string, bits int, opts []string) []string {
	plain := filepath.Join(c.dir, zone+".plain")
	file := filepath.Join(c.dir, zone+".zone")
	origin := strings.TrimSuffix(zone, ".") + "."
	c.write(plain, "$ORIGIN "+origin+"\n"+records)
	if alg == "" {
		c.write(file, "$ORIGIN "+origin+"\n"+records)
		return nil
	}
	ksk, zsk := c.keygen(origin, alg, bits, true), c.keygen(origin, alg, bits, false)
	c.run("ldns-signzone", slices.Concat(opts, []string{"-o", origin, "-f", file, plain, ksk, zsk})...)
	return c.ds(ksk)
}

func soa(ns string) string {
	return "@ 300 SOA " + ns + " host.nl. 1 3600 600 86400 300\n@ 300 NS " + ns + "\n"
}

// make signs everything and returns the root's trust anchor.
func (c *country) make() (anchor string) {
	tld := soa("ns.nl.") + "ns 300 A 192.5.6.30\nnsc 300 A 192.33.14.30\nnsd 300 A 192.48.79.30\n"
	for _, z := range compared {
		name := z.name + ".nl"
		ns, records := "nsc.nl.", usual+z.extra
		if z.knot != "" {
			ns = "nsd.nl."
		}
		var ds []string
		if z.knot != "" {
			c.write(filepath.Join(c.dir, name+".zone"), "$ORIGIN "+name+".\n"+soa(ns)+records)
			ds = c.knotKeys(name, z.knot)
		} else {
			ds = c.sign(name, soa(ns)+records, z.alg, z.bits, z.opts)
		}
		if strings.Contains(z.extra, "sub ") {
			c.sign("sub."+name, soa(ns)+usual, "", 0, nil)
		}
		if z.spoil != nil {
			z.spoil(c, name)
		}
		if z.ds != nil {
			ds = z.ds(c, ds)
		}
		tld += z.name + " 300 NS " + ns + "\n" + strings.Join(ds, "\n") + "\n"
	}
	ds := c.sign("nl", tld, "ECDSAP256SHA256", 0, []string{"-n", "-p"})
	anchors := c.sign(".", soa("ns.rootsrv.")+"ns.rootsrv 300 A 198.41.0.4\nnl 300 NS ns.nl.\nns.nl 300 A 192.5.6.30\n"+strings.Join(ds, "\n")+"\n", "RSASHA256", 2048, nil)
	return anchors[0]
}

// knotKeys lets knot make the keys of a zone that it will sign itself.
func (c *country) knotKeys(zone, policy string) []string {
	alg := map[string]string{"p13": "ecdsap256sha256", "p15": "ed25519", "p16": "ed448", "p8": "rsasha256"}[policy]
	conf := filepath.Join(c.dir, "knot-keys.conf")
	c.run("keymgr", "-c", conf, zone+".", "generate", "algorithm="+alg, "ksk=yes", "zsk=no")
	c.run("keymgr", "-c", conf, zone+".", "generate", "algorithm="+alg, "ksk=no", "zsk=yes")
	for _, l := range strings.Split(c.run("keymgr", "-c", conf, zone+".", "ds"), "\n") {
		if f := strings.Fields(l); len(f) >= 6 && f[4] == "2" {
			return []string{strings.Join(f, " ")}
		}
	}
	c.t.Fatalf("knot gives no DS for %s", zone)
	return nil
}

const knotPolicies = `
policy:
  - id: p13
    manual: on
    algorithm: ecdsap256sha256
  - id: p15
    manual: on
    algorithm: ed25519
    nsec3: on
    nsec3-iterations: 0
  - id: p16
    manual: on
    algorithm: ed448
  - id: p8
    manual: on
    algorithm: rsasha256
`
