package tlsprobe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/tlswire"
)

// run is one probe of one endpoint.
type run struct {
	p     *Prober
	t     Target
	plan  Plan
	ctx   context.Context // a run lives as long as its context
	turns *turns
	tasks sync.WaitGroup

	unending atomic.Bool // the server does not close connections by itself

	mu  sync.Mutex // guards everything below
	out *fact.TLS

	clock    int64 // counts beginnings and ends of hellos
	dials    int
	ready    *egress.Conn // stands where TLS begins and was not used yet
	lastGood int64        // beginning of the latest hello that was accepted
	anyGood  bool
	lost     int        // hellos in a row that were not answered at all
	mute     int        // hellos in a row that were cut off without a word
	doubt    bool       // so many that a control must show whether anything is answered
	void     [][2]int64 // spans of time that ended with a control that failed
	serial   bool       // one connection at a time
	fickle   bool       // hellos that the server accepts were cut off too
	stop     fact.Gap   // set: nothing more is asked, and why
	pending  []pending
	lines    int // bytes of out.Log

	worded   bool // it has turned a hello away with an alert
	noALPN   bool // it turns away whoever names our protocols
	narrow   bool // long hellos are turned away, short ones are not
	control  func() question
	older    *reply // accepted, of a version below TLS 1.2, where the hello for that was not
	versions map[fact.Version]*fact.VersionAnswer
	seen     []exchange
	chains   map[string]*served
	curve    fact.Group
	reneg    bool // a handshake for renegotiation was begun
	alpn     map[string]bool
	dh       map[fact.DHParams]bool
	kexSeen  map[fact.Group]bool
	ffdhe    fact.Group   // last RFC 7919 group that came with a DHE suite
	noStaple bool         // a staple was asked for
	kept     []*reply     // connections to close at the end, if nobody did
	first    string       // ID of the chain served when everything was offered
	firstOn  fact.Version // and the version on which that was
}

// pending is an answer that means declined once a later hello has been accepted.
type pending struct {
	at       int64
	wordless bool // it was an end or a reset, not an alert
	apply    func(confirmed bool)
}

// exchange is a choice among suites that the server made.
type exchange struct {
	version  fact.Version
	offered  []fact.Suite
	picked   fact.Suite
	allKnown bool // every group was offered, so that every suite was within reach
}

// served is a chain that came in a handshake.
type served struct {
	message []byte // the Certificate message up to TLS 1.2
	certs   [][]byte
	scts    []byte
	kind    string
	staple  []byte // OCSP response that came with it
	// versions on which it was served for the name; none for one that only came
	// without a name.
	versions []fact.Version
}

// maxLost is how many hellos in a row may go without any answer, maxMute how many may
// be cut off without an alert, before a control shows whether that was about them.
const (
	maxLost = 3
	maxMute = 2
)

// maxLog bounds the log of a run.
const maxLog = 64 << 10

// moment is the next tick of the run's own clock.
func (r *run) moment() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	return r.clock
}

func (r *run) stopped() fact.Gap {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stop
}

func (r *run) isSerial() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.serial
}

func (r *run) isNarrow() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.narrow
}

func (r *run) ctxGap() fact.Gap {
	if errors.Is(r.ctx.Err(), context.DeadlineExceeded) {
		return fact.GapBudget
	}
	return fact.GapCancelled
}

