package resolver

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
)

// TestAgreesOnZonesOfRealSigners has zones signed by ldns-signzone and by knotd, some
// of them spoilt, served by knotd, and asks the same of Peil, Unbound and delv.
func TestAgreesOnZonesOfRealSigners(t *testing.T) {
	if inNamespace(t) {
		compareSigned(t)
	}
}

// inNamespace runs the test that calls it once more, in a network namespace of its
// own in which every address leads to this machine, so that all programs meet the
// servers at their real addresses on port 53. It is true there.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv("PEIL_COMPARE") == "1" {
		return true
	}
	if testing.Short() {
		t.Skip("not in short mode")
	}
	for _, prog := range []string{"unbound", "delv", "knotd", "keymgr", "ldns-signzone", "ip"} {
		if _, err := exec.LookPath(prog); err != nil {
			t.Fatalf("%s is not installed: apt-get install unbound bind9-dnsutils knot ldnsutils iproute2", prog)
		}
	}
	t.Parallel() // they mostly wait
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), "PEIL_COMPARE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	if len(out) > 0 {
		t.Logf("%s", out)
	}
	if err != nil {
		t.Fatalf("in a network namespace of its own: %v (it needs user namespaces: sysctl kernel.unprivileged_userns_clone=1)", err)
	}
	return false
}

// started runs a server until the test ends and waits until ready holds.
func (c *country) started(ready func() bool, prog string, args ...string) {
	c.t.Helper()
	cmd := exec.Command(prog, args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(c.dir, fmt.Sprintf("%s-%d.log", prog, time.Now().UnixNano())))
	if err != nil {
		c.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if c.t.Failed() {
			b, _ := os.ReadFile(log.Name())
			c.t.Logf("%s %v:\n%.3000s", prog, args, b)
		}
	})
	for end := time.Now().Add(20 * time.Second); !ready(); {
		if time.Now().After(end) {
			b, _ := os.ReadFile(log.Name())
			c.t.Fatalf("%s %v is not ready:\n%s", prog, args, b)
		}
	}
}

// knot writes the configuration of one server.
func (c *country) knot(addr string, zones ...string) string {
	dir := filepath.Join(c.dir, "knot-"+addr)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	db := c.dir
	text := "server:\n  rundir: " + dir + "\n  listen: " + addr + "@53\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n" +
		"database:\n  storage: " + dir + "\n  kasp-db: " + db + "/kasp\nlog:\n  - target: stderr\n    any: warning\n" + knotPolicies +
		"template:\n  - id: default\n    storage: " + c.dir + "\n    semantic-checks: off\nzone:\n"
	for _, z := range zones {
		name, policy, _ := strings.Cut(z, " ")
		file := name + ".zone"
		if name == "." {
			file = "..zone"
		}
		text += "  - domain: " + name + "\n    file: \"" + file + "\"\n"
		if policy != "" {
			text += "    dnssec-signing: on\n    dnssec-policy: " + policy + "\n    zonefile-sync: -1\n"
		}
	}
	conf := filepath.Join(c.dir, "knot-"+addr+".conf")
	c.write(conf, text)
	return conf
}

// unbound starts a resolver on port 5353; the lab has all of port 53.
func (c *country) unbound(addr, modules string) {
	conf := filepath.Join(c.dir, "unbound-"+addr+".conf")
	c.write(conf, `server:
  directory: "`+c.dir+`"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 0
  val-log-level: 2
  num-threads: 1
  interface: `+addr+`@5353
  do-ip6: no
  do-not-query-localhost: no
  root-hints: "hints"
  trust-anchor-file: "anchor"
  val-sig-skew-min: 0
  val-sig-skew-max: 0
  ede: yes
  local-zone: "test." nodefault
  module-config: "`+modules+`"
  outgoing-range: 256
  infra-keep-probing: yes
  infra-host-ttl: 5
remote-control:
  control-enable: no
`)
	c.started(func() bool { return answers(addr, 5353) }, "unbound", "-d", "-c", conf)
}

// answers reports whether a server at an address answers at all.
func answers(addr string, port uint16) bool {
	a := netip.AddrPortFrom(netip.MustParseAddr(addr), port)
	r, err := New(Config{Egress: open(a), Upstream: a})
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	l := r.Lookup(ctx, ".", "SOA")
	return l.RCode != "" || l.Gap == fact.GapNoRecursion // an authoritative server answers too
}

func open(named ...netip.AddrPort) *egress.Egress {
	e, err := egress.New(egress.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, Named: named,
		Families: &egress.Families{IPv4: true},
		Limits:   egress.Limits{UDPBurst: 1000, UDPRate: 10000, TCPBurst: 1000, TCPRate: 1000, NetFactor: 100},
	})
	if err != nil {
		panic(err)
	}
	return e
}

// newCountry is a directory in a network where every address is this machine.
func newCountry(t *testing.T) *country {
	dir, err := os.MkdirTemp("/tmp", "peil") // short: knotd makes a socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &country{t: t, dir: dir}
	c.run("ip", "link", "set", "lo", "up")
	c.run("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo")
	return c
}

