package demo

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peil/internal/i18n"
	"peil/internal/survey"
)

// stopAfter ends a run once so many websites are done.
type stopAfter struct {
	left   int
	cancel context.CancelFunc
}

// Write counts the calls of a progress display that draws at each result.
func (s *stopAfter) Write(b []byte) (int, error) {
	if s.left--; s.left == 0 {
		s.cancel()
	}
	return len(b), nil
}

// TestAStoppedRunKeepsWhatItHasAndSaysSo: the figures of a part are never shown as those
// of the whole country; what an earlier run wrote is replaced by whole files alone.
func TestAStoppedRunKeepsWhatItHasAndSaysSo(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"report.html", "results.jsonl"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("earlier"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := &survey.Progress{Out: &stopAfter{5, cancel}, Live: true, Width: 80}
	p.Waiting = func() string { return "" }
	stop := make(chan struct{})
	drawn := make(chan struct{})
	go func() { defer close(drawn); p.Run(stop) }()
	r, err := Country{Seed: 1, Sites: 400, Out: dir, Version: "test", Lang: i18n.EN, Progress: p}.Run(ctx)
	close(stop)
	<-drawn
	if r == nil || ctx.Err() == nil {
		t.Fatalf("the run was not stopped: %v", err)
	}
	if r.Planned != 400 || r.Total.Sites >= 400 {
		t.Fatalf("%d of %d websites", r.Total.Sites, r.Planned)
	}
	var out bytes.Buffer
	if err := r.Table(&out, i18n.EN); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Simulated", "Stopped: ", "of 400 websites were measured"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not say %q:\n%.600s", want, out.String())
		}
	}
	page, err := os.ReadFile(r.Report)
	if err != nil || !bytes.Contains(page, []byte("of 400 websites were measured")) || bytes.Contains(page, []byte("earlier")) {
		t.Errorf("the page does not say that it is a part: %v", err)
	}
	lines, err := os.ReadFile(r.Data)
	if n := bytes.Count(lines, []byte("\n")); err != nil || n != r.Total.Sites {
		t.Errorf("%d lines for %d websites: %v", n, r.Total.Sites, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"+unfinished))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
