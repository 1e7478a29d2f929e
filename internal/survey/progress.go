package survey

import (
	"fmt"
	"io"
	"sync"
	"time"

	"peil/internal/i18n"
	"peil/internal/report"
)

// Progress tells a person how a long run goes: done, rate, time left, what it waits
// for. On a terminal one live line, elsewhere a line a minute.
type Progress struct {
	Out   io.Writer
	Lang  i18n.Lang
	Live  bool             // a terminal: the line is redrawn
	Width int              // of the terminal
	Total int              // 0 when not known
	Now   func() time.Time // nil for time.Now
	// Waiting names what the run waits for, or "".
	Waiting func() string

	mu     sync.Mutex
	done   int
	start  time.Time
	drawn  time.Time
	open   bool        // a live line stands on the terminal
	recent []time.Time // of the last results, for the rate of now
}

// rateOver is over how many results the rate is taken.
const rateOver = 200

func (p *Progress) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// Start begins the clock; skip is how many are done already.
func (p *Progress) Start(skip int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.start, p.done = p.now(), skip
	p.drawn = p.start
}

// Done counts a result.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.recent = append(p.recent, p.now())
	if len(p.recent) > rateOver {
		p.recent = p.recent[len(p.recent)-rateOver:]
	}
}

// Tick draws the line when it is time to.
func (p *Progress) Tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := time.Minute
	if p.Live {
		every = 200 * time.Millisecond
	}
	now := p.now()
	if p.start.IsZero() || now.Sub(p.drawn) < every {
		return
	}
	p.drawn = now
	line := p.line(now)
	if !p.Live {
		fmt.Fprintln(p.Out, line)
		return
	}
	if r := []rune(line); p.Width > 1 && len(r) >= p.Width {
		line = string(r[:p.Width-2]) + "…"
	}
	fmt.Fprintf(p.Out, "\r\x1b[K%s", line)
	p.open = true
}

// Clear takes the live line away, so that other output can stand there.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		fmt.Fprint(p.Out, "\r\x1b[K")
		p.open = false
	}
}

// Run draws until stop is closed.
func (p *Progress) Run(stop <-chan struct{}) {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-stop:
			p.Clear()
			return
		case <-t.C:
			p.Tick()
		}
	}
}

func (p *Progress) line(now time.Time) string {
	rate := 0.0
	if n := len(p.recent); n > 1 {
		if d := now.Sub(p.recent[0]).Seconds(); d > 0 {
			rate = float64(n) / d
		}
	} else if d := now.Sub(p.start).Seconds(); d > 0 {
		rate = float64(n) / d
	}
	wait := ""
	if p.Waiting != nil {
		if w := p.Waiting(); w != "" {
			wait = " · " + i18n.T(p.Lang, "progress.waiting", w)
		}
	}
	r := i18n.Float(p.Lang, rate, 1)
	if p.Total == 0 {
		return i18n.T(p.Lang, "progress.unknown", i18n.Int(p.Lang, p.done), r, wait)
	}
	if p.done == 0 { // nothing to reckon with yet
		return i18n.T(p.Lang, "progress.begun", i18n.Int(p.Lang, p.Total), wait)
	}
	left := "?"
	if rate > 0 {
		// At the end those are left that take long: as long again as nothing came.
		d := max(time.Duration(float64(p.Total-p.done)/rate*float64(time.Second)), p.silence(now))
		left = ((d + time.Second - 1) / time.Second * time.Second).String()
	}
	return i18n.T(p.Lang, "progress.line", i18n.Int(p.Lang, p.done), i18n.Int(p.Lang, p.Total), r, left, wait)
}

// silence is how long no result came.
func (p *Progress) silence(now time.Time) time.Duration {
	if n := len(p.recent); n > 0 {
		return now.Sub(p.recent[n-1])
	}
	return now.Sub(p.start)
}

// Words are a summary in a sentence with its denominator.
func Words(l i18n.Lang, s Summary) string {
	return report.Standing(l, s.Targets, s.Words)
}