func compareSigned(t *testing.T) {
	c := newCountry(t)
	var leaves, own []string
	for _, z := range compared {
		if z.knot != "" {
			own = append(own, z.name+".nl "+z.knot)
			continue
		}
		leaves = append(leaves, z.name+".nl")
		if strings.Contains(z.extra, "sub ") {
			leaves = append(leaves, "sub."+z.name+".nl")
		}
	}
	if err := os.Rename(c.knot("192.48.79.30", own...), filepath.Join(c.dir, "knot-keys.conf")); err != nil {
		t.Fatal(err)
	}
	anchor := c.make()
	for addr, conf := range map[string]string{
		"198.41.0.4": c.knot("198.41.0.4", "."), "192.5.6.30": c.knot("192.5.6.30", "nl"),
		"192.33.14.30": c.knot("192.33.14.30", leaves...), "192.48.79.30": filepath.Join(c.dir, "knot-keys.conf"),
	} {
		c.started(func() bool { return answers(addr, 53) }, "knotd", "-c", conf)
	}
	var asks []comparison
	for i, z := range compared {
		n := z.name + ".nl"
		for j, q := range strings.Split(questions, "\n") {
			if left, typ, ok := strings.Cut(q, " "); ok {
				asks = append(asks, comparison{strings.ReplaceAll(left, "@", n), typ, "", (i+j)%4 != 0})
			}
		}
		if strings.Contains(z.extra, "sub ") {
			asks = append(asks, comparison{"www.sub." + n, "A", "", false}, comparison{"nope.sub." + n, "A", "", false}, comparison{"sub." + n, "DS", "", false}, comparison{"sub." + n, "NS", "", false})
		}
	}
	asks = append(asks, comparison{"nl", "SOA", "", false}, comparison{"nope.nl", "A", "", false}, comparison{"nope", "A", "", false}, comparison{".", "NS", "", false}, comparison{"nl", "DS", "", false}, comparison{".", "DNSKEY", "", false}, comparison{"x.nope.nl", "DS", "", false})

	c.agree(". 3600 IN NS ns.rootsrv.\nns.rootsrv. 3600 IN A 198.41.0.4\n", anchor, asks)
}

// comparison is a question, and the program that is known to answer otherwise.
type comparison struct {
	name, typ, except string
	unboundOnly       bool // delv takes a process a question, and is not asked everything
}

// agree asks the same of Peil, of Unbound, and of delv behind a second Unbound that
// does not validate, and compares.
func (c *country) agree(hints, anchor string, asks []comparison) {
	t := c.t
	c.write(filepath.Join(c.dir, "hints"), hints)
	c.write(filepath.Join(c.dir, "anchor"), anchor+"\n")
	f := strings.Fields(anchor)
	c.write(filepath.Join(c.dir, "bind.keys"), fmt.Sprintf("trust-anchors { . static-ds %s %s %s \"%s\"; };\n", f[len(f)-4], f[len(f)-3], f[len(f)-2], f[len(f)-1]))
	c.unbound("127.0.0.1", "validator iterator")
	c.unbound("127.0.0.2", "iterator")
	peil, err := New(Config{Egress: open(), RootHints: hints, Anchors: anchor})
	if err != nil {
		t.Fatal(err)
	}
	ub := netip.MustParseAddrPort("127.0.0.1:5353")
	unbound, err := New(Config{Egress: open(ub), Upstream: ub, Anchors: anchor})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var (
		mu            sync.Mutex
		wg            sync.WaitGroup
		count, delved int
	)
	slots := make(chan struct{}, 12)
	for _, a := range asks {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			ours := peil.Lookup(ctx, a.name, a.typ)
			theirs := unbound.Lookup(ctx, a.name, a.typ)
			// On a busy machine Unbound gives up on a server for a few seconds.
			again := time.NewTicker(time.Second)
			defer again.Stop()
			for tries := 0; tries < 3 && ours.Gap == fact.GapTimeout && theirs.Security != fact.Indeterminate; tries++ { // nor do the servers get their turn there
				for range 6 { // a failure is remembered for five seconds
					<-again.C
				}
				ours = peil.Lookup(ctx, a.name, a.typ)
			}
			for tries := 0; tries < 15 && theirs.Security == fact.Indeterminate && ours.Security != fact.Indeterminate && a.except == ""; tries++ {
				<-again.C
				theirs = unbound.Lookup(ctx, a.name, a.typ)
			}
			d := ""
			if !a.unboundOnly {
				d = c.delv(a.name, a.typ)
			}
			mu.Lock()
			defer mu.Unlock()
			if count++; !a.unboundOnly {
				delved++
			}
			got, want := ours.RCode+" "+string(ours.Security), theirs.RCode+" "+string(theirs.Security)
			if ours.Security == fact.Indeterminate {
				got, want = "indeterminate", string(theirs.Security) // Unbound says SERVFAIL whatever the servers said
			}
			if got != want && !strings.Contains(a.except, "unbound") {
				t.Errorf("%s %s: Peil %s, Unbound %s\n  %s\n  %s", a.name, a.typ, got, want, say(ours), say(theirs))
			} else if ours.Security != fact.Indeterminate && !strings.Contains(a.except, "unbound") {
				ours, theirs := ours, theirs
				if strings.Contains(a.except, "link") {
					ours.Problem, theirs.Problem = nil, nil
				}
				if ours.Security == fact.Bogus { // whether a name is made from a wildcard is not known then
					ours.Wildcard, theirs.Wildcard = false, false
				}
				if movingSites[a.name] {
					ours.Records, theirs.Records = nil, nil
				}
				if got, want := told(ours), told(theirs); got != want {
					t.Errorf("%s %s:\n itself  %s\n through %s", a.name, a.typ, got, want)
				}
			}
			got = string(ours.Security)
			switch {
			case d == "failed" && ours.Security == fact.Indeterminate:
				got = d // delv does not tell a broken chain from servers that fail
			case d == "failed":
				d = "bogus"
			case d == "secure" && ours.Unsigned == fact.UnsignedOptOut:
				got = d // delv calls a denial under opt-out fully validated, against RFC 5155 section 9.2
			}
			if got != d && !strings.Contains(a.except, "delv") && !a.unboundOnly {
				t.Errorf("%s %s: Peil %s, delv %s\n  %s", a.name, a.typ, got, d, say(ours))
			}
			if ours.Security == fact.Bogus && (ours.Problem == nil || ours.Problem.EDE == 0 || ours.Problem.Zone == "") {
				t.Errorf("%s %s: bogus, but the link is not named: %+v", a.name, a.typ, ours.Problem)
			}
		}()
	}
	wg.Wait()
	zones := 0
	for _, a := range asks { // last, for Unbound remembers NS sets that it found bogus
		if (a.typ == "DNSKEY" || a.typ == "SOA") && a.except == "" {
			zones++
			zonesAgree(t, peil.Zone(ctx, a.name), unbound.Zone(ctx, a.name))
		}
	}
	t.Logf("%d zones compared", zones)
	t.Logf("%d questions asked of Peil and Unbound, %d of delv", count, delved)
}

