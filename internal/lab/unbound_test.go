package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/lab/dnslab"
)

// unbound starts a validating resolver that knows only the lab.
func unbound(t *testing.T, dir string) string {
	t.Helper()
	path := program(t, "unbound", "unbound")
	conf := filepath.Join(dir, "unbound.conf")
	const at = "127.0.0.53"
	text := fmt.Sprintf(`server:
	chroot: ""
	username: ""
	directory: %q
	pidfile: ""
	use-syslog: no
	logfile: ""
	verbosity: 1
	do-daemonize: no
	num-threads: 1
	interface: %s@5300
	access-control: 127.0.0.0/8 allow
	root-hints: %q
	trust-anchor-file: %q
	val-sig-skew-min: 0
	val-sig-skew-max: 0
	ede: yes
	val-log-level: 2
	qname-minimisation: yes
	local-zone: "test." nodefault
remote-control:
	control-enable: no
`, dir, at, filepath.Join(dir, "root-hints"), filepath.Join(dir, "trust-anchor"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "-d", "-c", conf)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	ready := make(chan struct{})
	go func() {
		sc := bufio.NewScanner(stderr)
		for sc.Scan() {
			if strings.Contains(sc.Text(), "start of service") {
				close(ready)
			}
			if strings.Contains(sc.Text(), "validation failure") && os.Getenv("LAB_VERBOSE") != "" {
				fmt.Println(sc.Text())
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(10 * time.Second):
		t.Fatal("unbound did not start")
	}
	return at + ":5300"
}

// verdict asks a resolver and says what it thinks: secure, insecure, bogus, or the code.
func verdict(t *testing.T, at, name string, qtype uint16) string {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.SetEdns0(1232, true)
	c := &dns.Client{Timeout: 15 * time.Second}
	in, _, err := c.Exchange(m, at)
	if err != nil {
		return err.Error()
	}
	switch {
	case in.Rcode == dns.RcodeServerFailure:
		return "bogus"
	case in.AuthenticatedData:
		return "secure"
	}
	return "insecure"
}

func TestInsideUnboundAgreesWithEveryWayOfSigning(t *testing.T) {
	_, dir := inside(t)
	at := unbound(t, dir)
	want := map[dnslab.Signing]string{
		dnslab.Unsigned: "insecure", dnslab.NoDS: "insecure", dnslab.UnknownAlgorithm: "insecure",
		dnslab.UnknownDigest: "insecure",
		dnslab.DSNoKey:       "bogus", dnslab.WrongDS: "bogus", dnslab.WrongDigest: "bogus", dnslab.ExpiredSigs: "bogus",
		dnslab.FutureSigs: "bogus", dnslab.BadSigs: "bogus", dnslab.NoSigs: "bogus", dnslab.NoKeySig: "bogus",
	}
	for _, s := range dnslab.Signings() {
		label := string(s)
		if label == "" {
			label = "well"
		}
		apex := label + ".sign.test."
		expect := want[s]
		if expect == "" {
			expect = "secure"
		}
		denial, match := expect, expect // match: denied by a record at the very name
		switch s {
		case dnslab.NoDenial, dnslab.WrongDenial, dnslab.WrongNSEC3:
			denial, match = "bogus", "bogus"
		case dnslab.NSEC3Iterations: // RFC 9276 section 3.2
			denial, match = "insecure", "insecure"
		case dnslab.NSEC3OptOut: // RFC 5155 section 6: a name in an opt-out span may exist unsigned
			denial = "insecure"
		}
		for _, q := range []struct {
			name  string
			qtype uint16
			want  string
		}{
			{"www." + apex, dns.TypeA, expect},
			{"alias2." + apex, dns.TypeA, expect},
			{apex, dns.TypeSOA, expect},
			{"in.the.tree." + apex, dns.TypeA, match}, // empty non-terminal
			{"www." + apex, dns.TypeMX, match},
			{"none." + apex, dns.TypeA, denial},
			{"x.wild." + apex, dns.TypeA, denial},
			{"x.wild." + apex, dns.TypeMX, denial},
			{"x.wildalias." + apex, dns.TypeA, denial},
			{"y.old." + apex, dns.TypeA, denial},
			{"www.signed." + apex, dns.TypeA, map[bool]string{true: "insecure", false: expect}[expect == "insecure"]},
			{"www.unsigned." + apex, dns.TypeA, map[string]string{"secure": "insecure", "insecure": "insecure", "bogus": "bogus"}[denial]},
		} {
			if got := verdict(t, at, q.name, q.qtype); got != q.want {
				t.Errorf("%s %s: Unbound says %s, want %s", q.name, dns.TypeToString[q.qtype], got, q.want)
			}
		}
	}
}
