package egress

import (
	"fmt"
	"syscall"
	"time"
)

// NoLimit lifts a limit. It is for simulated networks.
const NoLimit = -1

// Limits are the budget of a subject and the manners towards others. A field that is
// zero has its default; NoLimit lifts it.
type Limits struct {
	// Budget of one Subject (design, Budgets).
	Connections int           // TCP connections: 200
	Bytes       int64         // in and out together: 5 MiB
	Time        time.Duration // from its first connection, waiting for politeness left out: 120 s

	// DialTimeout is how long a SYN may stay unanswered: 5 s. It starts after
	// waiting for politeness.
	DialTimeout time.Duration

	// Politeness per logical address (design, Politeness).
	TCPBurst  int     // connections at once: 20
	TCPRate   float64 // connections a second after that: 10
	NetFactor int     // a /24 or /48 may have this many times the two above: 4
	MailOpen  int     // connections to port 25 of one address open at a time: 1
	UDPBurst  int     // datagrams at once: 20
	UDPRate   float64 // datagrams a second after that: 100

	// Backoff is how long an address and port that answered before and now refuses
	// is left alone; it doubles with each further refusal, up to BackoffMax.
	Backoff, BackoffMax time.Duration // 500 ms, 8 s

	// Open is how many sockets may be open at a time, in all: as many as the
	// machine allows, with some left for files.
	Open int
}

// DefaultLimits are the limits towards the real internet.
func DefaultLimits() Limits {
	l, _ := Limits{}.withDefaults()
	return l
}

func (l Limits) withDefaults() (Limits, error) {
	d := Limits{
		Connections: 200, Bytes: 5 << 20, Time: 120 * time.Second, DialTimeout: 5 * time.Second,
		TCPBurst: 20, TCPRate: 10, NetFactor: 4, MailOpen: 1, UDPBurst: 20, UDPRate: 100,
		Backoff: 500 * time.Millisecond, BackoffMax: 8 * time.Second, Open: maxOpen(),
	}
	for _, err := range []error{
		fill("connections", &l.Connections, d.Connections), fill("bytes", &l.Bytes, d.Bytes), fill("time", &l.Time, d.Time),
		fill("dial timeout", &l.DialTimeout, d.DialTimeout), fill("TCP burst", &l.TCPBurst, d.TCPBurst), fill("TCP rate", &l.TCPRate, d.TCPRate),
		fill("net factor", &l.NetFactor, d.NetFactor), fill("mail connections", &l.MailOpen, d.MailOpen),
		fill("UDP burst", &l.UDPBurst, d.UDPBurst), fill("UDP rate", &l.UDPRate, d.UDPRate),
		fill("back-off", &l.Backoff, d.Backoff), fill("longest back-off", &l.BackoffMax, d.BackoffMax), fill("open sockets", &l.Open, d.Open),
	} {
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

func fill[T int | int64 | float64 | time.Duration](what string, v *T, def T) error {
	if *v == 0 {
		*v = def
	}
	if *v < 0 && *v != NoLimit {
		return fmt.Errorf("limit on %s: %v is negative", what, *v)
	}
	return nil
}

// maxOpen is half the machine's limit on descriptors: files, databases and incoming
// connections need theirs.
func maxOpen() int {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil || r.Cur > 1<<16 {
		return 1 << 15
	}
	return max(int(r.Cur)/2, 4) // at most 1<<16 here
}