// dialGap says why a connection did not come about. After a first success a refusal
// is a blockade, never an answer (catalogue A.2).
func (r *run) dialGap(err error) fact.Gap {
	if g := egress.Gap(err); g != "" {
		return fact.Gap(g)
	}
	if r.ctx.Err() != nil {
		return r.ctxGap()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.anyGood || r.t.Reached || !errors.Is(err, egress.ErrTimeout) {
		return fact.GapBlocked
	}
	return fact.GapTimeout
}

// settleAnswer books an answer: it is a control for what was declined before it
// began, or counts towards giving up.
func (r *run) settleAnswer(q question, a *reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	a.ended = r.clock
	switch a.outcome {
	case accepted:
		r.anyGood, r.lost, r.mute = true, 0, 0
		r.lastGood = max(r.lastGood, a.started)
	case declined, malformed:
		r.lost = 0
		if a.alerted {
			r.mute, r.worded = 0, true
		} else if r.mute++; r.mute >= maxMute && r.control != nil && !q.check {
			r.doubt, r.mute = true, 0
		}
	case failed:
		switch a.gap {
		case fact.GapTimeout, fact.GapBlocked:
			if r.lost++; r.lost < maxLost || q.check {
				break
			}
			if r.control != nil {
				r.doubt, r.lost = true, 0
			} else {
				r.stop = a.gap
			}
		case fact.GapUnsupported:
		default:
			r.stop = a.gap // our side: asking again will not help
		}
	}
	r.log(q, a)
}

func (r *run) log(q question, a *reply) {
	if r.lines > maxLog {
		return
	}
	l := fact.HelloLog{Question: q.what, Answer: a.why}
	if a.ok() {
		l.Answer = "ServerHello " + a.hello.Version.String()
		if a.hello.Suite != 0 {
			l.Answer += " " + a.hello.Suite.String()
		}
		if a.group != 0 {
			l.Answer += " " + a.group.String()
		}
		if a.kex != nil && len(a.kex.P) > 0 {
			l.Answer += fmt.Sprintf(" DH %d bits", 8*len(bytes.TrimLeft(a.kex.P, "\x00")))
		}
	}
	if r.lines += len(l.Question) + len(l.Answer) + 16; r.lines <= maxLog {
		r.out.Log = append(r.out.Log, l)
	}
}

// later books something that is declined when a hello that begins after it succeeds.
func (r *run) later(a *reply, apply func(confirmed bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = append(r.pending, pending{a.ended, !a.alerted, apply})
}

// observe books the answer to a yes-or-no question: accepted at once, declined when
// confirmed, else a gap.
func (r *run) observe(dst *fact.Observed, a *reply) {
	switch a.outcome {
	case accepted:
		r.set(dst, fact.Observed{Answer: fact.Accepted})
	case declined:
		r.later(a, func(confirmed bool) { *dst = confirmedNo(confirmed) })
	default:
		r.set(dst, fact.Observed{Gap: a.gap})
	}
}

func confirmedNo(confirmed bool) fact.Observed {
	if confirmed {
		return fact.Observed{Answer: fact.Declined}
	}
	return fact.Observed{Gap: fact.GapBlocked}
}

func (r *run) set(dst *fact.Observed, o fact.Observed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*dst = o
}

// spawn runs a task beside the others; where only one connection is open at a time, at
// once, so that the order of questions is always the same.
func (r *run) spawn(f func()) {
	if cap(r.turns.slots) == 1 {
		f()
		return
	}
	r.tasks.Go(f)
}

// settle asks a control if declined answers wait for one, and books them all.
func (r *run) settle() {
	r.mu.Lock()
	waiting := int64(0)
	for _, p := range r.pending {
		waiting = max(waiting, p.at)
	}
	last, control := r.lastGood, r.control
	r.mu.Unlock()
	if waiting > last && control != nil {
		q := control()
		q.what = "control: " + q.what
		r.ask(q).close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.pending {
		p.apply(p.at < r.lastGood && !r.voided(p.at) && (!p.wordless || !r.fickle))
	}
	r.pending = nil
	r.derive()
}

// voided reports whether a control that followed failed (catalogue A.2).
func (r *run) voided(at int64) bool {
	return slices.ContainsFunc(r.void, func(v [2]int64) bool { return v[0] < at && at < v[1] })
}

// legacyHello makes a hello whose highest version is v, up to TLS 1.2.
func (r *run) legacyHello(v fact.Version, suites []fact.Suite, groups []fact.Group) *tlswire.ClientHello {
	h := &tlswire.ClientHello{Version: v, Suites: suites}
	h.FillRandom(false)
	if v == fact.SSL30 {
		h.NoExtensions = true
		h.Suites = append(slices.Clip(suites), tlswire.RenegotiationSCSV)
		return h
	}
	h.ServerName, h.Groups = r.t.ServerName, groups
	h.RenegotiationInfo, h.ExtendedMasterSecret, h.StatusRequest, h.SCT = true, true, true, true
	if v == fact.TLS12 {
		h.Schemes = allSchemes
	}
	return h
}

// modernHello makes a hello for TLS 1.3 alone without a key, so that the server must
// name its group in a HelloRetryRequest.
func (r *run) modernHello(suites []fact.Suite, groups []fact.Group) *tlswire.ClientHello {
	h := &tlswire.ClientHello{
		Version: fact.TLS13, Suites: suites, ServerName: r.t.ServerName, Groups: groups, Schemes: allSchemes,
		SupportedVersions: []fact.Version{fact.TLS13}, OfferKeyShare: true, StatusRequest: true, SCT: true, PSKModes: true,
		ALPN: r.protocols(false),
	}
	h.FillRandom(true)
	return h
}

// protocols are those to offer. A connection that is to be renegotiated must not
// speak HTTP/2, which forbids that whatever the server allows (RFC 9113 section
// 9.2.1).
func (r *run) protocols(renegotiated bool) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.noALPN:
		return nil
	case r.t.ALPN != nil:
		return r.t.ALPN
	case renegotiated:
		return []string{"http/1.1"}
	}
	return []string{"h2", "http/1.1"}
}

// describe says in a line what a hello offers.
func describe(h *tlswire.ClientHello, about string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, ", h.Version)
	if n := len(h.Suites); n <= 3 {
		for i, s := range h.Suites {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(s.String())
		}
	} else {
		fmt.Fprintf(&b, "%d suites", n)
	}
	if n := len(h.Groups); n > 3 {
		fmt.Fprintf(&b, ", %d groups", n)
	} else {
		for _, g := range h.Groups {
			b.WriteString(", " + g.String())
		}
	}
	if about != "" {
		b.WriteString(": " + about)
	}
	return b.String()
}

func (r *run) hello(h *tlswire.ClientHello, about string) *reply {
	return r.ask(question{what: describe(h, about), hello: h})
}

func (r *run) helloKept(h *tlswire.ClientHello, about string) *reply {
	return r.ask(question{what: describe(h, about), hello: h, keep: true})
}
