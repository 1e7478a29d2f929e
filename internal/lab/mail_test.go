package lab

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	gotls "crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/lab/pki"
)

// smtp connects to a mail server and says EHLO; it returns the reply's lines.
func smtp(t *testing.T, r *Running, at netip.Addr) (net.Conn, *bufio.Reader, []string) {
	t.Helper()
	to, ok := real(t, r, "tcp", netip.AddrPortFrom(at, 25))
	if !ok {
		t.Fatalf("no mail server at %s in the map", at)
	}
	c, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	br := bufio.NewReader(c)
	_, _ = br.ReadString('\n')
	_, _ = io.WriteString(c, "EHLO me.test\r\n")
	var lines []string
	for {
		l, err := br.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(l))
		if len(l) > 3 && l[3] == ' ' {
			return c, br, lines
		}
	}
}

// records asks the name servers of a zone.
func records(t *testing.T, r *Running, apex, name string, qtype uint16) []dns.RR {
	t.Helper()
	spec := r.net.zone(apex)
	if spec == nil {
		t.Fatalf("no zone %s", apex)
	}
	in := ask(t, r, r.net.hosts[spec.NS[0]].Addrs[0], "tcp", name, qtype)
	return slices.DeleteFunc(in.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype != qtype })
}

func TestThePerfectMailDomainIsWhatItSays(t *testing.T) {
	r := start(t, Options{Sites: MailCatalogue()[:1]})
	s := r.Sites[0]
	apex := s.Name + "."
	if n := len(records(t, r, apex, apex, dns.TypeMX)); n != 2 {
		t.Errorf("%d MX records", n)
	}
	for owner, want := range map[string]string{
		apex:                         "v=spf1 ",
		"_dmarc." + apex:             "v=DMARC1; p=reject; ",
		"default._domainkey." + apex: "v=DKIM1; k=rsa; p=" + dkimRSA2048,
		"_mta-sts." + apex:           "v=STSv1; ",
		"_smtp._tls." + apex:         "v=TLSRPTv1; rua=mailto:tlsrpt@" + s.Name,
		"www." + apex:                "v=spf1 -all",
	} {
		got := records(t, r, apex, owner, dns.TypeTXT)
		if len(got) != 1 || !strings.HasPrefix(strings.Join(got[0].(*dns.TXT).Txt, ""), want) {
			t.Errorf("%s: %v", owner, got)
		}
	}
	if got := records(t, r, "example.com.", s.Name+"._report._dmarc.reports.example.com.", dns.TypeTXT); len(got) != 1 {
		t.Errorf("no leave for reports: %v", got)
	}
	for _, m := range s.Mail.Servers {
		tlsa := records(t, r, apex, "_25._tcp."+m.Name+".", dns.TypeTLSA)
		if len(tlsa) != 2 {
			t.Errorf("%s: %v", m.Name, tlsa)
		}
		for _, srv := range []*Server{&m.V4[0], &m.V6[0]} {
			rev, _ := dns.ReverseAddr(srv.Addr.String())
			zone := reverseZones[0]
			if srv.Addr.Is6() {
				zone = reverseZones[1]
			}
			if ptr := records(t, r, zone, rev, dns.TypePTR); len(ptr) != 1 || ptr[0].(*dns.PTR).Ptr != m.Name+"." {
				t.Errorf("%s: %v", srv.Addr, ptr)
			}
			c, br, lines := smtp(t, r, srv.Addr)
			if !slices.Contains(lines, "250-STARTTLS") {
				t.Errorf("%s says %q", m.Name, lines)
			}
			_, _ = io.WriteString(c, "STARTTLS\r\n")
			_, _ = br.ReadString('\n')
			tc := gotls.Client(c, &gotls.Config{ServerName: m.Name, RootCAs: r.authority.Pool()})
			if err := tc.Handshake(); err != nil {
				t.Fatalf("%s: %v", m.Name, err)
			}
			for i, rr := range tlsa { // leaf, then issuer: their order in the zone is that of the words
				data := sha256.Sum256(tc.ConnectionState().PeerCertificates[map[uint8]int{3: 0, 2: 1}[rr.(*dns.TLSA).Usage]].RawSubjectPublicKeyInfo)
				if rr.(*dns.TLSA).Certificate != hex.EncodeToString(data[:]) {
					t.Errorf("%s: TLSA record %d does not match: %v", m.Name, i, rr)
				}
			}
			_, _ = io.WriteString(tc, "QUIT\r\n")
			if l, err := bufio.NewReader(tc).ReadString('\n'); err != nil || !strings.HasPrefix(l, "221 ") {
				t.Errorf("QUIT: %q, %v", l, err)
			}
		}
	}
	if got := r.MailCommands(); got["EHLO"] != 4 || got["QUIT"] != 4 || got["MAIL"]+got["RCPT"] != 0 {
		t.Errorf("commands: %v", got)
	}
	if body := policyOf(t, r, s.Name); !strings.Contains(body, "mode: enforce\r\nmx: mx1."+s.Name+"\r\n") {
		t.Errorf("policy: %s", body)
	}
}

