package tlslab

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// zoo are servers of many makes, for scanners to look at.
func zoo() map[string]*Profile {
	rsa := []pki.Spec{{Key: pki.RSA2048, Signature: pki.RSASHA256}}
	return map[string]*Profile{
		"perfect":       {},
		"everything on": EverythingOn(),
		"usual nginx":   UsualNginx(),
		"1.3 only":      TLS13Only(),
		"1.0 only":      {Versions: []fact.Version{fact.TLS10}},
		"1.0 and 1.2":   {Versions: []fact.Version{fact.TLS10, fact.TLS12}, Certs: rsa},
		"old appliance": {
			Versions: []fact.Version{fact.SSL20, fact.SSL30, fact.TLS10}, Certs: rsa, DH: Custom1024, Compression: true,
			Suites: map[fact.Version][]fact.Suite{
				fact.SSL30: {0x0035, 0x0005, 0x0004, 0x000A, 0x0016, 0x0009, 0x0003, 0x0008, 0x0014},
				fact.TLS10: {0x0035, 0x0005, 0x000A, 0x0007, 0x0096, 0x0003, 0x0002, 0x0001},
			},
		},
		"rare ciphers": {
			Versions: []fact.Version{fact.TLS12}, Certs: []pki.Spec{{}, rsa[0]}, DH: MODP4096,
			Suites: map[fact.Version][]fact.Suite{fact.TLS12: {0xC0AF, 0xC0A0, 0xC05C, 0xC072, 0x0088, 0x0096, 0x0007, 0x009A, 0x003B, 0xC012, 0x0018}},
		},
		"by the client's order": {ClientOrder: true},
	}
}

var nmapLine = regexp.MustCompile(`(?m)^\|[ _]+(SSLv3|TLSv1\.\d):|^\|[ _]+((?:TLS|SSL)_\w+)`)

// nmapSuites reads the suites per version out of the report of ssl-enum-ciphers.
func nmapSuites(report string) map[string][]string {
	found := map[string][]string{}
	version := ""
	for _, m := range nmapLine.FindAllStringSubmatch(report, -1) {
		if m[1] != "" {
			version = m[1]
			continue
		}
		name := strings.Replace(m[2], "TLS_AKE_WITH_", "TLS_", 1)
		if version != "" && !strings.HasPrefix(name, "SSL2_") {
			found[version] = append(found[version], name)
		}
	}
	for _, l := range found {
		slices.Sort(l)
	}
	return found
}

var nmapVersions = map[fact.Version]string{fact.SSL30: "SSLv3", fact.TLS10: "TLSv1.0", fact.TLS11: "TLSv1.1", fact.TLS12: "TLSv1.2", fact.TLS13: "TLSv1.3"}

// served are the suites of a profile that its certificates allow, per version.
func served(p *Profile) map[string][]string {
	rsa, ecdsa := false, p.Certs == nil
	for _, c := range p.Certs {
		rsa = rsa || strings.HasPrefix(string(c.Key), "rsa")
		ecdsa = ecdsa || c.Key == pki.P256
	}
	want := map[string][]string{}
	for _, v := range or(p.Versions, defaultVersions) {
		if v == fact.SSL20 {
			continue
		}
		var l []string
		for _, s := range p.suitesOf(v) {
			name := s.String()
			if strings.Contains(name, "_ECDSA_") && !ecdsa || strings.Contains(name, "_RSA_") && !rsa {
				continue
			}
			l = append(l, name)
		}
		slices.Sort(l)
		want[nmapVersions[v]] = l
	}
	return want
}

