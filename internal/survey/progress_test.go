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
	if got := out.String(); !strings.Contains(got, "110 of 1,010 measured · 10.1 a second · 1m29s left · waiting for www.slow.nl") {
		t.Errorf("line %q", got)
	}
	p.Clear()
	if !strings.HasSuffix(out.String(), "\r\x1b[K") {
		t.Error("the live line was not taken away")
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