// policyOf fetches the policy of a mail domain.
func policyOf(t *testing.T, r *Running, d string) string {
	t.Helper()
	host := "mta-sts." + d
	site := r.Site(host)
	if site == nil {
		t.Fatalf("no site %s", host)
	}
	to, _ := real(t, r, "tcp", netip.AddrPortFrom(site.V6[0].Addr, 443))
	c, err := gotls.Dial("tcp", to.String(), &gotls.Config{ServerName: host, RootCAs: r.authority.Pool()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", policyPath, host)
	b, err := io.ReadAll(c)
	if err != nil || !bytes.HasPrefix(b, []byte("HTTP/1.1 200 ")) || !bytes.Contains(b, []byte("Content-Type: text/plain")) {
		t.Fatalf("%v\n%s", err, b)
	}
	return string(b)
}

func TestThePublicKeyOfACertificate(t *testing.T) {
	a, err := pki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []pki.Key{pki.P256, pki.RSA2048, pki.Ed25519, pki.BrainpoolP256r1} {
		l, err := a.Leaf(pki.Spec{Name: "mx1.test", Key: key})
		if err != nil {
			t.Fatal(err)
		}
		got := publicKeyOf(l.Chain[0])
		if l.Cert != nil && !bytes.Equal(got, l.Cert.RawSubjectPublicKeyInfo) || len(got) < 40 {
			t.Errorf("%s: %x", key, got)
		}
	}
	if got := publicKeyOf([]byte("no certificate")); got != nil {
		t.Errorf("of no certificate: %x", got)
	}
}

// What a mail domain says in its zone is served, whatever is wrong with it.
func TestEveryMailDomainIsPlayed(t *testing.T) {
	r := start(t, Options{Sites: MailCatalogue()})
	if got := strings.Count(string(r.MailNames), "\n"); got != len(r.Sites) || strings.TrimSpace(string(r.Names)) != "" {
		t.Errorf("%d names of mail domains and websites %q", got, r.Names)
	}
	for _, s := range r.Sites {
		want := len(s.Mail.MX)
		if s.Mail.MX == nil {
			want = len(s.Mail.Servers)
		}
		if got := len(records(t, r, s.mailApex(), s.Name+".", dns.TypeMX)); got != want {
			t.Errorf("%s: %d MX records, want %d", s.ID, got, want)
		}
		if got := len(records(t, r, s.mailApex(), s.Name+".", dns.TypeTXT)); got < len(s.Mail.TXT) {
			t.Errorf("%s: %d TXT records, want %d", s.ID, got, len(s.Mail.TXT))
		}
		for _, m := range s.Mail.Servers {
			apex := s.mxName() + "."
			if s.Mail.MXZone == nil {
				apex = s.mailApex()
			}
			if got := len(records(t, r, apex, m.Name+".", dns.TypeA)); got != len(m.V4) {
				t.Errorf("%s: %s has %d addresses, want %d", s.ID, m.Name, got, len(m.V4))
			}
			if n := len(records(t, r, apex, "_25._tcp."+m.Name+".", dns.TypeTLSA)); n == 0 && (m.TLSA == nil || len(m.TLSA) > 0) {
				t.Errorf("%s: %s has no TLSA record", s.ID, m.Name)
			}
		}
	}
}