func TestNmapSeesEverySuite(t *testing.T) {
	for name, p := range zoo() {
		addr, _ := play(t, p)
		host, port, _ := strings.Cut(addr, ":")
		out := run(t, "", "nmap", "nmap", "-Pn", "--script", "ssl-enum-ciphers,sslv2", "--script-args", "tls.servername="+site, "-p", port, host)
		got, want := nmapSuites(out), served(p)
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: nmap saw\n%v\nwant\n%v\n%s", name, got, want, out)
		}
		if v2 := strings.Contains(out, "SSLv2 supported"); v2 != p.speaks(fact.SSL20) {
			t.Errorf("%s: SSL 2.0 seen: %v\n%s", name, v2, out)
		}
		if strings.Contains(out, "DEFLATE") != p.Compression {
			t.Errorf("%s: compression:\n%s", name, out)
		}
		order := "cipher preference: server"
		if p.ClientOrder {
			order = "cipher preference: client"
		}
		if !strings.Contains(out, order) {
			t.Errorf("%s: want %q:\n%s", name, order, out)
		}
	}
}

func TestSslscanSeesVersionsGroupsAndSuites(t *testing.T) {
	versions := map[fact.Version]string{fact.SSL20: "SSLv2", fact.SSL30: "SSLv3", fact.TLS10: "TLSv1.0", fact.TLS11: "TLSv1.1", fact.TLS12: "TLSv1.2", fact.TLS13: "TLSv1.3"}
	for name, p := range zoo() {
		addr, _ := play(t, p)
		out := run(t, "", "sslscan", "sslscan", "--no-colour", "--sni-name="+site, addr)
		for v, word := range versions {
			state := "disabled"
			if p.speaks(v) {
				state = "enabled"
			}
			if !regexp.MustCompile(regexp.QuoteMeta(word) + ` +` + state).MatchString(out) {
				t.Errorf("%s: %s is not %s:\n%s", name, word, state, out)
			}
		}
		// It finishes a handshake for each suite that its OpenSSL knows and sends hellos
		// of its own for the others, but none of SSL 3.0.
		want := 0
		for v, suites := range served(p) {
			if v != "SSLv3" {
				want += len(suites)
			}
		}
		if n := len(regexp.MustCompile(`(?m)^(Preferred|Accepted) `).FindAllString(out, -1)); n != want {
			t.Errorf("%s: sslscan saw %d pairs, want %d:\n%s", name, n, want, out)
		}
	}
}

func TestScannersSeeGroups(t *testing.T) {
	p := EverythingOn()
	addr, _ := play(t, p)
	out := run(t, "", "sslscan", "sslscan", "--no-colour", "--sni-name="+site, "--no-ciphersuites", addr)
	names := map[fact.Group]string{fact.Secp256r1: "secp256r1", fact.Secp384r1: "secp384r1", fact.Secp521r1: "secp521r1"}
	for v, groups := range map[string][]fact.Group{"TLSv1.2": p.Groups, "TLSv1.3": p.Groups13} {
		for _, g := range groups {
			word := names[g]
			if word == "" {
				word = g.String()
			}
			if !regexp.MustCompile(fmt.Sprintf(`(?m)^%s +\d+ bits +%s`, v, word)).MatchString(out) {
				t.Errorf("%s %s was not seen:\n%s", v, word, out)
			}
		}
		if n := len(regexp.MustCompile(`(?m)^`+v+` +\d+ bits +`).FindAllString(out, -1)); n != len(groups) {
			t.Errorf("%s: %d groups seen, want %d", v, n, len(groups))
		}
	}
}

// GnuTLS is a third reading of the standards, after Go's and OpenSSL's.
func TestGnuTLSFinishes(t *testing.T) {
	addr, _ := play(t, &Profile{Versions: []fact.Version{fact.TLS10, fact.TLS11, fact.TLS12, fact.TLS13}, DH: FFDHE3072})
	host, port, _ := strings.Cut(addr, ":")
	for _, v := range []fact.Version{fact.TLS10, fact.TLS11, fact.TLS12, fact.TLS13} {
		priority := "NORMAL:-VERS-ALL:+VERS-" + strings.Replace(v.String(), " ", "", 1)
		out := run(t, request, "gnutls-cli", "gnutls-bin", "--insecure", "--sni-hostname", site, "--priority", priority, "-p", port, host)
		if !strings.Contains(out, "\n"+v.String()+" TLS_") {
			t.Errorf("%s was not finished:\n%s", v, out)
		}
	}
}
