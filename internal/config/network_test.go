package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peil/internal/egress"
	"peil/internal/norm"
)

// With 512 sockets and 128 targets in hand, targets that held all of them between
// them waited for each other until their time was up.
func TestTargetsInHandFitTheSocketsThatMayBeOpen(t *testing.T) {
	for _, c := range []struct{ asked, open, want int }{
		{0, 1 << 15, 128}, {0, 512, 21}, {0, 32, 1}, {0, 4, 1}, {1000, 1 << 15, 1000}, {1000, 512, 21}, {8, 512, 8}, {0, -1, 128},
	} {
		if got := atATime(c.asked, c.open); got != c.want {
			t.Errorf("asked for %d with %d sockets: %d at a time, want %d", c.asked, c.open, got, c.want)
		}
	}
}

// An empty file is a mistake; it never means the built-in ones.
func TestEmptyFilesAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	peil, _ := norm.ByName("peil")
	for name, n := range map[string]Network{
		"root hints":    {RootHints: file},
		"trust anchors": {TrustAnchor: file},
		"--ca-bundle":   {CABundle: file},
		"--vrps":        {VRPs: file},
		"--routes":      {Routes: file},
		"--mandate":     {Mandate: file},
	} {
		m, err := n.Open(t.Context(), []*norm.Edition{peil}, "test")
		if err == nil {
			m.Close()
			t.Errorf("%s: an empty file was taken", name)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error does not say which: %v", name, err)
		}
	}
}

// The facts say for what a permission was given, not only that there was one.
func TestFactsSayWhatTheMandateIsFor(t *testing.T) {
	m, err := egress.ParseMandate([]byte("who='A. Jansen'\nauthority='Voorbeeld'\nuntil=2999-01-01T00:00:00Z\nnames=['voorbeeld.nl', '*.voorbeeld.nl']\nprefixes=['145.7.0.0/16']"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(mandateFact(m))
	if want := `{"who":"A. Jansen","authority":"Voorbeeld","until":"2999-01-01T00:00:00Z","names":["*.voorbeeld.nl","voorbeeld.nl"],"prefixes":["145.7.0.0/16"]}`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
	if mandateFact(nil) != nil {
		t.Error("a mandate out of nothing")
	}
}
