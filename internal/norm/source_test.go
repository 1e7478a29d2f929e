package norm

import "testing"

// TestSources shows that every requirement tells where it comes from, down to the part.
func TestSources(t *testing.T) {
	for _, e := range Editions() {
		if e.Source.Name == "" {
			t.Errorf("%s: no source", e.Name)
		}
		for i := range e.Requirements {
			if q := &e.Requirements[i]; q.Source.Name == "" || q.Source.Section == "" {
				t.Errorf("%s %s: source %+v", e.Name, q.ID, q.Source)
			}
		}
	}
}
