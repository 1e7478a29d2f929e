package survey

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"peil/internal/i18n"
)

func TestProgressTellsDoneRateTimeLeftAndWhatItWaitsFor(t *testing.T) {
	now := time.Date(2027, 3, 3, 14, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	p := &Progress{Out: &out, Lang: i18n.EN, Live: true, Width: 100, Total: 1010, Now: func() time.Time { return now }, Waiting: func() string { return "www.slow.nl" }}
	p.Start(10)
	for range 100 {
		now = now.Add(100 * time.Millisecond)
		p.Done()
	}
	p.Tick()
	if got := out.String(); !strings.Contains(got, "110 of 1,010 measured · 10.1 a second · 1m30s left · waiting for www.slow.nl") {
		t.Errorf("line %q", got)
	}
	p.Clear()
	if !strings.HasSuffix(out.String(), "\r\x1b[K") {
		t.Error("the live line was not taken away")
	}
}

func TestThereIsTimeLeftAsLongAsSomethingIsLeft(t *testing.T) {
	now := time.Date(2027, 3, 3, 14, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	p := &Progress{Out: &out, Lang: i18n.EN, Live: true, Width: 100, Total: 40, Now: func() time.Time { return now }}
	p.Start(0)
	for range 32 {
		now = now.Add(10 * time.Millisecond)
		p.Done()
	}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{200 * time.Millisecond, "1s left"}, {20 * time.Second, "21s left"}, {time.Minute, "1m21s left"}} {
		now = now.Add(c.after)
		out.Reset()
		p.Tick()
		if got := out.String(); !strings.Contains(got, "32 of 40 measured") || !strings.Contains(got, c.want) {
			t.Errorf("line %q, want %s", got, c.want)
		}
	}
}

func TestOnAPipeThereIsALineAMinute(t *testing.T) {
	now := time.Date(2027, 3, 3, 14, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	p := &Progress{Out: &out, Lang: i18n.NL, Now: func() time.Time { return now }}
	p.Start(0)
	for range 125 {
		now = now.Add(time.Second)
		p.Done()
		p.Tick()
	}
	if n := strings.Count(out.String(), "\n"); n != 2 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%d lines in 125 s: %q", n, out.String())
	}
}