// zonesAgree compares the facts of a zone seen by Peil itself and through Unbound. What a
// resolver cannot tell: the NS set of the parent, and of a zone that is bogus what it
// would not keep: NS set, denials, signatures.
func zonesAgree(t *testing.T, ours, theirs fact.Zone) {
	if theirs.ParentNSGap != fact.GapUnsupported && ours.Name != "." {
		t.Errorf("zone %s: why the parent's NS set is not known is not said", ours.Name)
	}
	theirs.ParentNS, theirs.ParentNSGap = ours.ParentNS, ""
	if ours.Security == fact.Indeterminate && theirs.Security == fact.Indeterminate {
		return
	}
	if ours.Security == fact.Bogus && theirs.Security == fact.Bogus {
		theirs.ChildNS, theirs.Denial, theirs.Signatures = ours.ChildNS, ours.Denial, ours.Signatures
	}
	if keptBack[ours.Name] != "" && theirs.Denial == nil {
		theirs.Denial, theirs.Signatures = ours.Denial, ours.Signatures
	}
	if !reflect.DeepEqual(ours, theirs) {
		t.Errorf("zone %s:\n  Peil     %+v\n  Unbound  %+v", ours.Name, ours, theirs)
	}
}

// keptBack are zones of which Unbound does not give the denials, and so the signature of
// the SOA beside them.
var keptBack = map[string]string{
	"wrongkey.nl":                     "the keys hold, and nothing that they should have signed does",
	"dnssec-bad-signature.example.nl": "the same",
}

// questions are asked of each zone.
const questions = `@ A
@ AAAA
@ SOA
@ DNSKEY
@ DS
@ TXT
www.@ A
www.@ TXT
alias.@ A
alias.@ AAAA
x.w.@ A
x.w.@ AAAA
exists.w.@ A
b.c.@ A
nope.@ A
x.y.nope.@ AAAA
a.d.@ A
nope.d.@ A
_443._tcp.www.@ TLSA
cross.@ A
cross-expired.@ A
cross-unsigned.@ A
cross-unsigned.@ TXT`

// delv returns what delv says of a question, in our words.
func (c *country) delv(name, typ string) string {
	cmd := exec.Command("delv", "@127.0.0.2", "-p", "5353", "-a", filepath.Join(c.dir, "bind.keys"), "+root=.", "+nocomments", "+comments", name, typ)
	out, _ := cmd.CombinedOutput() // it exits 1 for denials too
	word := "failed"
	for l := range strings.Lines(string(out)) {
		switch {
		case strings.Contains(l, "unsigned answer"):
			word = "insecure" // one link that is not signed makes the whole so
		case strings.Contains(l, "fully validated") && word != "insecure":
			word = "secure"
		case strings.Contains(l, "resolution failed") && !strings.Contains(l, "ncache"):
			return "failed"
		}
	}
	return word
}
